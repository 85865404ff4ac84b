"""What is said to the program itself: greetings, thanks, and what it can answer. Not questions to documents."""

from __future__ import annotations

import re

from qa.domain import ReplyKind

HELLO = re.compile(
    r"(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings)(?: there| everyone)?"
    r"|こんにちは|こんばんは|おはよう(?:ございます)?|はじめまして|你好|您好|早上好|下午好"
    r"|xin chào|chào(?: bạn| anh| chị)?|halo|hai|selamat (?:pagi|siang|sore|malam)"
    r"|សួស្តី|សួស្ដី|ជំរាបសួរ|kumusta(?: ka| po)?|magandang (?:umaga|hapon|gabi|araw)(?: po)?",
    re.IGNORECASE,
)
THANKS = re.compile(
    r"(?:many )?thanks(?: a lot| very much)?|thank you(?: very much| so much)?|bye|goodbye"
    r"|ありがとう(?:ございます|ございました)?|谢谢(?:你|您)?|謝謝|感谢"
    r"|cảm ơn(?: bạn)?(?: nhiều)?|terima kasih(?: banyak)?|makasih"
    r"|អរគុណ(?:ច្រើន)?|(?:maraming )?salamat(?: po)?",
    re.IGNORECASE,
)
COVERAGE = re.compile(
    r"(?:what|which) (?:documents|sources|files) (?:do you have|are there|do you know|can you read)"
    r"|(?:what|which questions) can (?:you (?:do|answer|tell me)|i ask(?: you)?)|who are you|what are you|help"
    r"|どんな(?:文書|資料|質問)が(?:あります|できます)か|どのような(?:文書|資料)がありますか"
    r"|何ができますか|何を聞けますか|あなたは誰ですか"
    r"|(?:你|您)?(?:有|能看)哪些(?:文件|文档|资料)|(?:你|您)?(?:能|可以|会)(?:做|回答)什么|我可以问什么|你是谁"
    r"|bạn có (?:những )?tài liệu (?:nào|gì)|bạn (?:có thể )?(?:làm|trả lời) (?:được )?(?:gì|những gì)|bạn là ai"
    r"|dokumen apa (?:saja )?yang (?:anda|kamu) (?:miliki|punya)"
    r"|apa yang (?:bisa|dapat) (?:anda|kamu) (?:lakukan|jawab)"
    r"|(?:siapa (?:anda|kamu)|(?:anda|kamu) siapa)|តើអ្នកមានឯកសារអ្វីខ្លះ|តើអ្នកអាចធ្វើអ្វីបាន|តើអ្នកជានរណា"
    r"|anong mga dokumento ang mayroon ka|ano ang (?:kaya mong gawin|maitatanong ko)|sino ka",
    re.IGNORECASE,
)
KINDS: tuple[tuple[ReplyKind, re.Pattern[str]], ...] = (
    ("hello", HELLO),
    ("thanks", THANKS),
    ("coverage", COVERAGE),
)


def talk_of(message: str) -> ReplyKind | None:
    """What kind of talk the whole of `message` is; None for a question to the documents.

    >>> talk_of("Thank you!")
    'thanks'
    >>> talk_of("Hello, when did Davao sign?") is None
    True
    """
    words = message.strip().strip("?？!！.。~、,… ").strip()
    for kind, pattern in KINDS:
        if pattern.fullmatch(words):
            return kind
    return None
