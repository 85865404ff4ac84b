"""Facts about who may do what: asked of the request itself, whatever the page shows."""

from __future__ import annotations

import pytest

from qa.config import Settings
from qa.ui.access.permissions import Access, Request, bearer_of, is_key, is_local
from qa.ui.access.sessions import Person

LOCAL = {"host": "127.0.0.1:7860"}
THERE = {"host": "qa.example.org", "origin": "https://qa.example.org"}
KEY, AOI, MINH, READ = "correct horse", "Aoi's own long key", "Minh's own long key", "the readers' key"


@pytest.fixture
def access() -> Access:
    return Access(Settings(admin_key=KEY, admin_keys=(f"Aoi={AOI}", f"Minh = {MINH}"), read_key=READ))


def asking(access: Access, key: str, headers: dict[str, str], *, scheme: str = "https") -> Request:
    """A request with these headers and the session of whoever has `key`."""
    person = access.holder_of(key)
    assert person is not None
    cookie = access.cookie.write(access.sessions.begin(person), scheme=scheme).partition(";")[0]
    return Request(headers | {"cookie": cookie}, "203.0.113.5", scheme)


@pytest.mark.parametrize(
    ("key", "name", "is_staff"),
    [
        (KEY, "staff", True),
        (f" {KEY}\n", "staff", True),
        (AOI, "Aoi", True),
        (MINH, "Minh", True),
        (READ, "reader", False),
    ],
)
def test_each_key_is_its_holder_s(access: Access, key: str, name: str, is_staff: bool) -> None:
    assert access.holder_of(key) == Person(name, is_staff)


@pytest.mark.parametrize(
    "key", ["", " ", "wrong", f"Aoi={AOI}", "Aoi", KEY[:-1], f"{KEY}{KEY}", "\ud800", "鍵"]
)
def test_another_key_is_nobody_s(access: Access, key: str) -> None:
    assert access.holder_of(key) is None


def test_where_no_key_is_set_none_is_right() -> None:
    assert Access(Settings()).holder_of("") is None
    assert not is_key("", "")


def test_staff_are_known_by_their_session(access: Access) -> None:
    assert access.staff_of(asking(access, AOI, THERE)) == Person("Aoi", is_staff=True)
    assert access.staff_of(asking(access, READ, THERE)) is None
    assert access.staff_of(Request(THERE, "203.0.113.5", "https")) is None
    assert access.staff_of(Request(LOCAL, "127.0.0.1")) is None  # not even at the machine


@pytest.mark.parametrize(
    ("origin", "scheme"),
    [
        pytest.param(None, "https", id="a program, or a page that hides"),
        pytest.param("null", "https", id="a page without an origin"),
        pytest.param("https://evil.example", "https", id="another site"),
        pytest.param("https://qa.example.org.evil.example", "https", id="a site that looks like ours"),
        pytest.param("https://qa.example.org:8443", "https", id="another program there"),
        pytest.param("http://qa.example.org", "https", id="our name without TLS"),
        pytest.param("https://", "https", id="no name"),
        pytest.param("https://[", "https", id="half a bracket"),
    ],
)
def test_a_session_does_not_count_where_another_site_uses_it(
    access: Access, origin: str | None, scheme: str
) -> None:
    headers = {"host": "qa.example.org"} | ({"origin": origin} if origin else {})
    request = asking(access, AOI, headers, scheme=scheme)
    assert access.person_of(request)
    assert access.staff_of(request) is None


def test_a_proxy_that_does_not_tell_of_tls_is_no_hindrance(access: Access) -> None:
    assert access.staff_of(asking(access, AOI, THERE, scheme="http"))


@pytest.mark.parametrize(
    ("given", "bearer"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("Bearer", ""), ("", "")],
)
def test_a_program_gives_the_key_with_each_request(given: str, bearer: str) -> None:
    assert bearer_of(Request({"authorization": given}, None)) == bearer


def test_with_a_readers_key_those_may_read_who_give_any(access: Access) -> None:
    assert access.may_read(asking(access, READ, {"host": "qa.example.org"}))
    assert access.may_read(asking(access, AOI, {"host": "qa.example.org"}))
    assert access.may_read(Request({"authorization": f"Bearer {READ}"}, "203.0.113.5"))
    assert not access.may_read(Request({"authorization": f"Bearer {AOI}"}, "203.0.113.5"))
    assert not access.may_read(Request({"authorization": "Bearer "}, "203.0.113.5"))
    assert not access.may_read(Request(LOCAL, "127.0.0.1"))


def test_without_a_readers_key_everybody_may_read() -> None:
    assert Access(Settings(admin_key=KEY)).may_read(Request({}, None))


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        (LOCAL, "127.0.0.1"),
        ({"host": "localhost:7860", "origin": "http://localhost:7860"}, "127.0.0.1"),
        ({"host": "[::1]:7860"}, "::1"),
    ],
)
def test_without_a_key_those_may_who_are_at_the_machine(headers: dict[str, str], host: str) -> None:
    assert is_local(headers, host)
    assert Access(Settings()).staff_of(Request(headers, host)) == Person("this machine", is_staff=True)


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        pytest.param(LOCAL, "192.168.1.7", id="another machine"),
        pytest.param(LOCAL, None, id="nobody knows who"),
        pytest.param(LOCAL | {"x-forwarded-for": "127.0.0.1"}, "127.0.0.1", id="a proxy"),
        pytest.param(LOCAL | {"forwarded": "for=127.0.0.1"}, "127.0.0.1", id="a proxy by the standard"),
        pytest.param(LOCAL | {"origin": "https://evil.example"}, "127.0.0.1", id="another site"),
        pytest.param(LOCAL | {"origin": "null"}, "127.0.0.1", id="a page without an origin"),
        pytest.param({"host": "evil.example:7860"}, "127.0.0.1", id="a name made to lead here"),
        pytest.param({"host": "127.0.0.1.evil.example"}, "127.0.0.1", id="a name that looks like us"),
        pytest.param({"host": "["}, "127.0.0.1", id="half a bracket"),
        pytest.param(LOCAL | {"origin": "http://["}, "127.0.0.1", id="half a bracket asks"),
        pytest.param({}, "127.0.0.1", id="no name"),
    ],
)
def test_without_a_key_nobody_else_may(headers: dict[str, str], host: str | None) -> None:
    assert not is_local(headers, host)
    assert Access(Settings()).staff_of(Request(headers, host)) is None


def test_a_readers_key_makes_nobody_staff_elsewhere() -> None:
    access = Access(Settings(read_key=READ))
    assert access.staff_of(asking(access, READ, THERE)) is None
    assert access.staff_of(Request(LOCAL, "127.0.0.1"))
