"""Takes pictures of all that the page can show: `make screenshots`.

A server of its own reads a fresh copy of `corpus/`. Each screen of a visit is pictured at three widths, in light
and in dark, and the first screen and an answer in each language; the README's picture is taken, too. Wants
chromium and what `make test` installs.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pages import (
    REPOSITORY,
    SCHEMES,
    SCREENS,
    SURABAYA,
    WIDTHS,
    Server,
    ask,
    launch_chromium,
    open_page,
    press_ask,
    serving,
    settle,
    show,
)
from qa.i18n.messages import LANGUAGES

READ_KEY = "a-readers-key-for-pictures"
README_WIDTH = 1280
README_COLOURS = 256
"""A picture of text looks the same with a palette, and takes a third of the room."""


def main() -> None:
    """Nothing; afterwards the pictures are in the folder."""
    parser = argparse.ArgumentParser(description="Take pictures of all that the page can show.")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "docs" / "screenshots")
    parser.add_argument("--readme", type=Path, default=REPOSITORY / "docs" / "page.png")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = launch_chromium(playwright)
        picture_readme(browser, server, options.readme)
        picture_languages(browser, server, options.folder)
        picture_waiting(browser, server, options.folder)
        picture_visit(browser, server, options.folder)  # the last: it brings in a document
        picture_login(browser, options.folder)
        browser.close()
    print(f"{len(list(options.folder.glob('*.png')))} pictures are in {options.folder}")


def picture_visit(browser: Browser, server: Server, folder: Path) -> None:
    """Nothing; every screen of a visit is pictured."""
    page = browser.new_page(locale="en-GB", reduced_motion="reduce")
    open_page(page, server.address)
    for number, (name, step) in enumerate(SCREENS.items(), 1):
        show(page, width=max(WIDTHS), scheme="light")
        step(page)
        _picture(page, folder, f"{number:02}-{name}")
    page.close()


def picture_waiting(browser: Browser, server: Server, folder: Path) -> None:
    """Nothing; what the page shows while it looks for an answer is pictured."""
    for width, height in WIDTHS.items():
        page = browser.new_page(
            locale="en-GB", reduced_motion="reduce", viewport={"width": width, "height": height}
        )
        press_ask(open_page(page, server.address), SURABAYA)
        with server.held():
            for scheme in SCHEMES:
                show(page, width=width, scheme=scheme)
                page.screenshot(path=folder / f"{len(SCREENS) + 1:02}-waiting-{width}-{scheme}.png")
        page.close()


def picture_login(browser: Browser, folder: Path) -> None:
    """Nothing; what readers see where reading wants a key is pictured, before and after a wrong one."""
    with tempfile.TemporaryDirectory() as closed, serving(Path(closed), QA_READ_KEY=READ_KEY) as server:
        page = browser.new_page(locale="en-GB", reduced_motion="reduce")
        for name in ("login", "login-wrong"):
            page.goto(server.address)
            if name == "login-wrong":
                page.locator("#key").fill("not-the-key")
                page.keyboard.press("Enter")
                expect(page.locator("#problem")).not_to_be_empty()
            for scheme in SCHEMES:
                for width, height in WIDTHS.items():
                    page.set_viewport_size({"width": width, "height": height})
                    page.emulate_media(color_scheme=scheme)
                    page.screenshot(path=folder / f"{len(SCREENS) + 2:02}-{name}-{width}-{scheme}.png")
        page.close()


def _picture(page: Page, folder: Path, name: str) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            show(page, width=width, scheme=scheme)
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)


def picture_languages(browser: Browser, server: Server, folder: Path) -> None:
    """Nothing; in every language the first screen is pictured, and the answer to its first example."""
    for language in LANGUAGES:
        page = browser.new_page(reduced_motion="reduce")
        open_page(page, f"{server.address}?lang={language}")
        for name in ("first", "answer"):
            if name == "answer":
                page.locator(".example:visible").first.click()
                expect(page.locator(".turn .statement").first).to_be_visible(timeout=60_000)
                settle(page)
            for width in (max(WIDTHS), min(WIDTHS)):
                show(page, width=width, scheme="light")
                page.screenshot(path=folder / f"{language}-{name}-{width}.png", full_page=True)
        page.close()


def picture_readme(browser: Browser, server: Server, path: Path) -> None:
    """Nothing; the README's picture is taken: an answer beside its evidence."""
    page = browser.new_page(viewport={"width": README_WIDTH, "height": 860}, locale="en-GB")
    ask(open_page(page, server.address), "How did Kitakyushu help Surabaya with its waste?")
    settle(page)
    page.screenshot(path=path, full_page=True)
    page.close()
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(README_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
