"""What a question asks for: something of several cities, everything about one, or (neither) one fact."""

from __future__ import annotations

import re

from qa.cities import CityCatalogue

CITY_BY_CITY = re.compile(
    r"\b(?:which|what|all|each|every|list|name)\b.{0,40}"
    r"\b(?:cities|countries|agreements|memoranda|memorandums|partners)\b"
    r"|\b(?:each|every) (?:city|country|partner)\b|\bcompar(?:e|ison|ed)\b|\bdiffer(?:s|ence|ences)?\b.*\bcities\b"
    r"|各都市|各市|都市ごと|都市別|どの都市と|どんな都市|どのような都市|都市はどこ|どの国々|(?:すべて|全て|全部)の"
    r"|一覧|比較|比べ"
    r"|哪些|各(?:个)?城市|各市|每个城市|所有|全部|列出|比较|比較|对比"
    r"|(?:những|các) (?:thành phố|nước|quốc gia|thỏa thuận) nào|tất cả|liệt kê|so sánh|mỗi thành phố"
    r"|\b(?:kota|negara)(?:-(?:kota|negara))? (?:mana|apa) saja|\bsemua (?:kota|perjanjian|kesepakatan|negara)"
    r"|\b(?:daftar|bandingkan|sebutkan semua)\b|\bsetiap kota\b|\bmasing-masing\b"
    r"|(?:ទីក្រុង|ប្រទេស)ណាខ្លះ|អ្វីខ្លះ|ទាំងអស់|ប្រៀបធៀប|នីមួយៗ"
    r"|\b(?:aling|anong|anu-anong|alin-aling) mga (?:lungsod|bansa|kasunduan)|\blahat ng\b|\bihambing\b"
    r"|\bpaghambingin\b|\bbawat lungsod\b|\bilista\b",
    re.IGNORECASE,
)
"""How the page's languages ask for a list over cities or countries, or for a comparison."""

NAME = "\0"
"""Stands for each city in a question that is looked at for a story: no question has this character."""

ASKS_TO_TELL = re.compile(
    # English
    r"\b(?:can|could|would|will) you\b|\bplease\b"
    r"|\bi(?: want| would like|['’]d like) to (?:know|learn|hear)(?: more)?\b"
    r"|\btell (?:me|us)\b|\btalk\b|\b(?:introduce|describe|present|summari[sz]e)\b|\bgive (?:me|us)\b"
    r"|\b(?:an? )?(?:overview|summary|introduction|information)\b|\b(?:more|everything|something)\b"
    r"|\bwhat (?:do|does|can|did) (?:(?:the|your) (?:documents?|cent(?:re|er))|you) (?:say|know|tell (?:me|us))\b"
    r"|\bwhat is (?:known|written|said)\b|\b(?:what|how) about\b"
    rf"|\bwhat (?:has|have|had|did|does|do|is|are) {NAME}(?: and {NAME})? (?:been )?(?:done?|doing|achieved?)\b"
    rf"|\bwhat {NAME}(?: and {NAME})? (?:(?:has|have) )?(?:done|did|does|do)\b"
    r"|\bwhat (?:has been|was|is being) (?:done|achieved)\b"
    rf"|\bhow (?:has|have|did|does|do|is|are) {NAME}(?: and {NAME})? "
    r"(?:cooperat|collaborat|work)(?:e|ed|ing)?\b"
    # Japanese
    r"|(?:詳しく|簡単に|もっと|いろいろ)?"
    r"(?:教えて|話して|聞かせて|説明して|紹介して|まとめて|お?聞きした|知りた)[ぁ-ん]*"
    r"|(?:を|の)(?:ご)?紹介(?:を?(?:お願い)?[ぁ-ん]*)"
    r"|(?:文書|資料)(?:に|で)?は|(?:何|どんなこと|どのようなこと)[がと](?:書|述べ)[ぁ-ん]+"
    r"|(?:何を|(?:どんな|どのような)(?:こと|協力|連携|取り?組み?|事業|活動)[をが]?)"
    r"(?:し|行|実施し|実施され|進め|やっ|あり)[ぁ-ん]*"
    # Chinese
    r"|[请請]|麻[烦煩]|我(?:们)?想(?:要)?(?:知道|了解|听听)|(?:[给給跟向][我们]+)|[你您]?(?:可以|能)"
    r"|(?:详细|简单|簡單|詳細)(?:地)?|告[诉訴]我|(?:介[绍紹]|[讲講说說谈談]|聊|概述)(?:一)?[下讲講说說谈談聊些]*|一下"
    r"|(?:文件|文档|资料)(?:中|里|上)?(?:[说說写寫]了|怎么[说說]|有)什么|什么内容"
    r"|(?:开展|進行|进行|做|实施|有)?(?:过|了)?(?:哪些|什么)(?:样的)?(?:合作|交流|项目|活动|工作|事情?)"
    r"|做(?:过|了)(?:什么|哪些)"
    # Vietnamese
    r"|\b(?:hãy|xin|vui lòng|bạn có thể|làm ơn|kể|giới thiệu|trình bày|mô tả|tóm tắt|nói)\b"
    r"|\bcho (?:tôi|mình|chúng tôi)(?: (?:biết|nghe|xem))?\b|\b(?:tôi|mình) muốn (?:biết|tìm hiểu|hỏi)\b"
    r"|\btài liệu (?:nói|viết|cho biết|có) (?:những )?gì\b|\b(?:thêm|chi tiết|thông tin|mọi điều)\b"
    r"|\b(?:đã|đang) (?:cùng )?(?:hợp tác|làm|thực hiện|triển khai)(?: được)? (?:những )?gì\b"
    rf"|\b(?:đã|đang) cùng(?: với)? {NAME} (?:làm|thực hiện|triển khai)(?: được)? (?:những )?gì\b"
    # Indonesian
    r"|\b(?:tolong|mohon|coba|silakan)\b|\b(?:bisakah|dapatkah|bisa|dapat) (?:anda|kamu)\b"
    r"|\b(?:ceritakan|jelaskan|beri ?tahu(?:kan)?|perkenalkan|gambarkan|uraikan|menceritakan|menjelaskan)\b"
    r"|\b(?:kepada )?(?:saya|kami)\b|\bingin (?:tahu|mengetahui)\b|\b(?:lebih (?:banyak|lanjut)|semua|informasi)\b"
    rf"|\bapa (?:saja )?yang (?:(?:telah|sudah) )?di(?:lakukan|kerjakan|laksanakan)(?: oleh)? {NAME}"
    rf"|\bapa (?:saja )?yang {NAME} (?:(?:telah|sudah) )?lakukan\b"
    r"|\bapa (?:saja )?(?:kata|yang dikatakan) dokumen(?:-dokumen)?\b"
    # Khmer
    r"|តើ|សូម|ប្រាប់|រៀបរាប់|ណែនាំ|ពន្យល់|និយាយ|ខ្ញុំ|យើង|ចង់ដឹង|ឲ្យដឹង|ឱ្យដឹង|បន្ថែម|លម្អិត"
    r"|(?:បាន)?(?:ធ្វើ|សហការ)(?:អ្វី(?:ខ្លះ)?)|ឯកសារ(?:និយាយ|ចែង|សរសេរ)(?:អ្វី(?:ខ្លះ)?|យ៉ាងណា)|អ្វីខ្លះ"
    # Filipino
    r"|\b(?:pakiusap|paki)\b"
    r"|\b(?:ikuwento|ikwento|isalaysay|ilarawan|ipaliwanag|ipakilala|sabihin|magkuwento|magkwento|ibahagi)\b"
    r"|\b(?:mo|ninyo|po|nga|naman)\b|\bsa (?:akin|amin)\b|\bgusto kong malaman\b|\b(?:lahat|higit pa)\b"
    r"|\b(?:ano|anu-ano|ano-ano) ang (?:mga )?(?:nagawa|ginawa|ginagawa|nagagawa)\b"
    r"|\bano ang sinasabi ng (?:mga )?dokumento\b",
    re.IGNORECASE,
)
"""How the page's languages ask to be told about something, or what was done all in all."""

SAYS_NOTHING_NARROWER = re.compile(
    # English
    r"['’]s\b|\b(?:about|on|with|in|of|for|by|from|between|and|to|the|its|your|our|all|any|so far|together|city)\b"
    r"|\b(?:joint|environmental|international)\b|\b(?:cooperation|collaboration|partnership|relations?|ties)\b"
    r"|\b(?:relationship|work|projects?|activit(?:y|ies)|efforts?|initiatives?|story|case|history|experience)\b"
    # Japanese
    r"|について|における|に関する|に対する|に関して|において|との間[ので]?|これまで[のに]?|一緒に|共に|ともに|協力して"
    r"|(?:環境|国際|都市間)?(?:協力|連携|取り?組み?|事業|プロジェクト|活動|事例|関係|交流|支援|状況|概要|歴史|内容)"
    r"|こと|[とのはをがでへに市、・]"
    # Chinese
    r"|有?[关關][于於]|有[关關]|之[间間]|一起|共同|一些|都|已[经經]?|到目前为止"
    r"|(?:环境|環境|国际|國際)?(?:合作|协作|交流|[项項]目|活动|活動|工作|[举舉]措|案例|情[况況]|[关關]系|關係|经验|成果"
    r"|[历歷]史|事情|故事|信息|内容|[与與和同跟在对對的地])"
    # Vietnamese
    r"|\b(?:về|với|cùng|và|ở|tại|của|giữa|trong|cho|các|những|sự|mối|thành phố|một số|đã)\b"
    r"|\b(?:hợp tác|dự án|hoạt động|quan hệ|chương trình|công việc|câu chuyện|trường hợp|tình hình|kinh nghiệm)\b"
    # Indonesian
    r"|\b(?:tentang|mengenai|soal|dengan|bersama|di|dan|antara|dari|oleh|untuk|kota)\b"
    r"|\b(?:kerja ?sama|proyek|kegiatan|program|upaya|hubungan|kolaborasi|pengalaman|kisah)(?:-\w+)?\b"
    # Khmer
    r"|អំពី|ពី|បាន|ជាមួយ(?:នឹង)?|និង|នៅ|ក្នុង|របស់|រវាង|សម្រាប់|ទីក្រុង|ក្រុង|រួមគ្នា"
    r"|(?:កិច្ច|ការ)?(?:សហប្រតិបត្តិការ|សហការ|គម្រោង|សកម្មភាព|ទំនាក់ទំនង|ការងារ)|[៖។]"
    # Filipino
    r"|\b(?:tungkol|hinggil|ukol|sa|ng|ang|mga|at|kay|kasama|para|lungsod|pagitan|nito)\b"
    r"|\b(?:pagtutulungan|pakikipagtulungan|kooperasyon|proyekto|gawain|aktibidad|ugnayan|karanasan|kuwento)\b",
    re.IGNORECASE,
)
"""Words beside a city's name that still leave everything about it asked for: small ones, and those for what the
documents are about anyway, such as cooperation and projects."""


def asks_city_by_city(text: str) -> bool:
    """True if `text` asks for something of every city there is, or to compare cities.

    >>> asks_city_by_city("Which cities work with Kitakyushu on waste?")
    True
    >>> asks_city_by_city("Which city received an award in 2001?")
    False
    """
    return CITY_BY_CITY.search(text) is not None


def asks_for_story(text: str, catalogue: CityCatalogue) -> bool:
    """True if `text` asks for everything about one city of `catalogue`, the home one counted, or only names it.

    Whatever else a question says, a time, a plant, a number, makes it one for a fact: nothing may be left of
    `text` when names, requests to tell and words that say nothing narrower are taken away.

    >>> cities = load_cities(Path("corpus/cities.toml"))
    >>> asks_for_story("Tell me about the cooperation with Dalian.", cities)
    True
    >>> asks_for_story("Tell me about the capacity of the plant in Dalian.", cities)
    False
    """
    blanked = catalogue.blank_names(text, NAME).replace("\u200b", "")
    if NAME not in blanked or len(catalogue.query_cities(text)) > 1:
        return False
    rest = SAYS_NOTHING_NARROWER.sub(" ", ASKS_TO_TELL.sub(" ", blanked))
    return re.search(r"\w", rest) is None
