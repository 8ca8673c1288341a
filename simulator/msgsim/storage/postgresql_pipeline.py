"""Sends statements in libpq's pipeline mode: one round trip, during which the event loop goes on."""

import asyncio
import select
from collections.abc import Callable, Iterable
from itertools import count

import psycopg
from psycopg import pq

from msgsim.storage.postgresql_values import Statement

Prepared = dict[tuple[bytes, tuple[int, ...]], bytes]
"""SQL and the types of its values → the name under which a connection has it prepared."""
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_numbers = count()


class Pipeline:
    """Running statements. If no transaction is open, they are one: all take effect, or none.

    Nothing else may use the connection until they have ended.
    """

    def __init__(self, connection: pq.abc.PGconn, prepared: Prepared, statements: Iterable[Statement]) -> None:
        """Send them; ``prepared``: statements of the connection. Raises psycopg.Error for a lost connection."""
        self.error: psycopg.Error | None = None
        """The first error; None: there was none so far."""
        self._ended = False
        self._connection = connection
        self._socket = connection.socket
        self._watching: asyncio.AbstractEventLoop | None = None
        self._done: Callable[[], None] = lambda: None
        connection.enter_pipeline_mode()
        for sql, types, values in statements:
            name = prepared.get((sql, types))
            if name is None:
                name = prepared[sql, types] = b"msgsim%d" % next(_numbers)
                connection.send_prepare(name, sql, types)
            connection.send_query_prepared(name, values, [pq.Format.BINARY] * len(values))
        connection.pipeline_sync()
        self._sent = connection.flush() == 0

    def watch(self, done: Callable[[], None]) -> None:
        """Read results in the running event loop; it calls ``done`` after the end, also if `wait` was called."""
        self._done = done
        self._watching = asyncio.get_running_loop()
        self._watching.add_reader(self._socket, self._go_on)
        if not self._sent:
            self._watching.add_writer(self._socket, self._go_on)

    def wait(self) -> psycopg.Error | None:
        """Block until all statements have ended; return the first error, or None."""
        while not self._ended:
            polling = select.poll()
            polling.register(self._socket, select.POLLIN if self._sent else select.POLLIN | select.POLLOUT)
            polling.poll()
            self._go_on()
        return self.error

    def _go_on(self) -> None:
        """Send what the socket accepts, and read the results that have arrived."""
        try:
            if not self._sent and self._connection.flush() == 0:
                self._sent = True
                if self._watching is not None:
                    self._watching.remove_writer(self._socket)
            self._connection.consume_input()
            while not self._ended and not self._connection.is_busy():
                self._take(self._connection.get_result())
        except psycopg.Error as error:
            self._end(error)

    def _take(self, result: pq.abc.PGresult | None) -> None:
        """Process a result; None follows the last one of each statement. Raises psycopg.Error for a lost connection."""
        if result is None:
            if self._connection.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection is lost")
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            self._connection.exit_pipeline_mode()
            self._end(None)
        elif result.command_status == b"ROLLBACK":
            self.error = self.error or psycopg.OperationalError("the transaction was lost")
        elif result.status not in _DONE:
            self.error = self.error or psycopg.errors.error_from_result(result, encoding="utf-8")

    def _end(self, error: psycopg.Error | None) -> None:
        self.error = self.error or error
        self._ended = True
        if self._watching is not None and not self._watching.is_closed():
            self._watching.remove_reader(self._socket)
            self._watching.remove_writer(self._socket)
            self._watching.call_soon(self._done)
