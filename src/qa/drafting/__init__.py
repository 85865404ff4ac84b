"""Evidence → an answer that a language model writes from it, every sentence held against what it cites."""

from qa.drafting.interpreter import Interpreter
from qa.drafting.support import Support
from qa.drafting.translation import Translator
from qa.drafting.writer import Writer

__all__ = ["Interpreter", "Support", "Translator", "Writer"]
