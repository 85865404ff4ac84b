"""How quick the page is in a real Chromium, beside a plain chat page over LangChain's tutorial stack.

    PYTHONPATH=tests python benchmarks/page.py [--visits 7] [--old CHECKOUT]

Both are served over the same documents in the same run, and visited in turn by browsers that keep nothing; the
figures are medians. Needs what `benchmarks/retrieval.py` needs, and Debian's chromium. With `--old`, the page of
an older checkout of this repository is measured in the plain one's place.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from pages import REPOSITORY, Server, launch_chromium, serving, wait_for_address

QUESTIONS = (
    "How many experts were dispatched to Dalian?",
    "When did Phnom Penh become a sister city?",
    "How many households compost in Surabaya?",
    "When was the memorandum with Davao concluded?",
    "When did Hai Phong and Kitakyushu become sister cities?",
    "When did Dalian receive the Global 500 award?",
    "What is the composting method used in Surabaya?",
    "Who proposed the sister city agreement with Phnom Penh?",
)
QUIET_MS = 1000
"""After the page can be used: what comes later than this is not waited for."""
LIMIT_MS = 120_000


@dataclass(frozen=True)
class Site:
    """A page to be measured, and where its parts are (CSS)."""

    name: str
    address: str
    box: str
    button: str
    first_words: str
    """What is there as soon as an answer has begun."""
    answer: str
    """Everything that answers, to be compared."""


Figures = dict[str, float]

UNITS = {
    "first paint": "ms",
    "largest paint": "ms",
    "question box usable": "ms",
    "sent to the browser": "KB",
    "requests": "",
    "to other hosts": "",
    "first words after asking": "ms",
    "eight at once: median": "ms",
    "eight at once: last": "ms",
    "eight at once: mixed up": "",
}

PAINTS = """() => new Promise((resolve) => {
  const first = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  new PerformanceObserver((list) => resolve([first, list.getEntries().at(-1).startTime]))
    .observe({ type: "largest-contentful-paint", buffered: true });
})"""

PRESS = """([button, words]) => {
  const start = performance.now();
  const look = () => {
    if (document.querySelector(words)?.innerText.trim()) window.took = performance.now() - start;
    else requestAnimationFrame(look);
  };
  document.querySelector(button).click();
  look();
}"""
"""Presses the button and keeps in `window.took` how many ms passed until there were words."""


def main() -> None:
    """Nothing; prints the table."""
    parser = argparse.ArgumentParser(description="Measure how quick the page is, beside a plain chat page.")
    parser.add_argument(
        "--visits", type=int, default=7, help="loads of each page, of which the median counts"
    )
    parser.add_argument("--old", type=Path, metavar="CHECKOUT", help="an older build, to compare with")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sites = stack.enter_context(pages_to_visit(folder, old=options.old))
        browser = launch_chromium(stack.enter_context(sync_playwright()))
        figures: dict[str, Figures] = {site.name: {} for site in sites}
        loads: dict[str, list[Figures]] = {site.name: [] for site in sites}
        for number in range(options.visits + 1):
            for site in sites:
                load = measure_load(browser, site)
                if number:  # the first warms the server up
                    loads[site.name].append(load)
        for site in sites:
            each = loads[site.name]
            figures[site.name] = {name: median(load[name] for load in each) for name in each[0]}
            alone, answers = ask_one_by_one(browser, site)
            figures[site.name]["first words after asking"] = median(alone)
            figures[site.name] |= ask_at_once(browser, site, answers)
        browser.close()
    print_table(figures)


@contextmanager
def pages_to_visit(folder: Path, *, old: Path | None) -> Iterator[tuple[Site, ...]]:
    """The pages, served over the same documents: ours, and that of the checkout `old` or else the plain one."""
    with ExitStack() as stack:
        sites = [_our_site("Kitakyushu QA", stack.enter_context(serving(folder)))]
        if old:
            older = serving(folder / "old", PYTHONPATH=str(old.resolve() / "src"))
            sites.append(_our_site("older build", stack.enter_context(older)))
        else:
            baseline = stack.enter_context(_serving_baseline(folder))
            sites.append(
                Site(
                    "plain chat page",
                    baseline,
                    box="textarea",
                    button="button.submit-button",
                    first_words=".bot.message",
                    answer=".bot.message",
                )
            )
        yield tuple(sites)


def _our_site(name: str, server: Server) -> Site:
    answer = ".turn:last-of-type .answer :is(.statement, .refusal)"
    return Site(
        name,
        server.address,
        box="#question textarea",
        button="#ask:not(:empty)",
        first_words=answer,
        answer=answer,
    )


@contextmanager
def _serving_baseline(folder: Path) -> Iterator[str]:
    log = folder / "baseline.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "benchmarks" / "page_baseline.py"), str(folder / "corpus")],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield wait_for_address(process, log)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _visit(browser: Browser, site: Site) -> Page:
    """The page in a browser that has seen nothing; other hosts cannot be reached, wherever this runs."""
    page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-GB")
    page.set_default_timeout(LIMIT_MS)
    page.route(lambda url: not url.startswith(site.address), lambda route: route.abort())
    return page


def measure_load(browser: Browser, site: Site) -> Figures:
    """What one load of the page costs."""
    page = _visit(browser, site)
    urls: list[str] = []
    sizes: list[int] = []
    page.on("request", lambda request: urls.append(request.url))
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(site.address, wait_until="commit")
    page.locator(site.box).wait_for()
    page.locator(site.button).wait_for()
    usable = page.evaluate("performance.now()")
    page.wait_for_timeout(QUIET_MS)
    first, largest = page.evaluate(PAINTS)
    page.close()
    fetched = [url for url in urls if url.startswith("http")]
    return {
        "first paint": first,
        "largest paint": largest,
        "question box usable": usable,
        "sent to the browser": sum(sizes) / 1000,
        "requests": len(fetched),
        "to other hosts": sum(not url.startswith(site.address) for url in fetched),
    }


def _open(browser: Browser, site: Site, question: str) -> Page:
    page = _visit(browser, site)
    page.goto(site.address)
    page.locator(site.button).wait_for()
    page.wait_for_timeout(QUIET_MS)
    page.locator(site.box).fill(question)
    return page


def _press(page: Page, site: Site) -> None:
    page.evaluate(PRESS, [site.button.removesuffix(":not(:empty)"), site.first_words])


def _outcome(page: Page, site: Site) -> tuple[float, str]:
    """Milliseconds until the first words, and the whole answer once it does not grow any more."""
    page.wait_for_function("window.took")
    before, now = "", "…"
    while now != before:
        before = now
        page.wait_for_timeout(500)
        now = "\n".join(page.locator(site.answer).all_inner_texts())
    return float(page.evaluate("window.took")), now


def ask_one_by_one(browser: Browser, site: Site) -> tuple[list[float], dict[str, str]]:
    """Milliseconds until each question's first words, and the answers by question."""
    times, answers = [], {}
    for question in QUESTIONS:
        page = _open(browser, site, question)
        _press(page, site)
        took, answers[question] = _outcome(page, site)
        times.append(took)
        page.close()
    return times, answers


def ask_at_once(browser: Browser, site: Site, answers: dict[str, str]) -> Figures:
    """What happens where everybody asks a question of their own in the same moment. An answer is mixed up if it is
    not the one in `answers`, that was given when its question was asked alone."""
    pages = {question: _open(browser, site, question) for question in QUESTIONS}
    for page in pages.values():
        _press(page, site)
    outcomes = {question: _outcome(page, site) for question, page in pages.items()}
    for page in pages.values():
        page.close()
    times = [took for took, _ in outcomes.values()]
    return {
        "eight at once: median": median(times),
        "eight at once: last": max(times),
        "eight at once: mixed up": sum(outcomes[question][1] != answers[question] for question in QUESTIONS),
    }


def print_table(figures: dict[str, Figures]) -> None:
    """Nothing; a line for each figure, and how our page compares with the other."""
    names = list(figures)
    print(_line(f"{time.strftime('%Y-%m-%d')}, medians", [*names, "ratio"]))
    for figure, unit in UNITS.items():
        ours, theirs = (figures[name][figure] for name in names)
        ratio = f"{ours / theirs:.2f}" if theirs else "–"
        cells = [f"{value:.0f} {unit}".strip() for value in (ours, theirs)]
        print(_line(figure, [*cells, ratio]))


def _line(name: str, cells: Sequence[str]) -> str:
    return f"  {name:<28}" + "".join(f"{cell:>18}" for cell in cells)


if __name__ == "__main__":
    main()
