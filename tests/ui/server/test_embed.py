"""Facts about the page within another site, held in a real browser: two sites, of which one may show it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from pages import ANSWER_MS, Server, browser, serving
from sites import Site, start_site

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser"]  # a fixture, which pytest finds by its name here

JAPANESE = 'data-language="ja" data-city="Surabaya"'


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """The site that may show the page, and one that may not."""
    started = [start_site(tmp_path_factory.mktemp(name)) for name in ("partner", "stranger")]
    yield started[0][1], started[1][1]
    for server, _ in started:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sites: tuple[Site, Site]) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("embedded")
    with serving(folder, QA_EMBED_ORIGINS=sites[0].address) as running:
        yield running


@pytest.fixture
def visit(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", color_scheme="dark"
    )
    yield context.new_page()
    context.close()


def open_frame(visit: Page, site: Site, *, language: str = "en") -> FrameLocator:
    visit.goto(site.address)
    frame = visit.frame_locator("iframe")
    expect(frame.locator("#header h1")).to_be_visible(timeout=ANSWER_MS)
    # The last that happens when the page opens; before, it does not know who asks.
    expect(frame.locator("html")).to_have_attribute("lang", language, timeout=ANSWER_MS)
    return frame


def test_one_line_puts_the_page_into_a_site_that_may_show_it(
    visit: Page, server: Server, sites: tuple[Site, Site]
) -> None:
    sites[0].put(server, JAPANESE)
    frame = open_frame(visit, sites[0], language="ja")
    element = visit.locator("script + iframe")
    expect(element).to_have_attribute("title", "北九州市とアジアの都市")
    expect(element).to_have_attribute("loading", "lazy")
    expect(visit.locator("iframe + #after")).to_be_visible()
    expect(frame.locator("html")).to_have_attribute("lang", "ja")
    expect(frame.get_by_label("スラバヤ")).to_be_checked()
    expect(frame.locator(".masthead h1")).to_be_visible()
    expect(frame.locator(".masthead .intro")).to_be_hidden()


def test_a_question_is_answered_and_rated_there_without_anything_kept_in_the_browser(
    visit: Page, server: Server, sites: tuple[Site, Site]
) -> None:
    sites[0].put(server, JAPANESE)
    frame = open_frame(visit, sites[0], language="ja")
    # This browser keeps nothing for a site within another: what the page must do without.
    refused = "() => { try { return String(sessionStorage.length); } catch (error) { return error.name; } }"
    assert visit.frames[1].evaluate(refused) == "SecurityError"
    frame.locator("#question textarea").fill("スラバヤでは何世帯がコンポストを行っていますか？")
    frame.locator("#ask").click()
    expect(frame.locator(".statement")).to_contain_text("20,000", timeout=ANSWER_MS)
    frame.locator("a.mark").first.click()
    expect(frame.locator(".card.is-found mark")).to_be_visible()
    frame.locator("button.rate").first.click()
    expect(frame.locator(".rating .thanks")).not_to_be_empty()
    assert visit.context.cookies() == []


def test_another_site_is_refused(visit: Page, server: Server, sites: tuple[Site, Site]) -> None:
    said: list[str] = []
    visit.on("console", lambda message: said.append(message.text))
    sites[1].put(server)
    visit.goto(sites[1].address)
    expect(visit.locator("iframe")).to_be_attached()
    visit.wait_for_function("document.querySelector('iframe').contentDocument === null")
    visit.wait_for_timeout(1000)
    assert any("frame-ancestors" in text for text in said)
    assert visit.frames[1].url.startswith("chrome-error:")


@pytest.mark.parametrize(
    ("look", "theme"),
    [("", "light"), ("color-scheme: light dark", "dark"), ("color-scheme: dark", "dark")],
)
def test_the_frame_has_dark_colours_only_where_the_site_has(
    visit: Page, server: Server, sites: tuple[Site, Site], look: str, theme: str
) -> None:
    sites[0].put(server)
    page = sites[0].folder / "index.html"
    page.write_text(page.read_text().replace("<html", f'<html style="{look}"'), encoding="utf-8")
    frame = open_frame(visit, sites[0])
    assert ("dark" in (frame.locator("body").get_attribute("class") or "")) == (theme == "dark")


@pytest.mark.parametrize(("options", "height"), [("", 768), ('data-height="500px"', 500)])
def test_the_frame_takes_the_width_there_is_and_a_height_that_can_be_set(
    visit: Page, server: Server, sites: tuple[Site, Site], options: str, height: int
) -> None:
    sites[0].put(server, options)
    open_frame(visit, sites[0])
    box = visit.locator("iframe").bounding_box()
    assert box is not None
    assert box["height"] == height
    visit.set_viewport_size({"width": 390, "height": 844})
    assert visit.evaluate("document.documentElement.scrollWidth") == 390
    frame = visit.frames[1]
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_title_and_the_site_s_own_language_name_the_frame(
    visit: Page, server: Server, sites: tuple[Site, Site]
) -> None:
    sites[0].put(server, 'data-title="Ask &lt;b&gt; us"')
    visit.goto(sites[0].address)
    expect(visit.locator("iframe")).to_have_attribute("title", "Ask <b> us")
    sites[0].put(server, 'data-language="xx"')
    visit.goto(sites[0].address)
    expect(visit.locator("iframe")).to_have_attribute("title", "Kitakyushu and the cities of Asia")


def test_any_site_may_load_the_script_and_nothing_else(server: Server) -> None:
    script = httpx.get(f"{server.address}embed.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert httpx.get(server.address).headers["cross-origin-resource-policy"] == "same-origin"


def test_the_description_for_programs_opens_and_asks_no_other_host(visit: Page, server: Server) -> None:
    asked: set[str] = set()
    visit.on("request", lambda request: asked.add(request.url))
    visit.goto(f"{server.address}?view=api")
    described = visit.locator(".api-docs")
    for name in ("ask", "search", "list_documents"):
        expect(described.get_by_text(f"/{name}").first).to_be_attached(timeout=ANSWER_MS)
    assert {url for url in asked if not url.startswith((server.address, "data:", "blob:"))} == set()
    visit.goto(server.address)
    expect(visit.locator("#ask")).not_to_be_empty()
    expect(visit.locator("footer")).to_be_hidden()


def test_a_server_that_was_not_told_to_has_no_tools(server: Server) -> None:
    assert httpx.post(f"{server.address}gradio_api/mcp/", json={}).status_code in (404, 405)
    assert httpx.get(f"{server.address}gradio_api/mcp/schema").status_code == 404
