"""Markdown with front matter → the text that a reader would see, without the marks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.encodings import decode
from qa.loaders.hidden import has_background, is_hiding, is_unreadable
from qa.loaders.parsed import Parsed, TextBuilder
from qa.loaders.stylesheets import read_style

FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)

DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[Tt\s].*)?)?)?")
"""A year, a month or a day as ISO 8601 writes them; a time of the day is left out."""
MAX_DATE_CHARS = 40
"""Limits how much of what stands in a date's place a warning shows."""

OPENING_TAG = re.compile(r"<(?P<name>[a-z][a-z0-9-]*+)(?P<attributes>[^>]*+)>?", re.IGNORECASE)
STYLE_ATTRIBUTE = re.compile(r"""\sstyle\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""", re.IGNORECASE)
HIDING_ATTRIBUTE = re.compile(r"""\s(?:hidden\b|aria-hidden\s*+=\s*+["']?true)""", re.IGNORECASE)

HIDING_TAGS = frozenset({"script", "style", "template", "title", "textarea", "noscript"})
"""Inline tags that hide everything up to their end, whatever their attributes."""

EMPTY_TAGS = frozenset("br img input hr wbr area base col embed link meta source".split())
"""Tags without an end, which hold nothing."""

MAX_FRONT_MATTER_CHARS = 20_000
"""Limits the front matter, which takes a dozen lines. The parser of YAML is slow, above all on hostile input."""

MAX_INLINE_CHARS = 50_000
"""Limits a paragraph. Some marks make the parser of Markdown take the square of its length: 0.5 s for so many
brackets. A chapter without a blank line has 30,000 characters."""

MAX_INLINE_SQUARES = 2e10
"""Limits the sum of the squares of the lengths of all paragraphs, to 3 s at worst. A book of ten million
characters in paragraphs of a thousand has half of it."""

MAX_LINES = 300_000
"""Limits the lines. Each is some objects to the parser of Markdown: so many take 5 s and 300 MB."""

YAML_ERRORS = (
    yaml.YAMLError, ValueError, OverflowError, LookupError, AttributeError, TypeError, RecursionError,
)  # fmt: skip
"""The errors of the parser of YAML for impossible values: dates (ValueError), `!!bool x` (LookupError),
`!!timestamp x` (AttributeError), brackets without end (RecursionError)."""


class _PlainLoader(yaml.SafeLoader):
    """Reads YAML without references to earlier values, with which ten lines can be made to fill the memory."""

    def compose_node(self, parent: yaml.nodes.Node | None, index: int) -> yaml.nodes.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(problem="references are not read")
        return super().compose_node(parent, index)


def _read_as_text(loader: _PlainLoader, node: yaml.nodes.ScalarNode) -> object:
    return loader.construct_scalar(node)


# YAML raises for an impossible day, and the document is worth more than its date.
_PlainLoader.add_constructor("tag:yaml.org,2002:timestamp", _read_as_text)


def read_markdown(data: bytes) -> Parsed:
    """The text of a Markdown file, without comments and raw HTML, which no reader sees."""
    source = decode(data)
    match = FRONT_MATTER.match(source)
    matter = _read_front_matter(match.group(1)) if match else {}
    builder = TextBuilder()
    try:
        _add_blocks(_parse(source[match.end() :] if match else source), builder)
    except RecursionError as error:
        raise LoadError("its marks are nested too deep; save it as plain text (.txt)") from error
    date = _text_of(matter, "date")
    day = _day_of(date) if date else None
    first = builder.sections[0] if builder.sections else None
    heading = first.heading if first and first.level == 1 and first.span.start == 0 else None
    return Parsed(
        text=builder.text,
        title=_text_of(matter, "title") or heading,
        title_from="front_matter" if _text_of(matter, "title") else "text",
        date_from="front_matter",
        cities=_names_of(matter, "cities"),
        language=_text_of(matter, "language"),
        date=day,
        url=_text_of(matter, "source_url") or _text_of(matter, "url"),
        source_title=_text_of(matter, "source_title"),
        sections=builder.sections,
        warnings=(Reason("why_matter_date", date=date[:MAX_DATE_CHARS]),) if date and not day else (),
    )


def _day_of(date: str) -> str | None:
    """The ISO date that `date` gives, or the year or month where it gives no more; None for no such day."""
    found = DATE.fullmatch(date)
    if not found:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        given = datetime.date(year or 0, month or 1, day or 1).isoformat()
    except ValueError:
        return None
    return given[: 4 if not month else 7 if not day else 10]


def _parse(source: str) -> Sequence[Token]:
    if source.count("\n") + source.count("\r") > MAX_LINES:
        raise LoadError(f"it has more than {MAX_LINES} lines; split it, or save it as plain text (.txt)")
    return _open_reader().parse(source)


@cache
def _open_reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark").enable("table")
    reader.core.ruler.at("inline", _parse_inline)
    return reader


def _parse_inline(state: StateCore) -> None:
    """Parse each paragraph as markdown-it does, except paragraphs that would take too long."""
    squares = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        squares += len(token.content) ** 2
        if len(token.content) <= MAX_INLINE_CHARS and squares <= MAX_INLINE_SQUARES:
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        elif "<" in token.content:  # comments and tags hide text, which only the full reader takes out
            raise LoadError("its paragraphs are too long to be read; put blank lines between them")
        else:
            token.children.append(Token("text", "", 0, content=token.content))


def _read_front_matter(text: str) -> dict[str, Any]:
    if len(text) > MAX_FRONT_MATTER_CHARS:
        raise LoadError(
            f"its front matter has more than {MAX_FRONT_MATTER_CHARS} characters; "
            "put the text behind the line `---` that ends it"
        )
    try:
        matter = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader
    except YAML_ERRORS as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise LoadError(Reason("why_matter_line", line=line)) from error
    if matter is None:
        return {}
    if not isinstance(matter, dict):
        raise LoadError(Reason("why_matter"))
    return matter


def _text_of(matter: dict[str, Any], name: str) -> str | None:
    value = matter.get(name)
    if value is None or isinstance(value, (str, int, float)):
        return (str(value).strip() or None) if value is not None else None
    raise LoadError(Reason("why_matter_value", name=name))


def _names_of(matter: dict[str, Any], name: str) -> tuple[str, ...] | None:
    value = matter.get(name)
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise LoadError(Reason("why_matter_names", name=name))
    return tuple(item.strip() for item in items)


def _add_blocks(tokens: Sequence[Token], builder: TextBuilder) -> None:
    in_heading = 0
    item: str | None = None  # the mark of a list item whose first paragraph is still to come
    lines: list[str] = []  # the rows of a table, or the items of a list, that make one block
    depth = 0
    for token in tokens:
        if token.type == "heading_open":
            in_heading = int(token.tag[1])
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close", "table_close"):
            depth -= token.type != "table_close"
            if depth == 0:
                builder.add_block("\n".join(lines))
                lines = []
        elif token.type == "list_item_open":
            item = "- " if token.markup in "-*+" else f"{token.info}. "
        elif token.type == "tr_open":
            lines.append("")
        elif token.type in ("fence", "code_block"):
            if depth:
                lines += token.content.splitlines()
            else:
                builder.add_block(token.content)
        elif token.type == "inline":
            text = "".join(_plain(token.children or ()))
            if in_heading and not depth:
                builder.add_heading(text, level=in_heading)
                in_heading = 0
            elif depth:
                lines.append(f"{item or ''}{text}")
                item, in_heading = None, 0
            elif lines:
                lines[-1] = f"{lines[-1]} | {text}" if lines[-1] else text
            else:
                builder.add_block(text)


def _hides(tag: re.Match[str]) -> bool:
    if tag["name"].lower() in HIDING_TAGS or HIDING_ATTRIBUTE.search(tag["attributes"]):
        return True
    match = STYLE_ATTRIBUTE.search(tag["attributes"])
    if not match:
        return False
    style, important = read_style(match[1] or match[2] or "")
    style.update(important)
    return is_hiding(style) or (is_unreadable(style) is True and not has_background(style))


def _plain(children: Sequence[Token]) -> Iterator[str]:
    hidden = ""  # the tag whose content no reader sees, while inside of it
    depth = 0  # how many tags of that name are open
    for child in children:
        if child.type == "html_inline":
            tag = OPENING_TAG.match(child.content)
            name = (tag["name"] if tag else child.content[2:].rstrip("> \t\n")).lower()
            if hidden:
                depth += (name == hidden) * (1 if tag else -1)
                hidden = hidden if depth else ""
            elif tag and name not in EMPTY_TAGS and not child.content.endswith("/>") and _hides(tag):
                hidden, depth = name, 1
        elif hidden:
            continue
        elif child.type in ("text", "code_inline"):
            yield child.content
        elif child.type == "softbreak":
            yield " "
        elif child.type == "hardbreak":
            yield "\n"
