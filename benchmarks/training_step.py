"""Measure the time of a training step, compared with the same models in transformers.

Both start from the same weights and see the same batches, alternating in one process. A step is
that of the Trainer: mask, forward, backward, clip the gradient, fused AdamW. The two differ in
where the output layer, and what follows attention in the last layer, are computed: at the masked
positions, or everywhere. A third model computes them at the masked positions under autocast, with
matrix products in bfloat16.
"""

import argparse
import copy
import json
import statistics
import time
from collections.abc import Mapping
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (
    DataCollatorForLanguageModeling,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaForMaskedLM,
)

from langsig.pretraining import ModelShape, build_model

SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "mask_token": "<mask>"}
HEAD = 32  # dimensions per attention head
WARM_UP = 2
VOCABULARIES = [8_000, 32_000, 250_002]
MANY = 100_000  # from this size on, batches are small: logits everywhere take gigabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=int, nargs="+", default=VOCABULARIES)
    parser.add_argument(
        "--batch",
        type=int,
        help="sequences per batch (default: 32; from a vocabulary of 100,000 on, 8)",
    )
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--masking", type=float, default=0.15)
    parser.add_argument(
        "--steps",
        type=int,
        default=10,
        help=f"steps to measure, after {WARM_UP} to warm up (default: 10)",
    )
    parser.add_argument(
        "--cpu", action="store_true", help="measure CPU time, for busy machines; use one thread"
    )
    parser.add_argument("--quick", action="store_true", help="measure three steps")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.steps = 3
    rows = [measure(size, arguments) for size in arguments.vocabulary]
    setting = {
        "threads": torch.get_num_threads(),
        "time": "of the processor" if arguments.cpu else "of day",
        **{
            name: getattr(arguments, name)
            for name in ("layers", "dim", "length", "masking", "steps")
        },
    }
    if arguments.json:
        print(json.dumps({"setting": setting, "rows": rows}, indent=2))
    else:
        print(table(setting, rows))


def measure(vocabulary: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Median seconds per step of both sides, and the ratio of each step."""
    tokenizer = tokenizer_of(vocabulary)
    shape = ModelShape(
        "roberta",
        layers=arguments.layers,
        dim=arguments.dim,
        heads=arguments.dim // HEAD,
        dropout=0.0,
        initializer_range=0.04,
    )
    masked = build_model(shape, tokenizer, max_length=arguments.length, seed=0)
    everywhere = RobertaForMaskedLM(masked.config)
    everywhere.load_state_dict(masked.state_dict())
    reduced = copy.deepcopy(masked)
    steps = {
        "everywhere": Step(everywhere, tokenizer, arguments.masking),
        "masked": Step(masked, tokenizer, arguments.masking),
        "bfloat16": Step(reduced, tokenizer, arguments.masking, torch.bfloat16),
    }
    batch = arguments.batch or (8 if vocabulary >= MANY else 32)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, list[float]] = {name: [] for name in steps}
    clock = time.process_time if arguments.cpu else time.perf_counter
    generator = torch.Generator().manual_seed(0)
    for number in range(WARM_UP + arguments.steps):
        text = torch.randint(4, vocabulary - 1, (batch, arguments.length), generator=generator)
        for name in sorted(steps, reverse=bool(number % 2)):
            torch.manual_seed(number)  # the same tokens are masked
            start = clock()
            losses[name].append(steps[name](text))
            seconds[name].append(clock() - start)
    counted = {name: values[WARM_UP:] for name, values in seconds.items()}
    medians = {name: statistics.median(values) for name, values in counted.items()}
    ratios = [a / b for a, b in zip(counted["everywhere"], counted["masked"], strict=True)]
    reduced_ratios = [a / b for a, b in zip(counted["masked"], counted["bfloat16"], strict=True)]
    return {
        "vocabulary": vocabulary,
        "batch": batch,
        **medians,
        "ratio_min": min(ratios),
        "ratio": statistics.median(ratios),
        "ratio_max": max(ratios),
        "bfloat16_ratio_min": min(reduced_ratios),
        "bfloat16_ratio": statistics.median(reduced_ratios),
        "bfloat16_ratio_max": max(reduced_ratios),
        "tokens_per_second": batch * arguments.length / medians["masked"],
        "bfloat16_tokens_per_second": batch * arguments.length / medians["bfloat16"],
        "largest_difference_of_losses": largest_difference(losses["everywhere"], losses["masked"]),
        "bfloat16_difference_of_losses": largest_difference(losses["masked"], losses["bfloat16"]),
    }


def largest_difference(first: list[float], second: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


class Step:
    """One step of the Trainer at its defaults, without its logging."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        masking: float,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._model = model
        self._dtype = dtype
        self._collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=masking)
        self._optimiser = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)

    def __call__(self, text: torch.Tensor) -> float:
        batch = self._collator([{"input_ids": row} for row in text])
        return float(update(self._model, self._optimiser, batch, self._dtype))


def update(
    model: PreTrainedModel,
    optimiser: torch.optim.Optimizer,
    batch: Mapping[str, torch.Tensor],
    dtype: torch.dtype,
) -> torch.Tensor:
    """Forward, backward and update on the device of the model; the loss before the update."""
    with torch.autocast(model.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
        loss: torch.Tensor = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad()
    return loss.detach()


def tokenizer_of(size: int) -> PreTrainedTokenizerFast:
    """A tokenizer with this number of entries, none of which is ever looked up."""
    entries = [*SPECIAL.values()]
    entries[3:3] = [f"w{number}" for number in range(size - len(entries))]
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    model = WordLevel(vocabulary, unk_token="<pad>")
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model), **SPECIAL)


def table(setting: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    lines = [
        ", ".join(f"{name} {value}" for name, value in setting.items()),
        f"{'vocabulary':>10}{'batch':>7}{'everywhere, s':>15}{'masked, s':>12}{'ratio':>8}"
        f"  (min to max)  losses differ by{'bfloat16, s':>13}{'ratio':>8}  (min to max)"
        f"{'tokens/s':>12}{'losses':>9}",
    ]
    lines += [
        f"{row['vocabulary']:>10,}{row['batch']:>7}{row['everywhere']:>15.3f}{row['masked']:>12.3f}"
        f"{row['ratio']:>8.2f}  ({row['ratio_min']:.2f} to {row['ratio_max']:.2f})"
        f"{row['largest_difference_of_losses']:>16.0e}{row['bfloat16']:>14.3f}"
        f"{row['bfloat16_ratio']:>8.2f}  ({row['bfloat16_ratio_min']:.2f} to "
        f"{row['bfloat16_ratio_max']:.2f}){row['bfloat16_tokens_per_second']:>11,.0f}"
        f"{row['bfloat16_difference_of_losses']:>9.0e}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
