"""Running headers, footers and page numbers, which most pages repeat at their edges."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from qa.loaders.pdf.layout import Element

MARGIN_SHARE = 0.1
"""The share of the page's height that headers and footers stand in."""

MIN_PAGES = 3
"""Limits the pages that share a header. Two may share a text by chance, unless the file has only these two."""

MIN_SHARE = 0.4
"""Limits the share of pages that have a header. Left and right pages may have headers of their own."""

PLACE = 6.0
"""The most, in points, by which the heights of a repeated text differ."""

NUMBER = re.compile(r"\d{1,4}")

PAGE_NUMBER = re.compile(
    r"[\s\-–—|~.]*(?:(?:page|p\.|seite|trang|halaman|hal\.|pahina|ទំព័រ|第)\s*)?(\d{1,4})"
    r"(?:\s*(?:/|of|von|dari|ng|sur)\s*\d{1,4})?\s*(?:页|頁|ページ)?[\s\-–—|~.]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Edges:
    """The number of a page, its ends (y, growing downwards), and its elements."""

    number: int
    top: float
    bottom: float
    elements: Sequence[Element]


def find_running(pages: Sequence[Edges]) -> set[int]:
    """The ids (as of `id`) of the elements that are headers, footers or page numbers."""
    places: dict[tuple[str, bool, int], list[tuple[int, Element]]] = defaultdict(list)
    numbers: list[tuple[int, Element]] = []
    for page in pages:
        room = MARGIN_SHARE * (page.bottom - page.top)
        highest = min((element.bottom for element in page.elements), default=0.0)
        lowest = max((element.top for element in page.elements), default=0.0)
        for element in page.elements:
            is_top = element.bottom <= page.top + room
            if not is_top and element.top < page.bottom - room:
                continue
            if match := PAGE_NUMBER.fullmatch(element.text):
                if element.top <= highest if is_top else element.bottom >= lowest:
                    numbers.append((int(match[1]) - page.number, element))
            else:
                distance = element.top - page.top if is_top else page.bottom - element.bottom
                key = NUMBER.sub("#", element.text.casefold())
                places[key, is_top, round(distance / PLACE)].append((page.number, element))
    running = _page_numbers(numbers, count=len(pages))
    for (key, is_top, step), found in places.items():
        texts = {element.text for _, element in found}
        near = (places.get((key, is_top, other), []) for other in (step - 1, step, step + 1))
        on = {number for repeats in near for number, _ in repeats}
        is_on_all = len(on) == len(pages) > 1 and len(texts) == 1
        if is_on_all or len(on) >= max(MIN_PAGES, MIN_SHARE * len(pages)):
            running |= {id(element) for _, element in found}
    return running


def _page_numbers(numbers: Sequence[tuple[int, Element]], *, count: int) -> set[int]:
    """The ids of the elements that count the pages: their numbers grow as the pages do."""
    offsets = Counter(offset for offset, _ in numbers)
    least = max(2 if count > 1 else 1, MIN_SHARE * count)
    return {id(element) for offset, element in numbers if offsets[offset] >= least}
