"""The door for tills: quote, commit, cancel and return, many tills to one commit."""
