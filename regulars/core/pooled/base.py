"""What Django loads for the engine `regulars.core.pooled`."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a pooled connection whether it lives before it is given out.

    Where one has died, the database was away and the others of the pool have died with it, so all are
    replaced at once. The pool's own check (`CONN_HEALTH_CHECKS`) finds them one by one and waits ever
    longer between: with eight dead connections a request would wait for a quarter of a minute.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        connection: Connection[Any] = super().get_new_connection(conn_params)
        if (pool := self.pool) is None:
            return connection
        try:
            ConnectionPool.check_connection(connection)
        except OperationalError:
            pool.putconn(connection)
            pool.drain()
            connection = super().get_new_connection(conn_params)
        return connection
