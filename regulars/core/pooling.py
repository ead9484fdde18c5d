"""Connections that died in the pool while the database was away are replaced before anybody gets one.

Where one is dead the others of the pool have died with it, so all are replaced at once. The pool's own
check (`CONN_HEALTH_CHECKS`) finds them one by one and waits ever longer between: with eight of them a
request would wait for a quarter of a minute, and then be answered with an error.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg import OperationalError
from psycopg_pool import ConnectionPool


def replace_the_dead(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Asks what was just taken from the pool whether it lives; one empty statement."""
    pool = getattr(connection, "pool", None)
    if pool is None:
        return
    try:
        ConnectionPool.check_connection(connection.connection)
    except OperationalError:
        connection.close()
        pool.drain()
        connection.connect()


# The only place that Django has between its pool and whoever uses a connection.
connection_created.connect(replace_the_dead)
