"""Writes the table of settings, `docs/settings.md`, from `qa.config`: `python scripts/write_settings.py`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
from pathlib import Path

from qa.config import Settings

TARGET = Path(__file__).parents[1] / "docs" / "settings.md"

HEAD = """# Settings

Made by `scripts/write_settings.py` from `src/qa/config.py`. A setting stands in `qa.toml` (`chunk_tokens = 300`)
or in the environment (`QA_CHUNK_TOKENS=300`), which wins; an option of the command line wins over both. An unknown
name is an error.

| setting | default | what it says |
|---|---|---|
"""


def make_table() -> str:
    """The whole of `docs/settings.md`."""
    (body,) = (
        node.body for node in ast.parse(inspect.getsource(Settings)).body if isinstance(node, ast.ClassDef)
    )
    texts = {
        declared.target.id: " ".join(text.value.value.split())
        for declared, text in itertools.pairwise(body)
        if isinstance(declared, ast.AnnAssign) and isinstance(declared.target, ast.Name)
        if isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
    rows = (
        f"| `{each.name}` | {_show(each.default)} | {texts[each.name]} |\n"
        for each in dataclasses.fields(Settings)
    )
    return HEAD + "".join(rows)


def _show(default: object) -> str:
    """A default as it is written in the environment; empty where there is none."""
    if default is None or default in ("", ()):
        return ""
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    TARGET.write_text(make_table(), encoding="utf-8")
