"""The place where PostgreSQL keeps a build of the index: a schema, `qa_<build>`, in the database that is set."""

from __future__ import annotations

import atexit
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qa.errors import ConfigError, DiskError, IndexDamaged, QAError, StoreUnreachable
from qa.i18n.reasons import Reason
from qa.storage.store.base import explaining

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

CONNECT_TIMEOUT_S = 5
"""Seconds that a server may take to be reached."""

EF_SEARCH = 200
"""Vectors that a search of pgvector's graph keeps in view: as many as for Chroma, for recall."""

GONE_STATES = ("3F000", "42P01")
"""PostgreSQL's codes for a missing schema, and a missing table."""
CLOSED_STATES = ("25006", "42501")
"""The codes for a database that can only be read, and for a deed that this user may not do."""
FULL_STATE = "53100"
AWAY_STATES = ("08", "57P", "53300")
"""The codes for a broken connection, a server that stops or starts, and a server with too many connections."""
REFUSING = ("password", "authentication", "pg_hba.conf", "does not exist", "permission denied")
"""Words of a server that lets nobody in, before there are codes."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PostgresSchema:
    """A build in a PostgreSQL database, which any number of processes ask."""

    url: str = field(repr=False)
    build: str

    def __str__(self) -> str:
        """The address of the database, without the name and password of anybody."""
        from psycopg.conninfo import conninfo_to_dict

        parts = conninfo_to_dict(self.url)
        host, port = parts.get("host") or "localhost", parts.get("port") or 5432
        return f"postgresql://{host}:{port}/{parts.get('dbname') or ''}"

    @contextmanager
    def connect(self) -> Iterator[Connection[Row]]:
        """A connection for one transaction, whose errors become our own."""
        with explaining(self), _open_pool(self.url).connection() as connection, connection.transaction():
            yield connection

    def fetch(self, text: str, values: Any = None, *, binary: bool = False) -> list[Row]:
        """The rows of the SQL `text` (see `compose`), in a transaction of its own."""
        with self.connect() as connection:
            return connection.execute(self.compose(text), values, binary=binary).fetchall()

    def compose(self, text: str) -> Composed:
        """The SQL of `text`, with the build's schema for `{s}`. A `%` is written twice."""
        from psycopg import sql

        return sql.SQL(text).format(s=sql.Identifier(f"qa_{self.build}"))

    def vacuum(self, *tables: str) -> None:
        """Clear tables of deleted rows, while others go on reading and writing."""
        with explaining(self), _open_pool(self.url).connection() as connection:  # in no transaction
            for table in tables:
                connection.execute(self.compose(f"VACUUM {{s}}.{table}"))

    def remove(self) -> None:
        """Delete the build."""
        with self.connect() as connection:
            connection.execute(self.compose("DROP SCHEMA IF EXISTS {s} CASCADE"))

    def explain(self, error: BaseException) -> QAError | None:
        """Our error for an error that was raised while the server was asked; None for other errors."""
        import psycopg

        if not isinstance(error, psycopg.Error):
            return None
        state, message = error.sqlstate or "", str(error)
        refused = Reason("why_store_refuses", server=str(self), setting="postgres_url")
        if state in GONE_STATES:
            return IndexDamaged(Reason("why_index_gone", folder=f"{self}: qa_{self.build}"))
        if state == FULL_STATE:
            return DiskError(Reason("why_no_room", folder=str(self)))
        if state in CLOSED_STATES or state.startswith("28"):
            return StoreUnreachable(refused)
        is_refused = any(words in message for words in REFUSING)
        if not state and isinstance(error, psycopg.OperationalError) and is_refused:
            return StoreUnreachable(refused)
        if state.startswith(AWAY_STATES) or (
            not state and isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
        ):
            return StoreUnreachable(Reason("why_store_unreachable", server=str(self)))
        return IndexDamaged(Reason("why_index_damaged", folder=str(self), error=message[:200]))


def require_psycopg() -> None:
    """Raise `ConfigError` unless the packages for PostgreSQL are installed."""
    try:
        import_module("pgvector.psycopg")  # which imports psycopg
    except ImportError as error:
        raise ConfigError(
            f"postgres_url wants the package {error.name}; install it with: pip install '.[postgres]'"
        ) from error


class _Pool:
    """The connections of this process to a server, each lent to one thread at a time.

    A connection that broke while nobody used it, as the server was started anew, is replaced before it is lent.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: queue.LifoQueue[Connection[Row]] = queue.LifoQueue()
        atexit.register(self.close)

    @contextmanager
    def connection(self) -> Iterator[Connection[Row]]:
        connection = self._take() or self._connect()
        try:
            yield connection
        finally:
            if connection.closed:
                connection.close()
            else:
                self._idle.put(connection)

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _take(self) -> Connection[Row] | None:
        import psycopg

        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return None
            try:
                connection.execute("SELECT 1")
            except psycopg.Error:
                connection.close()
            else:
                return connection

    def _connect(self) -> Connection[Row]:
        import psycopg
        from pgvector.psycopg import register_vector

        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
        try:
            _require_pgvector(connection, str(PostgresSchema(self._url, "")))
            register_vector(connection)
            # Where a filter leaves too few of those in view, the search goes on.
            connection.execute("SET hnsw.iterative_scan = strict_order")
            connection.execute(f"SET hnsw.ef_search = {EF_SEARCH}")
        except BaseException:
            connection.close()
            raise
        return connection


def _require_pgvector(connection: Connection[Row], server: str) -> None:
    import psycopg

    found = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone()
    if not found:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.InsufficientPrivilege) as error:
            raise StoreUnreachable(Reason("why_store_lacks", server=server)) from error


@cache
def _open_pool(url: str) -> _Pool:
    return _Pool(url)
