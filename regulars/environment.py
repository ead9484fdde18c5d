"""Every setting the environment can give, read in this one place and explained by `regulars doctor`."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variable:
    """A name in the environment, what it does, and what holds when it is not set."""

    name: str
    default: str
    help: str
    secret: bool = False

    @property
    def value(self) -> str:
        """The text in force: the variable, or the content of the file that `NAME_FILE` names."""
        if path := os.environ.get(f"{self.name}_FILE"):
            return Path(path).read_text(encoding="utf-8").strip()
        return os.environ.get(self.name, self.default)


VARIABLES: dict[str, Variable] = {
    variable.name: variable
    for variable in (
        Variable("REGULARS_DATA", "./data", "folder of the embedded database, the lake and media"),
        Variable(
            "DATABASE_URL", "", "a PostgreSQL of your own; empty: the embedded one", secret=True
        ),
        Variable(
            "SECRET_KEY", "", "signs sessions; empty: made once in the data folder", secret=True
        ),
        Variable(
            "ENCRYPTION_KEY",
            "",
            "seals what a leak would hurt most, backups too; several by commas, the newest first;"
            " empty: made once in the data folder (keep a copy elsewhere)",
            secret=True,
        ),
        Variable("TOMBSTONES", "", "list of erased people for restores; empty: in the data folder"),
        Variable("PRIVACY_DAYS", "30", "days within which a privacy request is answered"),
        Variable(
            "BASE_URL", "http://localhost:8000", "how customers and staff reach this installation"
        ),
        Variable("ALLOWED_HOSTS", "", "further host names of this installation, by commas"),
        Variable(
            "EMAIL_URL", "", "smtp://user:password@host:port; empty: the outbox page", secret=True
        ),
        Variable("EMAIL_FROM", "Regulars <noreply@localhost>", "sender of mails"),
        Variable("REGULARS_DEBUG", "", "1 shows tracebacks in the browser; never in production"),
        Variable("REGULARS_ENGINE", "duckdb", "where metrics run: duckdb, or spark://host:port"),
        Variable(
            "WEBHOOKS_MAY_REACH",
            "",
            "private networks that webhooks may call all the same, by commas, such as 10.0.0.0/8;"
            " empty: public addresses only",
        ),
        Variable("OIDC_SERVER_URL", "", "issuer of your company's OpenID Connect sign-in"),
        Variable("OIDC_CLIENT_ID", "", "client id at that issuer"),
        Variable("OIDC_CLIENT_SECRET", "", "client secret at that issuer", secret=True),
        Variable("OIDC_NAME", "Company account", "what the sign-in button says"),
        Variable(
            "METRICS_TOKEN", "", "bearer token for /metrics; empty: loopback only", secret=True
        ),
    )
}


def read(name: str) -> str:
    """The value in force of a known variable."""
    return VARIABLES[name].value


def data_folder() -> Path:
    """The folder that holds everything an installation keeps on disk."""
    return Path(read("REGULARS_DATA")).expanduser().resolve()
