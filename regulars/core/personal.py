"""What the core holds of people: names that events, jobs, long work and stored answers may mention."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, Person, Place, hold, impersonal, of_staff
from regulars.environment import data_folder

NOBODYS = "false"

hold(
    Holding("core_event", _("Events"), whose=NOBODYS, mentions=("body",)),
    Holding("core_delivery", _("Deliveries"), whose=NOBODYS, mentions=("failure",)),
    Holding("core_work", _("Long work"), whose=NOBODYS, mentions=("detail", "failure")),
    Holding("core_storedanswer", _("Stored API answers"), whose=NOBODYS, mentions=("body", "name")),
    Holding(
        "procrastinate_jobs",
        _("Jobs"),
        whose=NOBODYS,
        mentions=("args", "lock", "queueing_lock"),
    ),
)
impersonal(
    "the machinery of jobs: times, names of functions and counters",
    "procrastinate_workers",
    "procrastinate_events",
    "procrastinate_periodic_defers",
)
impersonal("keys of programs, kept as hashes", "core_apikey")
impersonal("tables of the framework", "django_content_type", "django_migrations")
of_staff(
    "accounts and sessions of people who work here",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "django_session",
    "account_emailaddress",
    "account_emailconfirmation",
    "mfa_authenticator",
    "socialaccount_socialapp",
    "socialaccount_socialaccount",
    "socialaccount_socialtoken",
)


def _logs() -> list[Path]:
    """Texts that programs of this installation write beside the data."""
    folder = data_folder()
    return [path for path in (folder / "postgres" / "log", *folder.glob("*.log")) if path.is_file()]


def _lines_naming(path: Path, person: Person) -> int:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return sum(person.needles.found_in(line) for line in lines)


def logs_naming(person: Person) -> list[str]:
    """The log files that name a person."""
    return [path.name for path in _logs() if _lines_naming(path, person)]


def clean_logs(person: Person) -> int:
    """Takes a person out of log files, in place: whoever writes them keeps them open."""
    count = 0
    for path in _logs():
        if not (lines := _lines_naming(path, person)):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        with path.open("r+", encoding="utf-8") as file:
            file.write(person.needles.redacted(text))
            file.truncate()
        count += lines
    return count


hold(Place("logs", _("Logs"), erase=clean_logs, search=logs_naming))
