#!/usr/bin/env bash
# A raised figure becomes a digit of the number before it: "2014" with footnote 1 is read as 20141.
source "$(dirname "$0")/common.sh"
install python-docx==1.2.0 python-pptx==1.0.2 openpyxl==3.1.5 trafilatura==2.3.1 lxml-html-clean==0.4.6 pypdfium2==5.15.2 reportlab==5.1.0
check <<'PYTHON'
import io

import docx, openpyxl, pptx, pypdfium2, trafilatura
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate


def saved(document):
    stream = io.BytesIO()
    document.save(stream)
    return io.BytesIO(stream.getvalue())


read = {}

word = docx.Document()
paragraph = word.add_paragraph("It opened in 2014")
paragraph.add_run("1").font.superscript = True
read["python-docx"] = docx.Document(saved(word)).paragraphs[0].text

slides = pptx.Presentation()
frame = slides.slides.add_slide(slides.slide_layouts[6]).shapes.add_textbox(0, 0, 5000000, 500000).text_frame
frame.text = "It opened in 2014"
run = frame.paragraphs[0].add_run()
run.text = "1"
run.font._element.set("baseline", "30000")  # raised by 30 %
read["python-pptx"] = pptx.Presentation(saved(slides)).slides[0].shapes[0].text_frame.text

book = openpyxl.Workbook()
book.active["A1"] = CellRichText("It opened in 2014", TextBlock(InlineFont(vertAlign="superscript"), "1"))
read["openpyxl"] = openpyxl.load_workbook(saved(book)).active["A1"].value

page = """<html><body><article><h1>The plant</h1><p>It opened in 2014<sup>1</sup>, covers 10<sup>6</sup> square
metres, and has been treating the waste of the whole city ever since, on each day of the year.</p></article></body></html>"""
read["trafilatura"] = trafilatura.extract(page).splitlines()[1].split(",")[0]
assert "covers 106 square" in trafilatura.extract(page)

stream = io.BytesIO()
style = getSampleStyleSheet()["Normal"]
SimpleDocTemplate(stream).build([Paragraph("It opened in 2014<super>1</super>", style)])
read["pypdfium2"] = pypdfium2.PdfDocument(stream.getvalue())[0].get_textpage().get_text_range().strip()

for library, text in read.items():
    print(f"{library:12} {text!r}")
assert set(read.values()) == {"It opened in 20141"}, "a library keeps the mark apart now"
PYTHON
