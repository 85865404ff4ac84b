"""Facts about a running page and what it keeps: old questions go, and a purged document is opened by nothing."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from page_server import call_endpoint
from pages import (
    ANSWER_MS,
    WIDTHS,
    Server,
    ask,
    browser,
    log_in,
    open_page,
    open_staff,
    serving,
    show,
)
from qa.feedback import keep_feedback, list_feedback, most_refused, note_refusal
from qa.i18n.messages import LANGUAGES, say
from qa.loaders import document_id
from remains import found_in
from verdicts import make_older, said

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser"]

NAME = "quittenbaum.md"
SECRET = (
    "# The fund\n\nIn 2011 Frau Quittenbaum of Dalian repaid 4,815 yen to the umbrella fund of Kitakyushu.\n"
)
WORDS = ("Quittenbaum", "quittenbaum", "4,815", "umbrella")
QUESTION = "How much did Frau Quittenbaum of Dalian repay to the umbrella fund?"
OLD = "Who was the old gardener of 1999?"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that is started over questions that are too old, in a folder that is open to everybody."""
    folder = tmp_path_factory.mktemp("privacy")
    index = folder / "index"
    index.mkdir(mode=0o755)
    keep_feedback(said(question=OLD), index)
    note_refusal(OLD, "en", index)
    make_older(index, days=200)
    note_refusal("Where is the moon?", "en", index)
    with serving(folder, more={NAME: SECRET}) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    return open_page(context.new_page(), server.address)


def choose(page: Page, box: str, text: str) -> None:
    page.locator(f"{box} input").click()
    page.locator(f"{box} [role=option]").filter(has_text=text).first.click()
    page.keyboard.press("Escape")


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def deleted_builds_held_by(server: Server) -> list[str]:
    """Files of builds that are deleted, and that the page has open: their words would still be on the disk."""
    opened: list[str] = []
    for path in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            opened.append(os.readlink(path))
    return [path for path in opened if "chroma-" in path and path.endswith("(deleted)")]


def test_at_the_start_what_is_too_old_is_deleted_and_the_index_closed_to_others(server: Server) -> None:
    until = time.monotonic() + 20
    while list_feedback(server.index) and time.monotonic() < until:
        time.sleep(0.1)
    assert list_feedback(server.index) == ()
    assert OLD not in [each.question for each in most_refused(server.index)]
    assert found_in(server.index, ("old gardener",)) == []
    assert server.index.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_is_kept_to_whoever_opens_it_by_keyboard(
    context: BrowserContext, server: Server, language: str
) -> None:
    page = open_page(context.new_page(), f"{server.address}?lang={language}")
    summary = page.locator("#note summary")
    expect(summary).to_have_text(say("kept_heading", language))
    expect(page.locator("#note li").first).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#note li")).to_have_text(
        [
            say(key, language, days=180)
            for key in ("kept_questions", "kept_nobody", "kept_conversation", "kept_removal")
        ]
    )
    for width in WIDTHS:
        show(page, width=width, scheme="light")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_staff_delete_a_single_refused_question(page: Page, server: Server) -> None:
    note_refusal("Who is 555-0100?", "en", server.index)
    open_staff(page)
    log_in(page)
    page.locator("#refused > button").click()
    expect(page.locator(".refused li")).to_contain_text(["555-0100"])

    choose(page, "#unanswered", "555-0100")
    page.locator("#delete-refused").click()

    expect(page.locator(".refused")).not_to_contain_text("555-0100")
    assert "Where is the moon?" in [each.question for each in most_refused(server.index)]
    assert found_in(server.index, ("555-0100",)) == []


@pytest.mark.parametrize(
    ("endpoint", "data"),
    [("purge", ["en", []]), ("delete_refused", ["en", []]), ("doomed", []), ("refused", ["en"])],
)
def test_nobody_does_so_without_logging_in(server: Server, endpoint: str, data: list[object]) -> None:
    before = most_refused(server.index)
    answer = call_endpoint(server, endpoint, data)
    assert "moon" not in answer
    assert NAME not in answer
    if endpoint != "doomed":
        assert "Please log in on this page first." in answer
    assert most_refused(server.index) == before
    assert (server.corpus / NAME).exists()


def test_a_purged_document_is_opened_by_nothing_and_leaves_no_word(page: Page, server: Server) -> None:
    answer = ask(page, QUESTION)
    expect(answer).to_contain_text("4,815")
    answer.locator("button.rate").last.click()
    expect(answer.locator(".thanks")).to_contain_text("Thank you")
    card = page.locator(".evidence:visible .card").first
    original = f"{server.address}original/{document_id(NAME)}"
    assert status_of(original) == 200
    assert {word for _, word in found_in(server.index, WORDS)} == {*WORDS}
    open_staff(page)
    log_in(page)
    page.locator("#purge > button").click()
    choose(page, "#doomed", NAME)

    page.locator("#purge-documents").click()

    receipt = page.locator("#receipt .receipt")
    expect(receipt).to_contain_text(f"Removed for good: {NAME}", timeout=ANSWER_MS)
    expect(receipt).to_contain_text("Verdicts of readers: 1")
    assert found_in(server.index, WORDS) == found_in(server.corpus, WORDS) == []
    assert status_of(original) == 404
    page.get_by_role("tab").first.click()
    card.locator("summary").click()
    expect(card.locator(".whole-body")).to_contain_text("This document is no longer there.")
    # A verdict on the answer that is still on the page brings back none of it, nor does the browser's memory.
    page.locator("button.rate").first.click()
    expect(page.locator(".thanks").last).to_be_empty()
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)
    page.locator(".evidence:visible .card summary").first.click()
    expect(page.locator(".evidence:visible .whole-body").first).to_contain_text("no longer there")
    listed = call_endpoint(server, "list_documents", [])
    assert NAME not in listed
    assert found_in(server.index, WORDS) == []
    until = time.monotonic() + 20
    while (left := deleted_builds_held_by(server)) and time.monotonic() < until:
        time.sleep(0.2)
    assert left == []
