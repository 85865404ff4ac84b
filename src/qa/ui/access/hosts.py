"""The names that the page answers under. A name that an attacker leads here (DNS rebinding) reads nothing."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.ui.access.permissions import is_loopback
from qa.ui.access.senders import parse_address
from qa.ui.server.headers import App, Layer, Message, Receive, Send, tell
from qa.ui.server.health import HEALTH, READY
from qa.ui.server.routes import path_of

HOST_HEADER = re.compile(r"(?P<name>[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
"""A name or an address, and a port. The port may be any: an attacker who leads a name here keeps ours."""

KNOWN_NAMES = Path("/etc/hosts")
"""The file where this machine's full name often stands. Asking somebody would be a look-up in the network."""

ALWAYS_OPEN = (HEALTH, READY)
"""Those who watch the page call it by whatever name they have; it says no more than that it is well."""

ANOTHER_SERVER = b"x-gradio-server"
"""A header by which Gradio is told another address of its own. Nothing of ours sends it."""

WRONG_NAME = "The page is not served under this name. Set QA_HOSTS to the names that it is served under.\n"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """The names that the page is served under; those of loopback are always among them.

    A browser calls nothing else by a loopback name, so that such a name cannot be made to lead here.
    """

    names: frozenset[str]
    any_address: bool = False

    def has(self, header: str) -> bool:
        """True if this is one of the names, as a request's Host or X-Forwarded-Host."""
        found = HOST_HEADER.fullmatch(header.strip())
        if found is None:
            return False
        name = found["name"].lower().strip("[]").rstrip(".")
        is_plain = self.any_address and parse_address(name) is not None
        return is_loopback(name) or name in self.names or is_plain


def served_names(host: str, hosts: Sequence[str]) -> Served:
    """What the page is served under that listens at `host`, where `hosts` (may be empty) is set."""
    here = host.lower().strip("[]")
    if hosts:
        return Served(frozenset({here, *(name.lower().strip("[]") for name in hosts)}))
    if is_loopback(here):
        return Served(frozenset())
    return Served(frozenset({here, *own_names()}), any_address=_is_everywhere(here))


def advise(host: str, hosts: Sequence[str]) -> None:
    """Write into the log what to set, where the page listens at all addresses, `host`, and no `hosts` are set."""
    if _is_everywhere(host) and not hosts:
        logger.warning(
            "the page is served at all addresses of this machine, under its own names and any plain address; "
            "set QA_HOSTS to the name that visitors use"
        )


def own_names() -> frozenset[str]:
    """What this machine is called by itself and by its neighbours, without asking anybody."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    try:
        lines = KNOWN_NAMES.read_text(encoding="utf-8", errors="replace").lower().splitlines()
    except OSError:
        lines = []
    entries = [line.partition("#")[0].split()[1:] for line in lines]
    known = [other for entry in entries if name in entry for other in entry]
    return frozenset({name, short, f"{short}.local", *known})


class Hosts(Layer):
    """An ASGI application that answers as `app` does those who call it by a name that it is `served` under."""

    def __init__(self, app: App, *, served: Served) -> None:
        super().__init__(app)
        self._served = served

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if not self._is_served(scope) and path_of(scope) not in ALWAYS_OPEN:
            await tell(send, 421, WRONG_NAME)
            return
        headers = [(name, value) for name, value in scope["headers"] if name != ANOTHER_SERVER]
        await self.app({**scope, "headers": headers}, receive, send)

    def _is_served(self, scope: Message) -> bool:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        # Of several proxies' names the page takes the first one for its own.
        forwarded = [
            value.decode("latin-1").partition(",")[0]
            for name, value in scope["headers"]
            if name == b"x-forwarded-host"
        ]
        return len(hosts) == 1 and all(self._served.has(host) for host in (*hosts, *forwarded))


def _is_everywhere(host: str) -> bool:
    address = parse_address(host)
    return address is not None and address.is_unspecified
