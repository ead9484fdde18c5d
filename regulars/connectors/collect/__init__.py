"""Collecting events: the door for Segment's API, the append path, and draining into tracked events.

- `calls`      reads what clients send; pure
- `keys`       write keys and tracking plans in force, held in memory
- `checking`   sorts the calls of a request into those let in and dead letters
- `parcels`    how requests are laid into the append table and read out of it
- `appending`  group commit: what arrives during a commit goes into the next one
- `door`       the HTTP door
- `draining`   parcels become tracked events, purchases and returns
"""
