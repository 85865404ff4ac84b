"""Which web addresses may be fetched.

A server that fetches what somebody names can be made to ask its own neighbours: a router, a cloud's metadata
service, a database. So an address must be plain to read, and every IP address behind it must be public.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna

from qa.errors import FetchError
from qa.i18n.reasons import Reason
from qa.text.normalise import UNWANTED

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Check = Callable[[IPAddress], bool]
Resolver = Callable[[str, int], Collection[str]]
"""From a name and a port to the IP addresses behind it, as text. Raises `OSError` if there are none."""

MAX_URL_CHARS = 2048
"""Limits an address. No page that people link to has a longer one; browsers and proxies stop there too."""

MAX_SHOWN_CHARS = 160
"""Limits an address in a message: enough to know it by, and never the whole screen."""

NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # carrier-grade NAT; some clouds keep their metadata service there
        "168.63.129.16/32",  # the inside of Azure, at an address that looks public
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b:1::/48",  # NAT64 inside of one network
        "2001::/23",  # Teredo and other protocols' own
        "3fff::/20",  # documentation
        "fec0::/10",  # site-local, from before fc00::/7
    )
)
"""Networks that `ipaddress` (in some version of Python that we run on) calls global although they are not."""

UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 from which public addresses are given out (IANA)."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""An IPv4 address as it is reached from a network without IPv4 (RFC 6052): the last 32 bits."""

PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._"
"""The characters of a path that stay as they are (RFC 3986), with the per cent sign: most addresses are
escaped."""

NUMBER_LIKE = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)
HOST_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """A web address that has been checked, in parts; `host` is ASCII and in lower case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as they stand in an address, the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"


DEFAULT_PORTS = {"http": 80, "https": 443}


def is_public(address: IPAddress) -> bool:
    """True if anybody on the internet would reach the same machine at `address`."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address.sixtofour is not None:
            return is_public(address.sixtofour)
        if address not in UNICAST_V6:  # with it go mapped and compatible IPv4, loopback, local, multicast
            return False
    if any(address in network for network in NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def parse_url(url: str, *, ports: Collection[int]) -> Target:
    """The parts of `url`. Raises `FetchError` unless it is a plain http(s) address at one of `ports`."""
    if len(url) > MAX_URL_CHARS:
        reason = Reason("why_url_long", limit=MAX_URL_CHARS)
        raise refusal(url, reason, Reason("why_then_shorten"))
    url = url.strip(" ")
    if UNWANTED.search(url) or any(character.isspace() or character in '\\<>"' for character in url):
        raise refusal(url, Reason("why_url_odd"), Reason("why_then_copy"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refusal(url, Reason("why_url_none"), Reason("why_then_copy")) from error
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise refusal(url, Reason("why_url_scheme"), Reason("why_then_save_file"))
    if "@" in parts.netloc:
        raise refusal(url, Reason("why_url_password"), Reason("why_then_save_page"))
    host = _read_host(parts.hostname or "", url)
    port = DEFAULT_PORTS[scheme] if port is None else port
    if port not in ports:
        known = ", ".join(str(number) for number in sorted(ports))
        raise refusal(url, Reason("why_url_port", port=port, known=known), Reason("why_then_save_page"))
    path = quote(parts.path or "/", safe=PATH_CHARACTERS)
    query = quote(parts.query, safe=PATH_CHARACTERS + "?")
    return Target(scheme, host, port, f"{path}?{query}" if query else path)


def resolve_name(host: str, port: int) -> tuple[str, ...]:
    """The IP addresses that the system knows `host` by, in the order in which it would try them."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def find_addresses(
    target: Target, *, resolve: Resolver, is_allowed: Check, timeout_s: float
) -> tuple[IPAddress, ...]:
    """The IP addresses of `target`, all of them checked. Raises `FetchError` if any is not allowed.

    A name that leads to a public address and to a private one was made to deceive.
    """
    try:
        found: Collection[str] = (str(ipaddress.ip_address(target.host)),)
    except ValueError:
        found = _resolve_in_time(target, resolve, timeout_s)
    try:
        addresses = tuple(dict.fromkeys(ipaddress.ip_address(address) for address in found))
    except ValueError as error:  # an address with a zone, say, which is local to one network card
        raise refusal(target.url, Reason("why_url_unusable"), Reason("why_then_check")) from error
    if not addresses:
        raise refusal(target.url, Reason("why_url_unknown"), Reason("why_then_spell"))
    if not all(is_allowed(address) for address in addresses):
        raise refusal(target.url, Reason("why_url_private"), Reason("why_then_save_page"))
    return addresses


def refusal(url: str, reason: Reason, next_step: Reason) -> FetchError:
    """The error that tells why `url` was not fetched and what to do. It repeats no password."""
    return FetchError(Reason("why_not_fetched", url=show_url(url), reason=reason, next_step=next_step))


def show_url(url: str) -> str:
    """`url` as it may stand in a message: without user and password, without control characters, cut."""
    shown = re.sub(r"//[^/?#]*@", "//", UNWANTED.sub("", " ".join(url.split())), count=1)
    return shown if len(shown) <= MAX_SHOWN_CHARS else f"{shown[:MAX_SHOWN_CHARS]}…"


def _read_host(host: str, url: str) -> str:
    """`host` in its one plain form: a name in ASCII, or an IP address in its usual notation."""
    if ":" in host:
        try:
            return _no_host(url) if "%" in host else str(ipaddress.IPv6Address(host))
        except ValueError:
            return _no_host(url)
    if not host.isascii():
        try:
            # Strict: full-width digits and look-alike full stops are errors here, not silently mapped.
            host = idna.encode(host).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return _no_host(url)
    labels = host.split(".")
    if NUMBER_LIKE.fullmatch(labels[-1]):
        # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to a resolver; only the usual form says so openly.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return _no_host(url)
    if len(host) > 253 or not all(HOST_LABEL.fullmatch(label) for label in labels):
        return _no_host(url)
    return host


def _no_host(url: str) -> str:
    raise refusal(url, Reason("why_url_host"), Reason("why_then_copy"))


def _resolve_in_time(target: Target, resolve: Resolver, timeout_s: float) -> Collection[str]:
    """The answer of `resolve`. The system's resolver takes no time limit, so it runs in a thread."""
    answers: queue.SimpleQueue[Collection[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="qa-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout_s, 0.001))
    except queue.Empty as error:
        raise refusal(target.url, Reason("why_url_slow_name"), Reason("why_then_later")) from error
    if isinstance(answer, Exception):
        raise refusal(target.url, Reason("why_url_unknown"), Reason("why_then_spell")) from answer
    return answer
