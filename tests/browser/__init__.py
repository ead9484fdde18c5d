"""Tests that drive a real Chromium; they are skipped where there is none."""
