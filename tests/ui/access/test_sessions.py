"""Facts about sessions, one-time codes and the cookie that carries a session."""

from __future__ import annotations

import pytest

import qa.ui.access.sessions
from qa.ui.access.sessions import CODE_S, SESSION_S, Person, SessionCookie, Sessions

AOI = Person("Aoi", is_staff=True)
READER = Person("reader", is_staff=False)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock=clock)


def test_a_token_stands_for_who_began_the_session_until_it_ends(sessions: Sessions) -> None:
    first, second = sessions.begin(AOI), sessions.begin(READER)
    assert first != second
    assert len(first) >= 43  # 256 bits
    assert (sessions.person_of(first), sessions.person_of(second)) == (AOI, READER)
    sessions.end(first)
    assert (sessions.person_of(first), sessions.person_of(second)) == (None, READER)
    sessions.end(first)


@pytest.mark.parametrize("token", ["", "made-up", "x" * 10_000, "\ud800", "日本"])
def test_a_made_up_token_stands_for_nobody(sessions: Sessions, token: str) -> None:
    sessions.begin(AOI)
    assert sessions.person_of(token) is None
    sessions.end(token)


def test_a_session_ends_after_twelve_hours(sessions: Sessions, clock: Clock) -> None:
    token = sessions.begin(AOI)
    clock.now += SESSION_S - 1
    assert sessions.person_of(token) == AOI
    clock.now += 1
    assert sessions.person_of(token) is None
    assert SESSION_S == 12 * 3600


def test_only_a_token_s_hash_is_kept(sessions: Sessions) -> None:
    token, code = sessions.begin(AOI), sessions.make_code(AOI)
    kept = repr([vars(sessions)[name] for name in vars(sessions)])
    assert token not in kept
    assert code not in kept


def test_readers_who_log_in_again_and_again_push_out_readers_only(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.ui.access.sessions, "MAX_SESSIONS", 3)
    staff, reader = sessions.begin(AOI), sessions.begin(READER)
    later = [sessions.begin(READER) for _ in range(3)]
    assert sessions.person_of(staff) == AOI
    assert sessions.person_of(reader) is None
    assert all(sessions.person_of(each) for each in later)


def test_a_code_is_exchanged_once(sessions: Sessions) -> None:
    code = sessions.make_code(AOI)
    assert sessions.take_code("made-up") is None
    assert sessions.take_code(code) == AOI
    assert sessions.take_code(code) is None


def test_a_code_is_exchanged_within_a_quarter_of_an_hour(sessions: Sessions, clock: Clock) -> None:
    late, soon = sessions.make_code(AOI), sessions.make_code(AOI)
    clock.now += CODE_S - 1
    assert sessions.take_code(soon) == AOI
    clock.now += 1
    assert sessions.take_code(late) is None
    assert CODE_S == 15 * 60


@pytest.mark.parametrize(
    ("root_path", "scheme", "cookie"),
    [
        ("", "http", "qa_session=t; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict"),
        ("/qa", "http", "qa_session=t; Max-Age=43200; Path=/qa; HttpOnly; SameSite=Strict"),
        ("", "https", "__Host-qa_session=t; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict; Secure"),
        ("/qa", "https", "__Secure-qa_session=t; Max-Age=43200; Path=/qa; HttpOnly; SameSite=Strict; Secure"),
    ],
)
def test_the_cookie_is_for_this_page_alone_and_out_of_scripts_reach(
    root_path: str, scheme: str, cookie: str
) -> None:
    written = SessionCookie(root_path).write("t", scheme=scheme)
    assert written == cookie
    sent = {"cookie": f'other="a b"; broken; {written.partition(";")[0]}'}
    assert SessionCookie(root_path).read(sent, scheme=scheme) == "t"
    assert "Max-Age=0;" in SessionCookie(root_path).write("", scheme=scheme)


def test_of_two_pages_at_one_host_each_reads_its_own_cookie() -> None:
    sent = {"cookie": "qa_session=of-the-longer-path; qa_session=of-the-shorter"}
    assert SessionCookie("/qa").read(sent, scheme="http") == "of-the-longer-path"


def test_a_cookie_that_came_without_tls_is_not_read_over_it() -> None:
    assert SessionCookie().read({"cookie": "qa_session=t"}, scheme="https") == ""
    assert SessionCookie().read({}, scheme="http") == ""
