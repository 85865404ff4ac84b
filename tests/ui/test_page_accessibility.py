"""The page is for everybody: axe-core finds nothing serious on any screen, and the keyboard reaches all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, product
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from accessibility import EDGES, GRAVE, Finding, examine, hold
from pages import (
    SCHEMES,
    SCREENS,
    SURABAYA,
    WIDTHS,
    Server,
    ask,
    browser,
    open_page,
    serving,
    settle,
    show,
)

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("accessible")) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(locale="en-GB", reduced_motion="reduce", viewport={"width": 1440, "height": 900})
    yield page
    page.close()


def test_axe_finds_nothing_grave_on_any_screen(page: Page, server: Server) -> None:
    open_page(page, server.address)
    findings: list[Finding] = []
    for name, step in SCREENS.items():
        show(page, width=max(WIDTHS), scheme="light")
        step(page)
        for width, scheme in product(EDGES, SCHEMES):
            show(page, width=width, scheme=scheme)
            findings += examine(page, f"{name} at {width} px, {scheme}")
    hold(findings)


@pytest.mark.parametrize("language", ["km", "ja"])
def test_axe_finds_nothing_grave_in_another_language(page: Page, server: Server, language: str) -> None:
    open_page(page, f"{server.address}?lang={language}")
    findings = examine(page, f"first screen in {language}")
    page.locator(".example:visible").first.click()
    expect(page.locator(".turn .statement").first).to_be_visible(timeout=60_000)
    findings += examine(page, f"answer in {language}")
    for number in (1, 2):
        page.get_by_role("tab").nth(number).click()
        settle(page)
        findings += examine(page, f"tab {number} in {language}")
    hold(findings)


def test_axe_finds_a_fault_that_is_planted(page: Page, server: Server) -> None:
    open_page(page, server.address)
    faults = '<img src="data:,"><p style="color: #ddd">hardly to be read</p>'
    page.locator("#note p").evaluate("(note, faults) => { note.outerHTML = faults; }", faults)
    found = {each.rule for each in examine(page, "planted") if each.impact in GRAVE}
    assert found == {"image-alt", "color-contrast"}


PLACES = {
    "first": ["language", "tabs", "question", "cities", "actions", "examples", "note"],
    "answer": [
        *(
            "language",
            "tabs",
            "conversation",
            "suggestions",
            "question",
            "cities",
            "actions",
            "evidence",
            "note",
        ),
    ],
    "cities": ["language", "tabs", "map", "city-cards", "timeline", "note"],
    "documents": ["language", "tabs", "coverage", "search", "documents", "staff", "note"],
}
"""Where the focus goes on a screen, from the page's top to its end."""

FOCUSED = """(places) => {
  const element = document.activeElement;
  if (element === document.body) return null;
  element.dataset.reached = "yes";
  const box = element.getBoundingClientRect();
  const around = [element, element.closest("label"), element.closest(".wrap")].filter(Boolean);
  const rings = around.map((each) => getComputedStyle(each));
  const pill = element.querySelector(".map-pill, .map-dot");
  return {
    place: places.find((id) => element.closest(id === "tabs" ? "#tabs > .tab-wrapper" : "#" + id)) ?? "elsewhere",
    element: element.outerHTML.slice(0, 200),
    isRinged: rings.some((ring) => (ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2)
      || /(^| )0px 0px 0px [1-9]/.test(ring.boxShadow))
      || (pill !== null && parseFloat(getComputedStyle(pill).strokeWidth) >= 2),
    isInView: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""

UNREACHED = """() => [...document.querySelectorAll("a[href], button, input, textarea, summary, [role=button]")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.getBoundingClientRect().width > 1)
  .filter((each) => !each.disabled && each.tabIndex >= 0 && !each.dataset.reached)
  .map((each) => each.outerHTML.slice(0, 200))"""


def walk(page: Page, screen: str) -> list[str]:
    """Where the focus is as Tab is pressed from the page's top to its end, each place once; at every stop the
    focus can be seen, and no control is left out."""
    page.evaluate(
        "document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')"
    )
    stops: list[dict[str, Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED, PLACES[screen])
        if stop is None:
            break
        stops.append(stop)
    assert [stop["element"] for stop in stops if not (stop["isRinged"] and stop["isInView"])] == []
    assert page.evaluate(UNREACHED) == []
    return [place for place, _ in groupby(stop["place"] for stop in stops)]


def test_tab_goes_everywhere_in_order_and_the_focus_can_be_seen(page: Page, server: Server) -> None:
    open_page(page, server.address)
    assert walk(page, "first") == PLACES["first"]
    ask(page, SURABAYA)
    expect(page.locator("button.suggestion").first).to_be_visible()
    settle(page)
    assert walk(page, "answer") == PLACES["answer"]
    for number, screen in ((1, "cities"), (2, "documents")):
        page.get_by_role("tab").nth(number).click()
        settle(page)
        assert walk(page, screen) == PLACES[screen]


def test_a_question_its_evidence_and_the_way_back_need_no_mouse(page: Page, server: Server) -> None:
    open_page(page, server.address)
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.type(SURABAYA)
    page.keyboard.press("Enter")
    mark = page.locator("a.mark").first
    expect(mark).to_be_visible(timeout=60_000)
    page.get_by_role("tab").last.focus()
    page.keyboard.press("Tab")
    expect(mark).to_be_focused()
    page.keyboard.press("Enter")
    card = page.locator(".card").first
    expect(card).to_be_focused()
    page.keyboard.press("Tab")
    expect(card.locator("a.back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(mark).to_be_focused()


def test_the_language_is_chosen_with_the_keyboard(page: Page, server: Server) -> None:
    open_page(page, server.address)
    page.locator("#language input").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("html")).not_to_have_attribute("lang", "en")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_title_is_there_before_any_script_and_does_not_move(
    browser: Browser, server: Server, width: int, scheme: Literal["light", "dark"]
) -> None:
    size: ViewportSize = {"width": width, "height": WIDTHS[width]}
    context = browser.new_context(locale="ja", viewport=size, color_scheme=scheme)
    without, page = context.new_page(), context.new_page()
    without.route("**/*.js", lambda route: route.abort())
    without.goto(server.address)
    early = without.locator("#first-sight h1")
    expect(early).to_be_visible()
    open_page(page, server.address)
    expect(page.locator("#first-sight")).to_be_hidden()
    drawn = page.locator("#header h1")
    expect(drawn).to_have_text(early.inner_text())
    colour = "getComputedStyle(document.body).backgroundColor"
    assert without.evaluate(colour) == page.evaluate(colour)
    before, after = early.bounding_box(), drawn.bounding_box()
    assert before is not None
    assert after is not None
    assert [abs(before[side] - after[side]) < 4 for side in ("x", "y", "height")] == [True] * 3
    context.close()
