"""Reads of insight: results of metrics, scores of customers, the state of the lake."""
