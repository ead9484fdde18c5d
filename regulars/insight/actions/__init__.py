"""What insight does: brings the lake up to date, scores customers, keeps results ready."""
