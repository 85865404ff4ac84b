"""A check whether an Office file, a ZIP of XML parts, is safe to open, before any library opens it.

A ZIP can say that it holds little and hold much, carry names that lead out of a folder, or XML that declares
entities. Its headers are checked first. Then every part is unpacked in small pieces, which are not kept, to see
that the headers are right: `zipfile`, with which the libraries read, unpacks a part whole and only then cuts it
to size.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.kinds import OLE

MAX_UNPACKED_BYTES = 300 * 2**20
"""Limits all parts together. Files have at most 100 MiB, nearly all of it pictures and films, which hardly shrink;
three times that leaves room for the XML, which does."""

MAX_XML_BYTES = 100 * 2**20
"""Limits an XML part. The text of a book of 1,000 pages takes about 20 MiB in Word, a sheet of 50,000 rows and 30
columns about 70 MiB in Excel."""

MAX_XML_RATIO = 250
"""Limits an XML part over `MIN_RATIO_BYTES` to so many times its packed size. A sheet of 50,000 rows that all
say the same comes to 70 to 1, zeros come to 1,032 to 1, which is the most that deflate can do."""

MIN_RATIO_BYTES = 8 * 2**20
"""Limits the parts whose ratio counts. Smaller parts do no harm."""

MAX_XML_NODES = 5_000_000
"""Limits the tags and attributes of all parts that are held in memory as trees, at up to 200 bytes each: 1 GB. A
book of 1,000 pages has about one million, a presentation of 500 slides two."""

MAX_STREAMED_NODES = 16_000_000
"""Limits the tags and attributes of parts that are read row by row: 50,000 rows of 30 columns have 11 million."""

STREAMED_PARTS = re.compile(r"xl/(?:worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
"""Parts that are read row by row and never held in memory as a tree."""

MAX_MEMBERS = 10_000
"""Limits the parts. A presentation of 500 slides has about 3,000."""

MAX_PROLOG_BYTES = 64 * 2**10
"""Limits the XML before the first element: Office programs write one line."""

CHUNK_BYTES = 2**18
"""Bytes that are unpacked at a time."""

CENTRAL_HEADER = b"PK\x01\x02"
"""The start of each member's entry in the list at the end. Counting entries takes no memory; zipfile's reading
of a million of them would."""

LOCAL_HEADER = struct.Struct("<4s22xHH")
"""The header of a member: "PK", ..., the lengths of its name and of its extra fields."""

PACKED_AS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The ways to pack that the standard of Office files allows."""

XML_NAME = re.compile(r"\.(?:xml|rels|vml)$", re.IGNORECASE)

PROLOG = re.compile(r"\ufeff?(?:\s+|<\?(?:(?!\?>).)*\?>|<!--(?:(?!-->).)*-->)*", re.DOTALL)
"""The blanks, processing instructions and comments that may stand before the first element."""

ENCODING = re.compile(r"\ufeff?<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)")

ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "windows-1252"})
"""The standard allows the first two. In other encodings, such as UTF-7, a declaration could be disguised."""


def damaged(program: str) -> LoadError:
    """The error for a file that does not hold together; `program` may still be able to open it."""
    return LoadError(Reason("why_damaged_office", program=program))


def check_archive(data: bytes, *, program: str = "the program that wrote it") -> None:
    """Raise `LoadError` unless `data` is a ZIP that can be opened without harm.

    `program` is named in the next step, as in "open it in Word".
    """
    _check_is_zip(data, program)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_names(members, program)
            _check_sizes(members)
            _check_contents(data, members)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
        raise damaged(program) from error
    except (ValueError, OSError) as error:  # an impossible offset or date
        raise damaged(program) from error


def _check_is_zip(data: bytes, program: str) -> None:
    if data.startswith(OLE):  # also a new file with a password, which an old file wraps
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise LoadError(Reason("why_password"))
        raise LoadError(
            f"it is in the binary format of before 2007; open it in {program} and save it in today's"
        )
    if not data.startswith(b"PK"):
        raise LoadError(f"it is not what its name says; open it in {program} and save it again")
    if data.count(CENTRAL_HEADER) > MAX_MEMBERS:
        raise LoadError(f"it is made of more than {MAX_MEMBERS:,} parts; save only what is needed of it")


def _check_names(members: list[zipfile.ZipInfo], program: str) -> None:
    if not members:
        raise damaged(program)
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename  # `filename` ends at a NUL
        if (
            not name
            or "\0" in name
            or "\\" in name
            or name.startswith("/")
            or re.match(r"[A-Za-z]:", name)
            or ".." in name.split("/")
        ):
            raise LoadError(
                f"a part of it has the name {name[:80]!r}, which no Office program writes; "
                f"open it in {program} and save it again"
            )
        # The standard takes names that differ only in case for the same.
        if name.casefold() in seen:
            raise LoadError(f"it holds {name[:80]!r} twice; open it in {program} and save it again")
        seen.add(name.casefold())
        if member.flag_bits & 0x1:
            raise LoadError(Reason("why_password"))
        if member.compress_type not in PACKED_AS:
            raise LoadError(
                f"it is packed in a way that Office programs do not use; open it in {program} and save it again"
            )


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        size, limit = round(unpacked / 2**20), MAX_UNPACKED_BYTES // 2**20
        raise LoadError(Reason("why_unpacks_too_large", size=size, limit=limit))
    for member in members:
        if not XML_NAME.search(member.filename):
            continue
        if member.file_size > MAX_XML_BYTES:
            raise LoadError(
                f"its part {member.filename[:80]!r} unpacks to {member.file_size / 2**20:,.0f} MiB, more than "
                f"{MAX_XML_BYTES // 2**20}; split the file"
            )
        if member.file_size > MIN_RATIO_BYTES and member.file_size > MAX_XML_RATIO * member.compress_size:
            raise LoadError(
                f"its part {member.filename[:80]!r} unpacks to more than {MAX_XML_RATIO} times its size, "
                "as no document does; write it anew"
            )


def _check_contents(data: bytes, members: list[zipfile.ZipInfo]) -> None:
    """Raise `LoadError` if an XML part declares a document type, or all parts are too large for memory."""
    in_memory = streamed = 0
    for member in members:
        nodes, head = 0, b""
        is_xml = XML_NAME.search(member.filename) is not None
        for piece in _unpack(data, member):
            if is_xml:
                head += piece[: MAX_PROLOG_BYTES - len(head)]
                nodes += piece.count(b"<") + piece.count(b"=")
        if is_xml:
            _check_prolog(head)
        if STREAMED_PARTS.fullmatch(member.filename):
            streamed += nodes
        else:
            in_memory += nodes
        if in_memory > MAX_XML_NODES or streamed > MAX_STREAMED_NODES:
            raise LoadError(Reason("why_too_large"))


def _unpack(data: bytes, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of `member` in pieces. Raises `BadZipFile` where it is not as long as its headers say."""
    signature, name_length, extra_length = LOCAL_HEADER.unpack_from(data, member.header_offset)
    start = member.header_offset + LOCAL_HEADER.size + name_length + extra_length
    packed = data[start : start + member.compress_size]
    if signature != b"PK\x03\x04" or len(packed) != member.compress_size:
        raise zipfile.BadZipFile(f"{member.filename} is not where it should be")
    if member.compress_type == zipfile.ZIP_STORED:
        if member.compress_size != member.file_size:
            raise zipfile.BadZipFile(f"{member.filename} is not as long as it should be")
        yield from (packed[at : at + CHUNK_BYTES] for at in range(0, len(packed), CHUNK_BYTES))
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    unpacked = 0
    for at in range(0, len(packed), CHUNK_BYTES):
        pending = packed[at : at + CHUNK_BYTES]
        while pending and unpacked <= member.file_size:
            piece = inflate.decompress(pending, CHUNK_BYTES)
            unpacked += len(piece)
            pending = inflate.unconsumed_tail
            if piece:
                yield piece
    # zlib's rest is asked for in one small piece: more than that is already a lie.
    unpacked += len(inflate.decompress(b"", CHUNK_BYTES))
    if unpacked != member.file_size or not inflate.eof:
        raise zipfile.BadZipFile(f"{member.filename} is not as long as it should be")


def _check_prolog(head: bytes) -> None:
    """Raise `LoadError` if the XML that begins with `head` declares a document type, or could in disguise."""
    text = _decode(head)
    encoding = ENCODING.match(text)
    if encoding and encoding.group(1).strip().casefold() not in ENCODINGS:
        raise LoadError(
            f"its XML is in the encoding {encoding.group(1)[:40]!r}, which no Office program writes; "
            "save it again in one"
        )
    prolog = PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    # What goes on after it is a document type, or a prolog without an end.
    if rest.startswith(("<!", "<?")) or (not rest and len(head) >= MAX_PROLOG_BYTES):
        raise LoadError("its XML declares entities, which no Office program writes; save it again in one")


def _decode(head: bytes) -> str:
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<", b"\x4c\x6f\xa7\x94")):
        raise LoadError("its XML is in an encoding that no Office program writes; save it again in one")
    if head.startswith((b"\xff\xfe", b"<\0")):
        return head.decode("utf-16-le", "replace")
    if head.startswith((b"\xfe\xff", b"\0<")):
        return head.decode("utf-16-be", "replace")
    return head.decode("utf-8", "replace")
