"""What is known of Filipino."""

from __future__ import annotations

from qa.text.lang.pack import NONE, LanguagePack

PACK = LanguagePack(
    code="fil",
    greetings="kumusta(?: ka| po)?|magandang (?:umaga|hapon|gabi|araw)(?: po)?",
    thanks="(?:maraming )?salamat(?: po)?",
    asks_for_coverage="anong mga dokumento ang mayroon ka|ano ang (?:kaya mong gawin|maitatanong ko)|sino ka",
    points_back=r"\b(?:ito|iyon|doon|nila|sila|nito|niyon|kumusta naman|eh)\b",
    asks_again_before="eh|paano naman",
    asks_again_after="naman",
    asks_city_by_city=(
        r"\b(?:aling|anong|anu-anong|alin-aling) mga (?:lungsod|bansa|kasunduan)|\blahat ng\b"
        r"|\bihambing\b|\bpaghambingin\b|\bbawat lungsod\b|\bilista\b"
    ),
    asks_to_tell=(
        r"\b(?:pakiusap|paki)\b"
        r"|\b(?:ikuwento|ikwento|isalaysay|ilarawan|ipaliwanag|ipakilala|sabihin|magkuwento|magkwento"
        r"|ibahagi)\b|\b(?:mo|ninyo|po|nga|naman)\b|\bsa (?:akin|amin)\b|\bgusto kong malaman\b"
        r"|\b(?:lahat|higit pa)\b"
        r"|\b(?:ano|anu-ano|ano-ano) ang (?:mga )?(?:nagawa|ginawa|ginagawa|nagagawa)\b"
        r"|\bano ang sinasabi ng (?:mga )?dokumento\b"
    ),
    says_nothing_narrower=(
        r"\b(?:tungkol|hinggil|ukol|sa|ng|ang|mga|at|kay|kasama|para|lungsod|pagitan|nito)\b"
        r"|\b(?:pagtutulungan|pakikipagtulungan|kooperasyon|proyekto|gawain|aktibidad|ugnayan"
        r"|karanasan|kuwento)\b"
    ),
    asks_for=r"\b(?:ano|anong|sino|saan|kailan|ilan|ilang|bakit|paano|alin|gaano)\b",
    opens_pointing_back=r"(?:ito|iyon|sila|bukod dito|dahil dito|pagkatapos nito|mula noon)\b",
    negations=r"\b(?:hindi|wala|walang)\b",
    about_evidence=r"\b(?:ebidensya|sipi|tanong|sagot)\b",
    speakers="sistema",
    instructions=(
        r"\bmali ang (?:lahat ng )?ibang dokumento\b"
        r"|\b(?:huwag(?: mong| ninyong)? (?:pansinin|sundin)|balewalain"
        r"|kalimutan)\b.{0,40}\b(?:tagubilin|utos|panuto|tuntunin|patakaran)\b"
        r"|\b(?:isagot|sumagot|sagutin|isulat|sabihin)\b.{0,30}\b(?:lamang|lang)\b|\bikaw ay ngayon\b"
    ),
    contents_headings="(?:talaan ng )?nilalaman",
    page_words=NONE,
    joins_next=NONE,
    joins_number=NONE,
    goes_on_after_quote=NONE,
)
