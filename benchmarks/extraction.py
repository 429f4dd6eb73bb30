"""Measure the extraction of hidden states: against the bare model, and against the published way.

The bare model is the one of transformers, under torch's autocast for bfloat16. It reads batches of
random sub-words in sentences of 32, without padding, without hidden states, and with the size of
batch that is fastest, over and over; nothing is kept. Extraction is measured with its own batches,
from the words table to the files, in the same number format of the model's matrix products, once.
It reads the sentences as they are; sub-words of padding do not count as read. The bare model also
reads these sentences, tokenised and padded before, at the size of batch that is fastest: attention
to longer sentences takes longer, above all to lengths that are no multiple of 16.

The published way works as the published implementation: words are tokenised one by one, each
sentence goes through the whole masked language model separately, and the float32 vector of every
word in every layer becomes a Python object. All objects stay in memory and are pickled at the end.
A second baseline leaves out the output layer, to show its share. Models have random weights.

Every measurement is a separate process, and the sides alternate. Time is measured after imports,
loading and trial of the model and ten sentences to warm up.
"""

import argparse
import json
import math
import os
import pickle  # only for the baseline, which is measured with it
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
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
from langsig.representations.sub_words import SubWords, tokenise

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROOT = Path(__file__).resolve().parents[1]
MODELS = {
    "6 x 128": (8_000, ModelShape("roberta", 6, 128, 4, 0.0, initializer_range=0.04)),
    "6 x 128, 250k": (250_002, ModelShape("roberta", 6, 128, 4, 0.0, initializer_range=0.04)),
    "12 x 384, 250k": (250_002, ModelShape("xlm-roberta", 12, 384, 6, 0.0, initializer_range=0.02)),
    "12 x 768, 250k": (
        250_002, ModelShape("xlm-roberta", 12, 768, 12, 0.0, initializer_range=0.02)
    ),
}  # fmt: skip
POSITIONS, DTYPE = 512, "float16"
LENGTH, SIZES, PASSES = 32, (1_024, 2_048, 4_096), 3  # of the bare model
Batches = list[tuple[torch.Tensor, torch.Tensor]]
"""Identifiers of sub-words, and 1 where they are not padding, ``[sentences, length]`` each."""
PUBLISHED = ("published", "without output layer")
SIDES = (*PUBLISHED, "bare, float32", "langsig, float32", "bare, bfloat16", "langsig, bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--treebank",
        type=Path,
        help="CoNLL-U file (default: UD German if available, else the sample)",
    )
    parser.add_argument("--sentences", type=int, default=1_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument(
        "--cpu", action="store_true", help="measure CPU time, for busy machines; use one thread"
    )
    parser.add_argument("--quick", action="store_true", help="100 sentences, 2 repetitions")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu else time.perf_counter
    if arguments.side:
        print(json.dumps(run_side(arguments.side, arguments.folder, clock)))
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
            rows += measure(
                name, Path(folder, name), arguments.sides, arguments.repetitions, arguments.cpu
            )
    setting = {
        "treebank": treebank.name,
        "sentences": int(words["sentence"].nunique()),
        "words": len(words),
        "threads": torch.get_num_threads(),
        "time": "of the processor" if arguments.cpu else "of day",
        "repetitions": arguments.repetitions,
        "files": f"{DTYPE} (baselines: float32)",
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


def measure(
    name: str, folder: Path, sides: Sequence[str], repetitions: int, cpu: bool
) -> list[dict[str, Any]]:
    """One row per side: medians, and words per second as shares and multiples of other sides."""
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for repetition in range(repetitions):
        for side in sides[:: -1 if repetition % 2 else 1]:
            done = subprocess.run(
                [sys.executable, __file__, "--side", side, "--folder", str(folder)]
                + ["--cpu"] * cpu,
                capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                sys.exit(f"{name}, {side}:\n{done.stderr}")
            runs[side].append(json.loads(done.stdout))
    lengths = [run["mean_length"] for of_side in runs.values() for run in of_side]
    assert np.nanmax(lengths) < 1.001 * np.nanmin(lengths), f"the vectors differ: {lengths}"
    rows = []
    for side, of_side in runs.items():
        row: dict[str, Any] = {"model": name, "side": side}
        row |= {key: statistics.median(run[key] for run in of_side) for key in of_side[0]}
        same_format = side.replace("langsig", "bare")
        bare_runs = runs.get(same_format, []) if same_format != side else []
        row["of_bare"] = ratios(of_side, bare_runs)
        row["of_same"] = ratios(of_side, bare_runs, "same_sentences")
        row["faster"] = ratios(of_side, runs.get("published", []))
        rows.append(row)
    return rows


def ratios(
    runs: list[dict[str, float]],
    others: list[dict[str, float]],
    speed: str = "words_per_second",
) -> list[float]:
    """Median, minimum and maximum of the speed relative to another side; empty without it."""
    pairs = zip(runs, others, strict=bool(others))
    values = [run["words_per_second"] / other[speed] for run, other in pairs]
    return [statistics.median(values), min(values), max(values)] if values else []


def run_side(side: str, folder: Path, clock: Callable[[], float]) -> dict[str, float]:
    """Run one side once and return the measurements."""
    words = pd.read_parquet(folder / "words.parquet")
    tokenizer = load_tokenizer(folder)
    kind, _, precision = side.partition(", ")
    if kind in PUBLISHED:
        auto_class = AutoModelForMaskedLM if kind == "published" else AutoModel
        model = auto_class.from_pretrained(folder).eval()
        run = partial(pickled, model, tokenizer)
    else:
        model = load_encoder(folder)
        encoder = Encoder(model, tokenizer, "de", precision)
        run = partial(streamed, encoder)
    same_sentences = math.nan
    if kind == "bare":
        sub_words = tokenise(words, tokenizer, POSITIONS)
        words_of_sub_word = len(words) / len(sub_words.tokens)
        speed, same_sentences = (
            words_of_sub_word * bare(model, precision, batches, clock)
            for batches in (random_batches(encoder), batches_of(encoder, sub_words))
        )
        size, length = math.nan, math.nan
    else:
        with TemporaryDirectory(dir=folder) as output:
            run(words[words["sentence"] < 10], Path(output))
        with TemporaryDirectory(dir=folder) as output:
            start = clock()
            top = run(words, Path(output))
            speed = len(top) / (clock() - start)
            size = sum(path.stat().st_size for path in Path(output).iterdir()) / len(top)
            length = float(np.linalg.norm(top.astype(np.float32), axis=1).mean())
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "words_per_second": speed,
        "same_sentences": same_sentences,
        "bytes_per_word": size,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6,
        "mean_length": length,
    }


def random_batches(encoder: Encoder) -> list[Batches]:
    """One batch of each size: random sub-words in sentences of one length."""
    sizes = [(size // LENGTH, LENGTH) for size in SIZES]
    return [
        [(torch.randint(5, encoder.vocabulary, size), torch.ones(size, dtype=torch.int64))]
        for size in sizes
    ]


def batches_of(encoder: Encoder, sub_words: SubWords) -> list[Batches]:
    """The sentences in padded batches of each size."""
    kinds = (sub_words.batches(size, encoder.batching, encoder.batch_cost) for size in SIZES)
    return [[sub_words.padded(batch)[:2] for batch in batches] for batches in kinds]


def bare(model: Any, precision: str, kinds: list[Batches], clock: Callable[[], float]) -> float:
    """Sub-words per second of the model alone, with the batches that are fastest."""
    best = 0.0
    reduced = precision == "bfloat16"
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=reduced):
        for batches in kinds:
            count = sum(int(attended.sum()) for _, attended in batches)
            for _ in range(PASSES):
                start = clock()
                for tokens, attended in batches:
                    model(input_ids=tokens, attention_mask=attended)
                best = max(best, count / (clock() - start))
    return best


def streamed(encoder: Encoder, words: pd.DataFrame, output: Path) -> NDArray[np.floating[Any]]:
    """Extract with langsig; returns the vectors of the top layer, ``[words, dim]``."""
    return extract(encoder, words, output, dtype=DTYPE).layers[-1]


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
    def spread(values: list[float]) -> str:
        return "{:.2f} ({:.2f} to {:.2f})".format(*values) if values else ""

    lines = [
        ", ".join(f"{name} {value}" for name, value in setting.items()),
        f"{'model':16}{'side':22}{'words/s':>9}{'bytes/word':>12}{'peak MB':>9}"
        f"{'of the bare model':>24}{'with these sentences':>24}{'times the published':>24}",
    ]
    lines += [
        f"{row['model']:16}{row['side']:22}{row['words_per_second']:>9,.0f}"
        f"{row['bytes_per_word']:>12,.0f}{row['peak_mb']:>9,.0f}"
        f"{spread(row['of_bare']):>24}{spread(row['of_same']):>24}{spread(row['faster']):>24}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
