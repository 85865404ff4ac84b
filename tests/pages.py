"""What the page's tests, pictures and measurements share: a server, a browser, and the screens of a visit."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from qa.storage.manifest import read_manifest

REPOSITORY = Path(__file__).parents[1]
KEY = "a-key-for-tests"
START_S = 240
"""Seconds for a cold start: weights unpacked, documents indexed, Gradio imported."""
ANSWER_MS = 60_000
SURABAYA = "What did Kitakyushu do in Surabaya to reduce organic waste?"
COMPARISON = "Compare the agreements that Kitakyushu has with Phnom Penh and with Hai Phong."
WIDTHS = {1440: 900, 768: 1024, 390: 844}
"""A desk's, a tablet's and a telephone's window: its width and height in CSS pixels."""
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(frozen=True)
class Server:
    """A program that serves the page over folders of its own."""

    address: str
    corpus: Path
    index: Path
    process: subprocess.Popen[bytes]

    def generation(self) -> tuple[str, int]:
        """What changes whenever anything is written to the index."""
        manifest = read_manifest(self.index)
        assert manifest is not None
        return manifest.build, manifest.generation

    @contextmanager
    def held(self) -> Iterator[None]:
        """The server stands still meanwhile, so that what the page shows while it waits can be looked at."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def serving(
    folder: Path,
    *,
    key: str = KEY,
    port: int = 0,
    arguments: Sequence[str] = (),
    more: Mapping[str, str] = MappingProxyType({}),
    **settings: str,
) -> Iterator[Server]:
    """The program itself, over a copy of the corpus with the documents `more` (texts by file name) added;
    `settings` are variables of its environment."""
    shutil.copytree(REPOSITORY / "corpus", folder / "corpus", dirs_exist_ok=True)
    for name, text in more.items():
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("QA_")},
        "QA_CORPUS_DIR": str(folder / "corpus"),
        "QA_INDEX_DIR": str(folder / "index"),
        "QA_PORT": str(port),
        "QA_ADMIN_KEY": key,
        "PYTHONFAULTHANDLER": "1",
        **settings,
    }
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "app.py"), *arguments],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = wait_for_address(process, folder / "log")
            yield Server(address, folder / "corpus", folder / "index", process)
        finally:
            try:
                end(process, within_s=30)
            except subprocess.TimeoutExpired:
                print((folder / "log").read_text(encoding="utf-8")[-20_000:])  # with what its threads were at
                raise


def end(process: subprocess.Popen[Any], *, within_s: float) -> None:
    """Let `process` end by itself. One that does not in time is aborted, so that it fails no later test too; with
    Python's fault handler it writes what its threads were at."""
    process.terminate()
    try:
        process.wait(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        process.kill()
        process.wait()
        raise


def wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address that `process` writes to its log once it serves. Raises `RuntimeError` where it does not."""
    for _ in range(START_S * 10):
        found = re.search(r"The page is at (\S+)", log.read_text())
        if found:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()}")


def call_function(
    address: str, name: str, data: list[object], *, headers: Mapping[str, str] = MappingProxyType({})
) -> str:
    """What a function of the page's own answers, called as the page calls it, with these `headers` besides.

    Raises `httpx.HTTPStatusError` where the call is not let in.
    """
    functions = httpx.get(f"{address}config", timeout=60).raise_for_status().json()["dependencies"]
    number = next(function["id"] for function in functions if function["api_name"] == name)
    session = secrets.token_hex(5)
    body = {"data": data, "fn_index": number, "session_hash": session}
    joined = httpx.post(f"{address}gradio_api/queue/join", json=body, headers=headers, timeout=60)
    joined.raise_for_status()
    answers = f"{address}gradio_api/queue/data?session_hash={session}"
    return httpx.get(answers, headers=headers, timeout=120).raise_for_status().text


def launch_chromium(playwright: Playwright) -> Browser:
    """Debian's Chromium. Raises `FileNotFoundError` where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise FileNotFoundError("no `chromium` on the path; install Debian's package")
    return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module; without Chromium they are skipped, but in CI they fail."""
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip("no `chromium` on the path; install Debian's package")
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


def open_page(page: Page, address: str) -> Page:
    """The page at `address`, once it can be used."""
    page.goto(address)
    expect(page.locator("#header h1")).to_be_visible(timeout=30_000)
    expect(page.locator("html")).to_have_attribute("lang", re.compile("."))
    expect(page.locator("#ask")).not_to_be_empty()
    return page


def show(page: Page, *, width: int, scheme: Scheme) -> None:
    """The page as it is in a window of `width` and in the colours of `scheme`."""
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    page.emulate_media(color_scheme=scheme)
    is_dark = "true" if scheme == "dark" else "false"
    page.wait_for_function(f"document.body.classList.contains('dark') === {is_dark}")
    # Gradio fades its buttons' colours from one scheme to the other.
    page.wait_for_timeout(250)


def press_ask(page: Page, question: str) -> Locator:
    """The turn of `question`, which has just been asked."""
    page.get_by_role("tab").first.click()
    turns = page.locator(".turn").count()
    page.locator("#question textarea").fill(question)
    page.locator("#ask").click()
    expect(page.locator(".turn")).to_have_count(turns + 1)
    return page.locator(".turn").last


def ask(page: Page, question: str) -> Locator:
    """The answer to `question`, once it is there."""
    answer = press_ask(page, question).locator(".answer")
    expect(answer.locator(".statement, .refusal, .problem").first).to_be_visible(timeout=ANSWER_MS)
    return answer


def _open_evidence(page: Page) -> None:
    page.locator(".turn").last.locator("a.mark").first.click()
    expect(page.locator(".card.is-found")).to_be_in_viewport()
    page.wait_for_timeout(600)  # it scrolls there smoothly


def _open_document(page: Page) -> None:
    card = page.locator(".evidence:visible .card").first
    card.locator("summary").click()
    expect(card.locator(".document mark")).to_be_in_viewport()


def settle(page: Page) -> None:
    """Nothing, as soon as the page has not changed for two seconds: cards tell more as more is known."""
    before = ""
    while (now := page.locator("#tabs").inner_html()) != before:
        before = now
        page.wait_for_timeout(2000)


def open_cities(page: Page) -> None:
    """The tab with the cities, once all its cards are there."""
    page.get_by_role("tab").nth(1).click()
    expect(page.locator(".timeline-event").first).to_be_visible()
    settle(page)


def _choose_city(page: Page) -> None:
    page.locator('a.map-city[data-city="Surabaya"]').click()
    expect(page.locator(".timeline-event")).to_have_count(1)
    settle(page)


def _open_documents(page: Page) -> None:
    page.locator('a.map-city[data-city="Surabaya"]').click()
    expect(page.locator("a.map-city.is-chosen")).to_have_count(0)
    page.get_by_role("tab").nth(2).click()
    expect(page.locator(".documents .card").first).to_be_visible()


def open_staff(page: Page) -> None:
    """The staff's corner beneath the documents, open."""
    page.get_by_role("tab").nth(2).click()
    page.locator("#staff > button").click()
    expect(page.locator("#login input[name=key]")).to_be_visible()


def log_in(page: Page, key: str = KEY) -> None:
    """The staff's corner, once who gives `key` is let in."""
    page.locator("#login input[name=key]").fill(key)
    page.locator("#login .log-in button").click()
    expect(page.locator("#login .log-out")).to_be_visible()
    expect(page.locator("#reindex")).to_be_visible()


def _open_changes(page: Page) -> None:
    page.locator("#changes > button").click()
    expect(page.locator(".changes li").first).to_be_visible()


def _bring_in(page: Page) -> None:
    with tempfile.TemporaryDirectory() as folder:
        read, unread = Path(folder, "tram depot.md"), Path(folder, "photo.pdf")
        read.write_text("# Tram depot\n\nThe tram depot was repaired in 1987.\n", encoding="utf-8")
        unread.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        page.locator("#files input[type=file]").set_input_files([read, unread])
        expect(page.locator("#files")).to_contain_text("photo", timeout=ANSWER_MS)
        page.locator("#addresses textarea").fill("http://127.0.0.1/secret")
        page.locator("#reindex").click()
        expect(page.locator(".receipt")).to_be_visible(timeout=ANSWER_MS)


SCREENS: Mapping[str, Callable[[Page], object]] = MappingProxyType(
    {
        "first": lambda page: None,
        "answer": lambda page: ask(page, SURABAYA),
        "evidence": _open_evidence,
        "document": _open_document,
        "refusal": lambda page: ask(page, "How long does an apple pie stay in the oven?"),
        "comparison": lambda page: ask(page, COMPARISON),
        "follow-up": lambda page: ask(page, "And with Davao?"),
        "problem": lambda page: ask(page, "why " * 600),
        "cities": open_cities,
        "chosen-city": _choose_city,
        "documents": _open_documents,
        "staff-locked": open_staff,
        "staff": log_in,
        "receipt": _bring_in,
        "changes": _open_changes,
        "kept": lambda page: page.locator(".kept summary").click(),
    }
)
"""What a visit sees, one screen after the other, and the step to each from the one before it. The visit starts on
the page, in English."""
