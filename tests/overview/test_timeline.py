"""Facts about dated statements: what is read as a date, in which order they come, and how they are shown."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY, load_document
from qa.answer.composition import cite
from qa.cities import load_cities
from qa.corpus.files import find_files
from qa.domain import Chunk, Document, Evidence, Place, Quoted, Source, Span, Statement
from qa.i18n.messages import LANGUAGES, say
from qa.indexing.chunking import chunk_document
from qa.overview.timeline import Event, find_events
from qa.rendering.escaping import Html
from qa.rendering.evidence import evidence_html
from qa.rendering.timeline import timeline_html

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
NOW = 2026


def chunk_of(
    *sentences: str, path: str = "a.md", cities: tuple[str, ...] = (), offset: int = 0, language: str = "en"
) -> Chunk:
    """A chunk at `offset` of its document whose sentences are exactly these, a space between each two."""
    spans, start = [], offset
    for sentence in sentences:
        spans.append(Span(start, start + len(sentence)))
        start += len(sentence) + 1
    span = Span(offset, start - 1)
    source = Source(path, path, "Activities", language=language, cities=cities)
    return Chunk(f"{path}-{offset}", source, Place(span), " ".join(sentences), tuple(spans))


def events_of(*chunks: Chunk) -> tuple[Event, ...]:
    return find_events(chunks, catalogue=CATALOGUE, this_year=NOW)


def dates_in(text: str) -> list[tuple[int, int | None, int | None]]:
    found = sorted(events_of(chunk_of(text)), key=lambda event: event.date)
    return [(event.year, event.month, event.end_year) for event in found]


@pytest.mark.parametrize(
    ("text", "year", "month", "end_year"),
    [
        ("They concluded an agreement in March 2016.", 2016, 3, None),
        ("The meeting of 5 March 2016 was the first.", 2016, 3, None),
        ("It was signed on March 5th, 2016 in Davao.", 2016, 3, None),
        ("The survey ran from March to May 2016.", 2016, 3, None),
        ("Sept. 2016: the fair opened.", 2016, 9, None),
        ("A survey began in 1996.", 1996, None, None),
        ("In 1996 Kitakyushu proposed a plan.", 1996, None, None),
        ("Since 2015, both cities have met.", 2015, None, None),
        ("Since 2015 experts have been sent.", 2015, None, None),
        ("It shall be a zero-carbon city by 2050.", 2050, None, None),
        ("The agreement of 2014 has grown.", 2014, None, None),
        ("The 2014 agreement has grown.", 2014, None, None),
        ("From fiscal 2010 to 2012, experts were sent.", 2010, None, 2012),
        ("Experts were sent between 2010 and 2012.", 2010, None, 2012),
        ("It ran from March 2010 to June 2012.", 2010, 3, 2012),
        ("The first period (1993-1998) was short.", 1993, None, 1998),
        ("1993–1998", 1993, None, 1998),
        ("In fiscal 2016/17 there were two.", 2016, None, 2017),
        ("The plan for FY2016 was accepted.", 2016, None, None),
        ("FY 2016-2018", 2016, None, 2018),
        ("Waste grew in the 1990s.", 1990, None, 1999),
        ("1996: a survey begins.", 1996, None, None),
        ("1996  Survey begins", 1996, None, None),
        ("The survey (1996) was the first.", 1996, None, None),
        ("As of 2016-03-05 there were two.", 2016, 3, None),
        ("As of 25/03/2016 there were two.", 2016, 3, None),
        ("As of 5/3/2016 there were two.", 2016, None, None),
        ("2016年3月に締結した。", 2016, 3, None),
        ("２０１６年３月５日に締結した。", 2016, 3, None),
        ("二〇一六年三月に締結した。", 2016, 3, None),
        ("平成28年に締結した。", 2016, None, None),
        ("平成28年3月に締結した。", 2016, 3, None),
        ("令和2年度の予算", 2020, None, None),
        ("令和元年に始まった。", 2019, None, None),
        ("昭和63年に始まった。", 1988, None, None),
        ("H28年度の予算", 2016, None, None),
        ("平成22年度から24年度まで派遣した。", 2010, None, 2012),
        ("2010年から2012年まで派遣した。", 2010, None, 2012),
        ("専門家を2010～2012年度に派遣した。", 2010, None, 2012),
        ("专家于2010-2012年赴大连。", 2010, None, 2012),
        ("1990年代に公害は減った。", 1990, None, 1999),
        ("1996年十二月，大连开始调查。", 1996, 12, None),
        ("Hai thành phố ký kết vào tháng 3 năm 2016.", 2016, 3, None),
        ("Ngày 5 tháng ba năm 2016, hai bên ký kết.", 2016, 3, None),
        ("Ký kết tháng 12/2009 tại Hải Phòng.", 2009, 12, None),
        ("Năm 2009 hai thành phố ký thỏa thuận.", 2009, None, None),
        ("Từ năm 2010 đến năm 2012 có nhiều chuyên gia.", 2010, None, 2012),
        ("Trong thập niên 1990 nước bị ô nhiễm.", 1990, None, 1999),
        ("Pada tanggal 5 Maret 2016 kedua kota bertemu.", 2016, 3, None),
        ("Kerja sama dimulai pada tahun 2009.", 2009, None, None),
        ("Sejak 2009 kedua kota bertemu.", 2009, None, None),
        ("Dari tahun 2010 hingga 2012, para ahli dikirim.", 2010, None, 2012),
        ("Pada tahun 1990-an sampah bertambah.", 1990, None, 1999),
        ("កិច្ចព្រមព្រៀងត្រូវបានចុះហត្ថលេខាក្នុងឆ្នាំ២០១៦។", 2016, None, None),
        ("ចុះហត្ថលេខានៅខែមីនា ឆ្នាំ២០១៦។", 2016, 3, None),
        ("ពីឆ្នាំ២០១០ ដល់ឆ្នាំ២០១២ មានអ្នកជំនាញ។", 2010, None, 2012),
        ("Noong 2016, nilagdaan ang kasunduan.", 2016, None, None),
        ("Nilagdaan ito noong ika-5 ng Marso 2016.", 2016, 3, None),
        ("Mula 2010 hanggang 2012, nagpadala ng mga eksperto.", 2010, None, 2012),
    ],
)
def test_a_date_is_read_in_every_language(
    text: str, year: int, month: int | None, end_year: int | None
) -> None:
    assert dates_in(text) == [(year, month, end_year)]


@pytest.mark.parametrize(
    "text",
    [
        "The method has spread to 20,000 households.",
        "The method has spread to 2,000 households.",
        "The method has spread to 2000 households.",
        "Composting was taken up in 2000 households.",
        "1990 experts were sent to Dalian.",
        "The 1990 experts came back.",
        "A total of 2014.",
        "The number rose to 2014.",
        "It costs $2000, or ¥2010.",
        "It holds 2000 m³ or 2000m³ or 2000%.",
        "It weighs 2000-3000 kg, in 2000-3000 bags.",
        "The factor is in 2014.5 and 1,2016.",
        "It meets ISO 14001:2015 and has no. 12016.",
        "See https://example.org/2016/03/05/in-2016 or mail in.2016@example.org.",
        "Call 093-582-2016 or 2016-582-093.",
        "For 2000 years nothing happened.",
        "In 2000 years nothing happens.",
        "Decree 38/2015/ND-CP is in force.",
        "In 1850 and in 2200 nothing happened.",
        "2000年間続いた。2000年前のことだ。",
        "2000人が参加した。",
        "2000名专家赴大连。",
        "2000 hộ gia đình tham gia.",
        "Sebanyak 2000 rumah tangga ikut serta.",
        "平成99年, 令和0年",
        "You may 2 or 3 times a day.",
        "Windows 2000 was used.",
        "",
    ],
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert dates_in(text) == []


@pytest.mark.parametrize("text", ["in 2014 experts were sent to Dalian", "Beijing Olympics 2008"])
def test_what_is_ambiguous_is_left_out(text: str) -> None:
    assert dates_in(text) == []


def test_a_sentence_counts_once_for_each_of_its_dates() -> None:
    assert dates_in("In 2020, it announced to be a zero-carbon city by 2050.") == [
        (2020, None, None),
        (2050, None, None),
    ]
    assert dates_in("Meetings were held in 2010, 2011 and 2012.") == [
        (year, None, None) for year in (2010, 2011, 2012)
    ]
    assert dates_in("平成28年（2016年）に締結した。") == [(2016, None, None)]


def test_a_year_far_ahead_needs_a_word_that_makes_it_one() -> None:
    assert dates_in("2090: the sea") == []
    assert dates_in("By 2090.") == [(2090, None, None)]


def test_the_date_s_own_words_are_known() -> None:
    chunk = chunk_of("Nothing.", "From fiscal 2010 to 2012, experts were sent.", offset=7)
    (event,) = events_of(chunk)
    assert chunk.cut(event.date) == "2010 to 2012"
    assert event.text == chunk.cut(event.span) == "From fiscal 2010 to 2012, experts were sent."


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ("It was signed with Surabaya and ハイフォン in 2014.", ("Surabaya", "Hai Phong")),
        ("It was signed with Surabaya by Kitakyushu in 2014.", ("Surabaya",)),
        ("Kitakyushu received the award in 1990.", ("Kitakyushu",)),
        ("It was signed in 2014.", ("Davao",)),
    ],
)
def test_the_cities_are_those_of_the_sentence_else_of_the_chunk(text: str, cities: tuple[str, ...]) -> None:
    assert events_of(chunk_of(text, cities=("Davao",)))[0].cities == cities


def test_the_same_sentence_in_two_documents_counts_once() -> None:
    one = chunk_of("Davao signed in 2017.", path="b.md")
    other = chunk_of("Davao  signed\nin 2017", path="a.md")
    assert [event.chunk for event in events_of(one, other)] == [other]


def test_the_same_words_about_other_cities_are_another_statement() -> None:
    one = chunk_of("It was signed in 2017.", path="a.md", cities=("Davao",))
    other = chunk_of("It was signed in 2017.", path="b.md", cities=("Surabaya",))
    assert [event.cities for event in events_of(one, other)] == [("Davao",), ("Surabaya",)]


def test_events_come_by_date_then_by_document() -> None:
    chunks = [
        chunk_of("Signed in May 2016.", "Begun in 2016.", "Planned in 1990.", path="b.md"),
        chunk_of("Praised in May 2016.", "Seen in 2016 to 2018.", path="a.md"),
    ]
    assert [event.text for event in events_of(*chunks)] == [
        "Planned in 1990.",
        "Begun in 2016.",
        "Seen in 2016 to 2018.",
        "Praised in May 2016.",
        "Signed in May 2016.",
    ]


def test_the_corpus_tells_its_story() -> None:
    corpus = REPOSITORY / "corpus"
    documents = [
        load_document(path, corpus=corpus, catalogue=CATALOGUE)
        for path in find_files(corpus)
        if path.suffix == ".md"
    ]

    def count_tokens(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    chunks = [
        chunk
        for document in documents
        for chunk in chunk_document(
            document, count_tokens=count_tokens, chunk_tokens=120, catalogue=CATALOGUE
        )
    ]
    dates = {(e.year, e.month, e.end_year, e.cities) for e in events_of(*chunks)}
    assert dates == {
        (1990, None, None, ("Kitakyushu",)),
        (1996, None, None, ("Dalian",)),
        (2001, None, None, ("Dalian",)),
        (2009, None, None, ("Hai Phong",)),
        (2009, 12, None, ("Hai Phong",)),
        (2010, None, 2012, ("Hai Phong",)),
        (2012, 11, None, ("Surabaya",)),
        (2014, None, None, ("Hai Phong",)),
        (2015, None, None, ("Davao",)),
        (2016, 3, None, ("Phnom Penh",)),
        (2017, 11, None, ("Davao",)),
        (2020, None, None, ("Kitakyushu",)),
        (2050, None, None, ("Kitakyushu",)),
    }


PIECES = st.sampled_from(
    [
        *(
            "in ",
            "In ",
            "since ",
            "1996",
            "2000",
            "2016",
            "２０１６",
            "២០១៦",
            "年",
            "月",
            "3",
            "12",
            "平成",
            "令和",
            "元",
        ),
        *(
            "March ",
            "tháng ",
            "năm ",
            "tahun ",
            "ឆ្នាំ",
            "ខែមីនា",
            "noong ",
            "FY",
            "s",
            "-",
            "–",
            "/",
            ".",
            ",",
            " ",
        ),
        *(
            " to ",
            " and ",
            "から",
            "households ",
            "Dalian ",
            "Kitakyushu ",
            "\n",
            "\u200b",
            "İ",
            "𝟚𝟘𝟙𝟞",
            "e\u0301",
            "\r\n",
        ),
    ]
)
SENTENCES = st.one_of(
    st.lists(PIECES, min_size=1, max_size=12).map("".join), st.text(min_size=1, max_size=60)
)


@st.composite
def chunk_lists(draw: st.DrawFn) -> list[Chunk]:
    """Chunks of a few documents that do not overlap."""
    chunks = []
    for path in ("a.md", "b.md", "c.md"):
        offset = draw(st.integers(0, 9))
        for _ in range(draw(st.integers(0, 2))):
            chunk = chunk_of(*draw(st.lists(SENTENCES, min_size=1, max_size=4)), path=path, offset=offset)
            chunks.append(chunk)
            offset = chunk.place.span.end + 1
    return chunks


@given(chunk_lists())
def test_every_statement_stands_verbatim_at_its_span_with_its_date_inside(chunks: list[Chunk]) -> None:
    for event in events_of(*chunks):
        assert event.span in event.chunk.sentences
        assert event.chunk.cut(event.span) == event.text
        assert event.span.contains(event.date)
        assert len(event.date) >= 3  # 元年 and an era is the shortest
        assert 1900 <= event.year <= (event.end_year or event.year) <= 2100
        assert event.month is None or 1 <= event.month <= 12


@given(chunk_lists(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_chunks(
    chunks: list[Chunk], chance: random.Random
) -> None:
    shuffled = list(chunks)
    chance.shuffle(shuffled)
    events = events_of(*chunks)
    assert events_of(*shuffled) == events
    assert [event.year for event in events] == sorted(event.year for event in events)
    assert len(set(events)) == len(events)


@pytest.mark.parametrize(
    "piece", [" ", "1", "may ", "a", "2016 ", "-", "2016-", "in ", "年", "\u200b", ".", "a.b@"]
)
def test_long_runs_are_read_in_a_moment(piece: str) -> None:
    assert len(dates_in(piece * 8000)) <= 1


def timeline(*chunks: Chunk, language: str = "en") -> Html:
    return timeline_html(events_of(*chunks), name_city=CATALOGUE.display_name, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_has_a_heading_for_each_year_and_cities_in_the_page_s_language(language: str) -> None:
    html = timeline(
        chunk_of("Dalian won in 2001.", "It grew in 2001.", "It began in 1996."), language=language
    )
    assert [re.search(r"\d{4}", found)[0] for found in re.findall("<h3>.*?</h3>", html)] == ["1996", "2001"]  # type: ignore[index]
    assert CATALOGUE.display_name("Dalian", language) in html
    assert f'<section class="timeline" lang="{language}"' in html


def test_the_quote_is_verbatim_in_its_language_with_its_date_set_off() -> None:
    html = timeline(chunk_of("スラバヤ市と２０１２年１１月に締結した。", language="ja"))
    date = '<strong class="timeline-date">２０１２年１１月</strong>'
    assert f'<blockquote lang="ja" dir="auto">スラバヤ市と{date}に締結した。</blockquote>' in html


def test_a_range_is_told_beside_the_cities() -> None:
    assert '<span class="timeline-range">2010–2012</span>' in timeline(chunk_of("From 2010 to 2012 it ran."))


def test_the_way_to_the_document_is_the_same_as_on_the_evidence_s_cards() -> None:
    chunk = chunk_of("Nothing.", "It began in 1996.", offset=7)
    document = Document(doc_id="a.md", path="a.md", title="Activities", text="", sha256="0", version="v1")
    citation = cite(1, Evidence(chunk, chunk.sentences[1], "It began in 1996.", 1.0))
    answer = Quoted(
        question="Q", interpreted_as="Q", language="en", citations=(citation,),
        statements=(Statement("It began in 1996.", (1,)),),
    )  # fmt: skip
    card = evidence_html(answer, {"a.md": document})
    (whole,) = re.findall('<details class="whole".*?</details>', card)
    assert whole in timeline(chunk)
    assert 'data-start="16" data-end="33"' in whole


def test_without_dated_statements_the_list_says_so() -> None:
    assert say("timeline_empty", "en") in timeline(chunk_of("Nothing."))


@pytest.mark.parametrize(
    "attack",
    ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{x} {0.__class__}", "&lt;b&gt;"],
)
def test_no_foreign_text_becomes_html(attack: str) -> None:
    chunk = chunk_of(f"{attack} in 2016. {attack}", cities=(attack,))
    source = Source(attack, attack, attack, language=attack, cities=(attack,), version=attack)
    place = Place(chunk.place.span, heading=attack, page=1, page_kind="sheet", page_name=attack)
    chunk = replace(chunk, source=source, place=place)
    events = events_of(chunk)
    html = timeline_html(events, name_city=lambda city, language: city + attack, language="en")
    ours = {
        "section",
        "h2",
        "h3",
        "p",
        "ol",
        "ul",
        "li",
        "span",
        "blockquote",
        "strong",
        "bdi",
        "details",
        "summary",
        "div",
    }
    assert len(events) == 1
    assert set(re.findall(r"</?([^\s/>]*)", html)) == ours
    assert "<" not in re.sub(r"</?[a-z][a-z0-9]*(?: [a-z-]+=\"[^\"<>]*\")*>", "", html)
