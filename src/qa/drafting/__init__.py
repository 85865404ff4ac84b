"""Evidence → an answer that a language model writes from it, every sentence held against what it cites."""

from __future__ import annotations

from qa.drafting.interpreter import Interpreter
from qa.drafting.support import Support
from qa.drafting.translation import Translator
from qa.drafting.writer import Writer
from qa.facts.missing import FindMissing, find_missing_with, missing_facts

__all__ = [
    "FindMissing",
    "Interpreter",
    "Support",
    "Translator",
    "Writer",
    "find_missing_with",
    "missing_facts",
]
