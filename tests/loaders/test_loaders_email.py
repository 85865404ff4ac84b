"""Facts about messages: who, when and what is read; attachments are named and not opened."""

from __future__ import annotations

import contextlib
import email.message
import email.policy
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import LoadError
from qa.loaders.email import MAX_BOUNDARIES, MAX_PARTS, read_email
from qa.loaders.parsed import Parsed

HEAD = (
    "From: Aoki Hanako <aoki@example.org>\r\nTo: Tran Van A <tran@example.vn>\r\n"
    "Date: Fri, 05 Jan 2024 23:30:00 +0900\r\nSubject: The plan for Hai Phong\r\n"
)
BLOCK = """From: Aoki Hanako <aoki@example.org>
To: Tran Van A <tran@example.vn>
Date: Fri, 05 Jan 2024 23:30:00 +0900"""


def mail(
    body: str = "Dear Mr Tran,\r\n\r\nThe plan is ready.\r\n", head: str = HEAD, more: str = ""
) -> bytes:
    return f"{head}{more}\r\n{body}".encode()


def message(subject: str = "Plan", body: str = "Words.") -> email.message.EmailMessage:
    made = email.message.EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.org", "b@example.org", subject
    made["Date"] = "Fri, 05 Jan 2024 10:00:00 +0900"
    made.set_content(body)
    return made


def read(made: email.message.EmailMessage) -> Parsed:
    return read_email(made.as_bytes())


def test_a_message_is_its_subject_its_head_and_its_body() -> None:
    parsed = read_email(mail())
    assert parsed.text == f"The plan for Hai Phong\n\n{BLOCK}\n\nDear Mr Tran,\n\nThe plan is ready."
    assert (parsed.title, parsed.title_from) == ("The plan for Hai Phong", "properties")
    assert (parsed.date, parsed.date_from) == ("2024-01-05", "properties")
    assert [(s.heading, s.level) for s in parsed.sections] == [("The plan for Hai Phong", 1)]
    assert parsed.sections[0].span.cut(parsed.text) == parsed.sections[0].heading
    assert parsed.warnings == ()


def test_quoted_replies_are_kept() -> None:
    assert (
        "> What is the plan?\n> And when?"
        in read_email(mail("Soon.\n\n> What is the plan?\n> And when?\n")).text
    )


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "euc-jp", "utf-8"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_japanese_message_is_read(charset: str, is_declared: bool) -> None:
    subject = Header("北九州市の環境協力について", "iso-2022-jp").encode()
    head = f"From: {Header('青木', 'utf-8').encode()} <a@example.org>\r\nSubject: {subject}\r\n"
    kind = f"Content-Type: text/plain; charset={charset}\r\n" if is_declared else ""
    body = "北九州市とハイフォン市は、長い間ともに働いてきた。"
    parsed = read_email(f"{head}{kind}\r\n".encode() + body.encode(charset))
    assert parsed.title == "北九州市の環境協力について"
    assert "From: 青木 <a@example.org>" in parsed.text
    assert parsed.text.endswith(body)


@pytest.mark.parametrize("charset", ["gb2312", "us-ascii", "iso-8859-1", "no-such-thing", "gbk"])
def test_a_chinese_message_is_read_whatever_it_says_of_its_encoding(charset: str) -> None:
    body = "北九州市与大连市在环境领域开展合作，垃圾处理是其中的重点。"
    data = f"Subject: x\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode() + body.encode("gbk")
    assert read_email(data).text.endswith(body)


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("=?utf-8?B?5YyX5Lmd5bee5biC?=", "北九州市"),
        ("=?UTF-8?Q?H=E1=BA=A3i_Ph=C3=B2ng?= plan", "Hải Phòng plan"),
        ("=?utf-8?B?5YyX5Lmd?=\r\n =?utf-8?B?5bee5biC?=", "北九州市"),
        ("=?gb2312?B?tPPBrMrQ?=", "大连市"),
        ("=?no-such?Q?plain?=", "plain"),
        ("=?utf-8?B?not base64!?=", None),
        ("Plan\r\n for two lines", "Plan for two lines"),
        ("北九州市", "北九州市"),
    ],
)
def test_a_subject_is_decoded(raw: str, subject: str | None) -> None:
    parsed = read_email(f"Subject: {raw}\r\nFrom: a@example.org\r\n\r\nWords.".encode())
    assert parsed.text.endswith("Words.")
    if subject:
        assert parsed.title == subject


def test_a_subject_in_raw_old_bytes_is_read() -> None:
    data = b"Subject: " + "北九州市の環境協力について".encode("cp932") + b"\r\n\r\nWords."
    assert read_email(data).title == "北九州市の環境協力について"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Fri, 99 Jan 2024 10:00:00 +0900", "0", "1 Jan 99999 00:00:00 +9999"]
)
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    assert read_email(f"Subject: x\r\nDate: {date}\r\n\r\nWords.".encode()).date is None


def test_plain_text_is_preferred_to_html() -> None:
    made = message(body="The plain words.")
    made.add_alternative("<p>The <b>marked</b> words.</p>", subtype="html")
    text = read(made).text
    assert "The plain words." in text
    assert "marked" not in text


def test_html_is_read_where_there_is_no_plain_text() -> None:
    made = message()
    made.set_content(
        "<html><head><title>no</title><style>p {}</style></head><body><p>Dear all,<br>see below.</p>"
        "<table><tr><td>2017</td><td>600</td></tr></table><p style='display:none'>evil</p><!-- evil -->"
        "<ul><li>One</li><li>Two</li></ul><script>evil()</script></body></html>",
        subtype="html",
    )
    text = read(made).text
    assert "Dear all,\nsee below." in text
    assert "2017 | 600" in text
    assert "One\nTwo" in text
    assert "evil" not in text
    assert "no" not in text.split()


def test_html_is_read_where_the_plain_text_is_empty() -> None:
    made = message(body="\n")
    made.add_alternative("<p>The words.</p>", subtype="html")
    assert read(made).text.endswith("The words.")


def test_attachments_are_named_and_not_read() -> None:
    made = message()
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="plan.pdf")
    made.add_attachment("evil words", filename="報告.txt")
    made.add_attachment(b"x", maintype="application", subtype="octet-stream")
    parsed = read(made)
    assert parsed.warnings == (
        "attachments were left out: plan.pdf, 報告.txt, a part of type application/octet-stream; "
        "add them as files",
    )
    assert "evil" not in parsed.text


def test_many_attachments_are_counted() -> None:
    made = message()
    for number in range(14):
        made.add_attachment(b"x", maintype="image", subtype="png", filename=f"{number}.png")
    assert "9.png and 4 more; add them" in read(made).warnings[0]


def test_pictures_of_the_page_itself_are_no_attachments() -> None:
    made = message()
    made.set_content('<p>Words.</p><img src="cid:logo">', subtype="html")
    made.add_related(
        b"x", maintype="image", subtype="png", cid="<logo>", filename="logo.png", disposition="inline"
    )
    parsed = read(made)
    assert parsed.text.endswith("Words.")
    assert parsed.warnings == ()


def test_a_web_page_saved_as_one_file_is_read() -> None:
    page = (
        "From: <Saved by Blink>\r\nSubject: The plan\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; boundary="b"; type="text/html"\r\n\r\n'
        "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "<p>Caf=C3=A9 words.</p>\r\n"
        "--b\r\nContent-Type: text/css\r\nContent-Location: x.css\r\n\r\np {}\r\n--b--\r\n"
    )
    parsed = read_email(page.encode())
    assert parsed.text.endswith("Café words.")
    assert parsed.warnings == ()


def nested(depth: int) -> email.message.EmailMessage:
    made = message("Level 0", "Words 0.")
    for level in range(1, depth + 1):
        outer = message(f"Level {level}", f"Words {level}.")
        outer.add_attachment(made)
        made = outer
    return made


def test_forwarded_messages_are_read_under_their_headings() -> None:
    parsed = read(nested(2))
    assert [(s.heading, s.level) for s in parsed.sections] == [("Level 2", 1), ("Level 1", 2), ("Level 0", 3)]
    assert parsed.text.index("Words 2.") < parsed.text.index("Level 1") < parsed.text.index("Words 1.")
    assert parsed.title == "Level 2"


def test_what_was_forwarded_more_than_three_times_is_left_out_and_told() -> None:
    parsed = read(nested(5))
    assert "Words 2." in parsed.text
    assert "Words 1." not in parsed.text
    assert any("forwarded more than three times" in warning for warning in parsed.warnings)


def test_lines_that_a_program_broke_are_put_together() -> None:
    body = "This goes \r\non here.\r\n\r\nNew.\r\n-- \r\nHanako\r\n"
    text = read_email(mail(body, more="Content-Type: text/plain; format=flowed\r\n")).text
    assert "This goes on here.\n\nNew.\n--\nHanako" in text


def test_too_many_parts_are_refused() -> None:
    part = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    data = (
        f'Subject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{part * (MAX_PARTS + 1)}--b--\r\n'
    )
    with pytest.raises(LoadError, match=f"more than {MAX_PARTS} parts; save"):
        read_email(data.encode())


@pytest.mark.parametrize("depth", [MAX_BOUNDARIES + 1, 3000])
def test_parts_inside_of_parts_without_end_are_refused(depth: int) -> None:
    data = "Subject: x\r\n" + "".join(
        f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(depth)
    )
    with pytest.raises(LoadError, match="parts inside of parts; save"):
        read_email(data.encode())


def test_messages_inside_of_messages_without_end_end() -> None:
    data = "Subject: x\r\n" + "Content-Type: message/rfc822\r\n\r\n" * 5000 + "Words."
    with contextlib.suppress(LoadError):
        assert read_email(data.encode()).warnings


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\r\nContent-Type: multipart/mixed\r\n\r\nWords.",
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nWords.",
        b"Subject: x\r\nContent-Type: ;;;===\r\n\r\nWords.",
        b"Subject: x\r\nContent-Type: text/plain; charset*=x'y'z; charset=\"\r\n\r\nWords.",
        b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nWords.",
        b"Subject: x\r\nno header line\r\nTo: b\r\n\r\nWords.",
        b"Subject:\x00x\r\nFrom: \xff\xfe\r\nDate: \xff\r\n\r\nWords.",
        b"Subject: x\r\nFrom: " + b"(" * 50_000 + b"\r\nTo: " + b"a@b.c, " * 50_000 + b"\r\n\r\nWords.",
        b"Subject: " + b"=?utf-8?Q?" * 50_000 + b"\r\n\r\nWords.",
    ],
)
def test_a_broken_message_is_read_or_a_load_error(data: bytes) -> None:
    with contextlib.suppress(LoadError):
        parsed = read_email(data)
        assert len(parsed.text) < 30_000


PIECES = [
    b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"text/plain; charset=",
    b"iso-2022-jp", b"\r\n", b"\r\n\r\n", b"--b", b"--", b"=?utf-8?B?", b"?=", b"filename*0*=x''%", b"\xff",
    b"Content-Disposition: attachment; ", b"Content-Transfer-Encoding: base64", b"message/rfc822", b"Date: ",
    b"filename=", b'"', b"format=flowed", b"<p>", b"multipart/alternative; boundary=b", b"0", b";", b"\x00",
    b"utf-8", b"\x1b$B", b"Words",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_message_is_read_or_a_load_error(pieces: list[bytes]) -> None:
    with contextlib.suppress(LoadError):
        parsed = read_email(b"".join(pieces))
        for section in parsed.sections:
            assert section.span.cut(parsed.text) == section.heading
