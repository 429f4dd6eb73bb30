"""Measure the solver, training and extraction on a GPU against the processor of the same machine.

- **Solver**: seconds per iteration of PARAFAC2 at the paper's size, 33 slices of 768 x 768, for
  ranks 64 and 768, and of one iteration of TensorLy on the processor, its start included. The
  difference is that of the average signatures after the same iterations.
- **Training**: a step of a base model (12 layers of 768) with 250,002 entries under autocast, with
  the output layer at the masked positions and everywhere. The difference is that of the losses.
- **Extraction**: hidden states of words in 12 layers of 768, and of a decoder of 7 billion random
  weights. The difference is relative to the norm of the processor's states.

Tokens per second come with the share of the device's own peak, which is measured with products of
large matrices. Models have random weights. Without a GPU, the processor takes its place; it then
is compared with itself, which tests this program.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.random import default_rng
from numpy.typing import NDArray
from tokenizers import pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaForMaskedLM,
)

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from benchmarks.parafac2 import related, with_tensorly  # noqa: E402
from benchmarks.training_step import tokenizer_of, update  # noqa: E402
from langsig.factorization import Solver  # noqa: E402
from langsig.pretraining import ModelShape, build_model  # noqa: E402
from langsig.representations import Encoder, states_of, without_output_layer  # noqa: E402

FULL = SimpleNamespace(
    languages=33,
    cells=[(768, 64), (768, 768)],
    base=ModelShape("roberta", 12, 768, 12, 0.0, initializer_range=0.02),
    vocabulary=250_002,
    length=128,
    batch=64,
    batch_on_processor=2,
    sentences=4_000,
    sentences_on_processor=60,
    large=LlamaConfig(
        vocab_size=32_000, hidden_size=4_096, intermediate_size=11_008, num_hidden_layers=32,
        num_attention_heads=32,
    ),
    sentences_of_large=400,
    product=8_192,
)  # fmt: skip
SMALL = SimpleNamespace(
    languages=3,
    cells=[(24, 4)],
    base=ModelShape("roberta", 2, 64, 2, 0.0, initializer_range=0.02),
    vocabulary=500,
    length=16,
    batch=4,
    batch_on_processor=4,
    sentences=20,
    sentences_on_processor=20,
    large=LlamaConfig(
        vocab_size=500, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=2,
    ),
    sentences_of_large=20,
    product=256,
)  # fmt: skip
ITERATIONS = 5  # of the solver, its start included
MASKING, STEPS, WORDS = 0.15, 4, 20  # share of the tokens; steps that count; words per sentence
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=default, help="of torch (default: a GPU, if any)")
    parser.add_argument("--small", action="store_true", help="tiny sizes, which show no speed")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", type=Path, help="file to which all numbers are written")
    arguments = parser.parse_args()
    device, sizes = torch.device(arguments.device), SMALL if arguments.small else FULL
    on_gpu = device.type == "cuda"
    setting = {
        "device": torch.cuda.get_device_name(device) if on_gpu else "the processor itself",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "bfloat16_peak_tflops": peak(device, sizes.product) / 1e12,
    }
    print(", ".join(f"{name} {value}" for name, value in setting.items()), flush=True)
    print("\n| what | processor | device | times faster | of its peak | difference |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    rows: list[Row] = []
    for part in arguments.parts:
        for row in PARTS[part](device, sizes):
            rows.append(row)
            print(as_line(row, setting["bfloat16_peak_tflops"]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"setting": setting, "rows": rows}, indent=2) + "\n")


def as_line(row: Row, peak_tflops: float) -> str:
    """A row of the table."""
    unit, of_peak = row["unit"], row.get("tflops")
    cells = [
        row["what"],
        *(
            f"{row[side]:{',.0f' if row[side] > 100 else '.3g'}} {unit}" if row.get(side) else ""
            for side in ("processor", "device")
        ),
        f"{row['faster']:.1f}" if row.get("faster") else "",
        f"{of_peak / peak_tflops:.0%}" if of_peak else "",
        f"{row['difference']:.1e}" if row.get("difference") is not None else "",
    ]
    return f"| {' | '.join(cells)} |"


def synchronised(device: torch.device) -> float:
    """The time when all work on a device is done, in seconds."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def seconds(function: Callable[[], object], device: torch.device, times: int) -> float:
    """Median time of a call, after one that does not count."""
    function()
    measured = []
    for _ in range(times):
        start = synchronised(device)
        function()
        measured.append(synchronised(device) - start)
    return statistics.median(measured)


def peak(device: torch.device, size: int) -> float:
    """Operations per second of products of matrices in bfloat16."""
    matrix = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    return 2 * size**3 / seconds(lambda: matrix @ matrix, device, 5)


def solver(device: torch.device, sizes: SimpleNamespace) -> list[Row]:
    rows = []
    for dim, rank in sizes.cells:
        slices = related(default_rng(0), sizes.languages, dim, rank)
        on_processor, reference = per_iteration(slices, rank, torch.device("cpu"))
        on_device, averages = per_iteration(slices, rank, device)
        start = time.perf_counter()
        with_tensorly(np.float64)(slices, {"rank": rank, "iterations": 1})
        by_tensorly = time.perf_counter() - start
        what = f"PARAFAC2, {sizes.languages} slices of {dim} x {dim}, rank {rank}"
        rows += [
            {
                "what": f"{what}: one of {ITERATIONS} iterations",
                "unit": "s",
                "processor": on_processor,
                "device": on_device,
                "faster": on_processor / on_device,
                "difference": float(np.abs(averages / reference - 1).max()),
            },
            {
                "what": f"{what}: one iteration of TensorLy on the processor",
                "unit": "s",
                "processor": by_tensorly,
                "faster": by_tensorly / on_device,
            },
        ]
    return rows


def per_iteration(
    slices: list[NDArray[np.float64]], rank: int, device: torch.device
) -> tuple[float, NDArray[np.float64]]:
    """Seconds per iteration, a share of the start included, and the average signatures."""
    Solver(rank, "als", 0.01, 1, 1e-15, str(device)).fit(slices)  # loads what is loaded lazily
    start = synchronised(device)
    fit = Solver(rank, "als", 0.01, ITERATIONS, 1e-15, str(device)).fit(slices)
    return (synchronised(device) - start) / ITERATIONS, fit.average_signatures


def training(device: torch.device, sizes: SimpleNamespace) -> list[Row]:
    tokenizer = tokenizer_of(sizes.vocabulary)
    masked = build_model(sizes.base, tokenizer, max_length=sizes.length, seed=0)
    everywhere = RobertaForMaskedLM(masked.config)
    everywhere.load_state_dict(masked.state_dict())
    generator = torch.Generator().manual_seed(0)
    shape = (sizes.batch, sizes.length)
    text = torch.randint(5, sizes.vocabulary - 1, shape, generator=generator)
    labels = torch.where(torch.rand(shape, generator=generator) < MASKING, text, -100)
    small = slice(sizes.batch_on_processor)
    loss = step_of(masked, text[small], labels[small], torch.device("cpu"))
    on_processor = text[small].numel() / seconds(loss, torch.device("cpu"), 1)
    rows = []
    for name, model in (("at masked positions", masked), ("everywhere", everywhere)):
        before = float(step_of(model, text[small], labels[small], device)().cpu())
        reference = float(step_of(model, text[small], labels[small], torch.device("cpu"))().cpu())
        per_second = text.numel() / seconds(step_of(model, text, labels, device), device, STEPS)
        share = MASKING if model is masked else 1.0
        output = sizes.base.dim * (sizes.vocabulary + sizes.base.dim)  # weights of the last layer
        operations = 6 * (weights_of(model) + share * output)
        rows.append(
            {
                "what": f"training step, {sizes.base.layers} x {sizes.base.dim}, "
                f"{sizes.vocabulary:,} entries, output layer {name}",
                "unit": "tokens/s",
                "processor": on_processor if model is masked else None,
                "device": per_second,
                "faster": per_second / on_processor if model is masked else None,
                "tflops": operations * per_second / 1e12,
                "difference": abs(before / reference - 1),
            }
        )
        model.to("cpu")
    return rows


def step_of(
    model: PreTrainedModel, text: torch.Tensor, labels: torch.Tensor, device: torch.device
) -> Callable[[], torch.Tensor]:
    """A training step on a device; it returns the loss before it. The learning rate is zero."""
    model.to(device)
    text = text.to(device)
    batch = {
        "input_ids": text,
        "attention_mask": torch.ones_like(text),
        "labels": labels.to(device),
    }
    optimiser = torch.optim.AdamW(model.parameters(), 0.0, fused=True)
    return lambda: update(model, optimiser, batch, torch.bfloat16)


def extraction(device: torch.device, sizes: SimpleNamespace) -> list[Row]:
    tokenizer = tokenizer_of_words(sizes.vocabulary)
    model = without_output_layer(
        build_model(sizes.base, tokenizer, max_length=4 * WORDS, seed=0)
    ).eval()
    few = words_of(sizes.sentences_on_processor, sizes.vocabulary)
    on_processor = Encoder(model, tokenizer, "en", "bfloat16")
    reference = states_of(on_processor, few, dtype="float32").layers
    processor = len(few) / seconds(lambda: states_of(on_processor, few), torch.device("cpu"), 1)
    on_device = Encoder(model.to(device), tokenizer, "en", "bfloat16")
    states = states_of(on_device, few, dtype="float32").layers
    difference = max(
        float(np.linalg.norm(a - b) / np.linalg.norm(b))
        for a, b in zip(states, reference, strict=True)
    )
    many = words_of(sizes.sentences, sizes.vocabulary)
    rate = len(many) / seconds(lambda: states_of(on_device, many), device, 2)
    rows = [
        {
            "what": f"extraction, {sizes.base.layers} x {sizes.base.dim}, bfloat16, from words to "
            "arrays",
            "unit": "words/s",
            "processor": processor,
            "device": rate,
            "faster": rate / processor,
            "tflops": 2 * weights_of(model) * rate / 1e12,
            "difference": difference,
        }
    ]
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            large = LlamaModel(sizes.large).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    encoder = Encoder(large, tokenizer_of_words(sizes.large.vocab_size), "en")
    last = [encoder.layers // 2]  # one layer, so that memory of the machine is no limit
    words = words_of(sizes.sentences_of_large, sizes.large.vocab_size)
    rate = len(words) / seconds(lambda: states_of(encoder, words, layers=last), device, 1)
    billions = sum(weights.numel() for weights in large.parameters()) / 1e9
    rows.append(
        {
            "what": f"extraction of one layer, decoder of {billions:.2g} billion weights in "
            f"bfloat16 (batches: {encoder.batching})",
            "unit": "words/s",
            "device": rate,
            "tflops": 2 * weights_of(large) * rate / 1e12,
        }
    )
    return rows


def tokenizer_of_words(size: int) -> PreTrainedTokenizerFast:
    """A tokenizer whose entries are words between spaces."""
    tokenizer = tokenizer_of(size)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def words_of(sentences: int, vocabulary: int) -> pd.DataFrame:
    """Words that are one entry of the vocabulary each."""
    numbers = default_rng(0).integers(0, vocabulary - 10, sentences * WORDS)
    return pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(sentences, dtype=np.int32), WORDS),
            "form": [f"w{number}" for number in numbers],
        }
    )


def weights_of(model: PreTrainedModel) -> int:
    """Number of the weights of the layers, which multiply the state of each token."""
    named = model.named_parameters()
    apart = ("embed", "lm_head")
    return sum(weights.numel() for key, weights in named if not any(name in key for name in apart))


PARTS: dict[str, Callable[[torch.device, SimpleNamespace], list[Row]]] = {
    "solver": solver,
    "training": training,
    "extraction": extraction,
}

if __name__ == "__main__":
    main()
