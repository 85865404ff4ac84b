"""The table of settings in the docs is the one that the code makes."""

from __future__ import annotations

import subprocess
import sys

from conftest import REPOSITORY


def test_the_table_of_settings_is_up_to_date() -> None:
    program = (
        "import sys; sys.path.insert(0, 'scripts'); import write_settings as w; print(w.make_table(), end='')"
    )
    made = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    written = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
    assert made == written, "run: python scripts/write_settings.py"
