"""The files in a call: only those that were uploaded here, and only where the page takes files.

Whatever a call carries that looks like a file, Gradio fetches: from a path, or from an address for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from qa.ui.server.calls import PlainBlocks

NO_FILES = "A call must not carry files, nor the addresses of any."


class ClosedBlocks(PlainBlocks):
    """A Gradio application that takes no files but those that staff have uploaded to it, in its own `gr.File`."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **more: Any) -> list[Any]:
        """What the function `block_fn` is called with. Every call comes through here, whichever way it came.

        Raises `gr.Error` for a file that was not uploaded.
        """
        for block, value in zip(block_fn.inputs, inputs, strict=False):
            allowed = self.upload_file_set if isinstance(block, gr.File) else ()
            if any(path not in allowed for path in named_files(value)):
                raise gr.Error(NO_FILES, print_exception=False)
        prepared: list[Any] = await super().preprocess_data(block_fn, inputs, *args, **more)
        return prepared


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
