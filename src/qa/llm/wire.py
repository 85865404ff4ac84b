"""Bounds for what a language model's server sends: no more than a reply needs, and no steering characters."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from qa.errors import LLMError

BASE_BYTES = 1024 * 1024
"""Bytes of a response that holds no reply yet: a report of errors, lists of what was checked."""
BYTES_PER_TOKEN = 2048
"""Bytes of a response for each token of its reply. Providers wrap a token in 150 to 800 bytes of JSON."""

CLIENTS = {
    "openai": "root_client._client",
    "anthropic": "_client._client",
    "ollama": "_client._client",
    "google_genai": "client._api_client._httpx_client",
}
"""The HTTP client in each provider's chat model, as the path of its attribute."""

logger = logging.getLogger(__name__)

ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
"""What a terminal obeys: colours, titles, the place of the cursor."""
LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
STEERING = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters but tab and line end, characters that turn the direction of writing round, characters that
hide, and halves of letters. Zero-width spaces and joiners stay: Khmer is written with them."""


def without_steering(text: str) -> str:
    """`text` without characters that steer what shows it; what ends a line is a newline."""
    return STEERING.sub("", LINE_END.sub("\n", ESCAPE_SEQUENCE.sub("", text)))


def bound_responses(chat: Any, provider: str, *, max_tokens: int) -> None:
    """Cut off what the server of `chat`, a chat model of `provider`, sends at a size.

    Clients hold a line back until it ends, and a line that never does would fill the memory. Where the client is
    none that is known here, the log says that only time limits it.
    """
    limit = BASE_BYTES + max_tokens * BYTES_PER_TOKEN

    def bound(response: Any) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise LLMError("the language model's server packs its reply, unasked", kind="broken")
        response.stream = _bounded(response.stream, limit)

    try:
        client = attrgetter(CLIENTS[provider])(chat)
    except (KeyError, AttributeError):
        logger.warning("of a reply of %s only the time is limited, not the size", provider)
        return
    client.headers["accept-encoding"] = "identity"  # what is packed says nothing about its size
    client.event_hooks = {**client.event_hooks, "response": [bound]}


def _bounded(stream: Any, limit: int) -> Any:
    # The library's own class, of which it wants a stream to be: some providers have a copy of httpx.
    kind: Any = next(each for each in type(stream).__mro__ if each.__name__ == "SyncByteStream")

    class Bounded(kind):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for piece in stream:
                size += len(piece)
                if size > limit:
                    raise LLMError("the language model's reply did not end", kind="endless")
                yield piece

        def close(self) -> None:
            stream.close()

    return Bounded()
