"""All that the program knows of English."""

from __future__ import annotations

from qa.text.lang.pack import CITY, LanguagePack, counted

SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "bn": 10**9,
    "dozen": 12,
}  # fmt: skip
UNITS = {
    "%": "percent per_cent pct", "km2": "square_kilomet(?:re|er)s? sq_km", "m2": "square_met(?:re|er)s?",
    "m3": "cubic_met(?:re|er)s?", "km": "kilomet(?:re|er)s?", "cm": "centimet(?:re|er)s?",
    "mm": "millimet(?:re|er)s?", "m": "met(?:re|er)s?", "mile": "miles?", "ft": "foot feet",
    "ha": "hectares?", "l": "lit(?:re|er)s?", "kg": "kilograms? kilogrammes?", "mg": "milligrams?",
    "g": "grams?", "t": "tons? tonnes?", "kwh": "kilowatt-?hours?", "kw": "kilowatts?",
    "mwh": "megawatt-?hours?", "mw": "megawatts?", "gw": "gigawatts?", "°c": "degrees_celsius",
    "year": "years? anniversar(?:y|ies)", "month": "months?", "week": "weeks?", "day": "days?",
    "hour": r"hours? hrs? [ap]m [ap]\.m\.", "minute": "minutes? mins?", "second": "seconds?",
    "century": "centur(?:y|ies)", "usd": r"us_dollars? u\.?s\.?_dollars? dollars?", "yen": "yen",
    "cny": "yuan", "vnd": "dong", "idr": "rupiah", "php": "pesos?", "khr": "riels?", "eur": "euros?",
    "gbp": "pounds?",
}  # fmt: skip
ALIASES = {
    "co2": "co2|co₂|carbon dioxide", "ghg": "ghg|ghgs|greenhouse gas",
    "oda": "oda|official development assistance", "mou": "mou|memorandum of understanding",
    "un": "un|united nations", "unep": "unep|united nations environment program",
    "jica": "jica|japan international cooperation agency", "sdgs": "sdgs|sdg|sustainable development goal",
    "usa": "usa|us|u.s.|united states", "eu": "eu|european union", "uk": "uk|u.k.|united kingdom|britain",
}  # fmt: skip

PACK = LanguagePack(
    code="en",
    has_no=(
        "asks_again_after stops page_words joins_next goes_on_after_quote counted_months dates "
        "eras era_names before_decade whole_numbers counters number_lookalikes units_before "
        "tenths before_rank after_rank"
    ),
    greetings=("(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings)(?: there| everyone)?"),
    thanks=("(?:many )?thanks(?: a lot| very much)?|thank you(?: very much| so much)?|bye|goodbye"),
    asks_for_coverage=(
        "(?:what|which) (?:documents|sources|files) (?:do you have|are there|do you know"
        "|can you read)|(?:what|which questions) can (?:you (?:do|answer|tell me)|i ask(?: you)?)"
        "|who are you|what are you|help"
    ),
    points_back=(
        r"\b(?:it|its|they|them|their|those|these|he|she|his|her|the same)\b"
        r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b(?! (?:is|are|was|were)\b)"
        r"|\b(?:this|that) (?:city|country|project|agreement|plan|plant|year|time|method|program"
        r"|programme|award)\b|^(?:and|but|so|also|what about|how about)\b"
    ),
    asks_again_before="and|(?:and )?(?:what|how) about",
    asks_city_by_city=(
        r"\b(?:which|what|all|each|every|list|name)\b.{0,40}\b(?:cities|countries|agreements|memoranda"
        r"|memorandums|partners)\b|\b(?:each|every) (?:city|country|partner)\b|\bcompar(?:e|ison|ed)\b"
        r"|\bdiffer(?:s|ence|ences)?\b.*\bcities\b"
    ),
    asks_to_tell=(
        r"\b(?:can|could|would|will) you\b|\bplease\b"
        r"|\bi(?: want| would like|['’]d like) to (?:know|learn|hear)(?: more)?\b|\btell (?:me|us)\b"
        r"|\btalk\b|\b(?:introduce|describe|present|summari[sz]e)\b|\bgive (?:me|us)\b"
        r"|\b(?:an? )?(?:overview|summary|introduction|information)\b"
        r"|\b(?:more|everything|something)\b"
        r"|\bwhat (?:do|does|can|did) (?:(?:the|your) (?:documents?|cent(?:re|er))|you) (?:say|know"
        r"|tell (?:me|us))\b|\bwhat is (?:known|written|said)\b|\b(?:what|how) about\b"
        rf"|\bwhat (?:has|have|had|did|does|do|is|are) {CITY}(?: and {CITY})? (?:been )?(?:done?|doing"
        rf"|achieved?)\b|\bwhat {CITY}(?: and {CITY})? (?:(?:has|have) )?(?:done|did|does|do)\b"
        r"|\bwhat (?:has been|was|is being) (?:done|achieved)\b"
        rf"|\bhow (?:has|have|did|does|do|is|are) {CITY}(?: and {CITY})? (?:cooperat|collaborat|work)(?:e|ed"
        r"|ing)?\b"
    ),
    says_nothing_narrower=(
        r"['’]s\b|\b(?:about|on|with|in|of|for|by|from|between|and|to|the|its|your|our|all|any|so far"
        r"|together|city)\b|\b(?:joint|environmental|international)\b"
        r"|\b(?:cooperation|collaboration|partnership|relations?|ties)\b"
        r"|\b(?:relationship|work|projects?|activit(?:y|ies)|efforts?|initiatives?|story|case|history"
        r"|experience)\b"
    ),
    asks_for=r"\b(?:what|when|where|which|who|whom|whose|why|how|name)\b",
    opens_pointing_back=(
        "(?:this|these|those|that|it|its|they|their|them|he|she|his|her|such|both|the both|the latter"
        "|the former|the two (?:cities|sides|parties)|here|there|then|thus|therefore|hence|however"
        "|moreover|furthermore|since then|after that|before that|during (?:that|this)|at (?:that"
        "|this) time|as a result|in addition|in particular|for (?:example|this|that)|on the basis of"
        "|also|because of (?:this|that)|in (?:this|that|these|those|response)"
        r"|taking the opportunity)\b"
    ),
    negations=(
        r"\b(?:not|no|never|none|neither|nor|without|cannot|\w+n['’]t|fail(?:s|ed)?|refus(?:e[sd]?|al)"
        r"|reject(?:s|ed)?)\b"
    ),
    about_evidence=(
        r"\b(?:evidence|quotes?|quotations?|excerpts?|passages?|the (?:documents?|texts?|question"
        r"|answer)|NO_ANSWER)\b"
    ),
    speakers="system|assistant|developer",
    instructions=(
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rules?"
        r"|above|previous|evidence)\b|\b(?:system|assistant|developer)\s{1,3}(?:prompt|message)\b"
        r"|\byou are (?:now|an? (?:ai|assistant|language)\b)"
        r"|\b(?:reply|respond|answer|output|print|say|write)\b.{0,30}\b(?:only|exactly|with the word"
        r"|instead|verbatim)\b|\bdo not (?:cite|answer|mention|follow|use the)\b"
        r"|\b(?:other|all other|the other) (?:documents?|quotes?|sources?|passages?|figures?"
        r"|numbers?)\b.{0,30}\b(?:wrong|false|outdated|obsolete|ignored?|void)\b"
        r"|\b(?:language model|chat ?bot|ai assistant|llms?)s?\b.{0,60}\b(?:must|should|shall)\b"
        r"|\b(?:must|should|shall|always|please|now|instead)\b.{0,30}\b(?:cite|quote|answer with|reply"
        r"|respond)\b"
    ),
    contents_headings="(?:table of )?contents",
    joins_number="Tel|Fax|Vol|approx|ca|Art|tel|fax|vol",
    small_words=(
        "a about after all also an and any are as at be been before between by called can could did "
        "do does during first for from give had has have he her his how i in into is it its kind "
        "least less long many may me might more most much my name not of on one only or other our "
        "over same shall she should so some such tell than that the their them then there these they "
        "this those to type under until us used was we were what when where which while who whom "
        "whose why will with would you your"
    ),
    empty_words=(
        "a about according again also although among an and another any are as at be because been "
        "being between both but by can city could did do does doing done during each either every for "
        "from further had has have having he her here him his how however i if in into is it its "
        "itself just made make may might much must nor now of off on once one or other our out own "
        "per said same says shall she should since so some still such than that the their them then "
        "there these they this those through thus to too total upon very was we were what when where "
        "whether which while who whom whose why will with within would yet you your respectively "
        "including included include well"
    ),
    function_words=(
        "a an the and or but nor as at by for from in into is are was were be been being has have had "
        "it its he she they we you this that these those which who whom when where while on of to "
        "under between through until since because after before about both all with without via will "
        "would can could may might must shall should did does do not also already again together "
        "jointly alone onward onwards respectively there their his her our so if"
    ),
    uncounted_words=(
        "and or to of in on at by for from until till than were was are is has had have the out per percent"
    ),
    event_nouns=(
        "agreement accord memorandum mou survey plan award prize meeting conference summit report "
        "visit declaration law act budget workshop forum festival exhibition campaign edition target "
        "goal project programme program period"
    ),
    determiners="the|this|that|its|their|our|an?",
    no_names=(
        "mr mrs ms dr prof city town province prefecture since after before during while according "
        "although thus however moreover from today currently am pm no nr vol ok"
    ),
    common_words="the of and in to was is were are has have had by with for from its this that on as at which",
    demonyms={"chinese": "china", "filipino": "philippines", "filipinos": "philippines", "khmer": "cambodia"},
    aliases=ALIASES,
    months=counted(
        "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug "
        "september/sept/sep october/oct november/nov december/dec",
        1,
    ),
    month_lookalikes="may march mar sep sept jan dec jun jul aug apr feb oct nov",
    before_month="in|of|since|until|by|from|to|last|next|this|early|late|mid|during|and",
    year_words="of",
    before_year=("since|until|till|during|fiscal|fy|years?|dated|early|late|mid|circa|(?:end|beginning) of"),
    before_likely_year="in|from|by|of|before|after",
    before_amount=r"(?:total|number|capacity|population|sum|maximum|minimum|average|up|out)\s+of",
    before_two_years="between",
    after_decade="['’]?s",
    same_year=r"(?:that|the same) year,?\s(?:in\s)?",
    until="to|until|till|through",
    after_until="the|end|fiscal|year",
    ands="and|or|&",
    small_numbers=counted(
        "zero one two three four five six seven eight nine ten eleven/eleventh twelve "
        "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    )
    | counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
    | {"twice": 2, "thrice": 3},
    ordinals={"first": 1, "second": 2}
    | counted(
        "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth",
        3,
    )
    | counted("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
    scales=SCALES,
    joins_numbers="and",
    vague_amounts="(?:several|few|many) ",
    before_age=r"\baged?(?: of)?|\bwas(?: around| about)?",
    before_both=r"\b(?:the|these|both|its|their|our|those)",
    both_nouns="cities|sides",
    rank_endings="st|nd|rd|th",
    thousands_mark=",",
    units=UNITS,
)
