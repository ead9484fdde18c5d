"""Webhooks on their way out: kinds of messages, and the one place that calls other programs."""
