"""Facts about chunks: their spans reproduce their text, whatever the text is, and headings travel with them."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY
from qa.cities import load_cities
from qa.domain import Chunk, Document, PageStart, Place, Section, Span
from qa.indexing.chunking import chunk_document, page_at, parts_to_embed, text_to_embed
from qa.loaders import parse_document
from qa.loaders.parsed import TextBuilder

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")

BLOCKS = (
    "It began in 2015. It began in 2015. It began in 2015.",
    "It began in 2015. It began in 2015. It began in 2015.",
    "北九州市は協力した。「はい。」と言った。" * 3,
    "នេះជាប្រយោគ។ ភ្នំពេញ\u200bស្អាត។ " * 4,
    unicodedata.normalize("NFD", "Hải Phòng đã đến. TP. Hồ Chí Minh. "),
    "e\u0301\u0301 👩‍👩‍👧‍👦! 🏳️‍🌈🏳️‍🌈 \u0301x",
    "One line\r\nand another.\r\n\r\nA new paragraph.\rOld Mac.",
    "- first item\n- second item\n\n1. third",
    "word " * 150 + "end.",
    "長" * 300,
    "\u200b",
    "¶",
)
"""Repeats, scripts without spaces, combining marks, emoji, NFD, CRLF, sentences too long for any chunk."""

PARTS = st.lists(
    st.tuples(st.sampled_from(["block", "heading", "page"]), st.sampled_from(BLOCKS) | st.text(max_size=80)),
    min_size=1,
    max_size=10,
)


def count_characters(texts: Sequence[str]) -> list[int]:
    """One token for each four characters: unlike words, they come in scripts without spaces too."""
    return [-(-len(text) // 4) for text in texts]


def build_document(parts: Sequence[tuple[str, str]], *, title: str = "A title") -> Document:
    """A document as the readers build them, that ends with text and has some on every page."""
    builder = TextBuilder()
    for number, (kind, text) in enumerate(parts, start=1):
        if kind == "page":
            builder.add_block("¶")
            builder.start_page(number)
        elif kind == "heading":
            builder.add_heading(text, level=1 + number % 3)
        else:
            builder.add_block(text)
    builder.add_block("The end.")
    return Document(
        doc_id="d", path="a.md", title=title, text=builder.text, sha256="0" * 64, version="v1",
        pages=builder.pages, sections=builder.sections,
    )  # fmt: skip


def read(source: str, *, path: str = "a.md") -> Document:
    return parse_document(source.encode(), path=path, catalogue=CATALOGUE)


def chunk(document: Document, *, chunk_tokens: int = 40) -> tuple[Chunk, ...]:
    return chunk_document(
        document, count_tokens=count_characters, chunk_tokens=chunk_tokens, catalogue=CATALOGUE
    )


def is_blank(text: str) -> bool:
    return all(character.isspace() or character == "\u200b" for character in text)


@settings(deadline=None)
@given(parts=PARTS, chunk_tokens=st.integers(8, 64))
def test_every_span_reproduces_its_text_from_the_document(
    parts: list[tuple[str, str]], chunk_tokens: int
) -> None:
    document = build_document(parts)
    for each in chunk(document, chunk_tokens=chunk_tokens):
        assert document.text[each.place.span.start : each.place.span.end] == each.text
        assert each.sentences[0].start == each.place.span.start
        assert each.sentences[-1].end == each.place.span.end
        for sentence in each.sentences:
            assert each.cut(sentence) == sentence.cut(document.text)


@settings(deadline=None)
@given(parts=PARTS, chunk_tokens=st.integers(8, 64))
def test_chunks_and_sentences_are_ordered_and_disjoint_and_only_blanks_lie_between_sentences(
    parts: list[tuple[str, str]], chunk_tokens: int
) -> None:
    document = build_document(parts)
    chunks = chunk(document, chunk_tokens=chunk_tokens)
    for before, after in itertools.pairwise(chunks):
        assert before.place.span.end <= after.place.span.start
    for each in chunks:
        for sentence, following in itertools.pairwise(each.sentences):
            assert is_blank(document.text[sentence.end : following.start])
            assert sentence.end <= following.start


@settings(deadline=None)
@given(parts=PARTS, chunk_tokens=st.integers(8, 64))
def test_everything_but_headings_is_in_a_chunk(parts: list[tuple[str, str]], chunk_tokens: int) -> None:
    document = build_document(parts)
    spans = [each.place.span for each in chunk(document, chunk_tokens=chunk_tokens)]
    spans += [section.span for section in document.sections]
    outside = set(range(len(document.text))).difference(*(range(s.start, s.end) for s in spans))
    assert is_blank("".join(document.text[offset] for offset in outside))


@settings(deadline=None)
@given(parts=PARTS, chunk_tokens=st.integers(8, 64))
def test_no_chunk_has_more_tokens_than_are_allowed(parts: list[tuple[str, str]], chunk_tokens: int) -> None:
    document = build_document(parts)
    for each in chunk(document, chunk_tokens=chunk_tokens):
        assert sum(count_characters([each.cut(span) for span in each.sentences])) <= chunk_tokens


@settings(deadline=None)
@given(parts=PARTS)
def test_a_chunk_keeps_to_one_section_and_one_page(parts: list[tuple[str, str]]) -> None:
    document = build_document(parts)
    walls = [page.start for page in document.pages] + [section.span.start for section in document.sections]
    for each in chunk(document):
        assert not [wall for wall in walls if each.place.span.start < wall < each.place.span.end]
        page = page_at(document, each.place.span.start)
        assert each.place.page == (page.number if page else None)


@settings(deadline=None)
@given(parts=PARTS)
def test_ids_are_unique_and_the_same_every_time(parts: list[tuple[str, str]]) -> None:
    document = build_document(parts)
    ids = [each.chunk_id for each in chunk(document)]
    assert len(set(ids)) == len(ids)
    assert ids == [each.chunk_id for each in chunk(document)]


def test_an_id_changes_with_the_document() -> None:
    document = build_document([("block", "It began in 2015.")])
    ids = {
        chunk(each)[0].chunk_id
        for each in (document, replace(document, doc_id="e"), replace(document, version="v2"))
    }
    assert len(ids) == 3


def test_headings_travel_with_chunks_and_are_not_in_their_text() -> None:
    document = read(
        "# Hai Phong\n\nIntro.\n\n## Waste\n\nBurnt.\n\n### Ash\n\nBuried.\n\n## Water\n\nClean.\n"
    )
    assert [(each.place.heading, each.text) for each in chunk(document)] == [
        ("", "Intro."),
        ("Waste", "Burnt."),
        ("Waste › Ash", "Buried."),
        ("Water", "Clean."),
    ]
    assert {each.source.title for each in chunk(document)} == {"Hai Phong"}


def test_text_before_the_first_heading_stands_under_none() -> None:
    assert [(each.place.heading, each.text) for each in chunk(read("First.\n\n## Then\n\nSecond.\n"))] == [
        ("", "First."),
        ("Then", "Second."),
    ]


def test_a_telling_heading_with_nothing_under_it_is_kept_as_text() -> None:
    headings = (
        "# Log",
        "## Kick-off meeting with the park",
        "## Photos",
        "## 工業団地との会議の開催",
        "## End",
    )
    document = read("\n\n".join([*headings, "Bye."]))
    assert [each.text for each in chunk(document)] == [
        "Kick-off meeting with the park",
        "工業団地との会議の開催",
        "Bye.",
    ]


def test_a_telling_heading_that_ends_the_document_is_kept_as_text() -> None:
    document = read("# Log\n\nIt began in 2015.\n\n## A heading that says a lot\n")
    assert [each.text for each in chunk(document)] == ["It began in 2015.", "A heading that says a lot"]


def test_a_heading_that_ends_the_document_repeats_nothing() -> None:
    document = read("# Log\n\nIt began in 2015.\n\n## Photos\n")
    assert [(each.place.heading, each.text) for each in chunk(document)] == [("", "It began in 2015.")]


def test_an_empty_page_repeats_nothing() -> None:
    document = Document(
        doc_id="d", path="a.pdf", title="T", text="One.\n\nThree.", sha256="0", version="v",
        pages=(PageStart(1, 0), PageStart(2, 6), PageStart(3, 6)),
    )  # fmt: skip
    assert [(each.place.page, each.text) for each in chunk(document)] == [(1, "One."), (3, "Three.")]


def test_what_is_embedded_has_title_and_headings_above_the_text() -> None:
    document = read("# Hai Phong\n\n## Waste\n\n### Ash\n\nBuried.\n")
    (only,) = chunk(document)
    assert text_to_embed(only, document) == "Hai Phong\nWaste › Ash\nBuried."
    assert parts_to_embed(only, document) == ("Hai Phong\nWaste › Ash", "Buried.")
    bare = replace(only, place=Place(only.place.span)), replace(document, is_titled=False)
    assert text_to_embed(*bare) == "Buried."
    assert parts_to_embed(*bare) == ("Buried.",)


def test_a_very_long_sentence_is_cut_at_blanks() -> None:
    words = [f"word{number}" for number in range(2000)]
    document = read(" ".join(words) + ".")
    chunks = chunk(document)
    assert len(chunks) > 10
    assert " ".join(each.text for each in chunks) == document.text


def test_a_long_sentence_without_blanks_is_cut_all_the_same() -> None:
    document = read("長" * 1000)
    chunks = chunk(document)
    assert "".join(each.text for each in chunks) == document.text
    assert max(len(each.text) for each in chunks) <= 160


def test_a_section_is_shared_out_evenly() -> None:
    document = read(" ".join(f"Sentence number {number:03} is here." for number in range(13)))
    sizes = [len(each.sentences) for each in chunk(document)]
    assert sum(sizes) == 13
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) <= 1


def test_repeated_text_has_one_chunk_for_each_place() -> None:
    document = read("## A\n\nThe same words.\n\n## B\n\nThe same words.\n")
    first, second = chunk(document)
    assert first.text == second.text
    assert (first.place.heading, second.place.heading) == ("A", "B")
    assert second.place.span.start == document.text.rindex("The same words.")
    assert first.chunk_id != second.chunk_id


def test_cities_come_from_the_document_its_headings_and_its_text() -> None:
    source = "---\ncities: [Davao]\n---\n## In Surabaya\n\nLike in プノンペン都.\n\n## Else\n\nNothing.\n"
    assert [each.source.cities for each in chunk(read(source))] == [
        ("Davao", "Surabaya", "Phnom Penh"),
        ("Davao",),
    ]


def test_a_chunk_carries_the_path_title_and_language_of_its_document() -> None:
    (only,) = chunk(read("---\ntitle: On water\nlanguage: id\n---\nAir bersih.\n", path="sub/a.md"))
    assert (only.source.path, only.source.title, only.source.language) == ("sub/a.md", "On water", "id")


def test_pages_cut_sections_and_number_chunks() -> None:
    document = Document(
        doc_id="d", path="a.pdf", title="T", text="Head\n\nOne.\n\nTwo.\n\nThree.", sha256="0", version="v",
        sections=(Section("Head", 1, Span(0, 4)),), pages=(PageStart(1, 0), PageStart(2, 12), PageStart(3, 18)),
    )  # fmt: skip
    assert [(each.place.page, each.place.heading, each.text) for each in chunk(document)] == [
        (1, "Head", "One."),
        (2, "Head", "Two."),
        (3, "Head", "Three."),
    ]


def test_a_page_is_told_by_its_offset() -> None:
    one, two = PageStart(1, 0), PageStart(2, 5, "Budget")
    document = replace(build_document([]), pages=(one, two))
    assert [page_at(document, offset) for offset in (0, 4, 5, 7)] == [one, one, two, two]
    assert page_at(replace(document, pages=()), 3) is None


def test_a_document_with_nothing_to_say_has_no_chunks() -> None:
    assert chunk(replace(build_document([]), text="\u200b")) == ()
