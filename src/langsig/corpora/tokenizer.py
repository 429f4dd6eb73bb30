"""The tokenizer of all models: a SentencePiece unigram model, or an existing tokenizer."""

import shutil
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from langsig.errors import InputError
from langsig.hub import is_local, not_loaded

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SENTENCEPIECE = "sentencepiece.model"
_OF_LOADING = ("is_local", "local_files_only")
"""What transformers would save of how a tokenizer was loaded."""
_THREADS = 4  # fixed, since the sums of SentencePiece depend on how threads share the sentences


def train_tokenizer(
    samples: Iterable[Path],
    output: Path,
    *,
    vocabulary: int,
    sentences: int,
    character_coverage: float,
    max_length: int,
) -> None:
    """Train a SentencePiece unigram model and save it as a Hugging Face tokenizer.

    Parameters
    ----------
    samples
        One text file per language, with one sentence per line.
    output
        Existing folder for the tokenizer, which has the class of XLM-R's, and for
        ``sentencepiece.model``.
    vocabulary
        Number of pieces, special pieces included.
    sentences
        Maximum number of lines per file, evenly spaced, so that all languages have equal weight.
    character_coverage
        Share of the occurrences of characters that the vocabulary covers, in (0, 1].
    max_length
        Maximum number of tokens that models with this tokenizer accept.

    Raises
    ------
    InputError
        If a vocabulary of this size cannot be trained on the text.
    """
    import sentencepiece
    from transformers import XLMRobertaTokenizer

    model = output / _SENTENCEPIECE
    try:
        lines = chain.from_iterable(_evenly_spaced(path, sentences) for path in samples)
        with open(model, "wb") as stream:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines,
                model_writer=stream,
                model_type="unigram",
                vocab_size=vocabulary - 1,
                character_coverage=character_coverage,
                normalization_rule_name="identity",
                # The first pieces are in the order of XLM-R: <s>, <pad>, </s>, <unk>.
                bos_id=0,
                pad_id=1,
                eos_id=2,
                unk_id=3,
                num_threads=_THREADS,
                minloglevel=2,
            )
    except RuntimeError as error:
        raise InputError(
            f"vocabulary must fit the text, which {vocabulary} pieces do not: {error}"
        ) from error
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    pieces = [
        (processor.id_to_piece(index), processor.get_score(index))
        for index in range(processor.get_piece_size())
    ]
    tokenizer = XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)], model_max_length=max_length)
    tokenizer.save_pretrained(output)


def load_tokenizer(path: Path | str) -> "PreTrainedTokenizerBase":
    """Load a Hugging Face tokenizer.

    Parameters
    ----------
    path
        Folder, which is read without network access, or name on the Hugging Face Hub.

    Raises
    ------
    InputError
        If there is no tokenizer, or it has no fast version. Only fast tokenizers can tell which
        word a sub-word belongs to.
    """
    from transformers import AutoTokenizer

    local = is_local(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            path, local_files_only=local, trust_remote_code=False
        )
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of many kinds; those of Rust are not of class Exception
        raise not_loaded(path, "tokenizer", error) from error
    # From a folder without a tokenizer, some classes load one with special pieces only.
    if len(tokenizer) - len(set(tokenizer.all_special_ids)) < 2:
        raise InputError(f"{path}: no tokenizer; save the model's tokenizer in the same folder")
    if not tokenizer.is_fast:
        raise InputError(f"{path}: the tokenizer has no fast version, which langsig requires")
    return tokenizer


def copy_tokenizer(source: Path | str, output: Path) -> None:
    """Save an existing tokenizer.

    The copy of a tokenizer that :func:`train_tokenizer` has trained has the same files: models
    that were trained with the one need not be trained again with the other.

    Parameters
    ----------
    source
        Folder or name of a tokenizer, see :func:`load_tokenizer`.
    output
        Existing folder for the copy.
    """
    tokenizer = load_tokenizer(source)
    for name in _OF_LOADING:
        tokenizer.init_kwargs.pop(name, None)
    tokenizer.save_pretrained(output)
    sentencepiece = Path(source, _SENTENCEPIECE)
    if sentencepiece.is_file():
        shutil.copyfile(sentencepiece, output / _SENTENCEPIECE)


def _evenly_spaced(path: Path, count: int) -> Iterator[str]:
    """Read at most ``count`` evenly spaced lines of a file."""
    with open(path, encoding="utf-8") as stream:
        total = sum(1 for _ in stream)
        stream.seek(0)
        for number, line in enumerate(stream):
            if number * count % total < count:
                yield line.rstrip("\n")
