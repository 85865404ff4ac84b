"""The README's commands, settings and files are real."""

from __future__ import annotations

import dataclasses
import re
import shlex

import pytest

from conftest import REPOSITORY
from qa.cli import build_parser
from qa.config import Settings
from qa.loaders.kinds import SUFFIXES
from qa.loaders.registry import READERS

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("    #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
INLINE = [command for command in re.findall(r"`(qa [a-z][^`]*)`", README) if "…" not in command]


def test_the_first_screen_has_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:25])
    assert "make chat" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_has_the_target(command: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in COMMANDS if "qa " in c] + INLINE)
def test_the_command_line_takes_the_command(command: str) -> None:
    words = shlex.split(command)
    options = build_parser().parse_args(words[1:])
    assert callable(options.command)


def test_the_table_of_settings_names_each_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| (`[a-z_`, ]+) \| ([^|]+) \|", README, re.MULTILINE))
    listed = {name for names in rows for name in re.findall(r"`([a-z_]+)`", names)}
    assert listed == {field.name for field in dataclasses.fields(Settings)}
    settings = Settings()
    for names, defaults in rows.items():
        for name in re.findall(r"`([a-z_]+)`", names):
            value = getattr(settings, name)
            shown = ",".join(value) if isinstance(value, tuple) else str(value)
            assert shown in defaults or not shown, name


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_linked_files_exist(target: str) -> None:
    assert (REPOSITORY / target).exists()


def test_every_readable_type_is_named() -> None:
    for kind in READERS:
        assert f"`{SUFFIXES[kind][0]}`" in README
