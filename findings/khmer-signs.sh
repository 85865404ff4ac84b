#!/usr/bin/env bash
# PDFium moves Khmer signs and consonants below the line behind later letters, though the file draws them in typed order.
source "$(dirname "$0")/common.sh"
install pypdfium2==5.15.2 fpdf2==2.8.9 uharfbuzz==0.57.0 fontpkg-noto-sans-khmer==2.4
check <<'PYTHON'
import re
from pathlib import Path

import fontpkg_noto_sans_khmer
import fpdf
import pypdfium2
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT

FONT = next(Path(fontpkg_noto_sans_khmer.__file__).parent.rglob("*.ttf"))


def without_controls(text):
    return re.sub("[\x01-\x09]", "", text)  # what stands for a glyph to which fpdf2 gives no character


def drawn_and_read(text):
    """What the text objects say in the order in which they are drawn, and what the page's text is."""
    made = fpdf.FPDF()
    made.add_page()
    made.add_font("Khmer", fname=FONT)
    made.set_font("Khmer", size=14)
    made.set_text_shaping(True)  # by HarfBuzz, as browsers and office programs do
    made.cell(text=text)
    page = pypdfium2.PdfDocument(bytes(made.output()))[0]
    letters = page.get_textpage()
    drawn = "".join(each.extract() for each in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT], textpage=letters))
    return without_controls(drawn), without_controls(letters.get_text_range())


changed = []
for meaning, typed, expected in [
    ("mountain", "\u1797\u17d2\u1793\u17c6", "\u1797\u17c6\u17d2\u1793"),
    ("Phnom Penh", "\u1797\u17d2\u1793\u17c6\u1796\u17c1\u1789", "\u1797\u17c6\u1796\u17c1\u1789\u17d2\u1793"),
    ("civil", "\u179f\u17ca\u17b8\u179c\u17b7\u179b", "\u179f\u17b8\u17ca\u179c\u179b\u17b7"),
    ("street", "\u1795\u17d2\u179b\u17bc\u179c", "\u1795\u17d2\u179b\u17bc\r\n\u179c"),
]:
    drawn, read = drawn_and_read(typed)
    print(f"{meaning}: {typed}\n  typed {ascii(typed)}\n  drawn {ascii(drawn)}\n  read  {ascii(read)}")
    assert drawn == typed
    if read != expected:
        changed.append(meaning)
assert not changed, f"these are read otherwise now: {changed}"
PYTHON
