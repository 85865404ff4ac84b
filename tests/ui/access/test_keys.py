"""Facts about staff's keys and sessions, through HTTP against a real page."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from closed_page import PANDAS, ClosedPage, serving_closed
from qa.corpus.change_log import list_changes
from qa.ui.access.login import MAX_BODY_BYTES
from qa.ui.access.sessions import CODE_S, SESSION_S
from qa.ui.access.wrong_keys import WrongKeys
from qa.ui.server.serving import _tell_where

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings(PANDAS)]

KEY, AOI, MINH = "a-key-for-tests", "aois-own-long-key", "minhs-own-long-key"
LOG_IN_FIRST = "Please log in on this page first."
STAFF_CALLS: dict[str, list[object]] = {
    "reindex": [None, "", "en"],
    "remove": ["en", []],
    "rollback": ["en"],
    "refused": ["en"],
    "changes": ["en"],
}
"""What changes something, or shows what only staff may see."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedPage]:
    folder = tmp_path_factory.mktemp("keys")
    with serving_closed(folder, admin_key=KEY, admin_keys=(f"Aoi={AOI}", f"Minh={MINH}")) as page:
        yield page


@pytest.fixture
def page(shared: ClosedPage) -> ClosedPage:
    """The page, to which nobody has sent a wrong key yet."""
    shared.waited.clear()
    shared.access.wrong_keys._lines.clear()
    shared.access.wrong_keys.count = 0
    return shared


def test_a_key_is_exchanged_for_a_session(page: ClosedPage) -> None:
    answer = page.log_in(KEY)
    assert (answer.status_code, answer.json()) == (200, {"name": "staff", "staff": True})
    name, _, token = answer.headers["set-cookie"].partition(";")[0].partition("=")
    assert name == "qa_session"
    assert KEY not in answer.headers["set-cookie"]
    assert len(token) >= 43
    assert answer.headers["set-cookie"].split("; ")[1:] == [
        *("Max-Age=43200", "Path=/", "HttpOnly", "SameSite=Strict"),
    ]
    assert answer.headers["cache-control"] == "no-store"
    assert page.log_in(AOI).json() == {"name": "Aoi", "staff": True}


def test_behind_tls_the_cookie_goes_over_tls_only(page: ClosedPage) -> None:
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.5"}
    origin = page.own["origin"].replace("http:", "https:")
    answer = page.log_in(KEY, **headers, origin=origin)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-qa_session=")
    assert cookie.endswith("; HttpOnly; SameSite=Strict; Secure")
    session = {**headers, "origin": origin, "cookie": cookie.partition(";")[0]}
    assert page.upload(session) == 200
    assert page.upload({**session, "x-forwarded-proto": "http"}) == 403


def test_staff_do_all_with_their_session(page: ClosedPage) -> None:
    session = page.session_of(KEY)
    assert page.upload(session) == 200
    for name, data in STAFF_CALLS.items():
        assert LOG_IN_FIRST not in page.call(name, data, session), name


def test_only_staff_see_how_far_an_upload_has_come(page: ClosedPage) -> None:
    session = page.session_of(KEY)
    sent = {"files": {"files": ("x.txt", b"x")}, "headers": session}
    assert page.post("gradio_api/upload?upload_id=0a1b", **sent).status_code == 200
    del session["origin"]  # which browsers do not send along where a page only reads
    for path in ("gradio_api/upload_progress", "gradio_api/upload_progress/"):
        assert page.get(f"{path}?upload_id=0a1b").status_code == 403
    assert '"done"' in page.get("gradio_api/upload_progress?upload_id=0a1b", **session).text


@pytest.mark.parametrize("name", STAFF_CALLS)
def test_nothing_is_done_or_shown_without_a_session(page: ClosedPage, name: str) -> None:
    for headers in ({}, page.own, page.own | {"x-forwarded-for": "203.0.113.5"}):
        assert LOG_IN_FIRST in page.call(name, STAFF_CALLS[name], headers)
        assert page.upload(headers) == 403
    assert page.waited == []  # no key is no wrong key
    assert (page.settings.corpus_dir / "dalian.txt").exists()


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("name", STAFF_CALLS)
def test_a_right_session_does_not_count_for_another_site(
    page: ClosedPage, name: str, origin: str | None
) -> None:
    session = page.session_of(KEY)
    del session["origin"]
    headers = session | ({"origin": origin} if origin else {})
    is_let_in = page.join(name, STAFF_CALLS[name], headers).status_code == 200
    assert not is_let_in or LOG_IN_FIRST in page.call(name, STAFF_CALLS[name], headers)
    assert page.upload(headers) == 403


@pytest.mark.parametrize("path", ["session", "session/end"])
@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
def test_another_site_logs_nobody_in_or_out(page: ClosedPage, path: str, origin: str | None) -> None:
    session = page.session_of(KEY)
    headers = {"cookie": session["cookie"]} | ({"origin": origin} if origin else {})
    answer = page.post(path, json={"key": KEY}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert page.upload(session) == 200


def test_logging_out_ends_the_session_on_the_server_too(page: ClosedPage) -> None:
    session, other = page.session_of(AOI), page.session_of(AOI)
    assert page.get("session", **session).status_code == 204
    answer = page.post("session/end", headers=session)
    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith("qa_session=; Max-Age=0; Path=/;")
    assert page.get("session", **session).status_code == 401
    assert page.upload(session) == 403
    assert page.upload(other) == 200


def test_logging_in_anew_ends_the_session_before(page: ClosedPage) -> None:
    before = page.session_of(AOI)
    assert page.log_in(MINH, **before).status_code == 200
    assert page.upload(before) == 403


def test_a_session_lasts_twelve_hours(page: ClosedPage) -> None:
    session = page.session_of(KEY)
    page.now += SESSION_S - 1
    assert page.upload(session) == 200
    page.now += 1
    assert page.upload(session) == 403
    assert LOG_IN_FIRST in page.call("refused", ["en"], session)


def test_a_one_time_code_opens_a_session_once(page: ClosedPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    told = _tell_where(page.address, page.access, page.settings, mcp=False)
    address, code = told.splitlines()[-1].rpartition(" ")[2].split("#code=")
    assert address == page.address
    first, second = (page.post("session", json={"code": code}, headers=page.own) for _ in range(2))
    assert first.json()["name"].startswith("command line (")
    session = page.own | {"cookie": first.headers["set-cookie"].partition(";")[0]}
    assert page.upload(session) == 200
    assert (second.status_code, page.waited) == (401, [1.0])


def test_a_one_time_code_is_of_no_use_later(page: ClosedPage) -> None:
    person = page.access.holder_of(AOI)
    assert person
    code = page.access.sessions.make_code(person)
    page.now += CODE_S
    assert page.post("session", json={"code": code}, headers=page.own).status_code == 401


def test_neither_key_nor_code_is_printed_where_it_would_stand_in_a_log(
    page: ClosedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    told = _tell_where(page.address, page.access, page.settings, mcp=False)
    assert f"Staff log in at {page.address}" in told
    for secret in (KEY, AOI, MINH, "code="):
        assert secret not in told


def wrong_ways(page: ClosedPage) -> Iterator[httpx.Response]:
    """What is answered to a wrong key on every way in."""
    made_up = page.own | {"cookie": "qa_session=made-up"}
    yield page.log_in("not-the-key")
    yield page.post("session", data={"key": "not-the-key"}, headers=page.own)
    yield page.post("session", json={"code": "not-the-code"}, headers=page.own)
    yield page.post("gradio_api/upload", files={"files": ("x.txt", b"x")}, headers=made_up)
    yield page.join("refused", ["en"], made_up)
    yield page.get("session", **made_up)


def test_a_wrong_key_costs_its_sender_time_on_every_way_in(page: ClosedPage) -> None:
    for number, answer in enumerate(wrong_ways(page), 1):
        assert page.access.wrong_keys.count == number, answer.request
        assert answer.status_code != 429
    # The time does not go on meanwhile: each waits for those before.
    assert [round(seconds) for seconds in page.waited] == [1, 3, 6, 10, 15, 21]
    assert "qa_wrong_keys_total 6.0" in page.get("metrics").text


def test_beyond_half_a_minute_wrong_keys_are_turned_away_at_once(page: ClosedPage) -> None:
    statuses = [page.log_in("not-the-key").status_code for _ in range(9)]
    assert statuses == [401] * 7 + [429] * 2
    for answer in wrong_ways(page):
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
    assert page.log_in(KEY).status_code == 200  # a right one passes
    assert page.upload(page.session_of(KEY)) == 200
    other = {"x-forwarded-for": "203.0.113.77"}
    assert page.log_in("not-the-key", **other).status_code == 401


def test_a_right_key_does_not_wait_for_the_session_from_before_a_restart(page: ClosedPage) -> None:
    answer = page.log_in(KEY, cookie="qa_session=from-before")
    assert (answer.status_code, page.waited) == (200, [])
    assert answer.headers["set-cookie"].count("qa_session=") == 1


def test_a_right_key_passes_at_once_while_wrong_ones_wait(
    page: ClosedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    are_let_go = threading.Event()
    statuses: list[int] = []

    async def hold(seconds: float) -> None:
        while not are_let_go.is_set():
            await asyncio.sleep(0.01)

    monkeypatch.setattr(page.access, "wrong_keys", WrongKeys(sleep=hold))
    guesses = [
        threading.Thread(target=lambda: statuses.append(page.log_in("not-the-key").status_code))
        for _ in range(3)
    ]
    for each in guesses:
        each.start()
    while page.access.wrong_keys.count < 3:
        time.sleep(0.01)
    session = page.session_of(AOI)
    assert page.upload(session) == 200
    assert "note" in page.call("refused", ["en"], session)
    assert statuses == []
    are_let_go.set()
    for each in guesses:
        each.join()
    assert statuses == [401] * 3


def test_a_wrong_key_takes_its_second(page: ClosedPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page.access, "wrong_keys", WrongKeys())
    started = time.monotonic()
    page.log_in("not-the-key")
    assert time.monotonic() - started >= 1


def test_the_log_has_the_address_of_a_wrong_key_and_not_the_key(
    page: ClosedPage, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        page.log_in("not-the-key", **{"x-forwarded-for": "203.0.113.8"})
    assert caplog.text.count("wrong keys came from 203.0.113.8") == 1
    assert "not-the-key" not in caplog.text


def test_a_browser_that_comes_with_a_session_from_before_a_restart_forgets_it(page: ClosedPage) -> None:
    opened = page.get(cookie="qa_session=from-before", accept="text/html")
    assert opened.status_code == 200
    assert opened.headers["set-cookie"].startswith("qa_session=; Max-Age=0; Path=/;")
    assert page.waited == []
    assert "set-cookie" not in page.get(**page.session_of(KEY), accept="text/html").headers


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b'{"key": null}', b'{"key": ["a-key-for-tests"]}', b'{"key": {}}'),
        *(b"\xff\xfe", b'{"key": "\\ud800"}', b"[" * 60, b'{"key": ""}'),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_what_is_no_key_is_refused_like_a_wrong_one(page: ClosedPage, body: bytes, kind: str) -> None:
    answer = page.post("session", content=body, headers={**page.own, "content-type": kind})
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


def test_a_body_that_is_too_long_for_a_key_is_not_read_to_its_end(page: ClosedPage) -> None:
    body = json.dumps({"key": KEY, "more": "x" * MAX_BODY_BYTES})
    assert page.post("session", content=body, headers=page.own).status_code == 413


def test_what_each_person_changes_is_listed_with_their_name(page: ClosedPage) -> None:
    aoi, minh = page.session_of(AOI), page.session_of(MINH)
    new = page.settings.corpus_dir / "<b>new.txt"
    new.write_text("It is new.", encoding="utf-8")
    page.call("reindex", [None, "", "en"], aoi)
    new.write_text("It is newer.", encoding="utf-8")
    page.call("reindex", [None, "", "en"], minh)
    new.unlink()
    page.call("reindex", [None, "", "en"], aoi)
    page.call("rollback", ["en"], minh)
    changes = list_changes(page.settings.index_dir)[:4]
    assert [(change.who, change.what, change.names) for change in changes] == [
        ("Minh", "rolled_back", (new.name,)),
        ("Aoi", "removed", (new.name,)),
        ("Minh", "updated", (new.name,)),
        ("Aoi", "added", (new.name,)),
    ]
    listed = page.call("changes", ["ja"], minh)
    assert "Minhが前の状態に戻した：&lt;b&gt;new.txt" in listed
    assert listed.index("Aoiが除いた") < listed.index("Minhが差し替えた") < listed.index("Aoiが取り込んだ")


def test_who_is_logged_in_is_said_and_they_can_log_out(page: ClosedPage) -> None:
    assert "Logged in: Aoi" in page.call("login", ["en"], page.session_of(AOI))
    assert "ログイン中：職員" in page.call("login", ["ja"], page.session_of(KEY))
    assert 'class="log-in"' in page.call("login", ["en"], page.own)


def test_where_no_key_is_set_this_machine_s_changes_are_listed_as_such(tmp_path: Path) -> None:
    with serving_closed(tmp_path) as page:
        (page.settings.corpus_dir / "new.txt").write_text("It is new.", encoding="utf-8")
        assert "new.txt" in page.call("reindex", [None, "", "en"])
        assert list_changes(page.settings.index_dir)[0].who == "this machine"
        assert "Somebody at this computer brought in: new.txt" in page.call("changes", ["en"])
        assert page.call("login", ["en"]).count("form") == 0
        elsewhere = {"x-forwarded-for": "203.0.113.5"}
        assert "only from the computer" in page.call("changes", ["en"], elsewhere)
        assert page.get(cookie="qa_session=made-up").status_code == 200
        assert page.log_in("").status_code == 401
        assert page.waited == []


def test_under_a_path_the_session_is_for_that_path(tmp_path: Path) -> None:
    with serving_closed(tmp_path, admin_key=KEY, root_path="/qa") as page:
        answer = page.log_in(KEY)
        assert "; Path=/qa; " in answer.headers["set-cookie"]
        assert "/qa/session" in page.call("login", ["en"], page.own)
        whole = page.post("qa/session", json={"key": KEY}, headers=page.own)  # a proxy that leaves the path
        assert whole.status_code == 200
