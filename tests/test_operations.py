"""Facts about running the page: its health, figures, log and end, of the program itself and behind a proxy."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from conftest import REPOSITORY, CountingEmbedder
from pages import ANSWER_MS, Server, ask, browser, end, open_page, serving
from qa.config import Settings
from qa.domain import Quoted, Refusal, Refused
from qa.models import Models
from qa.pipeline import Pipeline
from qa.system.logs import FIELDS, JsonLines
from qa.ui.server.health import tell_system
from qa.ui.server.stopping import Door, DoorWatcher
from qa.ui.server.watching import Watch

__all__ = ["browser"]

SISTERS = "When did Phnom Penh become a sister city?"
SECRET = "Who drives the xylophone tram in Zanzibar?"
PROXY = REPOSITORY / "deploy" / "nginx.conf"
UNDER = "/qa"
NAME = "www.example.org"
"""What the site in deploy/ is called."""

real = [pytest.mark.model, pytest.mark.server, pytest.mark.slow]


def record_of(message: str, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord("qa.test", logging.WARNING, __file__, 1, message, (), None)
    record.__dict__.update(more)
    return record


def test_a_line_of_the_log_is_an_object_with_its_fields() -> None:
    table = json.loads(JsonLines().format(record_of('two\nlines and a "quote"', **{FIELDS: {"seconds": 1}})))
    assert table.pop("time").endswith("+00:00")
    assert table == {
        "level": "warning", "logger": "qa.test", "message": 'two\nlines and a "quote"', "seconds": 1,
    }  # fmt: skip


def test_an_error_s_traceback_stays_on_its_line() -> None:
    try:
        raise OSError("gone")
    except OSError as error:
        record = record_of("failed", exc_info=(OSError, error, error.__traceback__))
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["error"].endswith("OSError: gone")


@pytest.fixture
def watch(settings: Settings) -> Watch:
    (settings.corpus_dir / "a.txt").write_text("Kitakyushu sent 67 experts to Dalian.", encoding="utf-8")
    return Watch(Pipeline.build(settings, Models(CountingEmbedder())), count_waiting=lambda: 3)


def figures(watch: Watch) -> dict[str, float]:
    lines = [line for line in watch.text().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_answers_are_counted_by_how_they_went(watch: Watch) -> None:
    refused = Refused("?", "?", "en", refusal=Refusal("weak_evidence"), timings={"find": 0.2, "total": 0.3})
    watch.see(refused)
    watch.see(Quoted("?", "?", "en", statements=(), citations=(), fallback="timeout"))
    found = figures(watch)
    assert found['qa_questions_total{mode="extractive",outcome="refused"}'] == 1
    assert found['qa_refusals_total{reason="weak_evidence"}'] == 1
    assert found['qa_llm_fallbacks_total{kind="timeout"}'] == 1
    assert found['qa_stage_seconds_count{stage="find"}'] == 1
    assert found['qa_stage_seconds_bucket{le="0.1",stage="find"}'] == 0
    assert found['qa_stage_seconds_bucket{le="0.25",stage="find"}'] == 1


def test_who_is_turned_away_is_counted_by_the_reason(watch: Watch) -> None:
    watch.count_turned_away("visitor_waiting")
    watch.count_turned_away("visitor_waiting")
    assert figures(watch)['qa_turned_away_total{reason="visitor_waiting"}'] == 2


def test_what_waits_and_what_the_index_holds_is_looked_up(watch: Watch, settings: Settings) -> None:
    os.utime(settings.index_dir / "manifest.json", (time.time() - 500, time.time() - 500))
    found = figures(watch)
    assert found["qa_waiting"] == 3
    assert found["qa_documents"] == 1
    assert 499 < found["qa_index_age_seconds"] < 600


def test_figures_are_there_also_without_an_index(watch: Watch, settings: Settings) -> None:
    shutil.rmtree(settings.index_dir)
    assert "qa_documents" not in figures(watch)
    assert figures(watch)["qa_waiting"] == 3


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@qa-test-{os.getpid()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name[1:]}" if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        tell_system("READY=1")
        assert manager.recv(100) == b"READY=1"


def call(door: Door, method: str, path: str) -> int:
    """The status that `door` answers with."""
    import asyncio

    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    async def receive() -> Any:
        return {}

    asyncio.run(door({"type": "http", "method": method, "path": path, "headers": []}, receive, send))
    return statuses[0]


@pytest.mark.parametrize("path", ["queue/join", "call/ask", "call/v2/ask", "upload", "mcp", "mcp/"])
def test_a_closed_door_lets_no_question_in(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.server.stopping.SETTLE_S", 0.05)
    watcher = DoorWatcher()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    door = Door(app, watcher=watcher)
    assert call(door, "POST", f"/gradio_api/{path}") == 200
    assert watcher.close(1)
    assert call(door, "POST", f"/gradio_api/{path}") == 503
    assert call(door, "GET", "/gradio_api/call/ask/123") == 200
    assert call(door, "GET", "/") == 200


def test_the_end_waits_for_answers_but_not_for_ever() -> None:
    watcher = DoorWatcher()
    with watcher.counted():
        start = time.monotonic()
        assert not watcher.close(0.3)
        assert time.monotonic() - start >= 0.3
    assert watcher.close(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("operations"), QA_LOG_FORMAT="json") as running:
        yield running


def ask_program(address: str, question: str) -> str:
    """The number under which the answer to `question` is to be fetched."""
    reply = httpx.post(
        f"{address}gradio_api/call/ask", json={"data": [question, None, None, False]}, timeout=60
    )
    return str(reply.raise_for_status().json()["event_id"])


def fetch(address: str, event: str) -> str:
    """The stream that ends with the answer."""
    return httpx.get(f"{address}gradio_api/call/ask/{event}", timeout=120).text


class TestProgram:
    pytestmark = real

    def test_it_says_that_it_lives_and_is_ready(self, server: Server) -> None:
        assert httpx.get(f"{server.address}healthz").status_code == 200
        ready = httpx.get(f"{server.address}readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True})

    def test_without_its_index_it_is_not_ready_and_names_no_folder(self, server: Server) -> None:
        manifest = server.index / "manifest.json"
        aside = manifest.rename(server.index / "aside.json")
        try:
            ready = httpx.get(f"{server.address}readyz")
            assert (ready.status_code, ready.json()) == (
                503, {"ready": False, "reason": "there is no index"},
            )  # fmt: skip
            aside.write_bytes(aside.read_bytes())
            manifest.write_text("{}")
            broken = httpx.get(f"{server.address}readyz")
            assert broken.status_code == 503
            assert str(server.index) not in broken.text
        finally:
            aside.rename(manifest)
        assert httpx.get(f"{server.address}readyz").status_code == 200
        assert httpx.get(f"{server.address}healthz").status_code == 200

    def test_figures_and_log_tell_of_an_answer_and_not_what_was_asked(self, server: Server) -> None:
        assert "complete" in fetch(server.address, ask_program(server.address, SISTERS))
        assert "complete" in fetch(server.address, ask_program(server.address, SECRET))
        text = httpx.get(f"{server.address}metrics").text
        assert 'qa_questions_total{mode="extractive",outcome="answered"} 1.0' in text
        assert 'qa_refusals_total{reason="' in text
        assert 'qa_stage_seconds_count{stage="total"} 2.0' in text
        log = (server.index.parent / "log").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert {"answered", "refused"} <= {line.get("outcome") for line in lines}
        for told in (text, log):
            assert "xylophone" not in told
            assert "sister" not in told

    def test_figures_tell_of_those_who_asked_too_much(self, server: Server) -> None:
        asked = {"data": [SISTERS, None, None, False]}
        with httpx.Client(base_url=f"{server.address}gradio_api", timeout=60) as client:
            replies = [client.post("/call/ask", json=asked) for _ in range(31)]
        assert 429 in [reply.status_code for reply in replies]
        assert 'qa_turned_away_total{reason="visitor_' in httpx.get(f"{server.address}metrics").text

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"X-Forwarded-For": "192.0.2.1"}, 403),
            ({"Host": "evil.example"}, 421),
            ({"Origin": "https://evil.example"}, 403),
        ],
    )
    def test_figures_are_for_programs_at_the_machine_only(
        self, server: Server, headers: dict[str, str], status: int
    ) -> None:
        assert httpx.get(f"{server.address}metrics", headers=headers).status_code == status


@pytest.mark.model
@pytest.mark.server
@pytest.mark.slow
def test_what_was_asked_is_answered_before_the_program_ends(tmp_path: Path) -> None:
    with serving(tmp_path, QA_LOG_FORMAT="json", QA_LOG_QUESTIONS="yes") as server:
        event = ask_program(server.address, SISTERS)
        streams: list[str] = []
        fetching = threading.Thread(target=lambda: streams.append(fetch(server.address, event)))
        with server.held():
            fetching.start()
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
        assert server.process.wait(timeout=60) == 0
        fetching.join(10)
        assert "March 2016" in streams[0]
        assert not (server.index / "page.sock").exists()
    assert f'"question": "{SISTERS}"' in (tmp_path / "log").read_text(encoding="utf-8")


@contextmanager
def proxied(folder: Path, page: str) -> Iterator[str]:
    """The address at which a real nginx, with the settings that `deploy/` has, shows `page` under a path."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = PROXY.read_text(encoding="utf-8")
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};")
    site = site.replace("http://127.0.0.1:7860/", page)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error;\n"
        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n"
        f"proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;\n"
        f"scgi_temp_path {folder}/s;\n{site}\n}}\n",
        encoding="utf-8",
    )
    folder.chmod(0o755)
    nginx = subprocess.Popen([str(find_nginx()), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        address = f"http://127.0.0.1:{port}{UNDER}/"
        for _ in range(100):
            time.sleep(0.1)
            try:
                httpx.get(f"{address}healthz")
                break
            except httpx.TransportError:
                continue
        yield address
    finally:
        end(nginx, within_s=30)


def find_nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page behind nginx; without nginx its tests are skipped, but in CI they fail."""
    if find_nginx() is None and not os.environ.get("CI"):
        pytest.skip("no `nginx` here; install Debian's package nginx-light")
    folder = tmp_path_factory.mktemp("proxy")
    with (
        serving(folder, key="", QA_ROOT_PATH=UNDER, QA_HOSTS=NAME) as server,
        proxied(folder, server.address) as address,
    ):
        yield address


class TestBehindProxy:
    pytestmark = real

    def test_programs_ask_under_the_path(self, behind: str) -> None:
        assert "March 2016" in fetch(behind, ask_program(behind, SISTERS))
        assert httpx.get(f"{behind}readyz").json() == {"ready": True}
        assert "frame" in httpx.get(f"{behind}embed.js").text

    def test_figures_are_not_shown_through_it_and_nobody_is_taken_for_staff(self, behind: str) -> None:
        assert httpx.get(f"{behind}metrics").status_code in (403, 404)
        upload = httpx.post(f"{behind}gradio_api/upload", files={"files": ("a.txt", b"x")})
        assert upload.status_code == 403

    @pytest.mark.parametrize("name", [NAME, f"{NAME}:8443"])
    def test_the_page_answers_under_the_site_s_name_and_asks_itself(self, behind: str, name: str) -> None:
        headers = {"Host": name, "Origin": f"http://{name}"}
        assert f"http://{name}{UNDER}" in httpx.get(f"{behind}config", headers=headers).text
        body = {"data": ["x" * 2001, None, None, False]}
        answer = httpx.post(f"{behind}gradio_api/call/ask", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("headers", "status"),
        [({"Host": "evil.example"}, 421), ({"Host": NAME, "Origin": "https://evil.example"}, 403)],
    )
    def test_other_names_and_other_sites_get_nothing(
        self, behind: str, headers: dict[str, str], status: int
    ) -> None:
        body = {"data": ["x", None, None, False]}
        answer = httpx.post(f"{behind}gradio_api/call/ask", json=body, headers=headers, timeout=60)
        assert answer.status_code == status

    def test_an_answer_comes_as_a_stream_of_events(self, behind: str) -> None:
        event = ask_program(behind, SISTERS)
        with httpx.stream("GET", f"{behind}gradio_api/call/ask/{event}", timeout=120) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert any("March 2016" in line for line in stream.iter_lines())

    @pytest.mark.browser
    def test_the_page_opens_answers_and_shows_its_evidence(self, behind: str, browser: Browser) -> None:
        page = browser.new_page(locale="en-GB")
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        open_page(page, behind)
        answer = ask(page, SISTERS)
        expect(answer.locator(".statement").first).to_contain_text("March 2016", timeout=ANSWER_MS)
        original = page.locator(".evidence a.original").first
        assert original.evaluate("link => link.href").startswith(f"{behind}original/")
        assert httpx.get(original.evaluate("link => link.href")).status_code == 200
        page.close()
        assert [url for url in requests if not url.startswith((behind, "data:", "blob:"))] == []
