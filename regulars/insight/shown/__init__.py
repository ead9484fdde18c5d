"""Results of metrics as people read them: figures, sentences, charts."""
