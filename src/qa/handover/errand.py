"""The errand of a command that asks, and the text that the command prints: a running page prints the same."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qa.domain import Passage, Turn

if TYPE_CHECKING:
    from qa.pipeline import Pipeline


CHUNK_FIELDS = (
    "chunk_id", "doc_id", "path", "title", "span", "text", "sentences", "heading", "page", "language", "cities",
    "url", "version", "page_kind", "page_name",
)  # fmt: skip
"""The fields of a chunk in JSON, flat and in this order: programs read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A question to be asked after `history`, or a query to be searched for, in documents about `cities`.

    Without `cities`, all documents count. `count` limits the passages of a search; `as_json` asks for JSON;
    `translate` asks for translations of the quotes in other languages.
    """

    kind: Literal["ask", "search"]
    text: str
    cities: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()
    count: int = 0
    as_json: bool = False
    translate: bool = False

    @classmethod
    def from_json(cls, table: dict[str, Any]) -> Errand:
        """The errand whose fields, as values for JSON, are in `table`."""
        history = tuple(Turn(**turn) for turn in table["history"])
        return cls(**{**table, "cities": tuple(table["cities"]), "history": history})


def run_errand(errand: Errand, pipeline: Pipeline) -> str:
    """The text to be printed for `errand`. Raises as `Pipeline.ask` and `Pipeline.search` do."""
    if errand.kind == "search":
        passages = pipeline.search(errand.text, cities=errand.cities)[: max(errand.count, 0)]
        if errand.as_json:
            return json.dumps([_passage_to_json(passage) for passage in passages], ensure_ascii=False)
        return passage_lines(passages)
    from qa.rendering.text_formats import to_json, to_text  # late, for commands that only hand errands on

    answer = pipeline.ask(errand.text, history=errand.history, cities=errand.cities)
    if errand.translate:
        answer = pipeline.translator.translate_answer(answer)
    if errand.as_json:
        return json.dumps(to_json(answer), ensure_ascii=False)
    return to_text(answer, name_city=pipeline.library.catalogue.display_name)


def _passage_to_json(passage: Passage) -> dict[str, Any]:
    table = dataclasses.asdict(passage)
    chunk = {**table["chunk"], **table["chunk"]["source"], **table["chunk"]["place"]}
    return {**table, "chunk": {name: chunk[name] for name in CHUNK_FIELDS}}


def passage_lines(passages: Sequence[Passage]) -> str:
    """The passages for a terminal, numbered, best first."""
    lines = []
    for number, passage in enumerate(passages, start=1):
        chunk = passage.chunk
        source, heading = chunk.source, chunk.place.heading
        place = f" › {heading}" if heading else ""
        rerank = f", rerank {passage.rerank_score:.2f}" if passage.rerank_score is not None else ""
        lines += [
            f"{number}. {source.title}{place}  ({source.path}; similarity {passage.similarity:.3f}{rerank})",
            f"   {' '.join(chunk.text.split())}",
            "",
        ]
    return "\n".join(lines)
