"""Gold questions → figures: how often the right document is found, the answer right, the citation real.

`load_gold` reads a set, `write_gold_corpus` lays its documents out for indexing, `predict` asks every
question, `score` (or `score_by`) measures, `format_figures` makes a table of the figures.
"""

from qa.evaluation.gold import GoldDocument, GoldQuestion, GoldSet, write_gold_corpus
from qa.evaluation.prediction import Prediction, predict
from qa.evaluation.reading import load_gold
from qa.evaluation.scoring import Figures, format_figures, score, score_by

__all__ = [
    "Figures",
    "GoldDocument",
    "GoldQuestion",
    "GoldSet",
    "Prediction",
    "format_figures",
    "load_gold",
    "predict",
    "score",
    "score_by",
    "write_gold_corpus",
]
