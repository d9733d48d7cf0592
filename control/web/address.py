"""An address: where the page is served, and by which names browsers may ask for it."""

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
    "--host {} is no address of this machine: give 127.0.0.1 for this machine alone, or 0.0.0.0 for all."
)


@dataclass(frozen=True, kw_only=True)
class Address:
    host: str = LOOPBACK
    port: int | None = None
    """The port; None for the first free one from PORT on."""
    asks_token: bool = False
    """Whether a token is asked for even where only this machine can reach the page."""

    def listen(self) -> socket.socket:
        """A socket that listens at the address; Refused where there can be none."""
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
            return f"--port {ports[0]} is for root alone: give one from 1024 on."
        if error.errno != errno.EADDRINUSE:
            return f"--host {self.host} --port {ports[0]} takes no listener ({error.strerror}): give another."
        if self.port is None:
            return f"The ports {ports[0]} to {ports[-1]} are taken: give another with --port."
        return f"--port {self.port} is taken: give another, or leave --port away for one that is free."


def is_local(listening: socket.socket) -> bool:
    """Whether this machine alone can reach it."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def url(address: Address, listening: socket.socket) -> str:
    """The address as a browser takes it, without a path."""
    bound, port = listening.getsockname()[:2]
    name = socket.gethostname() if ipaddress.ip_address(bound).is_unspecified else address.host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def hosts(address: Address, listening: socket.socket) -> list[str]:
    """Names that a request may give as its host; what is forwarded to this machine comes as localhost."""
    bound = listening.getsockname()[0]
    names = {*_LOCAL, address.host.lower(), bound}
    if ipaddress.ip_address(bound).is_unspecified:
        cards = psutil.net_if_addrs().values()
        names |= {each.address.partition("%")[0].lower() for card in cards for each in card}
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return sorted(f"[{name}]" if ":" in name else name for name in names)
