"""Trains the reader on paragraphs with questions, without those of the development sets, and measures it.

    python scripts/train_reader.py prepare --train TRAIN_DIR --evaluation EVAL_DIR
    python scripts/train_reader.py prepare-support --train TRAIN_DIR --evaluation EVAL_DIR
    python scripts/train_reader.py train --minutes 60        again and again: it goes on from its checkpoint
    python scripts/train_reader.py measure WEIGHTS.safetensors…
    python scripts/train_reader.py development-set FOLDER    a set for `qa eval` and scripts/calibrate.py
    cp build/reader/reader.safetensors src/qa/data/

`docs/reader-card.md` has what the weights that ship have seen, and how they measure.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reader_samples import ANSWERING, HeldOut, Passage, Sample, read_all
from support_samples import Claim, read_claims
from torch import nn
from transformers import BertConfig, BertModel

from qa.config import Settings
from qa.drafting.support import MIN_LOGIT, MIN_LOGIT_ACROSS
from qa.models import load_embedder
from qa.models.packaged import packaged_embedder_folder
from qa.models.reader import (
    LOWER_LAYERS,
    PASSAGE_PREFIX,
    QUESTION_PREFIX,
    WEIGHTS_FILE,
    dequantise,
    quantise,
)
from qa.models.reader_net import ReaderNet

MAX_PASSAGE, MAX_QUESTION, MAX_CROP = 256, 48, 128
"""Tokens: longer texts are cut; of a longer passage, a window with the answer is read."""
NEAR = 4
"""The nearest passages that do not answer a question, of its passage's language and of others."""
NEGATIVES = {"near": 0.45, "same_article": 0.2, "foreign": 0.35}
"""From where a passage is drawn that does not answer, where there is one."""
SHARE, MADE_SHARE = 0.85, 0.7
"""How many answered questions get such a passage in each epoch, and how many made near misses are read."""
DROPOUT = 0.1
"""Of the states that go in; none inside, see `reader_net`."""
BATCH_TOKENS, WORKERS = 3500, 2
"""Tokens that each worker reads for a step."""
WARM_STEPS, COOL_SHARE, CHECKPOINT_STEPS = 60, 0.5, 100
"""The rate rises in so many steps, and falls to zero in the last share of the time."""

MAX_SENTENCE, MAX_QUOTE = 96, 128
"""Tokens of a sentence and of a quote that are read for the support head."""
CLAIMS, SUPPORT_SHARE = 60_000, 0.45
"""How many claims are used, and the share of what is read, by tokens, that they are."""

MADE_KINDS = ("parallel", "table", "table_miss", "cut")
"""The kinds of samples whose passages or questions nobody wrote."""

Pair = tuple[int, int, tuple[int, int] | None, bool, bool]
"""Question, passage, tokens of the answer in the passage, whether they are known, whether it answers."""


@dataclass(frozen=True)
class Prepared:
    """The states of all texts after the lower layers, and for each sample its tokens and passages near it."""

    samples: list[Sample]
    passages: list[Passage]
    questions: list[torch.Tensor]
    states: list[torch.Tensor]
    firsts: list[int]
    spans: list[tuple[int, int] | None]
    near: list[dict[str, list[int]]]


@dataclass(frozen=True)
class PreparedClaims:
    """Claims, and the states of their texts after the lower layers; `texts` has the places of each claim's two."""

    claims: list[Claim]
    texts: list[tuple[int, int]]
    states: list[torch.Tensor]


def open_lower_layers() -> tuple[BertModel, Any]:
    """The embedder's lower layers in bfloat16, and its tokenizer."""
    from tokenizers import Tokenizer

    folder = packaged_embedder_folder()
    bert = BertModel.from_pretrained(folder, dtype=torch.bfloat16).eval()  # type: ignore[no-untyped-call]  # torch has no types for it
    bert.encoder.layer = bert.encoder.layer[:LOWER_LAYERS]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return bert, tokenizer


def prepare_support(options: argparse.Namespace) -> None:
    """Write the claims, and the states of their texts."""
    options.folder.mkdir(parents=True, exist_ok=True)
    claims = read_claims(options.train, HeldOut(options.evaluation).holds)
    chance = random.Random(9)
    kept = [claim for claim in claims if claim.is_held_out or chance.random() < CLAIMS / len(claims)]
    texts = list(dict.fromkeys(text for claim in kept for text in (claim.sentence, claim.quote)))
    bert, tokenizer = open_lower_layers()
    states, _ = encode(bert, tokenizer, [PASSAGE_PREFIX + text for text in texts], MAX_QUOTE)
    places = {text: place for place, text in enumerate(texts)}
    pairs = [(places[claim.sentence], places[claim.quote]) for claim in kept]
    print(len(kept), "claims", len(texts), "texts", flush=True)
    torch.save(PreparedClaims(kept, pairs, states), options.folder / "support.pt")


def prepare(options: argparse.Namespace) -> None:
    """Write the states of all texts, and the samples."""
    options.folder.mkdir(parents=True, exist_ok=True)
    passages, samples = thin(
        *read_all(options.train, options.evaluation, options.folder), options.share, options.seed
    )
    bert, tokenizer = open_lower_layers()
    embedder = load_embedder(Settings())  # for what is near: three times as fast, in int8
    texts = [PASSAGE_PREFIX + passage.text for passage in passages]
    states, offsets = encode(bert, tokenizer, texts, MAX_PASSAGE)
    asked = list(dict.fromkeys(sample.question for sample in samples))
    q_states, _ = encode(bert, tokenizer, [QUESTION_PREFIX + each for each in asked], MAX_QUESTION)
    vectors = embedder.encode_passages([passage.text[:600] for passage in passages])
    q_vectors = embedder.encode_passages([QUESTION_PREFIX + each for each in asked])
    print("vectors", flush=True)
    numbers = {question: number for number, question in enumerate(asked)}
    starts = [passage.start + len(PASSAGE_PREFIX) for passage in passages]
    firsts = [
        next((t for t, (a, b) in enumerate(each) if b > start and b > a), len(each) - 1)
        for each, start in zip(offsets, starts, strict=True)
    ]
    kept, spans = [], []
    for sample in samples:
        span = sample.span and find_tokens(sample.span, starts[sample.passage], offsets[sample.passage])
        if sample.span is None or span:
            kept.append(sample)
            spans.append(span)
    questions = [q_states[numbers[sample.question]] for sample in kept]
    near = find_near(kept, passages, np.stack([q_vectors[numbers[s.question]] for s in kept]), vectors)
    print(len(passages), "passages", len(kept), "samples", len(samples) - len(kept), "lost", flush=True)
    torch.save(Prepared(kept, passages, questions, states, firsts, spans, near), options.folder / "states.pt")


def encode(
    bert: BertModel, tokenizer: Any, texts: list[str], limit: int
) -> tuple[list[torch.Tensor], list[list[tuple[int, int]]]]:
    """For each text its states after the lower layers, and its tokens' places."""
    encodings = tokenizer.encode_batch(texts)
    ids = [each.ids[:limit] for each in encodings]
    offsets = [each.offsets[:limit] for each in encodings]
    order = sorted(range(len(texts)), key=lambda n: -len(ids[n]))
    states: list[Any] = [None] * len(texts)
    began, done, position = time.time(), 0, 0
    while position < len(order):
        size = max(1, 6000 // len(ids[order[position]]))
        batch = order[position : position + size]
        position += size
        longest = max(len(ids[n]) for n in batch)
        padded = torch.tensor([ids[n] + [1] * (longest - len(ids[n])) for n in batch])
        mask = torch.tensor([[1] * len(ids[n]) + [0] * (longest - len(ids[n])) for n in batch])
        with torch.inference_mode():
            lower = bert(input_ids=padded, attention_mask=mask).last_hidden_state
        for row, n in enumerate(batch):
            states[n] = lower[row, : len(ids[n])].clone()
        done += len(batch)
        if done // 500 > (done - len(batch)) // 500:
            print(f"{done}/{len(texts)} in {time.time() - began:.0f} s", flush=True)
    return states, offsets


def is_scarce(sample: Sample) -> bool:
    """True for near misses by people, and for questions in another language than their passage."""
    return sample.kind == "near_miss" or (">" in sample.language and sample.kind != "cut")


def thin(
    passages: list[Passage], samples: list[Sample], share: float, seed: int
) -> tuple[list[Passage], list[Sample]]:
    """A share of the passages with their samples, and all that are held out, near misses or across languages."""
    kept = {sample.passage for sample in samples if is_scarce(sample)} | {
        number for number, passage in enumerate(passages) if passage.is_held_out
    }
    chance = random.Random(seed)
    numbers = [number for number in range(len(passages)) if number in kept or chance.random() < share]
    places = {number: place for place, number in enumerate(numbers)}
    return [passages[number] for number in numbers], [
        replace(sample, passage=places[sample.passage]) for sample in samples if sample.passage in places
    ]


def find_tokens(
    span: tuple[int, int], start: int, offsets: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """The first and last token of a span of a text that begins at `start`; None where it was cut off."""
    begin, end = span[0] + start, span[1] + start
    inside = [t for t, (a, b) in enumerate(offsets) if a < end and b > begin and b > a]
    if not inside or offsets[inside[-1]][1] < end - 1:
        return None
    return inside[0], inside[-1]


def find_near(
    samples: Sequence[Sample], passages: Sequence[Passage], asked: np.ndarray, vectors: np.ndarray
) -> list[dict[str, list[int]]]:
    """For each sample, passages that do not answer it, by how they are related, of its own split."""
    languages = np.array([passage.language for passage in passages])
    held = np.array([passage.is_held_out for passage in passages])
    of_article: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, passage in enumerate(passages):
        of_article[passage.article, passage.language].append(number)
    found: list[dict[str, list[int]]] = []
    for sample, vector in zip(samples, asked, strict=True):
        mine = passages[sample.passage]
        if sample.kind not in ("answer", "parallel"):
            found.append({})  # a table's rows say much the same
            continue
        similarity = vectors @ vector
        article = of_article[mine.article, mine.language]
        split = held == mine.is_held_out
        same = split & (languages == mine.language)
        same[article] = False
        groups = {
            "near": _nearest(similarity, same),
            "same_article": [number for number in article if number != sample.passage],
        }
        if ">" not in sample.language:
            others = split & (languages != mine.language) & (languages != sample.language)
            groups["foreign"] = _nearest(similarity, others)
        wrong = {
            name: [n for n in numbers if not (sample.answer and sample.answer in passages[n].text)][:NEAR]
            for name, numbers in groups.items()
        }
        found.append({name: numbers for name, numbers in wrong.items() if numbers})
    return found


def _nearest(similarity: np.ndarray, where: np.ndarray) -> list[int]:
    """The places of the most similar texts among those where `where` is true, best first."""
    places = np.flatnonzero(where)
    best = places[np.argsort(-similarity[places])[: 3 * NEAR]]
    return [int(place) for place in best]


def draw_epoch(table: Prepared, chance: random.Random) -> list[Pair]:
    """Each trained question with its passage, and most of them with a passage that does not answer, too."""
    drawn: list[Pair] = []
    for number, sample in enumerate(table.samples):
        if sample.is_held_out:
            continue
        answers = sample.kind in ANSWERING
        if sample.kind == "made_near_miss" and chance.random() > MADE_SHARE:
            continue
        span = table.spans[number]
        drawn.append((number, sample.passage, span, sample.is_span_known, answers))
        groups = table.near[number]
        if groups and chance.random() < SHARE:
            (name,) = chance.choices(list(groups), [NEGATIVES[each] for each in groups])
            drawn.append((number, chance.choice(groups[name]), None, True, False))
    return drawn


def size_of(pair: Pair, table: Prepared) -> int:
    """The tokens of a pair."""
    return len(table.questions[pair[0]]) + min(MAX_CROP, len(table.states[pair[1]]))


def batches(drawn: list[Pair], table: Prepared, chance: random.Random) -> list[list[Pair]]:
    """Batches of pairs of about the same length, in random order."""
    chance.shuffle(drawn)
    made: list[list[Pair]] = []
    for begin in range(0, len(drawn), 3000):
        batch: list[Pair] = []
        for each in sorted(drawn[begin : begin + 3000], key=lambda pair: size_of(pair, table)):
            if batch and (len(batch) + 1) * size_of(each, table) > BATCH_TOKENS:
                made.append(batch)
                batch = []
            batch.append(each)
        made.append(batch)
    chance.shuffle(made)
    return made


def collate(batch: Sequence[Pair], table: Prepared, chance: random.Random) -> dict[str, torch.Tensor]:
    """States, parts, padding, places of the answer (0: none), and which tokens may be answers."""
    longest = max(size_of(pair, table) for pair in batch)
    hidden = table.states[0].shape[1]
    made = {
        "states": torch.zeros(len(batch), longest, hidden, dtype=torch.bfloat16),
        "part": torch.zeros(len(batch), longest, dtype=torch.long),
        "padding": torch.ones(len(batch), longest, dtype=torch.bool),
        "allowed": torch.zeros(len(batch), longest, dtype=torch.bool),
        "starts": torch.zeros(len(batch), dtype=torch.long),
        "ends": torch.zeros(len(batch), dtype=torch.long),
        "known": torch.tensor([pair[3] for pair in batch], dtype=torch.float32),
        "answers": torch.tensor([pair[4] for pair in batch], dtype=torch.float32),
    }
    for row, (number, passage, span, _, _) in enumerate(batch):
        question, states = table.questions[number], table.states[passage]
        first = table.firsts[passage]
        begin = crop(len(states), first, span, chance)
        kept = torch.cat([states[:first], states[first + begin :]])[:MAX_CROP]
        ahead, size = len(question), len(question) + len(kept)
        made["states"][row, :ahead] = question
        made["states"][row, ahead:size] = kept
        made["part"][row, ahead:size] = 1
        made["padding"][row, :size] = False
        made["allowed"][row, 0] = True
        made["allowed"][row, ahead + min(first, len(kept) - 1) : size] = True
        if span:
            places = torch.tensor([ahead + max(each - begin, 0) for each in span]).clamp(max=size - 1)
            made["allowed"][row, places] = True
            made["starts"][row], made["ends"][row] = places
    return made


def crop(length: int, first: int, span: tuple[int, int] | None, chance: random.Random) -> int:
    """How many tokens after the title are left out before the window that is read: it has the answer."""
    spare = length - MAX_CROP
    if spare <= 0:
        return 0
    most = min(spare, max(0, span[0] - first)) if span else spare
    least = min(most, max(0, span[1] + 1 - MAX_CROP)) if span else 0
    return chance.randint(least, most)


def claim_batches(table: PreparedClaims, tokens: float, chance: random.Random) -> list[list[int]]:
    """Batches of trained claims of about the same length, in random order, until so many tokens are in them."""
    places = [n for n, claim in enumerate(table.claims) if not claim.is_held_out]
    chance.shuffle(places)
    made: list[list[int]] = []
    batch: list[int] = []
    read = 0

    def size(place: int) -> int:
        sentence, quote = table.texts[place]
        return min(MAX_SENTENCE, len(table.states[sentence])) + len(table.states[quote])

    for begin in range(0, len(places), 3000):
        for place in sorted(places[begin : begin + 3000], key=size):
            if batch and (len(batch) + 1) * size(place) > BATCH_TOKENS:
                made.append(batch)
                read += sum(map(size, batch))
                batch = []
            batch.append(place)
        made, batch = [*made, batch], []
        if read >= tokens:
            break
    chance.shuffle(made)
    return made


def collate_claims(batch: Sequence[int], table: PreparedClaims) -> dict[str, torch.Tensor]:
    """States, parts, padding, and which of the quotes support their sentences."""
    pairs = [[table.states[place] for place in table.texts[number]] for number in batch]
    pairs = [[sentence[:MAX_SENTENCE], quote] for sentence, quote in pairs]
    longest = max(len(sentence) + len(quote) for sentence, quote in pairs)
    hidden = table.states[0].shape[1]
    made = {
        "states": torch.zeros(len(batch), longest, hidden, dtype=torch.bfloat16),
        "part": torch.zeros(len(batch), longest, dtype=torch.long),
        "padding": torch.ones(len(batch), longest, dtype=torch.bool),
        "supported": torch.tensor([table.claims[n].is_supported for n in batch], dtype=torch.float32),
    }
    for row, (sentence, quote) in enumerate(pairs):
        ahead, size = len(sentence), len(sentence) + len(quote)
        made["states"][row, :ahead] = sentence
        made["states"][row, ahead:size] = quote
        made["part"][row, ahead:size] = 1
        made["padding"][row, :size] = False
    return made


def losses(net: ReaderNet, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The sum over the pairs of what span and answer lose, or what support does."""
    padding = batch["padding"] if bool(batch["padding"].any()) else None
    states = nn.functional.dropout(batch["states"], DROPOUT)
    start, end, answers, supports = net(states, batch["part"], padding)
    if "supported" in batch:
        return 1.5 * nn.functional.binary_cross_entropy_with_logits(
            supports.float(), batch["supported"], reduction="sum"
        )
    found = torch.zeros(len(answers))
    for logits, target in ((start, batch["starts"]), (end, batch["ends"])):
        barred = logits.float().masked_fill(~batch["allowed"], -1e4)
        found = found + nn.functional.cross_entropy(barred, target, reduction="none")
    found = found * batch["known"]
    found = found + 1.5 * nn.functional.binary_cross_entropy_with_logits(
        answers.float(), batch["answers"], reduction="none"
    )
    return found.sum()


def train(options: argparse.Namespace) -> None:
    """Train for so many minutes; the rate falls to zero at their end, but not in the checkpoint."""
    table: Prepared = torch.load(options.folder / "states.pt", weights_only=False, mmap=True)
    claims: PreparedClaims = torch.load(options.folder / "support.pt", weights_only=False, mmap=True)
    torch.set_num_threads(1)
    config = BertConfig.from_pretrained(packaged_embedder_folder())
    checkpoint = options.folder / "checkpoint.pt"
    saved = torch.load(checkpoint, weights_only=False) if checkpoint.exists() else {}
    step, seen = saved.get("step", 0), saved.get("seen", 0)
    torch.manual_seed(1 + step)
    chance = random.Random(2 + step)
    first = open_weights(Path(str(resources.files("qa").joinpath("data", WEIGHTS_FILE))), config)
    names = [name for name, _ in first.named_parameters()]
    masters = saved.get("masters") or [p.detach().float().clone() for p in first.parameters()]
    nets = []
    for _ in range(WORKERS):
        net = ReaderNet(config).to(torch.bfloat16)
        nets.append(net.train())
    # The networks compute in bfloat16, three times as fast; what is learnt adds up in float32.
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in masters if p.dim() > 1], "weight_decay": 0.01},
            {"params": [p for p in masters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=options.rate,
    )
    if saved:
        optimiser.load_state_dict(saved["optimiser"])
    copy_to(masters, nets)
    began, length = time.time(), options.minutes * 60
    queue: list[list[Pair] | list[int]] = []
    recent: dict[bool, list[float]] = {True: [], False: []}
    with ThreadPoolExecutor(WORKERS) as pool, (options.folder / "log.jsonl").open("a") as log:
        while (spent := time.time() - began) < length:
            if len(queue) < WORKERS:
                drawn = draw_epoch(table, chance)
                tokens = sum(size_of(pair, table) for pair in drawn) * SUPPORT_SHARE / (1 - SUPPORT_SHARE)
                queue = [*batches(drawn, table, chance), *claim_batches(claims, tokens, chance)]
                chance.shuffle(queue)
                print("epoch of", sum(map(len, queue)), "pairs,", len(drawn), "with questions", flush=True)
            chosen = [queue.pop() for _ in range(WORKERS)]
            count = sum(map(len, chosen))
            is_cooling = spent > (1 - COOL_SHARE) * length
            rate = options.rate * min(1.0, (step + 1) / WARM_STEPS)
            rate *= min(1.0, (1 - spent / length) / COOL_SHARE)
            for group in optimiser.param_groups:
                group["lr"] = rate
            collated = [
                collate_claims(batch, claims) if isinstance(batch[0], int) else collate(batch, table, chance)
                for batch in chosen
            ]

            def learn(work: tuple[ReaderNet, dict[str, torch.Tensor]], count: int = count) -> float:
                net, batch = work
                net.zero_grad(set_to_none=True)
                loss = losses(net, batch)
                (loss / count).backward()  # type: ignore[no-untyped-call]  # torch has no types for it
                return loss.item()

            for batch, loss in zip(collated, pool.map(learn, zip(nets, collated, strict=True)), strict=True):
                recent["supported" in batch].append(loss / len(batch["part"]))
            for master, *copies in zip(masters, *(net.parameters() for net in nets), strict=True):
                gradients = [copy.grad.float() for copy in copies if copy.grad is not None]
                master.grad = torch.stack(gradients).sum(0) if gradients else None
            nn.utils.clip_grad_norm_(masters, 1.0)
            optimiser.step()
            copy_to(masters, nets)
            step += 1
            seen += count
            if any(math.isnan(each[-1]) for each in recent.values() if each):
                raise SystemExit("training failed: the loss is not a number; go on from the checkpoint")
            if step % 50 == 0:
                line = {
                    "step": step,
                    "seen": seen,
                    "loss": round(float(np.mean(recent[False][-60:])), 4),
                    "support": round(float(np.mean(recent[True][-40:])), 4),
                    "rate": rate,
                }
                log.write(json.dumps(line) + "\n")
                print(f"{spent:.0f} s", line, flush=True)
            if step % CHECKPOINT_STEPS == 0:
                save(names, masters, options.folder / "reader.safetensors")
                if not is_cooling:
                    state = {
                        "masters": masters,
                        "optimiser": optimiser.state_dict(),
                        "step": step,
                        "seen": seen,
                    }
                    torch.save(state, checkpoint.with_suffix(".new"))
                    checkpoint.with_suffix(".new").replace(checkpoint)
    save(names, masters, options.folder / "reader.safetensors")


def copy_to(masters: Sequence[torch.Tensor], nets: Iterable[ReaderNet]) -> None:
    """Set the parameters of `nets` to `masters`."""
    with torch.no_grad():
        for net in nets:
            for master, parameter in zip(masters, net.parameters(), strict=True):
                parameter.copy_(master)


def open_weights(path: Path, config: Any) -> ReaderNet:
    """The network with the weights in `path`, in float32."""
    from safetensors.torch import load_file

    net = ReaderNet(config)
    net.load_state_dict(dequantise(load_file(path)), strict=False, assign=True)  # older ones have fewer heads
    return net


def save(names: Sequence[str], masters: Sequence[torch.Tensor], path: Path) -> None:
    """Write what the program loads."""
    from safetensors.torch import save_file

    save_file(quantise(dict(zip(names, masters, strict=True))), path)


def measure(options: argparse.Namespace) -> None:
    """Print how each of some weights does on the development split.

    AUC: how often a passage that answers has a higher logit than one that does not, of the same language and
    group. Refused: the share of a group below the logit that 95 in 100 passages that answer reach, for all
    languages the same. Span: answers whose best tokens meet the right ones.
    """
    from sklearn.metrics import roc_auc_score

    table: Prepared = torch.load(options.folder / "states.pt", weights_only=False, mmap=True)
    chance = random.Random(5)
    pairs: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for number, sample in enumerate(table.samples):
        if not sample.is_held_out:
            continue
        answers = sample.kind in ANSWERING
        is_made = sample.kind in MADE_KINDS and sample.kind != "cut"
        group = (sample.kind, "all" if is_made else sample.language)
        pairs[group].append((number, sample.passage, table.spans[number], sample.is_span_known, answers))
        for name, numbers in table.near[number].items():
            kind = f"parallel {name}" if sample.kind == "parallel" else name
            language = "all" if sample.kind == "parallel" else sample.language
            pairs[kind, language].append((number, chance.choice(numbers), None, True, False))
    pairs = {group: chance.sample(found, min(len(found), options.most)) for group, found in pairs.items()}
    config = BertConfig.from_pretrained(packaged_embedder_folder())
    columns = []
    claims: PreparedClaims = torch.load(options.folder / "support.pt", weights_only=False, mmap=True)
    for path in options.weights:
        net = open_weights(path, config).to(torch.bfloat16).eval()
        print(path)
        measure_claims(net, claims, options.most * 20)
        logits, hits = {}, {}
        for group, found in pairs.items():
            logits[group], hits[group] = score(net, found, table)
        least = float(
            np.quantile(np.concatenate([v for (kind, _), v in logits.items() if kind == "answer"]), 0.05)
        )
        columns.append((least, logits, hits))
    for group in sorted(pairs):
        kind, language = group
        line = f"{kind:24s} {language:6s} {len(pairs[group]):4d} "
        for least, logits, hits in columns:
            if kind in ANSWERING:
                line += f"   false refusals {np.mean(logits[group] < least):.2f} span {hits[group]:.2f}"
            else:
                answering = next((each for each in ANSWERING if kind.startswith(each)), "answer")
                right = logits[answering, language]
                labels = [1] * len(right) + [0] * len(logits[group])
                auc = roc_auc_score(labels, np.concatenate([right, logits[group]]))
                line += f"   auc {auc:.3f} refused {np.mean(logits[group] < least):.2f}      "
        print(line)


def measure_claims(net: ReaderNet, table: PreparedClaims, most: int) -> None:
    """Print, of the claims that are held out, the shares that pass at the limits in force, and the AUC by kind."""
    from sklearn.metrics import roc_auc_score

    held = [number for number, claim in enumerate(table.claims) if claim.is_held_out]
    held = random.Random(1).sample(held, min(len(held), most))
    logits: dict[int, float] = {}
    for begin in range(0, len(held), 32):
        batch = collate_claims(held[begin : begin + 32], table)
        with torch.inference_mode():
            *_, found = net(batch["states"], batch["part"], batch["padding"])
        logits.update(zip(held[begin : begin + 32], found.float().tolist(), strict=True))
    groups: dict[str, dict[bool, list[float]]] = defaultdict(lambda: {True: [], False: []})
    for number, logit in logits.items():
        claim = table.claims[number]
        is_across = ">" in claim.languages
        groups["two languages" if is_across else "one language"][claim.is_supported].append(logit)
        if not claim.is_supported:
            groups[claim.kind][False].append(logit)
    true = [logit for number, logit in logits.items() if table.claims[number].is_supported]
    for name, found_in in sorted(groups.items()):
        false = found_in[False]
        ones = found_in[True] or true
        auc = roc_auc_score([1] * len(ones) + [0] * len(false), [*ones, *false])
        line = f"{name:24s} {len(false):4d} false  auc {auc:.2f}"
        if found_in[True]:
            least = MIN_LOGIT_ACROSS if name == "two languages" else MIN_LOGIT
            line += f"  passed: true {np.mean(np.array(ones) >= least):.2f}"
            line += f" false {np.mean(np.array(false) >= least):.2f}"
        print(line)


def score(net: ReaderNet, pairs: Sequence[Pair], table: Prepared) -> tuple[np.ndarray, float]:
    """The logit of each pair that it answers, and the share of the answers whose tokens were met."""
    found, hits = [], []
    for begin in range(0, len(pairs), 16):
        batch = collate(pairs[begin : begin + 16], table, random.Random(3))
        with torch.inference_mode():
            start, end, answers, _ = net(batch["states"], batch["part"], batch["padding"])
        found.append(answers.float().numpy())
        for row, pair in enumerate(pairs[begin : begin + 16]):
            if pair[2]:
                allowed = batch["allowed"][row].clone()
                allowed[0] = False
                first = int(start[row].float().masked_fill(~allowed, -1e4).argmax())
                last = int(end[row].float().masked_fill(~allowed, -1e4).argmax())
                hits.append(first <= int(batch["ends"][row]) and last >= int(batch["starts"][row]))
    return np.concatenate(found), float(np.mean(hits)) if hits else math.nan


def write_development_set(options: argparse.Namespace) -> None:
    """Write the development split as a set: documents in all languages, half of the articles left out.

    Questions about the articles that are left out are foreign to what is there, in any language.
    """
    table: Prepared = torch.load(options.folder / "states.pt", weights_only=False, mmap=True)
    chance = random.Random(7)
    articles = sorted({passage.article for passage in table.passages if passage.is_held_out})
    left_out = set(chance.sample(articles, len(articles) // 2))
    # What was cut out of a passage is in the whole one; tables have no articles.
    held = [each for each in table.samples if each.is_held_out and each.kind not in MADE_KINDS]
    rows: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for number, sample in enumerate(held):
        passage = table.passages[sample.passage]
        is_foreign = passage.article in left_out
        if is_foreign and (sample.kind != "answer" or ">" in sample.language):
            continue
        is_answerable = sample.kind == "answer" and not is_foreign
        kind = "foreign" if is_foreign else "answerable" if is_answerable else sample.kind
        row: dict[str, object] = {
            "id": f"dev-{number:05d}",
            "question": sample.question,
            "lang": sample.language.split(">")[0].replace("xx", "en"),
            "answers": [sample.answer] if is_answerable and sample.answer else [],
            "doc_id": f"doc-{sample.passage:05d}" if is_answerable else None,
            "answerable": is_answerable,
            "kind": f"{kind} {sample.language}" if ">" in sample.language else kind,
            "passage": sample.passage,
        }
        rows[kind, sample.language].append(row)
    chosen = [row for found in rows.values() for row in chance.sample(found, min(len(found), options.most))]
    wanted = {row.pop("passage") for row in chosen if row["kind"] != "foreign"}
    options.target.mkdir(parents=True, exist_ok=True)
    documents = [
        {
            "id": f"doc-{number:05d}",
            "title": passage.text[: passage.start].strip() or passage.text[:40].split("\n")[0],
            "text": passage.text[passage.start :],
            "lang": passage.language,
        }
        for number, passage in enumerate(table.passages)
        if number in wanted
    ]
    for name, lines in (("documents", documents), ("questions", chosen)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (options.target / f"{name}.jsonl").write_text(text, encoding="utf-8")
    print(len(documents), "documents", len(chosen), "questions")


def main() -> None:
    """Prepare, train or measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("build/reader"), help="for states and checkpoints"
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("prepare")
    command.add_argument("--train", type=Path, required=True)
    command.add_argument("--evaluation", type=Path, required=True)
    command.add_argument("--share", type=float, default=0.4, help="of the passages that are used")
    command.add_argument("--seed", type=int, default=4, help="of what is drawn: another run may see others")
    command.set_defaults(run=prepare)
    command = commands.add_parser("prepare-support")
    command.add_argument("--train", type=Path, required=True)
    command.add_argument("--evaluation", type=Path, required=True)
    command.set_defaults(run=prepare_support)
    command = commands.add_parser("train")
    command.add_argument("--minutes", type=float, default=60.0)
    command.add_argument("--rate", type=float, default=7e-5)
    command.set_defaults(run=train)
    command = commands.add_parser("measure")
    command.add_argument("weights", nargs="+", type=Path)
    command.add_argument("--most", type=int, default=150, help="pairs of each group")
    command.set_defaults(run=measure)
    command = commands.add_parser("development-set")
    command.add_argument("target", type=Path)
    command.add_argument("--most", type=int, default=40, help="questions of each group")
    command.set_defaults(run=write_development_set)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
