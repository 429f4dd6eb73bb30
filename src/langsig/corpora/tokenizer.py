"""The vocabulary that all models share: a SentencePiece unigram model, or an existing tokenizer."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
"""The first pieces of the vocabulary, in XLM-R's order; ``<mask>`` is the last one."""

_THREADS = 4  # part of the recipe: SentencePiece's sums depend on how it shares out the sentences


def train_tokenizer(
    samples: Iterable[Path],
    output: Path,
    *,
    vocabulary: int,
    sentences: int,
    character_coverage: float,
    max_length: int,
) -> None:
    """Train a SentencePiece unigram vocabulary and save it as a Hugging Face tokenizer.

    Parameters
    ----------
    samples
        A text file a language, one sentence a line.
    output
        Existing folder for the tokenizer, of XLM-R's kind, and ``sentencepiece.model``.
    vocabulary
        Number of pieces, special ones included.
    sentences
        At most this many lines of each file, evenly spaced, so that languages weigh alike.
    character_coverage
        Share of character occurrences to have a piece.
    max_length
        Sub-words that models trained with this tokenizer accept at once.

    Raises
    ------
    InputError
        If the text cannot fill a vocabulary of this size.
    """
    import sentencepiece
    from transformers import XLMRobertaTokenizer

    model = output / "sentencepiece.model"
    try:
        with open(model, "wb") as stream:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=chain.from_iterable(_spread(path, sentences) for path in samples),
                model_writer=stream,
                model_type="unigram",
                vocab_size=vocabulary - 1,
                character_coverage=character_coverage,
                normalization_rule_name="identity",
                bos_id=0,
                pad_id=1,
                eos_id=2,
                unk_id=3,
                num_threads=_THREADS,
                minloglevel=2,
            )
    except RuntimeError as error:
        raise InputError(
            f"tokenizer.vocabulary: {vocabulary} pieces do not fit: {error}"
        ) from error
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    pieces = [
        (processor.id_to_piece(index), processor.get_score(index))
        for index in range(processor.get_piece_size())
    ]
    tokenizer = XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)], model_max_length=max_length)
    tokenizer.save_pretrained(output)


def load_tokenizer(path: Path | str) -> "PreTrainedTokenizerBase":
    """Load a Hugging Face tokenizer from a folder, without network, or by its name on the hub.

    Raises
    ------
    InputError
        If there is none, or it is not a fast one (only these say which word a piece is of).
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=Path(path).is_dir())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no tokenizer can be loaded: {error}") from error
    # A folder with a model only gives some classes a vocabulary of their special pieces.
    if len(tokenizer) - len(set(tokenizer.all_special_ids)) < 2:
        raise InputError(f"{path}: no tokenizer; save the model's own in the same folder")
    if not tokenizer.is_fast:
        raise InputError(f"{path}: the tokenizer has no fast version, which langsig needs")
    return tokenizer


def _spread(path: Path, count: int) -> Iterator[str]:
    """At most ``count`` lines of a file, at even distances."""
    with open(path, encoding="utf-8") as stream:
        total = sum(1 for _ in stream)
        stream.seek(0)
        for number, line in enumerate(stream):
            if number * count % total < count:
                yield line.rstrip("\n")
