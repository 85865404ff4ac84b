"""Markdown with front matter: what a reader would see of it, without the marks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.errors import LoadError
from qa.loaders.parsed import Parsed, TextBuilder
from qa.loaders.text import decode

FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)

HIDING_TAG = re.compile(
    r"<(?:(?P<content>script|style|template|title|textarea)\b|(?P<any>\w+)[^>]*?"
    r"(?:\shidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|aria-hidden))",
    re.IGNORECASE,
)
"""An inline tag that hides what stands between it and its end."""


def read_markdown(data: bytes) -> Parsed:
    """The text of a Markdown file; comments and raw HTML, which no reader sees, are left out."""
    source = decode(data)
    match = FRONT_MATTER.match(source)
    matter = _read_front_matter(match.group(1)) if match else {}
    builder = TextBuilder()
    tokens = MarkdownIt("commonmark").enable("table").parse(source[match.end() :] if match else source)
    _add_blocks(tokens, builder)
    first = builder.sections[0] if builder.sections else None
    heading = first.heading if first and first.level == 1 and first.span.start == 0 else None
    return Parsed(
        text=builder.text,
        title=_text_of(matter, "title") or heading,
        cities=_names_of(matter, "cities"),
        language=_text_of(matter, "language"),
        date=_text_of(matter, "date"),
        url=_text_of(matter, "source_url") or _text_of(matter, "url"),
        source_title=_text_of(matter, "source_title"),
        sections=builder.sections,
    )


def _read_front_matter(text: str) -> dict[str, Any]:
    try:
        matter = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is not, say
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise LoadError(
            f"line {line} of its front matter is not valid YAML; put the value in quotes"
        ) from error
    if matter is None:
        return {}
    if not isinstance(matter, dict):
        raise LoadError("its front matter is not a list of `name: value` lines; correct or remove it")
    return matter


def _text_of(matter: dict[str, Any], name: str) -> str | None:
    value = matter.get(name)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float)):
        return (str(value).strip() or None) if value is not None else None
    raise LoadError(f"`{name}` in its front matter must be one value; write `{name}: …` on one line")


def _names_of(matter: dict[str, Any], name: str) -> tuple[str, ...] | None:
    value = matter.get(name)
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise LoadError(f"`{name}` in its front matter must be a list of names; write `{name}: [Davao]`")
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


def _hidden_tag(tag: str, hidden: str | None) -> str | None:
    """The name of the hiding tag that is open after `tag`, when `hidden` was open before it."""
    if hidden:
        return None if tag.casefold().startswith(f"</{hidden}") else hidden
    match = HIDING_TAG.match(tag)
    return (match.group("content") or match.group("any")).casefold() if match else None


def _plain(children: Sequence[Token]) -> Iterator[str]:
    hidden: str | None = None  # the tag whose content no reader sees, while inside of it
    for child in children:
        if child.type == "html_inline":
            hidden = _hidden_tag(child.content, hidden)
        elif hidden:
            continue
        elif child.type in ("text", "code_inline"):
            yield child.content
        elif child.type == "softbreak":
            yield " "
        elif child.type == "hardbreak":
            yield "\n"
