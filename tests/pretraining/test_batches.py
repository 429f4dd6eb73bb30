"""Batches agree with the collator of transformers, and hide the requested share of tokens."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from transformers import DataCollatorForLanguageModeling

from langsig.corpora import Sequences
from langsig.pretraining.batches import MaskedBatches
from langsig.pretraining.sampling import Draws, draw
from tests.sequences import of_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNKNOWN = 3  # a special token within a sequence, which is never hidden


def text(count: int, longest: int, seed: int) -> Sequences:
    generator = np.random.default_rng(seed)
    rows = [
        [0, *generator.integers(UNKNOWN, 799, generator.integers(1, longest)), 2]
        for _ in range(count)
    ]
    return of_rows(rows)


@pytest.fixture
def languages() -> list[Sequences]:
    return [text(50, 20, 0), text(30, 9, 1)]


def batches(
    languages: list[Sequences],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    masking: float = 0.3,
    seed: int = 1,
) -> tuple[MaskedBatches, Draws]:
    draws = draw([len(sequences) for sequences in languages], 200, alpha=1.0, seed=0)
    return MaskedBatches(languages, draws, tokenizer, masking=masking, seed=seed), draws


@pytest.mark.parametrize("numbers", [[0], [7, 8, 9], [*range(40, 72)]])
def test_batches_equal_those_of_transformers(
    languages: list[Sequences], tokenizer: "PreTrainedTokenizerBase", numbers: list[int]
) -> None:
    collate, draws = batches(languages, tokenizer, seed=5)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.3)
    state = np.random.SeedSequence([5, numbers[0]]).generate_state(1, np.uint64)[0]
    collator.generator = torch.Generator().manual_seed(int(state))
    sequences = [languages[draws.language[i]][draws.sequence[i]] for i in numbers]
    expected = collator([{"input_ids": torch.from_numpy(row).long()} for row in sequences])
    batch = collate(numbers)
    assert batch.keys() == expected.keys()
    for name, values in expected.items():
        torch.testing.assert_close(batch[name], values, rtol=0, atol=0)


def test_the_seed_and_the_first_draw_determine_the_hidden_tokens(
    languages: list[Sequences], tokenizer: "PreTrainedTokenizerBase"
) -> None:
    first, other = (batches(languages, tokenizer, seed=seed)[0] for seed in (1, 2))
    numbers = [*range(40)]
    assert torch.equal(first(numbers)["input_ids"], first(numbers)["input_ids"])
    assert not torch.equal(first(numbers)["labels"], other(numbers)["labels"])
    repeated = [first([9] * 30), first([9] * 30), first([8] + [9] * 29)]
    hidden = [batch["labels"][1:] != -100 for batch in repeated]
    assert torch.equal(hidden[0], hidden[1])
    assert hidden[0].any() and not torch.equal(hidden[0].sum(1), hidden[2].sum(1))


@pytest.mark.parametrize("masking", [0.15, 0.6, 1.0])
def test_hidden_tokens_have_the_requested_shares(
    languages: list[Sequences], tokenizer: "PreTrainedTokenizerBase", masking: float
) -> None:
    collate, draws = batches(languages, tokenizer, masking=masking)
    plain = batches(languages, tokenizer, masking=0.0)[0]
    chosen = masked = swapped = candidates = 0
    for start in range(0, len(draws), 8):
        numbers = [*range(start, start + 8)]
        batch, original = collate(numbers), plain(numbers)["input_ids"]
        hidden = batch["labels"] != -100
        special = torch.isin(original, torch.tensor(tokenizer.all_special_ids))
        assert not (hidden & special).any()
        assert torch.equal(batch["labels"][hidden], original[hidden])
        assert torch.equal(batch["input_ids"][~hidden], original[~hidden])
        assert torch.equal(batch["attention_mask"] == 0, original == tokenizer.pad_token_id)
        chosen += int(hidden.sum())
        candidates += int((~special).sum())
        is_mask = batch["input_ids"] == tokenizer.mask_token_id
        masked += int((hidden & is_mask).sum())
        swapped += int((hidden & ~is_mask & (batch["input_ids"] != original)).sum())
    deviation = (masking * (1 - masking) / candidates) ** 0.5
    assert chosen / candidates == pytest.approx(masking, abs=max(4 * deviation, 1e-9))
    assert masked / chosen == pytest.approx(0.8, abs=4 * (0.16 / chosen) ** 0.5)
    assert swapped / chosen == pytest.approx(0.1, abs=4 * (0.09 / chosen) ** 0.5)
