"""Loads sentence-transformers models from a folder or a hub: quietly, with errors that name the setting."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from qa.errors import ModelError

HUB_TIMEOUT_S = 10.0
"""Limits the time in which the hub says whether it has a model."""
MODEL_FILES = ("*.json", "*.safetensors", "*.bin", "*.txt", "*.model")
"""The files that make a model: its settings, weights and vocabulary, but not its readme."""

Model = TypeVar("Model")


def load_quietly(
    load: Callable[..., Model], *, setting: str, folder_or_name: str, local_only: bool = False
) -> Model:
    """The model that `load(local_files_only)` makes of the files here.

    Where there are none, and not `local_only`, the model from the hub. Raises a `ModelError` that names `setting`.
    """
    from safetensors import SafetensorError

    failures = (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError)
    with _quiet():
        try:
            return load(local_files_only=True)
        except failures as error:
            # A folder, whether it is there or not, is nothing to ask a hub for.
            if local_only or Path(folder_or_name).exists() or folder_or_name.startswith((".", "/", "~")):
                raise ModelError(_cannot_load(setting, folder_or_name, error)) from error
        try:
            _ask_hub(folder_or_name)
            return load(local_files_only=False)
        except failures as error:
            raise ModelError(_cannot_load(setting, folder_or_name, error)) from error


def _ask_hub(name: str) -> None:
    """Raise `ConnectionError` unless the hub answers.

    Asked once, because loading asks for each file six times: 70 s until a machine that is offline gave up.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        HfApi().model_info(name, timeout=HUB_TIMEOUT_S)
    except RepositoryNotFoundError:
        return  # Loading knows more names: sentence-transformers puts its own organisation before some.
    except ValueError:
        raise  # The name cannot be one.
    except Exception as error:
        # The hub's client lets its HTTP library's errors through, and that library is another by its release.
        raise ConnectionError(f"the model hub does not answer: {error}") from error


def describe_source(folder_or_name: str, model: Any) -> str:
    """The mark that tells a model from others: a hash of its folder's files, or its name and revision."""
    folder = Path(folder_or_name)
    if folder.is_dir():
        return f"folder@{hash_folder(folder)[:16]}"
    config = getattr(model.transformers_model, "config", None)
    revision = getattr(config, "_commit_hash", None)
    if revision is None:
        settings = config.to_json_string() if config is not None else str(model)
        revision = "config-" + hashlib.sha256(settings.encode()).hexdigest()[:16]
    return f"{folder_or_name}@{revision}"


def hash_folder(folder: Path) -> str:
    """The SHA-256 (hex) of the names and bytes of a model folder's settings, weights and vocabulary.

    The weights count too: a model that was trained further has the same settings and sizes. The folder's own
    name does not count, so that a model can be moved.
    """
    digest = hashlib.sha256()
    for path in sorted({path for pattern in MODEL_FILES for path in folder.rglob(pattern) if path.is_file()}):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from showing progress bars and warnings on stderr while this is open."""
    from transformers.utils import logging as transformers_logging

    log: Any = transformers_logging  # its functions have no annotations
    verbosity, had_bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.ERROR)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if had_bars:
            log.enable_progress_bar()


def _cannot_load(setting: str, folder_or_name: str, error: Exception) -> str:
    """The message of a model that does not load, with its setting, the reason and the next step."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    default = "none" if setting == "reranker" else "packaged"
    return (
        f"{setting} is {folder_or_name!r}, which cannot be loaded ({reason}); set {setting} to {default}, "
        "to a folder with such a model, or to a name on a model hub that this machine reaches"
    )
