"""The file names of fetched pages: readable, safe on every system, and the same at each fetch."""

from __future__ import annotations

import contextlib
import hashlib
import re
import unicodedata
from urllib.parse import unquote, urlsplit

import idna

from qa.loaders.formats import FORMATS
from qa.loaders.kinds import find_kind, suffix_for, suffix_of
from qa.text.normalise import UNWANTED

FOLDER = "web"
"""The folder of the corpus that fetched pages stand in."""

MAX_NAME_BYTES = 120
"""Limits folder, server and name together: paths stay readable in a list, and below every system's limit."""

MAX_HOST_BYTES = 60
"""Limits the server's part of a name. Longer servers' names are cut and told apart by their hash."""

HASH_DIGITS = 8
"""Hex digits of a hash. Two addresses of one server get the same hash once in four thousand million."""

FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u206f\ufff0-\uffff/\\<>:\"|?*%#&;'`$]+"
)
"""Characters that a system forbids in names, that a shell reads as a command, or that nobody sees."""

RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever their suffix."""

INDEX_PAGES = re.compile(r"(?:index|default)(?:\.(?:html?|php|aspx?|jsp|cgi))?", re.IGNORECASE)
"""Names of a folder's own page, which say nothing about it."""

PAGE_SUFFIXES = frozenset({".php", ".asp", ".aspx", ".jsp", ".cgi", ".do"})
"""Suffixes of programs that make pages."""

TEXT_TYPES = {
    declared_type: f"page{known.suffixes[0]}"
    for known in FORMATS.values()
    if known.is_text
    for declared_type in known.declared_types
}
"""Servers' types of text, and names with the suffixes of these types."""


def name_page(url: str, data: bytes, *, content_type: str = "") -> str:
    """The path in the corpus for `data` from `url`, such as `web/www.example.org/cases-davao.html`.

    Its suffix tells what `data` is; `content_type` counts only where `data` is text. The name of an address with
    a query, or of a shortened address, ends in a hash of the whole address. Raises `UnsupportedType` for data that
    is not read.
    """
    parts = urlsplit(url)
    words = [clean_name(unquote(word)) for word in parts.path.split("/")]
    words = [word for word in words if word]
    if words and INDEX_PAGES.fullmatch(words[-1]):
        words.pop()
    last = words[-1] if words else ""
    hint = TEXT_TYPES.get(content_type.partition(";")[0].strip().lower(), last)
    suffix = suffix_for(find_kind(data, hint), data, last)
    stem = _without_suffix("-".join(words)) or "index"
    host = _cut(_readable_host(parts.netloc), MAX_HOST_BYTES, url)
    room = MAX_NAME_BYTES - len(f"{FOLDER}/{host}/{suffix}".encode())
    name = _cut(stem, room, url, always=bool(parts.query))
    return f"{FOLDER}/{host}/{name}{suffix}"


def clean_name(name: str) -> str:
    """`name` in NFC, without anything that a file system, a shell or a reader would trip over."""
    name = FORBIDDEN.sub("-", UNWANTED.sub("", unicodedata.normalize("NFC", name)))
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cn", "Co", "Cs"))
    # At its start, a tilde or a full stop hides a file, also from us.
    name = re.sub(r"-{2,}", "-", re.sub(r"\s+", "-", name)).strip("-. ").lstrip("~-. ")
    return f"{name}-" if RESERVED.fullmatch(name.partition(".")[0]) else name


def _without_suffix(stem: str) -> str:
    known = PAGE_SUFFIXES.union(*(row.suffixes for row in FORMATS.values()))
    suffix = suffix_of(stem)
    return stem[: -len(suffix)].strip("-. ") if suffix in known else stem


def _readable_host(netloc: str) -> str:
    host = netloc.rpartition("@")[2].lower()
    with contextlib.suppress(idna.IDNAError, UnicodeError):  # else it is readable as it is
        host = idna.decode(host)
    return clean_name(host)


def _cut(name: str, room: int, url: str, *, always: bool = False) -> str:
    """`name` in at most `room` bytes. A hash of `url` ends a name that was cut, or every name if `always`."""
    if len(name.encode()) <= room and not always:
        return name
    digits = hashlib.sha256(url.encode()).hexdigest()[:HASH_DIGITS]
    head = name.encode()[: max(room - HASH_DIGITS - 1, 0)].decode("utf-8", "ignore")
    return "-".join(part for part in (unicodedata.normalize("NFC", head).strip("-. "), digits) if part)
