"""Facts about what people see of an answer, most of all when the documents are hostile."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conftest import examples
from inventory import HOSTILE, OUR_ATTRIBUTES, OUR_TAGS, Inventory
from qa.corpus.receipts import IndexReport, Receipt
from qa.domain import (
    Answer,
    Chunk,
    Citation,
    Document,
    Evidence,
    PageKind,
    PageStart,
    Passage,
    Place,
    Quoted,
    Refusal,
    Refused,
    Section,
    Source,
    Span,
    Statement,
)
from qa.drafting.writer import as_written
from qa.rendering.documents import documents_html
from qa.rendering.escaping import Html, as_markdown, fill, one_line, safe_url
from qa.rendering.evidence import document_html, evidence_html, surroundings
from qa.rendering.message import to_html
from qa.rendering.page_parts import header_html, notice_html, panel_html, turn_html
from qa.rendering.receipts import OUTCOMES, receipt_facts, report_html, report_lines
from qa.rendering.text_formats import answer_text, to_json, to_markdown, to_text
from qa.rendering.wording import place_of

TEXT = (
    "Cooperation\n\n"
    "Kitakyushu and Surabaya have worked together for years.\n\n"
    "The composting method was expanded to 20,000 households. Waste went down. A memorandum followed.\n\n"
    "Dalian\n\nSixty-seven experts were sent to Dalian."
)
QUOTE = "The composting method was expanded to 20,000 households."


def make_document(text: str = TEXT, *, title: str = "Activities", path: str = "activities.md") -> Document:
    return Document(doc_id="d1", path=path, title=title, text=text, sha256="0" * 64, version="v1")


def make_citation(
    quote: str = QUOTE, *, start: int = TEXT.index(QUOTE), number: int = 1, **fields: object
) -> Citation:
    values: dict[str, object] = {"doc_id": "d1", "title": "Activities", "path": "activities.md", **fields}
    of_place = {
        name: values.pop(name) for name in ("heading", "page", "page_kind", "page_name") if name in values
    }
    place = Place(Span(start, start + len(quote)), **of_place)  # type: ignore[arg-type]
    return Citation(number, Source(**values), place, quote)  # type: ignore[arg-type]


def make_answer(**fields: object) -> Quoted:
    values: dict[str, object] = {
        "question": "What was expanded?",
        "interpreted_as": "What was expanded?",
        "language": "en",
        "statements": (Statement(QUOTE, (1,)),),
        "citations": (make_citation(),),
        **fields,
    }
    return Quoted(**values)  # type: ignore[arg-type]


def make_chunk(text: str = TEXT, *, path: str = "activities.md", title: str = "Activities") -> Chunk:
    span = Span(0, len(text))
    return Chunk("c1", Source("d1", path, title), Place(span), text, (span,))


def make_refusal(reason: str = "weak_evidence", **fields: object) -> Refused:
    refusal = Refusal(reason, **fields)  # type: ignore[arg-type]
    return Refused("What was expanded?", "What was expanded?", "en", refusal=refusal)


def hostile_answer(attack: str) -> Quoted:
    """An answer with `attack` in every place where foreign text can stand."""
    citation = make_citation(
        attack, start=0, title=attack, path=attack, heading=f"{attack} › {attack}", url=attack, doc_id=attack
    )
    return make_answer(
        question=attack,
        interpreted_as=f"{attack} again",
        searched_cities=(attack,),
        statements=(Statement(attack, (1,)),),
        citations=(citation,),
    )


def hostile_refusal(attack: str) -> Answer:
    evidence = Evidence(make_chunk(attack, path=attack, title=attack), Span(0, len(attack)), attack, 0.1)
    refusal = Refusal("unknown_name", missing=(attack,), nearest=(evidence,), covered=(attack, attack))
    return Refused(attack, attack, "en", (attack,), (attack,), refusal=refusal)


def all_html(attack: str) -> list[str]:
    """Every piece of HTML that the page can show, with `attack` wherever foreign text goes."""
    answer, refusal = hostile_answer(attack), hostile_refusal(attack)
    document = make_document(attack, title=attack, path=attack)
    receipts = tuple(
        Receipt(
            path=attack,
            outcome=outcome,
            message=attack,
            title=attack,
            cities=(attack,),
            passages=1,
            origins=(("title", "text"), ("cities", "text"), (attack, attack)),
            warnings=(attack,),
        )
        for outcome in OUTCOMES
    )
    return [
        to_html(answer),
        to_html(refusal),
        evidence_html(answer, {}),
        evidence_html(answer, {attack: document}),
        evidence_html(answer, {"d1": document}, translates=lambda language, other: True),
        evidence_html(replace(answer, translations=((1, attack),)), {"d1": document}),
        to_html(replace(answer, also_searched_as=attack)),
        evidence_html(refusal, {"d1": document}),
        document_html(document, Span(0, len(attack))),
        turn_html(turn=1, question=attack, body=to_html(answer), language="en", copy=attack),
        panel_html(turn=1, question=attack, cards=Html(), is_shown=False, language="en"),
        header_html(documents=1, cities=[attack], language="en"),
        report_html(IndexReport(receipts, notes=(attack,)), language="en"),
        documents_html(
            [(each, "d1", attack, attack) for each in receipts],
            search="",
            language="en",
            name_city=lambda city, language: city,
            names_of=lambda city: [city],
        ),
        notice_html(attack),
    ]


@pytest.mark.parametrize("attack", HOSTILE)
def test_no_foreign_text_becomes_html(attack: str) -> None:
    for html in all_html(attack):
        seen = Inventory(html)
        assert set(seen.tags) <= OUR_TAGS
        assert seen.attributes <= OUR_ATTRIBUTES
        assert all(
            re.match(r"#[em]\d+-\d+$|https://evil\.example/|original/[\w.%~-]*$|\?q=[\w.%+~-]*$", address)
            for address in seen.addresses
        )


@examples(200)
@given(st.text(alphabet=st.sampled_from("<>&\"'`/=qz \n[]1(){}$!\\\x1b\u202eក世"), min_size=1, max_size=40))
def test_no_angle_bracket_of_foreign_text_is_left_unescaped(attack: str) -> None:
    for html in all_html(attack):
        # No tag of ours starts with q or z, so whatever is left with "<" came from the text.
        assert "<" not in re.sub(
            r"</?[a-h][^<>]*>|</?(input|li|mark|p|section|span|strong|summary|ul)\b[^<>]*>", "", html
        )


@examples(200)
@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn"]), min_size=1, max_size=60))
def test_html_shows_a_quote_character_by_character(quote: str) -> None:
    assert quote in Inventory(to_html(make_answer(statements=(Statement(quote, (1,)),)))).text


@pytest.mark.parametrize("attack", HOSTILE)
def test_markdown_shows_foreign_text_as_text_only(attack: str) -> None:
    for answer in (hostile_answer(attack), hostile_refusal(attack)):
        markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
        seen = Inventory(markdown.render(to_markdown(answer)))
        assert set(seen.tags) <= {"p", "em", "strong", "blockquote", "a"}
        assert all(address.startswith("https://evil.example/") for address in seen.addresses)


@examples(300)
@given(st.text(alphabet=st.sampled_from("<>&\"'`/=ab \n[]1(){}$!\\*_~#-+.|:@"), max_size=40))
def test_text_made_safe_for_markdown_comes_out_as_it_went_in(text: str) -> None:
    seen = Inventory(MarkdownIt("commonmark", {"html": True}).render(f"x {as_markdown(text)}"))
    assert set(seen.tags) <= {"p"}
    assert " ".join(seen.text.split()) == " ".join(f"x {one_line(text)}".split())


@pytest.mark.parametrize("attack", HOSTILE)
def test_terminal_text_has_no_control_characters_and_no_marks_but_ours(attack: str) -> None:
    text = to_text(hostile_answer(attack)) + to_text(hostile_refusal(attack))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert set(re.findall(r"\[\d+\]", text)) == {"[1]"}


def test_a_mark_is_a_link_with_a_name_to_the_card_of_its_source() -> None:
    answer = make_answer(statements=(Statement(QUOTE, (1,)), Statement("It was.", (1,))))
    html = to_html(answer, turn=3)
    assert html.count('<a class="mark" href="#e3-1" aria-label="Show source 1"') == 2
    assert html.count('id="m3-1"') == 1
    assert 'id="e3-1"' in evidence_html(answer, {"d1": make_document()}, turn=3)


def test_a_forged_mark_in_a_statement_is_no_link() -> None:
    html = to_html(make_answer(statements=(Statement("As shown in [7].", (1,)),)))
    assert "As shown in [7]." in html
    assert html.count("<a ") == 1


def test_evidence_marks_the_quote_and_nothing_else_in_its_paragraph() -> None:
    html = evidence_html(make_answer(), {"d1": make_document()})
    assert re.findall(r"<mark>(.*?)</mark>", html) == [QUOTE]
    assert "Waste went down." in html


def test_evidence_marks_the_second_of_two_equal_sentences_where_the_span_says_so() -> None:
    text = "It rained. It rained. It stopped."
    answer = make_answer(citations=(make_citation("It rained.", start=11),))
    html = evidence_html(answer, {"d1": make_document(text)})
    assert "It rained. <mark>It rained.</mark> It stopped." in html


def test_evidence_says_section_page_and_the_language_of_the_quote() -> None:
    citation = make_citation(heading="Activities › Surabaya", page=4)
    html = evidence_html(make_answer(language="vi", citations=(citation,)), {"d1": make_document()})
    assert "Surabaya, Trang 4" in html
    assert "Activities › Surabaya" not in html
    assert "Trích bằng tiếng Anh" in html


def test_evidence_of_a_document_that_changed_says_so_and_shows_the_quote_alone() -> None:
    html = evidence_html(make_answer(), {"d1": make_document("Something else now. " * 20)})
    assert f"<mark>{QUOTE}</mark>" in html
    assert "has changed since" in html
    assert "Something else" not in html


def test_evidence_of_a_document_that_is_gone_says_so() -> None:
    html = evidence_html(make_answer(), {})
    assert f"<mark>{QUOTE}</mark>" in html
    assert "no longer there" in html
    assert "<details" not in html


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a b", None),
        ("https://example.org/a?b=c&d=e#f", "https://example.org/a?b=c&d=e#f"),
        ("http://example.org/å\"><b>'", "http://example.org/%C3%A5%22%3E%3Cb%3E%27"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.org/x", None),
        ("https:///x", None),
        ("http://[::1", None),
        ("file:///etc/passwd", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(url: str | None, link: str | None) -> None:
    assert safe_url(url) == link
    html = evidence_html(make_answer(citations=(make_citation(url=url),)), {})
    links = [address for address in Inventory(html).addresses if not address.startswith("#")]
    assert links == ([link] if link else [])
    assert html.count('rel="noopener noreferrer"') == len(links)


@examples(300)
@given(st.text(alphabet="ab. \n\r\nក世\U0001f600", max_size=2500), st.data())
def test_surroundings_hold_the_span_and_stay_within_the_document(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, min(len(text), start + 200))))
    around = surroundings(text, span)
    assert around.contains(span)
    assert around.end <= len(text)
    assert len(around) <= len(span) + 2 * 320


@examples(300)
@given(st.text(alphabet="ab<&\n\tក世\U0001f600", min_size=1, max_size=300), st.data())
def test_a_whole_document_shows_every_character_once_and_marks_the_span(
    text: str, data: st.DataObject
) -> None:
    places = st.integers(0, len(text))
    start, end = sorted((data.draw(places), data.draw(places)))
    heading = sorted((data.draw(places), data.draw(places)))
    document = Document(
        doc_id="d1",
        path="p",
        title="t",
        text=text,
        sha256="0",
        version="v",
        sections=(Section("h", 1, Span(*heading)),),
    )
    html = document_html(document, Span(start, end))
    assert Inventory(html).text == text
    marked = "".join(re.findall(r"<mark>(.*?)</mark>", html, re.DOTALL))
    assert Inventory(marked).text == text[start:end]


def test_a_whole_document_says_where_pages_start_and_sets_headings_off() -> None:
    document = Document(
        doc_id="d1",
        path="p",
        title="t",
        text="One\n\nfirst\n\nsecond",
        sha256="0",
        version="v",
        pages=(PageStart(1, 0), PageStart(2, 12)),
        sections=(Section("One", 1, Span(0, 3)),),
    )
    html = document_html(document, Span(5, 10), language="ja")
    assert '<span class="page">1ページ</span><strong class="heading">One</strong>' in html
    assert '<mark>first</mark>\n\n<span class="page">2ページ</span>second' in html


def test_a_very_long_document_is_cut_around_the_quote_and_says_so() -> None:
    text = "a" * 150_000 + "QUOTE" + "b" * 50
    html = document_html(make_document(text), Span(150_000, 150_005))
    assert "<mark>QUOTE</mark>" in html
    assert "Only the part around the quotation is shown." in html
    assert Inventory(html).text.count("a" * 100_000) == 1


def test_terminal_text_has_statements_with_marks_and_sources_with_quotes() -> None:
    citation = make_citation(heading="Surabaya", page=2)
    assert to_text(make_answer(citations=(citation,))) == (
        f"From the documents:\n{QUOTE} [1]\n\nSources\n"
        f"[1] Activities › Surabaya, Page 2\n    activities.md\n    “{QUOTE}”"
    )


def test_the_lead_says_when_the_quotes_are_in_another_language_than_the_question() -> None:
    assert "Tài liệu viết như sau, bằng tiếng Anh:" in to_text(make_answer(language="vi"))
    assert "文書には次のように書かれています（英語）。" in to_html(make_answer(language="ja"))
    assert "From the documents:" in to_html(make_answer())


def test_a_drafted_answer_is_not_passed_off_as_a_quotation() -> None:
    answer = as_written(make_answer(statements=(Statement("It grew.", (1,)),)))
    assert "From the documents" not in to_text(answer) + to_html(answer) + to_markdown(answer)


def test_a_question_taken_as_another_one_and_a_narrowed_search_are_said() -> None:
    answer = make_answer(
        question="And there?", interpreted_as="What was expanded in Dalian?", searched_cities=("Dalian",)
    )
    for shown in (to_text(answer), to_html(answer), to_markdown(answer)):
        assert "Understood as: What was expanded in Dalian?" in shown
        assert "Searched only documents about Dalian." in shown
    assert "about 大連." in to_text(answer, name_city=lambda city, language: "大連")


def test_a_choice_that_was_set_aside_is_said_in_the_asker_s_language() -> None:
    answer = make_answer(searched_cities=("Dalian",), set_aside_cities=("Davao", "Surabaya"))
    for shown in (to_text(answer), to_html(answer), to_markdown(answer)):
        assert "The question names Dalian; your choice of Davao, Surabaya was set aside." in shown
        assert "Searched only" not in shown
    names = {"Dalian": "大連", "Davao": "ダバオ", "Surabaya": "スラバヤ"}
    japanese = replace(answer, language="ja")
    for shown in (
        to_text(japanese, name_city=lambda city, language: names[city]),
        to_html(japanese, name_city=lambda city, language: names[city]),
    ):
        assert "ご質問に大連の名前があるため、選択されたダバオ、スラバヤは検索条件から外しました。" in shown


def test_a_refusal_says_that_a_choice_was_set_aside() -> None:
    answer = replace(make_refusal(), searched_cities=("Dalian",), set_aside_cities=("Davao",))
    for shown in (to_text(answer), to_html(answer)):
        assert "your choice of Davao was set aside." in shown
    assert to_json(answer)["set_aside_cities"] == ["Davao"]


def test_the_words_asked_for_are_set_off_on_the_page_and_told_to_programs() -> None:
    text = "<b>Sixty & two</b> experts went there."
    focus = Span(text.index("Sixty"), text.index("</b>"))
    answer = make_answer(statements=(Statement(text, (1,), focus=focus),))

    page = to_html(answer)

    assert "&lt;b&gt;<strong>Sixty &amp; two</strong>&lt;/b&gt; experts went there." in page
    assert to_json(answer)["highlights"] == ["Sixty & two"]
    assert "<strong>" not in to_html(make_answer())


def test_documents_that_differ_are_named() -> None:
    answer = replace(make_answer(), disagreements=((1, 2), (1, 3)))

    for shown in (to_text(answer), to_html(answer), to_markdown(answer)):
        assert "The documents differ here: compare sources 1 / 2, 1 / 3." in shown
    assert "differ" not in to_text(make_answer())


def test_a_question_taken_as_it_was_typed_is_not_repeated() -> None:
    assert "Understood as" not in to_text(make_answer(question="what was  Expanded?"))


def test_a_refusal_says_what_is_missing_what_is_nearest_and_what_there_is() -> None:
    nearest = Evidence(make_chunk(), Span(TEXT.index(QUOTE), TEXT.index(QUOTE) + len(QUOTE)), QUOTE, 0.2)
    answer = make_refusal("unknown_name", missing=("Toyota",), nearest=(nearest,), covered=("A", "B"))
    for shown in (to_text(answer), to_html(answer), to_markdown(answer)):
        assert "The documents do not mention Toyota." in shown
        assert "The documents cover: A; B." in shown
        assert QUOTE in Inventory(shown).text
    assert 'href="#e1-1"' in to_html(answer)
    assert f"<mark>{QUOTE}</mark>" in evidence_html(answer, {"d1": make_document()})


def test_a_refusal_names_at_most_eight_titles() -> None:
    text = answer_text(make_refusal(covered=tuple("ABCDEFGHIJ")))
    assert text.endswith("The documents cover: A; B; C; D; E; F; G; H, and 2 more.")


def test_a_refusal_repeats_a_long_question_only_in_part() -> None:
    answer = replace(make_refusal("nothing_found"), interpreted_as="why " * 400)
    assert len(answer_text(answer)) < 300


def test_json_of_an_answer_has_the_agreed_fields() -> None:
    answer = make_answer(
        statements=(Statement("One.", (1,)), Statement("Two.", (1,))),
        passages=(
            Passage(make_chunk(path="b.md"), 0.9, (0.9,)),
            Passage(make_chunk(path="a.md"), 0.8, (0.8,)),
            Passage(make_chunk(path="b.md"), 0.7, (0.7,)),
        ),
        timings={"rerank": 0.2, "total": 0.25},
    )
    start = TEXT.index(QUOTE)
    assert json.loads(json.dumps(to_json(answer))) == {
        "answered": True,
        "answer": "One. Two.",
        "statements": [
            {"text": text, "citations": [1], "city": None, "quoted": True, "checked": "all"}
            for text in ("One.", "Two.")
        ],
        "interpreted_as": "What was expanded?",
        "also_searched_as": "",
        "set_aside_cities": [],
        "highlights": [],
        "reason": None,
        "citations": [
            {
                "number": 1,
                "source": "activities.md",
                "title": "Activities",
                "page": None,
                "page_kind": None,
                "page_name": None,
                "heading": "",
                "quote": QUOTE,
                "start": start,
                "end": start + len(QUOTE),
                "translation": None,
            }
        ],
        "ranked": ["b.md", "a.md"],
        "mode": "extractive",
        "fallback": "",
        "seconds": 0.25,
        "timings": {"rerank": 0.2, "total": 0.25},
    }


def test_json_of_a_refusal_has_its_reason_and_no_citations() -> None:
    record = to_json(make_refusal("unknown_name", missing=("Toyota",)))
    assert record["answered"] is False
    assert record["reason"] == "unknown_name"
    assert record["answer"] == "The documents do not mention Toyota."
    assert record["citations"] == []
    assert record["seconds"] == 0.0


def test_a_receipt_lists_files_and_says_why_one_failed() -> None:
    receipts = (
        Receipt(path="a", outcome="unchanged"),
        Receipt(path="b", outcome="unchanged"),
        Receipt(path="new.md", outcome="added"),
        Receipt(path="x.pdf", outcome="failed", message="it is encrypted"),
        Receipt(path="y.pdf", outcome="failed", message="y.pdf is empty"),
    )
    text = Inventory(report_html(IndexReport(receipts), language="en")).text
    assert "Added: 1new.md" in text
    assert "Unchanged: 2" in text
    assert "Not readable: 2x.pdf: it is encryptedy.pdf is empty" in text


READ = Receipt(
    path="plan.pdf",
    outcome="added",
    title="The plan",
    language="ja",
    cities=("Hai Phong", "Davao"),
    date="2016-03-01",
    passages=12,
    pages=9,
    empty_pages=(2, 5, 6, 7),
    origins=(("title", "properties"), ("date", "file_name"), ("cities", "text")),
    warnings=("page 2 has no text",),
)


def test_a_receipt_tells_what_was_found_in_a_file_and_where() -> None:
    facts = list(receipt_facts(READ, "en"))
    assert facts == [
        "passages: 12",
        "pages: 9 (without text: 2, 5–7)",
        "Japanese",
        "title “The plan” from its properties",
        "date 2016-03-01 from its name",
        "about Hai Phong, Davao, from its text",
    ]
    text = Inventory(report_html(IndexReport((READ,)), language="en")).text
    assert all(fact in text for fact in facts)
    assert "page 2 has no text" in text
    assert list(receipt_facts(replace(READ, page_kind="sheet", empty_pages=()), "en"))[1] == "sheets: 9"
    assert list(receipt_facts(Receipt(path="a", outcome="failed"), "en")) == []


def test_a_receipt_for_a_terminal_has_a_line_for_each_file_that_was_not_left_as_it_was() -> None:
    failed = Receipt(path="x.pdf", outcome="failed", message="x.pdf: it is encrypted")
    report = IndexReport((READ, failed, Receipt(path="b", outcome="unchanged")), 30, 1.25, ("Beware.",))
    lines = list(report_lines(report))
    assert lines[0] == "Beware."
    assert lines[1] == "added     plan.pdf"
    assert "passages: 12; pages: 9" in lines[2]
    assert lines[3].strip() == "page 2 has no text"
    assert lines[4] == "failed    x.pdf: it is encrypted"
    painted = Receipt(path="\x1b[31mred\u202e\nx.pdf", outcome="added")
    assert next(iter(report_lines(IndexReport((painted,))))) == "added     [31mred x.pdf"
    assert lines[5].startswith("1 added, 0 updated, 1 unchanged, 0 skipped, 1 failed, 0 removed; 30 chunks")


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [("page", "", "Page 3"), ("slide", "", "Slide 3"), ("sheet", "Budget", "Sheet “Budget”")],
)
def test_a_citation_names_its_page_slide_or_sheet(kind: PageKind, name: str, label: str) -> None:
    citation = make_citation(page=3, page_kind=kind, page_name=name)
    assert label in place_of(citation, "en")


def test_a_receipt_of_many_files_names_the_first_and_counts_the_rest() -> None:
    receipts = tuple(Receipt(path=f"f{i}.md", outcome="added") for i in range(50))
    text = Inventory(report_html(IndexReport(receipts), language="en")).text
    assert "f19.md" in text
    assert "f20.md" not in text
    assert "and 30 more" in text


def test_filling_a_template_escapes_all_but_html() -> None:
    assert fill("<p>{a}{b}</p>", a="<b>", b=Html("<i>x</i>")) == "<p>&lt;b&gt;<i>x</i></p>"
    assert fill("{a}", a="{b} {0}") == "{b} {0}"


def make_answer_by_city(city: str = "Surabaya") -> Answer:
    statement = Statement(QUOTE, (1,), city)
    return make_answer(statements=(statement,), citations=(make_citation(),), silent_cities=("Davao",))


def test_an_answer_city_by_city_is_a_table_with_the_cities_as_its_row_heads() -> None:
    html = str(to_html(make_answer_by_city(), name_city=lambda city, language: city.upper()))
    assert '<th scope="row">SURABAYA</th>' in html
    assert html.index("SURABAYA") < html.index(QUOTE) < html.index("DAVAO")


def test_an_answer_city_by_city_names_its_cities_in_text_and_for_programs() -> None:
    answer = make_answer_by_city()
    assert f"Surabaya: {QUOTE} [1]" in to_text(answer)
    assert "Nothing on this was found in the documents for Davao." in to_text(answer)
    assert (
        to_json(answer)["answer"]
        == f"Surabaya: {QUOTE} Nothing on this was found in the documents for Davao."
    )


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_city_is_shown_as_text(attack: str) -> None:
    html = str(to_html(make_answer_by_city(attack)))
    assert "<script" not in html
    assert "<img" not in html
    assert "<svg" not in html


def test_documents_are_found_by_title_path_date_and_the_names_of_their_cities() -> None:
    entries = [
        (
            Receipt(path="a/plan.pdf", outcome="unchanged", title="The plan", cities=("Hai Phong",)),
            "d1",
            "v1",
            None,
        ),
        (Receipt(path="b.md", outcome="unchanged", title="Water", date="2016-03-01"), "d2", "v2", None),
    ]

    def found(search: str) -> list[str]:
        html = documents_html(
            entries,
            search=search,
            language="en",
            name_city=lambda city, language: city,
            names_of=lambda city: (city, "ハイフォン市"),
        )
        return re.findall(r"original/(\w+)", html)

    assert found("") == ["d1", "d2"]
    assert found("ＰＬＡＮ hai") == found("ハイフォン") == found("pdf") == ["d1"]
    assert found("2016-03") == ["d2"]
    assert found("plan water") == []


@pytest.mark.parametrize(("asked_in", "language"), [("en", "English"), ("ja", "Quoted in English")])
def test_a_card_names_language_and_date_of_its_document_and_leads_to_its_file(
    asked_in: str, language: str
) -> None:
    document = replace(make_document(), date="2017-11-05")
    html = evidence_html(make_answer(language=asked_in), {"d1": document}, language="en")
    assert f"{language} · 2017-11-05" in Inventory(html).text
    assert "original/d1" in Inventory(html).addresses
    without = Inventory(evidence_html(make_answer(), {}, language="en"))
    assert not any(address.startswith("original/") for address in without.addresses)
