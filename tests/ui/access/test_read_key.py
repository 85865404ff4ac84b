"""Facts about a page that wants a key of its readers: through HTTP, with Gradio's client, and over MCP."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio_client
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from closed_page import DALIAN, PANDAS, ClosedPage, serving_closed
from qa.i18n.messages import LANGUAGES, catalogue, say
from qa.ui.access.login_page import login_page
from qa.ui.server.serving import _tell_where

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings(PANDAS)]

READ, AOI = "the-readers-own-key", "aois-own-long-key"
BEARER = {"authorization": f"Bearer {READ}"}
QUESTION = "experts to Dalian Kitakyushu sent?"
OPENING = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "en"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedPage]:
    with serving_closed(
        tmp_path_factory.mktemp("closed"),
        mcp=True,
        read_key=READ,
        admin_keys=(f"Aoi={AOI}",),
        embed_origins=("https://www.example.org",),
    ) as page:
        yield page


@pytest.fixture
def page(shared: ClosedPage) -> ClosedPage:
    """The page, to which nobody has sent a wrong key yet."""
    shared.waited.clear()
    shared.access.wrong_keys._lines.clear()
    return shared


WAYS = [
    *(("GET", ""), ("GET", "?q=x"), ("GET", "config"), ("GET", "theme.css"), ("GET", "gradio_api/info")),
    *(("GET", "gradio_api/queue/data?session_hash=x"), ("POST", "gradio_api/queue/join")),
    *(("POST", "gradio_api/call/ask"), ("GET", f"gradio_api/call/ask/{'0' * 32}"), ("GET", "favicon.ico")),
    *(("GET", f"original/{'0' * 16}"), ("POST", "gradio_api/mcp/"), ("POST", "gradio_api/component_server")),
]
"""Some that the page and programs need."""

ODD_PATHS = [
    *(
        "nothing",
        "session/",
        "healthz/",
        "HEALTHZ",
        "//healthz",
        "healthz/../config",
        "healthz%2F..%2Fconfig",
    ),
    *("embed.js/x", "gradio_api/startup-events/../info", "metrics/../config", "session/../config"),
]


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_nothing_is_read_without_a_key(page: ClosedPage, method: str, path: str) -> None:
    answer = httpx.request(method, f"{page.address}{path}", headers={"accept": "*/*"}, timeout=60)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "wants a key" in answer.json()["error"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ODD_PATHS)
def test_no_odd_path_leads_past_the_key(page: ClosedPage, method: str, path: str) -> None:
    address = httpx.URL(page.address).copy_with(raw_path=f"/{path}".encode())
    answer = httpx.request(method, address, timeout=60)
    # The health itself says nothing that a key would be wanted for.
    assert answer.status_code in (401, 403, 404, 405) or answer.text in ("ok\n", "")
    assert "dependencies" not in answer.text


@pytest.mark.parametrize("path", ["healthz", "readyz", "metrics", "embed.js"])
def test_what_tells_nothing_of_the_documents_is_open(page: ClosedPage, path: str) -> None:
    assert page.get(path).status_code == 200


def test_figures_keep_a_rule_of_their_own(page: ClosedPage) -> None:
    assert page.get("metrics", **{"x-forwarded-for": "203.0.113.5"}).status_code == 403


def test_a_program_reads_with_the_key(page: ClosedPage) -> None:
    assert page.get("config", **BEARER).status_code == 200
    assert DALIAN in page.call("search", ["experts", None, 5], BEARER)
    client = gradio_client.Client(page.address, headers=BEARER, verbose=False, analytics_enabled=False)
    answer = client.predict(QUESTION, api_name="/ask")
    client.close()
    assert answer["citations"][0]["quote"] == DALIAN
    assert page.waited == []


@pytest.mark.parametrize("given", [f"Bearer {AOI}", "Bearer wrong", f"Bearer {READ}x"])
def test_a_program_with_a_wrong_key_waits_and_reads_nothing(page: ClosedPage, given: str) -> None:
    answer = page.get("config", authorization=given)
    assert (answer.status_code, page.waited) == (401, [1.0])
    answer = page.get(**OPENING, authorization=given)
    assert (answer.status_code, page.waited) == (401, [1.0, 3.0])
    for _ in range(5):
        page.get("config", authorization=given)
    assert page.get("config", authorization=given).status_code == 429
    assert page.get("config", **BEARER).status_code == 200


def test_a_made_up_session_waits_too_but_not_where_a_page_is_opened(page: ClosedPage) -> None:
    made_up = {"cookie": "qa_session=made-up"}
    assert page.get("config", **made_up).status_code == 401
    assert page.get("session", **made_up).status_code == 401
    assert page.waited == [1.0, 3.0]
    opened = page.get(**OPENING, **made_up)
    assert (opened.status_code, page.waited) == (401, [1.0, 3.0])
    assert "Max-Age=0" in opened.headers["set-cookie"]


def test_a_right_key_passes_at_once_beside_a_session_that_has_ended(page: ClosedPage) -> None:
    assert page.get("config", **BEARER, cookie="qa_session=made-up").status_code == 200
    assert page.waited == []


@pytest.mark.parametrize("given", [{"cookie": "qa_session=made-up"}, {"authorization": "Bearer wrong"}])
def test_what_is_open_to_all_waits_for_no_key(page: ClosedPage, given: dict[str, str]) -> None:
    assert [page.get(path, **given).status_code for path in ("healthz", "embed.js")] == [200, 200]
    assert page.waited == []


def test_another_kind_of_authorization_is_no_wrong_key(page: ClosedPage) -> None:
    assert page.get("config", authorization="Basic YTpi").status_code == 401
    assert page.waited == []


def test_language_models_call_the_tools_with_the_key(page: ClosedPage) -> None:
    async def talk() -> Any:
        async with (
            httpx.AsyncClient(headers=BEARER, timeout=60) as client,
            streamable_http_client(f"{page.address}gradio_api/mcp/", http_client=client) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await session.call_tool("ask", {"question": QUESTION})

    (content,) = asyncio.run(talk()).content
    assert isinstance(content, TextContent)
    assert json.loads(content.text)["citations"][0]["quote"] == DALIAN
    initialize = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"accept": "application/json, text/event-stream"}
    assert page.post("gradio_api/mcp/", json=initialize, headers=headers).status_code == 401


def form_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', html))


def test_a_reader_without_script_logs_in_and_gets_to_what_they_opened(page: ClosedPage) -> None:
    opened = page.get("?q=What%20%26%20why%3F&lang=vi", **OPENING)
    assert (opened.status_code, opened.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "www-authenticate" not in opened.headers  # browsers would ask for a name and a password
    assert opened.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'self'" in opened.headers["content-security-policy"]
    assert "example.org" not in opened.headers["content-security-policy"]
    assert say("login_intro", "vi") in opened.text
    to = form_of(opened.text)["to"].replace("&amp;", "&")
    answer = page.post("session", data={"key": READ, "to": to}, headers=page.own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=What%20%26%20why%3F&lang=vi")
    session = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert page.get(**OPENING, **session).status_code == 200
    assert DALIAN in page.call("search", ["experts", None, 5], session)


def test_a_reader_with_a_wrong_key_is_told_so_on_the_page(page: ClosedPage) -> None:
    headers = {**page.own, "accept-language": "ja"}
    answer = page.post("session", data={"key": "<b>wrong", "to": "/?q=x"}, headers=headers)
    assert answer.status_code == 401
    assert say("login_wrong", "ja") in answer.text
    assert form_of(answer.text)["to"] == "/?q=x"
    assert "<b>wrong" not in answer.text
    for _ in range(6):
        page.log_in("wrong")
    late = page.post("session", data={"key": "wrong"}, headers=headers)
    assert late.status_code == 429
    assert say("login_later", "ja") in late.text


@pytest.mark.parametrize(
    "to",
    [
        *(
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\/evil.example",
        ),
        *("javascript:alert(1)", "", "evil.example", "/x\r\nset-cookie: a=b", " //evil.example"),
    ],
)
def test_whoever_logs_in_is_led_nowhere_else(page: ClosedPage, to: str) -> None:
    answer = page.post("session", data={"key": READ, "to": to}, headers=page.own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_reload_after_a_wrong_key_leads_back_to_the_page(page: ClosedPage) -> None:
    answer = page.get("session", **OPENING)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_the_page_can_ask_whether_somebody_is_known(page: ClosedPage) -> None:
    assert page.get("session").status_code == 401
    assert page.get("session", **page.session_of(READ)).status_code == 204


def test_readers_are_no_staff_and_staff_read_too(page: ClosedPage) -> None:
    reader, staff = page.session_of(READ), page.session_of(AOI)
    assert page.upload(reader) == 403
    assert "Please log in on this page first." in page.call("refused", ["en"], reader)
    login = page.call("login", ["en"], reader)
    assert "Logged in: Reader" in login
    assert 'class="log-in"' in login
    assert page.get(**OPENING, **staff).status_code == 200
    assert page.upload(staff) == 200
    assert page.upload(BEARER | page.own) == 403


def test_what_is_read_with_a_key_is_kept_by_no_shared_cache(page: ClosedPage) -> None:
    found = page.call("list_documents", [], BEARER)
    (doc_id,) = re.findall(r"'id': '(\w+)'", found)
    answer = page.get(f"original/{doc_id}", **page.session_of(READ))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private"


def test_logging_out_closes_the_page_again(page: ClosedPage) -> None:
    session = page.session_of(READ)
    page.post("session/end", headers=session)
    assert page.get("config", **session).status_code == 401


def test_the_start_says_that_the_page_cannot_be_embedded(page: ClosedPage) -> None:
    told = _tell_where(page.address, page.access, page.settings, mcp=False)
    assert "QA_EMBED_ORIGINS is left aside" in told
    assert READ not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_login_page_is_in_each_language_whole_and_harmless(language: str) -> None:
    hostile = '/?q="><script>alert(1)</script>'
    html = login_page(language=language, root_path="/qa", to=hostile, problem="login_wrong")
    for key in ("page_title", "page_owner", "login_intro", "login_wrong", "staff_key", "staff_log_in"):
        assert catalogue(language)[key] in html
    assert html.count("<script>") == 1
    assert f'<html lang="{language}">' in html
    assert 'action="/qa/session"' in html
    assert not re.search(r"(?:src|href)=\"(?!data:)", html)
    assert "url(" not in html


def test_under_a_path_readers_are_led_back_below_it(tmp_path: Path) -> None:
    with serving_closed(tmp_path, read_key=READ, root_path="/qa") as page:
        opened = page.get("?q=x", **OPENING)
        assert 'action="/qa/session" data-page="/qa"' in opened.text
        answer = page.post("session", data={"key": READ, "to": form_of(opened.text)["to"]}, headers=page.own)
        assert answer.headers["location"] == "/qa/?q=x"
        assert page.get("qa/healthz").status_code == 200
        assert page.get("qa/config").status_code == 401
