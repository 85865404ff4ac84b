"""Calls that fail: the caller gets one plain sentence, the log one line without the call's values."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.route_utils import FnIndexInferError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from qa.i18n.messages import say
from qa.system.logs import tell_exception
from qa.ui.server.headers import Layer, Message, Receive, Send

BAD_VALUES = (
    "This call has too few values, or some of the wrong kind; /?view=api shows what each function takes."
)
NO_FILES = "A call must not carry files, nor the addresses of any."
BAD_REQUEST = "This request cannot be read; /?view=api shows what there is."

CALLER_MISTAKES = (
    LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, FnIndexInferError,
)  # fmt: skip
"""What a request raises that names what there is not, or that has values of the wrong kind."""

logger = logging.getLogger(__name__)


class PlainBlocks(gr.Blocks):
    """A Gradio application whose functions fail with a plain sentence, also where Gradio itself refuses a call.

    Gradio would print the values that it was called with. Whatever in them looks like a file, it would fetch: from
    a path, or from an address. Here a call takes no files but those that staff have uploaded to its own `gr.File`.
    """

    async def preprocess_data(self, block_fn: Any, inputs: Any, *arguments: Any, **options: Any) -> Any:
        """The values for the function, as Gradio makes them of `inputs`. Every call comes through here.

        Raises `gr.Error` for a file that was not uploaded.
        """
        for block, value in zip(block_fn.inputs, inputs, strict=False):
            allowed = self.upload_file_set if isinstance(block, gr.File) else ()
            if any(path not in allowed for path in named_files(value)):
                raise gr.Error(NO_FILES, print_exception=False)
        try:
            return await super().preprocess_data(block_fn, without_surrogates(inputs), *arguments, **options)
        except Exception as error:  # noqa: BLE001  # a library's border: every component has its own
            logger.warning("a call of %s is refused: %s", block_fn.api_name, type(error).__name__)
            raise gr.Error(BAD_VALUES, print_exception=False) from None

    async def process_api(self, block_fn: Any, *arguments: Any, **options: Any) -> Any:
        """What Gradio makes of a call."""
        try:
            return await super().process_api(block_fn, *arguments, **options)
        except gr.Error as error:
            error.print_exception = False
            raise
        except Exception as error:  # The outermost edge: the caller gets a sentence, the log has the rest
            if not _has_reached_us(error):
                logger.warning("a call of %s is refused: %s", block_fn.api_name, type(error).__name__)
                raise gr.Error(BAD_VALUES, print_exception=False) from None
            logger.exception("a call of %s failed", block_fn.api_name)
            raise gr.Error(say("error_answer", "en"), print_exception=False) from None


def named_files(value: Any) -> Iterator[Any]:
    """The path or address of each file in `value`, which is JSON: of each object that Gradio may take for one."""
    if isinstance(value, dict):
        if "path" in value and "meta" in value:
            yield value["path"] if isinstance(value["path"], str) else None
        for part in value.values():
            yield from named_files(part)
    elif isinstance(value, list):
        for part in value:
            yield from named_files(part)


class PlainErrors(Layer):
    """An ASGI application that answers as `app` does, and in one sentence where that raises.

    The server would print the exception.
    """

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        has_begun = False

        async def tell(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, tell)
        except Exception as error:  # noqa: BLE001  # the outermost edge
            is_mistake = isinstance(error, CALLER_MISTAKES)
            level = logging.WARNING if is_mistake or has_begun else logging.ERROR
            logger.log(level, "a request failed: %s", tell_exception(error))
            if has_begun:  # nothing can be taken back: it ends here
                await send({"type": "http.response.body", "body": b""})
                return
            answer = tell_bad_request() if is_mistake else plain_answer(say("error_answer", "en"), 500)
            await answer(scope, receive, send)


def tell_bad_request(*_: Request | Exception) -> Response:
    """What answers a request that has not what it must have. FastAPI would repeat its values."""
    return plain_answer(BAD_REQUEST, 422)


def plain_answer(sentence: str, status: int) -> Response:
    """An answer that says `sentence`, under both of the names that Gradio's clients look for."""
    return JSONResponse({"detail": sentence, "error": sentence}, status_code=status)


def _has_reached_us(error: Exception) -> bool:
    """True if `error` was raised in a function of this program, or below it; False where none was called."""
    here = Path(__file__)
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    return any(here.parents[2] in file.parents and file != here for file in files)


def without_surrogates(value: Any) -> Any:
    """`value` as it came in JSON, with the sign for "unknown letter" in place of halves of letters.

    JSON can name such halves, and nothing can write them: no log, no file, no answer.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _mend(value)
    except (TypeError, ValueError, RecursionError):
        return value  # not from JSON: Gradio's own
    return value


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_mend(part) for part in value]
    if isinstance(value, dict):
        return {_mend(name): _mend(part) for name, part in value.items()}
    return value
