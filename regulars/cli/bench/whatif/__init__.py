"""The bench of replays: made-up histories, replayed by the rules of today and by a draft."""
