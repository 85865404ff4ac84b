"""Facts about the page, held in a real browser against a real server with the real models."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import docx
import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from page_server import HOSTILE, call_endpoint, call_reindex, context, page, server, staff_of
from pages import (
    ANSWER_MS,
    KEY,
    SURABAYA,
    Server,
    ask,
    browser,
    log_in,
    open_page,
    open_staff,
    serving,
)
from qa.feedback import list_feedback, most_refused

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]

__all__ = ["browser", "context", "page", "server"]


def test_an_answer_shows_its_evidence_where_the_mark_is_clicked(page: Page) -> None:
    answer = ask(page, SURABAYA)
    expect(answer.locator(".statement").first).to_contain_text("compost")
    mark = answer.locator("a.mark").first
    expect(mark).to_have_text("[1]")
    mark.click()
    card = page.locator(".card.is-found")
    expect(card).to_be_in_viewport()
    expect(card.locator("mark")).to_be_visible()
    expect(answer).to_contain_text(card.locator("mark").inner_text())


def test_a_mark_and_the_way_back_work_from_the_keyboard(page: Page) -> None:
    mark = ask(page, SURABAYA).locator("a.mark").first
    mark.focus()
    page.keyboard.press("Enter")
    card = page.locator(".card").first
    expect(card).to_be_focused()
    card.locator("a.back").focus()
    page.keyboard.press("Enter")
    expect(mark).to_be_focused()


def test_a_mark_of_an_older_answer_shows_that_answer_s_evidence(page: Page) -> None:
    older = ask(page, SURABAYA)
    older_mark = page.locator("#t1 a.mark").first
    ask(page, "How many experts were dispatched to Dalian?")
    expect(page.locator(".evidence:visible .about")).to_contain_text("Dalian")
    older_mark.click()
    expect(page.locator(".evidence:visible .about")).to_have_text(SURABAYA)
    expect(page.locator(".card.is-found mark")).to_contain_text("compost")
    expect(older).to_be_attached()


def test_a_whole_document_opens_in_its_card_with_the_quote_marked(page: Page) -> None:
    ask(page, SURABAYA)
    card = page.locator(".card").first
    quote = card.locator("blockquote mark").inner_text()
    card.locator("summary").click()
    mark = card.locator(".document mark")
    expect(mark).to_be_in_viewport()
    expect(mark).to_have_text(quote)


def test_a_foreign_question_is_refused(page: Page) -> None:
    answer = ask(page, "How long does an apple pie stay in the oven?")
    expect(answer.locator(".refusal").first).to_be_visible()
    expect(answer.locator(".statement")).to_have_count(0)


def test_a_chosen_city_narrows_the_search_and_the_answer_says_so(page: Page) -> None:
    page.locator("#cities label", has_text="Dalian").click()
    answer = ask(page, "How many experts did Kitakyushu send?")
    expect(answer.locator(".note")).to_have_text("Searched only documents about Dalian.")
    expect(answer.locator(".statement", has_text="67 experts").first).to_be_visible()


def test_a_chosen_city_is_set_aside_for_a_named_one_and_the_answer_says_so(page: Page) -> None:
    page.locator("#cities label", has_text="Surabaya").click()
    answer = ask(page, "How many experts did Kitakyushu send to Dalian?")
    expect(answer.locator(".note")).to_have_text(
        "The question names Dalian; your choice of Surabaya was set aside."
    )
    expect(answer.locator(".statement", has_text="67 experts").first).to_be_visible()


def test_an_example_is_asked_with_one_click(page: Page) -> None:
    example = page.locator("#examples button:visible").first
    question = example.inner_text()
    example.click()
    expect(page.locator(".turn .asked")).to_contain_text(question)
    expect(page.locator(".turn .statement").first).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#examples")).to_be_hidden()


def test_a_conversation_outlives_a_reload_until_it_is_cleared(page: Page) -> None:
    answer = ask(page, SURABAYA).inner_text()
    page.reload()
    expect(page.locator(".turn .answer")).to_have_text(re.compile(re.escape(answer.split("\n")[0])))
    page.locator("a.mark").first.click()
    expect(page.locator(".card.is-found mark")).to_be_visible()
    page.locator("#clear").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.reload()
    expect(page.locator("#examples button:visible").first).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)


def test_a_conversation_outlives_a_restart_of_the_server(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context()
    try:
        with serving(tmp_path, more=HOSTILE) as first:
            page = open_page(context.new_page(), first.address)
            answer = ask(page, SURABAYA).locator(".statement").first.inner_text()
            ask(page, "How many experts were dispatched to Dalian?")
        with serving(tmp_path, more=HOSTILE, port=urlsplit(first.address).port or 0):
            page.reload()
            expect(page.locator(".turn")).to_have_count(2)
            expect(page.locator(".turn .statement").first).to_have_text(answer)
            page.locator("#t1 a.mark").first.click()
            expect(page.locator(".card.is-found mark")).to_contain_text("compost")
            assert "Dalian" in ask(page, "And how many from companies?").inner_text()  # it is a follow-up
            newer = open_page(context.new_page(), first.address)
            expect(newer.locator(".turn")).to_have_count(3)
            newer.locator("#clear").click()
            expect(newer.locator(".turn")).to_have_count(0)
            expect(
                open_page(context.new_page(), first.address).locator("#examples button:visible").first
            ).to_be_visible()
            newer.reload()
            expect(newer.locator("#examples button:visible").first).to_be_visible()
            expect(newer.locator(".turn")).to_have_count(0)
    finally:
        context.close()


def test_what_is_done_for_an_answer_is_said(page: Page) -> None:
    page.evaluate(
        """() => {
          window.seen = new Set();
          const look = () => document.querySelectorAll(".pending").forEach((each) => seen.add(each.innerText));
          const what = { childList: true, subtree: true, characterData: true };
          new MutationObserver(look).observe(document.querySelector("#conversation"), what);
        }"""
    )
    for _ in range(8):  # on a busy machine the answer can overtake what is said before it
        ask(page, SURABAYA)
        seen = page.evaluate("[...window.seen]")
        if len(seen) == 3:
            break
    assert seen[:2] == ["Searching the documents…", "Searching documents about Surabaya…"]
    assert re.fullmatch(r"Reading the passages found about Surabaya \(\d+\)…", seen[2])


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        (SURABAYA, "You could go on with"),
        ("What is a good recipe for ramen?", "The documents answer, for example"),
    ],
)
def test_questions_that_are_answered_are_offered_to_go_on_with(
    page: Page, question: str, heading: str
) -> None:
    ask(page, question)
    expect(page.locator("#suggestions h3")).to_have_text(heading, timeout=ANSWER_MS)
    offered = page.locator(".suggestion").nth(1)
    words = offered.inner_text()
    offered.click()
    expect(page.locator(".turn .asked").last).to_contain_text(words)
    expect(page.locator(".turn").last.locator(".statement").first).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#suggestions")).not_to_contain_text(words, timeout=ANSWER_MS)


def test_another_visitor_does_not_see_the_conversation(browser: Browser, page: Page, server: Server) -> None:
    ask(page, SURABAYA)
    stranger = browser.new_context()
    try:
        expect(open_page(stranger.new_page(), server.address).locator(".turn")).to_have_count(0)
    finally:
        stranger.close()


def test_a_question_that_is_too_long_is_refused_and_stays_to_be_shortened(page: Page) -> None:
    answer = ask(page, "why " * 600)
    expect(answer).to_contain_text("at most 2000")
    assert len(page.locator("#question textarea").input_value()) > 2000


def test_the_page_changes_its_language(page: Page) -> None:
    page.locator("#language input").click()
    page.get_by_role("option", name="日本語").click()
    expect(page.locator("#ask")).to_have_text("質問する")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.locator("#cities")).to_contain_text("大連")


@pytest.mark.parametrize(
    ("locale", "query", "word"), [("vi", "", "Hỏi"), ("sw", "", "Ask"), ("vi", "?lang=km", "សួរ")]
)
def test_the_page_starts_in_the_visitor_s_language(
    browser: Browser, server: Server, locale: str, query: str, word: str
) -> None:
    context = browser.new_context(locale=locale)
    try:
        expect(open_page(context.new_page(), server.address + query).locator("#ask")).to_have_text(word)
    finally:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_no_sideways_scroll_and_the_evidence_below(
    browser: Browser, server: Server, scheme: str
) -> None:
    size = {"width": 390, "height": 844}
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = open_page(context.new_page(), server.address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        answer = ask(page, SURABAYA)
        answer.locator("a.mark").first.click()
        card = page.locator(".card.is-found")
        expect(card).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        answer_box, card_box = answer.bounding_box(), card.bounding_box()
        assert answer_box is not None
        assert card_box is not None
        assert card_box["y"] > answer_box["y"] + answer_box["height"]
    finally:
        context.close()


def test_a_hostile_document_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    answer = ask(page, "When was the zebra pump built?")
    expect(answer).to_contain_text('<img src=x onerror="window.hacked=1">')
    expect(answer).to_contain_text("${window.hacked=1} {{window.hacked}}")
    answer.locator("a.mark").first.click()
    card = page.locator(".card.is-found")
    expect(card.locator("h3")).to_contain_text("<script>window.hacked=1</script>")
    expect(card.locator(".path")).to_have_text("zebra <b>.txt")
    card.locator("summary").click()
    expect(card.locator(".document")).to_contain_text("<script>window.hacked=1</script> Zebra pump station")
    assert page.locator("#desk img, #desk script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_hostile_question_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    question = (
        '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> ${window.hacked=1} ![](//x)'
    )
    ask(page, question)
    expect(page.locator(".turn .asked")).to_contain_text(question)
    assert page.evaluate("window.hacked") is None


def test_staff_bring_in_a_new_document_and_ask_about_it(context: BrowserContext, server: Server) -> None:
    page = open_page(context.new_page(), server.address)
    question = "When was the Hanamizuki tram depot repaired?"
    expect(ask(page, question).locator(".refusal").first).to_be_visible()
    (server.corpus / "depot.md").write_text(
        "# Hanamizuki tram depot\n\nThe Hanamizuki tram depot was repaired in 1987 by the Moji workshop.\n",
        encoding="utf-8",
    )
    open_staff(page)
    expect(page.locator("#reindex")).to_be_hidden()
    log_in(page)
    page.locator("#reindex").click()
    receipt = page.locator(".receipt")
    expect(receipt).to_be_visible(timeout=ANSWER_MS)
    expect(receipt.locator(".added")).to_contain_text("depot.md")
    expect(ask(page, question).locator(".statement").first).to_contain_text("1987")


def test_staff_upload_files_and_ask_about_them_at_once(
    context: BrowserContext, server: Server, tmp_path: Path
) -> None:
    document = docx.Document()
    document.add_heading("Ferry to Hikoshima", 1)
    document.add_paragraph("The ferry to Hikoshima has carried the Amanogawa bell since 1968.")
    document.save(str(tmp_path / "フェリー 2016.docx"))
    (tmp_path / "photo.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    page = open_page(context.new_page(), server.address)
    open_staff(page)
    log_in(page)
    page.locator("#files input[type=file]").set_input_files(
        [tmp_path / "フェリー 2016.docx", tmp_path / "photo.pdf"]
    )
    expect(page.locator("#files")).to_contain_text("photo", timeout=ANSWER_MS)
    page.locator("#addresses textarea").fill("http://127.0.0.1/secret")
    page.locator("#reindex").click()
    receipt = page.locator(".receipt")
    expect(receipt.locator(".added")).to_contain_text("フェリー-2016.docx", timeout=ANSWER_MS)
    expect(receipt.locator(".added")).to_contain_text("passages: 1")
    expect(receipt.locator(".skipped")).to_contain_text("photo.pdf: pictures are not read")
    expect(receipt.locator(".failed")).to_contain_text("http://127.0.0.1/secret")
    answer = ask(page, "What has the ferry to Hikoshima carried since 1968?")
    expect(answer.locator(".statement").first).to_contain_text("Amanogawa bell")
    assert not (server.corpus / "photo.pdf").exists()


def test_a_quote_opens_as_it_was_read_and_says_that_its_source_has_changed_or_gone(
    context: BrowserContext, server: Server
) -> None:
    source = server.corpus / "windmill.md"
    source.write_text("# Windmill\n\nThe Tanabata windmill was raised in 1957.\n", encoding="utf-8")
    call_reindex(server)
    page = open_page(context.new_page(), server.address)
    for change, note in (("changed", "has changed since"), ("gone", "has since been removed")):
        ask(page, "When was the Tanabata windmill raised?")
        if change == "changed":
            source.write_text(
                "# Windmill\n\nThe Tanabata windmill was raised again in 1999.\n", encoding="utf-8"
            )
        else:
            source.unlink()
        call_reindex(server)
        card = page.locator(".evidence:not([hidden]) .card").first
        card.locator("details.whole > summary").click()
        expect(card.locator(".whole-body")).to_contain_text(note)
        expect(card.locator(".whole-body mark").first).to_contain_text("windmill was raised")


def test_an_answer_is_copied_with_its_references_and_saved(context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-write"])
    answer = ask(page, SURABAYA)
    answer.locator("button.copy").click()
    expect(answer.locator("button.copy")).to_have_text("Copied")
    page.locator("#question textarea").press("Control+V")  # no script on the page may read the clipboard
    copied = page.locator("#question textarea").input_value()
    assert copied.startswith(SURABAYA)
    assert "[1]" in copied
    assert "surabaya" in copied.lower().rpartition("sources")[2]
    with page.expect_download() as download:
        page.locator("#save").click()
    assert copied in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_link_opens_its_question_once(context: BrowserContext, page: Page, server: Server) -> None:
    href = ask(page, SURABAYA).locator("a.share").get_attribute("href")
    linked = open_page(context.new_page(), f"{server.address}{href}")
    expect(linked.locator(".turn .statement").first).to_be_visible(timeout=ANSWER_MS)
    expect(linked.locator(".turn .asked")).to_contain_text(SURABAYA)
    linked.reload()
    expect(linked.locator(".turn .statement").first).to_be_visible(timeout=ANSWER_MS)
    linked.wait_for_timeout(1500)
    expect(linked.locator(".turn")).to_have_count(1)


def test_what_a_quick_visitor_types_before_the_page_is_ready_stays_and_is_not_asked(
    context: BrowserContext, server: Server
) -> None:
    page = context.new_page()
    held: list[Route] = []
    page.route("**/queue/join*", lambda route: held.append(route))
    with page.expect_request("**/queue/join*"):
        page.goto(server.address)
    page.locator("#question textarea").fill(SURABAYA)
    expect(page.locator("#header h1")).to_have_count(0)
    assert held
    page.unroute("**/queue/join*")  # which lets those go on that are held
    expect(page.locator("#header h1")).to_be_visible()
    page.get_by_role("tab", name="Documents").click()  # what is listed there has come with all the rest
    expect(page.locator("#documents")).to_contain_text("Surabaya")
    page.get_by_role("tab").first.click()
    expect(page.locator("#question textarea")).to_have_value(SURABAYA)
    expect(page.locator(".turn")).to_have_count(0)


def test_a_verdict_is_kept_once_with_its_reason_and_only_for_an_answer_that_was_given(
    page: Page, server: Server
) -> None:
    answer = ask(page, SURABAYA)
    answer.locator("button.rate").first.click()
    expect(answer.locator(".thanks")).to_contain_text("Thank you")
    answer.locator("button.rate").last.click()
    answer.locator("input.reason").fill("The year is missing.")
    answer.locator("input.reason").press("Enter")
    expect(answer.locator("input.reason")).to_be_hidden()
    page.wait_for_timeout(1000)
    kept = [each for each in list_feedback(server.index) if each.question == SURABAYA]
    assert [(each.verdict, each.reason) for each in kept] == [("bad", "The year is missing.")]
    assert kept[0].citations[0][0] == "surabaya.md"
    for what in ([], ["x", 1, "good", ""], [None, "a", "worse", None], "x"):
        assert page.evaluate("(what) => window.rateAnswer(what)", what) is False
    assert len(list_feedback(server.index)) == len(kept)


def test_refused_questions_are_counted_for_staff(page: Page, server: Server) -> None:
    question = "Who painted the ceiling of the Sistine Chapel?"
    ask(page, question)
    ask(page, question.upper())
    page.wait_for_timeout(1000)
    assert [(asked, times) for _, asked, times, _ in most_refused(server.index) if "istine" in asked.lower()]


def test_a_mark_shows_its_quote_under_the_mouse(page: Page) -> None:
    mark = ask(page, SURABAYA).locator("a.mark").first
    assert "compost" in str(mark.get_attribute("title"))


def test_a_city_on_the_map_is_chosen_with_what_is_dated_of_it(page: Page) -> None:
    page.get_by_role("tab", name="Cities").click()
    events = page.locator(".timeline-event")
    expect(events.filter(has_text="November 2017").first).to_be_visible()
    page.locator('a.map-city[data-city="Surabaya"]').click()
    expect(events).to_have_count(1)
    expect(events).to_contain_text("November 2012")
    events.locator("details.whole > summary").click()
    expect(events.locator(".whole-body mark").first).to_contain_text("November 2012")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#cities label:has(input:checked)")).to_have_text("Surabaya")
    page.get_by_role("tab", name="Cities").click()
    page.locator('a.map-city[data-city="Surabaya"]').press(" ")
    expect(page.locator("a.map-city.is-chosen")).to_have_count(0)


def test_documents_are_listed_found_opened_and_downloaded(page: Page, server: Server) -> None:
    page.get_by_role("tab", name="Documents").click()
    cards = page.locator(".documents .card")
    expect(cards.filter(has_text="surabaya.md")).to_contain_text("Indonesia")
    page.locator("#search textarea").press_sequentially("SURABAYA")
    expect(cards).to_have_count(1)
    cards.locator("details.whole > summary").click()
    expect(cards.locator(".whole-body")).to_contain_text("20,000 households")
    with page.expect_download() as download:
        cards.locator("a.original").click()
    assert download.value.suggested_filename == "surabaya.md"
    assert Path(download.value.path()).read_bytes() == (server.corpus / "surabaya.md").read_bytes()


@pytest.mark.parametrize("doc_id", ["nothing", "..%2F..%2Fetc%2Fpasswd", "%00"])
def test_nothing_but_documents_can_be_downloaded(doc_id: str, server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.address}original/{doc_id}", timeout=30)
    assert refused.value.code == 404
    refused.value.close()


def test_staff_take_a_document_out_and_bring_it_back(context: BrowserContext, server: Server) -> None:
    (server.corpus / "tunnel.md").write_text("# Tunnel\n\nThe Kanmon tunnel glows.\n", encoding="utf-8")
    call_reindex(server)
    page = open_page(context.new_page(), server.address)
    open_staff(page)
    log_in(page)
    page.locator("#unwanted input").click()
    page.get_by_role("option", name="Tunnel (tunnel.md)").click()
    page.keyboard.press("Escape")
    page.locator("#take-out").click()
    expect(page.locator(".receipt .removed")).to_contain_text("tunnel.md", timeout=ANSWER_MS)
    assert not (server.corpus / "tunnel.md").exists()
    expect(page.locator(".documents .card").filter(has_text="tunnel.md")).to_have_count(0)
    page.locator("#roll-back").click()
    expect(page.locator("#receipt")).to_contain_text("Back at the state before", timeout=ANSWER_MS)
    expect(page.locator(".documents .card").filter(has_text="tunnel.md")).to_have_count(1)


@pytest.mark.parametrize(
    ("endpoint", "data"), [("remove", ["en", []]), ("rollback", ["en"]), ("reindex", [None, "", "en"])]
)
def test_nothing_is_brought_in_taken_out_or_back_without_logging_in(
    endpoint: str, data: list[object], server: Server
) -> None:
    before = server.generation()
    assert "Please log in on this page first." in call_endpoint(server, endpoint, data)
    assert server.generation() == before
    assert (server.corpus / "dalian.md").exists()


def test_without_a_key_the_page_takes_documents_at_this_machine_and_nowhere_else(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path, key="", more=HOSTILE) as local:
        page = browser.new_page(locale="en-GB")
        page.goto(local.address)
        expect(page.locator("#ask")).not_to_be_empty()
        page.get_by_role("tab").nth(2).click()
        page.locator("#staff > button").click()
        expect(page.locator("#reindex")).to_be_visible()
        expect(page.locator("#login form")).to_have_count(0)
        (local.corpus / "at-home.md").write_text("# At home\n\nIt is here.\n", encoding="utf-8")
        page.locator("#reindex").click()
        expect(page.locator(".receipt .added")).to_contain_text("at-home.md", timeout=ANSWER_MS)
        page.close()
        before = local.generation()
        (local.corpus / "later.md").write_text("# Later\n\nIt comes.\n", encoding="utf-8")
        proxied = {"X-Forwarded-For": "203.0.113.5"}
        assert "only from the computer" in call_endpoint(local, "reindex", [None, "", "en"], headers=proxied)
        assert upload_status(local, headers=proxied) == 403
        for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
            with pytest.raises(httpx.HTTPStatusError, match=f"'{status} "):
                call_endpoint(local, "reindex", [None, "", "en"], headers=headers)
            assert upload_status(local, headers=headers) == status
        assert local.generation() == before
        assert upload_status(local) == 200


def test_a_wrong_key_is_told_and_opens_nothing(page: Page) -> None:
    open_staff(page)
    page.locator("#login input[name=key]").fill("not-the-key")
    page.locator("#login input[name=key]").press("Enter")
    expect(page.locator("#login .problem")).to_have_text("This key is not right.")
    expect(page.locator("#login input[name=key]")).to_have_value("")
    expect(page.locator("#reindex")).to_be_hidden()


def test_no_browser_keeps_the_key(context: BrowserContext, page: Page, server: Server) -> None:
    sent: list[str] = []
    context.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    open_staff(page)
    log_in(page)
    page.locator("#refused > button").click()
    expect(page.locator("#refused .note")).to_be_visible()
    assert len([each for each in sent if KEY in each]) == 1  # to log in
    kept = page.evaluate("[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]")
    assert KEY not in "".join([*kept, page.url, page.content()])
    (cookie,) = context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("qa_session", True, "Strict")
    assert KEY not in cookie["value"]
    assert KEY not in (server.index.parent / "log").read_text(encoding="utf-8")


def test_whoever_logs_out_is_out_and_a_new_tab_too(context: BrowserContext, page: Page) -> None:
    open_staff(page)
    log_in(page)
    expect(page.locator("#login [role=status]")).to_be_focused()
    other = open_page(context.new_page(), page.url)
    open_staff_as_known(other)
    other.locator("#login .log-out button").click()
    expect(other.locator("#tabs")).to_be_visible()
    open_staff(other)
    expect(other.locator("#reindex")).to_be_hidden()
    page.locator("#reindex").click()
    expect(page.locator("#receipt .problem")).to_contain_text("Please log in on this page first.")


def open_staff_as_known(page: Page) -> None:
    """The staff's corner, opened by somebody who is logged in."""
    page.get_by_role("tab").nth(2).click()
    page.locator("#staff > button").click()
    expect(page.locator("#reindex")).to_be_visible()


def test_who_is_logged_in_is_said_in_the_chosen_language(page: Page) -> None:
    open_staff(page)
    log_in(page)
    expect(page.locator("#login")).to_contain_text("Logged in: Staff")
    page.locator("#language input").click()
    page.get_by_role("option", name="日本語").click()
    expect(page.locator("#login")).to_contain_text("ログイン中：職員")
    expect(page.locator("#reindex")).to_be_visible()


@pytest.mark.parametrize("path", ["run/predict", "run/reindex", "api/reindex"])
def test_no_endpoint_answers_without_the_queue(server: Server, path: str) -> None:
    config = urllib.request.urlopen(f"{server.address}config", timeout=30)
    with config:
        dependencies = json.load(config)["dependencies"]
    number = next(item["id"] for item in dependencies if item["api_name"] == "reindex")
    body = json.dumps({"data": [None, "", "en"], "fn_index": number}).encode()
    request = urllib.request.Request(
        f"{server.address}gradio_api/{path}", body, {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 404
    refused.value.close()


def test_the_whole_document_endpoint_takes_nothing_on_trust(page: Page) -> None:
    for what in (
        [],
        ["../../etc/passwd", "../../../etc/passwd", 0, 1, "en"],
        ["x", "", -5, "a", None],
        "x",
        [None, None, None, None, None],
    ):
        html = page.evaluate("(what) => window.openDocument(what)", what)
        assert "no longer there" in html


def upload_status(
    server: Server, *, headers: Mapping[str, str] = MappingProxyType({}), size: int = 50
) -> int:
    """What the upload endpoint answers to a program."""
    content = b'--b\r\nContent-Disposition: form-data; name="files"; filename="x.txt"\r\n\r\n' + b"x" * size
    request = urllib.request.Request(
        f"{server.address}gradio_api/upload",
        data=content + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_nobody_uploads_past_the_page_without_logging_in(server: Server) -> None:
    assert upload_status(server) == 403
    assert upload_status(server, headers=staff_of(server)) == 200
    assert upload_status(server, headers=staff_of(server), size=51 * 2**20) == 413


def test_a_program_cannot_bring_in_files_of_the_server(server: Server) -> None:
    stolen = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    answer = call_reindex(server, files=[stolen])
    assert "passwd" not in {path.name for path in server.corpus.iterdir()}
    assert "error" in answer


def test_the_page_forbids_requests_to_other_hosts(server: Server) -> None:
    with urllib.request.urlopen(server.address, timeout=30) as response:
        assert "default-src 'self'" in response.headers["content-security-policy"]
        assert response.headers["referrer-policy"] == "no-referrer"
