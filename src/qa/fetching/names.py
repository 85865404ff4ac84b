"""Names for what was fetched: readable, safe on every system, and the same each time."""

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
"""Where fetched pages stand in the corpus."""

MAX_NAME_BYTES = 120
"""For folder, server and name together: paths stay readable in a list, and below every system's limit."""

MAX_HOST_BYTES = 60
"""Half of it for the server's name; longer ones are cut and told apart by their hash."""

HASH_DIGITS = 8
"""Two addresses of one server get the same hash once in four thousand million."""

FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u206f\ufff0-\uffff/\\<>:\"|?*%#&;'`$]+"
)
"""What some system forbids in names, what a shell reads as a command, and what nobody sees."""

RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever their suffix."""

INDEX_PAGES = re.compile(r"(?:index|default)(?:\.(?:html?|php|aspx?|jsp|cgi))?", re.IGNORECASE)
"""What a folder's own page is called, which says nothing about it."""

PAGE_SUFFIXES = frozenset({".php", ".asp", ".aspx", ".jsp", ".cgi", ".do"})
"""Suffixes of programs that make pages."""

TEXT_TYPES = {
    declared_type: f"page{known.suffixes[0]}"
    for known in FORMATS.values()
    if known.is_text
    for declared_type in known.declared_types
}
"""What servers call kinds of text, and a name that says the same."""

MAX_SUFFIX_CHARS = 9
"""Longer than .markdown there is none; what follows the last full stop of a sentence is longer."""

DISPOSITION = re.compile(
    r"""filename\*\s*=\s*(?P<charset>utf-8|iso-8859-1)'[a-z-]*'(?P<escaped>[^;\s]+)
    |filename\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>[^;\s]+))""",
    re.IGNORECASE | re.VERBOSE,
)


def name_page(url: str, data: bytes, *, content_type: str = "") -> str:
    """The path in the corpus for what was fetched from `url`, such as `web/www.example.org/cases-davao.html`.

    Its suffix tells what `data` is; `content_type` counts only where that is some kind of text. An address
    with a query, and one that had to be shortened, ends in a hash of the whole address. Raises
    `UnsupportedType` for data that is not read.
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


def name_in_headers(disposition: str, url: str) -> str:
    """The file name that a server suggests, else the last part of the address; "" where there is none.

    It is safe: no folders, nothing hidden, no more than `MAX_NAME_BYTES`.
    """
    suggested = ""
    for match in DISPOSITION.finditer(disposition):
        if match["escaped"]:
            suggested = unquote(match["escaped"], encoding=match["charset"])
            break  # the form with a charset is the one that counts where both are there
        suggested = _decode_header(re.sub(r"\\(.)", r"\1", match["quoted"] or match["plain"] or ""))
    last = re.split(r"[/\\]", suggested or unquote(urlsplit(url).path))[-1]
    name = clean_name(last)
    suffix = name[len(name) - len(suffix_of(name)) :]
    if len(suffix) > MAX_SUFFIX_CHARS:
        suffix = ""
    return _cut(name.removesuffix(suffix), MAX_NAME_BYTES - len(suffix.encode()), url) + suffix


def clean_name(name: str) -> str:
    """`name` in NFC, without anything that a file system, a shell or a reader would trip over."""
    name = FORBIDDEN.sub("-", UNWANTED.sub("", unicodedata.normalize("NFC", name)))
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cn", "Co", "Cs"))
    # At its start, a tilde or a full stop hides a file, also from us.
    name = re.sub(r"-{2,}", "-", re.sub(r"\s+", "-", name)).strip("-. ").lstrip("~-. ")
    return f"{name}-" if RESERVED.fullmatch(name.partition(".")[0]) else name


def _without_suffix(stem: str) -> str:
    known = PAGE_SUFFIXES.union(*(each.suffixes for each in FORMATS.values()))
    suffix = suffix_of(stem)
    return stem[: -len(suffix)].strip("-. ") if suffix in known else stem


def _readable_host(netloc: str) -> str:
    host = netloc.rpartition("@")[2].lower()
    with contextlib.suppress(idna.IDNAError, UnicodeError):  # else it is readable as it is
        host = idna.decode(host)
    return clean_name(host)


def _cut(name: str, room: int, url: str, *, always: bool = False) -> str:
    """`name` in at most `room` bytes; where that took something away, or `always`, a hash of `url` ends it."""
    if len(name.encode()) <= room and not always:
        return name
    digits = hashlib.sha256(url.encode()).hexdigest()[:HASH_DIGITS]
    head = name.encode()[: max(room - HASH_DIGITS - 1, 0)].decode("utf-8", "ignore")
    return "-".join(part for part in (unicodedata.normalize("NFC", head).strip("-. "), digits) if part)


def _decode_header(value: str) -> str:
    """`value` as the server meant it: UTF-8 or Shift_JIS, which HTTP reads as Latin-1."""
    try:
        raw = value.encode("latin-1")
    except UnicodeError:
        return value
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeError:
            continue
    return value
