"""Facts about answers that are made of quotes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from qa.answer.composition import Finding, compose, compose_answer, refuse
from qa.answer.verification import verify
from qa.domain import Chunk, Document, Evidence, Passage, Place, Query, Quoted, Refusal, Refused, Source, Span
from qa.text.sentences import split_sentences

QUERY = Query(
    question="And Dalian?",
    text="How many went to Dalian?",
    language="id",
    cities=("Dalian",),
    is_follow_up=True,
    set_aside_cities=("Davao",),
)
TEXT = "Heading\n\nKitakyushu sent 67 experts.  “Five loans” were granted. 两市合作。ភ្នំពេញ។"


def document_of(text: str, *, path: str = "dalian.md") -> Document:
    return Document(doc_id=f"id of {path}", path=path, title="Dalian", text=text, sha256="0", version="0")


def chunk_of(document: Document, *, sentences: tuple[Span, ...]) -> Chunk:
    span = Span(sentences[0].start, sentences[-1].end)
    return Chunk(
        "c",
        Source(document.doc_id, document.path, document.title, language="en", cities=("Dalian", "Surabaya")),
        Place(span, heading="Sister cities › Experts", page=7),
        span.cut(document.text),
        sentences,
    )


def evidence_of(chunk: Chunk, span: Span) -> Evidence:
    return Evidence(chunk=chunk, span=span, text=chunk.cut(span), score=0.9)


DOCUMENT = document_of(TEXT)
CHUNK = chunk_of(DOCUMENT, sentences=split_sentences(TEXT)[1:])
PASSAGES = (Passage(CHUNK, similarity=0.9, sentence_similarities=(0.9,) * len(CHUNK.sentences)),)


def test_each_piece_of_evidence_becomes_a_statement_with_a_citation_of_its_own() -> None:
    evidence = [evidence_of(CHUNK, span) for span in CHUNK.sentences[:3]]

    answer = compose(QUERY, evidence, PASSAGES, confidence=0.8)

    assert [statement.text for statement in answer.statements] == [piece.text for piece in evidence]
    assert [statement.citations for statement in answer.statements] == [(1,), (2,), (3,)]
    assert [citation.number for citation in answer.citations] == [1, 2, 3]


def test_a_citation_says_where_its_quote_stands() -> None:
    answer = compose(QUERY, [evidence_of(CHUNK, CHUNK.sentences[0])], PASSAGES, confidence=0.8)

    (citation,) = answer.citations
    assert citation.quote == "Kitakyushu sent 67 experts."
    assert citation.place.span.cut(DOCUMENT.text) == citation.quote
    assert (citation.source.doc_id, citation.source.path, citation.source.title) == (
        DOCUMENT.doc_id,
        "dalian.md",
        "Dalian",
    )
    assert (citation.place.heading, citation.place.page, citation.source.language) == (
        "Sister cities › Experts",
        7,
        "en",
    )
    assert citation.source.cities == CHUNK.source.cities


def test_an_answer_keeps_how_the_question_was_taken() -> None:
    answer = compose(QUERY, [evidence_of(CHUNK, CHUNK.sentences[0])], PASSAGES, confidence=0.8)

    assert (answer.question, answer.interpreted_as) == ("And Dalian?", "How many went to Dalian?")
    assert (answer.language, answer.searched_cities) == ("id", ("Dalian",))
    assert answer.set_aside_cities == ("Davao",)
    assert (answer.passages, answer.confidence) == (PASSAGES, 0.8)


def test_a_refusal_keeps_what_was_found() -> None:
    refusal = Refusal("weak_evidence", nearest=(evidence_of(CHUNK, CHUNK.sentences[0]),))

    answer = refuse(QUERY, refusal, PASSAGES, confidence=0.2)

    assert answer.refusal == refusal
    assert (answer.interpreted_as, answer.searched_cities) == ("How many went to Dalian?", ("Dalian",))
    assert answer.set_aside_cities == ("Davao",)
    assert (answer.passages, answer.confidence) == (PASSAGES, 0.2)


PIECES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.sampled_from(
        ["Dalian won. ", "同市は受賞した。", "ភ្នំពេញ។ ", "\r\n\r\n", "[1] ", "e\u0301. ", "🏙. "]
    ),
    min_size=1,
    max_size=12,
)


@given(pieces=PIECES, data=st.data())
def test_what_is_composed_of_any_text_holds_when_verified(pieces: list[str], data: st.DataObject) -> None:
    document = document_of("Start. " + "".join(pieces))
    sentences = split_sentences(document.text)
    first = data.draw(st.integers(0, len(sentences) - 1))
    last = data.draw(st.integers(first, len(sentences) - 1))
    chunk = chunk_of(document, sentences=sentences[first : last + 1])
    runs = data.draw(
        st.lists(
            st.tuples(st.integers(0, last - first), st.integers(0, last - first)), min_size=1, max_size=4
        )
    )
    spans = [Span(chunk.sentences[min(run)].start, chunk.sentences[max(run)].end) for run in runs]

    answer = compose(QUERY, [evidence_of(chunk, span) for span in spans], (), confidence=0.9)

    assert verify(answer, {document.doc_id: document}.get) is answer
    for statement in answer.statements:
        assert statement.citations
    for citation in answer.citations:
        assert document.text[citation.place.span.start : citation.place.span.end] == citation.quote


def finding_of(city: str, text: str | None, *, confidence: float) -> Finding:
    query = replace(QUERY, cities=(city,), is_city_by_city=True)
    if text is None:
        return Finding(query, (), Refusal("weak_evidence"), confidence)
    span = Span(0, len(text))
    chunk = Chunk(city, Source(city, f"{city}.md", city, cities=(city,)), Place(span), text, (span,))
    evidence = Evidence(chunk=chunk, span=span, text=text, score=confidence)
    return Finding(query, (Passage(chunk, 0.9, (0.9,)),), (evidence,), confidence)


def test_an_answer_city_by_city_gives_each_its_statement_and_names_the_silent() -> None:
    query = replace(QUERY, cities=(), is_city_by_city=True)
    findings = [
        finding_of("Davao", "Davao signed.", confidence=0.9),
        finding_of("Dalian", None, confidence=0.2),
        finding_of("Surabaya", "Surabaya composts.", confidence=0.7),
    ]
    answer = compose_answer(query, findings)
    assert [(s.city, s.text, s.citations) for s in answer.statements] == [
        ("Davao", "Davao signed.", (1,)),
        ("Surabaya", "Surabaya composts.", (2,)),
    ]
    assert isinstance(answer, Quoted)
    assert answer.silent_cities == ("Dalian",)
    assert answer.set_aside_cities == ("Davao",)
    assert answer.confidence == 0.9
    assert [passage.chunk.source.path for passage in answer.passages] == ["Davao.md", "Surabaya.md"]


def test_an_answer_city_by_city_holds_when_verified() -> None:
    texts = {"Davao": "Davao signed.", "Surabaya": "Surabaya composts."}
    findings = [finding_of(city, text, confidence=0.9) for city, text in texts.items()]
    answer = compose_answer(replace(QUERY, cities=(), is_city_by_city=True), findings)
    assert verify(answer, {city: document_of(text) for city, text in texts.items()}.get) is answer


def test_where_no_city_has_an_answer_there_is_one_refusal() -> None:
    query = replace(QUERY, cities=(), is_city_by_city=True)
    answer = compose_answer(
        query, [finding_of("Davao", None, confidence=0.3), finding_of("Dalian", None, confidence=0.1)]
    )
    assert isinstance(answer, Refused)
    assert answer.refusal == Refusal("weak_evidence")
    assert answer.set_aside_cities == ("Davao",)


def test_a_sentence_about_two_cities_is_cited_once() -> None:
    one = finding_of("Davao", "Davao and Dalian signed.", confidence=0.9)
    other = replace(one, query=replace(one.query, cities=("Dalian",)))
    answer = compose_answer(replace(QUERY, is_city_by_city=True), [one, other])
    assert len(answer.citations) == 1
    assert [(s.city, s.citations) for s in answer.statements] == [("Davao", (1,)), ("Dalian", (1,))]


def was_read(finding: Finding) -> Finding:
    return replace(finding, passages=tuple(replace(each, read_score=1.0) for each in finding.passages))


def silent(answer: Quoted | Refused) -> tuple[str, ...]:
    assert isinstance(answer, Quoted)
    return answer.silent_cities


def test_a_list_leaves_out_cities_far_behind_the_best_where_passages_are_read() -> None:
    sure = finding_of("Davao", "Davao signed.", confidence=0.95)
    near = finding_of("Dalian", "Dalian signed.", confidence=0.85)
    far = finding_of("Surabaya", "Surabaya is a city.", confidence=0.6)
    query = replace(QUERY, cities=(), is_city_by_city=True)

    answer = compose_answer(query, [was_read(each) for each in (sure, near, far)])
    assert {statement.city for statement in answer.statements} == {"Davao", "Dalian"}
    assert silent(answer) == ("Surabaya",)
    # Without it the figures are too rough, and a city that the question names gets what there is.
    assert silent(compose_answer(query, [sure, near, far])) == ()
    named = replace(query, named_cities=("Davao", "Surabaya"))
    assert silent(compose_answer(named, [was_read(sure), was_read(far)])) == ()
