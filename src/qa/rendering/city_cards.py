"""Cities → cards: what the documents say of each, word for word, and which documents there are."""

from __future__ import annotations

from collections.abc import Sequence

from qa.cities.countries import country_name, own_name
from qa.domain import Citation, Span
from qa.i18n.messages import join_names, language_name, say
from qa.rendering.escaping import Html, fill, join, wrap
from qa.rendering.evidence import original_html, quote_html, whole_html
from qa.rendering.map import city_anchor
from qa.rendering.wording import NameCity
from qa.storage.manifest import DocumentRecord
from qa.suggestions.city_briefs import Brief

MAX_LISTED = 12
"""Documents listed in a card: the tab with the documents has them all."""


def overview_html(briefs: Sequence[Brief], *, language: str, name_city: NameCity) -> Html:
    """A small card for each city, with the first of its quotes, where none is chosen.

    `language` is that of the labels. What the buttons do is the page's part: each has `data-city`.
    """
    cards = [_small_card(brief, language=language, name_city=name_city) for brief in briefs]
    return fill(
        '<section class="city-cards" lang="{language}"><h2 class="visually-hidden">{say.tab_cities}</h2>'
        '<p class="note" role="status">{say.cities_hint}</p><div class="city-grid">{cards}</div></section>',
        language=language,
        cards=cards,
    )


def chosen_html(briefs: Sequence[Brief], *, language: str, name_city: NameCity) -> Html:
    """The whole card of each chosen city, under a notice that questions are narrowed to them."""
    names = tuple(name_city(brief.city.name, language) for brief in briefs)
    return fill(
        '<section class="city-cards" lang="{language}"><h2 class="visually-hidden">{say.tab_cities}</h2>'
        '<p class="city-choice" role="status"><span>{notice}</span> '
        '<button type="button" class="city-all">{say.cities_all}</button></p>{cards}</section>',
        language=language,
        notice=say("cities_asked_of", language, cities=join_names(names, language)),
        cards=[_whole_card(brief, language=language, name_city=name_city) for brief in briefs],
    )


def _small_card(brief: Brief, *, language: str, name_city: NameCity) -> Html:
    name = name_city(brief.city.name, language)
    quotes = brief.quotes[:1] if brief.quotes else brief.quotes
    return _card(
        brief,
        _quotes(quotes, language=language) if brief.records else _nothing(name, language),
        _button("city-more", brief.city.name, say("card_more", language, city=name)),
        language=language,
        name=name,
    )


def _whole_card(brief: Brief, *, language: str, name_city: NameCity) -> Html:
    name = name_city(brief.city.name, language)
    if not brief.records:
        return _card(brief, _nothing(name, language), Html(), language=language, name=name)
    silent = wrap('<p class="note">{}</p>', say("card_silent", language, city=name))
    body = [
        silent if brief.quotes == () else _quotes(brief.quotes, language=language),
        _documents(brief.records, language=language),
    ]
    ask = _button("city-ask", brief.city.name, say("card_ask", language, city=name))
    return _card(brief, join(body), ask, language=language, name=name)


def _card(brief: Brief, body: Html, action: Html, *, language: str, name: str) -> Html:
    anchor = city_anchor(brief.city.name)
    return fill(
        '<article class="card city-card" id="{anchor}" aria-labelledby="{anchor}-title">'
        '<h3 id="{anchor}-title"><bdi>{name}</bdi>{own}</h3><p class="place">{facts}</p>{body}'
        "{action}</article>",
        anchor=anchor,
        name=name,
        own=_own_name(brief, name),
        facts=_facts(brief, language),
        body=body,
        action=action,
    )


def _own_name(brief: Brief, shown: str) -> Html:
    """The city's name in its own country's language, where that is another one."""
    own = own_name(brief.city)
    if own is None or own[0] == shown:
        return Html()
    return fill(' <bdi class="city-own" lang="{code}">{name}</bdi>', code=own[1], name=own[0])


def _facts(brief: Brief, language: str) -> str:
    facts = [country_name(brief.city.country, language)] if brief.city.country else []
    if brief.records:
        facts.append(say("map_documents", language, count=len(brief.records)))
    if brief.newest:
        facts.append(say("card_newest", language, date=brief.newest))
    return " · ".join(facts)


def _nothing(name: str, language: str) -> Html:
    return wrap('<p class="note">{}</p>', say("card_without", language, city=name))


def _quotes(quotes: Sequence[Citation] | None, *, language: str) -> Html:
    """What is quoted, each with its place in its document; that it is looked for where nobody knows yet."""
    if quotes is None:
        return fill('<p class="note pending">{say.searching}</p>', language=language)
    items = [
        wrap("<li>{}</li>", quote_html(each, wrap("{}", each.quote), language=language)) for each in quotes
    ]
    return wrap('<ul class="city-quotes" role="list">{}</ul>', items)


def _documents(records: Sequence[DocumentRecord], *, language: str) -> Html:
    more = len(records) - MAX_LISTED
    items = [_document(record, language=language) for record in records[:MAX_LISTED]]
    if more > 0:
        items.append(wrap('<li class="note">{}</li>', say("card_rest", language, count=more)))
    return fill(
        '<h4>{say.tab_documents}</h4><ul class="city-documents" role="list">{items}</ul>',
        language=language,
        items=items,
    )


def _document(record: DocumentRecord, *, language: str) -> Html:
    facts = [*([record.date] if record.date else []), language_name(record.language, language)]
    return fill(
        '<li><bdi class="city-document" lang="{code}">{title}</bdi>'
        '<p class="card-links"><span>{facts}</span>{original}</p>{whole}</li>',
        code=record.language,
        title=record.title or record.path,
        facts=" · ".join(facts),
        original=original_html(record.doc_id, language=language),
        whole=whole_html(record.doc_id, record.version, Span(0, 0), language=language),
    )


def _button(style: str, city: str, label: str) -> Html:
    return fill(
        '<button type="button" class="{style}" data-city="{city}">{label}</button>',
        style=style,
        city=city,
        label=label,
    )
