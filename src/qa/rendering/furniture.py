"""The page around the answers: header, turns of the conversation, evidence panels, notices."""

from __future__ import annotations

from collections.abc import Sequence

from qa.messages import join_names, say
from qa.rendering.escaping import Html, fill


def header_html(*, documents: int, cities: Sequence[str], language: str) -> Html:
    """The page's title, what it is, and what it knows."""
    names = say("page_cities", language, cities=join_names(tuple(cities), language)) if cities else ""
    return fill(
        '<div class="masthead" lang="{language}"><p class="owner">{owner}</p><h1>{title}</h1>'
        '<p class="intro">{intro}</p>{names}</div>',
        owner=say("page_owner", language),
        language=language,
        title=say("page_title", language),
        intro=say("page_intro", language, count=documents),
        names=fill('<p class="cities">{names}</p>', names=names) if names else Html(),
    )


def turn_html(*, turn: int, question: str, body: Html, language: str) -> Html:
    """One question and what came of it."""
    return fill(
        '<section class="turn" id="t{turn}"><h2 class="asked">'
        '<span class="visually-hidden">{you_asked}: </span><span dir="auto">{question}</span></h2>'
        '<div class="answer" lang="{language}">{body}</div></section>',
        turn=turn,
        you_asked=say("you_asked", language),
        question=question,
        language=language,
        body=body,
    )


def pending_html(language: str) -> Html:
    """What stands in an answer's place while it is looked for."""
    return fill('<p class="pending" role="status">{text}</p>', text=say("searching", language))


def notice_html(text: str, *, kind: str = "note") -> Html:
    """A line of our own words, where an answer or a receipt would stand. `kind` is its CSS class."""
    return fill('<p class="{kind}" role="status">{text}</p>', kind=kind, text=text)


def panel_html(*, turn: int, question: str, cards: Html, is_shown: bool, language: str) -> Html:
    """The evidence of one answer; only that of one answer at a time is shown."""
    return fill(
        '<section class="evidence" data-turn="{turn}" lang="{language}"{hidden}>'
        '<h2>{heading}</h2><p class="about" dir="auto">{question}</p>{cards}</section>',
        turn=turn,
        language=language,
        hidden=Html("" if is_shown else " hidden"),
        heading=say("evidence_heading", language),
        question=question,
        cards=cards,
    )
