"""The page around the answers: header, turns of the conversation, evidence panels, notices."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from qa.domain import Step
from qa.i18n.messages import join_names, say
from qa.rendering.escaping import Html, fill, join
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
        '<div class="masthead" lang="{language}"><p class="owner">{owner}</p><h1>{title}</h1>'
        '<p class="intro">{intro}</p>{facts}{upgrade}</div>',
        owner=say("page_owner", language),
        language=language,
        title=say("page_title", language),
        intro=say("page_intro_written" if is_written else "page_intro", language, count=documents),
        facts=fill('<p class="cities">{facts}</p>', facts=facts) if facts else Html(),
        upgrade=notice_html(
            say("page_upgrade", language, done=upgrade.done, total=upgrade.total), kind="upgrade"
        )
        if upgrade
        else Html(),
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
        '<span class="visually-hidden">{you_asked}: </span><span dir="auto">{question}</span></h2>'
        '<div class="answer" lang="{language}">{body}{actions}</div></section>',
        new=" is-new" if is_new else "",
        turn=turn,
        you_asked=say("you_asked", language),
        question=question,
        language=language,
        body=body,
        actions=_actions_html(question, copy, rating, language=language) if copy else Html(),
    )


def _actions_html(question: str, copy: str, rating: Html, *, language: str) -> Html:
    """What can be done with an answer; page.js does it."""
    return fill(
        '<p class="answer-actions"><button type="button" class="copy" data-copy="{copy}" data-done="{done}">'
        '{label}</button><a class="share" href="?{query}">{share}</a>{rating}</p>',
        copy=f"{question}\n\n{copy}",
        done=say("copied", language),
        label=say("copy_answer", language),
        query=urlencode({"q": question}),
        share=say("link_answer", language),
        rating=rating,
    )


def _rating_html(turn: int, *, language: str) -> Html:
    """Where the reader of an answer says what they think of it; page.js hands it on."""
    return fill(
        '<span class="rating" data-turn="{turn}" data-thanks="{thanks}">'
        '<button type="button" class="rate" data-verdict="good" aria-pressed="false">{good}</button>'
        '<button type="button" class="rate" data-verdict="bad" aria-pressed="false">{bad}</button>'
        '<input class="reason" maxlength="1000" placeholder="{reason}" aria-label="{reason}" hidden>'
        '<span class="thanks" role="status"></span></span>',
        turn=turn,
        thanks=say("rate_thanks", language),
        good=say("rate_good", language),
        bad=say("rate_bad", language),
        reason=say("rate_reason", language),
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
        buttons=join(buttons),
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
    said = [fill("<li>{text}</li>", text=say(key, language, days=keep_days)) for key in keys]
    return fill(
        '<div lang="{language}">{note}<details class="kept"><summary>{heading}</summary>'
        "<ul>{said}</ul></details></div>",
        language=language,
        note=notice_html(say("page_note", language)),
        heading=say("kept_heading", language),
        said=join(said),
    )


def login_html(*, address: str, who: str, can_log_in: bool, language: str) -> Html:
    """What staff log in with, or out where they are: forms that go to `address` and below it (scripts.LOG_IN).

    `who` is the one who is logged in, "" for nobody; a reader who is can log in as staff, too.
    """
    log_out = fill(
        '<form class="log-out" method="post" action="{address}/end"><p role="status" tabindex="-1">{text}</p>'
        '<button type="submit">{label}</button></form>',
        address=address,
        text=say("staff_logged_in", language, name=who),
        label=say("staff_log_out", language),
    )
    log_in = fill(
        '<form class="log-in" method="post" action="{address}" data-wrong="{wrong}" data-later="{later}" '
        'data-failed="{failed}"><label>{key}<input name="key" type="password" maxlength="200" '
        'autocomplete="current-password" required></label><button type="submit">{label}</button>'
        '<p class="problem" role="alert"></p></form>',
        address=address,
        wrong=say("login_wrong", language),
        later=say("login_later", language),
        failed=say("login_failed", language),
        key=say("staff_key", language),
        label=say("staff_log_in", language),
    )
    parts = [*([log_in] if can_log_in else []), *([log_out] if who else [])]
    return fill('<div class="login" lang="{language}">{parts}</div>', language=language, parts=join(parts))


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
