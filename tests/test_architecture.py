"""What the linters cannot hold: sizes, names, documentation, reverse relations."""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "regulars"
CUPBOARDS = {"services", "repositories", "utils", "helpers", "common", "base", "schemas", "manager"}
DOMAINS = sorted(folder.name for folder in PACKAGE.iterdir() if (folder / "apps.py").exists())


def sources(*, tests: bool = False) -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        if "migrations" not in parts and (tests or "tests" not in parts):
            yield path


@cache
def functions(path: Path) -> list[tuple[str, int]]:
    """The functions of a file, each with its length in lines."""
    return [
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_passes_400_lines() -> None:
    long = {named(path): n for path in sources() if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def test_no_function_passes_50_lines() -> None:
    long = {
        f"{named(path)}:{name}": length
        for path in sources()
        for name, length in functions(path)
        if length > 50
    }
    assert not long


def test_functions_are_short() -> None:
    lengths = sorted(length for path in sources() for _, length in functions(path))
    assert lengths[len(lengths) // 2] <= 12


def test_no_cupboard_names() -> None:
    assert not [named(path) for path in sources() if path.stem in CUPBOARDS]
    assert not [
        named(path) for path in PACKAGE.rglob("*") if path.is_dir() and path.name in CUPBOARDS
    ]


def test_public_actions_are_documented() -> None:
    undocumented = [
        f"{named(path)}:{node.name}"
        for path in sources()
        if "actions" in path.relative_to(PACKAGE).with_suffix("").parts
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not undocumented


def test_pure_files_import_no_django() -> None:
    pure = [
        path
        for path in sources()
        if {"rules", "mechanics", "conditions", "questions", "survey"}
        & set(path.relative_to(PACKAGE).with_suffix("").parts)
    ]
    allowed = "django.utils.translation"
    guilty = [
        f"{named(path)}: {module}"
        for path in pure
        for module in imported(path)
        if module.startswith("django") and not module.startswith(allowed)
    ]
    assert not guilty


def test_only_urls_imports_pages_api_and_handlers_of_others() -> None:
    guilty = []
    for path in sources():
        domain = path.relative_to(PACKAGE).parts[0]
        for module in imported(path):
            parts = module.split(".")
            inside = (
                len(parts) > 2
                and parts[0] == "regulars"
                and parts[2] in {"pages", "api", "handlers"}
            )
            # The decorators and the API's own machinery are what domains are made with.
            machinery = module.startswith(("regulars.web.pages", "regulars.core.api"))
            if inside and not machinery and parts[1] != domain and path.name != "urls.py":
                guilty.append(f"{named(path)}: {module}")
    assert not guilty


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_event_is_documented() -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    missing = [
        f"{domain}.{node.name}"
        for domain in DOMAINS
        if (PACKAGE / domain / "events.py").exists() and domain != "core"
        for node in ast.parse((PACKAGE / domain / "events.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name not in text
    ]
    assert not missing


def test_every_plug_in_kind_is_documented() -> None:
    from regulars.core.registry import Registry

    text = "".join(
        page.read_text(encoding="utf-8") for page in (ROOT / "docs/plugins").glob("*.md")
    )
    missing = []
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if (
            "Registry(" not in path.read_text(encoding="utf-8")
            or module == "regulars.core.registry"
        ):
            continue
        for found in list(vars(importlib.import_module(module)).values()):
            if isinstance(found, Registry):
                missing += [
                    f"{found.name}: {kind}" for kind in found.kinds() if f"`{kind}`" not in text
                ]
    assert not missing


WHAT_A_WORKER_KNOWS = """
import sys, django
django.setup()
from regulars.core.jobs import load_jobs
load_jobs()
print(*sys.modules)
"""


def test_a_worker_knows_every_job() -> None:
    """Jobs in a module that only pages import would fail in the worker, and never run by the clock."""
    known = subprocess.run(
        [sys.executable, "-c", WHAT_A_WORKER_KNOWS],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "regulars.settings"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    declaring = re.compile(r"^@(?:job|every)\(", re.MULTILINE)
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sources()
        if declaring.search(path.read_text(encoding="utf-8"))
    }
    assert modules
    assert not modules - set(known)


def test_relations_point_down_and_leave_no_trace() -> None:
    order = {domain: index for index, domain in enumerate(settings_order())}
    guilty = []
    for model in apps.get_models():
        if model._meta.app_label not in order:
            continue
        for field in model._meta.get_fields():
            if (
                not (field.is_relation and getattr(field, "remote_field", None))
                or field.auto_created
            ):
                continue
            remote = field.related_model
            if isinstance(remote, str) or remote is None:
                continue
            label = remote._meta.app_label
            if label in order and order[label] > order[model._meta.app_label]:
                guilty.append(f"{model.__name__}.{field.name} points up")
            if not getattr(field.remote_field, "related_name", "").endswith("+"):
                guilty.append(f"{model.__name__}.{field.name} leaves a reverse relation")
    assert not guilty


def settings_order() -> tuple[str, ...]:
    from django.conf import settings

    return tuple(settings.DOMAINS)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0, stdout=StringIO())


def test_no_machine_path_or_host_is_tracked() -> None:
    pattern = re.compile(r"(?<![\w.])/(work|root|farm)/")
    guilty = [
        named(path)
        for suffix in ("*.py", "*.md", "*.html", "*.toml", "*.lock", "*.sh", "*.js", "*.css")
        for path in ROOT.rglob(suffix)
        if not {".venv", "node_modules", "data", ".git"} & set(path.relative_to(ROOT).parts)
        and path != Path(__file__)
        and pattern.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert not guilty
