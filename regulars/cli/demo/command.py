"""`regulars demo`: the demo company, loaded once and served."""

import os
import socket
import time
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from regulars.cli.console import AsJson, answer, prepare, speech, stop

FIRST_PORT = 8000


def mount(app: typer.Typer) -> None:
    """Add `demo`."""

    @app.command()
    def demo(
        serve: Annotated[bool, typer.Option(help="Serve it once it is loaded.")] = True,
        port: Annotated[int, typer.Option(help="Port; the first free one from 8000.")] = 0,
        as_json: AsJson = False,
    ) -> None:
        """Load the demo company, a real grocer's year, and serve it."""
        port = port or _free_port()
        _say_where(port)
        result = _load()
        if as_json or not serve:
            answer(result, as_json=as_json)
        if serve:
            _serve(port)


def _load() -> dict[str, Any]:
    started = time.monotonic()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=speech) as progress:
        task = progress.add_task("database and tables", total=None, words="")
        prepare()
        progress.update(task, total=1, completed=1)
        from regulars.cli.demo.load import load_demo

        result = load_demo(progress)
    return {**result, "seconds_in_all": round(time.monotonic() - started, 1)}


def _serve(port: int) -> None:
    from regulars.cli.demo.load import OWNER
    from regulars.cli.serve import collect_static, serve_all
    from regulars.cli.user import sign_in_link

    collect_static()
    here = f"http://localhost:{port}"

    def tell() -> None:
        link = sign_in_link(OWNER).replace(os.environ["BASE_URL"], here)
        speech.print()
        speech.print(f"  The demo company is at   [bold]{here}[/bold]")
        speech.print(f"  Sign in, once            [bold]{link}[/bold]", soft_wrap=True)
        if not os.environ["BASE_URL"].startswith("http://localhost"):
            speech.print(f"  On a phone in this net   [bold]{os.environ['BASE_URL']}[/bold]")
        speech.print("  Ctrl-C ends everything; the data are kept.\n")

    serve_all(host="0.0.0.0", port=port, on_ready=tell)  # noqa: S104 (phones scan the survey's code)


def _say_where(port: int) -> None:
    """Links in surveys must work on a phone, so they carry this machine's address in its net."""
    os.environ.setdefault("BASE_URL", f"http://{_own_address()}:{port}")


def _own_address() -> str:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            # Nothing is sent: a datagram socket only chooses the way it would go.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "localhost"
        address = str(probe.getsockname()[0])
    return "localhost" if address.startswith(("127.", "0.")) else address


def _free_port() -> int:
    ports = range(FIRST_PORT, FIRST_PORT + 20)
    free = next((port for port in ports if _is_free(port)), 0)
    return free or stop(f"no port between {ports[0]} and {ports[-1]} is free; give one by --port")


def _is_free(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 (only to see whether it is free)
        except OSError:
            return False
    return True
