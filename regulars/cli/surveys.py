"""`regulars survey`: surveys as files, in and out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit, speech, stop

if TYPE_CHECKING:
    from regulars.feedback.models import SurveyVersion

NAME_LENGTH_MAX = 100


def mount(app: typer.Typer) -> None:
    """Add `survey import` and `survey export`."""
    survey = typer.Typer(help="Surveys as files, in and out.", no_args_is_help=True)
    app.add_typer(survey, name="survey")
    survey.command("import")(import_file)
    survey.command("export")(export_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="SurveyJS (.json) or XLSForm (.xlsx).")],
    name: Annotated[str, typer.Option(help="What it is called; its own title if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take a survey over, closed until somebody opens it; print what could not be carried.

    Exit code 2 where the file cannot be taken; nothing is written then.
    """
    if not file.is_file():
        stop(f"there is no file {file}", code=2)
    if len(name) > NAME_LENGTH_MAX:
        stop(f"a name has at most {NAME_LENGTH_MAX} characters", code=2)
    prepare()
    with refusals_as_exit():
        result = _imported(file, name)
    if not as_json:
        for loss in result["losses"]:
            speech.print("{path}: {reason} ({done})".format(**loss), markup=False, soft_wrap=True)
    words = (
        f"survey {result['survey_id']}, “{escape(result['name'])}”: taken over, closed until you open"
        f" it; could not be carried: {len(result['losses'])}"
    )
    answer(result, as_json=as_json, words=words)


def _imported(file: Path, name: str) -> dict[str, Any]:
    from django.utils import timezone

    from regulars.feedback.actions.importing import import_survey
    from regulars.feedback.importing.sheets import SIZE_MAX

    try:
        with file.open("rb") as opened:
            sent = opened.read(SIZE_MAX + 1)
    except OSError as fault:
        stop(f"{file} cannot be read: {fault.strerror}", code=2)
    found = import_survey(sent, file.name, name=name, now=timezone.now())
    return {
        "survey_id": found.survey.pk,
        "name": found.survey.name,
        "losses": [
            {
                "path": loss.path,
                "code": loss.code,
                "reason": loss.reason,
                "instead": loss.instead,
                "done": loss.instead_in_words,
            }
            for loss in found.losses
        ],
    }


def export_file(
    survey: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Number of the survey.")],
    file: Annotated[Path, typer.Argument(help="A .json file, which is written anew.")],
    version: Annotated[int, typer.Option(min=0, help="0 takes the one that is asked now.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write the definition of a survey as SurveyJS JSON; `survey import` takes it back whole."""
    prepare()
    found = _version(survey, version)
    text = json.dumps(found.definition, ensure_ascii=False, indent=2)
    try:
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as fault:
        stop(f"{file} cannot be written: {fault.strerror}", code=2)
    answer(
        {"file": str(file), "survey_id": survey, "version": found.number},
        as_json=as_json,
        words=f"version {found.number} of survey {survey} in {file}",
    )


def _version(survey_id: int, number: int) -> "SurveyVersion":
    from regulars.feedback.models import SurveyVersion

    rows = SurveyVersion.objects.filter(survey=survey_id).order_by("-number")
    found = (rows.filter(number=number) if number else rows).first()
    if found is None:
        which = f"version {number} of survey {survey_id}" if number else f"survey {survey_id}"
        stop(f"there is no {which}", code=2)
    return found
