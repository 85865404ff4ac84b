"""What operators see of the page: a line in the log for each answer, and figures for Prometheus.

Neither has a question's words, unless `log_questions` lets the log have them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import assert_never

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from qa.answer.composition import fallback_of, mode_of
from qa.domain import Answer, Quoted, Refused, Replied, Written
from qa.errors import QAError
from qa.pipeline import Pipeline
from qa.storage.manifest import state_of
from qa.system.logs import FIELDS
from qa.ui.access.wrong_keys import WrongKeys

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The histogram's bounds: from a stage that is a lookup to a language model that was waited for."""

logger = logging.getLogger(__name__)


class Watch:
    """Counts and logs the answers of `pipeline`; `count_waiting` says how many requests wait their turn, and
    `wrong_keys` how often somebody tried one."""

    def __init__(
        self, pipeline: Pipeline, *, count_waiting: Callable[[], int], wrong_keys: WrongKeys | None = None
    ) -> None:
        self._pipeline = pipeline
        self._wrong_keys = wrong_keys or WrongKeys()
        self._count_waiting = count_waiting
        self._may_tell = pipeline.settings.log_questions
        self._registry = registry = CollectorRegistry()

        def count(name: str, what: str, *labels: str) -> Counter:
            return Counter(name, what, labels, registry=registry)

        self._questions = count(
            "qa_questions", "Questions that were answered, refused, or greeted.", "outcome", "mode"
        )
        self._refusals = count("qa_refusals", "Refusals.", "reason")
        self._turned_away = count(
            "qa_turned_away", "Requests turned away, as too many wait or came.", "reason"
        )
        self._fallbacks = count("qa_llm_fallbacks", "Answers quoted though a language model is set.", "kind")
        self._errors = count("qa_errors", "Errors in the log.")
        self._seconds = Histogram(
            "qa_stage_seconds", "Seconds that an answer took, by stage.", ["stage"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def begin(self) -> None:
        """Watch from now on."""
        self._pipeline.on_answer = self.see
        logging.getLogger().addHandler(_ErrorCounter(self._errors))
        if self._pipeline.settings.log_format == "json":
            logger.setLevel(logging.INFO)

    def see(self, answer: Answer) -> None:
        """Count `answer`, and write a line about it."""
        outcome, reason = "answered", None
        match answer:
            case Refused():
                outcome, reason = "refused", answer.refusal.reason
                self._refusals.labels(reason).inc()
            case Replied():
                outcome = "replied"
            case Quoted() | Written():
                pass
            case _:
                assert_never(answer)
        mode, fallback = mode_of(answer), fallback_of(answer)
        self._questions.labels(outcome, mode).inc()
        if fallback:
            self._fallbacks.labels(fallback).inc()
        for stage, seconds in answer.timings.items():
            self._seconds.labels(stage).observe(seconds)
        fields = {
            "outcome": outcome,
            "reason": reason,
            "language": answer.language,
            "mode": mode,
            "fallback": fallback,
            "citations": len(answer.citations),
            "confidence": round(answer.confidence, 3),
            "seconds": {stage: round(seconds, 4) for stage, seconds in answer.timings.items()},
            **({"question": answer.question} if self._may_tell else {}),
        }
        logger.info("%s", outcome, extra={FIELDS: fields})

    def count_turned_away(self, reason: str) -> None:
        """Count a request that was turned away for this `reason`."""
        self._turned_away.labels(reason).inc()

    def collect(self) -> Iterable[Metric]:
        """What is looked up when Prometheus asks."""
        yield GaugeMetricFamily("qa_waiting", "Requests that wait their turn.", value=self._count_waiting())
        yield CounterMetricFamily("qa_wrong_keys", "Wrong keys that came.", value=self._wrong_keys.count)
        changed = state_of(self._pipeline.settings.index_dir)[1] / 1e9
        if changed:
            age = max(0.0, time.time() - changed)
            yield GaugeMetricFamily("qa_index_age_seconds", "Seconds since the index changed.", value=age)
        try:
            documents = len(self._pipeline.library.records)
        except QAError:  # /readyz says what it is
            return
        yield GaugeMetricFamily("qa_documents", "Documents in the index.", value=documents)

    def describe(self) -> Iterable[Metric]:
        """Return no metric: `collect` gives them when somebody asks."""
        return ()

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


class _ErrorCounter(logging.Handler):
    def __init__(self, counter: Counter) -> None:
        super().__init__(logging.ERROR)
        self._counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        self._counter.inc()
