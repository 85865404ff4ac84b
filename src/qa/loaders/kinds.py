"""The kind of a file by its content, whatever its name."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath

from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason
from qa.loaders.encodings import decode, try_decode, utf16_order
from qa.loaders.formats import FORMATS, Kind

HEAD_BYTES = 2**16
"""Bytes of a text that tell its kind: more than any header or comment that comes before the first tag."""

MAX_MEMBER_BYTES = 2**20
"""Limits the unpacked table of contents of a package. A thousand slides take half of it."""

MAX_MEMBERS = 20_000
"""Limits the members of a package. Office programs write fewer, and listing millions would fill the memory."""

MAX_CONTROL = 0.25
"""Limits the share of control characters in a text: accidents leave some, and binary files have more."""

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

PICTURES = "why_pictures"
SOUND = "why_sound"
ARCHIVE = "why_archive"
PROGRAM = "why_program"

Signatures = tuple[tuple[str, int, tuple[bytes, ...]], ...]

SIGNATURES: Signatures = (
    (PICTURES, 0, (b"\x89PNG\r\n", b"\xff\xd8\xff")),
    (ARCHIVE, 0, (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")),
    (PROGRAM, 0, (b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")),
    ("why_rtf", 0, (b"{\\rtf",)),
    ("why_postscript", 0, (b"%!PS",)),
)
"""The key of the reason why a file is not read, and a place where it has any of these bytes. The first counts."""

BINARY_SIGNATURES: Signatures = (
    (PROGRAM, 0, (b"MZ",)),
    (PICTURES, 0, (b"BM", b"GIF8", b"II*\0", b"MM\0*", b"\0\0\1\0", b"8BPS")),
    (PICTURES, 8, (b"WEBP",)),
    (PICTURES, 4, (b"ftypheic", b"ftypheix", b"ftypheif", b"ftypmif1", b"ftypavif")),
    (SOUND, 4, (b"ftyp",)),
    (SOUND, 0, (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3")),
    (ARCHIVE, 0, (b"BZh",)),
    (ARCHIVE, 2, (b"-lh",)),
    (ARCHIVE, 257, (b"ustar",)),
)
"""Signatures that are also letters, with which a text may begin. They count beside zero bytes only."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_STREAMS: tuple[tuple[str, str, str], ...] = (
    ("EncryptedPackage", "", "why_password"),
    ("PowerPoint Document", ".ppt", "why_old_powerpoint"),
    ("WordDocument", ".doc", "why_old_word"),
    ("Workbook", ".xls", "why_old_excel"),
    ("__substg1.0_", ".msg", "why_outlook"),
)
"""The streams of old Office files, the suffix of such files, and the reason why they are not read."""

ODF_TYPE = "application/vnd.oasis.opendocument."
ODF_SUFFIXES = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp"}

PAGE_START = re.compile(
    r"\s*+(?:<\?xml\b[^>]*+>\s*+)?(?:<!--.*?-->\s*+)*+(?:<!doctype\s+html\b|<html\b)",
    re.IGNORECASE | re.DOTALL,
)
XML_START = re.compile(r"\s*+<\?xml\b|\s*+<svg\b", re.IGNORECASE)
TAG = re.compile(r"</?[a-z][a-z0-9]*+(?:\s[^<>]*+)?/?>", re.IGNORECASE)
HEADER_LINE = re.compile(r"([!-9;-~]{1,76}):(?:[ \t]|$)")

MAIL_ROUTE = frozenset(
    {"received", "message-id", "mime-version", "return-path", "delivered-to", "dkim-signature"}
)
"""Header lines that programs write. Without them, From and Subject may as well begin a memo."""
MAIL_PEOPLE = frozenset({"from", "to", "subject", "date", "sender"})


def find_kind(data: bytes, name: str) -> Kind:
    """The kind of `data`, by its content; `name` decides only between kinds of text.

    Raises `UnsupportedType`, with the next step, for a kind that is not read.
    """
    # PDF readers allow some junk before the start. A text about PDF has no such end.
    is_late = b"%PDF-" in data[:1024] and b"%%EOF" in data[-2048:] and b"startxref" in data[-2048:]
    if is_late or data[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-"):
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _find_package_kind(data)
    if data.startswith(OLE):
        raise UnsupportedType(Reason(_explain_ole(data, name)))
    _refuse_signed(data, SIGNATURES)
    is_text = _is_text(data)
    if not is_text or b"\0" in data[:HEAD_BYTES]:
        _refuse_signed(data, BINARY_SIGNATURES)
    if not is_text:
        if any(suffix_of(name) in known.suffixes for known in FORMATS.values() if known.is_text):
            raise UnsupportedType(Reason("why_unknown_encoding"))
        raise UnsupportedType(Reason("why_unknown_kind"))
    return _find_text_kind(_decode_head(data), suffix_of(name))


def _refuse_signed(data: bytes, signatures: Signatures) -> None:
    for reason, offset, starts in signatures:
        if data.startswith(starts, offset):
            raise UnsupportedType(Reason(reason))


def describe_mismatch(kind: Kind, name: str) -> str | None:
    """The warning of a file of `kind` with an odd `name`, such as a web page named .pdf; else None."""
    suffix = suffix_of(name)
    if not suffix or suffix in FORMATS[kind].suffixes:
        return None
    is_owned = any(suffix in known.suffixes for known in FORMATS.values())
    if FORMATS[kind].is_text and not is_owned:
        return None
    return Reason("why_misnamed", suffix=suffix, kind=Reason(FORMATS[kind].noun))


def suffix_for(kind: Kind, data: bytes, name: str) -> str:
    """The suffix for a file of `kind`: that of `name` where it is a suffix of the kind, else the usual suffix."""
    if suffix_of(name) in FORMATS[kind].suffixes:
        return suffix_of(name)
    if kind == "opendocument":
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return ODF_SUFFIXES[_odf_type(_read_member(package, "mimetype"))]
    return FORMATS[kind].suffixes[0]


def suffix_of(name: str) -> str:
    """The suffix of `name` in lower case, with its dot; "" where there is none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def _find_package_kind(data: bytes) -> Kind:
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:
        raise UnsupportedType(Reason(ARCHIVE))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _find_kind_of_members(package)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise LoadError(Reason("why_damaged")) from error
    except RuntimeError as error:  # what zipfile raises where a password is needed
        raise UnsupportedType(Reason("why_password")) from error


def _find_kind_of_members(package: zipfile.ZipFile) -> Kind:
    names = set(package.namelist())
    declared = _read_member(package, "mimetype") if "mimetype" in names else b""
    if declared.startswith(ODF_TYPE.encode()):
        if _odf_type(declared) not in ODF_SUFFIXES:
            raise UnsupportedType(Reason("why_drawing"))
        manifest = "META-INF/manifest.xml"
        if manifest in names and b"encryption-data" in _read_member(package, manifest):
            raise UnsupportedType(Reason("why_password"))
        return "opendocument"
    if declared.startswith(b"application/epub"):
        raise UnsupportedType(Reason("why_ebook"))
    if "[Content_Types].xml" in names:
        types = _read_member(package, "[Content_Types].xml").lower().replace(b"\0", b"")
        for kind, known in FORMATS.items():
            if not known.is_text and any(declared.encode() in types for declared in known.declared_types):
                return kind
        if b"ms-excel.sheet.binary" in types:
            raise UnsupportedType(Reason("why_binary_excel"))
        raise UnsupportedType(Reason("why_other_office"))
    if any(name.endswith(".iwa") for name in names):
        raise UnsupportedType(Reason("why_apple"))
    raise UnsupportedType(Reason(ARCHIVE))


def _odf_type(declared: bytes) -> str:
    return declared.decode("ascii", "replace").strip().removeprefix(ODF_TYPE).removesuffix("-template")


def _read_member(package: zipfile.ZipFile, name: str) -> bytes:
    with package.open(name) as member:
        return member.read(MAX_MEMBER_BYTES)


def _explain_ole(data: bytes, name: str) -> str:
    """The reason why an old Office file is not read. Its suffix is believed first, for it may hold other files."""
    found = [(suffix, reason) for stream, suffix, reason in OLE_STREAMS if stream.encode("utf-16-le") in data]
    for suffix, reason in found:
        if suffix in ("", suffix_of(name)):
            return reason
    return found[0][1] if found else "why_other_old_office"


def _is_text(data: bytes) -> bool:
    """True if `data` can be decoded and is not full of control characters, as programs and pictures are."""
    head = data[:HEAD_BYTES]
    odd = len(CONTROL.findall(head))
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) or utf16_order(data):
        odd = 0
    elif odd > MAX_CONTROL * len(head) + 8 or (b"\0" in head and try_decode(data, "utf-8") is None):
        return False
    try:
        decode(data)
    except LoadError:
        return False
    return odd <= len(head) // 100 or try_decode(data, "utf-8") is not None


def _decode_head(data: bytes) -> str:
    """The beginning of `data`, cut between characters: a cut character would look like another encoding."""
    head = data[:HEAD_BYTES]
    if len(head) < len(data):
        head = head[: head.rfind(b"\n") + 1 or None]
    try:
        return decode(head)
    except LoadError:
        return head.decode("latin-1")


def _find_text_kind(head: str, suffix: str) -> Kind:
    if PAGE_START.match(head):
        return "html"
    if XML_START.match(head):
        raise UnsupportedType(Reason(PICTURES if "<svg" in head[:4096] else "why_xml"))
    if _is_email(head, suffix):
        return "email"
    if suffix in FORMATS["html"].suffixes and TAG.search(head):
        return "html"
    return "markdown" if suffix in FORMATS["markdown"].suffixes else "text"


def _is_email(head: str, suffix: str) -> bool:
    """True if `head` begins with the header of a message, which ends at the first blank line."""
    lines = head.removeprefix("\ufeff").splitlines()
    if lines and lines[0].startswith("From ") and len(lines) > 1:
        lines = lines[1:]  # the line that mailboxes put in front
    names = set()
    for line in lines:
        if not line.strip():
            break
        match = HEADER_LINE.match(line)
        if match:
            names.add(match[1].lower())
        elif not line.startswith((" ", "\t")) or not names:
            return False
    return bool(names & MAIL_PEOPLE) and (bool(names & MAIL_ROUTE) or suffix in FORMATS["email"].suffixes)
