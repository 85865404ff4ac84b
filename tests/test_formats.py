"""Facts about an office's files from end to end: what is asked is quoted whole, from the place that is named."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from conftest import REPOSITORY, CountingEmbedder
from office import convert_with_libreoffice
from qa.cities import load_cities
from qa.config import Settings
from qa.domain import Citation, PageKind
from qa.indexing.chunking import chunk_document
from qa.indexing.run import index_corpus
from qa.loaders import parse_document
from qa.loaders.pdf.khmer import place_marks
from qa.loaders.pdf.lines import Line, join_stretched
from qa.loaders.pdf.page import Glyph, Style
from qa.models import Models
from qa.pipeline import Pipeline
from qa.rendering.receipts import receipt_facts
from qa.rendering.wording import place_of
from qa.text.sentences import split_sentences
from reports import WORDS, Words, make_mail, make_page, make_pdf, make_slides, make_word, make_workbook

LANGUAGES = sorted(WORDS)


@dataclass(frozen=True)
class Format:
    """How a file is made, and where the sentence and the table stand in it."""

    suffix: str
    make: Callable[[Words], bytes]
    kind: PageKind = "page"
    page: int | None = None
    name: str = ""
    label: str = ""
    table_label: str = ""


FORMATS = {
    "word": Format("docx", make_word),
    "slides": Format("pptx", make_slides, "slide", 4, "", "Slide 4", "Slide 5"),
    "workbook": Format("xlsx", make_workbook, "sheet", 3, "Budget", "Sheet “Budget”", "Sheet “Budget”"),
    "page": Format("html", make_page),
    "mail": Format("eml", make_mail),
    "pdf": Format("pdf", make_pdf, "page", 3, "", "Page 3", "Page 3"),
}

CASES = [
    pytest.param((format_, language), id=f"{name}-{language}")
    for name, format_ in FORMATS.items()
    for language in LANGUAGES
    if (name, language) != ("pdf", "km")  # reportlab does not shape Khmer; LibreOffice does, see below
]

FILE = "report"


@dataclass(frozen=True)
class Indexed:
    """The pipeline over one file, and what the receipt says of it."""

    pipeline: Pipeline
    facts: tuple[str, ...]

    def cite(self, question: str) -> Citation:
        """The first citation of the answer."""
        citation = self.pipeline.ask(question).citations[0]
        document = self.pipeline.library.find_document(citation.source.doc_id, citation.source.version)
        assert document is not None
        assert citation.place.span.cut(document.text) == citation.quote
        return citation


def index(folder: Path, data: bytes, suffix: str) -> Indexed:
    """The index, in `folder`, of a file of these bytes."""
    settings = Settings(
        corpus_dir=folder / "corpus",
        index_dir=folder / "index",
        cities_file=REPOSITORY / "corpus" / "cities.toml",
        threshold=0.0,
        reranker="none",
        reader="none",
    )
    settings.corpus_dir.mkdir()
    (settings.corpus_dir / f"{FILE}.{suffix}").write_bytes(data)
    (receipt,) = index_corpus(settings, CountingEmbedder()).of("added")
    return Indexed(Pipeline(settings, Models(CountingEmbedder())), tuple(receipt_facts(receipt, "en")))


@dataclass(frozen=True)
class Case:
    """A report as a file of a format, in a language."""

    format_: Format
    words: Words
    language: str
    indexed: Indexed


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    format_, language = request.param
    words = WORDS[language]
    indexed = index(tmp_path_factory.mktemp("case"), format_.make(words), format_.suffix)
    return Case(format_, words, language, indexed)


def sentences_of(data: bytes, name: str) -> list[str]:
    """Every sentence of every passage."""
    catalogue = load_cities(REPOSITORY / "corpus" / "cities.toml")
    document = parse_document(data, path=name, catalogue=catalogue)
    count = CountingEmbedder().count_tokens
    chunks = chunk_document(document, count_tokens=count, chunk_tokens=200, catalogue=catalogue)
    return [span.cut(document.text) for chunk in chunks for span in chunk.sentences]


def test_a_sentence_is_quoted_whole_from_the_place_that_is_named(case: Case) -> None:
    format_, words = case.format_, case.words
    citation = case.indexed.cite(words.question)
    assert citation.quote.removeprefix("- ") == words.sentence
    assert (citation.place.page, citation.place.page_name) == (format_.page, format_.name)
    assert citation.place.page_kind == format_.kind
    assert citation.source.language == case.language
    heading = citation.place.heading.split(" › ")[-1] if citation.place.heading else ""
    assert heading == {"eml": "", "xlsx": "Budget"}.get(format_.suffix, words.heads[1])
    assert place_of(citation, "en") == ", ".join(filter(None, [heading, format_.label]))


def test_a_row_of_a_table_makes_sense_alone(case: Case) -> None:
    citation = case.indexed.cite(case.words.row_question)
    assert citation.quote == case.words.rows[1] + ("; %: 25%" if case.format_.suffix == "xlsx" else "")
    assert place_of(citation, "en").endswith(case.format_.table_label)


def test_each_sentence_is_whole_and_nothing_else_is_one(case: Case) -> None:
    format_, words = case.format_, case.words
    found = sentences_of(format_.make(words), f"{FILE}.{format_.suffix}")
    body = {text.removeprefix("- ") for text in found if not text.startswith("From: ")}
    if format_.suffix == "xlsx":
        tons = "Tons by year (t)"
        assert body == {
            words.title, words.sentence, words.heads[1], *(f"{row}; %: 25%" for row in words.rows),
            f"{words.heads[0]}: Davao; {tons} 2014: 600; {tons} 2015: 650",
            f"{words.heads[0]}: Dalian; {tons} 2014: 12000.5; {tons} 2015: 7",
        }  # fmt: skip
    else:
        assert body == {*words.before, words.sentence, words.after, *words.rows}


FACTS = {
    "docx": (),
    "pptx": ("slides: 5 (without text: 2)",),
    "xlsx": ("sheets: 3 (without text: 2)",),
    "html": ("date 2016-04-01 from its properties",),
    "eml": ("date 2016-04-01 from its properties",),
    "pdf": ("pages: 4 (without text: 4)", "date 2000-01-01 from its properties"),
}
"""What a receipt says besides language and title; the last page of the PDF has a header and a number only."""


def test_the_receipt_says_what_was_found_in_the_file(case: Case) -> None:
    suffix, words = case.format_.suffix, case.words
    origin = "its properties" if suffix in ("html", "eml") else "its text"
    expected = {words.language, f"title “{words.title}” from {origin}", *FACTS[suffix]}
    assert expected <= set(case.indexed.facts)


BETWEEN = {"docx": "odt", "pptx": "odp", "xlsx": "ods"}
"""What a file is turned into on its way back: what has the wanted type already would not be written anew."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "to", "language", "label"),
    [
        ("word", "pdf", "en", "Page 3"),
        ("word", "pdf", "ja", "Page 3"),
        ("word", "pdf", "vi", "Page 3"),
        ("word", "pdf", "km", "Page 3"),
        ("slides", "pdf", "vi", "Page 4"),
        ("word", "docx", "km", ""),
        ("slides", "pptx", "ja", "Slide 4"),
        ("workbook", "xlsx", "vi", "Sheet “Budget”"),
    ],
)
def test_what_libreoffice_makes_of_a_file_is_quoted_from_the_same_place(
    tmp_path: Path, name: str, to: str, language: str, label: str
) -> None:
    format_, words = FORMATS[name], WORDS[language]
    made = tmp_path / f"made.{format_.suffix}"
    made.write_bytes(format_.make(words))
    for step in filter(None, (BETWEEN.get(to), to)):
        made = convert_with_libreoffice(made, step, tmp_path / step)
    data = made.read_bytes()
    citation = index(tmp_path, data, to).cite(words.question)
    assert citation.quote.removeprefix("- ") == words.sentence
    assert place_of(citation, "en").endswith(label)
    found = sentences_of(data, made.name)
    assert not [text for text in found if "Contents" in text or "...." in text]
    assert len([text for text in found if text.startswith(f"{words.table[0][0]}: ")]) == len(words.rows)


def lines_at(*places: tuple[str, float, float]) -> list[Line]:
    """Words between x0 and x1, in letters of 10 points."""
    return [Line(text, x0, x1, top=0, bottom=10, size=10) for text, x0, x1 in places]


def test_the_words_of_a_stretched_line_are_one_line_and_the_cells_of_a_table_are_not() -> None:
    stretched = lines_at(("have", 0, 22), ("visited", 36, 70), ("the", 84, 99), ("cities.", 113, 143))
    cells = lines_at(("Surabaya", 0, 42), ("2004", 60, 82), ("yes", 120, 135), ("1,500", 180, 205))
    numbers = lines_at(("12.5", 0, 20), ("13.5", 40, 60), ("14.5", 80, 100), ("15.5", 120, 140))
    assert [line.text for line in join_stretched(stretched)] == ["have visited the cities."]
    assert join_stretched(cells) == cells
    assert join_stretched(numbers) == numbers


def glyphs_at(*places: tuple[str, float, float]) -> list[Glyph]:
    """Khmer letters between x0 and x1 that are drawn in this order."""
    style = Style(mode=0, color=(0, 0, 0), is_bold=False, is_embedded=True, is_legacy=False)
    return [
        Glyph(text, x0, x1, base=0, size=10, angle=0, run=run, style=style, ink=(x0, 0, x1, 10))
        for run, (text, x0, x1) in enumerate(places)
    ]


@pytest.mark.parametrize(
    ("drawn", "typed"),
    [
        ([("ក", 0, 6), ("ង", 7, 13), ("គ", 13, 20), ("ុ", 1, 4)], "កុងគ"),
        ([("ឆ", 0, 6), ("ា", 6, 9), ("២", 9, 16), (" ", 16, 18), ("ំ", 6, 9)], "ឆាំ២ "),
        ([("ិ", 1, 4), ("វ", 0, 6), ("ក", 7, 12)], "វិក"),
        ([("ក", 0, 6), ("ក", 13, 19), ("េ", 7, 13)], "កកេ"),
        ([("ក", 0, 6), ("ី", 1, 5), ("ង", 7, 13)], "កីង"),
    ],
)
def test_a_khmer_mark_comes_after_the_letter_that_it_stands_over(
    drawn: list[tuple[str, float, float]], typed: str
) -> None:
    assert "".join(glyph.text for glyph in place_marks(glyphs_at(*drawn))) == typed


def test_lines_of_contents_are_no_sentences_and_a_list_of_prices_is_kept() -> None:
    lines = (
        "1. Waste ......... 3",
        "2. Factories of all kinds",
        "in the city . . . . . 5",
        "Annex ……… 12",
        "The end.",
    )
    contents = "\n\n".join(lines)
    assert sentences_of(contents.encode(), "a.txt") == ["The end."]
    prices = "Paper bin ......... 30\n\nGlass bin ......... 12\n\nBox ......... 25\n\nThe end."
    assert len(sentences_of(prices.encode(), "a.txt")) == 4


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("ja", ["48トンを購入した。", "2016年には「良い。3つある。」と言った。", "次の文。"]),
        ("zh", ["项目于2014年完成。", "2015年开始第二期。"]),
        ("km", ["តារាងទី១៖ ចំណាយនៃគម្រោង។", "ថាមពល ទឹក ។ល។", "ចប់។"]),
        ("en", ["Tons a year (t) 2014: 600; tons a year (t) 2015: 700.", "Tel. 093-000.", "It has approx. 5 ha."]),
    ],
)  # fmt: skip
def test_sentences_of_reports_end_where_a_reader_would_end_them(language: str, sentences: list[str]) -> None:
    text = ("" if language in ("ja", "zh") else " ").join(sentences)
    assert [span.cut(text) for span in split_sentences(text, language=language)] == sentences


def draw_pages(*pages: list[tuple[float, float, float, str]]) -> bytes:
    """A PDF with these lines on its pages: x, y, size and text."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    for lines in pages:
        for x, y, size, text in lines:
            canvas.setFont("Helvetica", size)
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_a_sentence_goes_on_over_a_page_break_with_a_name() -> None:
    first = [
        "The plant of An Duong has taken over the process that the",
        "engineers of the water works have developed in",
    ]
    data = draw_pages(
        [(60, 700 - 12 * at, 10, line) for at, line in enumerate(first)],
        [(60, 700, 10, "Kitakyushu and that needs no chlorine. It is cheap.")],
    )
    assert sentences_of(data, "a.pdf")[-2:] == [
        " ".join([*first, "Kitakyushu and that needs no chlorine."]), "It is cheap.",
    ]  # fmt: skip


def test_a_left_column_is_read_to_its_end_before_a_shorter_right_one() -> None:
    left = [(60.0, 700.0 - 12 * at, 10.0, f"Left line {at} is of the left column and") for at in range(12)]
    left.insert(6, (60, 640, 14, "A heading at the left"))
    left = [(x, y - (60 if at > 5 else 0), size, text) for at, (x, y, size, text) in enumerate(left)]
    right = [(330.0, 700.0 - 12 * at, 10.0, f"Right line {at} is of the right column") for at in range(3)]
    text = "\n".join(sentences_of(draw_pages([*left, *right]), "a.pdf"))
    assert text.index("Left line 11") < text.index("Right line 0")


def test_pieces_beside_each_other_in_a_single_row_are_no_table() -> None:
    words = [(60, "one"), (100, "of"), (160, "these"), (240, "words"), (330, "stands"), (400, "apart.")]
    lines = [
        (
            60,
            y,
            10,
            "Above and below the words a line goes over all of the width of the page, as lines do and",
        )
        for y in (712, 688)
    ]
    text = " ".join(sentences_of(draw_pages([*lines, *((x, 700, 10, word) for x, word in words)]), "a.pdf"))
    assert "one of these words stands apart." in text
