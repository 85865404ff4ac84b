"""Quotes that speak to a language model rather than to a reader: it is not given them to write from."""

from __future__ import annotations

import re
import unicodedata

HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
"""Characters that cannot be seen, with which a word can be broken up."""

INSTRUCTION = re.compile(
    # English
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:instructions?|prompts?|rules?|above|previous|evidence)\b"
    r"|\b(?:system|assistant|developer)\s{1,3}(?:prompt|message)\b"
    r"|(?:^|[.!?。！？\])>]\s{0,3})(?:system|assistant|developer|hệ thống|系统|系統|システム)\s{0,3}[:：]"
    r"|\byou are (?:now|an? (?:ai|assistant|language)\b)"
    r"|\b(?:reply|respond|answer|output|print|say|write)\b.{0,30}"
    r"\b(?:only|exactly|with the word|instead|verbatim)\b"
    r"|\bdo not (?:cite|answer|mention|follow)\b"
    r"|\b(?:language model|chat ?bot|ai assistant|llms?)s?\b.{0,60}\b(?:must|should|shall)\b"
    r"|\b(?:must|should|shall|always|please|now|instead)\b.{0,30}\b(?:cite|quote|answer with|reply|respond)\b"
    # Japanese, Chinese
    r"|(?:指示|命令|プロンプト|ルール).{0,12}(?:無視|忘れ|従わ)|(?:無視|忘れ).{0,12}(?:指示|命令|ルール)"
    r"|(?:と|だけ|のみ)(?:答え|回答し|返信し|出力し)(?:て(?:ください|下さい)?|なさい|ろ|よ)"
    r"|(?:忽略|无视|無視|忘记|忘記|不要理会).{0,12}(?:指令|指示|提示|规则|規則|以上|之前)"
    r"|(?:只|仅|僅|必须|必須|请|請).{0,6}(?:回答|回复|回覆|输出|輸出)|(?:你|您)(?:现在|現在)是"
    # Vietnamese
    r"|\b(?:bỏ qua|phớt lờ|quên)\b.{0,40}\b(?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh|quy tắc)\b"
    r"|\b(?:hãy|chỉ)\s{1,3}(?:trả lời|in ra|viết|nói)\b|\bbạn (?:bây giờ )?là\b"
    r"|\bcite\s{0,3}[\[［【]|!\[[^\]\n]{0,200}\]\("
    # What chat templates are written with, and forged limits
    r"|<\|[^|]{0,40}\|>|\[/?INST\]|</?(?:s|system|evidence|user|assistant)\b|<<SYS>>|NO_ANSWER|^#{2,}\s{0,3}(?:system|instruction)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)


def is_instruction(quote: str) -> bool:
    """True if `quote` reads as if it told a model what to do. Some sentences for readers do, too: they can still
    be quoted, only not written from."""
    folded = unicodedata.normalize("NFKC", quote)
    return INSTRUCTION.search(re.sub(r"[^\S\n]+", " ", HIDDEN.sub("", folded))) is not None
