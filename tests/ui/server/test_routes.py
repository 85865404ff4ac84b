"""Facts about the ways into the page: each route of Gradio's is open or closed by name, and those are shut."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from gradio.routes import App
from playwright.sync_api import Browser, expect
from starlette.routing import BaseRoute, Mount

from conftest import CountingEmbedder
from pages import Server, browser, open_page, press_ask
from qa.config import Settings
from qa.models import Models
from qa.pipeline import Pipeline
from qa.ui.page import build_page
from qa.ui.server.health import HEALTH, METRICS, READY
from qa.ui.server.programs import FUNCTIONS
from qa.ui.server.routes import NOT_HERE, OPEN, OPEN_WITH_MCP, OWN
from qa.ui.server.serving import add_routes
from qa.ui.server.stopping import DoorWatcher
from qa.ui.server.watching import Watch
from quick import DALIAN, answer_of

__all__ = ["browser"]

CLOSED = {
    "fetches an address for whoever asks, or gives out what was uploaded": (
        "/gradio_api/file={path_or_url:path}",
        "/gradio_api/file/{path:path}",
        "/gradio_api/proxy={url_path:path}",
    ),
    "calls functions of the page by name, past its queue": (
        "/gradio_api/run/{api_name}",
        "/gradio_api/api/{api_name}",
    ),
    "logs people in, in another way than the page's": (
        *("/login", "/logout", "/gradio_api/login_check"),
        *("/gradio_api/user", "/gradio_api/token", "/gradio_api/app_id"),
    ),
    "prints a link with a key to the log, or tells who asked what when": (
        "/monitoring",
        "/monitoring/summary",
        "/monitoring/{key}",
        "/gradio_api/queue/status",
    ),
    "keeps runs, with a service elsewhere": (
        "/gradio_api/runs",
        "/gradio_api/run-history/connect",
        "/gradio_api/run-history/buckets",
        "/gradio_api/run-history/records",
        "/gradio_api/run-history/records/{endpoint}/{record_id}/assets/{asset_id}",
    ),
    "keeps a page's state as a file": ("/gradio_api/deep_link",),
    "takes and sends recordings and streams": (
        "/gradio_api/process_recording",
        "/gradio_api/stream/{event_id}",
        "/gradio_api/stream/{event_id}/close",
        "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
        "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file",
        "/gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
    ),
    "writes programs": (
        "/gradio_api/vibe-edit",
        "/gradio_api/undo-vibe-edit",
        "/gradio_api/vibe-code",
        "/gradio_api/vibe-starter-queries",
        "/gradio_api/dev/reload",
    ),
    "is for pages of other kinds": (
        "/gradio_api/custom_component/{id}/{environment}/{type}/{file_name}",
        "/gradio_api/heartbeat/{session_hash}",
        "/gradio_api/theme.css",
        "/svelte/{path:path}",
        "/manifest.json",
        "/pwa_icon",
        "/pwa_icon/{size}",
    ),
    "describes in another form what /?view=api describes": (
        "/openapi.json",
        "/gradio_api/openapi.json",
    ),
    "is the older transport of MCP": ("/gradio_api/mcp/sse", "/gradio_api/mcp/messages"),
}
"""Gradio's other paths, by what each does. A test fails for a path that is neither here nor open."""

running = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("routes")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    return Pipeline.build(settings, Models(CountingEmbedder()))


@pytest.fixture(scope="module")
def app(pipeline: Pipeline) -> App:
    """Gradio's application with tools and with our own routes."""

    async def lay_out() -> App:
        return App.create_app(build_page(pipeline), mcp_server=True)

    app = asyncio.run(lay_out())
    add_routes(app, pipeline, DoorWatcher(), Watch(pipeline, count_waiting=int))
    return app


def paths_of(routes: list[BaseRoute], before: str = "") -> Iterator[str]:
    """The path of every route, also of those that are mounted, without a slash at its end."""
    for route in iter_route_contexts(routes):
        assert route.path is not None, f"{route} has no path, and must be looked into"
        yield (before + route.path).rstrip("/") or "/"
        if isinstance(route.original_route, Mount):
            yield from paths_of(route.original_route.routes, before + route.path)


def test_every_route_is_open_or_closed_by_name(app: App) -> None:
    named = {way.path for way in (*OPEN, *OWN, *OPEN_WITH_MCP)}.union(*CLOSED.values())
    assert {path for path in paths_of(app.routes) if path not in named} == set()


def test_every_way_of_gradio_s_that_is_named_is_a_route(app: App) -> None:
    paths = {*paths_of(app.routes)}
    assert {way.path for way in (*OPEN, *OPEN_WITH_MCP)} - paths == set()
    assert {path for group in CLOSED.values() for path in group} - paths == set()


def test_no_way_is_open_and_closed() -> None:
    assert {way.path for way in (*OPEN, *OWN, *OPEN_WITH_MCP)}.isdisjoint(
        path for group in CLOSED.values() for path in group
    )


def test_programs_are_offered_the_functions_that_are_let_through(app: App) -> None:
    assert set(app.get_blocks().get_api_info()["named_endpoints"]) == {f"/{name}" for name in FUNCTIONS}


def raw(server: Server, method: str, path: str) -> tuple[int, bytes]:
    """The status and body that are answered for a path as it is written."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    connection.putrequest(method, path)
    connection.endheaders()
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


class TestRunningPage:
    pytestmark = running

    @pytest.mark.parametrize("reason", CLOSED)
    def test_what_is_closed_is_not_there(self, quick: Server, reason: str) -> None:
        for template in CLOSED[reason]:
            path = re.sub(r"\{[^}]*\}", "1", template)
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                answer = httpx.request(method, quick.address.rstrip("/") + path)
                assert (answer.status_code, answer.text) == (404, NOT_HERE), f"{method} {path}"
            assert httpx.head(quick.address.rstrip("/") + path).status_code == 404

    def test_nothing_is_printed_for_whoever_knocks(self, quick: Server) -> None:
        httpx.get(f"{quick.address}monitoring")
        assert "onitoring" not in (quick.index.parent / "log").read_text(encoding="utf-8")

    def test_what_is_open_answers(self, quick: Server) -> None:
        page = httpx.get(quick.address).text
        files = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page)
        assert len(files) == 2
        paths = [
            "theme.css",
            "favicon.ico",
            "robots.txt",
            "config",
            "gradio_api/info",
            "gradio_api/mcp/schema",
        ]
        for path in [*files, *paths, "embed.js", HEALTH[1:], READY[1:], METRICS[1:]]:
            assert httpx.get(quick.address + path).status_code == 200, path
        (original,) = re.findall(r"original/([0-9a-f]+)", self.documents(quick))
        assert httpx.get(f"{quick.address}original/{original}").text == DALIAN

    def documents(self, quick: Server) -> str:
        answer = httpx.post(f"{quick.address}gradio_api/call/list_documents", json={"data": []})
        listed = answer_of(quick.address, "list_documents", answer)
        identity = json.loads(listed.rpartition("data: ")[2])[0]["documents"][0]["id"]
        return f"original/{identity}"

    @pytest.mark.parametrize(
        "path",
        [
            "/../etc/passwd",
            "/assets/../../../../../../etc/passwd",
            "/assets/%2e%2e/%2e%2e/routes.py",
            "/assets/..%2f..%2fgradio.js",
            "/assets/%252e%252e/gradio.js",
            "/assets/..\\..\\gradio.js",
            "/assets//etc/passwd",
            "/assets/.",
            "/assets/..",
            "/static/js/../../index.html",
            "/static/js/iframeResizer.contentWindow.min.js/../../index.html",
            "/static/%2e%2e/index.html",
            "/original/..%2f..%2fetc%2fpasswd",
            "/gradio_api/./file=/etc/passwd",
            "/gradio_api//file=/etc/passwd",
            "//gradio_api/file=/etc/passwd",
            "/gradio_api/queue/../file=/etc/passwd",
            "/gradio_api/file%3D/etc/passwd",
            "/%67radio_api/file=/etc/passwd",
            "/GRADIO_API/file=/etc/passwd",
            "/gradio_api/file=/etc/passwd?x=/theme.css",
            "/gradio_api/file=/etc/passwd%3f/theme.css",
            "/gradio_api/file=/etc/passwd%0a/theme.css",
            "/theme.css%0a",
            "/theme.css%00",
        ],
    )
    def test_no_spelling_of_a_path_leads_out(self, quick: Server, path: str) -> None:
        assert raw(quick, "GET", path) == (404, NOT_HERE.encode())

    @pytest.mark.parametrize(
        "query", ["deep_link=a", "page=a", "all_endpoints=1", "lang=en&deep%5Flink=a", "deep_link"]
    )
    @pytest.mark.parametrize("path", ["", "config", "gradio_api/info"])
    def test_no_query_asks_for_more(self, quick: Server, path: str, query: str) -> None:
        assert httpx.get(f"{quick.address}{path}?{query}").status_code == 404

    def test_the_page_s_own_functions_cannot_be_called_by_name(self, quick: Server) -> None:
        with httpx.Client(base_url=f"{quick.address}gradio_api", timeout=60) as client:
            config = httpx.get(f"{quick.address}config").json()
            names = {function["api_name"] for function in config["dependencies"]} - {*FUNCTIONS, False}
            assert {"answer", "open_page", "reindex"} <= names
            for name in names:
                for way in ("call", "run", "api"):
                    answer = client.post(f"/{way}/{name}", json={"data": []})
                    assert (answer.status_code, answer.text) == (404, NOT_HERE)
                answer = client.post(f"/call/v2/{name}", json={})
                assert answer.status_code == 422
                assert "no such function" in answer.json()["error"]

    def test_no_socket_of_the_web_is_opened(self, quick: Server) -> None:
        host, port = urlsplit(quick.address).hostname, urlsplit(quick.address).port
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(
                f"GET /gradio_api/queue/join HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 404")

    @pytest.mark.browser
    def test_a_visit_in_a_browser_misses_nothing(
        self, quick: Server, browser: Browser, tmp_path: Path
    ) -> None:
        page = browser.new_page(locale="en-GB")
        failed: list[str] = []
        page.on("response", lambda got: failed.append(got.url) if got.status >= 400 else None)
        open_page(page, quick.address)
        answer = press_ask(page, "How many experts were sent to Dalian?")
        expect(answer.locator(".statement, .refusal").first).to_be_visible(timeout=60_000)
        page.get_by_role("tab").nth(1).click()
        expect(page.locator("#city-cards")).not_to_be_empty()
        page.get_by_role("tab").nth(2).click()
        page.locator("#staff > button").click()
        (tmp_path / "tram.txt").write_text("The tram depot was repaired in 1987.", encoding="utf-8")
        page.locator("#files input[type=file]").set_input_files(tmp_path / "tram.txt")
        expect(page.locator("#files")).to_contain_text("tram", timeout=60_000)
        page.locator("#reindex").click()
        expect(page.locator(".receipt")).to_be_visible(timeout=60_000)
        page.goto(f"{quick.address}?view=api")
        expect(page.get_by_text("3 MCP Tools")).to_be_visible(timeout=60_000)
        page.get_by_text("Python", exact=True).first.click()
        expect(page.get_by_text("/list_documents").first).to_be_visible()
        page.close()
        assert {url.removeprefix(quick.address) for url in failed} <= {"monitoring/summary"}
