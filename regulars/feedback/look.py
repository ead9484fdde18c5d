"""The stylesheet of the survey page: one small file under an address that changes with it."""

from pathlib import Path

from regulars.web.look import BUNDLES, bundle_url

NAME = "survey.css"
BUNDLES.setdefault(NAME, (str(Path(__file__).parent / "static" / "feedback" / NAME),))


def survey_stylesheet_url() -> str:
    """The address of the survey page's only stylesheet of ours."""
    return bundle_url(NAME)
