"""Units of the page's languages: what stands before or behind a number and says what it measures."""

from __future__ import annotations

import re

GAP = r"[-\s\u200b]{0,2}"

FORMS = {
    "%": "% percent per_cent pct パーセント ポイント phần_trăm persen porsiyento porsyento bahagdan "
    "ភាគរយ 个百分点",
    "km2": "km2 km² ㎢ square_kilomet(?:re|er)s? sq_km 平方キロ(?:メートル)? 平方公里 平方千米 km_vuông "
    "ki-?lô-?mét_vuông "
    "kilomet(?:er)?_persegi (?:kilometro_kuwadrado|kilometrong_parisukat) គីឡូម៉ែត្រការ៉េ",
    "m2": "m2 m² ㎡ square_met(?:re|er)s? 平方メートル 平方米 mét_vuông met(?:er)?_persegi "
    "metro_kuwadrado ម៉ែត្រការ៉េ",
    "m3": "m3 m³ ㎥ cubic_met(?:re|er)s? 立方メートル 立方米 mét_khối meter_kubik metro_kubiko ម៉ែត្រគូប",
    "km": "km ㎞ kilomet(?:re|er)s? キロメートル 公里 千米 ki-?lô-?mét cây_số kilometro(?:ng)? គីឡូម៉ែត្រ",
    "cm": "cm ㎝ centimet(?:re|er)s? センチ(?:メートル)? 厘米 xăng-?ti-?mét sentimeter sentimetro សង់ទីម៉ែត្រ",
    "mm": "mm ㎜ millimet(?:re|er)s? ミリ(?:メートル)? 毫米 milimeter mi-?li-?mét milimetro មីលីម៉ែត្រ",
    "m": "m met(?:re|er)s? メートル 米(?!国|ドル) mét metro(?:ng)? ម៉ែត្រ",
    "mile": "miles? マイル 英里 dặm mil milya ម៉ាយ",
    "ft": "ft foot feet フィート 英尺 kaki talampakan",
    "ha": "ha hectares? ヘクタール 公顷 公頃 héc-?ta hecta hektare? ektarya(?:ng)? ហិកតា",
    "l": "l lit(?:re|er)s? リットル 升 lít litro(?:ng)? លីត្រ",
    "kg": "kg ㎏ kilograms? kilogrammes? キログラム 公斤 千克 ki-?lô-?gam kilo(?:ng)? គីឡូក្រាម",
    "mg": "mg milligrams? ミリグラム 毫克 miligram",
    "g": "g grams? グラム 克 gam gramo",
    "t": "t tons? tonnes? トン 吨 噸 tấn tonelada(?:ng)? តោន",
    "kwh": "kwh キロワット時 千瓦时 kilowatt-?hours? kilowatt_jam",
    "kw": "kw キロワット 千瓦 kilowatts? គីឡូវ៉ាត់",
    "mwh": "mwh メガワット時 兆瓦时 megawatt-?hours?",
    "mw": "mw メガワット 兆瓦 megawatts? មេហ្គាវ៉ាត់",
    "gw": "gw ギガワット 吉瓦 gigawatts?",
    "°c": "℃ °c degrees_celsius 摄氏度 độ_c derajat_celsius អង្សាសេ",
    "year": "years? anniversar(?:y|ies) 周年 年間 年(?!度|代|生|級|级) 歳 岁 năm tuổi tahun taon(?:g)? ឆ្នាំ",
    "month": "months? (?:か|ヶ|カ|ケ|ヵ|箇|个|個)月 tháng bulan buwan(?:g)? ខែ",
    "week": "weeks? 週間 週 周(?!年|辺|边|围) 星期 tuần minggu linggo(?:ng)? pekan សប្ដាហ៍ សប្តាហ៍",
    "day": "days? 日間 日(?!本) 天 ngày hari araw ថ្ងៃ",
    "hour": "hours? hrs? h [ap]m [ap]\\.m\\. 時間 時 小时 小時 时 giờ tiếng jam oras ម៉ោង",
    "minute": "minutes? mins? 分間 分钟 分鐘 分(?![の野析别別配类類解布けか之]) phút menit minuto(?:ng)? នាទី",
    "second": "seconds? 秒 giây detik segundo(?:ng)? វិនាទី",
    "century": "centur(?:y|ies) 世紀 世纪 abad siglo សតវត្សរ៍ សតវត្ស",
    "usd": "us_dollars? u\\.?s\\.?_dollars? dollars? usd us\\$ 米ドル ドル 美元 đô_la(?:_mỹ)? usd "
    "dolar(?:_as)? dolyar(?:es)? ដុល្លារ",
    "yen": "yen jpy 円 日元 日圆 yên ¥ យ៉េន",
    "cny": "yuan rmb cny 人民元 元(?!年) 人民币 nhân_dân_tệ tệ យន់",
    "vnd": "đồng(?!_bằng) dong vnd vnđ ₫ ドン 越南盾",
    "idr": "rupiah idr ルピア 印尼盾 卢比 រូពៀ",
    "php": "pesos? piso(?:ng)? php ₱ ペソ 比索 ប៉េសូ",
    "khr": "riels? khr リエル 瑞尔 រៀល",
    "eur": "euros? eur € ユーロ 欧元 歐元 អឺរ៉ូ",
    "gbp": "pounds? gbp £ ポンド 英镑 bảng poundsterling",
}
"""Unit → what it is called, as patterns with `_` for a blank.

What measures the same in another size is another unit: 5 km are not 5 m, and 5,000 m not 5,000 m³.
"""

BEFORE = {
    "usd": r"us\$|\$|usd|美金",
    "yen": r"¥|jpy|jp¥",
    "cny": r"cny|rmb|人民币",
    "vnd": r"₫|vnd",
    "idr": r"rp\.?|idr",
    "php": r"₱|php",
    "khr": r"៛|khr",
    "eur": r"€|eur",
    "gbp": r"£|gbp",
    "%": r"百分之",
    "year": r"ulang tahun ke-?",
    "century": r"thế kỷ(?: thứ)?|abad(?: ke-?)?|សតវត្សទី|សតវត្សរ៍ទី",
}
"""Unit → what stands before its number."""


LATIN = "a-zà-öø-ɏḁ-ỿ"
"""The lower-case Latin letters, as the inside of a character class."""


def _compile_forms() -> re.Pattern[str]:
    alternatives = []
    for index, forms in enumerate(FORMS.values()):
        words = [form.replace("_", r"[-\s]") for form in forms.split()]
        ends = [rf"(?:{word})(?![{LATIN}0-9])" if re.search(f"[{LATIN}]", word) else word for word in words]
        alternatives.append(f"(?P<u{index}>{'|'.join(ends)})")
    return re.compile(f"{GAP}(?:{'|'.join(alternatives)})")


_NAMES = tuple(FORMS)
_AFTER = _compile_forms()
_BEFORE = re.compile(
    "(?:"
    + "|".join(f"(?P<b{i}>(?<![{LATIN}])(?:{p}))" for i, p in enumerate(BEFORE.values()))
    + r")[\s\u200b]?$"
)
_NAMES_BEFORE = tuple(BEFORE)
_MAX_BEFORE = 18
TENTH = re.compile(r"[\s]?(?:割|成(?![立为為果功长長]))")
"""Tenths, in Japanese and Chinese: 3割 is 30%."""


def unit_after(plain: str, end: int) -> tuple[str, int]:
    """The unit that stands behind a number that ends at `end`, and where it ends; ("", `end`) for none."""
    match = _AFTER.match(plain, end)
    if match is None:
        return "", end
    return _NAMES[int(str(match.lastgroup)[1:])], match.end()


def unit_before(plain: str, start: int) -> tuple[str, int]:
    """The unit that stands before a number that starts at `start`, and where it starts; ("", `start`) for none."""
    from_ = max(0, start - _MAX_BEFORE)
    match = _BEFORE.search(plain[from_:start])
    if match is None:
        return "", start
    return _NAMES_BEFORE[int(str(match.lastgroup)[1:])], from_ + match.start()
