"""One report in four languages, as the files that an office would make of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml.ns import qn
from docx.shared import Cm
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Paragraph, Table

from office import active_sheet

SERIF = Path("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")


@dataclass(frozen=True)
class Words:
    """What a report says in one language. Its first heading stands over `before`, its second over `sentence`."""

    language: str
    title: str
    heads: tuple[str, str]
    before: tuple[str, ...]
    sentence: str
    after: str
    question: str
    table: tuple[tuple[str, ...], ...]
    row_question: str

    @property
    def blank(self) -> str:
        """What stands between two sentences."""
        return "" if self.language == "Japanese" else " "

    @property
    def first(self) -> str:
        """The first part of the report."""
        return self.blank.join(self.before)

    @property
    def second(self) -> str:
        """The second one."""
        return self.sentence + self.blank + self.after

    @property
    def rows(self) -> list[str]:
        """What each row of the table should say."""
        head, *rows = self.table
        return ["; ".join(map(": ".join, zip(head, row, strict=True))) for row in rows]


WORDS = {
    "en": Words(
        "English",
        "Cooperation of Hai Phong and Kitakyushu",
        ("1. Waste", "2. Factories"),
        (
            "Hai Phong collects 1,100 tons of waste a day, of which 85 percent goes to the landfill at Trang Cat.",
            "A plant for compost was opened in 2009 (approx. 5 ha), but its product was not sold until 2015.",
        ),
        "The foundry of Castings Co., Ltd. replaced its electric furnace in November 2015 and has used 18 percent "
        "less electricity since then, i.e. 2,450 MWh a year.",
        "Six more factories follow.",
        "Which foundry replaced its electric furnace and used less electricity?",
        (("Project", "FY2014", "FY2015"), ("Sorting", "120,000", "185,000"), ("Purification", "60,000", "75,000")),
        "purification project FY2015 FY2014?",
    ),
    "ja": Words(
        "Japanese",
        "ハイフォン市と北九州市の協力事業報告書",
        ("1. 廃棄物の管理", "2. 工場の省エネルギー"),
        (
            "ハイフォン市では1日約1,100トンの家庭ごみが収集され、その85％がチャンカット処分場に運ばれている。",
            "2009年にコンポスト工場が稼働を開始した。",
            "「市民の理解が最も大切です。」と担当者は述べている。",
        ),
        "日越鋳造株式会社は、2015年11月に電気炉を更新し、電力使用量を18％削減した。",
        "2016年には6工場が続く。",
        "日越鋳造株式会社は、2015年11月に電気炉を更新し、？",
        (("事業名", "2014年度", "2015年度"), ("ごみ分別", "120,000", "185,000"), ("浄水", "60,000", "75,000")),
        "事業名: 浄水 2014年度 2015年度?",
    ),
    "vi": Words(
        "Vietnamese",
        "Hợp tác giữa Hải Phòng và Kitakyushu",
        ("1. Chất thải", "2. Nhà máy"),
        (
            "TP. Hải Phòng thu gom khoảng 1.100 tấn rác mỗi ngày, trong đó 85% được đưa đến bãi rác Tràng Cát.",
            "Nhà máy phân compost bắt đầu hoạt động năm 2009, nhưng sản phẩm không bán được đến năm 2015.",
        ),
        "Xưởng đúc của Công ty TNHH Đúc Việt Nhật đã thay lò điện vào tháng 11 năm 2015 và từ đó giảm 18% lượng "
        "điện tiêu thụ.",
        "Sáu nhà máy khác sẽ làm theo.",
        "Xưởng đúc nào đã thay lò điện và giảm lượng điện tiêu thụ?",
        (("Dự án", "Năm 2014", "Năm 2015"), ("Rác thải", "120.000", "185.000"), ("Lọc nước", "60.000", "75.000")),
        "dự án lọc nước năm 2014?",
    ),
    "km": Words(
        "Khmer",
        "កិច្ចសហប្រតិបត្តិការរវាងរាជធានីភ្នំពេញ និងទីក្រុងគីតាគីយូស៊ូ",
        ("១. ការគ្រប់គ្រងសំណល់", "២. ការសន្សំសំចៃថាមពល"),
        (
            "រាជធានីភ្នំពេញប្រមូលសំណល់ប្រហែល ២,០០០ តោនក្នុងមួយថ្ងៃ។",
            "គម្រោងសាកល្បងត្រូវបានអនុវត្តនៅឆ្នាំ២០១៥។",
        ),
        "រដ្ឋាករទឹកស្វយ័តក្រុងភ្នំពេញបានទទួលការបណ្តុះបណ្តាលពីទីក្រុងគីតាគីយូស៊ូចាប់តាំងពីឆ្នាំ១៩៩៩។",
        "អត្រានៃការបាត់បង់ទឹកបានថយចុះពី ៧២% មក ៦%។",
        "រដ្ឋាករទឹកស្វយ័តក្រុងភ្នំពេញបានទទួលការបណ្តុះបណ្តាលពីទីក្រុងណា?",
        (("គម្រោង", "ឆ្នាំ២០១៤", "ឆ្នាំ២០១៥"), ("ការញែកសំណល់", "120,000", "185,000"), ("ការសម្អាតទឹក", "60,000", "75,000")),
        "គម្រោង ការសម្អាតទឹក ឆ្នាំ២០១៤?",
    ),
}  # fmt: skip


def make_word(words: Words) -> bytes:
    """A report in two justified columns, with a header, page numbers and contents that were typed by hand."""
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Project report"
    document.add_heading(words.title, 0)
    document.add_paragraph("Contents").runs[0].bold = True
    for number, head in enumerate((*words.heads, "Annex"), start=2):
        line = document.add_paragraph(f"{head}\t{number}")
        line.paragraph_format.tab_stops.add_tab_stop(Cm(15), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
    document.add_page_break()  # type: ignore[no-untyped-call]  # python-docx has no types for it
    document.add_section(WD_SECTION.CONTINUOUS)._sectPr.find(qn("w:cols")).set(qn("w:num"), "2")
    document.add_heading(words.heads[0], 1)
    document.add_paragraph(words.first).alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    document.add_page_break()  # type: ignore[no-untyped-call]  # python-docx has no types for it
    document.add_heading(words.heads[1], 1)
    document.add_paragraph(words.second).alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    table = document.add_table(0, len(words.table[0]), style="Table Grid")
    for row in words.table:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    return saved(document.save)


def make_slides(words: Words) -> bytes:
    """A title, an empty slide, two slides of bullets (the second with notes), and one with a table."""
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = words.title
    deck.slides.add_slide(deck.slide_layouts[6])
    for head, items in zip(words.heads, ([words.first], [words.sentence, words.after]), strict=True):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = head
        slide.placeholders[1].text_frame.text = "\n".join(items)
    slide.notes_slide.notes_text_frame.text = words.first
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    box = (Inches(1), Inches(2), Inches(8), Inches(2))
    table = slide.shapes.add_table(len(words.table), len(words.table[0]), *box).table
    for at, row in enumerate(words.table):
        for column, text in enumerate(row):
            table.cell(at, column).text = text
    return saved(deck.save)


def make_workbook(words: Words) -> bytes:
    """Tons by year under a merged heading, an empty sheet, and a table under a merged title and a note."""
    book = openpyxl.Workbook()
    waste = active_sheet(book)
    waste.title = "Waste"
    waste.append([words.title])
    waste.merge_cells("A1:C1")
    waste.append([])
    for row in (
        (words.heads[0], "Tons by year (t)"),
        (None, 2014, 2015),
        ("Davao", 600, 650),
        ("Dalian", 12000.5, 7),
    ):
        waste.append(row)
    waste.merge_cells("A3:A4")
    waste.merge_cells("B3:C3")
    book.create_sheet("Empty")
    budget = book.create_sheet("Budget")
    budget.append([words.heads[1]])
    budget.merge_cells("A1:D1")
    budget.append([words.sentence])
    budget.append([])
    budget.append([*words.table[0], "%"])
    for texts in words.table[1:]:
        budget.append([*texts, 0.25])
        budget.cell(budget.max_row, 4).number_format = "0%"
    return saved(book.save)


def make_page(words: Words) -> bytes:
    """A page of a web site, with its menu and footer."""
    menu = "<ul>" + "".join(f'<li><a href="/{at}">Menu entry {at}</a></li>' for at in range(5)) + "</ul>"
    return (
        f'<html><head><meta charset="utf-8"><meta name="date" content="2016-04-01">'
        f"<title>{words.title}</title></head>"
        f"<body><nav>{menu}</nav><article><h1>{words.title}</h1><h2>{words.heads[0]}</h2><p>{words.first}</p>"
        f"<h2>{words.heads[1]}</h2><p>{words.second}</p>{html_table(words)}</article>"
        "<footer><p>Copyright of the city, all rights reserved.</p></footer></body></html>"
    ).encode()


def make_mail(words: Words) -> bytes:
    """A message in HTML with an attachment."""
    message = EmailMessage()
    message["Subject"], message["From"], message["Date"] = (
        words.title,
        "a@b.jp",
        "Fri, 01 Apr 2016 09:00:00 +0900",
    )
    body = f"<p>{words.first}</p><p>{words.second}</p>{html_table(words)}"
    message.set_content(f"<html><body>{body}</body></html>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan.pdf")
    return bytes(message)


def html_table(words: Words) -> str:
    head, *rows = (
        "".join(f"<{tag}>{text}</{tag}>" for text in row)
        for tag, row in zip(("th", *["td"] * len(words.table)), words.table, strict=False)
    )
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def make_pdf(words: Words) -> bytes:
    """Contents with dots, two pages in two justified columns with running headers, and an empty last page."""
    font = "HeiseiMin-W3" if words.language == "Japanese" else "Serif"
    pdfmetrics.registerFont(UnicodeCIDFont(font) if words.language == "Japanese" else TTFont(font, SERIF))
    wrap = "CJK" if words.language == "Japanese" else None
    styles = {
        size: ParagraphStyle(
            str(size), fontName=font, fontSize=size, leading=1.3 * size, alignment=4, wordWrap=wrap
        )
        for size in (8, 10, 14, 20)
    }

    def decorate(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.setFont(font, 8)
        canvas.drawString(60, A4[1] - 35, f"Report of the project, {words.language}")
        canvas.drawCentredString(A4[0] / 2, 30, f"- {template.page} -")

    stream = io.BytesIO()
    template = BaseDocTemplate(stream, pagesize=A4, invariant=1)
    frames = [Frame(x, 60, 230, A4[1] - 120) for x in (60, 310)]
    template.addPageTemplates(PageTemplate(frames=frames, onPage=decorate))
    contents = [f"{head} {'.' * 25} {at}" for at, head in enumerate((*words.heads, "Annex"), start=2)]
    story: list[Flowable] = [
        Paragraph(words.title, styles[20]),
        *(Paragraph(line, styles[10]) for line in contents),
        PageBreak(),
        Paragraph(words.heads[0], styles[14]),
        *[Paragraph(words.first, styles[10])] * 9,
        PageBreak(),
        Paragraph(words.heads[1], styles[14]),
        *[Paragraph(words.first, styles[10])] * 6,
        Paragraph(words.second, styles[10]),
        Table(
            [[Paragraph(text, styles[8]) for text in row] for row in words.table],
            style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)],
        ),
        PageBreak(),
        Paragraph("&nbsp;", styles[10]),
    ]
    template.build(story)
    return stream.getvalue()


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()
