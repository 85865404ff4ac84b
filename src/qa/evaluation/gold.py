"""Gold sets: questions whose answers are known, and the documents that they are asked about."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qa.domain import Turn
from qa.errors import InputError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_STEM_CHARS = 100  # with the suffix well under the 255 bytes that file systems allow
_DIGEST_CHARS = 12  # 48 bits: no two of a million ids are likely to share one


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """One document of a set; `language` is an ISO 639 code."""

    id: str
    title: str
    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldQuestion:
    """A question and what is known about its answer.

    Any of `answers` is right, and any of `answers_native` (in the question's language); each of `doc_ids`
    holds the answer; `kind` names a group (`near_miss`, say), empty where the set has none; `answer_type` is
    `span` where the answers stand verbatim in the documents.
    """

    id: str
    question: str
    language: str
    answers: tuple[str, ...]
    doc_ids: tuple[str, ...]
    is_answerable: bool
    kind: str = ""
    answer_type: str = "span"
    answers_native: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()
    city: str | None = None


@dataclass(frozen=True)
class GoldSet:
    """The questions and documents of one set, and how a document is named once it is a file."""

    questions: tuple[GoldQuestion, ...]
    documents: tuple[GoldDocument, ...]

    def question(self, question_id: str) -> GoldQuestion:
        """The question with this id. Raises `KeyError` if there is none."""
        return self._questions[question_id]

    def source_of(self, doc_id: str) -> str:
        """The path of the document's file, relative to the folder that `write_gold_corpus` wrote."""
        return self._sources[doc_id]

    def id_of(self, path: str) -> str:
        """The id of the document whose file is at `path`, relative to that folder.

        Raises `InputError` for any other path: then something else was indexed, and no figure would hold.
        """
        try:
            return self._ids[path]
        except KeyError:
            raise InputError(
                f"{path} is none of the set's {len(self.documents)} documents; "
                "index the folder that the set was written to, and nothing else"
            ) from None

    @cached_property
    def _questions(self) -> Mapping[str, GoldQuestion]:
        return {question.id: question for question in self.questions}

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        return _file_names(document.id for document in self.documents)

    @cached_property
    def _ids(self) -> Mapping[str, str]:
        return {path: doc_id for doc_id, path in self._sources.items()}


def write_gold_corpus(gold: GoldSet, folder: Path) -> None:
    """Write each document into `folder`, as a UTF-8 file of exactly its text.

    Titles are left out: the questions are about the texts, and a title would give some of them away. Bytes
    are written, because text mode would change line ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for document in gold.documents:
        (folder / gold.source_of(document.id)).write_bytes(document.text.encode("utf-8"))


def _file_names(doc_ids: Iterable[str]) -> dict[str, str]:
    """File names by id: the id itself where that is safe, else what is safe of it and a digest.

    Ids that differ in case only get a digest too: some file systems would keep one of their files.
    """
    ids = list(doc_ids)
    folded = Counter(doc_id.casefold() for doc_id in ids)
    names: dict[str, str] = {}
    for doc_id in ids:
        stem = _UNSAFE.sub("_", doc_id).strip("._-")[:_MAX_STEM_CHARS]
        if not stem or stem != doc_id or folded[doc_id.casefold()] > 1:
            digest = hashlib.sha256(doc_id.encode("utf-8")).hexdigest()[:_DIGEST_CHARS]
            stem = f"{stem}-{digest}".lstrip("-")
        names[doc_id] = f"{stem}.txt"
    return names
