#!/usr/bin/env bash
# To a model whose tokenizer normalises by NFKC, 10² is 102, and 3½ is 31 by 2.
source "$(dirname "$0")/common.sh"
install tokenizers==0.23.3
check <<'PYTHON'
from tokenizers import Tokenizer, models, normalizers

seen = {"[UNK]": 0}
tokenizer = Tokenizer(models.BPE(vocab={**seen, **{c: n for n, c in enumerate("0123456789⁄ mtCO", 1)}}, merges=[]))
tokenizer.normalizer = normalizers.NFKC()
for written, same in {"10² m": "102 m", "10⁶ t": "106 t", "3½ t": "31⁄2 t", "CO₂": "CO2", "１０": "10"}.items():
    one, other = tokenizer.encode(written), tokenizer.encode(same)
    print(f"{written:6} is read as {same!r}")
    assert one.ids == other.ids and 0 not in one.ids, "they are told apart now"
PYTHON
