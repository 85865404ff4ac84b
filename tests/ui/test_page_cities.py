"""Facts about the cities' tab, held in a real browser against a real server with the real models."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from page_server import call_endpoint, call_reindex, context, page, server
from pages import ANSWER_MS, Server, ask, browser, open_page
from qa.overview.timeline_pages import MAX_EVENTS

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser", "context", "page", "server"]

SIZES = [(1280, 900), (390, 844)]
COMPLETE, FAILED = '"success":true,"title":null', '"success":false'
"""What stands in the last of a call's messages that went well, and of one that did not."""


def open_cities(page: Page) -> Locator:
    """The cards, once nothing is looked for any more."""
    tab = page.locator("#tab-cities-button")
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(page.locator(".city-card").first).to_be_visible()
    expect(page.locator(".city-cards .pending")).to_have_count(0, timeout=ANSWER_MS)
    return page.locator(".city-card")


def choose(page: Page, city: str) -> Locator:
    """The whole card of a city that is chosen on its small one."""
    page.locator(f'.city-more[data-city="{city}"]').click()
    expect(page.locator(".city-choice")).to_contain_text(city)
    expect(page.locator(".city-cards .pending")).to_have_count(0, timeout=ANSWER_MS)
    return page.locator(".city-card")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_cards_tell_of_each_city_and_a_chosen_one_in_full(
    browser: Browser, server: Server, width: int, height: int
) -> None:
    visit = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    try:
        page = open_page(visit.new_page(), server.address)
        cards = open_cities(page)
        expect(cards).to_have_count(5)
        for card in cards.all():
            expect(card.locator("blockquote")).to_have_count(1)
            expect(card).to_contain_text("documents: ")
        card = choose(page, "Surabaya")
        expect(card).to_have_count(1)
        expect(page.locator(".city-choice")).to_contain_text("Questions are asked only about Surabaya.")
        expect(page.locator('a.map-city[data-city="Surabaya"]')).to_have_attribute("aria-pressed", "true")
        expect(card.locator("blockquote", has_text="20,000 households")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        opened = card.locator(".city-quotes li").first
        opened.locator("summary").click()
        mark = opened.locator(".document mark")
        expect(mark).to_be_in_viewport()
        assert mark.inner_text().split() == opened.locator("> blockquote").inner_text().split()
        page.locator(".city-all").click()
        expect(cards).to_have_count(5)
        expect(page.locator(".city-choice")).to_have_count(0)
    finally:
        visit.close()


def test_a_document_of_a_card_is_opened_and_downloaded(page: Page) -> None:
    open_cities(page)
    document = choose(page, "Dalian").locator(".city-documents li")
    expect(document).to_have_count(1)
    document.locator("summary").click()
    expect(document.locator(".document")).to_contain_text("67 experts")
    with page.expect_download() as download:
        document.locator("a.original").click()
    assert download.value.suggested_filename == "dalian.md"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_asking_from_a_card_is_narrowed_to_its_city(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.locator("#cities label", has_text="Davao").click()
    page.locator("#tab-cities-button").click()
    page.locator(".city-all").click()
    open_cities(page)
    choose(page, "Dalian").locator(".city-ask").click()
    expect(page.locator("#question textarea")).to_be_focused()
    expect(page.locator("#cities label:has(input:checked)")).to_have_text("Dalian")
    answer = ask(page, "How many experts did Kitakyushu send?")
    expect(answer.locator(".note")).to_have_text("Searched only documents about Dalian.")
    expect(answer.locator(".statement", has_text="67 experts").first).to_be_visible()


def test_the_tab_follows_the_language_and_the_boxes_while_it_is_open(page: Page) -> None:
    page.locator("#cities label", has_text="Surabaya").click()
    open_cities(page)
    expect(page.locator(".city-choice")).to_contain_text("Surabaya")
    page.locator("#language input").click()
    page.get_by_role("option", name="日本語").click()
    expect(page.locator(".city-choice")).to_contain_text("スラバヤ", timeout=ANSWER_MS)
    expect(page.locator(".city-card h3")).to_have_text(re.compile("スラバヤ.*Surabaya"))
    expect(page.locator(".city-card .place").first).to_contain_text("インドネシア")
    expect(page.locator(".timeline h2")).to_have_text("年表")
    expect(page.locator(".map-name", has_text="大連")).to_be_visible()


def test_nothing_of_the_tab_is_sent_before_it_is_opened(page: Page) -> None:
    received: list[str] = []

    def keep(request: Request) -> None:
        response = request.response()
        if response and "/queue/data" in response.url:
            received.append(response.text())

    page.on("requestfinished", keep)
    page.reload()
    expect(page.locator("#ask")).not_to_be_empty()
    page.locator("#cities label", has_text="Dalian").click()
    page.wait_for_timeout(2000)
    assert received
    assert page.locator(".timeline-event, .city-card, a.map-city").count() == 0
    answers = page.evaluate(
        "JSON.stringify(window.gradio_config?.components?.map((each) => each.props?.value))"
    )
    assert "timeline-event" not in str(answers)
    page.locator("#tab-cities-button").click()
    expect(page.locator(".timeline-event").first).to_be_visible()


def test_nobody_calls_the_tab_s_endpoints_into_an_error(server: Server) -> None:
    for data in ([[], "km", True], [[], "en", False]):
        answer = call_endpoint(server, "cities", list(data))
        assert COMPLETE in answer
        assert FAILED not in answer
    # Gradio itself refuses what the boxes and the list of languages were not given.
    for data in ([["Atlantis"], "en", True], [[], "xx", True]):
        assert "not in the list of choices" in call_endpoint(server, "cities", list(data))
    assert "timeline" in call_endpoint(server, "years", [[], "en", None])


def test_many_dated_statements_come_in_portions_of_years(page: Page, server: Server) -> None:
    many = server.corpus / "bridges.md"
    lines = [f"Bridge number {each} of Moji was opened in May {1950 + each % 46}." for each in range(230)]
    many.write_text("# Bridges\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    try:
        assert COMPLETE in call_reindex(server)
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        open_cities(page)
        events = page.locator(".timeline-event")
        expect(events.last).to_contain_text("2050")
        assert 100 < events.count() <= MAX_EVENTS
        expect(page.locator(".timeline")).to_contain_text(f"{events.count()} of ")
        page.locator("#years input").click()
        page.get_by_role("option").last.click()
        expect(events.first).to_contain_text("1950")
        assert 0 < events.count() < 100
    finally:
        many.unlink()
        call_reindex(server)
