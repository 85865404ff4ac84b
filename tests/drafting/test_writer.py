"""Facts about answers that a language model writes: what they may say, and what stands in their stead."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from conftest import REPOSITORY, CountingEmbedder, DigitReader, cited_elsewhere
from drafts import QUOTES, answer_of, fallback_of, said
from qa.answer.composition import is_quoted, is_translated
from qa.cities import load_cities
from qa.config import Settings
from qa.domain import (
    Answer,
    Chunk,
    Fallback,
    Focus,
    Partial,
    Passage,
    Place,
    Quoted,
    Refused,
    Source,
    Span,
    Statement,
    Step,
    Written,
)
from qa.drafting import Support, Writer
from qa.drafting.writer import MAX_KEPT, as_written
from qa.feedback import feedback_on
from qa.i18n.messages import LANGUAGES, say
from qa.models import Models
from qa.pipeline import Pipeline
from qa.rendering.message import to_html
from qa.rendering.page_parts import header_html, pending_html
from qa.rendering.text_formats import answer_text, to_json, to_markdown, to_text
from qa.rendering.wording import FALLBACK_NOTES, origin_of
from qa.suggestions.city_briefs import Briefs
from qa.suggestions.next_questions import Suggester
from scripted import AnySupport, Scripted, chat_of, cut_off, model_of, writer_of

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")


def written(
    *replies: Scripted, answer: Quoted | None = None, support: Support | None = None
) -> Quoted | Written:
    writer, _ = writer_of(*replies, support=support)
    return writer.write(answer or answer_of())


def test_a_draft_that_holds_is_the_answer_with_the_quotes_that_it_rests_on() -> None:
    answer = written("In 2000 Dalian was granted five loans [2]. Dalian saw 67 experts [1].")

    assert isinstance(answer, Written)
    assert said(answer) == [
        ("In 2000 Dalian was granted five loans.", (1,)),
        ("Dalian saw 67 experts.", (2,)),
    ]
    assert [(each.number, each.quote) for each in answer.citations] == [(1, QUOTES[1]), (2, QUOTES[0])]


CHEATS = [
    "Kitakyushu sent 76 experts to Dalian [1].",
    "Kitakyushu sent 67 experts to Surabaya [1].",
    "Kitakyushu sent sixty experts to Dalian [1].",
    "Kitakyushu sent 67 experts to Dalian [2].",
    "Kitakyushu sent 67 experts to Dalian [9].",
    "Kitakyushu sent 67 experts to Dalian [1][9].",
    "Kitakyushu sent 67 experts to Dalian [0].",
    "Kitakyushu sent 76 experts to Dalian.",
    "By the evidence, Kitakyushu sent 67 experts to Dalian [1].",
    "Kitakyushu sent 67 experts to Dalian ![](https://evil.example/67) [1].",
    "Kitakyushu sent [67 experts](https://evil.example) to Dalian [1].",
    "Kitakyushu sent 67 experts to Dalian <img src=//evil.example> [1].",
    "Kitakyushu sent 67 experts, see evil.example/67 [1].",
    "北九州市は67人を送りました [1]。",
    "Kitakyushu sent 67 experts to Dalian " + "and experts " * 60 + "[1].",
]


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_sentence_that_does_not_hold_is_never_seen(cheat: str) -> None:
    alone = written(cheat)
    beside = written(f"{cheat}\nFive loans were granted [2]. Composting spread [3].", cheat)

    assert fallback_of(alone) == "unsupported"
    assert alone.statements == answer_of().statements
    assert [each.text for each in beside.statements] == ["Five loans were granted.", "Composting spread."]


def test_a_sentence_without_a_mark_is_given_that_of_the_quote_which_holds_it() -> None:
    answer = written("Five loans were granted to Dalian. There were 67 experts.")

    assert [(each.text, answer.citations[each.citations[0] - 1].quote) for each in answer.statements] == [
        ("Five loans were granted to Dalian.", QUOTES[1]),
        ("There were 67 experts.", QUOTES[0]),
    ]


@pytest.mark.parametrize(
    ("question", "is_enough"),
    [
        ("How many experts did Kitakyushu send to Dalian?", False),
        ("Did Kitakyushu send experts to Dalian?", True),
    ],
)
def test_a_sentence_that_only_repeats_what_asks_for_more_is_no_answer(question: str, is_enough: bool) -> None:
    asked = answer_of(question=question, interpreted_as=question)

    answer = written("Experts send Kitakyushu to Dalian [1].", answer=asked)

    assert (isinstance(answer, Written)) is is_enough


@pytest.mark.parametrize(
    ("words", "is_enough"),
    [
        ("67 experts", True),
        ("The 67 experts", True),
        ("Dalian", False),
        ("To Dalian", False),
        ("Kitakyushu sent 67 experts to Dalian", True),
        ("Loans were granted", True),
    ],
)
def test_a_few_words_of_a_quote_that_say_nothing_of_the_question_are_no_answer(
    words: str, is_enough: bool
) -> None:
    question = "How many experts went where?"
    asked = answer_of(question=question, interpreted_as=question)
    number = 2 if "Loans" in words else 1

    assert isinstance(written(f"{words} [{number}].", answer=asked), Written) is is_enough


def test_a_sentence_that_the_models_do_not_hold_is_never_seen() -> None:
    support = Support(Models(CountingEmbedder(), None, DigitReader()), least_logit=2.0)
    reply = (
        "Kitakyushu sent experts to Dalian [1]. The mayor swims in cold water [1]. Loans were granted [2]."
    )

    assert [text for text, _ in said(written(reply, support=support))] == [
        "Kitakyushu sent experts to Dalian.",
        "Loans were granted.",
    ]


def test_a_sentence_that_fails_is_mended_once_by_a_model_that_is_told_why() -> None:
    writer, chat = writer_of(
        "Kitakyushu sent 76 experts [1]. Five loans were granted [2].", "Kitakyushu sent 67 experts [1]."
    )

    answer = writer.write(answer_of())

    assert [text for text, _ in said(answer)] == ["Kitakyushu sent 67 experts.", "Five loans were granted."]
    assert len(chat.asked) == 2
    *_, reply, told = chat.asked[1]
    assert isinstance(reply, AIMessage)
    assert "- Kitakyushu sent 76 experts. (the quotes that it names do not have: 76)" in told.content
    assert "Five loans" not in told.content


def test_a_mended_sentence_that_fails_again_is_dropped() -> None:
    writer, chat = writer_of(
        "Kitakyushu sent 76 experts [1]. There were five loans [2].", "Kitakyushu sent 77 experts [1]."
    )

    assert said(writer.write(answer_of())) == [("There were five loans.", (1,))]
    assert len(chat.asked) == 2


def test_a_model_that_fails_while_it_mends_leaves_what_had_passed() -> None:
    answer = written("Kitakyushu sent 76 experts [1]. There were five loans [2].", RuntimeError())

    assert said(answer) == [("There were five loans.", (1,))]


def test_a_draft_of_which_most_is_dropped_is_not_used() -> None:
    answer = written("76 experts [1]. 77 experts [1]. There were five loans [2].", "NO_ANSWER")

    assert fallback_of(answer) == "unsupported"


def test_a_sentence_is_said_once() -> None:
    assert len(said(written("There were five loans [2]. " * 3))) == 1


def test_both_sides_are_told_where_documents_differ() -> None:
    differing = answer_of(disagreements=((1, 2),))

    assert fallback_of(written("There were 67 experts [1].", answer=differing)) == "unsupported"
    answer = written("There were five loans [2]. There were 67 experts [1].", answer=differing)
    assert isinstance(answer, Written)
    assert answer.disagreements == ((2, 1),)


def test_a_draft_without_the_words_asked_for_is_not_used() -> None:
    first, *others = answer_of().statements
    exact = answer_of(statements=(dataclasses.replace(first, focus=Span(16, 18)), *others))

    assert fallback_of(written("Five loans were granted [2].", answer=exact)) == "unsupported"
    assert isinstance(written("There were 67 experts [1].", answer=exact), Written)


FAILURES: list[tuple[Scripted, str]] = [
    (ConnectionRefusedError(), "unreachable"),
    (["Kitakyushu sent 67 experts [1]. ", ConnectionResetError()], "broken"),
    ("", "empty"),
    (cut_off("Kitakyushu sent 67 experts [1]. Kitakyushu"), "endless"),
    (["Kitakyushu sent 67 experts [1]. "] * 1000, "endless"),
    ("!!! --- ###", "wrong_form"),
    ("67 experts [1]. " * 30, "wrong_form"),
    ("NO_ANSWER", "declined"),
    (KeyError("choices"), "failed"),
]


@pytest.mark.parametrize(("reply", "fallback"), FAILURES)
def test_when_the_model_fails_the_quotes_stand(
    reply: Scripted, fallback: Fallback, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = written(reply)

    assert answer == dataclasses.replace(answer_of(), fallback=fallback)
    assert fallback == "declined" or "quoted, not written" in caplog.text


def test_the_same_question_over_the_same_quotes_is_written_once() -> None:
    writer, chat = writer_of("There were five loans [2].", "Kitakyushu sent 67 experts [1].")
    first = writer.write(answer_of())

    assert writer.write(answer_of()) == first
    assert len(chat.asked) == 1
    for changes in ({"interpreted_as": "Another?"}, {"language": "id"}):
        assert said(writer.write(answer_of(**changes)))[-1] == ("Kitakyushu sent 67 experts.", (1,))
    assert writer.write(answer_of(*QUOTES[:1])).citations[0].quote == QUOTES[0]
    assert len(chat.asked) == 4


def test_a_failure_is_not_kept() -> None:
    writer, _ = writer_of(KeyError(), "There were five loans [2].")

    assert isinstance(writer.write(answer_of()), Quoted)
    assert isinstance(writer.write(answer_of()), Written)


@pytest.mark.slow
def test_what_is_kept_is_bounded() -> None:
    writer, chat = writer_of("There were five loans [2].")
    for number in range(MAX_KEPT + 1):
        writer.write(answer_of(interpreted_as=f"Question {number}?"))

    assert len(writer._kept) == MAX_KEPT
    writer.write(answer_of(interpreted_as="Question 0?"))
    assert len(chat.asked) == MAX_KEPT + 2


def test_a_model_that_reads_little_is_given_the_first_quotes_only() -> None:
    long = tuple(f"{quote} {'word ' * 100}" for quote in QUOTES)
    settings = Settings(llm="scripted:model", llm_context_tokens=800, llm_max_tokens=50)
    model = model_of("67 experts [1].", settings=settings)

    Writer(model, writer_of("")[0]._support).write(answer_of(*long))

    told = str(chat_of(model).asked[0][1].content)
    assert "[1] Kitakyushu" in told
    assert "[3]" not in told


def test_one_quote_that_is_too_long_is_a_failure_like_others() -> None:
    model = model_of("67 experts [1].", settings=Settings(llm="scripted:model", llm_context_tokens=512))

    answer = Writer(model, writer_of("")[0]._support).write(answer_of("word " * 500))

    assert fallback_of(answer) == "failed"
    assert chat_of(model).asked == []


def by_city() -> Quoted:
    """An answer that goes city by city: two quotes for Dalian, one for Surabaya, one for both."""
    both = "Dalian and Surabaya were visited in 2013."
    given = [(1, "Dalian"), (2, "Dalian"), (4, "Dalian"), (3, "Surabaya"), (4, "Surabaya")]
    quotes = (*QUOTES, both)
    return answer_of(
        *quotes,
        statements=tuple(Statement(quotes[number - 1], (number,), city) for number, city in given),
    )


def test_an_answer_city_by_city_is_written_for_each_city() -> None:
    writer, chat = writer_of(
        "Composting reached 20,000 households in Surabaya [3]. Dalian saw 67 experts [1]. "
        "Both were visited in 2013 [4]."
    )

    answer = writer.write(by_city(), catalogue=CATALOGUE)

    assert [(each.city, each.text, each.citations) for each in answer.statements] == [
        ("Dalian", "Dalian saw 67 experts.", (1,)),
        ("Dalian", "Both were visited in 2013.", (2,)),
        ("Surabaya", "Composting reached 20,000 households in Surabaya.", (3,)),
        ("Surabaya", "Both were visited in 2013.", (2,)),
    ]
    rules, request = (str(message.content) for message in chat.asked[0])
    assert "each city" in rules
    assert "[1] (Dalian) Kitakyushu" in request
    assert "[4] (Dalian, Surabaya) Dalian and" in request


def test_a_city_of_which_nothing_holds_is_quoted_beside_what_was_written() -> None:
    writer, _ = writer_of(
        "Dalian saw 67 experts [1]. Composting reached 30,000 households [3].", "30,000 households [3]."
    )

    answer = writer.write(by_city(), catalogue=CATALOGUE)

    assert isinstance(answer, Written)
    assert [(each.city, each.text) for each in answer.statements] == [
        ("Dalian", "Dalian saw 67 experts."),
        ("Surabaya", QUOTES[2]),
        ("Surabaya", "Dalian and Surabaya were visited in 2013."),
    ]
    html = to_html(answer)
    assert html.count('class="statement written"') == 1
    assert html.count('class="statement"') == 2


@pytest.mark.parametrize(
    "cheat",
    [
        "67 experts and 20,000 households [1][3].",  # of two cities in one sentence
        "Surabaya saw 67 experts [1].",
        "Surabaya was granted five loans in 2000 [2].",
    ],
)
def test_no_city_is_given_what_was_said_of_another(cheat: str) -> None:
    answer = writer_of(f"{cheat} Composting spread [3].", cheat)[0].write(by_city(), catalogue=CATALOGUE)

    assert isinstance(answer, Written)
    assert all(
        each.text in str(QUOTES)
        for each in answer.statements
        if each.city == "Dalian" and "2013" not in each.text
    )


def test_a_sentence_about_one_city_is_not_given_for_the_other_that_its_quote_is_for() -> None:
    answer = writer_of("Surabaya was visited in 2013 [4].")[0].write(by_city(), catalogue=CATALOGUE)

    assert [each.city for each in answer.statements if each.text == "Surabaya was visited in 2013."] == [
        "Surabaya"
    ]


def test_sentences_are_seen_as_they_pass_and_none_that_does_not() -> None:
    reply = [
        "Kitakyushu sent 67 ",
        "experts [1]. Kitakyushu sent 99 experts [",
        "1]. Five loans were",
        " granted. [2",
        "]",
    ]
    writer, _ = writer_of(reply, "Kitakyushu sent experts [1].")

    seen = [[text for text, _ in said(answer)] for answer in writer.write_on(answer_of())]

    first, mended, last = (
        "Kitakyushu sent 67 experts.",
        "Kitakyushu sent experts.",
        "Five loans were granted.",
    )
    assert seen == [[first], [first], [first, mended, last]]


def test_what_was_asked_for_and_left_out_is_asked_for_once_more() -> None:
    first, *others = answer_of().statements
    exact = answer_of(statements=(dataclasses.replace(first, focus=Span(16, 18)), *others))
    writer, chat = writer_of("Five loans were granted [2].", "There were 67 experts [1].")

    assert [text for text, _ in said(writer.write(exact))] == [
        "Five loans were granted.",
        "There were 67 experts.",
    ]
    assert "is not said: 67" in str(chat.asked[1][-1].content)


def test_a_city_whose_exact_words_are_left_out_keeps_its_quotes() -> None:
    given = by_city()
    exact = dataclasses.replace(given.statements[0], focus=Span(16, 18))
    answer = dataclasses.replace(given, statements=(exact, *given.statements[1:]))
    without = "Five loans were granted to Dalian [2]."

    mixed = writer_of(f"{without} Composting spread [3].", without)[0].write(answer, catalogue=CATALOGUE)
    quoted = writer_of(without)[0].write(answer, catalogue=CATALOGUE)

    assert [each.text for each in mixed.statements if each.city == "Dalian"][:2] == list(QUOTES[:2])
    assert [each.text for each in mixed.statements if each.city == "Surabaya"] == ["Composting spread."]
    assert fallback_of(quoted) == "unsupported"


def test_of_several_exact_words_the_likeliest_must_be_said() -> None:
    spans = (Span(16, 18), Span(0, 4))
    statements = [
        dataclasses.replace(each, focus=span)
        for each, span in zip(answer_of().statements, spans, strict=False)
    ]
    chunk = Chunk("c", Source("d", "p.md", "T"), Place(Span(0, 83)), "".join(QUOTES[:2]), ())
    foci = (Focus(Span(16, 18), 5.0), Focus(Span(len(QUOTES[0]), len(QUOTES[0]) + 4), 2.0))
    answer = answer_of(
        *QUOTES[:2], statements=tuple(statements), passages=(Passage(chunk, 0.9, (), foci=foci),)
    )

    assert fallback_of(written("Five loans were granted [2].", answer=answer)) == "unsupported"
    assert isinstance(written("There were 67 experts [1].", answer=answer), Written)


def test_a_sentence_that_answers_with_one_of_two_likely_dates_is_told_of_the_other() -> None:
    class Torn(AnySupport):
        def find_rivals(self, sentence: str, quotes: Any, *, question: str) -> tuple[str, ...]:
            return () if "1569" in sentence else ("1569",)

    quote = "In 1529 it came, for good in 1569."
    answer = answer_of(quote)
    writer, chat = writer_of("It came in 1529 [1].", "It came for good in 1569 [1].", support=Torn())

    assert [text for text, _ in said(writer.write(answer))] == ["It came for good in 1569."]
    assert "may as well be: 1569" in str(chat.asked[1][-1].content)
    assert fallback_of(written("It came in 1529 [1].", answer=answer, support=Torn())) == "unsupported"


@pytest.mark.parametrize(
    ("score", "reply", "kept"),
    [
        (-2.0, "There were 67 experts [1].", ()),
        (-3.5, "There were 67 experts [1].", QUOTES[:2]),
        (-3.5, "In 2000 five loans were granted to Dalian [2]. There were 67 experts [1].", QUOTES[:1]),
        (
            -3.5,
            "In 2000 five loans were granted to Dalian [2]. To Dalian Kitakyushu sent 67 experts [1].",
            (),
        ),
    ],
)
def test_where_the_reader_does_not_know_what_was_asked_for_quotes_that_are_not_said_stay(
    score: float, reply: str, kept: tuple[str, ...]
) -> None:
    first, second = answer_of(*QUOTES[:2]).statements
    chunk = Chunk("c", Source("d", "p.md", "T"), Place(Span(0, 83)), "".join(QUOTES[:2]), ())
    read = Passage(chunk, 0.9, (), read_score=0.5, foci=(Focus(Span(16, 18), score), None))
    statements = (dataclasses.replace(first, focus=Span(16, 18)), second)

    answer = written(reply, answer=answer_of(*QUOTES[:2], statements=statements, passages=(read,)))

    assert isinstance(answer, Written)
    assert tuple(each.text for each in answer.statements if each.text in kept) == kept
    assert len(answer.statements) == reply.count("[") + len(kept)
    assert all(
        answer.citations[each.citations[0] - 1].quote == each.text
        for each in answer.statements
        if each.text in kept
    )
    assert to_html(answer).count('class="statement"') == len(kept)
    assert [to_html(answer).count('class="lead"'), to_text(answer).count("From the documents:")] == (
        [1, 1] if kept else [0, 0]
    )


def test_a_reply_of_no_answer_is_not_read_while_it_comes() -> None:
    seen = list(
        writer_of(["NO_", "ANSWER", ". The quotes do not say [1]. Sorry [1]."])[0].write_on(answer_of())
    )

    assert seen == [answer_of(fallback="declined")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("writer")
    (folder / "corpus").mkdir()
    for number, quote in enumerate(QUOTES):
        (folder / "corpus" / f"{number}.txt").write_text(quote, encoding="utf-8")
    cities = REPOSITORY / "corpus" / "cities.toml"
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", cities_file=cities)
    return Pipeline.build(settings, Models(CountingEmbedder()))


def piped(built: Pipeline, *replies: Scripted) -> tuple[Pipeline, list[list[BaseMessage]]]:
    writer, chat = writer_of(*replies)
    return Pipeline(built.settings, Models(CountingEmbedder()), writer), chat.asked


QUESTION = "experts to Dalian Kitakyushu sent?"


def test_the_pipeline_says_that_it_writes_and_then_what(built: Pipeline) -> None:
    pipeline, _ = piped(built, "There were 67 experts whom Kitakyushu sent to Dalian [1].")

    *_, step, partial, answer = pipeline.work_on(QUESTION)

    assert step == Step("write", passages=1)
    assert isinstance(partial, Partial)
    assert isinstance(answer, Answer)
    assert isinstance(answer, Written)
    assert partial.answer.statements == answer.statements
    assert said(answer)[0][1] == (1,)
    assert answer.timings["write"] >= 0
    record = to_json(answer)
    assert (record["mode"], record["fallback"]) == ("drafted", "")
    assert record["answer"].startswith("There were 67 experts")


def test_the_program_itself_asks_for_quotes_and_does_not_trouble_the_model(built: Pipeline) -> None:
    pipeline, asked = piped(built, "There were 67 experts whom Kitakyushu sent to Dalian [1].")

    answer = pipeline.quote(QUESTION)
    Briefs(pipeline).find(pipeline.library.catalogue.partners[0], "en")
    Suggester(pipeline).suggest(cities=("Dalian",), language="en")

    assert isinstance(answer, Quoted)
    assert (answer.fallback, asked) == ("", [])


def test_a_refusal_is_not_written(built: Pipeline) -> None:
    pipeline, asked = piped(built, "Ramen is made of 67 noodles [1].")

    assert isinstance(pipeline.ask("which recipe makes good ramen"), Refused)
    assert asked == []


def test_without_a_model_answers_are_what_they_were(built: Pipeline) -> None:
    steps: Sequence[Any] = [*built.work_on(QUESTION)]

    assert [step.kind for step in steps[:-1]] == ["search", "read"]
    assert isinstance(steps[-1], Quoted)
    assert steps[-1].fallback == ""
    assert "language model" not in to_text(steps[-1])


@pytest.mark.parametrize("reply", [ConnectionRefusedError(), "Kitakyushu sent 99 experts [1]."])
def test_the_quotes_are_shown_with_the_reason_when_the_model_fails(built: Pipeline, reply: Scripted) -> None:
    pipeline, _ = piped(built, reply)

    answer = pipeline.ask(QUESTION)

    assert isinstance(answer, Quoted)
    assert dataclasses.replace(answer, fallback="", timings={}) == dataclasses.replace(
        built.ask(QUESTION), timings={}
    )
    assert "Quoted, because" in to_html(answer)
    assert "Quoted, because" in to_text(answer)
    assert to_json(answer)["fallback"] in ("unreachable", "unsupported")


def test_a_written_answer_says_so_in_the_askers_language() -> None:
    given = written("Five loans were granted [2].")
    citations = tuple(cited_elsewhere(citation, language="vi") for citation in given.citations)
    answer = dataclasses.replace(given, language="vi", citations=citations)

    shown = to_html(answer)

    assert '<p class="statement written" lang="vi"' in shown
    assert "mô hình ngôn ngữ" in shown
    assert 'class="lead"' not in shown


FALSE = "大連は専門家67人を追い返しました。"
"""Its figure and name are right, and it is not what the quote says."""
TRUE = "北九州市は大連に専門家67人を派遣しました。"


def in_japanese(answer: Quoted) -> Quoted:
    """`answer` to a question in Japanese, over English quotes."""
    return dataclasses.replace(answer, language="ja")


def test_a_sentence_over_a_quote_in_another_language_stands_beneath_it() -> None:
    answer = written(f"{FALSE} [1] 2000年に融資5件があった。[2]", answer=in_japanese(answer_of()))

    assert said(answer) == [
        (QUOTES[0], (1,)),
        (FALSE, (1,)),
        (QUOTES[1], (2,)),
        ("2000年に融資5件があった。", (2,)),
    ]
    assert [is_translated(each, answer) for each in answer.statements] == [False, True, False, True]


def test_a_quote_stands_once_above_the_sentences_that_rest_on_it() -> None:
    reply = f"{TRUE} [1] 専門家は67人です。[1] 2000年に専門家67人と融資5件。[1][2] 5件の融資。[2]"

    answer = written(reply, answer=in_japanese(answer_of()))

    assert [text for text, _ in said(answer)] == [
        QUOTES[0],
        TRUE,
        "専門家は67人です。",
        QUOTES[1],
        "2000年に専門家67人と融資5件。",
        "5件の融資。",
    ]


def test_the_words_asked_for_stay_set_off_in_the_quote_above_a_translation() -> None:
    first, *others = answer_of().statements
    exact = answer_of(statements=(dataclasses.replace(first, focus=Span(16, 18)), *others))

    answer = written(f"{TRUE} [1]", answer=in_japanese(exact))

    assert answer.statements[0] == dataclasses.replace(first, focus=Span(16, 18))


def test_a_sentence_over_quotes_of_both_languages_is_a_translation() -> None:
    quoted = in_japanese(answer_of("北九州市は専門家67人を送った。", QUOTES[0]))
    own, foreign = quoted.citations
    quoted = dataclasses.replace(quoted, citations=(cited_elsewhere(own, language="ja"), foreign))

    answer = written("大連に67人。[1][2] 専門家67人が送られた。[1]", answer=quoted)

    assert [text for text, _ in said(answer)] == [
        own.quote,
        foreign.quote,
        "大連に67人。",
        "専門家67人が送られた。",
    ]
    assert [is_translated(each, answer) for each in answer.statements] == [False, False, True, False]


def test_a_sentence_in_its_quotes_own_language_stands_alone_as_before() -> None:
    answer = written("Dalian saw 67 experts [1].")

    assert said(answer) == [("Dalian saw 67 experts.", (1,))]
    assert "only" not in to_text(answer)
    assert to_json(answer)["statements"] == [
        {
            "text": "Dalian saw 67 experts.",
            "citations": [1],
            "city": None,
            "quoted": False,
            "checked": "all",
        }
    ]


def test_city_by_city_each_city_has_its_quote_above_the_translation() -> None:
    writer, _ = writer_of("大連とスラバヤは2013年に訪問された。[4] スラバヤの20,000世帯。[3]")

    answer = writer.write(in_japanese(by_city()), catalogue=CATALOGUE)

    assert [(each.city, each.text) for each in answer.statements] == [
        ("Dalian", "Dalian and Surabaya were visited in 2013."),
        ("Dalian", "大連とスラバヤは2013年に訪問された。"),
        ("Surabaya", "Dalian and Surabaya were visited in 2013."),
        ("Surabaya", "大連とスラバヤは2013年に訪問された。"),
        ("Surabaya", QUOTES[2]),
        ("Surabaya", "スラバヤの20,000世帯。"),
    ]
    html = to_html(answer)
    assert html.index("visited in 2013") < html.index("言語モデルによる翻訳") < html.index("2013年に訪問")


def test_a_translation_never_appears_before_its_quote_while_it_is_written() -> None:
    reply = [f"{TRUE} [1] 2000年に", "融資5件があった。[2] ", "以上です。"]
    writer, _ = writer_of(reply, "")

    for seen in writer.write_on(in_japanese(answer_of())):
        for number, statement in enumerate(seen.statements):
            if is_translated(statement, seen):
                assert is_quoted(seen.statements[number - 1], seen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_marked_as_one_wherever_it_is_read(language: str) -> None:
    quote = "67 – Kitakyushu." if language != "en" else "北九州市は67人を送った。"
    quoted = answer_of(quote, language=language)
    foreign = cited_elsewhere(quoted.citations[0], language="ja" if language == "en" else "en")
    answer = dataclasses.replace(
        as_written(quoted),
        citations=(foreign,),
        statements=(quoted.statements[0], Statement("67!", (1,))),
    )
    note = say("translated_by_model", language)

    record = to_json(answer)
    assert [(each["quoted"], each["checked"]) for each in record["statements"]] == [
        (True, "all"),
        (False, "figures_and_names"),
    ]
    assert record["answer"] == answer_text(answer) == f"{quote} ({note}) 67!"
    assert feedback_on(answer, "good").answer == answer_text(answer)
    for shown in (to_text(answer), to_markdown(answer).replace("\\", ""), to_html(answer)):
        assert shown.index(quote) < shown.index(note) < shown.index("67!")
    assert origin_of(answer) == say("written_translated", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words_in_every_language(language: str) -> None:
    notes = {origin_of(answer_of(language=language, fallback=each)) for each in FALLBACK_NOTES}

    assert len(notes) == len(set(FALLBACK_NOTES.values()))
    assert origin_of(answer_of(language=language)) == ""
    assert "3" in pending_html(language, Step("write", passages=3))


def test_the_key_of_the_model_is_in_no_log(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    error = RuntimeError("Incorrect API key provided: sk-secret")

    with caplog.at_level(logging.DEBUG):
        written(error)

    assert "sk-secret" not in caplog.text


def test_the_page_says_that_answers_are_written_where_they_are(built: Pipeline) -> None:
    assert not built.writes
    assert piped(built, "")[0].writes
    for is_written, words in (
        (False, "Every answer is quoted"),
        (True, "A language model writes the answers"),
    ):
        assert words in header_html(documents=3, cities=[], language="en", is_written=is_written)
