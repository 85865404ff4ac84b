"""Writes the table of settings, `docs/settings.md`, from `qa.config`: `python scripts/write_settings.py`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

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
    rows = (
        f"| `{each.name}` | {_show(each.default)} | {_tell(each)} |\n"
        for each in dataclasses.fields(Settings)
    )
    return HEAD + "".join(rows)


def _tell(setting: dataclasses.Field[Any]) -> str:
    """What a setting says, the numbers that it takes, and whether it is a secret."""
    limits = " From {:,} to {:,}.".format(*setting.metadata["range"]) if setting.metadata["range"] else ""
    return f"{setting.metadata['help']}{limits}{'' if setting.repr else ' Never shown.'}"


def _show(default: object) -> str:
    """A default as it is written in the environment; empty where there is none."""
    if default is None or default in ("", ()):
        return ""
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    TARGET.write_text(make_table(), encoding="utf-8")
