"""Papers: PDFs that people are given, set by typst from plain values."""
