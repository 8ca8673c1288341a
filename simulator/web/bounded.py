"""HTTP as uvicorn speaks it, with an end to what stands before a body: httptools itself takes endless headers."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD = 256 * 1024
"""Bytes of a request line and headers that have not come to their end yet."""
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nX-Sim-Error: The headers are too large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Bounded(HttpToolsProtocol):
    """Gives up on a request whose head does not end."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.scope is self.scope:
            self._head = 0
            return
        self._head += len(data)
        if self._head > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(TOO_LONG)
            self.transport.close()
