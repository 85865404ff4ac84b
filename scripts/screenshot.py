"""Takes the README's picture: `python scripts/screenshot.py ADDRESS docs/page.png [--question …] [--width 1280]`.

Start `qa serve` first. Wants Debian's chromium and the package playwright.
"""

from __future__ import annotations

import argparse
import shutil
import sys

from playwright.sync_api import sync_playwright


def main() -> None:
    """Ask the question on the page at the address and save what it looks like."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address")
    parser.add_argument("picture")
    parser.add_argument("--question", default="How did Kitakyushu help Surabaya with its waste?")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no `chromium` on the path; install Debian's package")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(
            viewport={"width": options.width, "height": 860},
            color_scheme="dark" if options.dark else "light",
            locale="en-GB",
        )
        page.goto(options.address)
        page.locator("#ask:not(:empty)").wait_for()
        page.locator("#question textarea").fill(options.question)
        page.locator("#ask").click()
        answer = page.locator(".turn .statement, .turn .refusal")
        answer.first.wait_for(timeout=60_000)
        page.wait_for_timeout(1000)
        page.screenshot(path=options.picture, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
