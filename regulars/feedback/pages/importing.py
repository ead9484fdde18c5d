"""Surveys of other programs: upload a file, and read what could not be carried."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.core.errors import Refused
from regulars.feedback.actions import importing
from regulars.feedback.importing.sheets import SIZE_MAX
from regulars.feedback.pages.surveys import viewer
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show


@page("listen/surveys/import", needs="feedback.edit_survey", title=gettext_lazy("Import a survey"))
def import_survey(request: HttpRequest) -> Shown:
    """A form for a file; when something could not be carried, the report comes back."""
    if request.method != "POST":
        return show(request, "feedback/import.html")
    try:
        file = _sent(request)
        found = importing.import_survey(
            file.read(), file.name or "", now=timezone.now(), author=viewer(request)
        )
    except Refused as refused:
        return show(request, "feedback/import.html", status=422, refused=refused)
    if not found.losses:
        say(request, _("The survey is taken over whole. Open it when you have looked it through."))
        return redirect("feedback.build_survey", found.survey.pk)
    return show(request, "feedback/import.html", survey=found.survey, losses=found.losses)


def _sent(request: HttpRequest) -> "UploadedFile[bytes]":
    file = request.FILES.get("file")
    if file is None:
        raise Refused("file_missing", _("Choose a file."), "file")
    if (file.size or 0) > SIZE_MAX:
        raise Refused("too_large", _("The file is larger than 5 MB."), "file")
    return file
