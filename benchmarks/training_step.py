"""Time of a training step: logits at masked positions only, against logits everywhere.

Both models have the same weights and see the same batches, in turn, in one process.
"""

import argparse
import json
import statistics
import time
from types import SimpleNamespace
from typing import Any

import torch
from transformers import RobertaForMaskedLM

from langsig.pretraining import ModelShape, build_model

SHAPE = ModelShape("roberta", layers=6, dim=128, heads=4, dropout=0.0, initializer_range=0.04)
LENGTH, BATCH, MASKED = 64, 32, 0.15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=int, nargs="+", default=[8_000, 32_000])
    parser.add_argument("--steps", type=int, default=10, help="counted steps, after two to warm up")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [measure(size, arguments.steps) for size in arguments.vocabulary]
    setting = {
        "threads": torch.get_num_threads(),
        "dtype": "float32",
        "layers": SHAPE.layers,
        "dim": SHAPE.dim,
        "batch": BATCH,
        "length": LENGTH,
        "masked": MASKED,
    }
    if arguments.json:
        print(json.dumps({"setting": setting, "rows": rows}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in setting.items()))
    print(f"{'vocabulary':>10}{'everywhere, s':>15}{'masked, s':>12}{'ratio':>8}  (min to max)")
    for row in rows:
        print(
            f"{row['vocabulary']:>10}{row['everywhere']:>15.3f}{row['masked']:>12.3f}"
            f"{row['ratio']:>8.2f}  ({row['ratio_min']:.2f} to {row['ratio_max']:.2f})"
        )


def measure(vocabulary: int, steps: int) -> dict[str, Any]:
    """Medians of the seconds of a step, and of the ratio step by step."""
    sizes = _Vocabulary(vocabulary, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    masked = build_model(SHAPE, sizes, max_length=LENGTH, seed=0)  # type: ignore[arg-type]
    everywhere = RobertaForMaskedLM(masked.config)
    everywhere.load_state_dict(masked.state_dict())
    models = {"everywhere": everywhere, "masked": masked}
    optimisers = {name: torch.optim.AdamW(m.parameters(), 1e-4) for name, m in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    generator = torch.Generator().manual_seed(0)
    for step in range(steps + 2):
        tokens = torch.randint(4, vocabulary, (BATCH, LENGTH), generator=generator)
        hidden = torch.rand(tokens.shape, generator=generator) < MASKED
        batch = {
            "input_ids": tokens.masked_fill(hidden, vocabulary - 1),
            "attention_mask": torch.ones_like(tokens),
            "labels": tokens.masked_fill(~hidden, -100),
        }
        for name in sorted(models, reverse=bool(step % 2)):
            start = time.perf_counter()
            optimisers[name].zero_grad()
            models[name](**batch).loss.backward()
            optimisers[name].step()
            if step > 1:
                seconds[name].append(time.perf_counter() - start)
    ratios = [a / b for a, b in zip(seconds["everywhere"], seconds["masked"], strict=True)]
    return {
        "vocabulary": vocabulary,
        **{name: statistics.median(values) for name, values in seconds.items()},
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


class _Vocabulary(SimpleNamespace):
    """What ``build_model`` asks of a tokenizer."""

    def __init__(self, size: int, **ids: int) -> None:
        super().__init__(**ids)
        self._size = size

    def __len__(self) -> int:
        return self._size


if __name__ == "__main__":
    main()
