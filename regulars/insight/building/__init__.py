"""Building a condition on a page: cards nested in cards, posted as a plain form and drawn anew.

- `drafts`    cards that may be incomplete, from a form or from a condition, and steps on them
- `reading`   drafts to conditions; what is wrong stands on its card
- `drawing`   what a template needs to draw a card: choices, operators, kinds of input
"""
