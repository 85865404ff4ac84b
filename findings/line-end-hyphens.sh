#!/usr/bin/env bash
# PDFium puts a character that is none in the place of a hyphen at the end of a line, another one in each of two functions.
source "$(dirname "$0")/common.sh"
install pypdfium2==5.15.2 reportlab==5.1.0
check <<'PYTHON'
import io
import unicodedata

import pypdfium2
from reportlab.pdfgen import canvas

stream = io.BytesIO()
drawn = canvas.Canvas(stream)
for line, text in enumerate(["The cities agreed on co-", "operation, at a cost of 5-", "10 million."]):
    drawn.drawString(50, 700 - 15 * line, text)
drawn.save()

page = pypdfium2.PdfDocument(stream.getvalue())[0].get_textpage()
by_range, by_bounds = page.get_text_range(), page.get_text_bounded()
print("get_text_range:  ", ascii(by_range))
print("get_text_bounded:", ascii(by_bounds))
assert "co\ufffeoperation" in by_range and "co\x02operation" in by_bounds, "hyphens are read otherwise now"
assert unicodedata.category("\ufffe") == "Cn"  # never a character, in any version of Unicode
assert "5-\r\n10 million" in by_range  # before a figure the hyphen stays, and so does the line's end
assert "cooperation" not in by_range and "co-operation" not in by_range
PYTHON
