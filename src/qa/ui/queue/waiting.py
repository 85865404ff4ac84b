"""The line in which questions wait. It takes turns between visitors, turns away visitors who ask too much, and
drops questions that nobody waits for any more. Gradio's own queue is first come, first served.

A visitor who is turned away reads why on the page, in their language; a program gets it as JSON. Nobody waits for
a time-out.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradio.queueing import Event, Queue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from qa.config import Settings
from qa.i18n.messages import LANGUAGES, preferred_language
from qa.system.cores import count_cores
from qa.ui.access.senders import address_of
from qa.ui.queue.limits import Limits, Reason, TurnedAway
from qa.ui.queue.mailboxes import Mailboxes
from qa.ui.queue.turns import Ticket, Turns

if TYPE_CHECKING:
    import gradio as gr
    from gradio.block_function import BlockFunction
    from gradio.data_classes import PredictBodyInternal

QUESTIONS_AT_ONCE = max(2, count_cores())
"""Questions answered at the same time; more wait their turn. While the models read for one, another is searched
for; however many there are, no more threads read than there are cores (see `qa.models.workers`)."""

QUESTIONS = "questions"
AS_A_QUESTION: Mapping[str, Any] = {"concurrency_limit": QUESTIONS_AT_ONCE, "concurrency_id": QUESTIONS}
"""What an event is given that answers or searches: all of them wait in one line."""

LISTEN_S = 30.0
"""Seconds in which an asker comes for the answer. A browser does so at once, a program with its next request."""

LOOK_S = 1.0
"""Seconds between two looks for what nobody waits for."""

PLACE_BYTES = 64 * 1024
"""Bytes of a request's body for each place that it takes while it waits. A question and its cities have less."""
MAX_BODY_BYTES = 2**20
"""What a body counts for that does not tell its length."""

MAX_SESSION_CHARS = 64
"""Limits the name that a visitor's browser or program makes up for itself; Gradio's names have 10 or 36."""

FULL, TURNED_AWAY = 503, 429
"""Gradio's page has English words of its own for 503, whatever comes with it; with 429 it shows ours."""

TICKET = "qa.ticket"
"""The name under which a request's scope has its `Ticket`."""


class FairQueue(Queue):
    """Gradio's queue for `blocks` with turns and the limits of `settings`.

    `on_turned_away` is called with the reason whenever somebody is. Gradio calls all methods in one thread.
    """

    def __init__(self, blocks: gr.Blocks, settings: Settings) -> None:
        super().__init__(
            live_updates=True,
            concurrency_count=blocks.max_threads,
            update_intervals=1,
            max_size=None,
            blocks=blocks,
        )
        # Gradio's figures of the last 10,000 events are made anew at each event; /metrics has ours.
        self.ANALYTICS_MAX_EVENTS, self.ANAYLTICS_CACHE_FREQUENCY = 1, sys.maxsize
        self.on_turned_away: Callable[[Reason], None] = lambda reason: None
        self._limits = Limits(settings)
        self.pending_messages_per_session = self._mailboxes = Mailboxes()
        self._max_bytes = settings.visitors_mib * 2**20
        self._listening: Counter[str] = Counter()
        self._unheard: dict[str, float] = {}
        """Sessions with something to hear to which nobody listens, and since when; the longest come first."""
        self._next_look = 0.0

    def create_event_queue_for_fn(self, block_fn: BlockFunction) -> None:
        """Make the line for the function, if it has none."""
        super().create_event_queue_for_fn(block_fn)
        line = self.event_queue_per_concurrency_id[block_fn.concurrency_id]
        if not isinstance(line.queue, Turns):
            line.queue = Turns(_ticket_of)

    async def push(self, body: PredictBodyInternal, request: Any, username: str | None) -> Any:
        """What Gradio's own returns. Raises `TurnedAway` where a limit is reached."""
        if len(body.session_hash or "") > MAX_SESSION_CHARS:
            return False, f"session_hash is longer than {MAX_SESSION_CHARS} characters", "error"
        function = self.blocks.fns.get(body.fn_index) if body.fn_index is not None else None
        ticket = make_ticket(request, body.session_hash, function, body.data)
        try:
            request.scope[TICKET] = self._limits.admit(ticket, self._waiting())
        except TurnedAway as refusal:
            refusal.language = language_of(request.headers, body.data)
            self.on_turned_away(refusal.reason)
            raise
        has_others = bool(self.pending_event_ids_session.get(body.session_hash or ""))
        pushed = await super().push(body, request, username)
        if pushed[0]:
            self._expect_listener(body.session_hash or "", since_before=has_others)
        return pushed

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The events to be worked on next, as Gradio has them, without those that nobody waits for."""
        self._drop_unheard()
        return super().get_events()

    def has_answers(self, name: str) -> bool:
        """True if there is, or will be, something to hear for a session, or an event, of this name."""
        return (
            name in self.pending_messages_per_session
            or name in self.event_ids_to_events
            or any(name in events for events in self.pending_event_ids_session.values())
        )

    def begin_listening(self, name: str) -> None:
        """Know that somebody listens for the answers to a session, or to an event, of this name."""
        self._listening[name] += 1
        self._unheard.pop(name, None)

    def end_listening(self, name: str) -> None:
        """Know that one of those who listened has gone."""
        self._listening[name] -= 1
        if self._listening[name]:
            return
        del self._listening[name]
        if name in self.pending_event_ids_session or name in self.pending_messages_per_session:
            self._unheard[name] = time.monotonic()

    def _waiting(self) -> Iterator[Ticket]:
        for line in self.event_queue_per_concurrency_id.values():
            yield from map(_ticket_of, line.queue)

    def _expect_listener(self, session: str, *, since_before: bool) -> None:
        """Drop what the session asked unless somebody listens soon; asking again gives no more time."""
        if session in self._listening:
            return
        if not since_before:
            self._unheard.pop(session, None)
        self._unheard.setdefault(session, time.monotonic())

    def _drop_unheard(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_S
        if self.server_app:  # what was cancelled while it ran is noted there for good
            self.server_app.iterators_to_reset.intersection_update(self.event_ids_to_events)
        for session in self._mailboxes.overflow(self._max_bytes):
            self._forget(session, even_running=True)
        while self._unheard:
            session, since = next(iter(self._unheard.items()))
            if now - since < LISTEN_S:
                return
            del self._unheard[session]
            events = self.pending_event_ids_session.get(session, set())
            # Programs may listen for an event by its own name; what is worked on is not taken back.
            if not events.isdisjoint(self._listening) or not self._forget(session):
                self._unheard[session] = now

    def _forget(self, session: str, *, even_running: bool = False) -> bool:
        """True once nothing of the session waits and its answers are gone; False while one is worked on.

        With `even_running` that one is given up as well.
        """
        names = self.pending_event_ids_session.get(session, set())
        for event in [self.event_ids_to_events[name] for name in names if name in self.event_ids_to_events]:
            line = self.event_queue_per_concurrency_id[event.concurrency_id].queue
            if event in line:
                line.remove(event)
                del self.event_ids_to_events[event._id]
            elif not even_running:
                return False
            else:
                event.alive = False
        self.pending_event_ids_session.pop(session, None)
        self.pending_messages_per_session.pop(session, None)
        return True


def take_turns(blocks: gr.Blocks, settings: Settings) -> FairQueue:
    """The queue in which what is asked of `blocks` waits from now on."""
    blocks.queue(api_open=False)
    blocks._queue = queue = FairQueue(blocks, settings)
    return queue


def make_ticket(
    request: Request, session: str | None, function: BlockFunction | None, data: Sequence[Any]
) -> Ticket:
    """The ticket of a request that calls `function` with `data`."""
    length = request.headers.get("content-length", "")
    size = int(length) if length.isdecimal() else MAX_BODY_BYTES
    is_in_line = function is not None and function.concurrency_id == QUESTIONS
    return Ticket(
        address=address_of(request.scope),
        session=session or "",
        # A page that is opened asks nothing where no link brought a question along.
        is_question=is_in_line and bool(data) and str(data[0] or "").strip() != "",
        places=1 + size // PLACE_BYTES,
    )


def language_of(headers: Mapping[str, str], data: Sequence[Any]) -> str:
    """The language of the page that sent `data`, which is among it; else the browser's."""
    chosen = [value for value in data if isinstance(value, str) and value in LANGUAGES]
    return chosen[-1] if chosen else preferred_language(headers.get("accept-language", ""))


def tell_turned_away(request: Request, error: Exception) -> Response:
    """The response to a visitor who is turned away: a browser (which names the page's `Origin`) or a program."""
    assert isinstance(error, TurnedAway)  # noqa: S101 - it is registered for nothing else
    words = error.words(error.language)
    # Over MCP, Gradio's own client asks, which has words for 503 only.
    is_mcp = request.headers.get("x-gradio-user") == "mcp"
    is_for_page = "origin" in request.headers
    status = FULL if is_mcp or (error.reason == "full" and not is_for_page) else TURNED_AWAY
    return JSONResponse(
        {"detail": words, "error": words}, status, headers={"retry-after": str(error.retry_s)}
    )


def _ticket_of(event: Event) -> Ticket:
    ticket: Ticket = event.request.scope[TICKET]
    return ticket
