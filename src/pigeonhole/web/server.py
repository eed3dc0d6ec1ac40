"""The server: on this machine alone unless told otherwise, until Ctrl-C."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import uvicorn

from pigeonhole.errors import OutputError
from pigeonhole.web.app import application
from pigeonhole.web.security import Gate, Visitors
from pigeonhole.web.site import Site

HOST, PORT = "127.0.0.1", 8420
EVERY = ("0.0.0.0", "::")  # noqa: S104 - what means all addresses of this machine
MOST_AT_ONCE = 100  # requests
GRACE_SECONDS = 3  # for answers that are under way when the server ends

Announce = Callable[[str, bool], None]
"""Told the address to open, and whether it is the first."""


@dataclass(frozen=True, slots=True)
class Listen:
    """`port` None: the usual one, or any that is free. `public` is the name and port under which browsers reach it,
    where that is not what it listens to (a container's).
    """

    host: str = HOST
    port: int | None = None
    public: str | None = None


def serve(site_of: Callable[[], Site], listen: Listen, announce: Announce) -> None:
    """Show the pages of a site until the process is interrupted. Raises a PigeonholeError where it cannot begin."""
    with closing(_listening(listen.host, listen.port)) as listener, closing(site_of()) as site:
        port: int = listener.getsockname()[1]
        hosts = (listen.public,) if listen.public else tuple(_names(listen.host, port))

        def told(key: str, *, is_first: bool = False) -> None:
            announce(f"http://{hosts[0]}/?key={key}", is_first)

        visitors = Visitors(told)
        told(visitors.key, is_first=True)
        gate = Gate(application(site), visitors, hosts)
        config = uvicorn.Config(
            gate,
            http="h11",
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (PORT, 0) if port is None else (port,):
        try:
            return socket.create_server((host, candidate), family=family, backlog=MOST_AT_ONCE)
        except OSError as error:
            reason = str(error.strerror).partition(" (")[0]  # Python adds what it tried, in its own terms
    raise OutputError(f"The page cannot be shown at {host}: {reason}.", "Choose another --port or --host.")


def _names(host: str, port: int) -> Iterator[str]:
    """What browsers call this server in Host: the first is the one that is shown."""
    if host in EVERY:
        yield f"{_own_address(host)}:{port}"
        yield f"{socket.gethostname()}:{port}"
        yield f"{HOST}:{port}"
    else:
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if host in EVERY or is_loopback(host):
        yield f"localhost:{port}"


def _own_address(every: str) -> str:
    """Where other machines reach this one, as far as it knows: no browser can go to the address that means all."""
    family, elsewhere = (socket.AF_INET6, "2001:db8::1") if ":" in every else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as asking:  # nothing is sent
        try:
            asking.connect((elsewhere, 9))
        except OSError:
            return socket.gethostname()
        address = str(asking.getsockname()[0])
    return f"[{address}]" if ":" in address else address
