"""Sessions: who has shown a key, remembered by this process until they log out, or for twelve hours.

A browser holds a random token in a cookie, and never the key. Here only the token's hash is kept: whoever reads
the memory, or a dump of it, can open nothing with it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SESSION_S = 12 * 3600
"""Seconds for which a session lasts: a working day, with its breaks."""
CODE_S = 15 * 60
"""Seconds for which a one-time code can be exchanged: a person who starts the program opens the page soon."""
MAX_SESSIONS = 10_000
"""Sessions of staff, and as many of readers; the oldest go first. Only those who have a key begin one."""

COOKIE = "qa_session"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has shown a key, by the name that the key was given to. Staff may change documents."""

    name: str
    is_staff: bool


class Sessions:
    """The sessions and one-time codes that hold at this moment. Safe to be used from many threads."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives the time in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._staff: dict[bytes, tuple[Person, float]] = {}
        self._readers: dict[bytes, tuple[Person, float]] = {}
        self._codes: dict[bytes, tuple[Person, float]] = {}

    def begin(self, person: Person) -> str:
        """The token of a new session of `person`, 256 random bits."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            sessions = self._staff if person.is_staff else self._readers
            while len(sessions) >= MAX_SESSIONS:
                del sessions[next(iter(sessions))]
            sessions[_hash(token)] = (person, self._clock() + SESSION_S)
        return token

    def person_of(self, token: str) -> Person | None:
        """Whose session `token` stands for; None where it has ended, or there never was such a one."""
        key = _hash(token)
        with self._lock:
            for sessions in (self._staff, self._readers):
                person, until = sessions.get(key, (None, 0.0))
                if person and until > self._clock():
                    return person
                sessions.pop(key, None)
        return None

    def end(self, token: str) -> None:
        """End the session that `token` stands for, if there is one."""
        with self._lock:
            self._staff.pop(_hash(token), None)
            self._readers.pop(_hash(token), None)

    def make_code(self, person: Person) -> str:
        """A code, 128 random bits, that `person` can exchange for a session once, and for `CODE_S` only."""
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._codes[_hash(code)] = (person, self._clock() + CODE_S)
        return code

    def take_code(self, code: str) -> Person | None:
        """Whose `code` it is, and from now on nobody's; None for one that was taken, is too old or made up."""
        with self._lock:
            person, until = self._codes.pop(_hash(code), (None, 0.0))
            return person if until > self._clock() else None


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie that carries a session's token, of a page under `root_path`.

    Behind TLS its name begins with what makes browsers take it from this very host, and over TLS, only.
    """

    root_path: str = ""

    def read(self, headers: Mapping[str, str], *, scheme: str) -> str:
        """The token that a request with these headers (names in lower case) brings; "" where it brings none."""
        for pair in headers.get("cookie", "").split(";"):
            name, _, token = pair.strip().partition("=")
            if name == self._name(scheme):
                return token  # the first: a page at a shorter path may have one, too
        return ""

    def write(self, token: str, *, scheme: str) -> str:
        """The value of `Set-Cookie` that hands `token` to a browser; "" takes back what it has."""
        lasts = f"Max-Age={SESSION_S if token else 0}; Path={self.root_path or '/'}"
        secure = "; Secure" if scheme == "https" else ""
        return f"{self._name(scheme)}={token}; {lasts}; HttpOnly; SameSite=Strict{secure}"

    def _name(self, scheme: str) -> str:
        if scheme != "https":
            return COOKIE
        return f"__Secure-{COOKIE}" if self.root_path else f"__Host-{COOKIE}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
