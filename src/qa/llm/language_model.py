"""The language model: any LangChain chat model, asked within limits. All its failures are `LLMError`s.

LangChain's code for chat models is imported when one is opened, not before.
"""

from __future__ import annotations

import datetime
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qa.config import Settings
from qa.errors import LLMError, LLMFailure, ModelError
from qa.llm.wire import bound_responses, without_steering

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

EXTRAS = ("openai", "anthropic", "ollama", "google_genai")
"""Providers whose integration is an extra of this program, named as the provider is."""

ATTEMPTS = 3
"""How often a call is tried where trying again may help."""
FIRST_PAUSE_S = 0.5
"""The pause before the second attempt; it doubles with each."""
PASSING = frozenset({"unreachable", "rate_limit"})
"""Failures that may pass within seconds. One of time has used it up already, and a broken reply was paid for."""

MAX_AT_ONCE = 4
"""Calls that run at the same time. A server that hangs holds on to its threads, but not to more than these."""

TRY_S = 10.0
"""The seconds that a language model has to show that it is there."""

MAX_CHARS_PER_TOKEN = 8
"""No text has more in a run of tokens that is worth reading: from here on a reply counts as endless."""


def count_tokens(text: str) -> int:
    """About how many tokens `text` has, rather too many than too few: English has four letters in one, other
    scripts one or two."""
    ascii_letters = sum(character.isascii() for character in text)
    return ascii_letters // 3 + (len(text) - ascii_letters) + 1


class Budget:
    """What may still be asked today (UTC). Safe to be called from many threads; a new process begins anew."""

    def __init__(self, *, calls: int, tokens: int, today: Callable[[], datetime.date] | None = None) -> None:
        self._most = (calls, tokens)
        self._today = today or (lambda: datetime.datetime.now(datetime.UTC).date())
        self._lock = threading.Lock()
        self._day = self._today()
        self._calls = self._tokens = 0

    def take(self, tokens: int) -> None:
        """Count one call of so many tokens. Raises `LLMError` where that would be too much for today."""
        with self._lock:
            today = self._today()
            if today != self._day:
                self._day, self._calls, self._tokens = today, 0, 0
            most_calls, most_tokens = self._most
            if self._calls + 1 > most_calls or self._tokens + tokens > most_tokens:
                raise LLMError(
                    "the language model was asked as much as is allowed today; it is asked again tomorrow (UTC), "
                    "or set llm_calls_a_day or llm_tokens_a_day higher",
                    kind="day_cap",
                )
            self._calls += 1
            self._tokens += tokens

    def give_back(self, tokens: int) -> None:
        """Take back so many tokens that were counted and not used."""
        with self._lock:
            self._tokens = max(0, self._tokens - tokens)


class LanguageModel:
    """A chat model that is asked for one text at a time. Safe to be called from many threads."""

    def __init__(
        self,
        chat: BaseChatModel,
        settings: Settings,
        *,
        budget: Budget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = settings.llm
        self.max_tokens = settings.llm_max_tokens
        self.context_tokens = settings.llm_context_tokens
        self.timeout_s = settings.llm_timeout_s
        self._chat = chat
        self._sleep = sleep
        self._budget = budget or Budget(calls=settings.llm_calls_a_day, tokens=settings.llm_tokens_a_day)
        self._free = threading.BoundedSemaphore(MAX_AT_ONCE)

    def ask(self, messages: Sequence[BaseMessage], *, until: float | None = None) -> str:
        """What the model replies to `messages`: the whole text, not empty; see `stream`."""
        return "".join(self.stream(messages, until=until))

    def stream(self, messages: Sequence[BaseMessage], *, until: float | None = None) -> Iterator[str]:
        """The reply of the model to `messages`, piece by piece; never an empty one.

        `until`, of `time.monotonic()`, is when nobody waits any more; by default `llm_timeout_s` from now. Raises
        only `LLMError`, however the model fails.
        """
        until = time.monotonic() + self.timeout_s if until is None else until
        asked = sum(count_tokens(str(message.content)) for message in messages)
        for attempt in range(ATTEMPTS):
            try:
                yield from self._stream_once(messages, asked, until)
                return
            except LLMError as error:
                pause_s = FIRST_PAUSE_S * 2**attempt
                is_last = attempt == ATTEMPTS - 1 or time.monotonic() + pause_s >= until
                # What has begun is never tried again: these failures are told as a reply that broke off.
                if error.kind not in PASSING or is_last:
                    raise
                logger.info("%s; trying again in %.1f s", error, pause_s)
                self._sleep(pause_s)

    def _stream_once(self, messages: Sequence[BaseMessage], asked: int, until: float) -> Iterator[str]:
        self._budget.take(asked + self.max_tokens)
        if not self._free.acquire(timeout=max(0.0, until - time.monotonic())):
            raise LLMError("the language model is still busy with other questions", kind="timeout")
        pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        is_given_up = threading.Event()
        # A thread of its own: the clients' time limits are for single reads, and a server that sends a letter
        # every few seconds keeps to them for ever.
        threading.Thread(
            target=self._read, args=(list(messages), pieces, is_given_up), name="llm", daemon=True
        ).start()
        said = ""
        try:
            for piece in self._pieces(pieces, until):
                said += piece
                yield piece
        finally:
            is_given_up.set()
        self._budget.give_back(max(0, self.max_tokens - count_tokens(said)))
        if not said.strip():
            raise LLMError("the language model replied nothing", kind="empty")

    def _pieces(self, pieces: queue.SimpleQueue[Any], until: float) -> Iterator[str]:
        """The reply as it comes. Raises `LLMError` once it takes too long, breaks, or does not end."""
        length = 0
        while True:
            try:
                piece = pieces.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise LLMError("the language model took too long", kind="timeout") from None
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise _explain(piece, has_begun=length > 0) from piece
            length += len(piece)
            if length > self.max_tokens * MAX_CHARS_PER_TOKEN:
                raise LLMError("the language model's reply did not end", kind="endless")
            yield piece

    def _read(
        self, messages: list[BaseMessage], pieces: queue.SimpleQueue[Any], is_given_up: threading.Event
    ) -> None:
        try:
            for chunk in self._chat.stream(messages):
                if is_given_up.is_set():
                    return
                if isinstance(chunk.content, (str, list)):
                    pieces.put(without_steering(_text_of(chunk.content)))
                if _is_cut_off(chunk):
                    pieces.put(LLMError("the language model's reply did not end", kind="endless"))
                    return
            pieces.put(None)
        except Exception as error:  # noqa: BLE001  # a library's border: every provider has errors of its own
            pieces.put(error)
        finally:
            self._free.release()


def open_language_model(settings: Settings) -> LanguageModel | None:
    """The language model that `settings` name, or None where they name none.

    Raises `ModelError`, with what to install or to set, where it cannot be opened. Nothing is asked yet.
    """
    return LanguageModel(open_chat(settings), settings) if settings.llm else None


def open_chat(settings: Settings) -> BaseChatModel:
    """The chat model that `settings` name, which must name one. Raises `ModelError`; see `open_language_model`."""
    from langchain.chat_models import init_chat_model

    provider, _, model = settings.llm.partition(":")
    try:
        chat: BaseChatModel = init_chat_model(model, model_provider=provider, **_options(provider, settings))
    except ImportError as error:
        package = f"'.[{provider}]'" if provider in EXTRAS else f"langchain-{provider.replace('_', '-')}"
        raise ModelError(
            f"llm is {settings.llm!r}, and the integration of {provider} is not installed; pip install {package}"
        ) from error
    except Exception as error:  # noqa: BLE001  # a library's border: every provider has errors of its own
        said = without_key(" ".join(str(error).split()), settings)[:200]
        raise ModelError(
            f"llm is {settings.llm!r}, which cannot be opened: {said}; check llm, llm_base_url and llm_api_key"
        ) from None
    bound_responses(chat, provider, max_tokens=settings.llm_max_tokens)
    return chat


def try_language_model(settings: Settings) -> float:
    """The seconds that the language model which is set takes for a word. Raises `LLMError` or `ModelError`."""
    from langchain_core.messages import HumanMessage

    model = open_language_model(settings)
    if model is None:
        raise ModelError("no language model is set; set llm")
    start = time.monotonic()
    try:
        model.ask([HumanMessage("Reply with the word yes.")], until=start + min(TRY_S, model.timeout_s))
    except LLMError as error:
        if error.kind not in ("empty", "endless"):  # it says something, if not what was asked for
            raise
    return time.monotonic() - start


def without_key(text: str, settings: Settings) -> str:
    """`text` with the language model's key struck out."""
    return text.replace(settings.llm_api_key, "•••") if settings.llm_api_key else text


def _options(provider: str, settings: Settings) -> dict[str, Any]:
    """What `init_chat_model` is given. Trying again is ours: the clients' own would not know of the limit."""
    options: dict[str, Any] = {"temperature": settings.llm_temperature}
    if settings.llm_base_url:
        options["base_url"] = settings.llm_base_url
    key = settings.llm_api_key
    if provider == "ollama":
        headers = {"headers": {"Authorization": f"Bearer {key}"}} if key else {}
        return {
            **options,
            "num_predict": settings.llm_max_tokens,
            "num_ctx": settings.llm_context_tokens,
            "client_kwargs": {"timeout": settings.llm_timeout_s, **headers},
        }
    options |= {"max_tokens": settings.llm_max_tokens, "timeout": settings.llm_timeout_s, "max_retries": 0}
    if not key and provider == "openai" and settings.llm_base_url:
        key = "none"  # servers of one's own want none, and the client insists on one
    return {**options, "api_key": key} if key else options


def _text_of(content: str | list[Any]) -> str:
    """The text in a message's content, which some providers give in blocks, thoughts and tool calls among them."""
    if isinstance(content, str):
        return content
    blocks = (block if isinstance(block, str) else block.get("text", "") for block in content)
    return "".join(block for block in blocks if isinstance(block, str))


def _is_cut_off(chunk: Any) -> bool:
    """True if the reply ended because it became too long."""
    told = getattr(chunk, "response_metadata", None) or {}
    reason = told.get("finish_reason") or told.get("stop_reason") or told.get("done_reason")
    return str(reason).lower() in ("length", "max_tokens")


def _explain(error: BaseException, *, has_begun: bool) -> LLMError:
    """The failure that a provider's error stands for. Its words are not repeated: there may be a key in them."""
    if isinstance(error, LLMError):
        return error
    kind = _kind_of(error)
    if has_begun and kind in ("unreachable", "rate_limit", "failed"):
        kind = "broken"
    said = {
        "unreachable": "the language model's server cannot be reached; check llm_base_url, and that it runs",
        "wrong_key": "the language model's server refuses the key; check llm_api_key",
        "rate_limit": "the language model's server has too many requests",
        "timeout": "the language model took too long",
        "broken": "the language model's reply broke off",
        "endless": "the language model's reply did not end",
    }.get(kind, f"the language model failed ({type(error).__name__}); check llm and llm_base_url")
    return LLMError(said, kind=kind)


def _kind_of(error: BaseException) -> LLMFailure:
    """How a provider's error, or one that it was raised from, counts: by its HTTP status, else by its class."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen and len(seen) < 8:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    for each in seen:
        if isinstance(each, LLMError):
            return each.kind
        status = getattr(each, "status_code", None) or getattr(
            getattr(each, "response", None), "status_code", None
        )
        if isinstance(status, int):
            return _kind_of_status(status)
    names = " ".join(kind.__name__.lower() for each in seen for kind in type(each).__mro__)
    if "timeout" in names:
        return "timeout"
    if any(word in names for word in ("connect", "oserror", "protocolerror", "networkerror")):
        return "unreachable"
    return "failed"


def _kind_of_status(status: int) -> LLMFailure:
    if status in (401, 403):
        return "wrong_key"
    if status == 429:
        return "rate_limit"
    if status in (408, 504):
        return "timeout"
    return "unreachable" if status >= 500 else "failed"
