"""Facts about answers that a language model writes: what passes appears, what does not, never."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from openai_server import replying
from page_server import context, page
from pages import ANSWER_MS, REPOSITORY, Server, ask, browser, press_ask, serving
from qa.i18n.messages import say

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser", "context", "page"]

DOCUMENT = (
    "Kitakyushu sent 67 experts to Dalian between 1996 and 2006. The experts trained staff of 20 factories."
)
FIRST = "Kitakyushu sent 67 experts to Dalian."
WRONG = "Kitakyushu sent 76 experts to Surabaya"
SECOND = "The experts were there between 1996 and 2006."
HELD = "How many experts did Kitakyushu send to Dalian between 1996 and 2006?"
BROKEN = "How many experts did Kitakyushu send to Dalian?"

ACROSS = "北九州市は大連に専門家を何人派遣しましたか？"
TRANSLATED = "北九州市は1996年から2006年までの間に、67人の専門家を大連に派遣しました。"

go_on = threading.Event()


def reply(messages: Sequence[dict[str, str]]) -> Iterable[str]:
    """Two sentences that hold, and between them one that does not; nothing more comes until `go_on` is set."""
    if ACROSS in messages[1]["content"]:
        yield f"{TRANSLATED} [1]"
        return
    if BROKEN in messages[1]["content"]:
        yield f"{WRONG} [1]. "
        return
    yield f"{FIRST} [1]. {WRONG} [1]. "
    if len(messages) == 2:
        yield "The experts"
        go_on.wait(timeout=120)
        yield f"{SECOND.removeprefix('The experts')} [1]"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("writing")
    own = folder / "own"
    own.mkdir()
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", own)
    (own / "dalian.txt").write_text(DOCUMENT, encoding="utf-8")
    with replying(reply) as address:
        more: dict[str, Any] = {
            "QA_CORPUS_DIR": str(own),
            "QA_THRESHOLD": "0",
            "QA_LLM": "openai:scripted",
            "QA_LLM_BASE_URL": address,
            "QA_LLM_TIMEOUT_S": "300",
        }
        with serving(folder, key="", **more) as running:
            yield running


def test_sentences_appear_as_they_pass_and_one_that_does_not_is_never_there(page: Page) -> None:
    page.evaluate(
        """wrong => {
            window.wasWrongSeen = false;
            new MutationObserver(() => { window.wasWrongSeen ||= document.body.innerText.includes(wrong) })
                .observe(document.body, {subtree: true, childList: true, characterData: true});
        }""",
        WRONG,
    )
    turn = press_ask(page, HELD)

    expect(turn.locator(".statement.written")).to_contain_text(FIRST, timeout=ANSWER_MS)
    expect(turn.locator(".pending")).to_be_visible()
    expect(turn).not_to_contain_text(SECOND)
    go_on.set()
    expect(turn.locator(".statement.written")).to_have_count(2, timeout=ANSWER_MS)
    expect(turn.locator(".statement.written").last).to_contain_text(SECOND)
    expect(turn.locator(".pending")).to_have_count(0)
    assert page.evaluate("window.wasWrongSeen") is False
    expect(page.locator(".evidence:visible mark").first).to_contain_text("67 experts")


def test_where_nothing_holds_the_quotes_stand_with_the_reason(page: Page) -> None:
    answer = ask(page, BROKEN)

    expect(answer.locator(".statement").first).to_contain_text("67 experts", timeout=ANSWER_MS)
    expect(answer.locator(".statement.written")).to_have_count(0)
    expect(answer).not_to_contain_text("76")
    expect(answer.locator(".note").first).to_be_visible()


def test_over_a_quote_in_another_language_the_quote_comes_first_and_the_sentence_is_marked(
    page: Page,
) -> None:
    answer = ask(page, ACROSS)

    expect(answer.locator(".statement")).to_have_count(2, timeout=ANSWER_MS)
    quote, translation = answer.locator(".statement").all()
    expect(quote).to_contain_text("67 experts")
    expect(translation).to_have_class("statement written translation")
    expect(translation.locator(".of-translation")).to_have_text(say("translated_by_model", "ja"))
    expect(translation).to_contain_text(TRANSLATED)
    expect(answer.locator(".note").last).to_have_text(say("written_translated", "ja"))
    copied = answer.locator(".copy").get_attribute("data-copy")
    assert copied is not None
    assert (
        copied.index("67 experts") < copied.index(say("translated_by_model", "ja")) < copied.index(TRANSLATED)
    )
