"""Files of a trained model: the checkpoint, and what the model has learnt."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from langsig.files import atomic_directory
from langsig.pretraining.training import CurvePoint

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def save_checkpoint(
    folder: Path, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", card: str
) -> None:
    """Write a model, its tokenizer and its card into a folder in the format of Hugging Face.

    Parameters
    ----------
    folder
        Folder to write; an existing one is replaced.
    model, tokenizer
        What to save.
    card
        Text of the model card, written to ``README.md``.
    """
    with atomic_directory(folder) as output:
        model.save_pretrained(output)
        tokenizer.save_pretrained(output)
        (output / "README.md").write_text(card, encoding="utf-8")


def save_learning(
    folder: Path, learning: Mapping[str, object], curve: Sequence[CurvePoint] = ()
) -> None:
    """Write ``learning.json`` and ``curve.csv`` into a folder.

    Parameters
    ----------
    folder
        Folder to write; an existing one is replaced.
    learning
        The fields of :class:`~langsig.pretraining.Learning`, or the name of a public checkpoint
        as ``checkpoint`` and which of its sentences share a batch as ``batching``.
    curve
        Learning curve; empty for a public checkpoint.
    """
    with atomic_directory(folder) as output:
        (output / "learning.json").write_text(json.dumps(learning, indent=2) + "\n")
        table = pd.DataFrame(curve, columns=list(CurvePoint._fields))
        table.to_csv(output / "curve.csv", index=False)
