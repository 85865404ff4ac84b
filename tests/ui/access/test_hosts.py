"""Facts about the names that the page answers under."""

from __future__ import annotations

import http.client
import logging
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from pages import Server
from qa.ui.access import hosts
from qa.ui.access.hosts import WRONG_NAME, advise, own_names, served_names

LOOPBACK = ("localhost", "LOCALHOST:7860", "localhost.", "127.0.0.1:7860", "127.8.9.1", "[::1]:7860", "[::1]")
ODD = (
    "", " ", "localhost:7860:1", "localhost@evil.example", "evil.example#localhost", "localhost/",
    "[::1", "::1", "localhost\\.evil.example", "localhost evil.example", "127.0.0.1.evil.example", "ｌocalhost",
)  # fmt: skip

running = [pytest.mark.server, pytest.mark.slow]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "0.0.0.0", "192.0.2.7"])
@pytest.mark.parametrize("named", [(), ("qa.example.org",)])
@pytest.mark.parametrize("called", LOOPBACK)
def test_loopback_s_names_are_always_served(host: str, named: tuple[str, ...], called: str) -> None:
    assert served_names(host, named).has(called)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "192.0.2.7"])
@pytest.mark.parametrize("called", ODD)
def test_what_is_no_name_is_not_served(host: str, called: str) -> None:
    assert not served_names(host, ()).has(called)


@pytest.mark.parametrize(
    "called", ["evil.example", "evil.example:7860", "192.0.2.7", "[2001:db8::1]", socket.gethostname()]
)
def test_at_loopback_nothing_else_is_served(called: str) -> None:
    assert not served_names("127.0.0.1", ()).has(called)


@pytest.mark.parametrize(
    "called", ["qa.example.org", "QA.Example.org:443", "qa.example.org.", "192.0.2.9:7860"]
)
def test_the_names_that_are_set_are_served_wherever_it_listens(called: str) -> None:
    for host in ("127.0.0.1", "0.0.0.0", "192.0.2.7"):
        assert served_names(host, ("qa.example.org", "192.0.2.9")).has(called)


@pytest.mark.parametrize("called", ["www.qa.example.org", "example.org", "192.0.2.8", "evil.example"])
def test_no_other_name_is_served_where_some_are_set(called: str) -> None:
    for host in ("127.0.0.1", "0.0.0.0", "::"):
        assert not served_names(host, ("qa.example.org", "192.0.2.9")).has(called)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_at_all_addresses_any_plain_address_and_the_machine_s_names_are_served(host: str) -> None:
    served = served_names(host, ())
    for called in (
        "192.0.2.7:7860",
        "[2001:db8::1]:7860",
        socket.gethostname(),
        socket.gethostname().upper(),
    ):
        assert served.has(called)
    assert not served.has("evil.example:7860")


def test_at_one_address_that_one_and_the_machine_s_names_are_served() -> None:
    served = served_names("192.0.2.7", ())
    assert served.has("192.0.2.7:7860")
    assert served.has(socket.gethostname())
    assert not served.has("192.0.2.8:7860")
    assert not served.has("evil.example")


def test_the_machine_s_names_are_told_by_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = tmp_path / "hosts"
    known.write_text(
        "127.0.0.1 localhost\n\n192.0.2.7\tKiwi.example.org kiwi # ours\n192.0.2.8 fig.example.org fig\n"
    )
    monkeypatch.setattr(hosts, "KNOWN_NAMES", known)
    monkeypatch.setattr(socket, "gethostname", lambda: "kiwi")
    assert own_names() == {"kiwi", "kiwi.local", "kiwi.example.org"}
    known.unlink()
    assert own_names() == {"kiwi", "kiwi.local"}


@pytest.mark.parametrize(
    ("host", "named", "is_told"),
    [
        ("0.0.0.0", (), True),
        ("::", (), True),
        ("0.0.0.0", ("qa.example.org",), False),
        ("127.0.0.1", (), False),
    ],
)
def test_the_log_says_what_to_set_where_everybody_can_reach_the_page(
    host: str, named: tuple[str, ...], is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        advise(host, named)
    assert ("set QA_HOSTS" in caplog.text) == is_told


class TestRunningPage:
    pytestmark = running

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "192.0.2.7", "<b>evil</b>", ""])
    @pytest.mark.parametrize(
        "path", ["", "config", "gradio_api/info", "gradio_api/mcp/", "metrics", "embed.js"]
    )
    def test_under_a_wrong_name_nothing_is_read(self, quick: Server, host: str, path: str) -> None:
        answer = httpx.get(quick.address + path, headers={"Host": host})
        assert (answer.status_code, answer.text) == (421, WRONG_NAME)
        assert "QA_HOSTS" in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("host", ["qa.example.org", "qa.example.org:8443", "localhost", "[::1]:1"])
    def test_under_a_right_name_the_page_answers(self, quick: Server, host: str) -> None:
        assert httpx.get(f"{quick.address}config", headers={"Host": host}).status_code == 200

    def test_those_who_watch_it_may_call_it_by_any_name(self, quick: Server) -> None:
        for path in ("healthz", "readyz"):
            assert httpx.get(quick.address + path, headers={"Host": "10.0.0.7:7860"}).status_code == 200
        assert httpx.get(f"{quick.address}metrics").status_code == 200

    def test_a_request_without_a_name_or_with_two_is_refused(self, quick: Server) -> None:
        for names in ([], ["localhost", "evil.example"]):
            connection = http.client.HTTPConnection(urlsplit(quick.address).netloc, timeout=30)
            connection.putrequest("GET", "/config", skip_host=True)
            for name in names:
                connection.putheader("Host", name)
            connection.endheaders()
            assert connection.getresponse().status in (400, 421)
            connection.close()

    @pytest.mark.parametrize(
        ("forwarded", "status"),
        [
            ("qa.example.org", 200),
            ("qa.example.org, inner.example", 200),
            ("evil.example", 421),
            ("evil.example, qa.example.org", 421),
        ],
    )
    def test_what_a_proxy_calls_it_is_looked_at_as_well(
        self, quick: Server, forwarded: str, status: int
    ) -> None:
        headers = {"X-Forwarded-Host": forwarded, "X-Forwarded-For": "203.0.113.5"}
        assert httpx.get(f"{quick.address}config", headers=headers).status_code == status

    def test_no_header_gives_the_page_another_address(self, quick: Server) -> None:
        headers = {"X-Gradio-Server": "http://evil.example"}
        for path in ("", "config", "gradio_api/info"):
            assert "evil.example" not in httpx.get(quick.address + path, headers=headers).text
