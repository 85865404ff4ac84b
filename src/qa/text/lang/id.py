"""All that the program knows of Indonesian."""

from __future__ import annotations

from qa.text.lang.pack import CITY, LanguagePack, counted

SCALES = {
    "puluh": 10, "belas": 0, "ratus": 100, "ribu": 1000, "rb": 1000, "juta": 10**6, "jt": 10**6,
    "miliar": 10**9, "milyar": 10**9, "triliun": 10**12,
}  # fmt: skip
UNITS = {
    "%": "persen", "km2": "kilomet(?:er)?_persegi", "m2": "met(?:er)?_persegi", "m3": "meter_kubik",
    "cm": "sentimeter", "mm": "milimeter", "mile": "mil", "ft": "kaki", "ha": "hektare?", "mg": "miligram",
    "kwh": "kilowatt_jam", "°c": "derajat_celsius", "year": "tahun", "month": "bulan",
    "week": "minggu pekan", "day": "hari", "hour": "jam", "minute": "menit", "second": "detik",
    "century": "abad", "usd": "dolar(?:_as)?", "gbp": "poundsterling",
}  # fmt: skip
ALIASES = {
    "co2": "karbon dioksida", "ghg": "gas rumah kaca", "oda": "bantuan pembangunan resmi",
    "mou": "nota kesepahaman", "un": "perserikatan bangsa-bangsa|pbb", "usa": "amerika serikat",
    "eu": "uni eropa", "uk": "inggris",
}  # fmt: skip

PACK = LanguagePack(
    code="id",
    has_no=(
        "asks_again_after stops page_words joins_next joins_number goes_on_after_quote "
        "small_words empty_words event_nouns determiners demonyms counted_months dates eras "
        "era_names before_amount same_year joins_numbers counters number_lookalikes tenths "
        "after_rank rank_endings"
    ),
    greetings="halo|hai|selamat (?:pagi|siang|sore|malam)",
    thanks="terima kasih(?: banyak)?|makasih",
    asks_for_coverage=(
        "dokumen apa (?:saja )?yang (?:anda|kamu) (?:miliki|punya)"
        "|apa yang (?:bisa|dapat) (?:anda|kamu) (?:lakukan|jawab)"
        "|(?:siapa (?:anda|kamu)|(?:anda|kamu) siapa)"
    ),
    points_back=(
        r"\b(?:itu|tersebut|sana|mereka|di situ|lalu bagaimana|bagaimana dengan)\b"
        r"|(?<!\bha)(?<!\bpu)nya\b"
    ),
    asks_again_before="lalu|bagaimana dengan",
    asks_city_by_city=(
        r"\b(?:kota|negara)(?:-(?:kota|negara))? (?:mana|apa) saja"
        r"|\bsemua (?:kota|perjanjian|kesepakatan|negara)|\b(?:daftar|bandingkan|sebutkan semua)\b"
        r"|\bsetiap kota\b|\bmasing-masing\b"
    ),
    asks_to_tell=(
        r"\b(?:tolong|mohon|coba|silakan)\b|\b(?:bisakah|dapatkah|bisa|dapat) (?:anda|kamu)\b"
        r"|\b(?:ceritakan|jelaskan|beri ?tahu(?:kan)?|perkenalkan|gambarkan|uraikan|menceritakan"
        r"|menjelaskan)\b|\b(?:kepada )?(?:saya|kami)\b|\bingin (?:tahu|mengetahui)\b"
        r"|\b(?:lebih (?:banyak|lanjut)|semua|informasi)\b"
        rf"|\bapa (?:saja )?yang (?:(?:telah|sudah) )?di(?:lakukan|kerjakan|laksanakan)(?: oleh)? {CITY}"
        rf"|\bapa (?:saja )?yang {CITY} (?:(?:telah|sudah) )?lakukan\b"
        r"|\bapa (?:saja )?(?:kata|yang dikatakan) dokumen(?:-dokumen)?\b"
    ),
    says_nothing_narrower=(
        r"\b(?:tentang|mengenai|soal|dengan|bersama|di|dan|antara|dari|oleh|untuk|kota)\b"
        r"|\b(?:kerja ?sama|proyek|kegiatan|program|upaya|hubungan|kolaborasi|pengalaman"
        r"|kisah)(?:-\w+)?\b"
    ),
    asks_for=r"\b(?:apa|siapa|mana|kapan|berapa|mengapa|kenapa|bagaimana)\b",
    opens_pointing_back=(
        r"(?:\w+ ){1,3}(?:ini|tersebut)\b"
        "|(?:ini|itu|hal (?:ini|itu)|tersebut|selain itu|sejak itu|setelah itu|mereka|ia|dia"
        r"|kedua kota)\b"
    ),
    negations=r"\b(?:tidak|belum|bukan|tanpa)\b",
    about_evidence=r"\b(?:bukti|kutipan|pertanyaan|jawaban)\b",
    speakers="sistem",
    instructions=(
        r"\bdokumen lain\b.{0,30}\b(?:salah|keliru)\b"
        r"|\b(?:abaikan|lupakan|jangan ikuti)\b.{0,40}\b(?:instruksi|perintah|aturan|petunjuk|bukti)\b"
        r"|\b(?:jawab|balas|tulis|katakan)(?:lah)?\b.{0,30}\b(?:hanya|saja|dengan kata)\b"
        r"|\b(?:hanya|harus|selalu)\s{1,3}(?:jawab|menjawab|balas|membalas|tulis|menulis)\b"
        r"|\b(?:anda|kamu) (?:sekarang )?adalah\b"
    ),
    contents_headings="daftar isi",
    function_words=(
        "dan di ke dengan oleh untuk yang pada adalah telah sudah sebagai hingga sampai dari kota ini "
        "itu akan para"
    ),
    uncounted_words="dan atau dari di ke pada hingga sampai",
    no_names=(
        "pak bapak ibu bu kota kabupaten provinsi dalam pada sejak setelah menurut selain untuk antara"
    ),
    common_words=(
        "dan yang di ke dari dengan untuk pada adalah telah sudah ini itu sebanyak kota tahun sekitar "
        "oleh rumah orang kerja sama ribu juta persen proyek rencana air serta dalam antara tidak "
        "juga lebih melalui"
    ),
    aliases=ALIASES,
    months=counted(
        "januari februari maret april mei juni juli agustus september oktober november/nopember desember", 1
    ),
    month_lookalikes="mei juni juli",
    before_month="pada|bulan|sejak",
    year_words="tahun",
    before_year="tahun|sejak|semenjak|awal|akhir",
    before_likely_year="pada|dari|hingga|sampai|menjelang|sebelum|setelah|dalam",
    before_two_years="antara",
    before_decade="dasawarsa",
    after_decade="-an",
    until="sampai|hingga|s/d",
    after_until="dengan",
    ands="dan|atau",
    small_numbers=counted("nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas"),
    whole_numbers={"sebelas": 11, "seratus": 100, "seribu": 1000, "sejuta": 10**6, "semiliar": 10**9},
    ordinals=counted("ketiga keempat kelima keenam ketujuh kedelapan kesembilan kesepuluh kesebelas", 3),
    scales=SCALES,
    vague_amounts="beberapa ",
    before_age="usia|berumur",
    before_both=r"\bkedua",
    both_nouns="kota",
    before_rank="ke-?",
    thousands_mark=".",
    units=UNITS,
    units_before={"year": "ulang tahun ke-?", "century": "abad(?: ke-?)?"},
)
