"""The tree of errors. Their messages are shown to users: each names the file or setting and the next step.

QAError
├── ConfigError         a setting is unknown or has a value that cannot be used
├── LoadError           a file cannot be read
│   └── UnsupportedType its type is not one that we read
├── FetchError          a page cannot be fetched from the web
├── ModelError          a model is missing, or its weights are not the ones that we pinned
├── LLMError            the language model did not write what can be used
├── IndexMismatch       the index is of another format, model or chunking, and cannot be asked
│   ├── IndexUnreadable what the index says of itself cannot be read
│   └── IndexTooNew     a newer program made it: this one leaves it alone
├── IndexMissing        there is no index yet
├── IndexBusy           another process is writing to the index
├── IndexDamaged        the vectors of the index cannot be read
├── StoreUnreachable    the server that the vectors are on does not answer, or not to us
├── DiskError           the disk is full, or a folder of ours cannot be written to
└── InputError          a question, a batch file or a command's argument cannot be used
"""

from __future__ import annotations

from typing import Literal


class QAError(Exception):
    """The root: whatever is raised on purpose is one of these."""

    @property
    def message(self) -> str:
        """What users are told: a `qa.i18n.reasons.Reason` where it can be said in their language, else English."""
        said = self.args[0] if len(self.args) == 1 else None
        return said if isinstance(said, str) else str(self)


class ConfigError(QAError):
    """A setting is unknown or has a value that cannot be used."""


class LoadError(QAError):
    """A file cannot be read."""


class UnsupportedType(LoadError):
    """A file's type is not one that we read."""


class FetchError(QAError):
    """A page cannot be fetched from the web."""


class ModelError(QAError):
    """A model is missing, or its weights are not the ones that we pinned."""


LLMFailure = Literal[
    "unreachable", "wrong_key", "rate_limit", "timeout", "broken", "empty", "endless",
    "wrong_form", "day_cap", "failed",
]  # fmt: skip
"""How a language model can fail: no server; its key is refused; it has too many requests; too slow; the reply
broke off; it is empty; it does not end; it is not of the form asked for; it was asked as often as is allowed a
day; something else."""


class LLMError(QAError):
    """The language model did not write what can be used; `kind` says how it failed."""

    def __init__(self, message: str, *, kind: LLMFailure = "failed") -> None:
        super().__init__(message)
        self.kind: LLMFailure = kind


class IndexMismatch(QAError):
    """The index is of another format, model or chunking, and cannot be asked."""


class IndexUnreadable(IndexMismatch):
    """What the index says of itself cannot be read."""


class IndexTooNew(IndexMismatch):
    """A newer program made the index: this one leaves it alone."""


class IndexMissing(QAError):
    """There is no index yet."""


class IndexBusy(QAError):
    """Another process is writing to the index."""


class IndexDamaged(QAError):
    """The vectors of the index cannot be read."""


class StoreUnreachable(QAError):
    """The server that the vectors are on does not answer, or not to us."""


class DiskError(QAError):
    """The disk is full, or a folder of ours cannot be written to."""


class InputError(QAError):
    """A question, a batch file or a command's argument cannot be used."""
