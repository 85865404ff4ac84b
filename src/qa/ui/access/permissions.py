"""Who sends a request, and what they may. A session tells, or being at the machine itself.

Asked wherever something is done, not where a button is shown: every endpoint of the page can be called past it.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qa.config import Settings
from qa.corpus.change_log import READER, STAFF, THIS_MACHINE
from qa.ui.access.senders import FORWARDING, parse_address
from qa.ui.access.sessions import Person, SessionCookie, Sessions
from qa.ui.access.wrong_keys import WrongKeys
from qa.ui.server.headers import Message, host_of

if TYPE_CHECKING:
    import gradio as gr

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Request:
    """What a request says of who sends it: headers (names in lower case), address, and `http` or `https`."""

    headers: Mapping[str, str]
    host: str | None
    scheme: str = "http"

    @classmethod
    def of(cls, request: gr.Request) -> Request:
        """The request by which a function of the page was called."""
        sent = request.request
        return cls.of_scope(sent.scope) if sent else cls({}, None)

    @classmethod
    def of_scope(cls, scope: Message) -> Request:
        """The request of an ASGI application."""
        return cls(headers_of(scope), host_of(scope), str(scope.get("scheme", "http")))

    @property
    def is_own_site(self) -> bool:
        """True if the page itself sends it: browsers say whose page sends what may change something.

        The scheme is not looked at where a proxy does not tell it.
        """
        scheme, _, place = self.headers.get("origin", "").lower().partition("://")
        is_as_safe = scheme == "https" or (scheme == "http" and self.scheme == "http")
        return is_as_safe and bool(place) and place == self.headers.get("host", "").lower()


class Access:
    """Who may read and who may change documents, by the keys that `settings` have."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = [(settings.admin_key, Person(STAFF, is_staff=True))] if settings.admin_key else []
        for entry in settings.admin_keys:
            name, _, key = (part.strip() for part in entry.partition("="))
            self._keys.append((key, Person(name, is_staff=True)))
        self.has_staff_keys = bool(self._keys)
        self._read_key = settings.read_key
        if settings.read_key:
            self._keys.append((settings.read_key, Person(READER, is_staff=False)))
        self.is_closed = bool(settings.read_key)
        """True if reading wants a key, too."""
        self.root_path = settings.root_path
        self.cookie = SessionCookie(settings.root_path)
        self.sessions = Sessions(clock=clock)
        self.wrong_keys = WrongKeys()

    @property
    def has_keys(self) -> bool:
        """True if any key is set."""
        return bool(self._keys)

    def holder_of(self, key: str) -> Person | None:
        """Who was given `key`, None where nobody was. It takes equally long for each."""
        holders = [person for known, person in self._keys if is_key(key, known)]
        return holders[0] if holders else None

    def person_of(self, request: Request) -> Person | None:
        """Who sends `request`, by their session; None where they have none."""
        token = self.cookie.read(request.headers, scheme=request.scheme)
        return self.sessions.person_of(token) if token else None

    def staff_of(self, request: Request) -> Person | None:
        """Who of staff sends `request` from the page itself; None where they are no staff, or another site asks.

        Where no key is set, those at the machine itself are staff.
        """
        if not self.has_staff_keys:
            is_here = is_local(request.headers, request.host)
            return Person(THIS_MACHINE, is_staff=True) if is_here else None
        person = self.person_of(request) if request.is_own_site else None
        return person if person and person.is_staff else None

    def may_follow_uploads(self, request: Request) -> bool:
        """True if staff ask how far an upload has come. Browsers do not say whose page reads something."""
        if not self.has_staff_keys:
            return self.staff_of(request) is not None
        person = self.person_of(request)
        return person is not None and person.is_staff

    def may_read(self, request: Request) -> bool:
        """True if the one who sends `request` may ask and read: everybody, or those who have shown a key."""
        if not self.is_closed:
            return True
        return is_key(bearer_of(request), self._read_key) or self.person_of(request) is not None


def is_key(offered: str, key: str) -> bool:
    """True if `offered` is the `key`; takes equally long wherever they differ. Never true for an empty key."""
    return bool(key) and hmac.compare_digest(offered.strip().encode(errors="replace"), key.encode())


def bearer_of(request: Request) -> str:
    """The key that a program sends with each of its requests; "" where it sends none."""
    given = request.headers.get("authorization", "")
    return given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else ""


def is_local(headers: Mapping[str, str], host: str | None) -> bool:
    """True if somebody at this machine asks for themselves: no proxy does, and no other site in their browser."""
    if host is None or not is_loopback(host) or any(name in headers for name in FORWARDING):
        return False
    # A name that a hostile site has made to lead here is not ours.
    called = headers.get("host", "")
    if not is_loopback(_hostname(called)):
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == called


def is_loopback(host: str) -> bool:
    """True if `host`, a name or an address, is this machine as it calls itself."""
    address = parse_address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _hostname(called: str) -> str:
    """The name in a `Host` header, without its port; "" where it has none."""
    try:
        return urlsplit(f"//{called}").hostname or ""
    except ValueError:  # half a bracket
        return ""


def headers_of(scope: Message) -> dict[str, str]:
    """The headers of a request, their names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
