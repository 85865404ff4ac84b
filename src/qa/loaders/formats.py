"""The known formats of files. A new format is a row here, and a file with its parser."""

from __future__ import annotations

from dataclasses import dataclass

Kind = str
"""The name of a format, the key of `FORMATS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format.

    `suffixes` are those of its files, the usual suffix first. `noun` is the key of its name in the page's
    languages. `parser` is a module and a function there, which is imported when the first such file comes, for
    some bring half a second of libraries; "" means that such files are not read. `declared_types` are media
    types: (parts of) those that a package names, or those that servers give to a text. `is_text` is true of a
    format that is text itself and goes by many suffixes, none of them wrong.
    """

    suffixes: tuple[str, ...]
    noun: str
    parser: str = ""
    declared_types: tuple[str, ...] = ()
    is_text: bool = False


FORMATS: dict[Kind, Format] = {
    "pdf": Format(suffixes=(".pdf",), noun="why_kind_pdf", parser="qa.loaders.pdf.parser:read_pdf"),
    "word": Format(
        suffixes=(".docx", ".docm", ".dotx", ".dotm"),
        noun="why_kind_word",
        parser="qa.loaders.office.word:read_word",
        declared_types=(
            "wordprocessingml.document.main+xml",
            "wordprocessingml.template.main+xml",
            "application/vnd.ms-word.",
        ),
    ),
    "powerpoint": Format(
        suffixes=(".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"),
        noun="why_kind_powerpoint",
        parser="qa.loaders.office.powerpoint:read_powerpoint",
        declared_types=(
            "presentationml.presentation.main+xml",
            "presentationml.slideshow.main+xml",
            "presentationml.template.main+xml",
            "application/vnd.ms-powerpoint.",
        ),
    ),
    "excel": Format(
        suffixes=(".xlsx", ".xlsm", ".xltx", ".xltm"),
        noun="why_kind_excel",
        parser="qa.loaders.office.excel:read_excel",
        declared_types=(
            "spreadsheetml.sheet.main+xml",
            "spreadsheetml.template.main+xml",
            "application/vnd.ms-excel.sheet.macroenabled.main+xml",
            "application/vnd.ms-excel.template.macroenabled.main+xml",
        ),
    ),
    "opendocument": Format(
        suffixes=(".odt", ".ods", ".odp", ".ott", ".ots", ".otp"), noun="why_kind_opendocument"
    ),
    "html": Format(
        suffixes=(".html", ".htm", ".xhtml", ".xht"),
        noun="why_kind_html",
        parser="qa.loaders.html:read_html",
        declared_types=("text/html", "application/xhtml+xml"),
        is_text=True,
    ),
    "email": Format(
        suffixes=(".eml", ".mht", ".mhtml"),
        noun="why_kind_email",
        parser="qa.loaders.email:read_email",
        is_text=True,
    ),
    "markdown": Format(
        suffixes=(".md", ".markdown"),
        noun="why_kind_markdown",
        parser="qa.loaders.markdown:read_markdown",
        declared_types=("text/markdown",),
        is_text=True,
    ),
    "text": Format(
        suffixes=(".txt", ".text"), noun="why_kind_text", parser="qa.loaders.text:read_text", is_text=True
    ),
}
