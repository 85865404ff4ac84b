"""What is known of Indonesian."""

from __future__ import annotations

from qa.text.lang.pack import CITY, NONE, LanguagePack

PACK = LanguagePack(
    code="id",
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
    asks_again_after=NONE,
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
    page_words=NONE,
    joins_next=NONE,
    joins_number=NONE,
    goes_on_after_quote=NONE,
)
