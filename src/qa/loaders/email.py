"""Messages (.eml): who wrote to whom and when, what they wrote, and the messages that they passed on."""

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
from qa.loaders.encodings import decode, decode_page
from qa.loaders.html import read_lines
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.normalise import normalise_line

MAX_PARTS = 500
"""Parts of one message, those inside of parts counted. A newsletter has twenty."""

MAX_BOUNDARIES = 50
"""Parts that are split themselves. Each line is held against the boundaries of all that are open."""

MAX_FORWARDED = 3
"""Messages inside of messages that are read; what lies deeper was passed on by the fourth person."""

MAX_NAMED_ATTACHMENTS = 10
"""So many are named in the warning; the others are counted."""

MAX_HEADER_CHARS = 4000
"""Of a header, so much is decoded and shown: some fifty names of people."""

SHOWN_HEADERS = ("From", "To", "Cc", "Date")

BODY_TYPES = frozenset({"text/plain", "text/html"})

CHARSETS = {
    "utf-8": "utf-8",
    "iso-2022-jp": "iso2022_jp_ext",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "windows-1258": "cp1258",
    "koi8-r": "koi8-r",
    "windows-1251": "cp1251",
}
"""The names of encodings that are believed, and what mail programs mean by them. Those of Western encodings
are not: they stand over text in every language."""

HEADER_ERRORS = (MessageError, LookupError, ValueError, TypeError, AttributeError)
"""What the standard library raises for broken headers and dates, beyond what it promises to."""

FLOWED = re.compile(r"(?<!^--) \r?\n(?![>\s])", re.MULTILINE)
"""Where a program broke a line that its writer did not (RFC 3676); the line `-- ` before a signature stays."""


@dataclass(slots=True)
class _Mail:
    """What is found in a message, part by part."""

    builder: TextBuilder = field(default_factory=TextBuilder)
    attachments: list[str] = field(default_factory=list)
    parts: int = 0
    deeper: int = 0
    """Forwarded messages that lie too deep to be read."""


def read_email(data: bytes) -> Parsed:
    """The text of a message: its head in a block of its own, its body, and the messages forwarded in it.

    Attachments are named in a warning and not opened.
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
    subject = _header(message, "Subject")
    date = _date(message)
    return Parsed(
        text=mail.builder.text,
        title=subject or None,
        date=date,
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
    """Add what `part` says: itself, the best of its alternatives, or all of its parts, in their order."""
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
        # The page, and the pictures and styles that it shows: only what is offered as a file is left out of it.
        _add_part(parts[0], mail, depth=depth)
        offered = (child for child in parts[1:] if child.get_content_disposition() == "attachment")
        mail.attachments += [_file_name(child) for child in offered]
    elif parts:
        for child in parts:
            _add_part(child, mail, depth=depth)
    elif kind in BODY_TYPES and not _is_attachment(part):
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
    """0 for plain text, then HTML and what wraps it, then anything else; an empty plain text comes last."""
    kind = part.get_content_type()
    if kind == "text/plain":
        return 0 if _decode_part(part).strip() else 9
    if kind == "text/html":
        return 1
    return 2 if kind.startswith("multipart/") else 3


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _decode_part(part: Message) -> str:
    """The characters of a text part: in the encoding that it names, where it holds, else in the one that fits."""
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
    """`raw` with its encoded words decoded (RFC 2047), and bytes that should have been encoded ones."""
    try:
        pieces = decode_header(re.sub(r"\r?\n(?=[ \t])", "", raw)) if "=?" in raw else [(raw, None)]
    except HEADER_ERRORS:
        pieces = [(raw, None)]
    return "".join(_decode_word(piece, charset) for piece, charset in pieces)


def _decode_word(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, bytes) and charset is None:
        piece = piece.decode(
            "raw-unicode-escape", "replace"
        )  # in which the library wraps what is no encoded word
    try:
        if isinstance(piece, str):
            is_raw = any("\udc80" <= character <= "\udcff" for character in piece)
            return decode(piece.encode("utf-8", "surrogateescape")) if is_raw else piece
        encoding = CHARSETS.get(str(charset).lower())
        return piece.decode(encoding) if encoding else decode(piece)
    except (LoadError, UnicodeError):
        return piece if isinstance(piece, str) else piece.decode("utf-8", "replace")


def _date(message: Message) -> str | None:
    """The day on which the message was sent, as its sender's calendar had it; None where it does not say."""
    value = _header(message, "Date")
    try:
        return parsedate_to_datetime(value).date().isoformat() if value else None
    except HEADER_ERRORS:
        return None


def _file_name(part: Message) -> str:
    """What an attachment is called, in words that say so where it has no name."""
    name = normalise_line(_decode_words(part.get_filename() or ""))[:100]
    name = name or _header(part, "Subject")[:100]
    return name or Reason("why_mail_part", type=part.get_content_type()[:60])


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
