"""What is known of Vietnamese."""

from __future__ import annotations

from qa.text.lang.pack import CITY, NONE, LanguagePack

PACK = LanguagePack(
    code="vi",
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
        r"|\b(?:hợp tác|dự án|hoạt động|quan hệ|chương trình|công việc|câu chuyện|trường hợp"
        r"|tình hình|kinh nghiệm)\b"
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
    page_words=NONE,
    joins_next="TP|Tp|P|Q|H|ThS|TS|PGS|GS",
    joins_number="ĐT",
    goes_on_after_quote=NONE,
)
