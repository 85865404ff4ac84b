"""The page around the answers: header, turns of the conversation, evidence panels, notices."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from qa.domain import Step
from qa.i18n.messages import join_names, say
from qa.rendering.escaping import Html, fill, wrap
from qa.rendering.wording import NameCity
from qa.storage.upgrade import Upgrade


def header_html(
    *,
    documents: int,
    cities: Sequence[str],
    language: str,
    newest: str = "",
    is_written: bool = False,
    upgrade: Upgrade | None = None,
) -> Html:
    """The page's title, what it is, and what it knows: `newest` is the date of the newest document; `is_written`
    tells that a language model may write the answers, `upgrade` how far an index is that is built anew."""
    names = say("page_cities", language, cities=join_names(tuple(cities), language)) if cities else ""
    dated = say("page_newest", language, date=newest) if newest else ""
    facts = " · ".join(fact for fact in (names, dated) if fact)
    return fill(
        '<div class="masthead" lang="{language}"><p class="owner">{say.page_owner}</p><h1>{say.page_title}</h1>'
        '<p class="intro">{intro}</p>{facts}{upgrade}</div>',
        language=language,
        intro=say("page_intro_written" if is_written else "page_intro", language, count=documents),
        facts=wrap('<p class="cities">{}</p>', facts),
        upgrade=wrap(
            '<p class="upgrade" role="status">{}</p>',
            say("page_upgrade", language, done=upgrade.done, total=upgrade.total) if upgrade else "",
        ),
    )


def turn_html(
    *,
    turn: int,
    question: str,
    body: Html,
    language: str,
    copy: str = "",
    is_new: bool = False,
    takes_verdict: bool = True,
) -> Html:
    """One question and what came of it; `copy` is the answer as text with its references, to be taken along.

    What `is_new` appears sentence by sentence. `takes_verdict` tells that its reader is asked for their opinion.
    """
    rating = _rating_html(turn, language=language) if takes_verdict else Html()
    return fill(
        '<section class="turn{new}" id="t{turn}"><h2 class="asked">'
        '<span class="visually-hidden">{say.you_asked}: </span><span dir="auto">{question}</span></h2>'
        '<div class="answer" lang="{language}">{body}{actions}</div></section>',
        new=" is-new" if is_new else "",
        turn=turn,
        question=question,
        language=language,
        body=body,
        actions=_actions_html(question, copy, rating, language=language) if copy else Html(),
    )


def _actions_html(question: str, copy: str, rating: Html, *, language: str) -> Html:
    """What can be done with an answer; page.js does it."""
    return fill(
        '<p class="answer-actions"><button type="button" class="copy" data-copy="{copy}" data-done="{say.copied}">'
        '{say.copy_answer}</button><a class="share" href="?{query}">{say.link_answer}</a>{rating}</p>',
        language=language,
        copy=f"{question}\n\n{copy}",
        query=urlencode({"q": question}),
        rating=rating,
    )


def _rating_html(turn: int, *, language: str) -> Html:
    """Buttons with which a reader judges an answer; page.js hands the verdict on."""
    return fill(
        '<span class="rating" data-turn="{turn}" data-thanks="{say.rate_thanks}">'
        '<button type="button" class="rate" data-verdict="good" aria-pressed="false">{say.rate_good}</button>'
        '<button type="button" class="rate" data-verdict="bad" aria-pressed="false">{say.rate_bad}</button>'
        '<input class="reason" maxlength="1000" placeholder="{say.rate_reason}" aria-label="{say.rate_reason}" '
        'hidden><span class="thanks" role="status"></span></span>',
        turn=turn,
        language=language,
    )


def pending_html(language: str, step: Step | None = None, *, name_city: NameCity | None = None) -> Html:
    """What stands in an answer's place while it is looked for: what is being done for it."""
    cities = tuple(name_city(city, language) if name_city else city for city in step.cities) if step else ()
    kind = {"read": "reading", "write": "writing"}.get(step.kind if step else "", "searching")
    text = say(
        f"{kind}_about" if cities else kind,
        language,
        cities=join_names(cities, language),
        count=step.passages if step else 0,
    )
    return fill('<p class="pending" role="status">{text}</p>', text=text)


def suggestions_html(questions: Sequence[str], *, heading: str, language: str) -> Html:
    """Questions that can be asked with a click (page.js); `heading` is the key of what is said before them."""
    if not questions:
        return Html()
    buttons = [fill('<li><button type="button" class="suggestion">{q}</button></li>', q=q) for q in questions]
    return fill(
        '<section class="suggestions" lang="{language}" aria-labelledby="suggestions-heading">'
        '<h3 id="suggestions-heading">{heading}</h3><ul>{buttons}</ul></section>',
        language=language,
        heading=say(heading, language),
        buttons=buttons,
    )


def notice_html(text: str, *, kind: str = "note") -> Html:
    """A line of our own words, where an answer or a receipt would stand. `kind` is its CSS class."""
    return fill('<p class="{kind}" role="status">{text}</p>', kind=kind, text=text)


def page_note_html(language: str, *, keep_days: int, is_logged: bool = False) -> Html:
    """The note at the page's end: what quotations are, and, to be opened, what is kept of visitors.

    `keep_days` is how long their questions are, `is_logged` tells that the log has them, too.
    """
    keys = (
        *(("kept_questions", "kept_nobody") if keep_days else ("kept_nothing",)),
        *(("kept_log",) if is_logged else ()),
        "kept_conversation",
        *(("kept_removal",) if keep_days else ()),
    )
    return fill(
        '<div lang="{language}">{note}<details class="kept"><summary>{say.kept_heading}</summary>'
        "<ul>{said}</ul></details></div>",
        language=language,
        note=notice_html(say("page_note", language)),
        said=[wrap("<li>{}</li>", say(key, language, days=keep_days)) for key in keys],
    )


def login_html(*, address: str, who: str, can_log_in: bool, language: str) -> Html:
    """What staff log in with, or out where they are: forms that go to `address` and below it (scripts.LOG_IN).

    `who` is the one who is logged in, "" for nobody; a reader who is can log in as staff, too.
    """
    log_out = fill(
        '<form class="log-out" method="post" action="{address}/end"><p role="status" tabindex="-1">{text}</p>'
        '<button type="submit">{say.staff_log_out}</button></form>',
        address=address,
        text=say("staff_logged_in", language, name=who),
        language=language,
    )
    log_in = fill(
        '<form class="log-in" method="post" action="{address}" data-wrong="{say.login_wrong}" '
        'data-later="{say.login_later}" data-failed="{say.login_failed}"><label>{say.staff_key}'
        '<input name="key" type="password" maxlength="200" autocomplete="current-password" required></label>'
        '<button type="submit">{say.staff_log_in}</button><p class="problem" role="alert"></p></form>',
        address=address,
        language=language,
    )
    parts = [*([log_in] if can_log_in else []), *([log_out] if who else [])]
    return fill('<div class="login" lang="{language}">{parts}</div>', language=language, parts=parts)


def panel_html(*, turn: int, question: str, cards: Html, is_shown: bool, language: str) -> Html:
    """The evidence of one answer. The page shows the evidence of one answer at a time."""
    return fill(
        '<section class="evidence" data-turn="{turn}" lang="{language}"{hidden}>'
        '<h2>{say.evidence_heading}</h2><p class="about" dir="auto">{question}</p>{cards}</section>',
        turn=turn,
        language=language,
        hidden=Html("" if is_shown else " hidden"),
        question=question,
        cards=cards,
    )
