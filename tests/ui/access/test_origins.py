"""Facts about which sites' web pages may ask, and read what is answered."""

from __future__ import annotations

import httpx
import pytest

from pages import Server
from quick import asked

ALLOW = "access-control-allow-origin"
CREDENTIALS = "access-control-allow-credentials"

FOREIGN = (
    "https://evil.example", "null", "https://example.net", "http://a.example.net", "https://example.net.evil.example",
    "https://a.example.net:8443", "https://evilexample.net", "http://www.example.org", "https://www.example.org.evil",
    "https://www.example.org@evil.example", "https://xwww.example.org", "https://qa.example.org.evil.example", "file://",
    "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost", "", "https://a.example.net/", "https://",
)  # fmt: skip
"""No origins of the page, nor of https://www.example.org and https://*.example.net, which are set."""

KNOWN = (
    "https://www.example.org",
    "https://a.example.net",
    "https://a.b.example.net",
    "https://WWW.example.org:443",
)

running = [pytest.mark.server, pytest.mark.slow]


class TestRunningPage:
    pytestmark = running

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_a_foreign_page_reads_nothing_and_asks_nothing(self, quick: Server, origin: str) -> None:
        headers = {"Origin": origin}
        read = httpx.get(f"{quick.address}config", headers=headers)
        assert (read.status_code, read.headers["vary"]) == (200, "Origin")
        told = asked(quick.address, "x", headers=headers)
        assert told.status_code == 403
        assert "QA_API_ORIGINS" in told.text
        for answer in (read, told):
            assert ALLOW not in answer.headers
            assert CREDENTIALS not in answer.headers

    @pytest.mark.parametrize(
        "path", ["gradio_api/upload", "gradio_api/component_server/", "gradio_api/queue/join"]
    )
    def test_a_foreign_form_needs_no_leave_and_gets_nothing(self, quick: Server, path: str) -> None:
        headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        assert httpx.post(quick.address + path, content="{}", headers=headers).status_code == 403

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_a_foreign_page_that_asks_for_leave_gets_none(self, quick: Server, origin: str) -> None:
        told = preflight(quick, origin)
        assert told.status_code == 403
        assert not [name for name in told.headers if name.startswith("access-control")]

    @pytest.mark.parametrize("origin", KNOWN)
    def test_the_pages_of_sites_that_are_set_may_ask_and_read_but_send_no_cookies(
        self, quick: Server, origin: str
    ) -> None:
        leave = preflight(quick, origin)
        assert leave.status_code == 200
        assert leave.headers["access-control-allow-methods"] == "GET, POST"
        assert leave.headers["access-control-allow-headers"] == "content-type, authorization"
        answer = asked(quick.address, "x", headers={"Origin": origin})
        assert answer.status_code == 200
        for response in (leave, answer, httpx.get(f"{quick.address}config", headers={"Origin": origin})):
            assert response.headers[ALLOW] == origin
            assert "Origin" in response.headers["vary"]
            assert CREDENTIALS not in response.headers

    @pytest.mark.parametrize(
        ("host", "more"),
        [
            ("", {}),
            ("localhost:7860", {}),
            ("qa.example.org", {}),
            ("qa.example.org", {"X-Forwarded-Proto": "http"}),
            ("127.0.0.1:7860", {"X-Forwarded-Host": "qa.example.org"}),
        ],
    )
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_the_page_itself_asks_under_each_of_its_names(
        self, quick: Server, host: str, more: dict[str, str], scheme: str
    ) -> None:
        name = more.get("X-Forwarded-Host") or host or quick.address.split("/")[2]
        headers = {"Origin": f"{scheme}://{name}", **({"Host": host} if host else {}), **more}
        assert asked(quick.address, "x", headers=headers).status_code == 200

    def test_a_page_that_came_without_tls_is_foreign_to_one_that_is_served_with_it(
        self, quick: Server
    ) -> None:
        headers = {"Host": "qa.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"}
        for scheme, status in (("https", 200), ("http", 403)):
            origin = {"Origin": f"{scheme}://qa.example.org"}
            assert asked(quick.address, "x", headers=headers | origin).status_code == status

    def test_a_form_of_the_page_is_known_by_what_the_browser_says(self, quick: Server) -> None:
        for site, status in (("same-origin", 200), ("cross-site", 403), ("same-site", 403)):
            headers = {"Origin": "null", "Sec-Fetch-Site": site}
            assert asked(quick.address, "x", headers=headers).status_code == status

    def test_programs_name_no_origin_and_ask(self, quick: Server) -> None:
        answer = asked(quick.address, "x")
        assert answer.status_code == 200
        assert answer.headers["vary"] == "Origin"

    def test_tools_are_for_no_web_page_but_the_page_s_own(self, quick: Server) -> None:
        for origin in ("https://evil.example", KNOWN[0]):
            answer = httpx.post(f"{quick.address}gradio_api/mcp/", json={}, headers={"Origin": origin})
            assert answer.status_code == 403


def preflight(server: Server, origin: str) -> httpx.Response:
    """What a browser is told that asks whether a page from `origin` may call a function."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, authorization",
    }
    return httpx.options(f"{server.address}gradio_api/call/ask", headers=headers)
