"""Facts about reading PDFs: what a reader of the pages sees becomes the text, in the order of reading."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

import docx
import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from office import convert_with_libreoffice
from qa.errors import LoadError
from qa.loaders.parsed import Parsed
from qa.loaders.pdf import ocr
from qa.loaders.pdf import parser as reading
from qa.loaders.pdf.layout import BULLET
from qa.loaders.pdf.page import LEGACY_FONT
from qa.loaders.pdf.parser import read_pdf
from qa.text.normalise import normalise

FONTS = Path("/usr/share/fonts")
SANS = FONTS / "truetype/dejavu/DejaVuSans.ttf"
KHMER = FONTS / "truetype/noto/NotoSansKhmer-Regular.ttf"
CJK = FONTS / "opentype/noto/NotoSansCJK-Regular.ttc"

Draw = Callable[[Canvas], None]


@pytest.fixture(autouse=True)
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """OCR takes seconds a page, and what it makes of a page differs from version to version."""
    monkeypatch.setattr(ocr, "is_available", lambda: False)


def make(*pages: Draw, **properties: str) -> bytes:
    """A PDF with a page for each function, which draws it; A4, and (0, 0) is at the lower left."""
    pdfmetrics.registerFont(TTFont("Sans", SANS))
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    for key, value in properties.items():
        getattr(canvas, f"set{key.capitalize()}")(value)
    for draw in pages:
        canvas.setFont("Sans", 10)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def write(canvas: Canvas, x: float, y: float, *lines: str, size: float = 10, font: str = "Sans") -> None:
    canvas.setFont(font, size)
    for number, line in enumerate(lines):
        canvas.drawString(x, y - 1.25 * size * number, line)


def page(*lines: str, y: float = 600, size: float = 10) -> Draw:
    return lambda canvas: write(canvas, 60, y, *lines, size=size)


def headings(parsed: Parsed) -> list[tuple[int, str]]:
    return [(section.level, section.heading) for section in parsed.sections]


LEFT = [
    "The plan of the city begins on the",
    "left side and goes on for some lines",
    "down to the end of the left column",
    "where it is not yet at an end, but",
]
RIGHT = [
    "goes on in the right column, which",
    "is read after the left one is done.",
    "It has as many lines as the other,",
    "and here it ends with a full stop.",
]


def test_columns_are_read_one_after_the_other_and_what_goes_over_both_stays_above_and_below() -> None:
    def draw(canvas: Canvas) -> None:
        # Drawn row by row, so that the order in which they are drawn is not the order of reading.
        for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
            write(canvas, 60, 700 - 12 * number, left)
            write(canvas, 320, 700 - 12 * number, right)
        write(canvas, 60, 760, "A heading that is as wide as both of the columns", size=18)
        write(
            canvas,
            60,
            600,
            "Below the columns a line of full width tells what all of this has been about, at length.",
        )

    parsed = read_pdf(make(draw))
    assert parsed.text.split("\n\n") == [
        "A heading that is as wide as both of the columns",
        " ".join(LEFT + RIGHT),
        "Below the columns a line of full width tells what all of this has been about, at length.",
    ]


def test_columns_whose_lines_are_not_at_the_same_height_are_columns_all_the_same() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, *LEFT)
        write(canvas, 320, 694, *RIGHT)

    assert read_pdf(make(draw)).text == " ".join(LEFT + RIGHT)


def test_a_short_heading_over_two_columns_is_read_before_both() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 360, 740, "Short", size=20)
        write(canvas, 60, 700, *LEFT)
        write(canvas, 320, 700, *RIGHT)

    assert read_pdf(make(draw)).text.startswith("Short\n\nThe plan")


def test_lines_are_joined_to_paragraphs_and_hyphens_at_line_ends_are_mended() -> None:
    parsed = read_pdf(
        make(
            page(
                "The low-carbon plan was written by an inter-",
                "national team that looked at every part of low-",
                "carbon life in the city and in the wide Asia-",
                "Pacific region.",
            )
        )
    )
    assert parsed.text == (
        "The low-carbon plan was written by an international team that looked at every part of low-carbon life "
        "in the city and in the wide Asia-Pacific region."
    )


def test_a_paragraph_begins_at_an_indent_after_a_gap_and_after_a_line_that_had_room() -> None:
    def draw(canvas: Canvas) -> None:
        write(
            canvas, 60, 700, "The first paragraph runs over the whole width of two of its lines", "and ends."
        )
        write(
            canvas, 60, 675, "The second begins since there was room for it on the line above it, and is full"
        )
        write(
            canvas, 75, 662.5, "The third one is indented, and is as wide as the other ones are on this page"
        )
        write(canvas, 60, 640, "The fourth stands apart from it.")

    starts = [block.split()[1] for block in read_pdf(make(draw)).text.split("\n\n")]
    assert starts == ["first", "second", "third", "fourth"]


def test_larger_lines_are_headings_with_a_level_for_each_size() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, "The title of the report", "goes on in a second line", size=24)
        write(canvas, 60, 690, "A chapter", size=16)
        write(canvas, 60, 660, "It has some text, and that is set in the size of the body.")
        write(canvas, 60, 630, "A section", size=12)
        write(canvas, 60, 610, "It has text, too, and no more than that.")

    parsed = read_pdf(make(draw))
    title = "The title of the report goes on in a second line"
    assert headings(parsed) == [(1, title), (2, "A chapter"), (3, "A section")]
    assert [s.span.cut(parsed.text) for s in parsed.sections] == [s.heading for s in parsed.sections]
    assert (parsed.title, parsed.title_from) == (title, "text")


def test_a_short_bold_line_that_stands_alone_is_a_heading() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "Water and waste", font="Helvetica-Bold")
        write(canvas, 60, 680, "Both are dealt with here, in the size of the heading.", font="Helvetica")

    assert headings(read_pdf(make(draw))) == [(1, "Water and waste")]


def test_a_list_is_one_block_whatever_its_bullets() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "What the city does with its waste, told in a list of items:")
        for number, bullet in enumerate("•●-–"):
            canvas.drawString(70, 680 - 30 * number, bullet)
            write(
                canvas, 85, 680 - 30 * number, "an item that is as long as the line is, so that", "it goes on"
            )

    item = "- an item that is as long as the line is, so that it goes on"
    assert read_pdf(make(draw)).text.split("\n\n")[1] == "\n".join([item] * 4)


@pytest.mark.parametrize("text", ["\uf0b7 item", "\uf0a7item", "▪ item", "- item", "・項目"])
def test_the_bullets_of_symbol_fonts_and_of_japanese_are_bullets(text: str) -> None:
    assert BULLET.match(text)


@pytest.mark.parametrize("text", ["-5 degrees", "item - item", "A item"])
def test_what_is_part_of_the_text_is_no_bullet(text: str) -> None:
    assert not BULLET.match(text)


def draw_grid(canvas: Canvas, rows: list[list[str]], *, y: float = 700, width: float = 120) -> None:
    canvas.grid(
        [60 + width * column for column in range(len(rows[0]) + 1)],
        [y - 20 * row for row in range(len(rows) + 1)],
    )
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            canvas.drawString(65 + width * column, y - 14 - 20 * row, cell)


ROWS = [["City", "Since", "Tons a day"], ["Surabaya", "2004", "1,500"], ["Hai Phong", "", "1,100"]]


def test_a_ruled_table_is_a_block_of_rows_and_no_prose() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 740, "Above the table there is a line that tells what it is about.")
        draw_grid(canvas, ROWS)
        write(canvas, 60, 600, "Below it there is another one, which says where it is from.")

    blocks = read_pdf(make(draw)).text.split("\n\n")
    assert blocks[1:3] == [
        "City: Surabaya; Since: 2004; Tons a day: 1,500",
        "City: Hai Phong; Tons a day: 1,100",
    ]
    assert len(blocks) == 4


def test_columns_of_short_pieces_without_lines_are_a_table() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 740, "Above the table there is a line that tells what it is about, and it is long.")
        for row, cells in enumerate(
            [["City", "Tons"], ["Surabaya", "1,500"], ["Hai Phong", "1,100"], ["Davao", "600"]]
        ):
            for column, cell in enumerate(cells):
                write(canvas, 60 + 120 * column, 700 - 15 * row, cell)

    assert read_pdf(make(draw)).text.split("\n\n")[1:] == [
        "City: Surabaya; Tons: 1,500", "City: Hai Phong; Tons: 1,100", "City: Davao; Tons: 600",
    ]  # fmt: skip


def test_a_cell_beside_several_rows_is_read_with_each_of_them_and_one_over_columns_once() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.lines([(60, 700, 300, 700), (60, 680, 300, 680), (140, 660, 300, 660), (60, 640, 300, 640)])
        canvas.lines([(60, 640, 60, 700), (140, 640, 140, 680), (220, 640, 220, 680), (300, 640, 300, 700)])
        write(canvas, 110, 686, "Waste of all the cities")
        for x, y, text in [
            (65, 656, "Davao"),
            (145, 666, "2016"),
            (225, 666, "600"),
            (145, 646, "2017"),
            (225, 646, "700"),
        ]:
            write(canvas, x, y, text)

    assert read_pdf(make(draw)).text == "Waste of all the cities\n\nDavao | 2016 | 600\nDavao | 2017 | 700"


def test_a_frame_around_text_is_no_table() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rect(50, 600, 400, 130)
        write(canvas, 60, 700, "A frame is drawn around this text, which is prose.")

    assert read_pdf(make(draw)).text == "A frame is drawn around this text, which is prose."


def test_headers_footers_and_page_numbers_are_left_out_and_repeated_text_inside_of_pages_is_not() -> None:
    def numbered(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            write(canvas, 60, 810, f"Annual report, part {number}")
            write(canvas, 290, 30, f"- {number} -")
            write(
                canvas, 60, 500, "This stands on every page.", f"This only on the page of {'abcd'[number]}."
            )

        return draw

    text = read_pdf(make(*(numbered(number) for number in range(4)))).text
    assert "Annual report" not in text
    assert "-" not in text
    assert text.count("This stands on every page.") == 4
    assert "page of d" in text


def test_figures_at_the_foot_of_pages_that_do_not_count_them_stay() -> None:
    parsed = read_pdf(make(*(page(str(figure), y=40) for figure in (600, 70, 1500))))
    assert parsed.text == "600\n\n70\n\n1500"


def test_pages_tell_where_they_start_and_which_have_no_text() -> None:
    parsed = read_pdf(make(page("The first."), lambda canvas: None, page("The third.")))
    assert [(p.number, parsed.text[p.start :].split("\n")[0]) for p in parsed.pages] == [
        (1, "The first."),
        (3, "The third."),
    ]
    assert (parsed.page_kind, parsed.empty_pages, parsed.warnings) == ("page", (2,), ())


def test_a_sentence_that_runs_over_a_page_break_is_whole_on_its_first_page() -> None:
    parsed = read_pdf(
        make(
            page("The city has a plan. It says that all of the", "waste of the city must be sorted by the"),
            page("people who make it. Another sentence comes", "after that."),
        )
    )
    first, second = parsed.text.split("\n\n")
    assert first.endswith("must be sorted by the people who make it.")
    assert second == "Another sentence comes after that."
    assert parsed.text[parsed.pages[1].start :] == second


VISIBLE = "This can be seen by every reader of the page."


def white(canvas: Canvas) -> None:
    canvas.setFillGray(1)
    write(canvas, 60, 500, "Evil words in white.")


def nearly_white(canvas: Canvas) -> None:
    canvas.setFillGray(0.98)
    write(canvas, 60, 500, "Evil words in nearly white.")


def invisible(canvas: Canvas) -> None:
    text = canvas.beginText(60, 500)
    text.setTextRenderMode(3)
    text.textLine("Evil words in no color.")
    canvas.drawText(text)


def tiny(canvas: Canvas) -> None:
    write(canvas, 60, 500, "Evil words in one point.", size=1)


def scaled_down(canvas: Canvas) -> None:
    canvas.scale(0.1, 0.1)
    write(canvas, 600, 5000, "Evil words, scaled down.")


def off_the_page(canvas: Canvas) -> None:
    write(canvas, 2000, 500, "Evil words beside the page.")


def covered(canvas: Canvas) -> None:
    write(canvas, 60, 500, "Evil words under a box.")
    canvas.setFillGray(1)
    canvas.rect(50, 490, 300, 30, stroke=0, fill=1)


def transparent(canvas: Canvas) -> None:
    canvas.setFillAlpha(0)
    write(canvas, 60, 500, "Evil words like glass.")


def clipped(canvas: Canvas) -> None:
    path = canvas.beginPath()
    path.rect(0, 0, 10, 10)
    canvas.clipPath(path, stroke=0)
    write(canvas, 60, 500, "Evil words that are clipped away.")


def squeezed(canvas: Canvas) -> None:
    text = canvas.beginText(60, 500)
    text.setHorizScale(1)
    text.textLine("Evilwordsinaveryverynarrowplace")
    canvas.drawText(text)


def black_on_black(canvas: Canvas) -> None:
    canvas.rect(50, 490, 300, 30, stroke=0, fill=1)
    write(canvas, 60, 500, "Evil words, black on black.")


def replacement_text(canvas: Canvas) -> None:
    canvas._code.append(
        "/Span <</ActualText (Evil words that a full stop is said to stand for, and many of them)>> BDC"
    )
    write(canvas, 60, 500, ".")
    canvas._code.append("EMC")


def white_over_words(canvas: Canvas) -> None:
    canvas.setFillGray(1)
    write(canvas, 60, 700, "Evil words in the place of others, which show.")
    canvas.setFillGray(0)
    write(canvas, 60, 700, VISIBLE)


HIDERS = [
    white, nearly_white, invisible, tiny, scaled_down, off_the_page, covered, transparent, clipped, squeezed,
    black_on_black, replacement_text, white_over_words,
]  # fmt: skip


@pytest.mark.parametrize("hide", HIDERS, ids=lambda hide: hide.__name__)
def test_text_that_no_reader_sees_is_left_out_and_counted(hide: Draw) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, VISIBLE)
        hide(canvas)

    parsed = read_pdf(make(page("First."), draw))
    assert parsed.text == f"First.\n\n{VISIBLE}"
    assert parsed.warnings == ("page 2: hidden text was left out",)


def test_white_text_on_a_dark_ground_is_seen() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rect(50, 490, 300, 30, stroke=0, fill=1)
        canvas.setFillGray(1)
        write(canvas, 60, 500, "White on black.")

    parsed = read_pdf(make(draw))
    assert (parsed.text, parsed.warnings) == ("White on black.", ())


def picture(*lines: str, scale: float = 200 / 72) -> np.ndarray:
    """A page with the lines, as a scanner sees it."""
    document = pypdfium2.PdfDocument(make(page(*lines)))
    try:
        bitmap = document[0].render(scale=scale)
        try:
            return np.array(bitmap.to_numpy())
        finally:
            bitmap.close()
    finally:
        document.close()


def scanned(*lines: str, layer: Iterable[str] = ()) -> Draw:
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    def draw(canvas: Canvas) -> None:
        image = Image.fromarray(picture(*lines)[:, :, ::-1])
        canvas.drawImage(ImageReader(image), 0, 0, *A4)
        text = canvas.beginText(60, 600)
        text.setFont("Sans", 10, 12.5)
        text.setTextRenderMode(3)
        for line in layer:
            text.textLine(line)
        canvas.drawText(text)

    return draw


def test_the_layer_that_a_scanner_lays_under_its_picture_is_read_and_told_of() -> None:
    line = "What the scanner saw of the page."
    parsed = read_pdf(make(scanned(line, layer=[line])))
    assert parsed.text == line
    assert parsed.warnings == ("page 1 was scanned, and the text is the scanner's reading; check its quotes",)


def test_a_layer_under_an_empty_part_of_a_picture_is_hidden_text() -> None:
    parsed = read_pdf(
        make(scanned("One line.", layer=["One line.", "", "", "", "Evil words where nothing is."]))
    )
    assert parsed.text == "One line."
    assert "page 1: hidden text was left out" in parsed.warnings


def test_pages_that_are_pictures_are_told_of_with_the_next_step() -> None:
    parsed = read_pdf(
        make(page("Text."), scanned("Not read."), scanned("Nor this."), page("Text."), scanned("Nor."))
    )
    assert parsed.empty_pages == (2, 3, 5)
    assert parsed.warnings == (
        "pages 2–3, 5 have no text; install the OCR extra to read pictures of text: pip install '.[ocr]'",
    )


@pytest.mark.slow
def test_ocr_reads_pages_that_are_pictures_and_only_those(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("rapidocr") is None and not os.environ.get("CI"):
        pytest.skip("rapidocr is not installed; install the OCR extra: pip install '.[ocr]'")
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(reading, "MAX_OCR_PAGES", 1)
    parsed = read_pdf(
        make(
            page("The first page has text."),
            scanned("The plant burns 600 tons of waste a day.", "It was built with help."),
            scanned("One page too many."),
        )
    )
    assert parsed.text == (
        "The first page has text.\n\nThe plant burns 600 tons of waste a day. It was built with help."
    )
    assert [p.number for p in parsed.pages] == [1, 2]
    assert parsed.empty_pages == (3,)
    assert parsed.warnings == (
        "page 2 was read by OCR; check its quotes",
        "page 3 has no text and was not read by OCR, which stops after 1 page; split the file",
    )


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_turned_page_is_read_as_a_reader_would_turn_it(angle: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(300, 400)
        canvas.rotate(angle)
        write(canvas, -200, 0, "The first line of two goes", "on in the second of them.")

    assert read_pdf(make(draw)).text == "The first line of two goes on in the second of them."


def test_a_mark_at_the_margin_comes_after_the_text_of_the_page() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.translate(20, 300)
        canvas.rotate(90)
        write(canvas, 0, 0, "A mark.")
        canvas.restoreState()
        write(canvas, 60, 700, "The text of the page.")

    assert read_pdf(make(draw)).text == "The text of the page.\n\nA mark."


def test_japanese_set_from_the_top_down_is_read_from_right_to_left() -> None:
    document = FPDF(format="A4")
    document.add_page()
    document.add_font("cjk", fname=CJK)
    document.set_font("cjk", size=12)
    for column, line in enumerate(["北九州市は環境を", "大切にする都市だ"]):
        for row, character in enumerate(line):
            document.text(150 - 6 * column, 50 + 4.6 * row, character)
    assert read_pdf(bytes(document.output())).text == "北九州市は環境を大切にする都市だ"


def test_ligatures_soft_hyphens_radicals_and_raised_figures_are_what_people_type() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "The o\ufb03ce \ufb01nds a soft\u00adhyphen and 600 m")
        canvas.setFont("Sans", 6)
        canvas.drawString(
            60 + pdfmetrics.stringWidth("The o\ufb03ce \ufb01nds a soft\u00adhyphen and 600 m", "Sans", 10),
            704,
            "2",
        )

    assert read_pdf(make(draw)).text == "The office finds a softhyphen and 600 m²"


def write_fpdf(text: str, font: Path, *, size: float = 12) -> bytes:
    document = FPDF(format="A4")
    document.add_page()
    document.add_font("font", fname=font)
    document.set_font("font", size=size)
    document.multi_cell(100, text=text, align="L")
    return bytes(document.output())


TEXTS = {
    "japanese": (
        "北九州市は、2004年からスラバヤ市とともに生ごみの堆肥化に取り組んできた。家庭ごみは6年間で約3割減少した。",
        CJK,
    ),
    "chinese": ("大连市与北九州市自一九七九年起结为友好城市，共同治理大气污染，取得了很大的成绩。", CJK),
    "vietnamese": (
        "Thành phố Hải Phòng đã hợp tác với thành phố Kitakyushu về xử lý nước từ năm 2009. Kế hoạch được duyệt.",
        SANS,
    ),
    "khmer": (
        "រាជធានីភ្នំពេញ និងទីក្រុងគីតាគីយូស៊ូ បានសហការគ្នា លើការគ្រប់គ្រងសំណល់រឹង តាំងពីឆ្នាំ២០១៦។",
        KHMER,
    ),
}


@pytest.mark.parametrize("language", TEXTS)
def test_text_of_the_centre_s_languages_is_read_as_it_was_written(language: str) -> None:
    text, font = TEXTS[language]
    read = read_pdf(write_fpdf(text, font)).text
    if language == "khmer":
        # Khmer lines break at blanks and within words, and fpdf2 does not write the blank that it breaks at.
        read, text = read.replace(" ", ""), text.replace(" ", "")
    assert read == normalise(text)


@pytest.mark.parametrize(
    "title",
    ["Microsoft Word - plan.doc", "untitled", "plan_final.docx", "Slide 1", "scan0001", "無題", " ", "1"],
)
def test_a_title_that_a_program_put_in_gives_way_to_the_largest_heading(title: str) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "Plan for Davao", size=20)
        write(canvas, 60, 650, "It is a plan that has some words.")

    assert read_pdf(make(draw, title=title)).title == "Plan for Davao"


def test_title_and_date_come_from_the_properties() -> None:
    parsed = read_pdf(make(page("Text."), title="Green Growth Plan of Hai Phong"))
    assert (parsed.title, parsed.title_from) == ("Green Growth Plan of Hai Phong", "properties")
    assert (parsed.date, parsed.date_from) == ("2000-01-01", "properties")


@pytest.mark.parametrize(
    ("stamp", "day"), [("20000231000000", None), ("19700101000000", None), ("20240229", "2024-02-29")]
)
def test_a_date_that_cannot_be_is_none(stamp: str, day: str | None) -> None:
    data = make(page("Text."))
    old = b"20000101000000"
    assert old in data
    changed = data.replace(old, stamp.ljust(14).encode())
    assert read_pdf(changed).date == day


def test_an_encrypted_file_is_an_error_with_the_next_step() -> None:
    document = FPDF()
    document.add_page()
    document.set_encryption(owner_password="owner", user_password="user")
    with pytest.raises(LoadError, match=r"^it is protected by a password; save it without one$"):
        read_pdf(bytes(document.output()))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no PDF at all", make(page("Text."))[:300]])
def test_a_broken_file_is_an_error_with_the_next_step(data: bytes) -> None:
    with pytest.raises(LoadError, match=r"^it is broken, or no PDF; open it in a PDF viewer and"):
        read_pdf(data)


def test_too_many_pages_are_an_error_before_any_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    kids = b" ".join([b"3 0 R"] * 100_000)
    data = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 100000/Kids["
        + kids
        + b"]>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n"
        b"trailer<</Root 1 0 R/Size 4>>\n%%EOF"
    )
    monkeypatch.setattr(reading, "read_page", lambda *_: pytest.fail("a page was read"))
    with pytest.raises(
        LoadError, match=r"^it has 100,000 pages, more than 2,000; split it into several files$"
    ):
        read_pdf(data)


def test_too_much_text_is_an_error_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CHARS", 10)
    with pytest.raises(LoadError, match=r"more than 10 characters of text; split it"):
        read_pdf(make(page("Hello."), page("Hello.")))


def test_a_page_that_is_drawn_of_too_many_pieces_is_left_out_and_told_of() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(100_001):
            canvas._code.append(f"{number % 500} 10 m 20 20 l S")

    parsed = read_pdf(make(page("Text."), draw))
    assert (parsed.text, parsed.empty_pages) == ("Text.", (2,))
    assert parsed.warnings[0].startswith("page 2 was left out: more is drawn there")


def test_text_in_a_font_that_does_not_tell_its_letters_is_left_out_and_told_of() -> None:
    parsed = read_pdf(make(page("Text."), page("\ue000\ue001\ue002\ue003 \ue004\ue005")))
    assert (parsed.text, parsed.empty_pages) == ("Text.", (2,))
    assert parsed.warnings[0].startswith("page 2: the fonts do not tell which letters they show")


@pytest.mark.parametrize(
    ("name", "is_legacy"),
    [
        (".VnTime", True),
        ("ABCDEF+.VnArialH", True),
        ("VNI-Times", True),
        ("Limon-S1", True),
        ("Verdana", False),
    ],
)
def test_fonts_from_before_unicode_are_known_by_their_names(name: str, is_legacy: bool) -> None:
    assert bool(LEGACY_FONT.match(name)) is is_legacy


def test_a_broken_matrix_takes_nothing_else_with_it() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "Text that stands somewhere.")
        canvas._code.append("q 1e38 0 0 1e38 1e38 1e38 cm 1e38 0 0 1e38 0 0 cm")
        write(canvas, 60, 600, "Evil words that stand nowhere.")
        canvas.rect(1e30, 1e30, 1e30, 1e30)
        canvas._code.append("Q")

    assert read_pdf(make(draw)).text == "Text that stands somewhere."


@pytest.mark.slow
@settings(max_examples=40)
@given(st.binary(max_size=200), st.integers(0, 2000))
def test_damaged_files_are_read_or_are_a_load_error(junk: bytes, place: int) -> None:
    data = make(page("The text of a page that is damaged."))
    try:
        parsed = read_pdf(data[:place] + junk + data[place + len(junk) :])
    except LoadError:
        return
    assert normalise(parsed.text) == parsed.text


def make_docx(path: Path) -> Path:
    document = docx.Document()
    document.add_heading("Minutes of the meeting", 1)
    document.add_paragraph("The cities met in Hai Phong. " + "They spoke about water and about waste. " * 12)
    document.add_heading("Water", 2)
    for item in ("The plant is to be built.", "Vận hành nhà máy nước."):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(3, 2, style="Table Grid")
    for row, cells in enumerate([("Year", "Tons"), ("2015", "600"), ("2016", "700")]):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    document.add_paragraph("សំណល់រឹង")
    document.add_paragraph("北九州市の環境国際協力")
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(path))
    return path


@pytest.mark.slow
def test_what_libreoffice_writes_is_read_in_all_of_the_centre_s_languages(tmp_path: Path) -> None:
    made = convert_with_libreoffice(make_docx(tmp_path / "minutes.docx"), "pdf", tmp_path / "out")
    parsed = read_pdf(made.read_bytes())
    assert headings(parsed)[:2] == [(1, "Minutes of the meeting"), (2, "Water")]
    assert "- The plant is to be built.\n- Vận hành nhà máy nước." in parsed.text
    assert "Year: 2015; Tons: 600\n\nYear: 2016; Tons: 700" in parsed.text
    assert "北九州市の環境国際協力" in parsed.text
    # LibreOffice loses a letter of some Khmer clusters (គ្រប់ becomes គ្ប់), so only a word without them is asked for.
    assert "សំណល់រឹង" in parsed.text
