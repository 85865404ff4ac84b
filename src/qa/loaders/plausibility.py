"""The weight of a reading in an old encoding: how much it is like writing.

Old office files of the region say nothing about their encoding, and are often too short for statistics over
bytes. So every encoding in which the data is valid is tried, and the reading is weighed character by character.
Common characters of its language speak for it. Rare characters, and characters where no writer puts them, speak
against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial

SAMPLE_CHARS = 3000
"""Characters beyond ASCII that are weighed: the choice is clear long before, and the time is short."""

MIN_WEIGHT = 0.35
"""Limits the weight of a reading (1 is best). The texts of tests/loaders/test_loaders_encodings.py weigh 0.57 and
more in their own encoding, two hundred random bytes 0.23 at most in any."""

SIMPLIFIED = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定"
    "行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其"
    "些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建"
    "月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接"
    "知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器"
    "压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议"
    "声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复"
    "市环境碳城州连减排废垃圾省县协议项目绿技"
)
TRADITIONAL = frozenset(
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定"
    "行學法所民得經十三之進著等部度家電力裡如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其"
    "些然前外天政四日那社義事平形相全表間樣與關各重新線內數正心反你明看原又麼利比或但質氣第向道命此變條只沒結解問意建"
    "月公無系軍很情者最立代想已通並提直題黨程展五果料象員革位入常文總次品式活設及管特件長求老頭基資邊流路級少圖山統接"
    "知較將組見計別她手角期根論運農指幾九區強放決西被做必戰先回則任取據處隊南給色光門即保治北造百規熱領七海口東導器"
    "市環境碳城州連減排廢垃圾省縣協議項目綠技灣臺台"
)
JAPANESE = frozenset(
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入"
    "選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強"
    "気小七成期公持野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済"
    "書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半"
    "品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電歳住争談能無再位置企真流"
    "格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身費付施切由説転食比難防補車優夫研"
    "収断井何南石足違消境神番規術護展態導鮮備宅害配副算視条幹独警宮究育席輸訪楽起万着乗店述残想線率病農州武声質念待試"
    "族象銀域助労例衛然早張映限親額監環験追審商葉義伝働形景落欧担好退準賞訴辺造英被株頭技低毎医復仕去姿味負閣韓渡失移"
    "差衆個門写評課末守若脳極種美岡影命含福蔵廃棄処棟炭素脱湾"
)

KOREAN = frozenset(
    "이다는에의을가고하한로지사시서도어기나리대자은아인정를그라있일부수들과해보으전장주게스구원상관제동조여오성경치연비소무안"
    "용화적국거내면거우마모만위생산교입업통물신세문방학공계결발실요유영선회행역개명분미없것말때저드르된할야았었습니까려와"
    "중년월환협력탄폐류큐천녕"
)
"""The characters that make up most writing in each language: the first in any list of frequencies, and those of
the subjects of these documents."""

PUNCTUATION = frozenset("、。，．：；？！「」『』（）〔〕［］【】《》〈〉・…—–‘’“”％℃　")
EASTERN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")

INVISIBLE = frozenset("\u00a0\u200b\u200c\u200d\u3000\ufeff")
EVERY_COMMON = SIMPLIFIED | TRADITIONAL | JAPANESE | KOREAN
WRITTEN_BLOCKS = re.compile(
    r"[\x00-\u024f\u0300-\u045f\u0e00-\u0e7f\u1780-\u17ff\u1ea0-\u1ef9\u2010-\u2030\u3000-\u30ff\uff01-\uff5e]"
)
"""The blocks of text beside Han and Hangul: Latin, Cyrillic, Thai, Khmer, kana, punctuation."""

LEVEL_ONE = {
    "cp932": (0x88, 0x98),
    "euc_jp": (0xB0, 0xCF),
    "euc_jis_2004": (0xB0, 0xCF),
    "gb18030": (0xB0, 0xD7),
    "big5hkscs": (0xA4, 0xC6),
    "cp949": (0xB0, 0xC8),
}
"""The first bytes of each set's level of common characters, which are Hangul in cp949."""

VOWELS = frozenset("aăâeêioôơuưyAĂÂEÊIOÔƠUƯY")
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
VIETNAMESE = frozenset("ăâêôđàáãèéêìíòóõùúýĂÂÊÔĐÀÁÈÉÍÓÙÚ")
WESTERN = frozenset("àâäáãåæçéèêëíìîïñóòôöõøúùûüßœÿÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØÚÙÛÜŒ")
WESTERN_MARKS = frozenset("“”‘’„–—…«»°€£¥§©®™·•½¼¾²³¿¡×±ºª\xa0")
COMMON_CYRILLIC = frozenset("оеаинтсрвлОЕАИНТСРВЛ")


def weigh(text: str, encoding: str) -> float:
    """The weight of `text`, read in `encoding` (one of `CANDIDATES`): at best 1, below 0 for no writing."""
    sample = _sample(text)
    weights = list(CANDIDATES[encoding](sample))
    return sum(weights) / len(weights) if weights else 0.0


def _sample(text: str) -> str:
    """The beginning of `text` up to the end of the sample, counted in characters beyond ASCII."""
    seen = 0
    for match in re.finditer(r"[^\x00-\x7f]+", text):
        seen += len(match[0])
        if seen >= SAMPLE_CHARS:
            return text[: match.end()]
    return text


def weigh_utf16(text: str) -> float:
    """The weight of `text`, read as UTF-16: 1 at best, 0 for text with characters that no text has."""
    if not text or sum(c in "\t\r\n\f" or c.isprintable() or c in INVISIBLE for c in text) < 0.98 * len(text):
        return 0.0
    weights = (
        1.0
        if WRITTEN_BLOCKS.match(character) or character in EVERY_COMMON
        else 0.4
        if EASTERN.match(character)
        else 0.0
        for character in text
    )
    return sum(weights) / len(text)


def _weigh_eastern(
    sample: str, *, encoding: str, common: frozenset[str], has_kana: bool = False
) -> Iterator[float]:
    first, last = LEVEL_ONE[encoding]
    for index, character in _beyond_ascii(sample):
        before, after = sample[index - 1 : index], sample[index + 1 : index + 2]
        if before.isascii() and before.isalpha() and after.isascii() and after.isalpha():
            yield -1.0  # a sign between Latin letters is an accented letter read wrongly
        elif character in common:
            yield 1.0
        elif character in PUNCTUATION:
            yield 0.8
        elif "\u3040" <= character <= "\u30ff" or character == "々":
            yield 1.0 if has_kana else -0.5
        elif EASTERN.match(character):
            code = character.encode(encoding, "replace")
            yield 0.4 if len(code) == 2 and first <= code[0] <= last and code[1] >= 0x40 else -0.5
        elif "\uff10" <= character <= "\uff5a":
            yield 0.5
        else:
            yield -2.0 if unicodedata.category(character) in ("Co", "Cn", "Cc") else -0.5


def _weigh_vietnamese(sample: str) -> Iterator[float]:
    has_tones = any(tone in sample for tone in TONES)
    has_letters = _has_latin_letters(sample)
    for index, character in _beyond_ascii(sample):
        before = unicodedata.normalize("NFD", sample[index - 1])[0] if index else ""
        if not has_letters:
            yield -1.0
        elif character in TONES:
            yield 1.0 if sample[index - 1 : index] in VOWELS or before in VOWELS else -2.0
        elif character in "ăơĂƠ":
            yield 1.0 if has_tones else 0.5  # ã and õ of Portuguese have the same bytes
        elif character in VIETNAMESE or character in "ưƯ":
            yield 1.0
        else:
            yield _weigh_mark(sample, index)


def _weigh_western(sample: str) -> Iterator[float]:
    run = 0
    previous = -2
    has_letters = _has_latin_letters(sample)
    for index, character in _beyond_ascii(sample):
        run = run + 1 if index == previous + 1 and character.isalpha() else 1
        previous = index
        if not has_letters or run > 2 or (character.isupper() and sample[index - 1 : index].islower()):
            yield -1.0
        elif character in WESTERN:
            yield 0.8
        else:
            yield _weigh_mark(sample, index)


def _weigh_mark(sample: str, index: int) -> float:
    """The weight of a sign that is no usual letter and belongs between words, unless it is an apostrophe."""
    character = sample[index]
    if character not in WESTERN_MARKS:
        return -0.2
    before, after = sample[index - 1 : index], sample[index + 1 : index + 2]
    return -0.7 if before.isalpha() and after.isalpha() and character not in "’·" else 0.7


def _has_latin_letters(sample: str) -> bool:
    """True if letters without accents are at least half as many as other signs: words consist mostly of them."""
    letters = sum(character.isascii() and character.isalpha() for character in sample)
    return 2 * letters >= sum(character > "\x7f" for character in sample)


def _weigh_cyrillic(sample: str) -> Iterator[float]:
    for index, character in _beyond_ascii(sample):
        before, after = sample[index - 1 : index], sample[index + 1 : index + 2]
        if not ("\u0400" <= character <= "\u045f"):
            yield 0.5 if character in WESTERN_MARKS or character == "№" else -1.0
        elif any(side.isascii() and side.isalpha() for side in (before, after)):
            yield -1.0
        elif character.isupper() and before.isalpha():
            # Case tells KOI8-R from Windows-1251, which have it the other way round.
            yield (0.8 if character in COMMON_CYRILLIC else 0.3) if before.isupper() else -1.0
        else:
            yield 0.9 if character in COMMON_CYRILLIC else 0.4


def _beyond_ascii(sample: str) -> Iterator[tuple[int, str]]:
    return ((index, character) for index, character in enumerate(sample) if character > "\x7f")


CANDIDATES: dict[str, Callable[[str], Iterator[float]]] = {
    **{
        encoding: partial(_weigh_eastern, encoding=encoding, common=JAPANESE, has_kana=True)
        for encoding in ("cp932", "euc_jp", "euc_jis_2004")
    },
    "gb18030": partial(_weigh_eastern, encoding="gb18030", common=SIMPLIFIED),
    "big5hkscs": partial(_weigh_eastern, encoding="big5hkscs", common=TRADITIONAL),
    "cp949": partial(_weigh_eastern, encoding="cp949", common=KOREAN),
    "cp1258": _weigh_vietnamese,
    "cp1252": _weigh_western,
    "koi8-r": _weigh_cyrillic,
    "cp1251": _weigh_cyrillic,
}
"""The encodings that are tried, and the functions that weigh their readings. Of equal readings the first
counts."""
