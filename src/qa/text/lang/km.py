"""All that the program knows of Khmer."""

from __future__ import annotations

from qa.text.lang.pack import DAY, GAP, YEAR, LanguagePack, choice, counted

MONTHS = counted("មករា កុម្ភៈ មីនា មេសា ឧសភា មិថុនា កក្កដា សីហា កញ្ញា តុលា វិច្ឆិកា ធ្នូ", 1)

SCALES = {
    "រយ": 100, "ពាន់": 1000, "ម៉ឺន": 10**4, "សែន": 10**5, "លាន": 10**6, "កោដិ": 10**7, "ប៊ីលាន": 10**9,
    "ប៊ីលីយ៉ុន": 10**9,
}  # fmt: skip
UNITS = {
    "%": "ភាគរយ", "km2": "គីឡូម៉ែត្រការ៉េ", "m2": "ម៉ែត្រការ៉េ", "m3": "ម៉ែត្រគូប", "km": "គីឡូម៉ែត្រ",
    "cm": "សង់ទីម៉ែត្រ", "mm": "មីលីម៉ែត្រ", "m": "ម៉ែត្រ", "mile": "ម៉ាយ", "ha": "ហិកតា", "l": "លីត្រ",
    "kg": "គីឡូក្រាម", "t": "តោន", "kw": "គីឡូវ៉ាត់", "mw": "មេហ្គាវ៉ាត់", "°c": "អង្សាសេ", "year": "ឆ្នាំ",
    "month": "ខែ", "week": "សប្ដាហ៍ សប្តាហ៍", "day": "ថ្ងៃ", "hour": "ម៉ោង", "minute": "នាទី",
    "second": "វិនាទី", "century": "សតវត្សរ៍ សតវត្ស", "usd": "ដុល្លារ", "yen": "យ៉េន", "cny": "យន់",
    "idr": "រូពៀ", "php": "ប៉េសូ", "khr": "រៀល", "eur": "អឺរ៉ូ",
}  # fmt: skip
ALIASES = {
    "co2": "កាបូនឌីអុកស៊ីត", "ghg": "ឧស្ម័នផ្ទះកញ្ចក់", "mou": "អនុស្សរណៈ", "un": "អង្គការសហប្រជាជាតិ",
}  # fmt: skip

PACK = LanguagePack(
    code="km",
    has_no=(
        "asks_again_after page_words joins_next joins_number goes_on_after_quote small_words "
        "empty_words function_words uncounted_words event_nouns determiners no_names common_words "
        "demonyms counted_months month_lookalikes before_month eras era_names before_likely_year "
        "before_amount before_two_years after_decade same_year after_until whole_numbers ordinals "
        "joins_numbers counters number_lookalikes before_age before_both thousands_mark tenths "
        "after_rank rank_endings"
    ),
    greetings="សួស្តី|សួស្ដី|ជំរាបសួរ",
    thanks="អរគុណ(?:ច្រើន)?",
    asks_for_coverage="តើអ្នកមានឯកសារអ្វីខ្លះ|តើអ្នកអាចធ្វើអ្វីបាន|តើអ្នកជានរណា",
    points_back="នោះ|ទីនោះ|វា(?!ង)|ពួកគេ|ចុះ",
    asks_again_before="ចុះ",
    asks_city_by_city="(?:ទីក្រុង|ប្រទេស)ណាខ្លះ|អ្វីខ្លះ|ទាំងអស់|ប្រៀបធៀប|នីមួយៗ",
    asks_to_tell=(
        "តើ|សូម|ប្រាប់|រៀបរាប់|ណែនាំ|ពន្យល់|និយាយ|ខ្ញុំ|យើង|ចង់ដឹង|ឲ្យដឹង|ឱ្យដឹង|បន្ថែម|លម្អិត"
        "|(?:បាន)?(?:ធ្វើ|សហការ)(?:អ្វី(?:ខ្លះ)?)|ឯកសារ(?:និយាយ|ចែង|សរសេរ)(?:អ្វី(?:ខ្លះ)?|យ៉ាងណា)"
        "|អ្វីខ្លះ"
    ),
    says_nothing_narrower=(
        "អំពី|ពី|បាន|ជាមួយ(?:នឹង)?|និង|នៅ|ក្នុង|របស់|រវាង|សម្រាប់|ទីក្រុង|ក្រុង|រួមគ្នា"
        "|(?:កិច្ច|ការ)?(?:សហប្រតិបត្តិការ|សហការ|គម្រោង|សកម្មភាព|ទំនាក់ទំនង|ការងារ)|[៖។]"
    ),
    asks_for="អ្វី|ណា|ប៉ុន្មាន|ម្តេច|យ៉ាងម៉េច",
    opens_pointing_back="(?:នេះ|នោះ|បន្ទាប់ពីនោះ|លើសពីនេះ|ពួកគេ|គាត់)",
    negations="មិន|គ្មាន",
    about_evidence="ភស្តុតាង|សំណួរ|ចម្លើយ",
    speakers="ប្រព័ន្ធ",
    instructions=("(?:មិនអើពើ|បំភ្លេច|កុំធ្វើតាម|កុំគោរព).{0,30}(?:ណែនាំ|បញ្ជា|ច្បាប់|វិធាន)|ឆ្លើយ(?:តែ|ថា|ត្រឹមតែ)"),
    stops="។៕",
    contents_headings="មាតិកា",
    aliases=ALIASES,
    months=MONTHS,
    dates=(
        rf"(?:ថ្ងៃ(?:ទី)?{GAP}{DAY}{GAP})?ខែ{GAP}(?P<month>{choice(MONTHS)})"
        rf"(?:{GAP}(?:ឆ្នាំ{GAP})?{YEAR}(?!\d))?",
    ),
    year_words="ឆ្នាំ",
    before_year="ឆ្នាំ",
    before_decade="ទសវត្ស(?:រ៍)?(?:ឆ្នាំ)?",
    until="ដល់",
    ands="និង",
    small_numbers=counted("សូន្យ មួយ ពីរ បី បួន ប្រាំ ប្រាំមួយ ប្រាំពីរ/ប្រាំពិល ប្រាំបី ប្រាំបួន ដប់")
    | counted("ម្ភៃ សាមសិប សែសិប ហាសិប ហុកសិប ចិតសិប ប៉ែតសិប កៅសិប", 20, 10),
    scales=SCALES,
    vague_amounts="រាប់ ",
    both_nouns="ទីក្រុង|ភាគី",
    before_rank=r"ទី\s?",
    units=UNITS,
    units_before={"century": "សតវត្សទី|សតវត្សរ៍ទី"},
)
