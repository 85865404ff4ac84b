"""Whether a question is about several cities, so that each of them needs an answer of its own."""

from __future__ import annotations

import re

CITY_BY_CITY = re.compile(
    r"\b(?:which|what|all|each|every|list|name)\b.{0,40}"
    r"\b(?:cities|countries|agreements|memoranda|memorandums|partners)\b"
    r"|\b(?:each|every) (?:city|country|partner)\b|\bcompar(?:e|ison|ed)\b|\bdiffer(?:s|ence|ences)?\b.*\bcities\b"
    r"|各都市|各市|都市ごと|都市別|どの都市と|どんな都市|どのような都市|都市はどこ|どの国々|(?:すべて|全て|全部)の"
    r"|一覧|比較|比べ"
    r"|哪些|各(?:个)?城市|各市|每个城市|所有|全部|列出|比较|比較|对比"
    r"|(?:những|các) (?:thành phố|nước|quốc gia|thỏa thuận) nào|tất cả|liệt kê|so sánh|mỗi thành phố"
    r"|\b(?:kota|negara)(?:-(?:kota|negara))? (?:mana|apa) saja|\bsemua (?:kota|perjanjian|kesepakatan|negara)"
    r"|\b(?:daftar|bandingkan|sebutkan semua)\b|\bsetiap kota\b|\bmasing-masing\b"
    r"|(?:ទីក្រុង|ប្រទេស)ណាខ្លះ|អ្វីខ្លះ|ទាំងអស់|ប្រៀបធៀប|នីមួយៗ"
    r"|\b(?:aling|anong|anu-anong|alin-aling) mga (?:lungsod|bansa|kasunduan)|\blahat ng\b|\bihambing\b"
    r"|\bpaghambingin\b|\bbawat lungsod\b|\bilista\b",
    re.IGNORECASE,
)
"""How the page's languages ask for a list over cities or countries, or for a comparison."""


def asks_city_by_city(text: str) -> bool:
    """True if `text` asks for something of every city there is, or to compare cities.

    >>> asks_city_by_city("Which cities work with Kitakyushu on waste?")
    True
    >>> asks_city_by_city("Which city received an award in 2001?")
    False
    """
    return CITY_BY_CITY.search(text) is not None
