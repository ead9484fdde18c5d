"""Kinds of channel, one file each."""
