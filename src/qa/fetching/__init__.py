"""A web address → its bytes, fetched politely and from public servers only.

    fetched = fetch("https://www.example.org/cases/hai-phong/")
    fetched = fetch(fetched.url, etag=fetched.etag, last_modified=fetched.last_modified)
    if not fetched.is_unchanged: ...

Every hop of a redirect is checked like the first address (see `addresses`), the connection goes to the IP
address that was checked (see `wire`), and size and time are limited over all hops. Nothing is kept between two
fetches: no cookies, no connections. Neither settings nor environment can turn the checks off; tests pass their
own `is_allowed` and `resolve`.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpcore

import qa
from qa.errors import FetchError
from qa.fetching.addresses import (
    Check,
    Resolver,
    Target,
    find_addresses,
    is_public,
    parse_url,
    refusal,
    resolve_name,
)
from qa.fetching.wire import BadCertificate, Deadline, PinnedBackend, TooLarge, make_tls_context, read_body
from qa.i18n.reasons import Reason

__all__ = ["Fetched", "Limits", "fetch", "is_public", "user_agent"]

logger = logging.getLogger(__name__)

WEB_PORTS = frozenset({80, 443, 8080, 8443})
"""The ports that web servers listen at. Mail servers, databases and caches listen at others, and some of them take
a line of HTTP for a command."""

NETWORK_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, BadCertificate)

Headers = list[tuple[bytes | str, bytes | str]]

REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one fetch, all of its hops together."""

    max_bytes: int = 50 * 2**20
    """Limits one unpacked answer. Reports with pictures stay below it; the corpus takes files of 100 MiB."""
    timeout_s: float = 60.0
    """Limits the time from resolving the name to the last byte."""
    max_redirects: int = 5
    """Limits redirects. In practice there are four: to https, to www, to a language, to a page."""
    ports: frozenset[int] = WEB_PORTS

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or self.timeout_s <= 0 or self.max_redirects < 0 or not self.ports:
            raise ValueError("limits need a size, a time and a port, and no negative number of redirects")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer of a server; `url` is the address that the last redirect led to.

    `content_type` is the header as it came; `etag` and `last_modified` are for the next fetch; `data` is empty
    where `is_unchanged`.
    """

    url: str
    status: int
    data: bytes
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None

    @property
    def is_unchanged(self) -> bool:
        """True if the server says that it has nothing newer than what was fetched before."""
        return self.status == 304


def fetch(
    url: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    limits: Limits = Limits(),
    is_allowed: Check = is_public,
    resolve: Resolver = resolve_name,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """The bytes at `url`, or that they have not changed since the fetch that gave `etag` or `last_modified`.

    Raises `FetchError`, whose message names the address and the next step.
    """
    deadline = Deadline(limits.timeout_s)
    headers = _request_headers(etag, last_modified)
    is_conditional = bool(etag or last_modified)
    target = parse_url(url, ports=limits.ports)
    for _ in range(limits.max_redirects + 1):
        try:
            left_s = deadline.left_s
            addresses = find_addresses(target, resolve=resolve, is_allowed=is_allowed, timeout_s=left_s)
            with _ask(target, PinnedBackend(addresses, deadline), headers=headers, tls=tls) as response:
                answer = _read_answer(response, target, limits, is_conditional=is_conditional)
        except NETWORK_ERRORS as error:
            raise _explain(error, target, limits) from error
        if isinstance(answer, Fetched):
            logger.info("fetched %s: %d, %d bytes", answer.url, answer.status, len(answer.data))
            return answer
        target = _follow(target, answer, limits)
    reason = Reason("why_url_redirects", limit=limits.max_redirects)
    raise refusal(url, reason, Reason("why_then_check"))


def user_agent() -> str:
    """The program's name and version, which servers are told. It says nothing about who runs the program."""
    return f"kitakyushu-qa/{qa.__version__}"


@contextlib.contextmanager
def _ask(
    target: Target, backend: PinnedBackend, *, headers: Headers, tls: ssl.SSLContext | None
) -> Iterator[httpcore.Response]:
    """The answer of one server, its body still to be read; the connection ends with it."""
    if tls is None and target.scheme == "https":
        tls = make_tls_context()
    with (
        httpcore.ConnectionPool(tls, max_connections=1, network_backend=backend) as pool,
        pool.stream("GET", target.url, headers=[("Host", target.authority), *headers]) as response,
    ):
        yield response


def _request_headers(etag: str | None, last_modified: str | None) -> Headers:
    headers = {
        "User-Agent": user_agent(),
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        **({"If-None-Match": etag} if etag else {}),
        **({"If-Modified-Since": last_modified} if last_modified else {}),
    }
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]


def _read_answer(
    response: httpcore.Response, target: Target, limits: Limits, *, is_conditional: bool
) -> Fetched | str:
    """The fetched page, or the address that the answer redirects to."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if response.status in REDIRECTS:
        if not headers.get("location"):
            raise refusal(target.url, Reason("why_url_nowhere"), Reason("why_then_check"))
        return _repair(headers["location"])
    is_unchanged = response.status == 304 and is_conditional
    if response.status != 200 and not is_unchanged:
        raise _explain_status(response.status, headers, target)
    return Fetched(
        url=target.url,
        status=response.status,
        data=b"" if is_unchanged else _read_data(response, headers, target, limits),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
    )


def _read_data(
    response: httpcore.Response, headers: Mapping[str, str], target: Target, limits: Limits
) -> bytes:
    encoding = headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip"):
        reason = Reason("why_url_packed", encoding=f"{encoding[:40]!r}")
        raise refusal(target.url, reason, Reason("why_then_save_page"))
    length = headers.get("content-length", "")
    try:
        if length.isdecimal() and int(length[:20]) > limits.max_bytes:
            raise TooLarge
        return read_body(response, max_bytes=limits.max_bytes, is_gzipped=encoding != "identity")
    except TooLarge as error:
        reason = Reason("why_url_too_large", limit=f"{limits.max_bytes / 2**20:.3g}")
        raise refusal(target.url, reason, Reason("why_then_save_part")) from error
    except zlib.error as error:
        raise refusal(target.url, Reason("why_url_damaged"), Reason("why_then_retry")) from error


def _follow(target: Target, location: str, limits: Limits) -> Target:
    """The address that `location` in an answer of `target` stands for, checked like any address."""
    try:
        joined = urljoin(target.url, location)
        is_weaker = target.scheme == "https" and urlsplit(joined).scheme == "http"
    except ValueError as error:
        raise refusal(target.url, Reason("why_url_nonsense"), Reason("why_then_check")) from error
    if is_weaker:
        raise refusal(joined, Reason("why_url_weaker", host=target.host), Reason("why_then_trust"))
    return parse_url(joined, ports=limits.ports)


def _repair(header: str) -> str:
    """`header` as the server meant it: many servers send UTF-8, which HTTP reads as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _explain(error: Exception, target: Target, limits: Limits) -> FetchError:
    if isinstance(error, BadCertificate):
        return refusal(target.url, Reason("why_url_certificate", error=str(error)), Reason("why_then_tell"))
    if isinstance(error, httpcore.ConnectTimeout | httpcore.ConnectError):
        return refusal(target.url, Reason("why_url_silent"), Reason("why_then_check_or_later"))
    if isinstance(error, httpcore.TimeoutException):
        reason = Reason("why_url_slow", limit_s=f"{limits.timeout_s:g}")
        return refusal(target.url, reason, Reason("why_then_later_or_save"))
    return refusal(target.url, Reason("why_url_broken_off"), Reason("why_then_later_or_save"))


def _explain_status(status: int, headers: Mapping[str, str], target: Target) -> FetchError:
    if status in (429, 503):
        wait = headers.get("retry-after", "").strip()[:40]
        next_step = Reason("why_then_later")
        if wait:
            next_step = Reason("why_then_in" if wait.isdecimal() else "why_then_after", wait=wait)
        return refusal(target.url, Reason("why_url_busy", status=status), next_step)
    if status in (401, 403, 407, 451):
        return refusal(target.url, Reason("why_url_forbidden", status=status), Reason("why_then_save_page"))
    if status in (404, 410):
        return refusal(target.url, Reason("why_url_missing", status=status), Reason("why_then_check"))
    return refusal(target.url, Reason("why_url_status", status=status), Reason("why_then_later"))
