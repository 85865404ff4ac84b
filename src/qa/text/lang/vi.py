"""All that the program knows of Vietnamese."""

from __future__ import annotations

from qa.text.lang.pack import BLANKS, CITY, DAY, GAP, YEAR, LanguagePack, choice, counted

MONTHS = counted("một hai ba tư/bốn năm sáu bảy tám chín mười mười_một mười_hai/chạp", 1) | {"giêng": 1}

SCALES = {
    "trăm": 100, "mươi": 10, "chục": 10, "nghìn": 1000, "ngàn": 1000, "vạn": 10**4, "triệu": 10**6,
    "tỷ": 10**9, "tỉ": 10**9,
}  # fmt: skip
UNITS = {
    "%": "phần_trăm", "km2": "km_vuông ki-?lô-?mét_vuông", "m2": "mét_vuông", "m3": "mét_khối",
    "km": "ki-?lô-?mét cây_số", "cm": "xăng-?ti-?mét", "mm": "mi-?li-?mét", "m": "mét", "mile": "dặm",
    "ha": "héc-?ta hecta", "l": "lít", "kg": "ki-?lô-?gam", "g": "gam", "t": "tấn", "°c": "độ_c",
    "year": "năm tuổi", "month": "tháng", "week": "tuần", "day": "ngày", "hour": "giờ tiếng",
    "minute": "phút", "second": "giây", "usd": "đô_la(?:_mỹ)?", "yen": "yên", "cny": "nhân_dân_tệ tệ",
    "vnd": "đồng(?!_bằng)", "gbp": "bảng",
}  # fmt: skip
ALIASES = {
    "co2": "carbon dioxit", "ghg": "khí nhà kính",
    "oda": "viện trợ phát triển chính thức|hỗ trợ phát triển chính thức", "mou": "bản ghi nhớ",
    "un": "liên hợp quốc|liên hiệp quốc", "unep": "chương trình môi trường liên hợp quốc",
    "sdgs": "mục tiêu phát triển bền vững", "usa": "hoa kỳ|mỹ", "eu": "liên minh châu âu",
    "uk": "vương quốc anh",
}  # fmt: skip

PACK = LanguagePack(
    code="vi",
    has_no=(
        "stops page_words goes_on_after_quote small_words empty_words event_nouns determiners "
        "common_words demonyms months month_lookalikes before_month eras era_names before_amount "
        "after_decade same_year after_until whole_numbers ordinals number_lookalikes before_age "
        "tenths after_rank rank_endings"
    ),
    greetings="xin chào|chào(?: bạn| anh| chị)?",
    thanks="cảm ơn(?: bạn)?(?: nhiều)?",
    asks_for_coverage=(
        "bạn có (?:những )?tài liệu (?:nào|gì)"
        "|bạn (?:có thể )?(?:làm|trả lời) (?:được )?(?:gì|những gì)|bạn là ai"
    ),
    points_back=r"\b(?:đó|nó|họ|này|ấy|còn)\b",
    asks_again_before="còn|thế còn",
    asks_again_after="thì sao",
    asks_city_by_city=(
        "(?:những|các) (?:thành phố|nước|quốc gia|thỏa thuận) nào|tất cả|liệt kê|so sánh|mỗi thành phố"
    ),
    asks_to_tell=(
        r"\b(?:hãy|xin|vui lòng|bạn có thể|làm ơn|kể|giới thiệu|trình bày|mô tả|tóm tắt|nói)\b"
        r"|\bcho (?:tôi|mình|chúng tôi)(?: (?:biết|nghe|xem))?\b"
        r"|\b(?:tôi|mình) muốn (?:biết|tìm hiểu|hỏi)\b"
        r"|\btài liệu (?:nói|viết|cho biết|có) (?:những )?gì\b"
        r"|\b(?:thêm|chi tiết|thông tin|mọi điều)\b"
        r"|\b(?:đã|đang) (?:cùng )?(?:hợp tác|làm|thực hiện|triển khai)(?: được)? (?:những )?gì\b"
        rf"|\b(?:đã|đang) cùng(?: với)? {CITY} (?:làm|thực hiện|triển khai)(?: được)? (?:những )?gì\b"
    ),
    says_nothing_narrower=(
        r"\b(?:về|với|cùng|và|ở|tại|của|giữa|trong|cho|các|những|sự|mối|thành phố|một số|đã)\b"
        r"|\b(?:hợp tác|dự án|hoạt động|quan hệ|chương trình|công việc|câu chuyện|trường hợp|tình hình"
        r"|kinh nghiệm)\b"
    ),
    asks_for=r"\b(?:gì|ai|đâu|nào|bao nhiêu|mấy|sao|khi nào|thế nào)\b",
    opens_pointing_back=(
        r"(?:\w+ ){1,3}này\b"
        r"|(?:điều này|sau đó|ngoài ra|từ đó|họ|nó|hai (?:thành phố|bên)|do đó|vì vậy)\b"
    ),
    negations=r"\b(?:chưa|chẳng|không(?! (?:khí|gian|quân)))\b",
    about_evidence=r"\b(?:bằng chứng|trích dẫn|câu hỏi|câu trả lời)\b",
    speakers="hệ thống",
    instructions=(
        r"\b(?:bỏ qua|phớt lờ|quên)\b.{0,40}\b(?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh|quy tắc)\b"
        r"|\btài liệu khác\b.{0,20}\b(?:sai|lỗi thời)\b"
        r"|\b(?:hãy|chỉ)\s{1,3}(?:trả lời|in ra|viết|nói)\b|\bbạn (?:bây giờ )?là\b"
    ),
    contents_headings="mục lục",
    joins_next="TP|Tp|P|Q|H|ThS|TS|PGS|GS",
    joins_number="ĐT",
    function_words="và tại ở với đã đến là do của cho khi thì được bởi về giữa để hai các thành tới sẽ",
    uncounted_words="và hoặc đến tới trong vào ở của là",
    no_names=(
        "ông bà ngài anh chị thành phố tỉnh quận huyện năm trong tại theo từ khi sau trước với và các "
        "những tp"
    ),
    aliases=ALIASES,
    counted_months=MONTHS,
    dates=(
        rf"(?<!\w)(?:(?:ngày{BLANKS})?{DAY}{BLANKS})?"
        rf"tháng{BLANKS}(?P<month>\d{{1,2}}(?!\d)|(?:{choice(MONTHS)})(?!\w))"
        rf"(?:{GAP}(?:[/-]|,?{BLANKS}năm|,){GAP}{YEAR}(?!\d))?",
        rf"ngày{BLANKS}{DAY}/(?P<month>\d{{1,2}})(?:/{YEAR})?(?!\d)",
    ),
    year_words="năm",
    before_year="năm",
    before_likely_year="từ|đến|trong|vào|trước|sau|đầu|cuối",
    before_two_years="giữa",
    before_decade=(
        rf"(?:những|các){BLANKS}(?:thập{BLANKS}niên{BLANKS})?năm"
        rf"|thập{BLANKS}(?:niên|kỷ)(?:{BLANKS}năm)?"
    ),
    until="đến|tới",
    ands="và|hoặc",
    small_numbers=counted("không một/mốt hai ba bốn/tư năm/lăm sáu bảy/bẩy tám chín mười"),
    scales=SCALES,
    joins_numbers="linh|lẻ",
    vague_amounts="(?:hàng|vài|mấy|nhiều) ",
    counters=(
        "thành phố|dự án|khoản|người|nước|quốc gia|chuyên gia|lần|tháng|ngày|tuần|giờ|phút|giây|trăm"
        "|nghìn|ngàn|triệu|tỷ|tỉ|mươi|cái|con|công ty|doanh nghiệp|hộ|loại|bước|điểm|chương trình|khu"
        "|nhà|tỉnh|quận|huyện|xã|đô la|đồng|yên|mét|km|kg|tấn|phần trăm|trường|học|sinh viên|bên"
        "|tổ chức|lĩnh vực|mục tiêu|thỏa thuận|đoàn|kỹ sư|giải|đại biểu|vòng|kế hoạch|đại học|cuộc|bộ"
        "|chiếc|trận|đội|cơ sở|cấp|vị|hòn|đảo|đứa|tác phẩm|bài|phần|giai đoạn|cây|nhóm|kiểu|thế hệ"
        "|thập kỷ|thế kỷ"
    ),
    before_both="cả",
    both_nouns="bên|thành phố|nước",
    before_rank="thứ ",
    thousands_mark=".",
    units=UNITS,
    units_before={"century": "thế kỷ(?: thứ)?"},
)
