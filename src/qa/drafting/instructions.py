"""Quotes that speak to a language model rather than to a reader: it is not given them to write from."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from qa.domain import Citation

HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
"""Characters that cannot be seen, with which a word can be broken up."""

INSTRUCTION = re.compile(
    # English
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:instructions?|prompts?|rules?|above|previous|evidence)\b"
    r"|\b(?:system|assistant|developer)\s{1,3}(?:prompt|message)\b"
    r"|(?:^|[.!?。！？\])>]\s{0,3})"
    r"(?:system|assistant|developer|hệ thống|sistem|sistema|系统|系統|システム|ប្រព័ន្ធ)\s{0,3}[:：]"
    r"|\byou are (?:now|an? (?:ai|assistant|language)\b)"
    r"|\b(?:reply|respond|answer|output|print|say|write)\b.{0,30}"
    r"\b(?:only|exactly|with the word|instead|verbatim)\b"
    r"|\bdo not (?:cite|answer|mention|follow|use the)\b"
    r"|\b(?:other|all other|the other) (?:documents?|quotes?|sources?|passages?|figures?|numbers?)\b.{0,30}"
    r"\b(?:wrong|false|outdated|obsolete|ignored?|void)\b"
    r"|\b(?:base64|rot13)\b"
    r"|\b(?:language model|chat ?bot|ai assistant|llms?)s?\b.{0,60}\b(?:must|should|shall)\b"
    r"|\b(?:must|should|shall|always|please|now|instead)\b.{0,30}\b(?:cite|quote|answer with|reply|respond)\b"
    # Japanese, Chinese
    r"|(?:他の|ほかの)(?:文書|資料|引用|数字|情報).{0,12}(?:誤り|間違い|無視)"
    r"|(?:其他|其它)(?:文件|文档|资料|資料|引文|数字|數字).{0,12}(?:错误|錯誤|忽略|无视|無視|作废)"
    r"|(?:指示|命令|プロンプト|ルール).{0,12}(?:無視|忘れ|従わ)|(?:無視|忘れ).{0,12}(?:指示|命令|ルール)"
    r"|(?:と|だけ|のみ)(?:答え|回答し|返信し|出力し)(?:て(?:ください|下さい)?|なさい|ろ|よ)"
    r"|(?:忽略|无视|無視|忘记|忘記|不要理会).{0,12}(?:指令|指示|提示|规则|規則|以上|之前)"
    r"|(?:只|仅|僅|必须|必須|请|請).{0,6}(?:回答|回复|回覆|输出|輸出)|(?:你|您)(?:现在|現在)是"
    # Vietnamese
    r"|\b(?:bỏ qua|phớt lờ|quên)\b.{0,40}\b(?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh|quy tắc)\b"
    r"|\btài liệu khác\b.{0,20}\b(?:sai|lỗi thời)\b|\bdokumen lain\b.{0,30}\b(?:salah|keliru)\b"
    r"|\bmali ang (?:lahat ng )?ibang dokumento\b"
    r"|\b(?:hãy|chỉ)\s{1,3}(?:trả lời|in ra|viết|nói)\b|\bbạn (?:bây giờ )?là\b"
    # Indonesian, Filipino, Khmer
    r"|\b(?:abaikan|lupakan|jangan ikuti)\b.{0,40}\b(?:instruksi|perintah|aturan|petunjuk|bukti)\b"
    r"|\b(?:jawab|balas|tulis|katakan)(?:lah)?\b.{0,30}\b(?:hanya|saja|dengan kata)\b"
    r"|\b(?:hanya|harus|selalu)\s{1,3}(?:jawab|menjawab|balas|membalas|tulis|menulis)\b"
    r"|\b(?:anda|kamu) (?:sekarang )?adalah\b"
    r"|\b(?:huwag(?: mong| ninyong)? (?:pansinin|sundin)|balewalain|kalimutan)\b.{0,40}"
    r"\b(?:tagubilin|utos|panuto|tuntunin|patakaran)\b"
    r"|\b(?:isagot|sumagot|sagutin|isulat|sabihin)\b.{0,30}\b(?:lamang|lang)\b|\bikaw ay ngayon\b"
    r"|(?:មិនអើពើ|បំភ្លេច|កុំធ្វើតាម|កុំគោរព).{0,30}(?:ណែនាំ|បញ្ជា|ច្បាប់|វិធាន)|ឆ្លើយ(?:តែ|ថា|ត្រឹមតែ)"
    r"|\bcite\s{0,3}[\[［【]|!\[[^\]\n]{0,200}\]\("
    # What chat templates are written with, and forged limits
    r"|<\|[^|]{0,40}\|>|\[/?INST\]|</?(?:s|system|evidence|user|assistant)\b|<<SYS>>|NO_ANSWER|^#{2,}\s{0,3}(?:system|instruction)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)


CODED = re.compile(r"[A-Za-z0-9+/]{16,4000}={0,2}")
"""What may be Base64."""
SPACED = re.compile(r"(?<!\w)\w(?:[ .\-_*]\w){3,200}(?!\w)")
"""A word of which every letter stands alone, "i g n o r e"."""
LOOKALIKES = str.maketrans(
    {
        **dict(zip("0134578@$", "oieastbas", strict=True)),
        **dict(zip("авеікмнорстухѕјԁһ", "abeikmhopctyxsjdh", strict=True)),
        **dict(zip("αεικνορτυχ", "aeikvoptux", strict=True)),
    }
)
"""Digits, signs, and Cyrillic and Greek letters, that are read as Latin ones."""


def without_instructions(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """`citations` without those that read as instructions, alone or with the one that follows, and without what
    goes on with one that does not end in a stop."""
    told = {each.number for each in citations if is_instruction(each.quote)}
    for one, other in pairwise(citations):
        is_told = one.number in told
        goes_on = is_told and one.quote.rstrip()[-1:].isalnum()
        is_split = not is_told and other.number not in told and is_instruction(f"{one.quote} {other.quote}")
        if goes_on or is_split:
            told |= {one.number, other.number}
    return tuple(each for each in citations if each.number not in told)


def is_instruction(quote: str) -> bool:
    """True if `quote` reads as if it told a model what to do, also in Base64 or in letters that only look alike.

    Some sentences for readers do, too: they can still be quoted, only not written from.
    """
    folded = HIDDEN.sub("", unicodedata.normalize("NFKC", quote))
    plain = re.sub(r"[^\S\n]+", " ", folded)
    together = SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), plain)
    readings = (plain, together, plain.casefold().translate(LOOKALIKES), *_decoded(plain))
    return any(INSTRUCTION.search(each) for each in dict.fromkeys(readings))


def _decoded(text: str) -> list[str]:
    """What is written in Base64 in `text`."""
    decoded = []
    for found in CODED.finditer(text):
        letters = found[0].rstrip("=")
        try:
            decoded.append(base64.b64decode(letters + "=" * (-len(letters) % 4)).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return decoded
