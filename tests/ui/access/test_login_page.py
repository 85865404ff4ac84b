"""Facts about logging in with a real browser, where reading wants a key, and with a one-time code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from accessibility import EDGES, examine, hold
from closed_page import DALIAN, PANDAS, ClosedPage, serving_closed
from pages import SCHEMES, browser, open_page
from qa.ui.access.sessions import SESSION_S
from sites import start_site

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.slow, pytest.mark.filterwarnings(PANDAS)]

READ, AOI = "the-readers-own-key", "aois-own-long-key"

expect.set_options(timeout=20_000)  # the machines are shared


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedPage]:
    """A page that wants a key of its readers."""
    with serving_closed(tmp_path_factory.mktemp("closed"), read_key=READ, admin_keys=(f"Aoi={AOI}",)) as page:
        yield page


@pytest.fixture
def context(browser: Browser, site: ClosedPage) -> Iterator[BrowserContext]:
    site.access.wrong_keys._lines.clear()
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


def give_key(page: Page, key: str = READ) -> None:
    page.locator("#key").fill(key)
    page.keyboard.press("Enter")


def expect_open(page: Page) -> None:
    """The page itself, and no form that wants a key."""
    expect(page.locator("#ask")).not_to_be_empty()
    expect(page.locator("#key")).to_have_count(0)


def test_a_reader_logs_in_and_gets_an_answer_to_what_they_followed(
    context: BrowserContext, site: ClosedPage
) -> None:
    page = context.new_page()
    page.goto(f"{site.address}?q=experts%20to%20Dalian%20Kitakyushu%20sent%3F")
    give_key(page, "not-the-key")
    expect(page.locator("#problem")).to_have_text("This key is not right.")
    page.reload()
    expect(page.locator("#key")).to_be_visible()
    page.goto(f"{site.address}?q=experts%20to%20Dalian%20Kitakyushu%20sent%3F")
    give_key(page)
    expect(page.locator(".turn .statement").first).to_contain_text(DALIAN)
    (cookie,) = context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("qa_session", True, "Strict")
    expect_open(open_page(context.new_page(), site.address))


def test_no_script_is_needed_to_log_in(browser: Browser, site: ClosedPage) -> None:
    context = browser.new_context(java_script_enabled=False, locale="ja")
    page = context.new_page()
    page.goto(site.address)
    expect(page.locator("form p").first).to_contain_text("キーを入力してください")
    give_key(page)
    expect(page.locator("#first-sight h1")).to_be_visible()
    context.close()


def test_whoever_is_logged_in_follows_another_site_s_link_without_a_key(
    context: BrowserContext, site: ClosedPage, tmp_path: Any
) -> None:
    page = context.new_page()
    page.goto(site.address)
    give_key(page)
    expect_open(page)
    server, other = start_site(tmp_path)
    (tmp_path / "index.html").write_text(
        f'<a href="{site.address}?lang=vi">Kitakyushu QA</a>', encoding="utf-8"
    )
    page.goto(other.address)
    page.get_by_role("link").click()
    expect_open(page)
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    server.shutdown()
    server.server_close()


def test_a_session_that_ends_leads_back_to_the_form_and_the_conversation_is_kept(
    context: BrowserContext, site: ClosedPage
) -> None:
    page = context.new_page()
    page.goto(f"{site.address}?q=experts%20to%20Dalian%20Kitakyushu%20sent%3F")
    give_key(page)
    expect(page.locator(".turn .statement").first).to_contain_text(DALIAN)
    page.goto(site.address)
    expect(page.locator(".turn .statement").first).to_contain_text(DALIAN)
    site.now += SESSION_S
    with suppress(Error):  # whatever the page asks for next leads away from it, also while this is said
        page.evaluate("void fetch('config')")
    give_key(page)
    expect(page.locator(".turn .statement").first).to_contain_text(DALIAN)


@pytest.mark.parametrize("again", [False, True])
def test_a_one_time_code_opens_the_page_once(context: BrowserContext, site: ClosedPage, again: bool) -> None:
    person = site.access.holder_of(AOI)
    assert person
    code = site.access.sessions.make_code(person)
    if again:
        assert site.access.sessions.take_code(code)
    page = context.new_page()
    page.goto(f"{site.address}?lang=vi#code={code}")
    if again:
        expect(page.locator("#key")).to_be_visible()
    else:
        expect_open(page)
    expect(page).to_have_url(re.compile(r"\?lang=vi$"))


def test_readers_log_out_on_the_page(context: BrowserContext, site: ClosedPage) -> None:
    page = context.new_page()
    page.goto(site.address)
    give_key(page)
    expect_open(page)
    page.get_by_role("tab").nth(2).click()
    page.locator("#staff > button").click()
    expect(page.locator("#login .log-in")).to_be_visible()
    page.locator("#login .log-out button").click()
    expect(page.locator("#key")).to_be_visible()
    assert context.cookies() == []


def test_the_form_is_for_everybody_and_fits_every_window(browser: Browser, site: ClosedPage) -> None:
    findings = []
    for scheme in SCHEMES:
        for width in (*EDGES, 320):
            page = browser.new_page(
                locale="km",
                color_scheme=scheme,
                viewport={"width": width, "height": 640},
            )
            page.goto(site.address)
            expect(page.locator("#key")).to_be_focused()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            findings += examine(page, f"login at {width} px, {scheme}")
            page.close()
    hold(findings)


@pytest.fixture
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedPage]:
    """A page that everybody may read, and staff with a key may change."""
    with serving_closed(tmp_path_factory.mktemp("staffed"), admin_keys=(f"Aoi={AOI}",)) as page:
        yield page


def test_a_one_time_code_lets_staff_in_and_goes_from_the_address(
    browser: Browser, staffed: ClosedPage
) -> None:
    person = staffed.access.holder_of(AOI)
    assert person
    page = browser.new_page(locale="en-GB")
    open_page(page, f"{staffed.address}#code={staffed.access.sessions.make_code(person)}")
    assert page.url == staffed.address
    page.get_by_role("tab").nth(2).click()
    page.locator("#staff > button").click()
    expect(page.locator("#login")).to_contain_text("Logged in: Aoi")
    expect(page.locator("#reindex")).to_be_visible()
    page.close()
