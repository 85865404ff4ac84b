"""The words of numbers in the page's languages, and which language a text is in as far as its numbers go."""

from __future__ import annotations

import re
from functools import lru_cache


def _counted(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    return {
        word.replace("_", " "): first + step * index
        for index, words_of_one in enumerate(words.split())
        for word in words_of_one.split("/")
    }


SMALL = {
    "en": _counted(
        "zero one two three four five six seven eight nine ten eleven/eleventh twelve thirteen fourteen "
        "fifteen "
        "sixteen seventeen eighteen nineteen"
    )
    | _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
    | {"twice": 2, "thrice": 3},
    "vi": _counted("không một/mốt hai ba bốn/tư năm/lăm sáu bảy/bẩy tám chín mười"),
    "id": _counted("nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas"),
    "fil": _counted(
        "sero isa/isang dalawa/dalawang tatlo/tatlong apat lima/limang anim pito/pitong walo/walong siyam "
        "sampu/sampung labing-isa/labing-isang labindalawa/labindalawang labintatlo/labintatlong labing-apat "
        "labinlima/labinlimang labing-anim labimpito/labimpitong labingwalo/labingwalong labinsiyam"
    )
    | _counted(
        "dalawampu/dalawampung/dalawampu't tatlumpu/tatlumpung/tatlumpu't apatnapu/apatnapung/apatnapu't "
        "limampu/limampung/limampu't animnapu/animnapung/animnapu't pitumpu/pitumpung/pitumpu't "
        "walumpu/walumpung/walumpu't siyamnapu/siyamnapung/siyamnapu't",
        20,
        10,
    ),
    "km": _counted("សូន្យ មួយ ពីរ បី បួន ប្រាំ ប្រាំមួយ ប្រាំពីរ/ប្រាំពិល ប្រាំបី ប្រាំបួន ដប់")
    | _counted("ម្ភៃ សាមសិប សែសិប ហាសិប ហុកសិប ចិតសិប ប៉ែតសិប កៅសិប", 20, 10),
}
"""Language → word → value, below a hundred."""

WHOLE = {"sebelas": 11, "seratus": 100, "seribu": 1000, "sejuta": 10**6, "semiliar": 10**9} | {
    "sandaan": 100, "sanlibo": 1000, "sanlibong": 1000
}  # fmt: skip
"""Words that are one of a scale."""

ORDINALS = (
    {"first": 1, "second": 2}
    | _counted("third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
               "fifteenth sixteenth seventeenth eighteenth nineteenth", 3)
    | _counted("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10)
    | _counted("ketiga keempat kelima keenam ketujuh kedelapan kesembilan kesepuluh kesebelas", 3)
    | _counted("ikalawa/ikalawang/pangalawa/pangalawang ikatlo/ikatlong/pangatlo/pangatlong "
    "ikaapat/ika-apat/pang-apat "
               "ikalima/ikalimang/panlima/panlimang ikaanim/ika-anim/pang-anim "
               "ikapito/ikapitong/pampito/pampitong "
               "ikawalo/ikawalong/pangwalo/pangwalong ikasiyam/pansiyam ikasampu/ikasampung/pansampu", 2)
)  # fmt: skip
"""What is said for "the n-th". The first is left out everywhere: too many words that mean no number."""

SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "bn": 10**9,
    "dozen": 12, "trăm": 100, "mươi": 10, "chục": 10, "nghìn": 1000, "ngàn": 1000, "vạn": 10**4,
    "triệu": 10**6, "tỷ": 10**9, "tỉ": 10**9, "puluh": 10, "belas": 0, "ratus": 100, "ribu": 1000, "rb": 1000,
    "juta": 10**6, "jt": 10**6, "miliar": 10**9, "milyar": 10**9, "triliun": 10**12, "daan": 100, "daang": 100,
    "libo": 1000, "libong": 1000, "milyon": 10**6, "milyong": 10**6, "bilyon": 10**9, "bilyong": 10**9,
    "រយ": 100, "ពាន់": 1000, "ម៉ឺន": 10**4, "សែន": 10**5, "លាន": 10**6, "កោដិ": 10**7, "ប៊ីលាន": 10**9,
    "ប៊ីលីយ៉ុន": 10**9, "十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8,
    "兆": 10**12,
}  # fmt: skip
"""What multiplies the number before it; `belas` (-teen) adds ten to it."""

HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
HAN = "".join(HAN_DIGITS) + "十百千万萬億亿兆"
HAN_WORDS = re.compile(
    r"十分(?![のか之])|千万(?=不|要|别|別)|万一|五十嵐|九十九里|八百屋|八百万の?神|八百長|百十"
    r"|百分(?!之)|四周(?!年)|一二|三三五五|四六"
)
"""Runs of numerals that are mostly other words: "enough", "by no means", "in case", names."""

COUNTER = (
    r"(?:つ|人(?!口|工|类|類|気)|名|件|回|次|年|か?月|日(?!本)|週|周(?!辺|边|围)|時|时|分(?!野|の|析|别"
    r"|別|配|类|類|解|布|け|か)"
    r"|秒|歳|岁|個|个|個|箇|か所|ヶ所|カ所|か国|カ国|ヶ国|本(?!州)|社(?!会|會)|都市|市(?!民|場|场)|校"
    r"|台(?!湾|灣)|棟|頭|匹|冊|枚|倍|割|%|パーセント|円|元|ドル"
    r"|メートル|キロ|トン|ヘクタール|世帯|戸|期|号|號|位|番|章|条|條|項|项|点|點|階(?!堂|級|段)"
    r"|层(?!次)|層|段|種|种|家(?!族|庭)|座(?!谈|談)|届|笔|筆|户|戶|吨|噸|公里|公斤|公顷|成(?!立|为|為|果|功)"
    r"|天|小时|小時|分钟|分鐘|世紀|世纪|万|萬|億|亿|兆|基|隻|只|艘|両|組|组|部(?!分|門|门|長|长|队|隊)"
    r"|段階|者|工場|工厂|企業|企业|大学|自治体|地区|分野|領域|领域|事業|贷款|貸款|省|県|村|町|区)"
)
"""What makes a Han numeral of one character a number: a counter behind it."""

_NOUNS = (
    "thành phố|dự án|khoản|người|nước|quốc gia|chuyên gia|lần|tháng|ngày|tuần|giờ|phút|giây|trăm|nghìn"
    "|ngàn|triệu|tỷ|tỉ"
    "|mươi|cái|con|công ty|doanh nghiệp|hộ|loại|bước|điểm|chương trình|khu|nhà|tỉnh|quận|huyện|xã|đô la"
    "|đồng|yên|mét|km"
    "|kg|tấn|phần trăm|trường|học|sinh viên|bên|tổ chức|lĩnh vực|mục tiêu|thỏa thuận|đoàn|kỹ sư|giải"
    "|đại biểu|vòng|kế hoạch"
    "|đại học|cuộc|bộ|chiếc|trận|đội|cơ sở|cấp|vị|hòn|đảo|đứa|tác phẩm|bài|phần|giai đoạn|cây|nhóm|kiểu"
    "|thế hệ|thập kỷ|thế kỷ"
)
FIVE_IN_VIETNAMESE = re.compile(rf"\s(?:{_NOUNS})(?![^\W_])")
"""What follows "năm" where it is five and not a year."""

FIRST_SCALE = 1000
"""From here on a scale multiplies all that stands before it, below only the last part."""

VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)
_HINTS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and in to was is were are has have had by with for from its this that on as at which",
        "id": "dan yang di ke dari dengan untuk pada adalah telah sudah ini itu sebanyak kota tahun sekitar oleh "
        "rumah orang kerja sama ribu juta persen proyek rencana air serta dalam antara tidak juga lebih melalui",
        "fil": "ng sa ang mga na ay noong nang para upang mula taong taon ito si ni may kasunduan lungsod",
    }.items()
}


@lru_cache(maxsize=256)
def language_of(text: str) -> str:
    """The language whose way of writing numbers `text` follows: of the page's languages, or "" if unclear."""
    letters = sum(character.isalpha() for character in text)
    if len(re.findall(r"[\u1780-\u17d3]", text)) * 4 > letters:
        return "km"
    if len(re.findall(r"[\u3040-\u30ff]", text)) * 10 > letters:
        return "ja"
    if len(re.findall(r"[\u3400-\u9fff]", text)) * 4 > letters:
        return "zh"
    if len(VIETNAMESE.findall(text)) * 25 > letters:
        return "vi"
    words = re.findall(r"[a-z]+", text.lower())
    counts = {language: sum(word in hints for word in words) for language, hints in _HINTS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else ""
