"""Facts about fetching: what is asked, what is refused, and what comes back, held against real servers."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import FetchError, UnsupportedType
from qa.fetching import Fetched, Limits, fetch, is_public, user_agent
from qa.fetching.addresses import IPAddress, parse_url, show_url
from qa.fetching.names import clean_name, name_page

PAGE = b"<!doctype html><html><body><p>Kitakyushu and Davao work together.</p></body></html>"

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A web server on the loopback address, what it answers by path, and what it was asked."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def limits(self) -> Limits:
        return Limits(timeout_s=20, ports=frozenset({self.port}))


def say(
    data: bytes = PAGE, *, status: int = 200, headers: dict[str, str] | None = None, sized: bool = True
) -> Answer:
    """An answer with these bytes; without a size where not `sized`."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        if sized:
            request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            request.wfile.write(data)

    return answer


def redirect(location: str, status: int = 302) -> Answer:
    return say(b"", status=status, headers={"Location": location})


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.requests.append(
                (self.path, {name.lower(): value for name, value in self.headers.items()})
            )
            running.answers.get(self.path, say(b"", status=404))(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def process_request(self, request: object, client_address: object) -> None:
            running.connections += 1
            super().process_request(request, client_address)  # type: ignore[arg-type]

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    listener = Listener((host, 0), Handler)
    if tls:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
    running = Server(port=listener.server_address[1])
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def is_loopback(address: IPAddress) -> bool:
    return address.is_loopback


def names(**table: str) -> Callable[[str, int], tuple[str, ...]]:
    """A resolver that knows these names (with _ for .) and their addresses, divided by blanks."""
    known = {name.replace("_", "."): tuple(addresses.split()) for name, addresses in table.items()}

    def resolve(host: str, port: int) -> tuple[str, ...]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return known[host]

    return resolve


def refuse_all(host: str, port: int) -> tuple[str, ...]:
    raise AssertionError(f"{host} was resolved")


# --- which addresses are public


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "133.8.1.1", "2606:4700::1111", "2001:200::1", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.8", "192.0.2.1",
        "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "233.252.0.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "64:ff9b:1::808:808", "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:4136:e378::1", "2001:db8::1", "3fff::1",
        "100::1", "5f00::1",
    ],
)  # fmt: skip
def test_addresses_inside_of_networks_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


# --- which web addresses are taken


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/a", "javascript:alert(1)", "data:text/html,x", "gopher://example.org",
        "//example.org/", "example.org", "", "http://", "http:///path", "http:example.org", "HTTP+unix://x/",
    ],
)  # fmt: skip
def test_only_http_and_https_are_fetched(url: str) -> None:
    with pytest.raises(FetchError, match="was not fetched: "):
        fetch(url, resolve=refuse_all)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.01", "1.2.3.4.5", "256.1.1.1",
        "[::ffff:127.0.0.1%25lo]", "[fe80::1%25eth0]", "localhost.", "example.org.", "127.0.0.1.",
        "１２７.０.０.１", "127。0。0。1", "ｌocalhost", "exa mple.org", "a..b", "-a.org", "%6cocalhost",
        "ex\u00adample.org", "ⓛocalhost", "example.0x7f", "a\\b.org", "[::1", "1.1.1.1]",
    ],
)  # fmt: skip
def test_hosts_that_are_written_oddly_are_refused_unresolved(host: str) -> None:
    with pytest.raises(FetchError, match="was not fetched: "):
        fetch(f"http://{host}/", resolve=refuse_all, is_allowed=lambda address: True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "10.1.2.3"]
)
def test_private_addresses_are_refused_where_they_stand_in_the_url_itself(host: str) -> None:
    with pytest.raises(FetchError, match="private network"):
        fetch(f"http://{host}/", resolve=refuse_all)


@pytest.mark.parametrize(
    "url", ["http://user:secret@example.org/", "https://token@example.org/", "http://@example.org/"]
)
def test_an_address_with_a_password_is_refused_and_the_password_not_repeated(url: str) -> None:
    with pytest.raises(FetchError, match="password") as caught:
        fetch(url, resolve=refuse_all)
    assert "secret" not in str(caught.value)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize("port", ["22", "25", "6379", "0", "65536", "x", "-1"])
def test_ports_of_other_services_are_refused(port: str) -> None:
    with pytest.raises(FetchError, match="was not fetched: "):
        fetch(f"http://example.org:{port}/", resolve=refuse_all)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://EXAMPLE.org", "http://example.org/"),
        ("https://example.org:443/a?b=c#d", "https://example.org/a?b=c"),
        ("http://example.org:8080/", "http://example.org:8080/"),
        ("http://[2606:4700:0:0::1111]:8080/x", "http://[2606:4700::1111]:8080/x"),
        ("https://北九州.example/環境", "https://xn--sjqz8isql.example/%E7%92%B0%E5%A2%83"),
        ("https://example.org/a%20b?q=日", "https://example.org/a%20b?q=%E6%97%A5"),
    ],
)
def test_an_address_is_brought_into_its_one_plain_form(url: str, shown: str) -> None:
    assert parse_url(url, ports=Limits().ports).url == shown


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_fetch_error(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.org/{text}"):
        with contextlib.suppress(FetchError):
            target = parse_url(url, ports=Limits().ports)
            assert parse_url(target.url, ports=Limits().ports) == target
            assert target.url.isascii()


def test_a_long_address_is_cut_in_the_message_and_refused() -> None:
    with pytest.raises(FetchError, match="2048") as caught:
        fetch("http://example.org/" + "a" * 5000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "url", ["http://a.org/\u202egpj.exe", "http://a.org/\x1b[31m", "http://a.org/\r\nHost: b"]
)
def test_control_characters_in_an_address_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(url)
    assert not {"\u202e", "\x1b", "\n", "\r"} & set(str(caught.value))
    assert "\u202e" not in show_url(url)


# --- what names lead to


def test_a_name_that_leads_to_a_public_and_a_private_address_is_refused() -> None:
    with pytest.raises(FetchError, match=r"http://both\.example/ was not fetched: .*private network"):
        fetch("http://both.example/", resolve=names(both_example="8.8.8.8 127.0.0.1"))


@pytest.mark.parametrize(
    "found", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "not an address", ""]
)
def test_a_name_that_leads_nowhere_public_is_refused(found: str) -> None:
    with pytest.raises(FetchError, match="was not fetched"):
        fetch("http://inside.example/", resolve=names(inside_example=found))


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(FetchError, match=r"http://nowhere\.example/ .*name is not known; check the spelling"):
        fetch("http://nowhere.example/", resolve=names())


def test_a_slow_name_server_does_not_hold_the_fetch_up() -> None:
    free = threading.Event()

    def resolve(host: str, port: int) -> tuple[str, ...]:
        free.wait(30)
        return ()

    start = time.monotonic()
    with pytest.raises(FetchError, match="not resolved in time"):
        fetch("http://slow.example/", resolve=resolve, limits=Limits(timeout_s=0.3))
    free.set()
    assert time.monotonic() - start < 15


# --- what a real server gets and gives


@pytest.mark.server
def test_a_page_is_fetched_with_what_its_server_says_of_it(server: Server) -> None:
    server.answers["/a/plan.html"] = say(
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "ETag": '"1"',
            "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT",
        }
    )
    url = server.url("/a/plan.html")
    fetched = fetch(url, limits=server.limits, is_allowed=is_loopback)
    assert fetched == Fetched(
        url=url,
        status=200,
        data=PAGE,
        content_type="text/html; charset=utf-8",
        etag='"1"',
        last_modified="Mon, 01 Jan 2024 00:00:00 GMT",
    )
    assert not fetched.is_unchanged


@pytest.mark.server
def test_the_request_names_the_program_and_nothing_of_its_user(server: Server) -> None:
    server.answers["/"] = say()
    fetch(server.url("/#part"), limits=server.limits, is_allowed=is_loopback)
    path, headers = server.requests[0]
    assert path == "/"
    assert headers["user-agent"] == user_agent()
    assert user_agent().startswith("kitakyushu-qa")
    assert {*headers} == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert headers["host"] == f"127.0.0.1:{server.port}"


def has_loopback_v6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.server
@pytest.mark.skipif(not has_loopback_v6(), reason="this machine has no IPv6")
def test_a_server_is_reached_by_its_ipv6_address() -> None:
    with serving(host="::1") as server:
        server.answers["/"] = say()
        fetched = fetch(server.url(host="[::1]"), limits=server.limits, is_allowed=is_loopback)
    assert fetched.data == PAGE
    assert server.requests[0][1]["host"] == f"[::1]:{server.port}"


@pytest.mark.server
def test_without_leave_for_it_the_loopback_address_is_not_connected_to(server: Server) -> None:
    with pytest.raises(FetchError, match="private network"):
        fetch(server.url(), limits=server.limits)
    assert server.connections == 0


@pytest.mark.server
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_proxies_of_the_environment_are_not_used(
    server: Server, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9/")
    server.answers["/"] = say()
    assert fetch(server.url(), limits=server.limits, is_allowed=is_loopback).data == PAGE


@pytest.mark.server
def test_a_page_that_has_not_changed_is_not_sent_again(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        is_same = request.headers.get("If-None-Match") == '"v1"'
        (say(b"", status=304, headers={"ETag": '"v1"'}) if is_same else say(headers={"ETag": '"v1"'}))(
            request
        )

    server.answers["/"] = answer
    first = fetch(server.url(), limits=server.limits, is_allowed=is_loopback)
    again = fetch(server.url(), etag=first.etag, limits=server.limits, is_allowed=is_loopback)
    assert (first.data, first.is_unchanged) == (PAGE, False)
    assert (again.data, again.is_unchanged, again.etag) == (b"", True, '"v1"')


@pytest.mark.server
def test_the_day_of_the_last_change_is_asked_for(server: Server) -> None:
    server.answers["/"] = say(b"", status=304)
    day = "Mon, 01 Jan 2024 00:00:00 GMT"
    assert fetch(server.url(), last_modified=day, limits=server.limits, is_allowed=is_loopback).is_unchanged
    assert server.requests[0][1]["if-modified-since"] == day


@pytest.mark.server
def test_unchanged_without_having_been_asked_is_an_error(server: Server) -> None:
    server.answers["/"] = say(b"", status=304)
    with pytest.raises(FetchError, match="status 304"):
        fetch(server.url(), limits=server.limits, is_allowed=is_loopback)


@pytest.mark.server
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_last_address_is_told(server: Server, status: int) -> None:
    server.answers["/old"] = redirect("../new?x=1#part", status)
    server.answers["/new?x=1"] = say()
    fetched = fetch(server.url("/old"), limits=server.limits, is_allowed=is_loopback)
    assert (fetched.url, fetched.data) == (server.url("/new?x=1"), PAGE)


@pytest.mark.server
def test_a_redirect_to_a_private_address_is_refused_at_the_hop(server: Server) -> None:
    server.answers["/"] = redirect("http://169.254.169.254:80/latest/meta-data/")
    limits = Limits(ports=frozenset({80, server.port}))
    with pytest.raises(FetchError, match=r"http://169\.254\.169\.254/latest/meta-data/ .*private network"):
        fetch(server.url(), limits=limits, is_allowed=is_loopback)
    assert [path for path, _ in server.requests] == ["/"]


@pytest.mark.server
@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://u:p@127.0.0.1/",
        "http://2130706433/",
        "//[::1",
        "",
    ],
)
def test_a_redirect_to_what_is_no_plain_address_is_refused(server: Server, location: str) -> None:
    server.answers["/"] = redirect(location)
    with pytest.raises(FetchError, match="was not fetched"):
        fetch(server.url(), limits=server.limits, is_allowed=is_loopback)
    assert len(server.requests) == 1


@pytest.mark.server
def test_redirects_in_a_circle_end(server: Server) -> None:
    server.answers["/a"], server.answers["/b"] = redirect("/b"), redirect("/a")
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetch(server.url("/a"), limits=server.limits, is_allowed=is_loopback)
    assert len(server.requests) == 6


@pytest.mark.server
def test_cookies_are_not_kept_between_hops(server: Server) -> None:
    server.answers["/"] = say(b"", status=302, headers={"Location": "/b", "Set-Cookie": "id=1; Path=/"})
    server.answers["/b"] = say()
    fetch(server.url(), limits=server.limits, is_allowed=is_loopback)
    assert all("cookie" not in headers for _, headers in server.requests)


@pytest.mark.server
def test_the_address_that_was_checked_is_the_one_that_is_connected_to(server: Server) -> None:
    asked: list[str] = []

    def rebind(host: str, port: int) -> tuple[str, ...]:
        """First a public address where nobody answers, then the loopback address."""
        asked.append(host)
        return ("203.0.113.7",) if len(asked) == 1 else ("127.0.0.1",)

    def is_allowed(address: IPAddress) -> bool:
        return not address.is_loopback

    server.answers["/"] = say()
    for _ in range(2):
        with pytest.raises(FetchError):
            fetch(
                server.url(host="rebind.example"),
                limits=Limits(timeout_s=1, ports=frozenset({server.port})),
                resolve=rebind,
                is_allowed=is_allowed,
            )
    assert asked == [
        "rebind.example",
        "rebind.example",
    ]  # once for each fetch, never again for the connection
    assert server.connections == 0


@pytest.mark.server
def test_a_name_keeps_its_host_header_while_its_checked_address_is_connected_to(server: Server) -> None:
    server.answers["/"] = say()
    fetch(
        server.url(host="davao.example"),
        limits=server.limits,
        resolve=names(davao_example="127.0.0.1"),
        is_allowed=is_loopback,
    )
    assert server.requests[0][1]["host"] == f"davao.example:{server.port}"


@pytest.mark.server
def test_the_next_address_of_a_name_is_tried_where_the_first_does_not_answer(server: Server) -> None:
    server.answers["/"] = say()
    fetched = fetch(
        server.url(host="two.example"),
        limits=server.limits,
        resolve=names(two_example="127.0.0.2 127.0.0.1"),
        is_allowed=is_loopback,
    )
    assert fetched.data == PAGE


# --- limits


@pytest.mark.server
@pytest.mark.parametrize("sized", [True, False])
def test_an_answer_that_is_too_large_is_refused(server: Server, sized: bool) -> None:
    server.answers["/"] = say(b"x" * 300_000, sized=sized)
    limits = Limits(max_bytes=200_000, ports=frozenset({server.port}))
    with pytest.raises(FetchError, match=r"more than 0\.191 MiB"):
        fetch(server.url(), limits=limits, is_allowed=is_loopback)


@pytest.mark.server
def test_an_answer_of_just_the_limit_is_taken(server: Server) -> None:
    server.answers["/"] = say(gzip.compress(b"x" * 200_000), headers={"Content-Encoding": "gzip"})
    limits = Limits(max_bytes=200_000, ports=frozenset({server.port}))
    assert len(fetch(server.url(), limits=limits, is_allowed=is_loopback).data) == 200_000


@pytest.mark.server
def test_a_packed_bomb_is_stopped_while_it_unpacks(server: Server) -> None:
    bomb = gzip.compress(bytes(50 * 2**20)) * 4
    assert len(bomb) < 2**20
    server.answers["/"] = say(bomb, headers={"Content-Encoding": "gzip"})
    limits = Limits(max_bytes=2**20, ports=frozenset({server.port}))
    with pytest.raises(FetchError, match="more than 1 MiB"):
        fetch(server.url(), limits=limits, is_allowed=is_loopback)


@pytest.mark.server
@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(PAGE, mtime=0),
        gzip.compress(PAGE[:20], mtime=0) + gzip.compress(PAGE[20:], mtime=0) + bytes(8),
    ],
)
def test_a_packed_answer_comes_unpacked(server: Server, packed: bytes) -> None:
    server.answers["/"] = say(packed, headers={"Content-Encoding": "gzip"})
    assert fetch(server.url(), limits=server.limits, is_allowed=is_loopback).data == PAGE


@pytest.mark.server
@pytest.mark.parametrize(
    "packed", [gzip.compress(PAGE, mtime=0)[:-9], b"not gzip at all", gzip.compress(PAGE, mtime=0)[:5]]
)
def test_a_damaged_packed_answer_is_an_error(server: Server, packed: bytes) -> None:
    server.answers["/"] = say(packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="damaged"):
        fetch(server.url(), limits=server.limits, is_allowed=is_loopback)


@pytest.mark.server
def test_an_answer_packed_in_a_way_that_was_not_asked_for_is_an_error(server: Server) -> None:
    server.answers["/"] = say(b"x", headers={"Content-Encoding": "br"})
    with pytest.raises(FetchError, match="packed as 'br'"):
        fetch(server.url(), limits=server.limits, is_allowed=is_loopback)


@pytest.mark.server
def test_a_server_that_dribbles_is_left_when_the_time_is_over(server: Server) -> None:
    stop = threading.Event()

    def dribble(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(500):
                if stop.wait(0.05):
                    break
                request.wfile.write(b"x")
                request.wfile.flush()

    server.answers["/"] = dribble
    start = time.monotonic()
    try:
        with pytest.raises(FetchError, match="longer than 1 s"):
            fetch(
                server.url(),
                limits=Limits(timeout_s=1, ports=frozenset({server.port})),
                is_allowed=is_loopback,
            )
    finally:
        stop.set()
    assert time.monotonic() - start < 20


@pytest.mark.server
def test_an_answer_that_breaks_off_is_an_error(server: Server) -> None:
    server.answers["/"] = say(b"half", headers={"Content-Length": "1000"}, sized=False)
    with pytest.raises(FetchError, match="broke the connection off"):
        fetch(server.url(), limits=server.limits, is_allowed=is_loopback)


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(FetchError, match="does not answer"):
            fetch(
                f"http://127.0.0.1:{port}/",
                limits=Limits(timeout_s=5, ports=frozenset({port})),
                is_allowed=is_loopback,
            )


@pytest.mark.parametrize(
    "wrong", [{"max_bytes": 0}, {"timeout_s": 0}, {"max_redirects": -1}, {"ports": frozenset()}]
)
def test_limits_that_allow_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="limits need"):
        Limits(**wrong)  # type: ignore[arg-type]


@pytest.mark.server
@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (404, {}, "not there"),
        (403, {}, "save the page"),
        (500, {}, "status 500"),
        (204, {}, "status 204"),
        (429, {"Retry-After": "120"}, "try again in 120 s"),
        (503, {"Retry-After": "Fri, 01 Jan 2027 00:00:00 GMT"}, "try again after Fri, 01 Jan 2027"),
        (503, {}, "try again later"),
        (302, {}, "redirects to nowhere"),
    ],
)
def test_other_answers_are_errors_that_tell_what_to_do(
    server: Server, status: int, headers: dict[str, str], words: str
) -> None:
    server.answers["/"] = say(b"", status=status, headers=headers)
    with pytest.raises(FetchError, match=words) as caught:
        fetch(server.url(), limits=server.limits, is_allowed=is_loopback)
    assert server.url() in str(caught.value)


# --- certificates


def make_certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for `name` that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@pytest.mark.server
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with serving(make_certificate(tmp_path, "right.example")) as server:
        server.answers["/"] = say()
        with pytest.raises(FetchError, match=r"certificate does not hold \(self-signed certificate\)"):
            fetch(
                server.url(host="right.example", scheme="https"),
                limits=server.limits,
                resolve=names(right_example="127.0.0.1"),
                is_allowed=is_loopback,
            )
        assert server.requests == []


@pytest.mark.server
def test_a_certificate_must_be_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    with serving(make_certificate(tmp_path, "right.example")) as server:
        server.answers["/"] = say()
        trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")

        def get(host: str) -> Fetched:
            return fetch(
                server.url(host=host, scheme="https"),
                limits=server.limits,
                resolve=names(right_example="127.0.0.1", wrong_example="127.0.0.1"),
                is_allowed=is_loopback,
                tls=trust,
            )

        assert get("right.example").data == PAGE
        with pytest.raises(
            FetchError, match=r"wrong\.example.*certificate does not hold \(Hostname mismatch"
        ):
            get("wrong.example")
        assert len(server.requests) == 1


@pytest.mark.server
def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path, server: Server) -> None:
    with serving(make_certificate(tmp_path, "right.example")) as secure:
        secure.answers["/"] = redirect(server.url())
        with pytest.raises(FetchError, match="only http"):
            fetch(
                secure.url(host="right.example", scheme="https"),
                limits=Limits(ports=frozenset({secure.port, server.port})),
                resolve=names(right_example="127.0.0.1"),
                is_allowed=is_loopback,
                tls=ssl.create_default_context(cafile=tmp_path / "certificate.pem"),
            )
    assert server.connections == 0


# --- names for what was fetched


def named(url: str, data: bytes = PAGE, content_type: str = "text/html") -> str:
    return name_page(url, data, content_type=content_type)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.example.org/cases/hai-phong/index.html", "web/www.example.org/cases-hai-phong.html"),
        ("https://www.example.org/cases/hai-phong/", "web/www.example.org/cases-hai-phong.html"),
        ("https://www.example.org/", "web/www.example.org/index.html"),
        ("https://www.example.org/plan.php", "web/www.example.org/plan.html"),
        ("https://www.example.org/v1.2/plan", "web/www.example.org/v1.2-plan.html"),
        ("https://xn--sjqz8isql.example/%E7%92%B0%E5%A2%83/", "web/北九州.example/環境.html"),
        ("http://example.org:8080/a", "web/example.org-8080/a.html"),
        ("https://example.org/../../etc/passwd", "web/example.org/etc-passwd.html"),
        ("https://example.org/.hidden/%2e%2e/%2Fx", "web/example.org/hidden-x.html"),
        ("https://example.org/a%00b%E2%80%AEc%0Ad", "web/example.org/abc-d.html"),
        ("https://example.org/con", "web/example.org/con-.html"),
        ("https://example.org/cafe%CC%81", "web/example.org/café.html"),
    ],
)
def test_a_page_is_named_after_its_address(url: str, name: str) -> None:
    assert named(url) == name


@pytest.mark.parametrize(
    ("data", "content_type", "suffix"),
    [
        (b"%PDF-1.7\n", "text/html", ".pdf"),
        (b"Plain words.", "text/plain", ".txt"),
        (b"# Heading", "text/markdown; charset=utf-8", ".md"),
        (b"<p>No doctype.</p>", "text/html; charset=utf-8", ".html"),
        (PAGE, "application/octet-stream", ".html"),
    ],
)
def test_the_suffix_tells_what_the_content_is(data: bytes, content_type: str, suffix: str) -> None:
    assert named("https://example.org/download", data, content_type) == f"web/example.org/download{suffix}"


def test_what_is_not_read_gets_no_name() -> None:
    with pytest.raises(UnsupportedType):
        named("https://example.org/a.png", b"\x89PNG\r\n\x1a\n" + bytes(20))


def test_two_queries_of_one_page_have_two_names_that_stay() -> None:
    first, second = named("https://example.org/show?id=1"), named("https://example.org/show?id=2")
    assert first != second
    assert first == named("https://example.org/show?id=1")
    assert first.startswith("web/example.org/show-")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
)
def test_any_name_is_safe(path: str, host: str) -> None:
    name = named(f"http://a.example/{path}")
    folder, server, file = name.split("/")
    assert (folder, server) == ("web", "a.example")
    assert len(name.encode()) <= 120
    assert file.endswith(".html")
    for part in (file, clean_name(host) or "x"):
        assert len(part) > 0
        assert unicodedata.is_normalized("NFC", part)
        assert not part.startswith((".", "~"))
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c in '/\\<>:"|?*' for c in part)


def test_a_long_address_gets_a_short_name_of_its_own() -> None:
    first, second = (
        named(f"https://{'a' * 60}.example.org/{'環境' * 90}/1"),
        named(f"https://{'a' * 60}.example.org/{'環境' * 90}/2"),
    )
    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 120
