"""Citations → cards that show each quote in its surroundings, and whole documents with a quote marked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from qa.domain import Answer, Citation, Document, Span
from qa.i18n.messages import language_name, say
from qa.rendering.escaping import Html, fill, join, safe_url, wrap
from qa.rendering.wording import language_note, page_label, place_of, shown_citations, shown_translations

MIN_SURROUNDING_CHARS = 300
"""Characters shown around a quote at least, where the document has them: two or three sentences."""

MAX_BESIDE_CHARS = 320
"""Characters shown on either side of a quote at most, so that four cards fit on a screen or two."""

MAX_DOCUMENT_CHARS = 100_000
"""Characters of a whole document shown on either side of a quote: about 40 pages; more makes a page slow."""

PARAGRAPH_END = "\n\n"

Translates = Callable[[str, str], bool]
"""(language, other language) → whether a machine can translate from the one into the other."""


def evidence_html(
    answer: Answer,
    documents: Mapping[str, Document],
    *,
    turn: int = 1,
    language: str | None = None,
    translates: Translates | None = None,
) -> Html:
    """A card for each source of the answer: title, place, and the quote marked in its surroundings.

    `documents` go by `doc_id`; the card of a document that is not among them shows the quote alone. `turn` is the
    answer's number in the conversation, `language` the language of the labels (None: the asker's). A card offers a
    translation if `translates` says that a machine can make one.
    """
    words = language or answer.language
    translations = shown_translations(answer)
    cards = []
    for citation in shown_citations(answer):
        source, translation = citation.source, Html()
        if citation.number in translations:
            text = translations[citation.number]
            translation = translation_html(text, language=answer.language, words=words)
        elif translates and source.doc_id in documents and translates(source.language, answer.language):
            translation = _translate_button(citation, turn=turn, asked_in=answer.language, language=words)
        cards.append(
            _card(
                citation,
                documents.get(source.doc_id),
                turn=turn,
                asked_in=answer.language,
                language=words,
                translation=translation,
            )
        )
    return join(cards)


def translation_html(text: str, *, language: str, words: str) -> Html:
    """A machine's translation of a quote into `language`, marked as one; if `text` is empty, a note that there is
    none. The note is in the language `words`."""
    if not text:
        return fill('<p class="note">{say.translated_none}</p>', language=words)
    return fill(
        '<p class="translated" lang="{code}" dir="auto">{text}</p><p class="note">{say.translated_note}</p>',
        code=language,
        text=text,
        language=words,
    )


def _translate_button(citation: Citation, *, turn: int, asked_in: str, language: str) -> Html:
    return fill(
        '<button type="button" class="translate" data-turn="{turn}" data-number="{number}" '
        'data-waiting="{say.translating}">{label}</button>',
        turn=turn,
        number=citation.number,
        language=language,
        label=say("translate", language, language=language_name(asked_in, language)),
    )


def document_html(document: Document, span: Span, *, language: str = "en") -> Html:
    """The document's text with headings set off, page numbers where pages start, and `span` marked.

    The text around the mark is cut to `MAX_DOCUMENT_CHARS` characters on either side, and says so.
    """
    start, end = (
        max(0, span.start - MAX_DOCUMENT_CHARS),
        min(len(document.text), span.end + MAX_DOCUMENT_CHARS),
    )
    is_cut = (start, end) != (0, len(document.text))
    note = wrap('<p class="note">{}</p>', say("document_shortened", language) if is_cut else "")
    return fill(
        '{note}<div class="document" lang="{code}" dir="auto">{text}</div>',
        note=note,
        code=document.language,
        text=_annotated(document, Span(start, end), span, language=language),
    )


def surroundings(text: str, span: Span) -> Span:
    """The paragraph or paragraphs around `span`, cut at a space where they are long."""
    start, end = _paragraph_start(text, span.start), _paragraph_end(text, span.end)
    while end - start < MIN_SURROUNDING_CHARS and (start > 0 or end < len(text)):
        start = _paragraph_start(text, max(0, start - len(PARAGRAPH_END)))
        end = _paragraph_end(text, min(len(text), end + len(PARAGRAPH_END)))
    if span.start - start > MAX_BESIDE_CHARS:
        start = span.start - MAX_BESIDE_CHARS
        space = re.compile(r"\s").search(text, start, min(start + 40, span.start))
        start = space.end() if space else start
    if end - span.end > MAX_BESIDE_CHARS:
        end = span.end + MAX_BESIDE_CHARS
        spaces = [found.start() for found in re.compile(r"\s").finditer(text, max(end - 40, span.end), end)]
        end = spaces[-1] if spaces else end
    return Span(start, end)


def _card(
    citation: Citation,
    document: Document | None,
    *,
    turn: int,
    asked_in: str,
    language: str,
    translation: Html,
) -> Html:
    card_id = f"e{turn}-{citation.number}"
    source = citation.source
    name_language = language_note if source.language != asked_in else language_name
    name = name_language(source.language, language)
    date = document.date if document and document.date else ""
    place = [place_of(citation, language), " · ".join(part for part in (name, date) if part)]
    return fill(
        '<article class="card" id="{card_id}" tabindex="-1" aria-labelledby="{card_id}-title">'
        '<h3 id="{card_id}-title"><span class="number">[{number}]</span> <bdi>{title}</bdi></h3>'
        "{place}{quote}{translation}{links}{whole}</article>",
        card_id=card_id,
        number=citation.number,
        title=source.title,
        place=[wrap('<p class="place">{}</p>', line) for line in place],
        quote=_quote(citation, document, language=language),
        translation=wrap('<div class="translation" aria-live="polite">{}</div>', translation),
        links=_links(citation, document, turn=turn, language=language),
        whole=whole_html(source.doc_id, source.version, citation.place.span, language=language)
        if document
        else Html(),
    )


def _quote(citation: Citation, document: Document | None, *, language: str) -> Html:
    if document and citation.place.span.cut(document.text) == citation.quote:
        warning, body = "", _in_surroundings(document, citation.place.span, language=language)
    else:
        warning = say("document_changed" if document else "document_gone", language)
        body = fill("<mark>{quote}</mark>", quote=citation.quote)
    return fill(
        '<blockquote lang="{code}" dir="auto">{body}</blockquote>{warning}',
        code=citation.source.language,
        body=body,
        warning=wrap('<p class="note">{}</p>', warning),
    )


def _in_surroundings(document: Document, span: Span, *, language: str) -> Html:
    text, around = document.text, surroundings(document.text, span)
    return fill(
        "{more_before}{text}{more_after}",
        more_before="… " if around.start > 0 and text[around.start - 1] != "\n" else "",
        text=_annotated(document, around, span, language=language),
        more_after=" …" if around.end < len(text) and text[around.end] != "\n" else "",
    )


def _links(citation: Citation, document: Document | None, *, turn: int, language: str) -> Html:
    back = '<a class="back" href="#m{turn}-{number}">{say.back_to_answer}</a>'
    links = [fill(back, turn=turn, number=citation.number, language=language)]
    if url := safe_url(citation.source.url or (document.url if document else None)):
        page = '<a class="original" href="{url}" target="_blank" rel="noopener noreferrer">{say.original_page}</a>'
        links.append(fill(page, url=url, language=language))
    if document:
        links.append(original_html(citation.source.doc_id, language=language))
    links.append(wrap('<span class="path"><bdi>{}</bdi></span>', citation.source.path))
    return wrap('<p class="card-links">{}</p>', links)


def original_html(doc_id: str, *, language: str) -> Html:
    """A link that saves the file that the document was read from."""
    return fill(
        '<a class="original" href="original/{doc_id}" download>{say.document_original}</a>',
        doc_id=quote(doc_id, safe=""),
        language=language,
    )


def whole_html(doc_id: str, version: str, span: Span, *, language: str) -> Html:
    """What opens into the whole document, with `span` marked in it."""
    # The text comes when it is opened (page.js): a long document in every card would make each answer slow.
    return fill(
        '<details class="whole" data-document="{doc_id}" data-version="{version}" '
        'data-start="{start}" data-end="{end}">'
        "<summary>{say.open_document}</summary>"
        '<div class="whole-body" tabindex="0">{say.loading_document}</div></details>',
        doc_id=doc_id,
        version=version,
        start=span.start,
        end=span.end,
        language=language,
    )


def quote_html(citation: Citation, words: Html, *, language: str) -> Html:
    """The `words` of a quote, the place that they have in their document, and what opens into it."""
    source, place = citation.source, place_of(citation, language)
    return fill(
        '<blockquote lang="{code}" dir="auto">{words}</blockquote>'
        '<p class="place"><bdi>{title}</bdi>{place}</p>{whole}',
        code=source.language,
        words=words,
        title=source.title,
        place=fill(' › <bdi lang="{code}">{place}</bdi>', code=source.language, place=place) if place else "",
        whole=whole_html(source.doc_id, source.version, citation.place.span, language=language),
    )


def _annotated(document: Document, shown: Span, quote: Span, *, language: str) -> Html:
    """The text of `shown`, cut wherever a heading, a page or the quote starts or ends."""
    # Of pages that start at one place, all but the last are empty.
    pages = {page.start: page for page in document.pages}
    cuts = {shown.start, shown.end, quote.start, quote.end, *pages}
    for section in document.sections:
        cuts.update((section.span.start, section.span.end))
    places = sorted(cut for cut in cuts if shown.start <= cut <= shown.end)
    parts: list[Html] = []
    for start, end in itertools.pairwise(places):
        if start in pages:
            page = pages[start]
            label = page_label(document.page_kind, page.number, page.name, language)
            parts.append(wrap('<span class="page">{}</span>', label))
        piece = Span(start, end)
        part = wrap("{}", piece.cut(document.text))
        if any(section.span.contains(piece) for section in document.sections):
            part = wrap('<strong class="heading">{}</strong>', part)
        parts.append(wrap("<mark>{}</mark>", part) if quote.contains(piece) else part)
    return join(parts)


def _paragraph_start(text: str, place: int) -> int:
    found = text.rfind(PARAGRAPH_END, 0, place)
    return 0 if found < 0 else found + len(PARAGRAPH_END)


def _paragraph_end(text: str, place: int) -> int:
    found = text.find(PARAGRAPH_END, place)
    return len(text) if found < 0 else found
