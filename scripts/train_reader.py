"""Trains the reader on paragraphs with questions, without those of the development sets.

    python scripts/train_reader.py TRAIN_DIR EVAL_DIR --states FOLDER [--minutes 72]
    cp FOLDER/reader.safetensors src/qa/data/
    python scripts/calibrate.py SET_DIR… --every 2

On 2 cores the states take 6 minutes, and training as long as `--minutes` says. The weights that are here saw
66,000 pairs in 72 minutes, of 25,795 questions, on a machine that had other things to do as well.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import BertModel

from qa.models.packaged import packaged_embedder_folder
from qa.models.reader import quantise
from qa.models.reader_net import LOWER_LAYERS, ReaderNet

MAX_PASSAGE, MAX_QUESTION = 288, 48
"""Tokens; longer ones are cut."""
PARAGRAPHS = {"jaquad_train": 3000, "iapp_wiki_qa_train": 500}
"""How many paragraphs of the largest sets are used, so that they do not outweigh the others."""
HELD_OUT_ARTICLES = {"1973_oil_crisis", "Harvard_University", "Normans", "Yuan_dynasty"}
"""Of the articles that near-miss training and development share, those that are kept for development."""
NEAR = 3
"""The nearest paragraphs that do not answer a question: one is drawn for it each time."""


DROPOUT = 0.1
"""Of the states that go in; none inside, see `reader_net`."""


@dataclass(frozen=True)
class Sample:
    """A question, its paragraph, where the answer stands in it (None: it does not answer), and near others."""

    question: int
    paragraph: int
    span: tuple[int, int] | None
    others: tuple[int, ...] = ()


def read_sets(train: Path, evaluation: Path) -> tuple[list[str], list[int], list[str], list[list[Any]]]:
    """Paragraphs under their titles, where each text starts, questions, and rows of what belongs together."""
    held_texts, held_questions, held_titles = set(), set(), set()
    for folder in ("japanese", "indonesian", "en_and_crosslingual"):
        for line in (evaluation / folder / "documents.jsonl").read_text().splitlines():
            record = json.loads(line)
            held_texts.add(record["text"].strip())
            if folder != "indonesian":
                held_titles.add(record["title"].replace(" ", "_"))
        for line in (evaluation / folder / "questions.jsonl").read_text().splitlines():
            held_questions.add(json.loads(line)["question"].strip())
    chance = random.Random(1)
    texts: list[str] = []
    starts: list[int] = []
    questions: list[str] = []
    rows: list[list[Any]] = []
    for path in sorted(train.glob("*.jsonl")):
        paragraphs = [json.loads(line) for line in path.read_text().splitlines()]
        paragraphs = [
            p
            for p in paragraphs
            if p["context"].strip() not in held_texts
            and p["article"].replace(" ", "_") not in held_titles | HELD_OUT_ARTICLES
        ]
        chance.shuffle(paragraphs)
        used = 0
        for paragraph in paragraphs[: PARAGRAPHS.get(path.stem)]:
            title = paragraph["article"].replace("_", " ")
            head = f"{title}\n" if chance.random() < 0.7 else ""
            texts.append(f"passage: {head}{paragraph['context']}")
            starts.append(len(texts[-1]) - len(paragraph["context"]))
            for question in paragraph["questions"]:
                if question["question"].strip() in held_questions:
                    continue
                used += 1
                questions.append(f"query: {question['question']}")
                answer = question["answer"]
                span = None if answer is None else (question["start"], question["start"] + len(answer))
                rows.append([len(questions) - 1, len(texts) - 1, span, path.stem, answer])
        print(
            path.stem,
            "paragraphs",
            len(paragraphs[: PARAGRAPHS.get(path.stem)]),
            "questions",
            used,
            flush=True,
        )
    return texts, starts, questions, rows


def encode(
    bert: BertModel, tokenizer: Any, texts: list[str], limit: int
) -> tuple[list[torch.Tensor], np.ndarray, list[list[tuple[int, int]]]]:
    """For each text its states after the lower layers, its vector, and its tokens' places."""
    encodings = tokenizer.encode_batch(texts)
    ids = [each.ids[:limit] for each in encodings]
    offsets = [each.offsets[:limit] for each in encodings]
    order = sorted(range(len(texts)), key=lambda n: -len(ids[n]))
    states: list[Any] = [None] * len(texts)
    vectors = np.zeros((len(texts), bert.config.hidden_size), dtype=np.float32)
    began, done, position = time.time(), 0, 0
    while position < len(order):
        size = max(1, 6000 // len(ids[order[position]]))
        batch = order[position : position + size]
        position += size
        longest = max(len(ids[n]) for n in batch)
        padded = torch.tensor([ids[n] + [1] * (longest - len(ids[n])) for n in batch])
        mask = torch.tensor([[1] * len(ids[n]) + [0] * (longest - len(ids[n])) for n in batch])
        with torch.inference_mode():
            out = bert(input_ids=padded, attention_mask=mask, output_hidden_states=True)
        lower = out.hidden_states[LOWER_LAYERS].to(torch.bfloat16)
        weights = mask[:, :, None].float()
        pooled = (out.last_hidden_state.float() * weights).sum(1) / weights.sum(1)
        for row, n in enumerate(batch):
            states[n] = lower[row, : len(ids[n])].clone()
            vectors[n] = pooled[row].numpy() / np.linalg.norm(pooled[row].numpy())
        done += len(batch)
        if (position // size) % 40 == 0:
            print(f"{done}/{len(texts)} in {time.time() - began:.0f} s", flush=True)
    return states, vectors, offsets


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """States of all texts, and the samples; kept in a file, since they take minutes."""
    kept = options.states / "states.pt"
    if kept.exists():
        return dict(torch.load(kept, weights_only=False))
    from tokenizers import Tokenizer

    folder = packaged_embedder_folder()
    bert = BertModel.from_pretrained(folder, dtype=torch.bfloat16).eval()  # type: ignore[no-untyped-call]  # torch has no types for it
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts, starts, questions, rows = read_sets(options.train, options.evaluation)
    q_states, q_vectors, _ = encode(bert, tokenizer, questions, MAX_QUESTION)
    p_states, p_vectors, offsets = encode(bert, tokenizer, texts, MAX_PASSAGE)
    samples: list[tuple[Sample, str]] = []
    lost = 0
    for question, paragraph, span, name, answer in rows:
        similarity = p_vectors @ q_vectors[question]
        similarity[paragraph] = -2
        near = [int(n) for n in np.argpartition(-similarity, 12)[:12]]
        near.sort(key=lambda n: -similarity[n])
        near = [n for n in near if not answer or answer not in texts[n]][:NEAR]
        tokens: tuple[int, int] | None = None
        if span:
            begin, end = span[0] + starts[paragraph], span[1] + starts[paragraph]
            inside = [t for t, (a, b) in enumerate(offsets[paragraph]) if a < end and b > begin and b > a]
            if not inside or offsets[paragraph][inside[-1]][1] < end - 1:
                lost += 1
                continue
            tokens = (inside[0], inside[-1])
        samples.append((Sample(question, paragraph, tokens, tuple(near)), name))
    print("samples", len(samples), "lost", lost, flush=True)
    first = [
        next((t for t, (a, b) in enumerate(o) if b > s and b > a), len(o) - 1)
        for o, s in zip(offsets, starts, strict=True)
    ]
    table = {"questions": q_states, "paragraphs": p_states, "first": first, "samples": samples}
    options.states.mkdir(parents=True, exist_ok=True)
    torch.save(table, kept)
    return table


def collate(
    batch: list[tuple[int, int, tuple[int, int] | None]], table: dict[str, Any]
) -> tuple[torch.Tensor, ...]:
    """States, parts, padding, start and end (0 where there is no answer), and which tokens may be answers."""
    pairs = [(table["questions"][q], table["paragraphs"][p]) for q, p, _ in batch]
    longest = max(len(q) + len(p) for q, p in pairs)
    hidden = pairs[0][0].shape[1]
    states = torch.zeros(len(batch), longest, hidden, dtype=torch.bfloat16)
    part = torch.zeros(len(batch), longest, dtype=torch.long)
    padding = torch.ones(len(batch), longest, dtype=torch.bool)
    allowed = torch.zeros(len(batch), longest, dtype=torch.bool)
    starts, ends = torch.zeros(len(batch), dtype=torch.long), torch.zeros(len(batch), dtype=torch.long)
    for row, ((q, p), (_, paragraph, span)) in enumerate(zip(pairs, batch, strict=True)):
        size = len(q) + len(p)
        states[row, : len(q)] = q
        states[row, len(q) : size] = p
        part[row, len(q) : size] = 1
        padding[row, :size] = False
        allowed[row, 0] = True
        allowed[row, len(q) + table["first"][paragraph] : size] = True
        if span:
            allowed[row, len(q) + span[0]] = allowed[row, len(q) + span[1]] = True
            starts[row], ends[row] = len(q) + span[0], len(q) + span[1]
    return states, part, padding, starts, ends, allowed


def draw_epoch(samples: list[Sample], chance: random.Random, share: float) -> list[tuple[int, int, Any]]:
    """Each question with its paragraph, and a `share` of them with a near one that does not answer, too."""
    drawn: list[tuple[int, int, Any]] = []
    for sample in samples:
        drawn.append((sample.question, sample.paragraph, sample.span))
        if sample.others and sample.span and chance.random() < share:
            drawn.append((sample.question, chance.choice(sample.others), None))
    return drawn


def batches(drawn: list[Any], table: dict[str, Any], tokens: int, chance: random.Random) -> list[list[Any]]:
    """Batches of texts of about the same length, up to so many tokens, in random order."""

    def size(drawing: Any) -> int:
        return len(table["questions"][drawing[0]]) + len(table["paragraphs"][drawing[1]])

    chance.shuffle(drawn)
    made: list[list[Any]] = []
    for begin in range(0, len(drawn), 2000):
        batch: list[Any] = []
        for each in sorted(drawn[begin : begin + 2000], key=size):
            if batch and (len(batch) + 1) * size(each) > tokens:
                made.append(batch)
                batch = []
            batch.append(each)
        made.append(batch)
    chance.shuffle(made)
    return made


def train(options: argparse.Namespace, table: dict[str, Any]) -> None:
    """Trains for so many minutes; the rate falls to zero at their end."""
    torch.manual_seed(1)
    bert = BertModel.from_pretrained(packaged_embedder_folder())
    net = ReaderNet(bert.config)
    copy_upper_layers(bert, net)
    del bert
    net = net.to(torch.bfloat16)
    chance = random.Random(2)
    samples = [sample for sample, _ in table["samples"]]
    # The network computes in bfloat16, three times as fast; what is learnt adds up in float32.
    masters = [p.detach().float().clone() for p in net.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in masters if p.dim() > 1], "weight_decay": 0.01},
            {"params": [p for p in masters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=options.rate,
    )
    began, step, seen = time.time(), 0, 0
    length = options.minutes * 60
    losses: list[float] = []
    queue: list[list[Any]] = []
    warm = 100
    while (spent := time.time() - began) < length:
        if not queue:
            queue = batches(draw_epoch(samples, chance, options.share), table, options.tokens, chance)
            print("epoch of", sum(len(b) for b in queue), "pairs", flush=True)
        batch = queue.pop()
        states, part, padding, starts, ends, allowed = collate(batch, table)
        rate = options.rate * min(1.0, (step + 1) / warm) * max(0.0, 1 - spent / length)
        for group in optimiser.param_groups:
            group["lr"] = rate
        start, end, answers = net(nn.functional.dropout(states, DROPOUT), part, padding)
        barred = -1e4
        start = start.float().masked_fill(~allowed, barred)
        end = end.float().masked_fill(~allowed, barred)
        loss = (
            nn.functional.cross_entropy(start, starts)
            + nn.functional.cross_entropy(end, ends)
            + nn.functional.binary_cross_entropy_with_logits(answers.float(), (starts > 0).float())
        )
        net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        for master, parameter in zip(masters, net.parameters(), strict=True):
            assert parameter.grad is not None
            master.grad = parameter.grad.float()
        nn.utils.clip_grad_norm_(masters, 1.0)
        optimiser.step()
        with torch.no_grad():
            for master, parameter in zip(masters, net.parameters(), strict=True):
                parameter.copy_(master)
        losses.append(loss.item())
        step += 1
        seen += len(batch)
        if step % 50 == 0:
            print(f"{spent:.0f} s, {seen} pairs, step {step}, loss {np.mean(losses[-50:]):.3f}", flush=True)
        if step % 300 == 0:
            save(net, masters, options.states / "reader.safetensors")
    if math.isnan(losses[-1]):
        raise SystemExit("training failed: the loss is not a number")
    save(net, masters, options.states / "reader.safetensors")


def copy_upper_layers(bert: Any, net: ReaderNet) -> None:
    """Set the layers of `net` to those of `bert`, a transformers `BertModel`, above the lower ones."""
    with torch.no_grad():
        net.part.weight.zero_()
        mine: Any
        for mine, its in zip(net.layers, bert.encoder.layer[LOWER_LAYERS:], strict=True):
            attention = its.attention.self
            inputs = (attention.query, attention.key, attention.value)
            mine.self_attn.in_proj_weight.copy_(torch.cat([part.weight for part in inputs]))
            mine.self_attn.in_proj_bias.copy_(torch.cat([part.bias for part in inputs]))
            for target, source in (
                (mine.self_attn.out_proj, its.attention.output.dense),
                (mine.norm1, its.attention.output.LayerNorm),
                (mine.linear1, its.intermediate.dense),
                (mine.linear2, its.output.dense),
                (mine.norm2, its.output.LayerNorm),
            ):
                target.weight.copy_(source.weight)
                target.bias.copy_(source.bias)


def save(net: ReaderNet, masters: list[torch.Tensor], path: Path) -> None:
    """Nothing; writes what the program loads."""
    from safetensors.torch import save_file

    names = [name for name, _ in net.named_parameters()]
    save_file(quantise(dict(zip(names, masters, strict=True))), path)


def main() -> None:
    """Prepare and train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--states", type=Path, required=True, help="a folder for states and checkpoints")
    parser.add_argument("--minutes", type=float, default=72.0)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--share", type=float, default=0.6)
    parser.add_argument("--tokens", type=int, default=5000, help="tokens in a batch")
    options = parser.parse_args()
    train(options, prepare(options))


if __name__ == "__main__":
    main()
