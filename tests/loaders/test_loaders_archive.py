"""Facts about Office files that are not what they seem: they are refused at once, with the next step."""

from __future__ import annotations

import io
import re
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from office import active_sheet, make_zip, members_of
from qa.errors import LoadError
from qa.loaders.kinds import OLE
from qa.loaders.office import archive as archive_module
from qa.loaders.office.archive import MAX_MEMBERS, check_archive
from qa.loaders.office.excel import read_excel
from qa.loaders.office.powerpoint import read_powerpoint
from qa.loaders.office.properties import useful_date, useful_title
from qa.loaders.office.word import read_word
from qa.loaders.parsed import Parsed

SPREADSHEET = b"http://schemas.openxmlformats.org/spreadsheetml/2006"

Reader = Callable[[bytes], Parsed]


def make_word() -> bytes:
    document = docx.Document()
    document.add_heading("The plant", 1)
    document.add_paragraph("The plant burns 600 tons of waste a day.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def make_powerpoint() -> bytes:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "The plant"
    slide.placeholders[1].text = "It burns 600 tons of waste a day."
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def make_excel() -> bytes:
    workbook = openpyxl.Workbook()
    for row in (["City", "Year", "Tons"], ["Davao", 2014, 600], ["Dalian", 2015, 700]):
        active_sheet(workbook).append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return with_shared_strings(stream.getvalue())


def with_shared_strings(data: bytes) -> bytes:
    """The file with its strings in a part of their own, as Excel writes it and openpyxl does not."""
    members = members_of(data)
    strings: list[bytes] = []

    def share(match: re.Match[bytes]) -> bytes:
        strings.append(match.group(2))
        return b'<c r="%s" t="s"><v>%d</v></c>' % (match.group(1), len(strings) - 1)

    sheet = members["xl/worksheets/sheet1.xml"]
    cell = rb'<c r="([A-Z0-9]+)" t="inlineStr"><is>(<t>[^<]*</t>)</is></c>'
    members["xl/worksheets/sheet1.xml"] = re.sub(cell, share, sheet)
    assert strings
    items = b"".join(b"<si>%s</si>" % text for text in strings)
    members["xl/sharedStrings.xml"] = b'<sst xmlns="%s/main">%s</sst>' % (SPREADSHEET, items)
    members["[Content_Types].xml"] = members["[Content_Types].xml"].replace(
        b"</Types>",
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
        b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
    )
    return make_zip(members)


WORD, POWERPOINT, EXCEL = make_word(), make_powerpoint(), make_excel()

PARTS: list[tuple[Reader, bytes, str]] = [
    (read_word, WORD, "word/document.xml"),
    (read_word, WORD, "docProps/core.xml"),
    (read_powerpoint, POWERPOINT, "ppt/slides/slide1.xml"),
    (read_excel, EXCEL, "xl/sharedStrings.xml"),
    (read_excel, EXCEL, "xl/worksheets/sheet1.xml"),
]

XXE = b'<!DOCTYPE x [<!ENTITY evil SYSTEM "file:///etc/passwd">]>'
LAUGHS = b"<!DOCTYPE x [<!ENTITY l0 'evil'>%s]>" % b"".join(
    b"<!ENTITY l%d '%s'>" % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
)


def with_doctype(part: bytes, doctype: bytes, *, entity: bytes) -> bytes:
    """`part` with `doctype` before its first element, and `entity` in the first text that it has."""
    start = part.index(b"?>") + 2 if part.startswith(b"<?xml") else 0
    body = part[start:]
    for word in (b"The plant", b"600", b"Davao", b"python-docx"):
        body = body.replace(word, entity, 1)
    assert entity in body or b"sheetData" in body
    return part[:start] + doctype + body


@pytest.mark.parametrize(
    ("read", "data"), [(read_word, WORD), (read_powerpoint, POWERPOINT), (read_excel, EXCEL)]
)
def test_files_as_programs_write_them_are_read(read: Reader, data: bytes) -> None:
    check_archive(data)
    assert "600" in read(data).text


@pytest.mark.slow
def test_a_bomb_of_a_gigabyte_is_refused_at_once_and_without_memory() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members_of(WORD).items():
            if name != "word/document.xml":
                archive.writestr(name, data)
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            block = b" " * 2**20
            for _ in range(1100):
                part.write(block)
    bomb = stream.getvalue()
    assert len(bomb) < 8 * 2**20
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(LoadError, match=r"unpacks to 1,101 MiB, more than 300; split it"):
        read_word(bomb)
    seconds, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 1
    assert peak < 10 * 2**20


@pytest.mark.parametrize("has_right_sum", [False, True])
def test_a_header_that_says_less_than_there_is_gains_nothing(has_right_sum: bool) -> None:
    block = b"<a>" + b" " * 30_000_000 + b"</a>"
    bomb = make_zip({"word/document.xml": block})
    for true, said in ((len(block), 1000), (zlib.crc32(block), zlib.crc32(block[:1000]))):
        packed = true.to_bytes(4, "little")
        assert bomb.count(packed) == 2
        if true == len(block) or has_right_sum:
            bomb = bomb.replace(packed, said.to_bytes(4, "little"))
    del block
    tracemalloc.start()
    with pytest.raises(LoadError, match="it is damaged; open it in Word and save it again"):
        check_archive(bomb, program="Word")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


@pytest.mark.parametrize("size", [0, 1, 1000, 2**18, 2**18 + 1, 3 * 2**18])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_of_any_length_are_unpacked_whole(size: int, method: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a.bin", content[:size])
    data = stream.getvalue()
    with zipfile.ZipFile(stream) as archive:
        assert b"".join(archive_module._unpack(data, archive.infolist()[0])) == content[:size]


def test_one_part_that_shrinks_as_no_document_does_is_refused() -> None:
    with pytest.raises(LoadError, match=r"'word/document\.xml' unpacks to more than 250 times its size"):
        check_archive(make_zip({"word/document.xml": b"<a>" + b" " * (9 * 2**20) + b"</a>"}))


def test_one_part_of_more_than_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_XML_BYTES", 2**20)
    with pytest.raises(
        LoadError, match=r"'word/document\.xml' unpacks to 2 MiB, more than 1; split the file"
    ):
        check_archive(make_zip({"word/document.xml": b"<a>" + b" " * 2**21 + b"</a>"}))


def test_pictures_may_shrink_as_they_like() -> None:
    check_archive(make_zip({"word/media/white.bmp": b"\xff" * 20_000_000}))


def test_many_small_elements_are_counted_over_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_XML_NODES", 1000)
    part = b"<a>" + b"<b/>" * 600 + b"</a>"
    check_archive(make_zip({"word/document.xml": part}))
    with pytest.raises(LoadError, match="too large to be read; split it"):
        check_archive(make_zip({"word/document.xml": part, "word/styles.xml": part}))


def test_too_many_members_are_refused_before_they_are_listed() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(MAX_MEMBERS + 1):
            archive.writestr(f"{number}.txt", b"")
    with pytest.raises(LoadError, match=r"more than 10,000 parts"):
        check_archive(stream.getvalue())


@pytest.mark.parametrize(
    "name", ["../evil.xml", "word/../../evil.xml", "/etc/evil.xml", "C:/evil.xml", "word\\evil.xml", ".."]
)
def test_a_name_that_leads_out_of_the_package_is_refused(name: str) -> None:
    with pytest.raises(LoadError, match="which no Office program writes"):
        read_word(make_zip({**members_of(WORD), name: b"<a/>"}))


def test_a_name_with_a_nul_in_it_is_refused() -> None:
    data = make_zip({**members_of(WORD), "word/evilxml": b"<a/>"}).replace(b"word/evilxml", b"word/evil\0ml")
    with pytest.raises(LoadError, match="which no Office program writes"):
        read_word(data)


def test_a_part_that_is_there_twice_is_refused() -> None:
    data = make_zip({**members_of(WORD), "word/document.XML": b"<a/>"})
    with pytest.raises(LoadError, match=r"holds 'word/document\.XML' twice"):
        read_word(data)


def test_a_part_with_a_password_says_so() -> None:
    data = bytearray(WORD)
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    with pytest.raises(LoadError, match="it is protected by a password; save it without one"):
        read_word(bytes(data))


def test_a_file_that_office_wrapped_for_its_password_says_so() -> None:
    data = OLE + b"\0" * 1000 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 1000
    with pytest.raises(LoadError, match="it is protected by a password; save it without one"):
        read_excel(data)


def test_an_old_binary_file_with_a_new_suffix_says_so() -> None:
    with pytest.raises(LoadError, match=r"binary format of before 2007; open it in PowerPoint"):
        read_powerpoint(OLE + b"\0" * 1000)


def test_members_packed_in_unusual_ways_are_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", b"<a/>")
    with pytest.raises(LoadError, match="packed in a way that Office programs do not use"):
        check_archive(stream.getvalue())


def test_a_package_inside_of_the_package_is_not_opened() -> None:
    inner = make_zip({"word/document.xml": b"evil", "../evil": b"evil"})
    data = make_zip({**members_of(WORD), "word/embeddings/inner.docx": inner})
    assert read_word(data).text == "The plant\n\nThe plant burns 600 tons of waste a day."


@pytest.mark.parametrize(("read", "data", "name"), PARTS)
@pytest.mark.parametrize(("doctype", "entity"), [(XXE, b"&evil;"), (LAUGHS, b"&l9;")])
def test_xml_that_declares_entities_is_refused(
    read: Reader, data: bytes, name: str, doctype: bytes, entity: bytes
) -> None:
    members = members_of(data)
    members[name] = with_doctype(members[name], doctype, entity=entity)
    started = time.perf_counter()
    with pytest.raises(LoadError, match="declares entities, which no Office program writes"):
        read(make_zip(members))
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(("read", "data", "name"), PARTS)
@pytest.mark.parametrize(("doctype", "entity"), [(XXE, b"&evil;"), (LAUGHS, b"&l9;")])
def test_no_parser_resolves_entities_even_without_the_check(
    read: Reader, data: bytes, name: str, doctype: bytes, entity: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "_check_prolog", lambda head: None)
    members = members_of(data)
    members[name] = with_doctype(members[name], doctype, entity=entity)
    try:
        parsed = read(make_zip(members))
    except LoadError:
        return
    for found in (parsed.text, parsed.title or ""):
        assert "root:" not in found
        assert "evil" not in found
    assert len(parsed.text) < 1000


@pytest.mark.parametrize(
    "part",
    [
        XXE + b"<a/>",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- c --> <?pi ?>" + XXE + b"<a/>",
        ("\ufeff" + XXE.decode() + "<a/>").encode("utf-16-le"),
        (XXE.decode() + "<a/>").encode("utf-16-be"),
        b"\n" * 70_000 + XXE + b"<a/>",
        b"<!--" + b"-x" * 40_000 + b"-->" + XXE + b"<a/>",
    ],
)
def test_a_document_type_is_found_wherever_it_stands(part: bytes) -> None:
    with pytest.raises(LoadError, match="declares entities"):
        check_archive(make_zip({"word/document.xml": part}))


@pytest.mark.parametrize(
    "part",
    [
        b"<?xml version='1.0' encoding='utf-7'?>+ADwAIQ-DOCTYPE x+AD4-<a/>",
        ("<?xml version='1.0'?>" + XXE.decode() + "<a/>").encode("utf-32"),
        ("<?xml version='1.0'?>" + XXE.decode() + "<a/>").encode("utf-32-be"),
        ("<?xml version='1.0'?>" + XXE.decode() + "<a/>").encode("cp037"),
    ],
)
def test_an_encoding_in_which_a_document_type_could_hide_is_refused(part: bytes) -> None:
    with pytest.raises(LoadError, match="encoding"):
        check_archive(make_zip({"word/document.xml": part}))


def test_a_document_type_that_is_only_spoken_of_is_text() -> None:
    check_archive(make_zip({"word/document.xml": b"<a><![CDATA[<!DOCTYPE x>]]> &lt;!DOCTYPE y&gt;</a>"}))


@pytest.mark.parametrize("read", [read_word, read_powerpoint, read_excel])
@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + b"\0" * 100, b"text", make_zip({}), WORD[:900]])
def test_what_is_no_office_file_is_an_error_with_the_next_step(read: Reader, data: bytes) -> None:
    with pytest.raises(LoadError, match=r"open it in \w+ and save it again"):
        read(data)


@pytest.mark.parametrize(
    ("read", "data"), [(read_word, EXCEL), (read_powerpoint, WORD), (read_excel, POWERPOINT)]
)
def test_a_file_of_another_program_is_an_error(read: Reader, data: bytes) -> None:
    with pytest.raises(LoadError, match=r"open it in \w+ and save it"):
        read(data)


@pytest.mark.parametrize(("read", "data", "name"), PARTS)
def test_a_part_with_a_wrong_checksum_is_an_error(read: Reader, data: bytes, name: str) -> None:
    checksum = zlib.crc32(members_of(data)[name]).to_bytes(4, "little")
    assert data.count(checksum) == 2
    with pytest.raises(LoadError, match=r"it is damaged; open it in \w+ and save it again"):
        read(data.replace(checksum, b"\1\2\3\4"))


@pytest.mark.parametrize(("read", "data", "name"), PARTS)
@pytest.mark.parametrize("part", [None, b"", b"<a/>", b"<a", b"\0\1\2", b"<a>" * 300 + b"</a>" * 300])
def test_a_part_that_is_missing_or_broken_is_an_error_or_left_out(
    read: Reader, data: bytes, name: str, part: bytes | None
) -> None:
    members = members_of(data)
    del members[name]
    if part is not None:
        members[name] = part
    assert outcome(read, make_zip(members))


def outcome(read: Reader, data: bytes) -> str:
    """The text that `read` finds in `data`, or its message; any other error goes on."""
    try:
        return f"text: {read(data).text}"
    except LoadError as error:
        return str(error)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_damage_is_a_text_or_a_load_error(data: st.DataObject) -> None:
    read, file, name = data.draw(st.sampled_from(PARTS))
    members = members_of(file)
    part = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(part) - 1))
        length = data.draw(st.sampled_from([0, 1, 5, 40]))
        part[at : at + length] = data.draw(st.sampled_from([b"", b"x", b"9" * 30, b"-1", b"<", b"/>", b'"']))
    members[name] = bytes(part)
    assert outcome(read, make_zip(members))


@pytest.mark.parametrize(
    "title",
    ["", " ", "PowerPoint Presentation", "Document1", "untitled", "プレゼンテーション 1", "文書 1", "Slide 1",
     "Microsoft Word - plan.doc", "plan_final.docx", "Bản trình bày PowerPoint", "无标题"],
)  # fmt: skip
def test_a_title_that_a_program_gives_is_none(title: str) -> None:
    assert useful_title(title) is None


@pytest.mark.parametrize(
    "title", ["Davao's plan", "文書管理の計画", "Presentation of the Davao plan", "Book of waste"]
)
def test_a_title_that_someone_gave_is_kept(title: str) -> None:
    assert useful_title(title) == title


@pytest.mark.parametrize(
    ("moment", "date"),
    [
        ("2014-03-01T09:00:00Z", "2014-03-01"), ("2014-03-01", "2014-03-01"), ("", None), (None, None),
        ("2013-12-23T23:15:00Z", None), ("2013-01-27T09:14:16Z", None), ("1601-01-01T00:00:00Z", None),
        ("2014-13-45", None), ("yesterday", None),
    ],
)  # fmt: skip
def test_a_date_is_iso_and_not_that_of_a_template(moment: str | None, date: str | None) -> None:
    assert useful_date(moment) == date
