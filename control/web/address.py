"""An address: where the page is served, and the host names by which browsers may request it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from scaling.errors import Refused

PORT = 8008
PORTS_TRIED = 20
LOOPBACK = "127.0.0.1"
_LOCAL = (LOOPBACK, "localhost", "::1")
_NO_HOST = (
    "--host {} is not an address of this machine: give 127.0.0.1 for this machine alone, or 0.0.0.0 for all."
)


@dataclass(frozen=True, kw_only=True)
class Address:
    host: str = LOOPBACK
    port: int | None = None
    """None for the first free port from PORT on."""
    asks_token: bool = False
    """Whether to require a token even where only this machine can reach the page."""

    def listen(self) -> socket.socket:
        """Open a listening socket at the address; Refused where that is not possible."""
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, UnicodeError) as error:
            raise Refused(_NO_HOST.format(self.host)) from error
        family, _, _, _, place = found[0]
        ports = range(PORT, PORT + PORTS_TRIED) if self.port is None else [self.port]
        for port in ports:
            try:
                return socket.create_server((place[0], port), family=family, backlog=128)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or port == ports[-1]:
                    raise Refused(self._why(ports, error)) from error
        raise AssertionError("there is a last port")

    def _why(self, ports: Sequence[int], error: OSError) -> str:
        if error.errno == errno.EADDRNOTAVAIL:
            return _NO_HOST.format(self.host)
        if error.errno == errno.EACCES:
            return f"--port {ports[0]} is reserved for root: give one from 1024 on."
        if error.errno != errno.EADDRINUSE:
            return f"--host {self.host} --port {ports[0]} cannot be opened ({error.strerror}): give another."
        if self.port is None:
            return f"Ports {ports[0]} to {ports[-1]} are in use: give another with --port."
        return f"--port {self.port} is in use: give another, or leave out --port to get a free one."


def is_local(listening: socket.socket) -> bool:
    """Whether only this machine can reach the socket."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def url(address: Address, listening: socket.socket) -> str:
    """URL of the page, without a path."""
    bound, port = listening.getsockname()[:2]
    name = socket.gethostname() if ipaddress.ip_address(bound).is_unspecified else address.host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def hosts(address: Address, listening: socket.socket) -> list[str]:
    """Host names that a request may have; forwarded requests, as through ssh, come as localhost."""
    bound = listening.getsockname()[0]
    names = {*_LOCAL, address.host.lower(), bound}
    if ipaddress.ip_address(bound).is_unspecified:
        cards = psutil.net_if_addrs().values()
        names |= {each.address.partition("%")[0].lower() for card in cards for each in card}
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return sorted(f"[{name}]" if ":" in name else name for name in names)
