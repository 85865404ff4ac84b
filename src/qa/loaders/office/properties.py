"""The title and date in the properties of an Office file, where these are more than a template's."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from qa.loaders.office.package import Package
from qa.text.normalise import normalise_line

USELESS_TITLE = re.compile(
    r"(?:powerpoint[ -])?(?:presentation|プレゼンテーション|演示文稿|簡報|презентация)\s?\d*"
    r"|(?:word |microsoft word )?(?:document|dokument|文書|文档|文件|tài liệu)\s?\d*"
    r"|bản trình bày powerpoint|(?:book|workbook|sheet|slide|folie|スライド|幻灯片|工作簿|ブック)\s?\d*"
    r"|(?:untitled|no title|title|無題|无标题|無標題|không có tiêu đề|sin título|sans titre)\b.{0,12}"
    r"|microsoft (?:word|powerpoint|excel|office)\b.*|.*\.(?:docx?|pptx?|xlsx?|dotx?|potx?|od[tps])",
    re.IGNORECASE,
)
"""Titles that programs give by themselves, in the languages of those who write for the centre."""

TEMPLATE_DATES = frozenset({"2013-12-23", "2013-01-27"})
"""The dates of the templates of python-docx and python-pptx, and so of files that were made with them."""

FIRST_YEAR = 1990
"""The first year that counts. Earlier dates come from a clock that was not set."""

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

USUAL_NAME = "docProps/core.xml"


@dataclass(frozen=True, slots=True)
class Properties:
    """The title and ISO date of a file; None where the file does not say."""

    title: str | None = None
    date: str | None = None


def read_properties(package: Package) -> Properties:
    """The title and the day of the last change (else of the first saving) of `package`."""
    tree = package.tree(package.related("", "core-properties") or USUAL_NAME)
    if tree is None:
        return Properties()
    return Properties(
        title=useful_title(tree.findtext("{*}title")),
        date=useful_date(tree.findtext("{*}modified")) or useful_date(tree.findtext("{*}created")),
    )


def useful_title(title: str | None) -> str | None:
    """`title` on one line; None for a title that programs give by themselves."""
    line = normalise_line(title or "")
    return None if USELESS_TITLE.fullmatch(line) or not line else line


def useful_date(moment: str | None) -> str | None:
    """The ISO date that `moment` begins with; None if it is no date, or a template's."""
    match = DATE.match((moment or "").strip())
    if not match or match.group() in TEMPLATE_DATES:
        return None
    try:
        date = datetime.date.fromisoformat(match.group())
    except ValueError:
        return None
    return date.isoformat() if date.year >= FIRST_YEAR else None
