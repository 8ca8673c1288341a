"""Serves TLS: accepts connections, chooses the certificate for the name that a client asks for, does the handshake."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from msgsim.web.edge.authority import Authority, AuthorityError, server_context
from msgsim.web.edge.calls import Arrival

HANDSHAKE = 10.0
"""Seconds that a client has for its first byte, and for its handshake."""
LINGER = 1.0
"""Seconds for which data of a refused client is still read (see `refuse`)."""
HANDSHAKE_RECORD = b"\x16"
"""The first byte of every TLS connection: the record type of a ClientHello (RFC 8446, 5.1)."""
_ADVICE = b"This port speaks TLS: write https:// in front of its address.\n"
PLAIN_HERE = (
    b"HTTP/1.1 400 Bad Request\r\nX-Sim-Error: Plain HTTP on the TLS port\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_ADVICE), _ADVICE)
)

Report = Callable[[str], None]
"""Called with one line that says which connection was refused, and why."""


Connect = Callable[[Arrival], asyncio.Protocol]
"""Makes the protocol of a connection from its arrival."""


def context(authority: Authority, serves: Callable[[str], bool], report: Report) -> ssl.SSLContext:
    """The TLS context of a server with many names, which chooses the certificate by the client's SNI.

    ``serves``: whether a name is served; ``report`` is called with a line for each refused name.
    """

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        asked = (name or "localhost").lower()  # A client that connects to an IP address sends no SNI.
        if not serves(asked):
            report(f"TLS for {asked} was refused: no provider has that name; the setting tls_names can add it")
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        try:
            connection.context = authority.context(asked)
        except AuthorityError as error:
            report(f"TLS for {asked} was refused: {error}")
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    chosen = server_context()
    chosen.sni_callback = choose
    return chosen


async def accept(listening: socket.socket, taken: Callable[[socket.socket], "asyncio.Task[None]"]) -> None:
    """Accept connections until cancelled; ``taken`` starts a task for each, which is cancelled too."""
    loop = asyncio.get_running_loop()
    listening.setblocking(False)
    tasks: set[asyncio.Task[None]] = set()
    try:
        while True:
            connection, _ = await loop.sock_accept(listening)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = taken(connection)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        for task in tasks:
            task.cancel()


async def secure(connection: socket.socket, connect: Connect, arrival: Arrival, tls: ssl.SSLContext) -> None:
    """Do the handshake, then hand the connection over to its protocol. Raises OSError (ssl.SSLError is one)."""
    await asyncio.get_running_loop().connect_accepted_socket(
        lambda: connect(arrival), connection, ssl=tls, ssl_handshake_timeout=HANDSHAKE
    )


async def serve_tls(connection: socket.socket, connect: Connect, tls: ssl.SSLContext, report: Report) -> None:
    """Serve a connection to the TLS port; plain HTTP is answered by 400 and an explanation."""
    try:
        first = await asyncio.wait_for(peek(connection), HANDSHAKE)
        if first == HANDSHAKE_RECORD:
            await secure(connection, connect, Arrival("https"), tls)
        else:
            if first:
                report("plain HTTP on the TLS port was refused")
                await refuse(connection, PLAIN_HERE)
            connection.close()
    except (OSError, TimeoutError) as error:
        if "CALLBACK_FAILED" not in str(error):  # Then `choose` has refused the name and reported it.
            report(f"a TLS handshake failed: {reason(error)}")
        connection.close()


async def refuse(connection: socket.socket, answer: bytes) -> None:
    """Send an answer and close the connection, after reading what still comes.

    Closing with unread data would send RST, on which the client drops the answer.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(LINGER):
            await loop.sock_sendall(connection, answer)
            connection.shutdown(socket.SHUT_WR)
            while await loop.sock_recv(connection, 65536):
                pass
    connection.close()


def reason(error: BaseException) -> str:
    """Why a handshake failed, in words for the developer of the client."""
    text = getattr(error, "reason", None) or str(error) or type(error).__name__
    if "UNKNOWN_CA" in text or "BAD_CERTIFICATE" in text or "CERTIFICATE_UNKNOWN" in text:
        return f"the client does not trust our authority ({text}); msgsim ca shows how it can"
    return str(text)


async def peek(connection: socket.socket) -> bytes:
    """The first byte of a connection, without consuming it; empty: the client has disconnected.

    On an event loop without ``add_reader`` (Windows) the byte of TLS is assumed.
    """
    loop = asyncio.get_running_loop()
    readable = loop.create_future()

    def ready() -> None:
        loop.remove_reader(connection)
        if not readable.done():
            readable.set_result(None)

    try:
        loop.add_reader(connection, ready)
    except NotImplementedError:
        return HANDSHAKE_RECORD
    try:
        await readable
    finally:
        with contextlib.suppress(OSError, ValueError):
            loop.remove_reader(connection)
    try:
        return connection.recv(1, socket.MSG_PEEK)
    except ConnectionError:
        return b""
