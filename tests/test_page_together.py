"""Facts about many visitors at once, in a real browser against a real server with the real models."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Page, expect

from test_page import (
    ANSWER_MS,
    KEY,
    SURABAYA,
    Server,
    ask,
    browser,
    call_reindex,
    context,
    open_page,
    page,
    server,
)

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser", "context", "page", "server"]

ASKED = {
    "How many experts did Kitakyushu send to Dalian?": "67",
    "How many households compost in Surabaya?": "20,000",
    "When did Phnom Penh become a sister city of Kitakyushu?": "March 2016",
    "When did Davao sign the memorandum with Kitakyushu?": "November 2017",
    "What was introduced at the Vinh Bao water treatment plant?": "U-BCF",
    "How many pilot projects does Hai Phong's plan have?": "15 pilot projects",
    "By when does Kitakyushu intend to be a zero-carbon city?": "2050",
    "When did Surabaya and Kitakyushu conclude their memorandum?": "November 2012",
}
"""Eight people's questions, and what the answer to each holds and to no other does."""


def test_eight_people_at_once_get_their_own_answers(browser: Browser, server: Server) -> None:
    contexts = [browser.new_context() for _ in ASKED]
    try:
        pages = [open_page(each, server.address) for each in contexts]
        for visitor, question in zip(pages, ASKED, strict=True):
            visitor.locator("#question textarea").fill(question)
        for visitor in pages:
            visitor.locator("#ask").click(no_wait_after=True)
        for visitor, (question, held) in zip(pages, ASKED.items(), strict=True):
            expect(visitor.locator(".turn .statement").first).to_be_visible(timeout=ANSWER_MS)
            assert visitor.locator(".turn .asked").inner_text().endswith(question)
            said = visitor.locator(".turn .answer").inner_text()
            assert held in said
            assert not [other for other in ASKED.values() if other != held and other in said]
    finally:
        for each in contexts:
            each.close()


def test_asking_does_not_wait_for_documents_that_are_brought_in(page: Page, server: Server) -> None:
    words = "harbour bridge lamp garden school market road tree river boat tower clock".split()
    rng = random.Random(1)
    lines = [f"Report {each} speaks of {' and '.join(rng.sample(words, 8))}." for each in range(3_000)]
    long = server.corpus / "long.md"
    long.write_text("# Reports\n\n" + "\n".join(lines), encoding="utf-8")
    try:
        with ThreadPoolExecutor(1) as threads:
            brought_in = threads.submit(call_reindex, server, KEY)
            answer = ask(page, SURABAYA)
            expect(answer).to_contain_text("compost")
            assert not brought_in.done()
            assert "event: complete" in brought_in.result()
    finally:
        long.unlink()
        call_reindex(server, KEY)
