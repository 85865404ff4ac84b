"""All that the program knows of Filipino."""

from __future__ import annotations

from qa.text.lang.pack import BLANKS, LanguagePack, counted

SCALES = {
    "daan": 100, "daang": 100, "libo": 1000, "libong": 1000, "milyon": 10**6, "milyong": 10**6,
    "bilyon": 10**9, "bilyong": 10**9,
}  # fmt: skip
UNITS = {
    "%": "porsiyento porsyento bahagdan", "km2": "(?:kilometro_kuwadrado|kilometrong_parisukat)",
    "m2": "metro_kuwadrado", "m3": "metro_kubiko", "km": "kilometro(?:ng)?", "cm": "sentimetro",
    "mm": "milimetro", "m": "metro(?:ng)?", "mile": "milya", "ft": "talampakan", "ha": "ektarya(?:ng)?",
    "l": "litro(?:ng)?", "kg": "kilo(?:ng)?", "g": "gramo", "t": "tonelada(?:ng)?", "year": "taon(?:g)?",
    "month": "buwan(?:g)?", "week": "linggo(?:ng)?", "day": "araw", "hour": "oras",
    "minute": "minuto(?:ng)?", "second": "segundo(?:ng)?", "century": "siglo", "usd": "dolyar(?:es)?",
    "php": "piso(?:ng)?",
}  # fmt: skip

PACK = LanguagePack(
    code="fil",
    has_no=(
        "stops page_words joins_next joins_number goes_on_after_quote small_words empty_words "
        "event_nouns determiners demonyms counted_months dates eras era_names before_amount "
        "after_decade same_year counters number_lookalikes before_age units_before tenths "
        "after_rank rank_endings"
    ),
    greetings="kumusta(?: ka| po)?|magandang (?:umaga|hapon|gabi|araw)(?: po)?",
    thanks="(?:maraming )?salamat(?: po)?",
    asks_for_coverage=(
        "anong mga dokumento ang mayroon ka|ano ang (?:kaya mong gawin|maitatanong ko)|sino ka"
    ),
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
    function_words="sa ng ang na ay nang para upang hanggang mula si ni kung nina sina",
    uncounted_words="at o sa ng ay hanggang mula",
    no_names="ginoo gng lungsod lalawigan noong mula ayon para bukod",
    common_words="ng sa ang mga na ay noong nang para upang mula taong taon ito si ni may kasunduan lungsod",
    aliases={"mou": "memorandum ng pagkakaunawaan", "usa": "estados unidos"},
    months=counted(
        "enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre", 1
    ),
    month_lookalikes="abril mayo",
    before_month="noong|buwan ng",
    year_words="taong|taon|ng",
    before_year="noong|taong|taon|simula",
    before_likely_year="sa|ng|hanggang|bago|mula|nang",
    before_two_years=rf"pagitan{BLANKS}ng",
    before_decade=rf"dekada(?:{BLANKS}ng)?",
    until="hanggang",
    after_until="sa",
    ands="at",
    small_numbers=counted(
        "sero isa/isang dalawa/dalawang tatlo/tatlong apat lima/limang anim pito/pitong "
        "walo/walong siyam sampu/sampung labing-isa/labing-isang "
        "labindalawa/labindalawang labintatlo/labintatlong labing-apat "
        "labinlima/labinlimang labing-anim labimpito/labimpitong labingwalo/labingwalong "
        "labinsiyam"
    )
    | counted(
        "dalawampu/dalawampung/dalawampu't tatlumpu/tatlumpung/tatlumpu't "
        "apatnapu/apatnapung/apatnapu't limampu/limampung/limampu't "
        "animnapu/animnapung/animnapu't pitumpu/pitumpung/pitumpu't "
        "walumpu/walumpung/walumpu't siyamnapu/siyamnapung/siyamnapu't",
        20,
        10,
    ),
    whole_numbers={"sandaan": 100, "sanlibo": 1000, "sanlibong": 1000},
    ordinals=counted(
        "ikalawa/ikalawang/pangalawa/pangalawang ikatlo/ikatlong/pangatlo/pangatlong "
        "ikaapat/ika-apat/pang-apat ikalima/ikalimang/panlima/panlimang "
        "ikaanim/ika-anim/pang-anim ikapito/ikapitong/pampito/pampitong "
        "ikawalo/ikawalong/pangwalo/pangwalong ikasiyam/pansiyam "
        "ikasampu/ikasampung/pansampu",
        2,
    ),
    scales=SCALES,
    joins_numbers="at|na|'t",
    vague_amounts="(?:ilang|mga) ",
    before_both=r"\bang",
    both_nouns="lungsod",
    before_rank="ika-?",
    thousands_mark=",",
    units=UNITS,
)
