"""Writes the contents of an E5S1 file as a sentence-transformers folder: weights, tokenizer, settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import ModelError
from qa.models.e5s1 import E5S1, Shape, Vocabulary
from qa.models.tokens import SPACE, make_tokenizer, save_vocabulary

FOLDER_VERSION = 3
"""Raise this when `build_folder` writes something else: folders of older versions are then not used."""
MODEL_VERSION = 1
"""Raise this when a folder makes other vectors: they are then not compared with older vectors."""

WEIGHTS, WEIGHTS_BF16 = "model.safetensors", "model.bfloat16.safetensors"
"""The files of the weights, in float32 and, for processors that compute in it, in bfloat16. To round the weights
at each start takes as long as the rest of loading, and processes share the memory of a mapped file."""
VOCABULARY = "vocabulary.safetensors"
"""The tokenizer's pieces once more, for `qa.models.tokens`; `tokenizer.json` is for sentence-transformers."""


def build_folder(source: E5S1, folder: Path) -> None:
    """Write `source` as a sentence-transformers model into the empty `folder`."""
    import torch
    from safetensors.torch import save_file

    tensors = {name: torch.from_numpy(tensor) for name, tensor in _bert_tensors(source).items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    rounded = {name: tensor.to(torch.bfloat16) for name, tensor in tensors.items()}
    save_file(rounded, folder / WEIGHTS_BF16, metadata={"format": "pt"})
    _tokenizer(source.vocabulary).save(str(folder / "tokenizer.json"))
    save_vocabulary(source.vocabulary, folder / VOCABULARY)
    for name, table in _configs(source.shape, source.vocabulary).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(table, indent=1), encoding="utf-8")


def _bert_tensors(source: E5S1) -> dict[str, NDArray[np.float32]]:
    """Name in transformers' `BertModel` → float32 weights in their shape."""
    shape, weights = source.shape, source.tensors
    square, hidden = (shape.hidden, shape.hidden), shape.hidden
    names: dict[str, tuple[str, tuple[int, ...]]] = {
        "emb.word": ("embeddings.word_embeddings.weight", (shape.vocab, hidden)),
        "emb.pos": ("embeddings.position_embeddings.weight", (shape.positions, hidden)),
        "emb.type": ("embeddings.token_type_embeddings.weight", (shape.type_vocab, hidden)),
        "emb.ln.w": ("embeddings.LayerNorm.weight", (hidden,)),
        "emb.ln.b": ("embeddings.LayerNorm.bias", (hidden,)),
    }
    parts: dict[str, tuple[str, tuple[int, ...]]] = {
        "q": ("attention.self.query", square),
        "k": ("attention.self.key", square),
        "v": ("attention.self.value", square),
        "ao": ("attention.output.dense", square),
        "aln": ("attention.output.LayerNorm", (hidden,)),
        "fi": ("intermediate.dense", (shape.ffn, hidden)),
        "fo": ("output.dense", (hidden, shape.ffn)),
        "oln": ("output.LayerNorm", (hidden,)),
    }
    for layer in range(shape.layers):
        for short, (long, size) in parts.items():
            stem = f"encoder.layer.{layer}.{long}"
            names[f"l{layer}.{short}.w"] = (f"{stem}.weight", size)
            names[f"l{layer}.{short}.b"] = (f"{stem}.bias", size[:1])
    if names.keys() != weights.keys():
        odd = ", ".join(sorted(names.keys() ^ weights.keys())[:5])
        raise ModelError(f"the packaged embedder's tensors are not those of a BERT encoder: {odd}")
    tensors = {name: weights[short].reshape(size) for short, (name, size) in names.items()}
    # `BertModel` has a pooler that mean pooling does not use; without weights each load would warn of it.
    tensors["pooler.dense.weight"] = np.zeros(square, dtype=np.float32)
    tensors["pooler.dense.bias"] = np.zeros((hidden,), dtype=np.float32)
    return tensors


def _tokenizer(vocabulary: Vocabulary) -> Any:
    """The `tokenizers.Tokenizer` of the whole vocabulary, with the parts that sentence-transformers needs."""
    from tokenizers import decoders
    from tokenizers.processors import TemplateProcessing

    special = [vocabulary.pieces[i] for i in (vocabulary.bos, vocabulary.pad, vocabulary.eos, vocabulary.unk)]
    pieces = list(zip(vocabulary.pieces, vocabulary.scores, strict=True))
    tokenizer = make_tokenizer(pieces, unknown=vocabulary.unk, special=special)
    tokenizer.decoder = decoders.Metaspace(replacement=SPACE, prepend_scheme="always")
    bos, _, eos, _ = special
    tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)],
    )
    return tokenizer


def _configs(shape: Shape, vocabulary: Vocabulary) -> dict[str, dict[str, Any] | list[dict[str, Any]]]:
    """File name → contents, of the files that sentence-transformers and transformers read beside the weights."""
    module = "sentence_transformers.models"
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.ffn,
            "vocab_size": shape.vocab,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.type_vocab,
            "layer_norm_eps": shape.layer_norm_eps,
            "hidden_act": "gelu",
            "pad_token_id": vocabulary.pad,
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": vocabulary.pieces[vocabulary.bos],
            "cls_token": vocabulary.pieces[vocabulary.bos],
            "eos_token": vocabulary.pieces[vocabulary.eos],
            "sep_token": vocabulary.pieces[vocabulary.eos],
            "pad_token": vocabulary.pieces[vocabulary.pad],
            "unk_token": vocabulary.pieces[vocabulary.unk],
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{module}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{module}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{module}.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {"prompts": {}, "similarity_fn_name": "cosine"},
    }
