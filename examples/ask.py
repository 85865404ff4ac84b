"""One question to the documents: `python examples/ask.py "When did Phnom Penh become a sister city?"`."""

from __future__ import annotations

import sys

from qa import load_settings, open_pipeline

answer = open_pipeline(load_settings()).ask(sys.argv[1])
for statement in answer.statements:
    print(statement.text, *(f"[{number}]" for number in statement.citations))
for citation in answer.citations:
    print(f"[{citation.number}] {citation.source.path}: {citation.quote}")
