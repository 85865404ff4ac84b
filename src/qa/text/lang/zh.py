"""All that the program knows of Chinese, simplified and traditional."""

from __future__ import annotations

from qa.text.lang.pack import LanguagePack, counted

SCALES = {
    "十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12,
}  # fmt: skip
UNITS = {
    "%": "个百分点", "km2": "平方公里 平方千米", "m2": "平方米", "m3": "立方米", "km": "公里 千米",
    "cm": "厘米", "mm": "毫米", "m": "米(?!国|ドル)", "mile": "英里", "ft": "英尺", "ha": "公顷 公頃",
    "l": "升", "kg": "公斤 千克", "mg": "毫克", "g": "克", "t": "吨 噸", "kwh": "千瓦时", "kw": "千瓦",
    "mwh": "兆瓦时", "mw": "兆瓦", "gw": "吉瓦", "°c": "摄氏度", "year": "岁", "month": "(?:个|個)月",
    "week": "周(?!年|辺|边|围) 星期", "day": "天", "hour": "小时 小時 时",
    "minute": "分钟 分鐘 分(?![の野析别別配类類解布けか之])", "century": "世纪", "usd": "米ドル 美元",
    "yen": "日元 日圆", "cny": "元(?!年) 人民币", "vnd": "越南盾", "idr": "印尼盾 卢比", "php": "比索",
    "khr": "瑞尔", "eur": "欧元 歐元", "gbp": "英镑",
}  # fmt: skip
ALIASES = {
    "co2": "二氧化碳", "ghg": "温室气体", "oda": "官方发展援助|政府开发援助", "mou": "谅解备忘录",
    "un": "联合国", "unep": "联合国环境规划署|联合国环境署", "jica": "日本国际协力机构|日本国際協力機構",
    "sdgs": "可持续发展目标", "usa": "美国", "eu": "欧盟", "uk": "英国",
}  # fmt: skip

PACK = LanguagePack(
    code="zh",
    has_no=(
        "joins_next joins_number goes_on_after_quote small_words empty_words function_words "
        "uncounted_words event_nouns determiners no_names common_words demonyms months "
        "month_lookalikes before_month dates eras era_names year_words before_year "
        "before_likely_year before_amount before_two_years before_decade after_decade after_until "
        "small_numbers whole_numbers ordinals joins_numbers before_age before_both "
        "rank_endings"
    ),
    greetings="你好|您好|早上好|下午好",
    thanks="谢谢(?:你|您)?|謝謝|感谢",
    asks_for_coverage=(
        "(?:你|您)?(?:有|能看)哪些(?:文件|文档|资料)|(?:你|您)?(?:能|可以|会)(?:做|回答)什么"
        "|我可以问什么|你是谁"
    ),
    points_back="那里|那裡|它|他们|他們|该市|這個|这个|那个|两市",
    asks_again_before="那么|那",
    asks_again_after="呢",
    asks_city_by_city="哪些|各(?:个)?城市|各市|每个城市|所有|全部|列出|比较|比較|对比",
    asks_to_tell=(
        "[请請]|麻[烦煩]|我(?:们)?想(?:要)?(?:知道|了解|听听)|(?:[给給跟向][我们]+)"
        "|[你您]?(?:可以|能)|(?:详细|简单|簡單|詳細)(?:地)?|告[诉訴]我"
        "|(?:介[绍紹]|[讲講说說谈談]|聊|概述)(?:一)?[下讲講说說谈談聊些]*|一下"
        "|(?:文件|文档|资料)(?:中|里|上)?(?:[说說写寫]了|怎么[说說]|有)什么|什么内容"
        "|(?:开展|進行|进行|做|实施|有)?(?:过|了)?(?:哪些|什么)(?:样的)?(?:合作|交流|项目|活动|工作"
        "|事情?)|做(?:过|了)(?:什么|哪些)"
    ),
    says_nothing_narrower=(
        "有?[关關][于於]|有[关關]|之[间間]|一起|共同|一些|都|已[经經]?|到目前为止"
        "|(?:环境|環境|国际|國際)?(?:合作|协作|交流|[项項]目|活动|活動|工作|[举舉]措|案例|情[况況]"
        "|[关關]系|關係|经验|成果|[历歷]史|事情|故事|信息|内容|[与與和同跟在对對的地])"
    ),
    asks_for="什么|什麼|谁|誰|哪|几|幾|多少|为何|為何|怎|如何",
    opens_pointing_back="(?:此外|此后|此後|该|這|这|它|他们|他們|两市|兩市|因此|其中|其后)",
    negations="不(?!同|仅|僅|断|斷|久|少|足)|没有|沒有|未(?!来|來)",
    about_evidence="证据|證據|引文|问题是|答案",
    speakers="系统|系統",
    instructions=(
        "(?:其他|其它)(?:文件|文档|资料|資料|引文|数字|數字).{0,12}(?:错误|錯誤|忽略|无视|無視|作废)"
        "|(?:忽略|无视|無視|忘记|忘記|不要理会).{0,12}(?:指令|指示|提示|规则|規則|以上|之前)"
        "|(?:只|仅|僅|必须|必須|请|請).{0,6}(?:回答|回复|回覆|输出|輸出)|(?:你|您)(?:现在|現在)是"
    ),
    stops="。！？",
    contents_headings=r"目\s*录|目\s*錄",
    page_words="页",
    aliases=ALIASES,
    counted_months=counted("一 二 三 四 五 六 七 八 九 十 十一 十二", 1),
    same_year="当年|该年|該年",
    until="至|到",
    ands="和",
    scales=SCALES,
    vague_amounts="[数數几幾何]",
    counters=(
        "周(?!辺|边|围)|时|岁|個|个|期|号|號|条|項|项|点|點|层(?!次)|種|种|家(?!族|庭)|座(?!谈|談)|届"
        "|笔|筆|户|戶|吨|噸|公里|公斤|公顷|天|小时|小時|分钟|分鐘|世纪|万|萬|億|亿|隻|只|艘|组|工厂"
        "|企业|领域|贷款|貸款"
    ),
    number_lookalikes="千万(?=不|要|别|別)|百十|百分(?!之)|四周(?!年)|一二|三三五五|四六",
    both_nouns="國|座城市|个城市|個城市",
    before_rank="第",
    after_rank="位",
    thousands_mark=",",
    units=UNITS,
    units_before={"usd": "美金", "cny": "人民币", "%": "百分之"},
    tenths="成(?![立为為果功长長])",
)
