"""The arithmetic of feedback: scores with intervals, weights, response rates. Pure functions."""
