"""Interception of unmodified programs: the TLS port, the proxy port, and the CA that these programs have to trust."""

from starlette.requests import Request
from starlette.responses import Response

from msgsim.model import Json
from msgsim.web.control.context import Context
from msgsim.web.control.problem import ApiProblem
from msgsim.web.edge.replies import CannotStart


async def intercept(context: Context, request: Request) -> Json:
    """Open both ports unless they are open. Raises ApiProblem (409) where that fails.

    Answers the ports, the host names of the providers, and the CA's certificate as PEM (None: the server has none,
    because it uses a certificate of the user).
    """
    try:
        ports = context.interceptor.intercept()
    except CannotStart as error:
        raise ApiProblem(409, "The ports cannot be opened", str(error)) from None
    return {
        **open_ports(context),
        "hosts": [host for provider in context.engine.providers.values() for host in provider.hosts],
        "ca": None if ports.authority is None else ports.authority.pem.decode(),
    }


async def certificate(context: Context, request: Request) -> Response:
    """The CA's certificate as PEM, to be trusted by programs. Raises ApiProblem (404) where there is no CA."""
    ports = context.interceptor.ports
    if ports is None or ports.authority is None:
        detail = "start with --https-port or --proxy-port, and without a certificate of your own"
        raise ApiProblem(404, "No authority", detail)
    return Response(ports.authority.pem, media_type="application/x-pem-file")


def open_ports(context: Context) -> dict[str, int | None]:
    """The numbers of the TLS port and the proxy port; None: it is not open."""
    ports = context.interceptor.ports
    if ports is None:
        return {"https_port": None, "proxy_port": None}
    return {"https_port": ports.port("https"), "proxy_port": ports.port("proxy")}
