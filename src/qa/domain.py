"""The nouns that carry the program, in the order in which they come about.

file → `Document` → `Chunk` → vectors → `Passage` → `Evidence` → `Answer` with `Citation`s

All are frozen, all hold tuples, and none imports anything but the standard library. Every `Span` counts
characters (Unicode code points) of `Document.text`, the one canonical string of a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open character offsets `[start, end)` into `Document.text`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, not {self.start}..{self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def cut(self, text: str) -> str:
        """The characters of `text` that this span covers."""
        return text[self.start : self.end]

    def contains(self, other: Span) -> bool:
        """True if `other` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end


PageKind = Literal["page", "slide", "sheet"]
Origin = Literal["front_matter", "properties", "text", "file_name"]


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page, slide or sheet starts: its number, counted from 1, its offset, a sheet's name."""

    number: int
    start: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading line: its words, its depth (1 is the top) and its place. Its body runs to the next one."""

    heading: str
    level: int
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read.

    `path` is relative to the corpus, with forward slashes. `doc_id` stands for the path, so it stays the same when
    the file changes; `sha256` is the digest of the file's bytes; `version` changes with all that could change what
    was read: path, bytes, parsers, table of cities. `empty_pages` are the numbers of pages without text, `origins`
    pairs such as ("title", "properties"); `warnings` tell what was left out, or could not be made out.
    """

    doc_id: str
    path: str
    title: str
    text: str
    sha256: str
    version: str
    cities: tuple[str, ...] = ()
    language: str = "en"
    date: str | None = None
    url: str | None = None
    source_title: str | None = None
    pages: tuple[PageStart, ...] = ()
    sections: tuple[Section, ...] = ()
    is_titled: bool = True
    """False where the title is only made from the file's name, which says nothing about the content."""
    page_kind: PageKind = "page"
    empty_pages: tuple[int, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The document that a passage is from, the passage's own language, and the cities that the passage is about.
    A quote opens in `version` of the document, also when the file has changed since."""

    doc_id: str
    path: str
    title: str
    language: str = "en"
    cities: tuple[str, ...] = ()
    url: str | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands in its document. `heading` is the path of headings above it, outermost first, joined
    by " › "; `page` is the number of its page, slide or sheet, `page_name` a sheet's name."""

    span: Span
    heading: str = ""
    page: int | None = None
    page_kind: PageKind = "page"
    page_name: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences: always `place.span.cut(document.text) == text`. `sentences` are spans into the
    document, in order, inside `place.span`."""

    chunk_id: str
    source: Source
    place: Place
    text: str
    sentences: tuple[Span, ...]

    def cut(self, span: Span) -> str:
        """The text at `span`, which must lie inside this chunk's own span."""
        if not (own := self.place.span).contains(span):
            raise ValueError(f"{span} is outside of chunk {self.chunk_id} at {own}")
        return self.text[span.start - own.start : span.end - own.start]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it was understood.

    `question` is what was typed, `text` what is searched for (a follow-up made whole), `language` an ISO 639 code,
    `cities` the cities that narrow the search, empty for all; `is_follow_up`: `text` borrows from the talk;
    `named_cities`: which of `cities` the question itself names; `is_city_by_city`: each city needs its own answer;
    `names_place`: a city of the catalogue is named, also the home one; `set_aside_cities` were chosen, and the
    question names others; `wants_story`: all about a city is asked for; `searched_text` is searched for, and
    `renamed`, by language of documents, with cities called as there; `translation` is of `text`.
    """

    question: str
    text: str
    language: str = "en"
    cities: tuple[str, ...] = ()
    named_cities: tuple[str, ...] = ()
    is_follow_up: bool = False
    is_city_by_city: bool = False
    names_place: bool = False
    set_aside_cities: tuple[str, ...] = ()
    wants_story: bool = False
    searched_text: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict, hash=False)
    translation: str = ""
    translation_language: str = ""

    def __post_init__(self) -> None:
        if not self.searched_text:
            object.__setattr__(self, "searched_text", self.text)


@dataclass(frozen=True, slots=True)
class Focus:
    """Where in a document the words asked for may stand: a date, a number, a name, a clause. `score` tells by how
    much the reader prefers them to there being no answer (a logit, higher is better)."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was retrieved, and why.

    Of all scores, higher is better. `similarity` is the mean of the chunk's own cosine and its best sentence's
    (-1 to 1); ranks count from 1, and are None where that search did not find it; `fused_score` takes BM25's share
    and the language in; `rerank_score` is the cross-encoder's logit; `foci`: one for each of `chunk.sentences`.
    """

    chunk: Chunk
    similarity: float
    sentence_similarities: tuple[float, ...]
    dense_rank: int | None = None
    lexical_rank: int | None = None
    fused_score: float = 0.0
    rerank_score: float | None = None
    read_score: float | None = None
    foci: tuple[Focus | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence that answers, or the run of sentences that it needs to be understood. `score` is the chance
    that it answers (0 to 1); `focus` are the words asked for, if the question asks for words so exact."""

    chunk: Chunk
    span: Span
    text: str
    score: float
    focus: Span | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the way to an answer: passages are searched for, or `passages` passages are read, or a language
    model writes from as many quotes. `cities` are the cities that the step is for, empty for all."""

    kind: Literal["search", "read", "write"]
    passages: int = 0
    cities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """What a statement rests on: `quote` stands verbatim in the document, at `place.span`."""

    number: int
    source: Source
    place: Place
    quote: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, and the numbers of the citations that it rests on. `city` is the city that it is
    given for, in an answer that goes city by city; `focus` are the characters of `text` that were asked for."""

    text: str
    citations: tuple[int, ...]
    city: str | None = None
    focus: Span | None = None


RefusalReason = Literal[
    "nothing_found", "weak_evidence", "not_direct", "unknown_name", "empty_question", "empty_index"
]
ReplyKind = Literal["hello", "thanks", "coverage"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, what is missing (a name, say), the nearest statements; those of `not_direct` can
    help, but do not say it directly. `covered` are the titles of the documents, for telling what can be asked."""

    reason: RefusalReason
    missing: tuple[str, ...] = ()
    nearest: tuple[Evidence, ...] = ()
    covered: tuple[str, ...] = ()


Fallback = Literal[
    "", "unreachable", "wrong_key", "rate_limit", "timeout", "broken", "empty", "endless",
    "wrong_form", "day_cap", "failed", "declined", "unsupported",
]  # fmt: skip
"""Why an answer is quoted though a language model is set; empty where none is. See also `qa.errors.LLMFailure`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What every answer carries. `language` is the asker's (ISO 639); `searched_cities` is what the search was
    narrowed to, empty for all; `set_aside_cities` were chosen, but the question names others; `also_searched_as`
    is a machine's translation of the question; `passages` is what was retrieved, best first; `confidence` is the
    chance that the evidence answers (0 to 1); `timings` has seconds by stage."""

    question: str
    interpreted_as: str
    language: str
    searched_cities: tuple[str, ...] = ()
    set_aside_cities: tuple[str, ...] = ()
    also_searched_as: str = ""
    passages: tuple[Passage, ...] = ()
    confidence: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated(Asked):
    """Statements with citations. `silent_cities` are the cities, in an answer that goes city by city, for which
    the documents do not say what was asked. `disagreements` are pairs of citation numbers: two quotes give
    different figures for the same thing. `translations` pairs a citation's number with a machine's translation."""

    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    silent_cities: tuple[str, ...] = ()
    disagreements: tuple[tuple[int, int], ...] = ()
    translations: tuple[tuple[int, str], ...] = ()

    @property
    def is_by_city(self) -> bool:
        """True if it goes city by city."""
        return any(statement.city is not None for statement in self.statements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted(Stated):
    """An answer in quotes only. `fallback` tells why it is quoted though a language model is set."""

    fallback: Fallback = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Stated):
    """An answer in the sentences of a language model, and in quotes that the model left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Asked):
    """No answer, and why. `translations` pairs the number of a nearest statement with its translation."""

    refusal: Refusal
    translations: tuple[tuple[int, str], ...] = ()
    statements: ClassVar[tuple[Statement, ...]] = ()
    citations: ClassVar[tuple[Citation, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied(Asked):
    """A reply of the program itself, to talk that asks nothing of the documents: what they are and cover."""

    kind: ReplyKind
    titles: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    statements: ClassVar[tuple[Statement, ...]] = ()
    citations: ClassVar[tuple[Citation, ...]] = ()


Answer = Quoted | Written | Refused | Replied


@dataclass(frozen=True, slots=True)
class Partial:
    """An answer that a language model is still writing from so many quotes: the sentences that have passed."""

    answer: Written
    quotes: int
