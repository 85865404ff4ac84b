"""Facts about translations on the page, held in a real browser against a real server with a scripted model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from openai_server import replying
from page_server import context, page
from pages import REPOSITORY, Server, ask, browser, serving

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser", "context", "page"]

QUOTES = {
    "dalian.txt": "Kitakyushu sent 67 experts to Dalian between 1996 and 2006.",
    "davao.txt": "Davao and Kitakyushu signed a memorandum in November 2017.",
}
TRANSLATIONS = {
    QUOTES["dalian.txt"]: "Kitakyushu đã cử 67 chuyên gia đến Đại Liên từ năm 1996 đến năm 2006.",
    QUOTES["davao.txt"]: "Davao và Kitakyushu đã ký biên bản ghi nhớ vào tháng 11 năm 2018.",
}
EXPERTS = "Kitakyushu đã cử bao nhiêu chuyên gia đến Đại Liên?"
EXPERTS_IN_ENGLISH = "How many experts did Kitakyushu send to Dalian?"
FOLLOW_UP, WHOLE = "Còn họ đến từ khi nào?", "Chuyên gia đã được cử đến Đại Liên từ khi nào?"


def reply(messages: Sequence[dict[str, str]]) -> str:
    told, asked = messages[0]["content"], messages[-1]["content"]
    if "Last question:" in asked:
        return WHOLE
    if told.startswith("Translate"):
        return next((TRANSLATIONS[quote] for quote in TRANSLATIONS if quote in asked), EXPERTS_IN_ENGLISH)
    return "NO_ANSWER"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("translation")
    own = folder / "own"
    own.mkdir()
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", own)
    for name, text in QUOTES.items():
        (own / name).write_text(text, encoding="utf-8")
    with replying(reply) as address:
        more: dict[str, Any] = {
            "QA_CORPUS_DIR": str(own),
            "QA_THRESHOLD": "0",
            "QA_MAX_STATEMENTS": "1",
            "QA_LLM": "openai:scripted",
            "QA_LLM_BASE_URL": address,
        }
        with serving(folder, key="", **more) as running:
            yield running


def test_a_reader_asks_for_a_translation_and_it_stays(page: Page) -> None:
    answer = ask(page, EXPERTS)
    expect(answer).to_contain_text(f"Cũng đã tìm với câu: {EXPERTS_IN_ENGLISH}")
    card = page.locator(".evidence:visible .card").first
    expect(card.locator("mark")).to_have_text(QUOTES["dalian.txt"])
    button = card.locator("button.translate")
    expect(button).to_have_text("Translate into Vietnamese")

    button.focus()
    page.keyboard.press("Enter")

    translated = card.locator(".translated")
    expect(translated).to_have_text(TRANSLATIONS[QUOTES["dalian.txt"]])
    expect(translated).to_have_attribute("lang", "vi")
    expect(card.locator(".translation")).to_contain_text("Translated by a machine, not a quotation")
    expect(card.locator(".translation")).to_be_focused()
    expect(card.locator("mark")).to_have_text(QUOTES["dalian.txt"])

    page.reload()
    expect(page.locator(".evidence:visible .translated")).to_have_text(TRANSLATIONS[QUOTES["dalian.txt"]])


def test_a_follow_up_is_shown_as_it_was_understood(page: Page) -> None:
    ask(page, EXPERTS)

    expect(ask(page, FOLLOW_UP)).to_contain_text(f"Được hiểu là: {WHOLE}")


def test_a_translation_with_another_year_is_not_shown(page: Page) -> None:
    ask(page, "Davao đã ký biên bản ghi nhớ khi nào?")
    card = page.locator(".evidence:visible .card").first
    expect(card.locator("mark")).to_have_text(QUOTES["davao.txt"])

    card.locator("button.translate").click()

    expect(card.locator(".translation")).to_have_text("No translation could be made that holds.")


def test_a_quote_in_the_askers_language_has_no_button(page: Page) -> None:
    ask(page, EXPERTS_IN_ENGLISH)

    expect(page.locator(".evidence:visible .card mark").first).to_have_text(QUOTES["dalian.txt"])
    expect(page.locator("button.translate")).to_have_count(0)
