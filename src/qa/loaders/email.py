"""Messages (.eml) → head, body and forwarded messages as text."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.encodings import WEB_NAMES, decode, decode_page
from qa.loaders.html import read_lines
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.normalise import normalise_line

MAX_PARTS = 500
"""Limits the parts of one message, with parts inside of parts. A newsletter has twenty."""

MAX_BOUNDARIES = 50
"""Limits the parts that are split themselves. Each line is held against the boundaries of all open parts."""

MAX_FORWARDED = 3
"""Limits messages inside of messages. A deeper message was passed on by the fourth person."""

MAX_NAMED_ATTACHMENTS = 10
"""Limits the attachments that the warning names. More attachments are counted."""

MAX_HEADER_CHARS = 4000
"""Limits a header: some fifty names of people."""

SHOWN_HEADERS = ("From", "To", "Cc", "Date")

BODY_TYPES = frozenset({"text/plain", "text/html"})

WEB_CHARSETS = "shift_jis euc-jp gb2312 gbk gb18030 big5 euc-kr windows-1258 koi8-r windows-1251".split()
CHARSETS = {"utf-8": "utf-8", "iso-2022-jp": "iso2022_jp_ext"} | {
    name: WEB_NAMES[name] for name in WEB_CHARSETS
}
"""The names of encodings that are believed, and the encodings that mail programs mean by them. Western names stand
over text in every language and are not believed."""

HEADER_ERRORS = (MessageError, LookupError, ValueError, TypeError, AttributeError)
"""The errors of the standard library for broken headers and dates, beyond those that it promises."""

FLOWED = re.compile(r"(?<!^--) \r?\n(?![>\s])", re.MULTILINE)
"""The places where a program, not the writer, broke a line (RFC 3676). The line `-- ` before a signature stays."""


@dataclass(slots=True)
class _Mail:
    """The content of a message, collected part by part."""

    builder: TextBuilder = field(default_factory=TextBuilder)
    attachments: list[str] = field(default_factory=list)
    parts: int = 0
    deeper: int = 0
    """Forwarded messages that lie too deep to be read."""


def read_email(data: bytes) -> Parsed:
    """The text of a message: its head in a block of its own, its body, and its forwarded messages.

    A warning names attachments, which are not opened.
    """
    if len(re.findall(rb"boundary\s*=", data, re.IGNORECASE)) > MAX_BOUNDARIES:
        raise LoadError("it has too many parts inside of parts; save the message as text")
    mail = _Mail()
    try:
        # The newer policies take headers apart on access, slowly, and fail on broken ones.
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        _add_message(message, mail, depth=0)
    except RecursionError as error:
        raise LoadError("its parts are nested too deep; save the message as text") from error
    return Parsed(
        text=mail.builder.text,
        title=_header(message, "Subject") or None,
        date=_date(message),
        sections=mail.builder.sections,
        title_from="properties",
        date_from="properties",
        warnings=tuple(_warnings(mail)),
    )


def _add_message(message: Message, mail: _Mail, *, depth: int) -> None:
    mail.builder.add_heading(_header(message, "Subject"), level=depth + 1)
    values = ((name, _header(message, name)) for name in SHOWN_HEADERS)
    mail.builder.add_block("\n".join(f"{name}: {value}" for name, value in values if value))
    _add_part(message, mail, depth=depth)


def _add_part(part: Message, mail: _Mail, *, depth: int) -> None:
    """Add the text of `part`: its own, that of its best alternative, or that of all its parts, in their order."""
    mail.parts += 1
    if mail.parts > MAX_PARTS:
        raise LoadError(f"it has more than {MAX_PARTS} parts; save the message as text")
    kind = part.get_content_type()
    payload = part.get_payload()
    parts = [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []
    if kind == "message/rfc822" and parts:
        if depth == MAX_FORWARDED:
            mail.deeper += 1
        else:
            _add_message(parts[0], mail, depth=depth + 1)
    elif kind == "multipart/alternative" and parts:
        _add_part(min(parts, key=_alternative_rank), mail, depth=depth)
    elif kind == "multipart/related" and parts:
        # The page, with its pictures and styles. Only parts that are offered as files are attachments.
        _add_part(parts[0], mail, depth=depth)
        offered = (child for child in parts[1:] if child.get_content_disposition() == "attachment")
        mail.attachments += [_file_name(child) for child in offered]
    elif parts:
        for child in parts:
            _add_part(child, mail, depth=depth)
    elif kind in BODY_TYPES and part.get_content_disposition() != "attachment" and not part.get_filename():
        _add_body(part, mail)
    elif not part.is_multipart() and not kind.startswith("multipart/"):
        mail.attachments.append(_file_name(part))


def _add_body(part: Message, mail: _Mail) -> None:
    text = _decode_part(part)
    if part.get_content_type() == "text/html":
        text = read_lines(text)
    elif part.get_param("format") == "flowed":
        text = FLOWED.sub(" ", text)
    for block in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n")):
        mail.builder.add_block(block)


def _alternative_rank(part: Message) -> int:
    """The rank of an alternative: plain text first, then HTML and its wrappers; empty plain text comes last."""
    kind = part.get_content_type()
    if kind == "text/plain":
        return 0 if _decode_part(part).strip() else 9
    if kind == "text/html":
        return 1
    return 2 if kind.startswith("multipart/") else 3


def _decode_part(part: Message) -> str:
    """The characters of a text part: in the encoding that it names, where that fits, else in a fitting one."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(CHARSETS[str(part.get_content_charset()).lower()])
    except HEADER_ERRORS:
        pass
    try:
        return decode_page(data) if part.get_content_type() == "text/html" else decode(data)
    except LoadError:
        return data.decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    """The header `name` on one line, its encoded words decoded; "" where there is none."""
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return normalise_line(_decode_words(raw[:MAX_HEADER_CHARS]))


def _decode_words(raw: str) -> str:
    """`raw` with its encoded words (RFC 2047) and raw bytes decoded."""
    try:
        pieces = decode_header(re.sub(r"\r?\n(?=[ \t])", "", raw)) if "=?" in raw else [(raw, None)]
    except HEADER_ERRORS:
        pieces = [(raw, None)]
    return "".join(_decode_word(piece, charset) for piece, charset in pieces)


def _decode_word(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, bytes) and charset is None:  # the library's wrapping of what is no encoded word
        piece = piece.decode("raw-unicode-escape", "replace")
    try:
        if isinstance(piece, str):
            is_raw = any("\udc80" <= character <= "\udcff" for character in piece)
            return decode(piece.encode("utf-8", "surrogateescape")) if is_raw else piece
        encoding = CHARSETS.get(str(charset).lower())
        return piece.decode(encoding) if encoding else decode(piece)
    except (LoadError, UnicodeError):
        return piece if isinstance(piece, str) else piece.decode("utf-8", "replace")


def _date(message: Message) -> str | None:
    """The day of the message in its sender's calendar; None where it does not say."""
    value = _header(message, "Date")
    try:
        return parsedate_to_datetime(value).date().isoformat() if value else None
    except HEADER_ERRORS:
        return None


def _file_name(part: Message) -> str:
    """The name of an attachment, or words that say what it is."""
    name = normalise_line(_decode_words(part.get_filename() or "")) or _header(part, "Subject")
    return name[:100] or Reason("why_mail_part", type=part.get_content_type()[:60])


def _warnings(mail: _Mail) -> Iterator[str]:
    if mail.attachments:
        names = tuple(mail.attachments[:MAX_NAMED_ATTACHMENTS])
        more = len(mail.attachments) - MAX_NAMED_ATTACHMENTS
        if more > 0:
            yield Reason("why_attachments_more", names=names, count=more)
        else:
            yield Reason("why_attachments", names=names)
    if mail.deeper:
        yield Reason("why_forwarded")
