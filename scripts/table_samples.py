"""Tables that are made up, as loaders write their rows ("Site: Davao; Trucks: 12"), with questions for a cell.

A question asks for one row and one heading; one without an answer asks for a heading or a row that the table does
not have. Names of rows are those of countries and languages, which the parallel training data has everywhere.
"""

from __future__ import annotations

import json
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path

WORDS = tomllib.loads(Path(__file__).with_name("sample_words.toml").read_text(encoding="utf-8"))
LANGUAGES = tuple(WORDS["rows"])
NAMES = (
    "Tanaka Suzuki Nguyen Tran Santos Reyes Wijaya Putri Sok Chan Li Wang Somchai Smith Garcia Ito".split()
)


@dataclass(frozen=True)
class Table:
    """A passage of rows, a question for it, and where its answer stands in the passage; None: it has none."""

    title: str
    text: str
    language: str
    question: str
    asked_in: str
    span: tuple[int, int] | None


def make_tables(names: Path, count: int, chance: random.Random) -> list[Table]:
    """So many questions; `names` is the file of names in many languages, a record a line."""
    rows = [json.loads(line)["texts"] for line in names.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if set(LANGUAGES) <= set(row) and len(row["en"]) < 24]
    return [_make_table(rows, chance) for _ in range(count)]


def _make_table(names: list[dict[str, str]], chance: random.Random) -> Table:
    language = chance.choice(LANGUAGES)
    asked_in = language if chance.random() < 0.65 else chance.choice(LANGUAGES)
    subjects = chance.sample(names, chance.randint(2, 7))
    columns = chance.sample(WORDS["headings"], chance.randint(2, 6))
    other_row, other_column = chance.choice(names), chance.choice(WORDS["headings"])
    by_year = chance.random() < 0.25
    years = sorted(chance.sample(range(1995, 2026), chance.randint(2, 5)))
    heads = [str(year) for year in years] if by_year else [each[language] for each in columns]
    kinds = [columns[0]["kind"]] * len(years) if by_year else [each["kind"] for each in columns]
    row, column = chance.randrange(len(subjects)), chance.randrange(len(heads))
    text, span = "", None
    named = chance.random() < 0.8
    for number, names_of_row in enumerate(subjects):
        line = f"{WORDS['rows'][language]}: " * named + names_of_row[language]
        for place, (head, kind) in enumerate(zip(heads, kinds, strict=True)):
            value = _value(kind, language, chance)
            line += f"; {head}: "
            if (number, place) == (row, column):
                span = (len(text) + len(line), len(text) + len(line) + len(value))
            line += value
        text += line + "\n"
    asked = columns[0 if by_year else column]
    subject = subjects[row][asked_in]
    if chance.random() < 0.4:
        if chance.random() < 0.6 and other_column not in columns:
            asked, span = other_column, None
        elif other_row not in subjects:
            subject, span = other_row[asked_in], None
    heading, kind = asked[asked_in], asked["kind"]
    if asked_in in ("en", "fil", "id", "vi") and chance.random() < 0.7:
        heading = heading[0].lower() + heading[1:] if heading[1:2].islower() else heading
    ways = WORDS["ask"][asked_in]
    if kind == "count" and asked_in in WORDS["ask_count"] and chance.random() < 0.7:
        ways = WORDS["ask_count"][asked_in]
    if kind == "year" and asked_in in WORDS["ask_year"]:
        ways = WORDS["ask_year"][asked_in]
    question = chance.choice(ways).format(heading=heading, row=subject)
    if by_year:
        question = WORDS["in_year"][asked_in].format(question=question, year=years[column])
    title = columns[0][language] if by_year else ""
    return Table(title, text.rstrip("\n"), language, question, asked_in, span)


def _value(kind: str, language: str, chance: random.Random) -> str:
    number = chance.choice((chance.randint(2, 99), chance.randint(100, 9999), chance.randint(10**4, 10**6)))
    written = f"{number:,}" if chance.random() < 0.6 else str(number)
    if kind == "money":
        return str(WORDS["money"].get(language, "{} yen")).format(written)
    if kind == "weight":
        return str(WORDS["weight"].get(language, "{} t")).format(written)
    if kind == "length":
        return f"{written} {chance.choice(('km', 'm', 'ha', 'km2'))}"
    if kind == "year":
        return f"{chance.randint(1980, 2026)}" + ("年" if language in ("ja", "zh") else "")
    if kind == "share":
        return f"{chance.randint(1, 99)}{chance.choice(('%', '.5%', ' %'))}"
    if kind == "name":
        return f"{chance.choice(NAMES)} {chance.choice(NAMES)}"
    return written
