"""A chat model that says what a test tells it to, also in every way of failing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field

from qa.config import Settings
from qa.domain import Query, Turn
from qa.drafting import Interpreter, Support, Writer
from qa.engine.library import Library
from qa.llm.language_model import LanguageModel

Scripted = str | Exception | list[Any] | Callable[[list[BaseMessage]], Any]
"""A reply; an error; pieces of a reply, numbers among them seconds to wait, errors what breaks it; or what
makes one of these from the messages."""


class ScriptedChat(BaseChatModel):
    """Gives `replies` one after another, the last again and again; `asked` is what it was asked."""

    replies: list[Any]
    asked: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("replies are streamed")

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append(messages)
        if callable(reply):
            reply = reply(messages)
        for piece in reply if isinstance(reply, (list, Iterator)) else [reply]:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, (int, float)):
                time.sleep(piece)
            else:
                message = piece if isinstance(piece, AIMessageChunk) else AIMessageChunk(content=piece)
                yield ChatGenerationChunk(message=message)


def cut_off(text: str) -> list[Any]:
    """A reply that ends because it became too long."""
    return [text, AIMessageChunk(content="", response_metadata={"finish_reason": "length"})]


def model_of(*replies: Scripted, settings: Settings | None = None, **options: Any) -> LanguageModel:
    """The language model that replies so, and does not sleep before it tries again."""
    settings = settings or Settings(llm="scripted:model", llm_timeout_s=5)
    return LanguageModel(
        ScriptedChat(replies=list(replies)), settings, **{"sleep": lambda _: None, **options}
    )


def chat_of(model: LanguageModel) -> ScriptedChat:
    """The scripted chat model inside."""
    chat = model._chat
    assert isinstance(chat, ScriptedChat)
    return chat


class AnySupport(Support):
    """Holds every sentence supported, for tests of what else is checked."""

    def __init__(self) -> None:
        pass

    def holds(self, sentence: str, quotes: Any, *, languages: Any, question: str = "") -> bool:
        return True

    def find_rivals(self, sentence: str, quotes: Any, *, question: str) -> tuple[str, ...]:
        return ()


def writer_of(*replies: Scripted, support: Support | None = None) -> tuple[Writer, ScriptedChat]:
    """The writer whose model replies so, and the model."""
    model = model_of(*replies)
    return Writer(model, support or AnySupport()), chat_of(model)


def interpret(
    interpreter: Interpreter, query: Query, library: Library, *, history: Sequence[Turn] = ()
) -> Query:
    """What `interpreter` makes of `query`, over the documents of `library`."""
    return interpreter.interpret(
        query,
        catalogue=library.catalogue,
        document_languages=library.retriever.languages,
        understand_whole=lambda whole: library.understand(query.question, history=history, whole=whole),
        history=history,
    )
