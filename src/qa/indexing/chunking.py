"""`Document` → `Chunk`s, by the arithmetic of spans: no text is searched for, so repeats cannot mislead."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence

from qa.cities import CityCatalogue
from qa.domain import Chunk, Document, PageStart, Place, Section, Source, Span
from qa.text.lang import any_of
from qa.text.languages import detect_language, detect_script, is_unspaced
from qa.text.sentences import contents_number, split_sentences, trim

HEADING_SEPARATOR = " › "

MIN_HEADING_WORDS = 4
"""Limits the headings with nothing under them that are kept as text: "Kick-off meeting with the industrial park"
says something, "Photos" does not. In unspaced scripts, twice as many characters count."""

MIN_LANGUAGE_CHARS = 200
"""Limits the passages whose language is told by their words. A shorter passage in the script of its document is
taken to be in the document's language: names and quoted titles mislead an identifier of Latin languages."""

MIN_CONTENTS_LINES = 3
"""Limits the lines of a table of contents."""

CONTENTS_HEADING = re.compile(any_of(lambda pack: pack.contents_headings), re.IGNORECASE)
"""The headings of a table of contents in the languages of the documents."""

ENDS_IN_NUMBER = re.compile(r"(?<![\d,.])[ \t|](\d{1,4})$")
"""A page number without dots before it."""

SCRIPT_SAMPLE_CHARS = 4000
"""Characters that tell the script of a document."""

CountTokens = Callable[[Sequence[str]], Sequence[int]]


def chunk_document(
    document: Document, *, count_tokens: CountTokens, chunk_tokens: int, catalogue: CityCatalogue
) -> tuple[Chunk, ...]:
    """The chunks of `document`, in order: whole sentences of one section and page, up to `chunk_tokens` each.

    A longer sentence is cut at blanks. Headings are not in the text of a chunk but travel with it.
    """
    parts = list(_split_parts(document))
    every = [sentence for _, sentences in parts for sentence in sentences]
    # One call for all sentences: each call has a price of its own.
    texts = [sentence.cut(document.text) for sentence in every]
    counts = dict(zip(every, count_tokens(texts), strict=True))
    chunks: list[Chunk] = []
    for heading, sentences in parts:
        sized: list[tuple[Span, int]] = []
        for sentence in sentences:
            sized.extend(_cut_long(document.text, sentence, counts[sentence], count_tokens, chunk_tokens))
        for run in _pack(sized, chunk_tokens):
            chunks.append(_make_chunk(document, run, heading, catalogue))
    return tuple(chunks)


def _split_parts(document: Document) -> Iterator[tuple[str, Sequence[Span]]]:
    """The headings and the sentences of each part of a section that stands on one page."""
    for section, path, body in _split_sections(document):
        # A heading with nothing under it says what no other text says, unless it is the title.
        is_empty = trim(document.text, body) is None
        is_alone = is_empty and section is not None and path[-1:] == (section.heading,)
        heading = HEADING_SEPARATOR.join(path)
        for part in _split_pages(document, body):
            split = split_sentences(document.text, language=document.language, within=part)
            sentences = _without_contents(document.text, split, heading=path[-1] if path else "")
            if is_alone and section and _is_telling(section.heading):
                sentences = (section.span,)
            yield heading, sentences


def text_to_embed(chunk: Chunk, document: Document) -> str:
    """The text that stands for `chunk` in the vector space: title, headings and its own text."""
    return "\n".join([*_above(chunk, document), chunk.text])


def parts_to_embed(chunk: Chunk, document: Document) -> tuple[str, ...]:
    """The text of `text_to_embed` in parts: title and headings, if there are any, and each sentence."""
    above = _above(chunk, document)
    return (*(["\n".join(above)] if above else []), *(chunk.cut(span) for span in chunk.sentences))


def _above(chunk: Chunk, document: Document) -> list[str]:
    title = [document.title] if document.is_titled else []
    return [*title, *([chunk.place.heading] if chunk.place.heading else [])]


def page_at(document: Document, offset: int) -> PageStart | None:
    """The page that the character at `offset` stands on; None in a document without pages."""
    after = bisect.bisect_right(document.pages, offset, key=lambda page: page.start)
    return document.pages[after - 1] if after else None


def language_of(text: str, document: Document) -> str:
    """The language of a passage of `document`: by its script, else by its words if it is long."""
    detected = detect_language(text, default=document.language)
    if detected == document.language:
        return detected
    is_other_script = detect_script(text) != detect_script(document.text[:SCRIPT_SAMPLE_CHARS])
    return detected if is_other_script or len(text) >= MIN_LANGUAGE_CHARS else document.language


def _split_sections(document: Document) -> Iterator[tuple[Section | None, tuple[str, ...], Span]]:
    """Each section, the path of headings above its body (without the title), and the span of its body."""
    # A line of a table of contents may look like a heading, but stands above nothing.
    sections = [section for section in document.sections if not contents_number(section.heading)]
    starts = [section.span.start for section in sections] + [len(document.text)]
    if starts[0] > 0:
        yield None, (), Span(0, starts[0])
    path: list[Section] = []
    for number, section in enumerate(sections):
        path = [above for above in path if above.level < section.level] + [section]
        headings = tuple(above.heading for above in path if above.heading != document.title)
        yield section, headings, Span(section.span.end, starts[number + 1])


def _split_pages(document: Document, body: Span) -> Iterator[Span]:
    cuts = [page.start for page in document.pages if body.start < page.start < body.end]
    for start, end in itertools.pairwise([body.start, *cuts, body.end]):
        yield Span(start, end)


def _without_contents(text: str, sentences: Sequence[Span], *, heading: str) -> tuple[Span, ...]:
    """`sentences` without the lines of a table of contents, which name what the document says below.

    A list of prices may have dots before its numbers, too, but its numbers do not only grow.
    """
    lines = [contents_number(sentence.cut(text)) for sentence in sentences]
    if CONTENTS_HEADING.fullmatch(heading.strip()):
        ends = (ENDS_IN_NUMBER.search(sentence.cut(text)) for sentence in sentences)
        lines = [line or (end[1] if end else None) for line, end in zip(lines, ends, strict=True)]
    left_out: set[int] = set()
    for run in _runs([place for place, line in enumerate(lines) if line]):
        numbers = [int(line) for place in run if (line := lines[place]) and line.isdecimal()]
        if len(run) >= MIN_CONTENTS_LINES and numbers == sorted(numbers):
            above = run[0] - 1
            is_named = above >= 0 and CONTENTS_HEADING.fullmatch(sentences[above].cut(text))
            left_out.update(range(above if is_named else run[0], run[-1] + 1))
    return tuple(sentence for place, sentence in enumerate(sentences) if place not in left_out)


def _runs(places: Sequence[int]) -> Iterator[list[int]]:
    """The places in runs. A run may leave out one place: a heading that takes two lines."""
    run: list[int] = []
    for place in places:
        if run and place > run[-1] + 2:
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def _is_telling(heading: str) -> bool:
    if is_unspaced(heading):
        return len(heading) >= 2 * MIN_HEADING_WORDS
    return len(heading.split()) >= MIN_HEADING_WORDS


def _pack(sized: Sequence[tuple[Span, int]], chunk_tokens: int) -> Iterator[tuple[Span, ...]]:
    """Runs of sentences (given with their tokens) of about the same length, each up to `chunk_tokens`, and few."""
    if not sized:
        return
    total = sum(tokens for _, tokens in sized)
    target = total / math.ceil(total / chunk_tokens) if total else chunk_tokens
    run: list[Span] = []
    filled = passed = 0
    goal = target  # where, counted from the section's start, this run should end
    for sentence, tokens in sized:
        if run and (filled + tokens > chunk_tokens or passed + tokens / 2 > goal):
            yield tuple(run)
            run, filled, goal = [], 0, max(goal, passed) + target
        run.append(sentence)
        filled += tokens
        passed += tokens
    yield tuple(run)


def _cut_long(
    text: str, sentence: Span, tokens: int, count_tokens: CountTokens, chunk_tokens: int
) -> Iterator[tuple[Span, int]]:
    """`sentence`, or its halves while they are too long. A blank near the middle, if any, parts the halves."""
    if tokens <= chunk_tokens or len(sentence) < 2:
        yield sentence, tokens
        return
    middle = (sentence.start + sentence.end) // 2
    reach = len(sentence) // 4
    blanks = [
        at for at in range(middle - reach, middle + reach) if text[at].isspace() or text[at] in "\u200b、，,;"
    ]
    cut = min(blanks, key=lambda at: abs(at - middle)) + 1 if blanks else middle
    halves = [trim(text, Span(sentence.start, cut)), trim(text, Span(cut, sentence.end))]
    kept = [half for half in halves if half]
    for half, count in zip(kept, count_tokens([half.cut(text) for half in kept]), strict=True):
        yield from _cut_long(text, half, count, count_tokens, chunk_tokens)


def _make_chunk(
    document: Document, sentences: tuple[Span, ...], heading: str, catalogue: CityCatalogue
) -> Chunk:
    span = Span(sentences[0].start, sentences[-1].end)
    text = span.cut(document.text)
    digest = hashlib.sha256()
    for part in (document.doc_id, document.version, str(span.start), str(span.end), text):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    about = (*document.cities, *catalogue.find(heading), *catalogue.find(text))
    page = page_at(document, span.start)
    language, cities = language_of(text, document), tuple(dict.fromkeys(about))
    source = Source(
        document.doc_id, document.path, document.title, language, cities, document.url, document.version
    )
    number, name = page.number if page else None, page.name if page else ""
    place = Place(span, heading, number, document.page_kind, name)
    return Chunk(digest.hexdigest()[:32], source, place, text, sentences)
