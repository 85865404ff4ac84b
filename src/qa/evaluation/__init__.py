"""Gold questions → figures: how often the right document is found, the answer right, the citation real.

set → `GoldSet` → `Prediction`s → `Row`s → `Figures` with `Interval`s → tables, JSON, an HTML report

`load_gold` reads a set, `write_gold_corpus` lays its documents out for indexing, `predict` asks every
question, `judge` makes rows of numbers of that, `score` figures; `measure` adds intervals,
`compare` says what moved between two runs. `qa.evaluation.command` is all of it, as `qa eval` does it. With a
language model, `writing` answers each question in three ways, and `ways` holds them side by side.
"""
