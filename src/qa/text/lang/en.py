"""What is known of English."""

from __future__ import annotations

from qa.text.lang.pack import CITY, NONE, LanguagePack

PACK = LanguagePack(
    code="en",
    greetings="(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings)(?: there| everyone)?",
    thanks="(?:many )?thanks(?: a lot| very much)?|thank you(?: very much| so much)?|bye|goodbye",
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
    asks_again_after=NONE,
    asks_city_by_city=(
        r"\b(?:which|what|all|each|every|list|name)\b.{0,40}\b(?:cities|countries|agreements"
        r"|memoranda|memorandums|partners)\b|\b(?:each|every) (?:city|country|partner)\b"
        r"|\bcompar(?:e|ison|ed)\b|\bdiffer(?:s|ence|ences)?\b.*\bcities\b"
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
        "(?:this|these|those|that|it|its|they|their|them|he|she|his|her|such|both|the both"
        "|the latter|the former|the two (?:cities|sides|parties)|here|there|then|thus|therefore"
        "|hence|however|moreover|furthermore|since then|after that|before that|during (?:that|this)"
        "|at (?:that|this) time|as a result|in addition|in particular|for (?:example|this|that)"
        "|on the basis of|also|because of (?:this|that)|in (?:this|that|these|those|response)"
        r"|taking the opportunity)\b"
    ),
    negations=(
        r"\b(?:not|no|never|none|neither|nor|without|cannot|\w+n['’]t|fail(?:s|ed)?|refus(?:e[sd]?"
        r"|al)|reject(?:s|ed)?)\b"
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
        r"|\b(?:must|should|shall|always|please|now|instead)\b.{0,30}\b(?:cite|quote|answer with"
        r"|reply|respond)\b"
    ),
    contents_headings="(?:table of )?contents",
    page_words=NONE,
    joins_next=NONE,
    joins_number="Tel|Fax|Vol|approx|ca|Art|tel|fax|vol",
    goes_on_after_quote=NONE,
)
