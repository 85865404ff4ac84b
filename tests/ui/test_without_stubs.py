"""Facts about how Gradio is imported."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec

import gradio
import pytest

import qa.ui


def test_gradio_compares_and_writes_no_type_stubs() -> None:
    (finder,) = [each for each in sys.meta_path if isinstance(each, qa.ui._WithoutStubs)]
    spec = finder.find_spec("gradio.component_meta", gradio.__path__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert issubclass(module.ComponentMeta, type)
    assert module.create_or_modify_pyi(int, "int", []) is None  # of `int` there is no source to read


@pytest.mark.parametrize("name", ["gradio.blocks", "json", "gradio.component_meta.more"])
def test_all_else_is_imported_as_ever(name: str) -> None:
    (finder,) = [each for each in sys.meta_path if isinstance(each, qa.ui._WithoutStubs)]
    assert finder.find_spec(name, gradio.__path__) is None
