"""Facts about what a file is taken for: its content tells, whatever it is named."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import LoadError, UnsupportedType
from qa.loaders import kinds
from qa.loaders.formats import FORMATS, Format, Kind
from qa.loaders.kinds import describe_mismatch, find_kind, suffix_for
from qa.loaders.registry import find_parser
from qa.loaders.text import read_text

PAGE = b"<!DOCTYPE html><html><body><p>Words.</p></body></html>"
MAIL = b"Received: from a by b\r\nFrom: A <a@example.org>\r\nSubject: Plan\r\n\r\nDear B,\r\n"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def package(members: dict[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def office(main_type: str) -> bytes:
    types = f'<Types><Override PartName="/a.xml" ContentType="{main_type}"/></Types>'
    return package({"[Content_Types].xml": types, "a.xml": "<a/>"})


def opendocument(kind: str, **members: str) -> bytes:
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return package(
        {"mimetype": mimetype, "content.xml": "<a/>", **{k.replace("_", "/"): v for k, v in members.items()}}
    )


def ole(*streams: str) -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(500)
        + b"".join(s.encode("utf-16-le") + bytes(64) for s in streams)
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n...", "pdf"),
        (b"\xef\xbb\xbf\n%PDF-1.4", "pdf"),
        (b"junk from a printer\n%PDF-1.4\nstartxref\n0\n%%EOF\n", "pdf"),
        (office(f"{WORD}.document.main+xml"), "word"),
        (office(f"{WORD}.template.main+xml"), "word"),
        (office("application/vnd.ms-word.document.macroEnabled.main+xml"), "word"),
        (office(f"{SLIDES}.presentation.main+xml"), "powerpoint"),
        (office(f"{SLIDES}.slideshow.main+xml"), "powerpoint"),
        (office("application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"), "powerpoint"),
        (office(f"{SHEETS}.sheet.main+xml"), "excel"),
        (office("application/vnd.ms-excel.sheet.macroEnabled.main+xml"), "excel"),
        (opendocument("text"), "opendocument"),
        (opendocument("spreadsheet"), "opendocument"),
        (opendocument("presentation-template"), "opendocument"),
        (PAGE, "html"),
        (b"\xef\xbb\xbf  \n<HTML lang=ja><p>x", "html"),
        (b'<?xml version="1.0"?>\n<!-- a --><!DOCTYPE html PUBLIC "x"><html/>', "html"),
        ('<!doctype html><meta charset="shift_jis"><p>北九州市の環境'.encode("cp932"), "html"),
        ("<!doctype html><p>環境".encode("utf-16"), "html"),
        (MAIL, "email"),
        (b"From nobody Mon Jan  1 00:00:00 2024\n" + MAIL, "email"),
        (b"Plain words.", "text"),
        (b"# Not known to be Markdown", "text"),
        ("北九州市と大連市".encode("cp932"), "text"),
        ("環境の話。\n".encode("utf-16"), "text"),
        ("A line.\r\nAnother.\r\n".encode("utf-16-le"), "text"),
        ("A line.".encode("utf-32"), "text"),
        (b"GIF89a is the name of a format.", "text"),
        (b"MZ is what such files begin with.", "text"),
        (b"RIFFs, ID3 and BMW", "text"),
        (b"The words %PDF-1.7 stand in the first line of a PDF.", "text"),
        (b"From: A\nTo: B\nSubject: a memo\n\nThe memo.", "text"),
        (b"Note: this is\nno mail.\n\nReceived: today", "text"),
        (b"A stray \x00 in a long enough text does no harm.", "text"),
        (b"", "text"),
    ],
)  # fmt: skip
def test_the_content_tells_what_a_file_is(data: bytes, kind: str) -> None:
    assert find_kind(data, "file") == kind
    assert find_kind(data, "wrong.docx") == kind


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"# Heading", "a.md", "markdown"),
        (b"# Heading", "A.MARKDOWN", "markdown"),
        (b"# Heading", "a.txt", "text"),
        (b"<p>Only a piece.</p>", "a.html", "html"),
        (b"<p>Only a piece.</p>", "a.txt", "text"),
        (b"No tags, 1 < 2.", "a.html", "text"),
        (b"<div align=center>A readme</div>", "a.md", "markdown"),
        (PAGE, "a.md", "html"),
        (b"From: A\nSubject: short\n\nText.", "a.eml", "email"),
        (MAIL, "a.txt", "email"),
    ],
)
def test_between_kinds_of_text_the_name_decides(data: bytes, name: str, kind: str) -> None:
    assert find_kind(data, name) == kind


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (ole("WordDocument"), "a.doc", "save it as .docx"),
        (ole("Workbook"), "a.xls", "save it as .xlsx"),
        (ole("PowerPoint Document"), "a.ppt", "save it as .pptx"),
        (ole("WordDocument", "Workbook"), "a.doc", "save it as .docx"),
        (ole("WordDocument", "Workbook"), "a.xls", "save it as .xlsx"),
        (ole("WordDocument", "EncryptedPackage"), "a.docx", "protected by a password; save it without"),
        (ole("__substg1.0_0037001F"), "a.msg", "save the message as .eml"),
        (ole("Something"), "a.bin", "save it as PDF"),
        (b"{\\rtf1 words}", "a.doc", "save it as .docx"),
        (b"%!PS-Adobe", "a.ps", "save it as PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "a.png", "pictures are not read"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "a.pdf", "pictures are not read"),
        (b"GIF89a" + bytes(9), "a.gif", "pictures are not read"),
        (b"RIFF" + bytes(4) + b"WEBP" + bytes(9), "a.webp", "pictures are not read"),
        (bytes(3) + b"\x18ftypheic" + bytes(9), "a.heic", "pictures are not read"),
        (b"II*\0" + bytes(9), "a.tif", "pictures are not read"),
        (b"BM" + bytes(30), "a.bmp", "pictures are not read"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><text>x</text></svg>', "a.svg", "pictures are not read"),
        (bytes(3) + b"\x18ftypmp42" + bytes(9), "a.mp4", "add a transcript"),
        (b"ID3\x03" + bytes(9), "a.mp3", "add a transcript"),
        (package({"a.txt": "x"}), "a.zip", "unpack it"),
        (b"PK\x05\x06" + bytes(18), "a.zip", "unpack it"),
        (b"Rar!\x1a\x07\x00", "a.rar", "unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "a.7z", "unpack it"),
        (gzip.compress(PAGE, mtime=0), "a.html.gz", "unpack it"),
        (gzip.compress(PAGE, mtime=0), "a.html", "unpack it"),
        (tar(), "a.tar", "unpack it"),
        (b"MZ\x90\0" + bytes(99), "a.exe", "programs are not read"),
        (b"\x7fELF" + bytes(99), "a.so", "programs are not read"),
        (b"SQLite format 3\0" + bytes(99), "a.db", "no document that we know"),
        (bytes(range(256)) * 4, "a.bin", "no document that we know"),
        (bytes(range(128, 256)), "a.txt", "in no encoding that we know; save it as UTF-8"),
        (b'<?xml version="1.0"?><rss/>', "a.xml", "XML is not read"),
        (office("application/vnd.ms-excel.sheet.binary.macroEnabled.main"), "a.xlsb", "save it as .xlsx"),
        (office("application/vnd.ms-visio.drawing.main+xml"), "a.vsdx", "save it as PDF"),
        (opendocument("graphics"), "a.odg", "export it as PDF"),
        (opendocument("text", **{"META-INF_manifest.xml": "<m:encryption-data/>"}), "a.odt", "password"),
        (package({"mimetype": "application/epub+zip"}), "a.epub", "e-books"),
        (package({"Index/Document.iwa": "x"}), "a.pages", "export it as PDF"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_told_with_the_next_step(data: bytes, name: str, words: str) -> None:
    with pytest.raises(UnsupportedType, match=words) as caught:
        find_kind(data, name)
    assert name not in str(caught.value)


@pytest.mark.parametrize("cut", [30, 100, -30])
def test_a_package_that_was_cut_off_is_damaged(cut: int) -> None:
    with pytest.raises(LoadError, match="damaged; copy it again"):
        find_kind(office(f"{WORD}.document.main+xml")[:cut], "a.docx")


def test_a_package_with_a_password_is_told() -> None:
    data = bytearray(office(f"{WORD}.document.main+xml"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        struct.pack_into("<H", data, at, 1)  # the flag for an encrypted member
    with pytest.raises(UnsupportedType, match="password"):
        find_kind(bytes(data), "a.docx")


def test_a_bomb_in_the_table_of_contents_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    read = zipfile.ZipExtFile.read

    def counting(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        data = read(self, n)
        taken.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counting)
    data = package({"[Content_Types].xml": bytes(30 * 2**20)})
    with pytest.raises(UnsupportedType):
        find_kind(data, "a.docx")
    assert 0 < sum(taken) <= kinds.MAX_MEMBER_BYTES


def test_a_package_of_too_many_members_is_refused_before_they_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kinds, "MAX_MEMBERS", 3)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *args: pytest.fail("it was listed"))
    stream = b"PK\x03\x04" + b"PK\x01\x02" * 4
    with pytest.raises(UnsupportedType, match="unpack it"):
        find_kind(stream, "a.docx")


@pytest.mark.parametrize(
    ("kind", "name", "warning"),
    [
        ("html", "a.pdf", "it is named .pdf but is a web page; it was read as that"),
        ("pdf", "a.docx", "it is named .docx but is a PDF; it was read as that"),
        ("text", "a.docx", "it is named .docx but is a plain text; it was read as that"),
        ("excel", "a.xls", "it is named .xls but is an Excel workbook; it was read as that"),
        ("pdf", "a.jpg", "it is named .jpg but is a PDF; it was read as that"),
        ("email", "a.txt", "it is named .txt but is an e-mail; it was read as that"),
        ("pdf", "A.PDF", None),
        ("word", "a.docm", None),
        ("html", "page.htm", None),
        ("html", "page.php", None),
        ("text", "table.csv", None),
        ("text", "README", None),
        ("pdf", "plan", None),
    ],
)
def test_a_wrong_name_is_told(kind: Kind, name: str, warning: str | None) -> None:
    assert describe_mismatch(kind, name) == warning


@pytest.mark.parametrize("kind", FORMATS)
def test_a_kind_goes_by_its_own_suffixes(kind: Kind) -> None:
    assert all(describe_mismatch(kind, f"a{suffix}") is None for suffix in FORMATS[kind].suffixes)


@pytest.mark.parametrize(
    ("kind", "data", "name", "suffix"),
    [
        ("pdf", b"%PDF-", "download.php", ".pdf"),
        ("word", office(f"{WORD}.document.main+xml"), "a.DOCM", ".docm"),
        ("opendocument", opendocument("spreadsheet"), "a", ".ods"),
        ("opendocument", opendocument("text-template"), "a.odp", ".odp"),
        ("html", PAGE, "a.htm", ".htm"),
    ],
)
def test_a_suffix_is_kept_where_it_fits(kind: Kind, data: bytes, name: str, suffix: str) -> None:
    assert suffix_for(kind, data, name) == suffix


def test_a_row_is_all_that_a_new_format_needs_beside_its_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Format(
        suffixes=(".vsdx",),
        noun="why_kind_text",
        parser="qa.loaders.text:read_text",
        declared_types=("ms-visio.drawing.main+xml",),
    )
    monkeypatch.setitem(FORMATS, "drawing", row)
    data = office("application/vnd.ms-visio.drawing.main+xml")

    assert find_kind(data, "a") == "drawing"
    assert find_parser("drawing") is read_text
    assert describe_mismatch("drawing", "a.vsdx") is None
    assert describe_mismatch("drawing", "a.docx") is not None
    assert suffix_for("drawing", data, "a") == ".vsdx"


STARTS = (
    b"",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"%PDF-",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xff\xfe",
    b"<?xml",
    b"From: ",
)


@given(
    st.sampled_from(STARTS),
    st.binary(max_size=400),
    st.sampled_from(["", "a.md", "a.html", "a.eml", "a.pdf"]),
)
def test_any_bytes_have_a_kind_or_are_refused(start: bytes, data: bytes, name: str) -> None:
    with contextlib.suppress(LoadError):
        assert find_kind(start + data, name) in FORMATS


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_any_written_text_in_utf_8_is_read(text: str) -> None:
    assert find_kind(("Words. " + text).encode(), "a.txt") == "text"
