"""`Answer` → what people read: terminal text, Markdown, JSON, HTML. The only place that escapes.

Whatever comes from documents or from an asker is hostile until it has passed through here. HTML is made
with `escaping.fill`, which escapes every value that is not HTML already, so that forgetting is impossible.
"""

from qa.rendering.message import to_html
from qa.rendering.text_formats import to_json, to_markdown, to_text

__all__ = ["to_html", "to_json", "to_markdown", "to_text"]
