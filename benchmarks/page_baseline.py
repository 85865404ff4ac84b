"""A chat page as people build it: `gr.ChatInterface` over LangChain's tutorial stack, as a peer for `page.py`.

There is no language model on either side: what it found is shown as it stands. Prints its address.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the libraries are imported: all weights are local

import gradio as gr
from langchain_baseline import MiniLM, TutorialStack

from qa.evaluation.gold import GoldDocument


def main() -> None:
    """Nothing; serves the page over the Markdown files of the folder in the arguments until it is ended."""
    stack = TutorialStack(MiniLM())
    stack.add(
        GoldDocument(id=path.name, title=path.stem, text=path.read_text(encoding="utf-8"), language="en")
        for path in sorted(Path(sys.argv[1]).glob("*.md"))
    )

    def answer(message: str, history: list[object]) -> str:
        return "\n\n".join(stack.nearest(message))

    chat = gr.ChatInterface(answer, title="Kitakyushu and the cities of Asia")
    _, address, _ = chat.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    print(f"The page is at {address}", flush=True)
    chat.block_thread()


if __name__ == "__main__":
    main()
