"""What makes foreign text harmless: in HTML, in Markdown, in a terminal, in a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import quote, urlsplit

from qa.i18n.messages import say

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""Control characters but tab and newline (terminals obey some), and those that turn the writing direction
round, with which a text can be made to read as another one."""

FORGED_MARK = re.compile(r"\[(\d{1,4})\]")
"""What looks like one of our citation marks."""

MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]()#+!|~$^=@])")


class Html(str):
    """A string that is HTML already: made by `fill` and `join` only, never from a document's text."""

    __slots__ = ()


class _Messages:
    """The messages in the language that a template is filled with, as attributes that `str.format` looks up."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getattr__(self, key: str) -> str:
        return _safe(say(key, str(self._values["language"])))


def fill(template: str, **values: object) -> Html:
    """The HTML `template` with its `{placeholders}` filled; every value that is not `Html` is escaped.

    A list is filled in piece by piece. `{say.KEY}` is the message with this key in the language that the value
    `language` names.

    >>> fill("<p title='{x}'>{x}</p>", x="a<b")
    "<p title='a&lt;b'>a&lt;b</p>"
    >>> fill("<p>{say.ask}</p>", language="en")
    '<p>Ask</p>'
    """
    safe = {name: _safe(value) for name, value in values.items()}
    return Html(template.format(say=_Messages(values), **safe))


def wrap(template: str, content: object) -> Html:
    """The HTML `template` with `content` in place of its `{}`; empty where there is no content. See `fill`."""
    return Html(template.format(_safe(content))) if content else Html()


def _safe(value: object) -> str:
    if isinstance(value, Html):
        return value
    if isinstance(value, (list, tuple)):
        return "".join(map(_safe, value))
    return escape(without_controls(str(value)))


def join(parts: list[Html] | tuple[Html, ...], *, separator: str = "") -> Html:
    """The pieces of HTML as one."""
    return Html(separator.join(parts))


def without_controls(text: str) -> str:
    """The text without characters that steer what shows it."""
    return CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """The text for a terminal: one line, no control characters, nothing that looks like a citation mark."""
    return FORGED_MARK.sub(r"(\1)", without_controls(" ".join(text.split())))


def as_markdown(text: str) -> str:
    """The text as one line of Markdown that shows these characters and does nothing else."""
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = MARKDOWN_SIGNS.sub(r"\\\1", line)
    # A list item, a rule, a heading's underline.
    line = re.sub(r"^(\d+)\.", r"\1\\.", re.sub(r"^-", r"\\-", line))
    return re.sub(r"://", r"\\://", re.sub(r"(?i)\bwww\.", lambda found: f"{found[0][:-1]}\\.", line))


def safe_url(url: str | None) -> str | None:
    """The address if it may become a link: http or https with a host, percent-encoded; else None."""
    if url is None or CONTROLS.search(url) or any(character.isspace() for character in url.strip()):
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return quote(url.strip(), safe=":/?#[]@!$&*+,;=%~")
