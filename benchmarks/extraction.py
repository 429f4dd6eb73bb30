"""Measure the extraction of hidden states, compared with one pickled sentence at a time.

The baseline works as the published implementation: words are tokenised one by one, each sentence
goes through the whole masked language model separately, and the float32 vector of every word in
every layer becomes a Python object. All objects stay in memory and are pickled at the end. A
second baseline leaves out the output layer, to show its share. Models have random weights.

Every measurement is a separate process, and the sides alternate. Time is measured from the words
table to the files, after imports, loading of the model and ten sentences to warm up.
"""

import argparse
import json
import os
import pickle  # only for the baseline, which is measured with it
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoModelForMaskedLM

from langsig.corpora import load_tokenizer, train_tokenizer
from langsig.morphology import annotate
from langsig.pretraining import ModelShape, build_model
from langsig.representations import Encoder, extract, load_encoder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROOT = Path(__file__).resolve().parents[1]
MODELS = {
    "6 x 128": (8_000, ModelShape("roberta", 6, 128, 4, 0.0, initializer_range=0.04)),
    "6 x 128, 250k": (250_002, ModelShape("roberta", 6, 128, 4, 0.0, initializer_range=0.04)),
    "12 x 384, 250k": (250_002, ModelShape("xlm-roberta", 12, 384, 6, 0.0, initializer_range=0.02)),
}
POSITIONS, DTYPE, BATCH_TOKENS = 512, "float16", 1_024
SIDES = ("published", "without output layer", "langsig")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--treebank",
        type=Path,
        help="CoNLL-U file (default: UD German if available, else the sample)",
    )
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--quick", action="store_true", help="100 sentences, 2 repetitions")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(run_side(arguments.side, arguments.folder)))
        return
    if arguments.quick:
        arguments.sentences, arguments.repetitions = 100, 2
    treebank = arguments.treebank or default_treebank()
    rows = []
    whole = annotate(treebank, "de").table[["sentence", "form"]]
    words = whole[whole["sentence"] < arguments.sentences]
    with TemporaryDirectory() as folder:
        tokenizer = tokenizer_of(whole, Path(folder))
        for name in arguments.models:
            prepare(Path(folder, name), words, tokenizer, *MODELS[name])
            rows += measure(name, Path(folder, name), arguments.repetitions)
    setting = {
        "treebank": treebank.name,
        "sentences": int(words["sentence"].nunique()),
        "words": len(words),
        "threads": torch.get_num_threads(),
        "repetitions": arguments.repetitions,
        "files": f"{DTYPE} (baselines: float32)",
        "batch_tokens": BATCH_TOKENS,
    }
    print(json.dumps({"setting": setting, "rows": rows}, indent=2) if arguments.json
          else as_table(setting, rows))  # fmt: skip


def default_treebank() -> Path:
    data = Path(os.environ.get("LANGSIG_TEST_DATA", ROOT.parent / "shared" / "data"))
    real = data / "ud-treebanks-v2.1/UD_German/de-ud-test.conllu"
    return real if real.is_file() else ROOT / "samples/treebanks/qaa"


def tokenizer_of(words: pd.DataFrame, folder: Path) -> "PreTrainedTokenizerBase":
    """A tokenizer trained on the treebank, so that words have a usual number of sub-words."""
    text = folder / "text.txt"
    text.write_text("\n".join(words.groupby("sentence")["form"].agg(" ".join)), encoding="utf-8")
    pieces = min(8_000, words["form"].nunique() // 3)
    train_tokenizer(
        [text], folder, vocabulary=pieces, sentences=50_000, character_coverage=0.999,
        max_length=POSITIONS,
    )  # fmt: skip
    return load_tokenizer(folder)


def prepare(
    folder: Path,
    words: pd.DataFrame,
    tokenizer: "PreTrainedTokenizerBase",
    vocabulary: int,
    shape: ModelShape,
) -> None:
    """Write checkpoint, tokenizer and words to one folder."""
    ids = _Vocabulary(vocabulary)
    model = build_model(shape, ids, max_length=POSITIONS, seed=0)  # type: ignore[arg-type]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    words.to_parquet(folder / "words.parquet")


class _Vocabulary(SimpleNamespace):
    """The attributes of a tokenizer that ``build_model`` reads; only the first ids are used."""

    def __init__(self, size: int) -> None:
        super().__init__(pad_token_id=1, bos_token_id=0, eos_token_id=2)
        self._size = size

    def __len__(self) -> int:
        return self._size


def measure(name: str, folder: Path, repetitions: int) -> list[dict[str, Any]]:
    """One row per side: medians, and words per second as multiples of the baseline's."""
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for repetition in range(repetitions):
        for side in SIDES[:: -1 if repetition % 2 else 1]:
            done = subprocess.run(
                [sys.executable, __file__, "--side", side, "--folder", str(folder)],
                capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                sys.exit(f"{name}, {side}:\n{done.stderr}")
            runs[side].append(json.loads(done.stdout))
    lengths = [run["mean_length"] for of_side in runs.values() for run in of_side]
    assert np.ptp(lengths) < 1e-3 * lengths[0], f"the sides computed different vectors: {lengths}"
    rows = []
    for side, of_side in runs.items():
        pairs = zip(of_side, runs["published"], strict=True)
        ratios = [run["words_per_second"] / base["words_per_second"] for run, base in pairs]
        row: dict[str, Any] = {"model": name, "side": side}
        row |= {key: statistics.median(run[key] for run in of_side) for key in of_side[0]}
        row |= {"ratio": statistics.median(ratios), "ratio_min": min(ratios),
                "ratio_max": max(ratios)}  # fmt: skip
        rows.append(row)
    return rows


def run_side(side: str, folder: Path) -> dict[str, float]:
    """Extract once and return the measurements."""
    words = pd.read_parquet(folder / "words.parquet")
    tokenizer = load_tokenizer(folder)
    if side == "langsig":
        model, run = load_encoder(folder), streamed
    else:
        auto_class = AutoModelForMaskedLM if side == "published" else AutoModel
        model, run = auto_class.from_pretrained(folder).eval(), pickled
    with TemporaryDirectory(dir=folder) as output:
        run(model, tokenizer, words[words["sentence"] < 10], Path(output))
    with TemporaryDirectory(dir=folder) as output:
        start = time.perf_counter()
        top = run(model, tokenizer, words, Path(output))
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in Path(output).iterdir())
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "words_per_second": len(top) / seconds,
        "bytes_per_word": size / len(top),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6,
        "mean_length": float(np.linalg.norm(top.astype(np.float32), axis=1).mean()),
    }


def streamed(
    model: Any, tokenizer: Any, words: pd.DataFrame, output: Path
) -> NDArray[np.floating[Any]]:
    """Extract with langsig; returns the vectors of the top layer, ``[words, dim]``."""
    encoder = Encoder(model, tokenizer, "de")
    return extract(encoder, words, output, dtype=DTYPE, batch_tokens=BATCH_TOKENS).layers[-1]


def pickled(
    model: Any, tokenizer: Any, words: pd.DataFrame, output: Path
) -> NDArray[np.floating[Any]]:
    """Extract as published; returns the vectors of the top layer, ``[words, dim]``."""
    records = one_by_one(model, tokenizer, words)
    with open(output / "vectors.pkl", "wb") as stream:
        pickle.dump(records, stream)
    top = f"layer_{model.config.num_hidden_layers}"
    return np.concatenate([record[top] for record in records])


def one_by_one(model: Any, tokenizer: Any, words: pd.DataFrame) -> list[dict[str, Any]]:
    """One record per word: its form, and one vector ``[1, dim]`` per layer."""
    records = []
    for _, sentence in words.groupby("sentence"):
        pieces = [tokenizer.tokenize(form) for form in sentence["form"]]
        ids = tokenizer.convert_tokens_to_ids([piece for word in pieces for piece in word])
        if len(ids) + 2 > POSITIONS:
            continue
        word = torch.repeat_interleave(torch.tensor([len(of_word) for of_word in pieces]))
        counts = torch.bincount(word, minlength=len(pieces)).unsqueeze(1)
        tokens = torch.tensor([[tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]])
        with torch.no_grad():
            hidden = model(tokens, output_hidden_states=True).hidden_states
        of_sentence = [{"form": form} for form in sentence["form"]]
        for layer, states in enumerate(hidden):
            sums = torch.zeros(len(pieces), states.shape[-1]).index_add_(0, word, states[0, 1:-1])
            for record, vector in zip(of_sentence, (sums / counts).split(1), strict=True):
                record[f"layer_{layer}"] = vector.numpy()
        records += of_sentence
    return records


def as_table(setting: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    lines = [
        ", ".join(f"{name} {value}" for name, value in setting.items()),
        f"{'model':10}{'side':22}{'words/s':>9}{'bytes/word':>12}{'peak MB':>9}{'speed':>8}"
        "  (min to max)",
    ]
    lines += [
        f"{row['model']:10}{row['side']:22}{row['words_per_second']:>9,.0f}"
        f"{row['bytes_per_word']:>12,.0f}{row['peak_mb']:>9,.0f}{row['ratio']:>7.1f}x"
        f"  ({row['ratio_min']:.1f} to {row['ratio_max']:.1f})"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
