"""Citations → cards that show each quote in its surroundings, and whole documents with a quote marked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from qa.domain import Answer, Citation, Document, Span
from qa.i18n.messages import language_name, say
from qa.rendering.escaping import Html, fill, join, safe_url
from qa.rendering.wording import language_note, page_label, place_of, shown_citations, shown_translations

MIN_SURROUNDINGS = 300
"""Characters shown around a quote at least, where the document has them: two or three sentences."""

MAX_BESIDE = 320
"""Characters shown on either side of a quote at most, so that four cards fit on a screen or two."""

MAX_OF_DOCUMENT = 100_000
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

    `documents` by `doc_id`; a source whose document is not among them shows its quote alone. `turn` is the
    answer's number in the conversation, `language` that of the labels (the asker's if None). What `translates`
    says can be translated is offered to be; without it nothing is.
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
    """A machine's translation of a quote into `language`, marked as one; where it is empty, that there is none.

    `words` is the language of what is said about it.
    """
    if not text:
        return fill('<p class="note">{note}</p>', note=say("translated_none", words))
    return fill(
        '<p class="translated" lang="{code}" dir="auto">{text}</p><p class="note">{note}</p>',
        code=language,
        text=text,
        note=say("translated_note", words),
    )


def _translate_button(citation: Citation, *, turn: int, asked_in: str, language: str) -> Html:
    return fill(
        '<button type="button" class="translate" data-turn="{turn}" data-number="{number}" '
        'data-waiting="{waiting}">{label}</button>',
        turn=turn,
        number=citation.number,
        waiting=say("translating", language),
        label=say("translate", language, language=language_name(asked_in, language)),
    )


def document_html(document: Document, span: Span, *, language: str = "en") -> Html:
    """The document's text with headings set off, page numbers where pages start, and `span` marked.

    The text around the mark is cut to `MAX_OF_DOCUMENT` characters on either side, and says so.
    """
    start, end = max(0, span.start - MAX_OF_DOCUMENT), min(len(document.text), span.end + MAX_OF_DOCUMENT)
    is_cut = (start, end) != (0, len(document.text))
    note = fill('<p class="note">{note}</p>', note=say("document_shortened", language)) if is_cut else Html()
    return fill(
        '{note}<div class="document" lang="{code}" dir="auto">{text}</div>',
        note=note,
        code=document.language,
        text=_annotated(document, Span(start, end), span, language=language),
    )


def surroundings(text: str, span: Span) -> Span:
    """The paragraph or paragraphs around `span`, cut at a space where they are long."""
    start, end = _paragraph_start(text, span.start), _paragraph_end(text, span.end)
    while end - start < MIN_SURROUNDINGS and (start > 0 or end < len(text)):
        start = _paragraph_start(text, max(0, start - len(PARAGRAPH_END)))
        end = _paragraph_end(text, min(len(text), end + len(PARAGRAPH_END)))
    if span.start - start > MAX_BESIDE:
        start = span.start - MAX_BESIDE
        space = re.compile(r"\s").search(text, start, min(start + 40, span.start))
        start = space.end() if space else start
    if end - span.end > MAX_BESIDE:
        end = span.end + MAX_BESIDE
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
        place=join([fill('<p class="place">{line}</p>', line=line) for line in place if line]),
        quote=_quote(citation, document, language=language),
        translation=fill('<div class="translation" aria-live="polite">{it}</div>', it=translation)
        if translation
        else Html(),
        links=_links(citation, document, turn=turn, language=language),
        whole=whole_html(source.doc_id, source.version, citation.place.span, language=language)
        if document
        else Html(),
    )


def _quote(citation: Citation, document: Document | None, *, language: str) -> Html:
    if document is None:
        note, body = "document_gone", fill("<mark>{quote}</mark>", quote=citation.quote)
    elif citation.place.span.cut(document.text) != citation.quote:
        note, body = "document_changed", fill("<mark>{quote}</mark>", quote=citation.quote)
    else:
        note, body = "", _in_surroundings(document, citation.place.span, language=language)
    warning = fill('<p class="note">{note}</p>', note=say(note, language)) if note else Html()
    return fill(
        '<blockquote lang="{code}" dir="auto">{body}</blockquote>{warning}',
        code=citation.source.language,
        body=body,
        warning=warning,
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
    links = [
        fill(
            '<a class="back" href="#m{turn}-{number}">{label}</a>',
            turn=turn,
            number=citation.number,
            label=say("back_to_answer", language),
        )
    ]
    url = safe_url(citation.source.url or (document.url if document else None))
    if url:
        links.append(
            fill(
                '<a class="original" href="{url}" target="_blank" rel="noopener noreferrer">{label}</a>',
                url=url,
                label=say("original_page", language),
            )
        )
    if document:
        links.append(original_html(citation.source.doc_id, language=language))
    links.append(fill('<span class="path"><bdi>{path}</bdi></span>', path=citation.source.path))
    return fill('<p class="card-links">{links}</p>', links=join(links))


def original_html(doc_id: str, *, language: str) -> Html:
    """A link that saves the file that the document was read from."""
    return fill(
        '<a class="original" href="original/{doc_id}" download>{label}</a>',
        doc_id=quote(doc_id, safe=""),
        label=say("document_original", language),
    )


def whole_html(doc_id: str, version: str, span: Span, *, language: str) -> Html:
    """What opens into the whole document, with `span` marked in it."""
    # The text comes when it is opened (page.js): a long document in every card would make each answer slow.
    return fill(
        '<details class="whole" data-document="{doc_id}" data-version="{version}" '
        'data-start="{start}" data-end="{end}">'
        '<summary>{label}</summary><div class="whole-body" tabindex="0">{loading}</div></details>',
        doc_id=doc_id,
        version=version,
        start=span.start,
        end=span.end,
        label=say("open_document", language),
        loading=say("loading_document", language),
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
            parts.append(fill('<span class="page">{label}</span>', label=label))
        piece = Span(start, end)
        part = fill("{text}", text=piece.cut(document.text))
        if any(section.span.contains(piece) for section in document.sections):
            part = fill('<strong class="heading">{text}</strong>', text=part)
        parts.append(fill("<mark>{text}</mark>", text=part) if quote.contains(piece) else part)
    return join(parts)


def _paragraph_start(text: str, place: int) -> int:
    found = text.rfind(PARAGRAPH_END, 0, place)
    return 0 if found < 0 else found + len(PARAGRAPH_END)


def _paragraph_end(text: str, place: int) -> int:
    found = text.find(PARAGRAPH_END, place)
    return len(text) if found < 0 else found
