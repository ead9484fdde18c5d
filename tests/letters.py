"""Letters as mail programs want them: rendered from MJML once, when they change, not at every sending.

`python -m tests.letters` writes `letter.html` beside each `letter.mjml`; a test asks whether it is
current. So the product needs no MJML, and the template of Django stays a template.
"""

from pathlib import Path

from mjml import mjml2html

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "regulars").glob("*/templates/**/*.mjml"))


def rendered(source: Path) -> str:
    """The HTML of a letter, still with Django's tags in it."""
    return "{% load i18n %}" + mjml2html(source.read_text(encoding="utf-8")).strip() + "\n"


if __name__ == "__main__":
    for source in SOURCES:
        source.with_suffix(".html").write_text(rendered(source), encoding="utf-8")
