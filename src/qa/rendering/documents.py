"""The list of documents: what each is about, and what its receipt said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from qa.corpus.receipts import Receipt
from qa.domain import Span
from qa.i18n.messages import join_names, language_name, say
from qa.rendering.escaping import Html, fill, safe_url
from qa.rendering.evidence import original_html, whole_html
from qa.rendering.receipts import receipt_facts, warnings_html
from qa.rendering.wording import NameCity
from qa.text.normalise import fold_case

MAX_LISTED = 200
"""Documents listed at a time: more are found by searching."""


def documents_html(
    receipts: Sequence[tuple[Receipt, str, str, str | None]],
    *,
    search: str,
    language: str,
    name_city: NameCity,
    names_of: Callable[[str], Iterable[str]],
) -> Html:
    """The documents that `search` finds in, by title, city or path.

    `receipts` come with each document's id, its version and the address that it is from; `names_of` gives all
    names of a city, in every language.
    """
    found = [entry for entry in receipts if _matches(entry[0], search, names_of)]
    count = say("documents_count", language, shown=min(len(found), MAX_LISTED), count=len(receipts))
    cards = [_card(*entry, language=language, name_city=name_city) for entry in found[:MAX_LISTED]]
    return fill(
        '<div class="documents" lang="{language}"><h2 class="visually-hidden">{say.tab_documents}</h2>'
        '<p class="note" role="status">{count}</p>{cards}</div>',
        language=language,
        count=count,
        cards=cards,
    )


def _matches(receipt: Receipt, search: str, names_of: Callable[[str], Iterable[str]]) -> bool:
    cities = [name for city in receipt.cities for name in names_of(city)]
    text = fold_case(" ".join([receipt.title, receipt.path, *cities, receipt.date or ""]))
    return all(word in text for word in fold_case(search).split())


def _card(
    receipt: Receipt, doc_id: str, version: str, url: str | None, *, language: str, name_city: NameCity
) -> Html:
    facts = [language_name(receipt.language, language)]
    if receipt.cities:
        facts.append(join_names(tuple(name_city(city, language) for city in receipt.cities), language))
    facts += [receipt.date] if receipt.date else []
    # Of the receipt, passages and pages: where a title was found matters to whoever brought the file in.
    facts += receipt_facts(replace(receipt, origins=(), language=""), language)
    links = [original_html(doc_id, language=language)]
    if address := safe_url(url):
        page = '<a href="{url}" target="_blank" rel="noopener noreferrer">{say.original_page}</a>'
        links.append(fill(page, url=address, language=language))
    return fill(
        '<article class="card"><h3><bdi>{title}</bdi></h3><p class="place">{facts}</p>{warnings}'
        '<p class="card-links">{links}<span class="path"><bdi>{path}</bdi></span></p>{whole}</article>',
        title=receipt.title or receipt.path,
        facts=" · ".join(dict.fromkeys(facts)),
        warnings=warnings_html(receipt, language),
        links=links,
        path=receipt.path,
        whole=whole_html(doc_id, version, Span(0, 0), language=language),
    )
