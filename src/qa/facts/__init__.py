"""Numbers, dates, units and names that a sentence has and its quotes have not, in seven languages."""

from qa.facts.checking import Fact, missing_facts

__all__ = ["Fact", "missing_facts"]
