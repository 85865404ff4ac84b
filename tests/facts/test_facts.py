"""Facts about facts: what of a sentence counts as being in its quotes, across languages, scripts and calendars."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY, examples
from qa.cities import load_cities
from qa.facts import Fact, missing_facts
from qa.facts.composing import read_digits
from qa.text.sentences import split_sentences

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
SIGNED = "Kitakyushu and Phnom Penh concluded their sister city agreement in March 2016."
EXPERTS = (
    "In total, Kitakyushu sent 67 experts to Dalian, who came from the local government and from companies."
)
LOANS = "After the survey, five loans of Official Development Assistance (ODA) were granted."
COMPOST = "The composting method used in Surabaya has spread to 20,000 households."
THIRD = "Hai Phong is the third largest city in Viet Nam."
VISIT = "Prime Minister Hun Sen visited Kitakyushu, and his visit was what Kitakyushu had contributed "
"to Phnom Penh."
AWARD = "Kitakyushu received the Global 500 award of the United Nations Environment Programme (UNEP) in 1990."
CAPACITY = "The page gives the capacity of the Vinh Bao water treatment plant as “5,000m/day”."
FISCAL = "From fiscal 2010 to 2012, experts were sent to Hai Phong."
SUPPLY = "It covers tap water that is drinkable and a 24-hour water supply."
U_BCF = "Kitakyushu's advanced water purification technologies (U-BCF) were introduced in Hai Phong."


def missing(sentence: str, *quotes: str, question: str = "") -> list[tuple[str, str]]:
    found = missing_facts(sentence, quotes, question=question, catalogue=CATALOGUE)
    return [(fact.kind, fact.text) for fact in found]


@pytest.mark.parametrize(
    ("quote", "sentence"),
    [
        # Dates
        (SIGNED, "The sister city agreement was concluded in March 2016."),
        (SIGNED, "It was signed in 2016."),
        (SIGNED, "In March they signed."),
        (SIGNED, "Heisei 28 saw the agreement."),
        (SIGNED, "姉妹都市協定は2016年3月に締結された。"),
        (SIGNED, "姉妹都市協定は２０１６年３月に締結された。"),
        (SIGNED, "二〇一六年三月に締結された。"),
        (SIGNED, "平成28年3月に締結された。"),
        (SIGNED, "平成二十八年三月に締結された。"),
        (SIGNED, "3月に締結された。"),
        (SIGNED, "姐妹城市协议于2016年3月签署。"),
        (SIGNED, "姐妹城市协议于2016 年签署。"),
        (SIGNED, "Thỏa thuận được ký kết vào tháng 3 năm 2016."),
        (SIGNED, "Thỏa thuận được ký kết vào tháng ba năm 2016."),
        (SIGNED, "Thỏa thuận được ký kết vào tháng 3/2016."),
        (SIGNED, "Vào tháng 3, hai thành phố ký kết."),
        (SIGNED, "Perjanjian itu ditandatangani pada Maret 2016."),
        (SIGNED, "Perjanjian itu ditandatangani pada bulan Maret tahun 2016."),
        (SIGNED, "កិច្ចព្រមព្រៀងត្រូវបានចុះហត្ថលេខានៅខែមីនា ឆ្នាំ២០១៦។"),
        (SIGNED, "កិច្ចព្រមព្រៀងត្រូវបានចុះហត្ថលេខាក្នុងឆ្នាំ២០១៦។"),
        (SIGNED, "Nilagdaan ang kasunduan noong Marso 2016."),
        ("As of 2016-03-05 there were two.", "March 5, 2016"),
        ("On March 5th, 2016 they met.", "Họ gặp nhau ngày 5 tháng 3 năm 2016."),
        ("Pada tanggal 5 Maret 2016 kedua kota bertemu.", "2016年3月5日に会った。"),
        ("They met on 5 March 2016.", "Nilagdaan ito noong ika-5 ng Marso 2016."),
        ("Ký ngày 5/3/2016.", "ថ្ងៃទី៥ ខែមីនា ឆ្នាំ២០១៦"),
        ("The 2007 General Election was disputed.", "2007年选举"),
        ("2014年に協定を結び、同年3月に訪問した。", "They visited in March 2014."),
        ("1990年代に公害は減った。", "Pollution fell in the 1990s."),
        ("Pollution fell in the 1990s.", "Ô nhiễm giảm trong thập niên 1990."),
        ("Pollution fell in the 1990s.", "Những năm 1990, ô nhiễm giảm."),
        ("Pollution fell in the 1990s.", "Polusi menurun pada tahun 1990-an."),
        ("Pollution fell in the 1990s.", "20世纪90年代，污染减少。"),
        ("Pollution fell in the 1990s.", "Bumaba ang polusyon noong dekada 1990."),
        (FISCAL, "2010年度から2012年度まで派遣した。"),
        (FISCAL, "平成22年度から24年度まで派遣した。"),
        (FISCAL, "Từ năm 2010 đến năm 2012, các chuyên gia được cử đi."),
        (FISCAL, "Dari tahun 2010 hingga 2012, para ahli dikirim."),
        (FISCAL, "Mula 2010 hanggang 2012, nagpadala ng mga eksperto."),
        (FISCAL, "FY2010-12"),
        (FISCAL, "2010–2012"),
        # Numbers
        (COMPOST, "20 nghìn hộ gia đình ở Surabaya"),
        (COMPOST, "Phương pháp này đã lan tới 20.000 hộ ở Surabaya."),
        (COMPOST, "Phương pháp này đã lan tới hai mươi nghìn hộ."),
        (COMPOST, "スラバヤの2万世帯に広がった。"),
        (COMPOST, "二万世帯に広がった。"),
        (COMPOST, "２０，０００世帯に広がった。"),
        (COMPOST, "该方法已推广到泗水的两万户家庭。"),
        (COMPOST, "该方法已推广到2万户家庭。"),
        (COMPOST, "Metode ini menyebar ke 20 ribu rumah tangga di Surabaya."),
        (COMPOST, "Metode ini menyebar ke 20.000 rumah tangga."),
        (COMPOST, "Metode ini menyebar ke dua puluh ribu rumah tangga."),
        (COMPOST, "វិធីនេះបានរីករាលដាលដល់ ២០.០០០ គ្រួសារ។"),
        (COMPOST, "វិធីនេះបានរីករាលដាលដល់ពីរម៉ឺនគ្រួសារ។"),
        (COMPOST, "Umabot ito sa 20 libong sambahayan."),
        (COMPOST, "Umabot ito sa dalawampung libong sambahayan."),
        (COMPOST, "It spread to twenty thousand households."),
        (COMPOST, "It spread to 20 000 households."),
        ("1.5 million people live there.", "150万人が住む。"),
        ("150万人が住む。", "1,5 juta orang tinggal di sana."),
        ("Có 1,5 triệu người sống ở đó.", "一百五十万人住在那里。"),
        ("Ada 1 juta 500 ribu orang.", "There are 1,500,000 people."),
        ("1億2000万人が住む。", "120 million people live there."),
        ("Two hundred and fifty-three experts came.", "253人の専門家が来た。"),
        ("Ba trăm hai mươi lăm người đã đến.", "325 people came."),
        ("Labinlimang proyekto ang sinimulan.", "15 pilot projects were begun."),
        ("There are 15 pilot projects.", "មានគម្រោងសាកល្បងដប់ប្រាំ"),
        (EXPERTS, "北九州市は大連に67人の専門家を派遣した。"),
        (EXPERTS, "専門家六十七人が派遣された。"),
        (EXPERTS, "北九州向大连派遣了67名专家。"),
        (EXPERTS, "Kitakyushu đã cử 67 chuyên gia đến Đại Liên."),
        (EXPERTS, "Sáu mươi bảy chuyên gia đã đến."),
        (EXPERTS, "Kitakyushu mengirim 67 ahli ke Dalian."),
        (EXPERTS, "Enam puluh tujuh ahli dikirim."),
        (EXPERTS, "គីតាគ្យូស៊ូ បានបញ្ជូនអ្នកជំនាញ ៦៧ នាក់ ទៅ តាលៀន។"),
        (EXPERTS, "Nagpadala ang Kitakyushu ng animnapu't pitong eksperto sa Dalian."),
        (EXPERTS, "Sixty-seven experts were sent to Dalian."),
        (LOANS, "調査後、5件のODA借款が供与された。"),
        (LOANS, "五つの借款が供与された。"),
        (LOANS, "提供了五笔贷款。"),
        (LOANS, "Năm khoản vay ODA đã được cấp."),
        (LOANS, "Lima pinjaman ODA diberikan."),
        (LOANS, "Limang pautang ng ODA ang ibinigay."),
        (LOANS, "កម្ចី ODA ប្រាំត្រូវបានផ្តល់។"),
        (LOANS, "After the survey, 5 loans were granted."),
        ("A kick-off meeting was held 2 times.", "A kick-off meeting was held twice."),
        # The n-th
        (THIRD, "ハイフォンはベトナム第三の都市です。"),
        (THIRD, "ハイフォンはベトナムで3番目に大きい都市です。"),
        (THIRD, "海防是越南第三大城市。"),
        (THIRD, "Hải Phòng là thành phố lớn thứ ba ở Việt Nam."),
        (THIRD, "Hai Phong adalah kota terbesar ketiga di Vietnam."),
        (THIRD, "ហៃផុងជាទីក្រុងធំជាងគេទីបីនៅវៀតណាម។"),
        (THIRD, "Ang Hai Phong ay ang ikatlong pinakamalaking lungsod sa Vietnam."),
        (THIRD, "Haiphong is the 3rd largest Vietnamese city."),
        ("The second phase began.", "Phase II began."),
        # Units
        ("65% of the waste is organic.", "ごみの65パーセントは有機物だ。"),
        ("65% of the waste is organic.", "65 per cent of the waste is organic."),
        ("65% of the waste is organic.", "65 phần trăm rác thải là hữu cơ."),
        ("65% of the waste is organic.", "65 persen sampah adalah organik."),
        ("65% of the waste is organic.", "百分之六十五的垃圾是有机物。"),
        ("65% of the waste is organic.", "65 porsiyento ng basura ay organiko."),
        ("65% of the waste is organic.", "សំរាម ៦៥ ភាគរយ"),
        ("3割が減った。", "It fell by 30%."),
        ("5,000 m³ of water", "5,000m3の水"),
        ("The twenty-first century began.", "21世紀が始まった。"),
        ("10周年を迎えた。", "It was the 10th anniversary."),
        ("It begins at 3 p.m.", "午後3時に始まる。"),
        ("JICAが支援した。", "It was supported by the Japan International Cooperation Agency (JICA)."),
        ("It fell by 2.5 million tonnes.", "២,៥ លាន តោន"),
        ("The budget was 700 million yen.", "予算は7億円だった。"),
        (CAPACITY, "容量は5,000m/日です。"),
        ("5–10 km away", "5 to 10 kilometres away"),
        ("It costs US$ 5 million.", "500万ドルかかる。"),
        ("It costs $5m.", "Biayanya 5 juta dolar."),
        ("It costs ¥3 billion.", "30億円かかる。"),
        ("Biayanya Rp 5.000.", "It costs 5,000 rupiah."),
        (SUPPLY, "24時間給水が実現した。"),
        (SUPPLY, "实现了24小时供水。"),
        (SUPPLY, "Cấp nước 24 giờ."),
        (SUPPLY, "Pasokan air 24 jam."),
        (SUPPLY, "24 oras na suplay ng tubig."),
        (SUPPLY, "ការផ្គត់ផ្គង់ទឹក ២៤ ម៉ោង"),
        ("Waste by year (t): 2014: 1200", "In 2014 there were 1,200 tonnes."),
        # Names
        (VISIT, "フン・セン首相が北九州市を訪問した。"),
        (VISIT, "Thủ tướng Hun Sen đã thăm Kitakyushu."),
        (VISIT, "Bumisita si Hun Sen sa Kitakyushu."),
        (AWARD, "北九州市は1990年にUNEPのグローバル500賞を受賞した。"),
        (AWARD, "Tahun 1990, Kitakyushu menerima penghargaan Global 500 dari UNEP."),
        (AWARD, "北九州于1990年获得联合国环境规划署奖。"),
        (U_BCF, "U-BCFはハイフォンに導入された。"),
        (LOANS, "政府開発援助の借款が5件供与された。"),
        ("日本が支援した。", "The Japanese side supported it."),
        ("Carbon dioxide fell.", "CO2が減った。"),
        ("フン・セン首相が訪問した。", "The visit of Hun Sen was important."),
        ("Officials came from Viet Nam.", "Các quan chức đến từ Việt Nam."),
    ],
)
def test_what_the_quote_says_in_other_words_is_supported(quote: str, sentence: str) -> None:
    assert missing(sentence, quote) == []


@pytest.mark.parametrize(
    ("quote", "sentence", "expected"),
    [
        (SIGNED, "It was concluded in March 2014.", [("date", "March 2014")]),
        (SIGNED, "It was concluded in April 2016.", [("date", "April 2016")]),
        (SIGNED, "It was concluded on 5 March 2016.", [("date", "5 March 2016")]),
        (SIGNED, "It was concluded in 2017.", [("number", "2017")]),
        (SIGNED, "2016年4月に締結された。", [("date", "2016年4月")]),
        (SIGNED, "平成27年3月に締結された。", [("date", "平成27年3月")]),
        (SIGNED, "令和2年に締結された。", [("date", "令和2年")]),
        (SIGNED, "4月に締結された。", [("date", "4月")]),
        (SIGNED, "签署于2017年。", [("date", "2017年")]),
        (SIGNED, "Ký kết vào tháng 4 năm 2016.", [("date", "tháng 4 năm 2016")]),
        (SIGNED, "Ditandatangani pada April 2016.", [("date", "April 2016")]),
        (SIGNED, "ចុះហត្ថលេខានៅខែមេសា ឆ្នាំ២០១៦។", [("date", "ខែមេសា ឆ្នាំ២០១៦")]),
        (SIGNED, "Nilagdaan noong Abril 2016.", [("date", "Abril 2016")]),
        (SIGNED, "It was signed in the 2010s.", [("date", "2010s")]),
        ("In 1996 a survey began.", "In the 1990s a survey began.", [("date", "1990s")]),
        (
            "As of 2016-03-05 there were two.",
            "As of March 6, 2016 there were two.",
            [("date", "March 6, 2016")],
        ),
        (FISCAL, "From fiscal 2010 to 2013, experts were sent.", [("number", "2013")]),
        (COMPOST, "It spread to 200,000 households.", [("number", "200,000")]),
        (COMPOST, "It spread to 20 households.", [("number", "20")]),
        (COMPOST, "It spread to 20,500 households.", [("number", "20,500")]),
        (COMPOST, "2千世帯に広がった。", [("number", "2千")]),
        (COMPOST, "三万世帯に広がった。", [("number", "三万")]),
        (COMPOST, "推广到20万户家庭。", [("number", "20万")]),
        (COMPOST, "Lan tới 20 triệu hộ gia đình.", [("number", "20 triệu")]),
        (COMPOST, "Menyebar ke 20 juta rumah tangga.", [("number", "20 juta")]),
        (COMPOST, "២០០.០០០ គ្រួសារ", [("number", "២០០.០០០")]),
        (COMPOST, "Umabot sa tatlumpung libong sambahayan.", [("number", "tatlumpung libong")]),
        (COMPOST, "It spread to 20,000 km.", [("unit", "20,000 km")]),
        (EXPERTS, "68 experts were sent.", [("number", "68")]),
        (EXPERTS, "67 % of the experts came.", [("unit", "67 %")]),
        (EXPERTS, "67ドルかかった。", [("unit", "67ドル")]),
        (EXPERTS, "The 67th expert came.", [("unit", "67th")]),
        (LOANS, "Six loans were granted.", [("number", "Six")]),
        (LOANS, "6件が供与された。", [("number", "6")]),
        (LOANS, "六つの借款", [("number", "六")]),
        (LOANS, "Sáu khoản vay", [("number", "Sáu")]),
        (LOANS, "Enam pinjaman diberikan.", [("number", "Enam")]),
        (LOANS, "Anim na pautang ng bangko", [("number", "Anim")]),
        (LOANS, "提供了六笔贷款", [("number", "六")]),
        (LOANS, "កម្ចីប្រាំមួយ", [("number", "ប្រាំមួយ")]),
        (THIRD, "Hai Phong is the second largest city in Viet Nam.", [("number", "second")]),
        (THIRD, "Hai Phong has 3 cities.", [("unit", "3")]),
        (THIRD, "Thành phố lớn thứ hai", [("number", "thứ hai")]),
        (THIRD, "Kota terbesar keempat", [("number", "keempat")]),
        (THIRD, "第四の都市", [("number", "第四")]),
        (THIRD, "Ang ikaapat na lungsod", [("number", "ikaapat")]),
        (THIRD, "ទីក្រុងទីប្រាំ", [("number", "ទីប្រាំ")]),
        ("It lies 5 km away.", "It lies 5 m away.", [("unit", "5 m")]),
        ("It costs 5 million dollars.", "500万円かかる。", [("unit", "500万円")]),
        ("It costs 5 million dollars.", "Biayanya Rp 5 juta.", [("unit", "Rp 5 juta")]),
        ("It lasted 5 years.", "It lasted 5 months.", [("unit", "5 months")]),
        ("It lasted 5 years.", "Kéo dài 5 tháng.", [("unit", "5 tháng")]),
        (CAPACITY, "The capacity is 5,000 m³/day.", [("unit", "5,000 m³")]),
        (SUPPLY, "Water is supplied 24 days.", [("unit", "24 days")]),
        (EXPERTS, "Kitakyushu sent 67 experts to Surabaya.", [("name", "Surabaya")]),
        (EXPERTS, "北九州市はスラバヤに67人を派遣した。", [("name", "スラバヤ")]),
        (EXPERTS, "北九州向海防派遣了67名专家。", [("name", "海防")]),
        (EXPERTS, "Kitakyushu cử 67 chuyên gia đến Hải Phòng.", [("name", "Hải Phòng")]),
        (EXPERTS, "Nagpadala ng 67 eksperto sa Dabaw.", [("name", "Dabaw")]),
        (EXPERTS, "អ្នកជំនាញ ៦៧ នាក់ ទៅ ហៃផុង", [("name", "ហៃផុង")]),
        (EXPERTS, "67 experts went to Bangkok.", [("name", "Bangkok")]),
        (VISIT, "Prime Minister Hun Manet visited Kitakyushu.", [("name", "Manet")]),
        (VISIT, "Prime Minister Angela Merkel visited.", [("name", "Angela Merkel")]),
        (VISIT, "The Thai Prime Minister visited.", [("name", "Thai")]),
        (U_BCF, "The U-BCG technology was introduced.", [("name", "U-BCG")]),
        (AWARD, "In 1990, Kitakyushu received the Nobel Prize.", [("name", "Nobel Prize")]),
        (AWARD, "It received the WHO award in 1990.", [("name", "WHO")]),
        ("CO2 fell.", "PM2.5 fell.", [("name", "PM2.5")]),
        ("CO2 fell.", "The pressure of O\n2 fell by 3.", [("number", "2"), ("number", "3")]),
        ("甲型H1N1流感疫情", "甲型H4N1流感疫情", [("name", "H4N1")]),
        ("10BASE5 cables", "10BASE7 cables", [("name", "10BASE7")]),
        ("Version v3.0", "Version v6.0", [("number", "6.0")]),
        ("编号B-165，1993年退役。", "编号B-165，1953年退役。", [("date", "1953年")]),
        (
            "See the page.",
            "See https://evil.example/x?q=1 for more.",
            [("name", "https://evil.example/x?q=1")],
        ),
        (VISIT, "田中氏とメルケル首相が訪問した。", [("unjudged", "メルケル")]),
        ("フン・セン首相が訪問した。", "Then Angela Merkel came.", [("unjudged", "Angela Merkel")]),
    ],
)
def test_what_the_quote_does_not_say_is_found(
    quote: str, sentence: str, expected: list[tuple[str, str]]
) -> None:
    assert missing(sentence, quote) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "One of the projects is the first that one can see.",
        "The two cities work together, and both sides agree.",
        "両市は一緒に、唯一の計画を十分に進めた。",
        "北九州市は四国と九州に近く、千葉からは遠い。",
        "两市一起努力，统一规划，百分比不同。",
        "Hai bên cùng đầu tư; mỗi năm không có gì mới.",
        "Kedua kota bekerja sama di satu tempat.",
        "Isang proyekto ang una, di ba?",
        "គម្រោងមួយអំពីរឿងនេះ",
        "You may march a second longer, for seconds.",
        "Hundreds of people and dozens of firms came.",
        "",
    ],
)
def test_words_that_are_no_figures_are_left_alone(sentence: str) -> None:
    assert [fact for fact in missing(sentence, "Kitakyushu 北九州") if fact[0] != "unjudged"] == []


def test_a_date_must_be_one_date_of_one_quote() -> None:
    quotes = (SIGNED, "In 2014 Kitakyushu signed another agreement.")
    assert missing("They signed in March 2014.", *quotes) == [("date", "March 2014")]
    assert missing("They signed in March 2016 and in 2014.", *quotes) == []


def test_both_ends_of_a_range_must_be_named_together() -> None:
    quotes = ("In 2010 a survey began.", "In 2014 an agreement was signed.")
    assert missing("It ran from 2010 to 2014.", *quotes) == [("date", "2010 to 2014")]
    assert missing("It began in 2010. In 2014 they signed.", *quotes) == []


def test_a_name_may_come_from_the_question_but_a_number_may_not() -> None:
    question = "Did Bangkok send 70 experts?"
    assert missing("Bangkok is not named.", EXPERTS, question=question) == []
    assert missing("70 experts were sent.", EXPERTS, question=question) == [("number", "70")]


def test_without_quotes_everything_is_missing() -> None:
    assert missing("In March 2016, 67 experts came to Dalian.") == [
        ("date", "March 2016"),
        ("number", "67"),
        ("name", "Dalian"),
    ]


def test_without_a_catalogue_cities_are_words_like_others() -> None:
    assert missing_facts("They went to Surabaya.", ["They went to Dalian."]) == (Fact("name", "Surabaya"),)


@pytest.mark.parametrize(
    ("digits", "language", "values"),
    [
        ("20,000", "en", [20000]),
        ("20.000", "vi", [20000]),
        ("20.000", "km", [20000, 20]),
        ("1.234", "en", [1.234]),
        ("1.500", "id", [1500]),
        ("1,5", "id", [1.5]),
        ("1.234.567", "vi", [1234567]),
        ("1,234.5", "en", [1234.5]),
        ("1.234,5", "id", [1234.5]),
        ("12,34,567", "en", [1234567]),
        ("20\u00a0000", "en", [20000]),
        ("007", "en", [7]),
    ],
)
def test_digits_are_read_as_their_language_writes_them(
    digits: str, language: str, values: list[float]
) -> None:
    assert [float(value) for value in read_digits(digits, language)] == pytest.approx(values)


CORPUS = [
    path.read_text(encoding="utf-8").split("---\n", 2)[2]
    for path in sorted((REPOSITORY / "corpus").glob("*.md"))
]
SENTENCES = [span.cut(text) for text in CORPUS for span in split_sentences(text)]
PIECES = st.sampled_from(
    "67 20,000 20.000 2万 ២០ 五 hai năm ba lima ribu juta triệu third 3rd 第 % km m³ US$ ¥ 2016 2016年 "
    "3月 平成28年 March 5 "
    "tháng 3 ឆ្នាំ ខែមីនា from to から , . - – / : ( ) Hai Phong フン・セン JICA CO2 北九州 II age 20 "
    "thousand and ke-3 ika-5".split()
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES, max_size=14).map("".join), st.text()
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_of_the_corpus_is_supported_by_its_document_and_by_itself(sentence: str) -> None:
    assert missing(f"{sentence} – ", sentence) == []
    assert missing(sentence, next(text for text in CORPUS if sentence in text)) == []


@pytest.mark.slow
@examples(300)
@given(TEXTS, TEXTS)
def test_any_text_supports_itself(text: str, other: str) -> None:
    assert missing(text, other, text) == []
    # Not word for word, so that all is read and compared.
    assert missing(f"{text} – .", other, text) == []


@examples(300)
@given(TEXTS, TEXTS, TEXTS)
def test_a_sentence_cut_from_a_quote_is_supported(before: str, sentence: str, after: str) -> None:
    assert missing(sentence, f"{before}。\n{sentence}\n{after}") == []


def test_a_sentence_that_begins_elsewhere_in_a_number_is_found_where_it_stands() -> None:
    assert missing("0", "20,000。\n0\nribu") == []


def test_half_a_number_is_not_cut_from_a_quote() -> None:
    assert missing("5 km", "It is 2.5 km long.") == [("number", "5")]
    assert missing("It spread to 20", "It spread to 20,000 households.") == [("number", "20")]


@examples(200)
@given(st.sampled_from([COMPOST, EXPERTS, SIGNED, AWARD, FISCAL, SUPPLY, CAPACITY]), st.data())
def test_a_changed_digit_is_caught(quote: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([match.start() for match in re.finditer(r"\d", quote)]))
    digit = data.draw(st.sampled_from([digit for digit in "123456789" if digit != quote[place]]))
    changed = quote[:place] + digit + quote[place + 1 :]
    numbers, others = (re.findall(r"\d+(?:,\d+)*", text) for text in (quote, changed))
    found = {kind for kind, _ in missing(changed, quote)}
    assert set(others) <= set(numbers) or found & {"number", "date"}


@examples(200)
@given(st.integers(2, 10**9), st.integers(2, 10**9))
def test_two_numbers_are_the_same_only_if_they_are(one: int, other: int) -> None:
    found = missing(f"There were {one:,} households.", f"Ada {other:,} rumah tangga.".replace(",", "."))
    assert (found == []) == (one == other)


@examples(200)
@given(TEXTS, TEXTS, st.sampled_from(["０１２３４５６７８９", "០១២៣៤៥៦៧៨៩"]))
def test_the_script_of_digits_makes_no_difference(sentence: str, quote: str, digits: str) -> None:
    found = missing(sentence, quote)
    if not re.search(r"[A-Za-zÀ-ỹ][\d-]*\d|\d[A-Za-z]", sentence + " " + quote):  # a code keeps its spelling
        other = missing(sentence, quote.translate(str.maketrans("0123456789", digits)))
        assert [fact for fact in found if fact[0] != "name"] == [fact for fact in other if fact[0] != "name"]


@examples(300)
@given(TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_what_is_missing_stands_in_the_sentence(sentence: str, quotes: list[str], question: str) -> None:
    for _, text in missing(sentence, *quotes, question=question):
        assert text
        assert text.casefold() in unicodedata.normalize("NFC", sentence).casefold()


@pytest.mark.slow
@pytest.mark.parametrize(
    "bait",
    ["1", "1,", "1.000 ", "十", "二千", "hai mươi ", "a hundred and ", "March ", "2010 to ", "平成", "A ", "A-",
     "Abc Def ", "ァ・", "US$", "(%) 5", "http://", "1/1/", "Hai Phong ", "II ", "5–", "Zz1", "\u200b"],
)  # fmt: skip
def test_long_baits_take_linear_time(bait: str) -> None:
    def seconds(length: int) -> float:
        text = bait * (length // len(bait))
        started = time.process_time()
        missing(text, SIGNED)
        missing(SIGNED, text)
        return time.process_time() - started

    # Ten times the text: a quadratic way would take a hundred times as long.
    assert seconds(100_000) < 30 * max(seconds(10_000), 0.05)
