"""Many people use the page at the same time: each gets their own answer, and nobody waits for staff."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pages import ANSWER_MS, Server, ask, browser, log_in, open_page, open_staff, serving

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser"]

QUESTIONS = {
    "How many experts were dispatched to Dalian?": "67",
    "When did Phnom Penh become a sister city?": "March 2016",
    "How many households compost in Surabaya?": "20,000 households",
    "When was the memorandum with Davao concluded?": "November 2017",
    "When did Hai Phong and Kitakyushu become sister cities?": "2014",
    "When did Dalian receive the Global 500 award?": "2001",
    "When did Kitakyushu and Surabaya conclude a memorandum?": "November 2012",
    "How long does an apple pie stay in the oven?": "",
}
"""A question of each visitor's, and words of its answer; "" where the documents have none."""

SERVER_FUNCTIONS = re.compile("/component_server")

SENTENCES = 8000
"""Of a document that takes two cores about half a minute to read."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("together")) as running:
        yield running


def test_eight_people_who_ask_at_once_each_get_their_own_answer(browser: Browser, server: Server) -> None:
    visits = {question: browser.new_context(locale="en-GB") for question in QUESTIONS}
    pages = {question: open_page(visit.new_page(), server.address) for question, visit in visits.items()}
    for question, page in pages.items():
        page.locator("#question textarea").fill(question)
    for page in pages.values():
        page.locator("#ask").click()
    for question, page in pages.items():
        answer = page.locator(".turn .answer")
        expect(answer.locator(".statement, .refusal").first).to_be_visible(timeout=ANSWER_MS)
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator(".asked")).to_contain_text(question)
        words = QUESTIONS[question]
        if words:
            expect(answer).to_contain_text(words)
            expect(page.locator(".evidence .about")).to_have_text(question)
        else:
            expect(answer.locator(".statement")).to_have_count(0)
    for visit in visits.values():
        visit.close()


def test_a_document_that_was_not_sent_is_fetched_when_it_is_opened_again(
    browser: Browser, server: Server
) -> None:
    page = open_page(browser.new_page(locale="en-GB"), server.address)
    ask(page, "How many experts were dispatched to Dalian?")
    page.route(SERVER_FUNCTIONS, lambda route: route.fulfill(status=429, body="{}"))
    whole = page.locator(".evidence:visible .card details.whole").first
    with page.expect_response(SERVER_FUNCTIONS):
        whole.locator("summary").click()
    expect(whole).not_to_have_attribute("data-is-loaded", "yes")
    page.unroute(SERVER_FUNCTIONS)
    whole.locator("summary").click()
    whole.locator("summary").click()
    expect(whole.locator(".document mark")).to_be_visible()
    page.close()


def test_an_upload_that_takes_long_keeps_nobody_from_asking(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    pumps = [f"Pump {n} of the old waterworks was painted by crew {n * 7919}." for n in range(SENTENCES)]
    long.write_text("\n\n".join([*pumps, "The Tanabata fountain was built in 1957."]), encoding="utf-8")
    staff, visitor = (browser.new_page(locale="en-GB") for _ in range(2))
    open_page(staff, server.address)
    open_page(visitor, server.address)
    open_staff(staff)
    log_in(staff)
    staff.locator("#files input[type=file]").set_input_files(long)
    expect(staff.locator("#files")).to_contain_text("long", timeout=ANSWER_MS)
    staff.locator("#reindex").click()
    for question, words in list(QUESTIONS.items())[:3]:
        expect(ask(visitor, question)).to_contain_text(words)
        expect(staff.locator(".receipt")).to_have_count(0)
    expect(staff.locator(".receipt .added")).to_contain_text("long.txt", timeout=2 * ANSWER_MS)
    expect(ask(visitor, "When was the Tanabata fountain built?")).to_contain_text("1957")
    staff.close()
    visitor.close()
