"""What axe-core finds on the page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

from playwright.sync_api import Page

from pages import (
    WIDTHS,
)

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
EDGES = (max(WIDTHS), min(WIDTHS))
EXCEPTIONS: dict[tuple[str, str], str] = {}
"""(rule, a part of the element's HTML) that are Gradio's own and cannot be mended from here, and why."""


@dataclass(frozen=True)
class Finding:
    """What axe-core says of one element."""

    screen: str
    rule: str
    impact: str
    element: str
    advice: str

    def __str__(self) -> str:
        return f"{self.screen}: {self.impact} {self.rule}: {self.element}\n    {self.advice}"

    @property
    def is_excepted(self) -> bool:
        """True where Gradio's own element is known to have the fault."""
        return any(rule == self.rule and part in self.element for rule, part in EXCEPTIONS)


def examine(page: Page, screen: str) -> list[Finding]:
    """What axe-core finds on the page as it is now; it is asked for WCAG 2.2 (A, AA) and good practice."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    violations: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
    )
    return [
        Finding(screen, each["id"], each["impact"], node["html"][:300], node["failureSummary"])
        for each in violations
        for node in each["nodes"]
    ]


def hold(findings: list[Finding]) -> None:
    """Nothing, where no finding is grave; all are printed."""
    for finding in findings:
        print(finding)
    assert [str(each) for each in findings if each.impact in GRAVE and not each.is_excepted] == []
