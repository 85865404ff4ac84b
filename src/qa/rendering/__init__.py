"""`Answer` → what people read: terminal text, Markdown, JSON, HTML. The only place that escapes.

Whatever comes from documents or from an asker is hostile until it has passed through here. HTML is made
with `escaping.fill`, which escapes every value that is not HTML already, so that forgetting is impossible.
"""

from qa.rendering.changes import changes_html, changes_lines
from qa.rendering.coverage import coverage_html, coverage_lines, refused_html
from qa.rendering.documents import documents_html
from qa.rendering.evaluation import evaluation_html
from qa.rendering.evidence import document_html, evidence_html, surroundings, translation_html
from qa.rendering.message import to_html
from qa.rendering.page_parts import (
    header_html,
    login_html,
    notice_html,
    panel_html,
    pending_html,
    turn_html,
)
from qa.rendering.receipts import purge_html, purge_lines, report_html, report_lines
from qa.rendering.text_formats import (
    answer_text,
    documents_to_json,
    passages_to_json,
    to_json,
    to_markdown,
    to_text,
)

__all__ = [
    "answer_text",
    "changes_html",
    "changes_lines",
    "coverage_html",
    "coverage_lines",
    "document_html",
    "documents_html",
    "documents_to_json",
    "evaluation_html",
    "evidence_html",
    "header_html",
    "login_html",
    "notice_html",
    "panel_html",
    "passages_to_json",
    "pending_html",
    "purge_html",
    "purge_lines",
    "refused_html",
    "report_html",
    "report_lines",
    "surroundings",
    "to_html",
    "to_json",
    "to_markdown",
    "to_text",
    "translation_html",
    "turn_html",
]
