"""The list of who changed which documents: for staff on the page, and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa.corpus.change_log import COMMAND_LINE, READER, STAFF, THIS_MACHINE, Change
from qa.i18n.messages import join_names, say
from qa.rendering.escaping import Html, fill, one_line
from qa.rendering.page_parts import notice_html

NAMELESS = {STAFF: "who_staff", READER: "who_reader", THIS_MACHINE: "who_this_machine"}
"""People without a name, and the key of the words in its place."""

MAX_LISTED = 50
"""Changes listed on the page; `qa status --changes` shows them all."""

MAX_NAMED = 5
"""Documents named in a line of the list; the rest are counted."""


def changes_html(changes: Sequence[Change], *, language: str) -> Html:
    """The list of `changes` (the newest first), `MAX_LISTED` at most."""
    if not changes:
        return notice_html(say("changes_empty", language))
    items = [
        fill(
            '<li><span dir="auto">{deed}</span> <time class="facts" datetime="{time}">{shown}</time></li>',
            deed=_deed(change, language),
            time=change.time,
            shown=_shown_time(change),
        )
        for change in changes[:MAX_LISTED]
    ]
    return fill(
        '<div class="changes" lang="{language}"><p class="note">{say.changes_note}</p><ol>{items}</ol></div>',
        language=language,
        items=items,
    )


def changes_lines(changes: Sequence[Change]) -> Iterator[str]:
    """The list for a terminal, in English."""
    for change in changes:
        yield f"{one_line(_shown_time(change))}  {one_line(_deed(change, 'en', most=len(change.names)))}"


def _deed(change: Change, language: str, *, most: int = MAX_NAMED) -> str:
    shown = change.names[:most]
    names = join_names(shown, language)
    if change.count > len(shown):
        names = say("changes_more", language, names=names, count=change.count - len(shown))
    return say(f"change_{change.what}", language, who=who_text(change.who, language), names=names)


def who_text(who: str, language: str) -> str:
    """`who` in `language`: a person's name as it is, and what stands for somebody without one as words."""
    if who in NAMELESS:
        return say(NAMELESS[who], language)
    if who.startswith(f"{COMMAND_LINE} ("):
        return say("who_command_line", language, name=who.removeprefix(f"{COMMAND_LINE} (").removesuffix(")"))
    return who


def _shown_time(change: Change) -> str:
    """The minute, of UTC: `2026-11-30 08:15 UTC`."""
    return f"{change.time[:16].replace('T', ' ')} UTC"
