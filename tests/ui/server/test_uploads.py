"""Facts about files in calls: only what was uploaded is taken, and nothing is fetched for whoever asks."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from conftest import CountingEmbedder
from pages import Server, call_function
from qa.config import Settings
from qa.models import Models
from qa.pipeline import Pipeline
from qa.ui.page import build_page
from qa.ui.server.calls import NO_FILES
from quick import DALIAN, answer_of, asked

ADDRESS = "http://192.0.2.1/secret.txt"
"""Where nobody is: set aside for documentation."""
FILE = {"path": ADDRESS, "url": ADDRESS, "meta": {"_type": "gradio.FileData"}}

running = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")

    async def lay_out() -> gr.Blocks:
        return build_page(Pipeline.build(settings, Models(CountingEmbedder())))

    return asyncio.run(lay_out())


def prepare(blocks: gr.Blocks, function: Any, inputs: list[Any]) -> Any:
    """What `function` is called with where `inputs` came."""
    return asyncio.run(blocks.preprocess_data(function, inputs, None))


@pytest.mark.parametrize("value", [FILE, [FILE], {"a": [{"b": FILE}]}, {**FILE, "path": "/etc/hostname"}])
def test_no_function_takes_a_file_by_its_address_or_path(blocks: gr.Blocks, value: Any) -> None:
    count = 0
    for function in blocks.fns.values():
        for place in range(len(function.inputs)):
            inputs: list[Any] = [None] * len(function.inputs)
            inputs[place] = value
            with pytest.raises(gr.Error, match=re.escape(NO_FILES)):
                prepare(blocks, function, inputs)
            count += 1
    assert count > 30


def test_staff_s_corner_takes_what_was_uploaded(blocks: gr.Blocks, tmp_path: Path) -> None:
    reindex = next(function for function in blocks.fns.values() if function.api_name == "reindex")
    (place,) = [place for place, block in enumerate(reindex.inputs) if isinstance(block, gr.File)]
    uploaded = tmp_path / "a.txt"
    uploaded.write_text("a")
    inputs: list[Any] = [None] * len(reindex.inputs)
    inputs[place] = [{**FILE, "path": str(uploaded), "url": None}]
    with pytest.raises(gr.Error, match=re.escape(NO_FILES)):
        prepare(blocks, reindex, inputs)
    blocks.upload_file_set.add(str(uploaded))
    assert Path(prepare(blocks, reindex, inputs)[place][0]).read_text() == "a"


class TestRunningPage:
    pytestmark = running

    @pytest.mark.parametrize("value", [FILE, {"a": [FILE]}])
    def test_a_call_that_carries_an_address_is_told_off(self, quick: Server, value: Any) -> None:
        assert NO_FILES in answer_of(quick.address, "ask", asked(quick.address, value))
        body = {"question": "x", "cities": [value]}
        answer = httpx.post(f"{quick.address}gradio_api/call/v2/ask", json=body)
        assert NO_FILES in answer_of(quick.address, "ask", answer)

    def test_a_call_past_the_page_s_own_boxes_is_told_off(self, quick: Server) -> None:
        assert NO_FILES in call_function(quick.address, "clear", [FILE, "en"])
