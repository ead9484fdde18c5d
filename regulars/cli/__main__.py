"""So that `python -m regulars.cli` is the command too."""

from regulars.cli.main import app

app()
