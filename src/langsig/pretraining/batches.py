"""Batches of sequences with hidden tokens, as masked language models are trained on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from langsig.corpora import Sequences
from langsig.pretraining.sampling import Draws

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MASKED, _SWAPPED = 0.8, 0.5  # shares of the chosen tokens, and of the remaining ones


class MaskedBatches:
    """Pads the drawn sequences of a batch and hides tokens.

    Each token that is not special is chosen with the same probability. Of the chosen tokens, 80 %
    are replaced by ``<mask>``, 10 % by a random token, and 10 % are kept. With the same generator,
    these are the tokens that ``DataCollatorForLanguageModeling`` of transformers hides.

    The choice depends on the seed and the first draw of the batch. A generator with a running
    state would make a resumed run choose other tokens, because batches are fetched ahead of the
    step at which the state is saved.

    Parameters
    ----------
    text
        Sequences of each language.
    draws
        Sequences of the run, in the order in which they are used.
    tokenizer
        Tokenizer that made the sequences.
    masking
        Share of the tokens to choose.
    seed
        Seed of the choice, not negative.
    """

    def __init__(
        self,
        text: Sequence[Sequences],
        draws: Draws,
        tokenizer: "PreTrainedTokenizerBase",
        *,
        masking: float,
        seed: int,
    ) -> None:
        self._text = text
        self._draws = draws
        self._masking = masking
        self._seed = seed
        self._pad, self._mask = tokenizer.pad_token_id, tokenizer.mask_token_id
        self._special = torch.zeros(len(tokenizer), dtype=torch.bool)
        self._special[tokenizer.all_special_ids] = True

    def __call__(self, numbers: Sequence[int]) -> dict[str, torch.Tensor]:
        """One batch.

        Parameters
        ----------
        numbers
            Numbers of the draws.

        Returns
        -------
        dict
            ``input_ids``; ``attention_mask``, which is 1 for each token and 0 for padding; and
            ``labels``: the token where it was chosen, else -100. Each is ``[sequences, longest]``.
        """
        sequences = [self._sequence(number) for number in numbers]
        tokens = pad_sequence(sequences, batch_first=True, padding_value=self._pad).long()
        lengths = torch.tensor([len(sequence) for sequence in sequences])
        attended = torch.arange(tokens.shape[1]) < lengths[:, None]  # [sequences, longest]
        state = np.random.SeedSequence([self._seed, numbers[0]]).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(state))

        def drawn(probabilities: torch.Tensor) -> torch.Tensor:
            return torch.bernoulli(probabilities, generator=generator).bool()

        chance = torch.full(tokens.shape, self._masking).masked_fill_(self._special[tokens], 0.0)
        chosen = drawn(chance)
        masked = drawn(torch.full(tokens.shape, _MASKED)) & chosen
        swapped = drawn(torch.full(tokens.shape, _SWAPPED)) & chosen & ~masked
        others = torch.randint(len(self._special), tokens.shape, generator=generator)
        inputs = torch.where(swapped, others, tokens).masked_fill_(masked, self._mask)
        return {
            "input_ids": inputs,
            "attention_mask": attended.long(),
            "labels": tokens.masked_fill_(~chosen, -100),
        }

    def _sequence(self, number: int) -> torch.Tensor:
        sequences = self._text[self._draws.language[number]]
        return torch.from_numpy(sequences[self._draws.sequence[number]])
