"""Answers from documents, with citations that hold.

>>> from qa import load_settings, open_pipeline
>>> pipeline = open_pipeline(load_settings())  # doctest: +SKIP
>>> answer = pipeline.ask("When did Phnom Penh become a sister city?")  # doctest: +SKIP
>>> answer.statements[0].text, answer.citations[0].source.path  # doctest: +SKIP

`open_pipeline` raises `IndexMissing` before the first `qa index`, `IndexMismatch` or `ModelError`. All that is
raised on purpose is a `QAError`, whose message names the next step. A name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from qa.system.telemetry import switch_off

# On import, the only thing that happens there: whatever is imported next may read its switch at once.
switch_off()

if TYPE_CHECKING:
    from qa.config import Settings, load_settings
    from qa.domain import Answer, Citation, Document
    from qa.errors import QAError
    from qa.pipeline import open_pipeline

__all__ = [
    "Answer",
    "Citation",
    "Document",
    "QAError",
    "Settings",
    "__version__",
    "load_settings",
    "open_pipeline",
]

__version__ = "0.2.0"

_MODULES = {
    "Answer": "qa.domain",
    "Citation": "qa.domain",
    "Document": "qa.domain",
    "QAError": "qa.errors",
    "Settings": "qa.config",
    "load_settings": "qa.config",
    "open_pipeline": "qa.pipeline",
}


def __getattr__(name: str) -> object:
    """The public name, from the module that has it (PEP 562): `qa --help` needs none of them."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """The names that are loaded, and the public ones."""
    return sorted({*globals(), *__all__})
