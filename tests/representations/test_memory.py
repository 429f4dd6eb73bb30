"""Sentences that would take all memory."""

import psutil
import pytest
import torch
from transformers import T5Config, T5EncoderModel

from langsig.representations.memory import longest_sentence

GIGABYTE = 10**9


def encoder(heads: int = 4, layers: int = 1) -> T5EncoderModel:
    """A model that has no limit of positions."""
    return T5EncoderModel(
        T5Config(vocab_size=32, d_model=16, d_kv=4, d_ff=8, num_layers=layers, num_heads=heads)
    )


def longest(model: T5EncoderModel, free: float, monkeypatch: pytest.MonkeyPatch) -> int:
    memory = psutil.virtual_memory()._replace(available=free)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    return longest_sentence(model)


def test_scores_of_attention_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    length = longest(encoder(heads=4), 8 * GIGABYTE, monkeypatch)
    scores = 4 * length**2 * 4  # heads, length squared, bytes
    assert GIGABYTE / 2 < scores < 4 * GIGABYTE
    assert length > 2048


def test_more_memory_or_fewer_heads_allow_longer_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = (longest(encoder(heads), 64 * GIGABYTE, monkeypatch) for heads in (2, 8))
    assert few > many > longest(encoder(8), 32 * GIGABYTE, monkeypatch)
    half = encoder(8).to(torch.bfloat16)
    assert longest(half, 64 * GIGABYTE, monkeypatch) > many


def test_sentences_of_usual_length_always_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert longest(encoder(), 0, monkeypatch) == longest(encoder(), 1000, monkeypatch) == 2048
