"""Files as LibreOffice writes them: another producer than the libraries that we read with."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

TIMEOUT_S = 120
"""The first start of LibreOffice on a busy machine of two cores takes about 20 s."""


def convert_with_libreoffice(path: Path, to: str, out: Path, *, infilter: str | None = None) -> Path:
    """The file in the folder `out` that LibreOffice makes of `path`; `to` is a suffix without its dot.

    A filter may follow it, as in `docx:MS Word 2007 XML`; `infilter` says how `path` is to be read. Each
    call has a profile of its own, so that two of them can run at once. Where there is no LibreOffice the
    test is skipped, and fails in CI.
    """
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        reason = "LibreOffice is not installed; install libreoffice-core, -writer, -calc and -impress"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soffice-") as profile:
        done = subprocess.run(
            [
                program,
                f"-env:UserInstallation={Path(profile).as_uri()}",
                "--headless",
                "--norestore",
                *([f"--infilter={infilter}"] if infilter else []),
                "--convert-to",
                to,
                "--outdir",
                str(out),
                str(path),
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    made = out / f"{path.stem}.{to.split(':')[0]}"
    if done.returncode != 0 or not made.is_file():
        pytest.fail(f"LibreOffice made no {to} of {path.name}: {done.stdout} {done.stderr}")
    return made


def active_sheet(workbook: openpyxl.Workbook) -> Worksheet:
    """The sheet that the workbook opens with."""
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    return sheet


def make_zip(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
