from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.corpora import copy_tokenizer, load_tokenizer, romaniser, train_tokenizer
from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LANGUAGES = ("qaa", "qac", "qah")


def lines(samples: Path, language: str) -> list[str]:
    text = (samples / "corpora" / f"{language}.txt").read_text(encoding="utf-8")
    return [" ".join(line.split()) for line in text.splitlines()[:1000]]


def train(samples: Path, output: Path, *languages: str, vocabulary: int = 300) -> Path:
    output.mkdir()
    train_tokenizer(
        [samples / "corpora" / f"{language}.txt" for language in languages],
        output,
        vocabulary=vocabulary,
        sentences=500,
        character_coverage=1.0,
        max_length=48,
    )
    return output


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_survives_the_round_trip(
    samples: Path, tokenizer: "PreTrainedTokenizerBase", language: str
) -> None:
    sentences = lines(samples, language)
    encoded = tokenizer(sentences)["input_ids"]
    decoded = tokenizer.batch_decode(encoded, skip_special_tokens=True)
    unknown = tokenizer.unk_token_id
    pairs = [
        (sentence, text)
        for sentence, text, tokens in zip(sentences, decoded, encoded, strict=True)
        if unknown not in tokens
    ]
    assert len(pairs) > 0.99 * len(sentences)
    assert all(sentence == text for sentence, text in pairs)


def test_vocabulary_has_the_requested_size_and_order(
    tokenizer: "PreTrainedTokenizerBase",
) -> None:
    assert len(tokenizer) == 800
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    assert [index for _, index in vocabulary] == list(range(800))
    assert [piece for piece, _ in vocabulary[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    assert vocabulary[-1] == ("<mask>", 799) and tokenizer.mask_token_id == 799
    assert tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    assert [tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id] == [0, 1, 2]
    assert {*tokenizer.all_special_ids} == {0, 1, 2, 3, 799}


def test_tokenizer_agrees_with_sentencepiece(
    samples: Path, tokenizer: "PreTrainedTokenizerBase", tokenizer_folder: Path
) -> None:
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(
        model_file=str(tokenizer_folder / "sentencepiece.model")
    )
    for language in LANGUAGES:
        sentences = lines(samples, language)[:200]
        assert tokenizer(sentences, add_special_tokens=False)["input_ids"] == [
            model.encode(sentence) for sentence in sentences
        ]


def test_a_copy_has_the_same_files(tokenizer_folder: Path, tmp_path: Path) -> None:
    copy_tokenizer(tokenizer_folder, tmp_path)
    files = {file.name: file.read_bytes() for file in tokenizer_folder.iterdir()}
    assert len(files) == 3
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_sequences_begin_and_end_with_special_tokens(tokenizer: "PreTrainedTokenizerBase") -> None:
    assert tokenizer.is_fast
    tokens = tokenizer("Kal bibuval sizal")["input_ids"]
    assert tokens[0] == tokenizer.bos_token_id and tokens[-1] == tokenizer.eos_token_id
    assert not {*tokens[1:-1]} & {*tokenizer.all_special_ids}


@pytest.mark.slow
def test_training_is_deterministic(samples: Path, tmp_path: Path) -> None:
    first, second = (train(samples, tmp_path / name, "qaa", "qac") for name in ("first", "second"))
    assert sorted(file.name for file in first.iterdir()) == sorted(
        file.name for file in second.iterdir()
    )
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes(), file.name


def test_tokenizer_can_be_saved_and_loaded(
    samples: Path, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert type(loaded) is type(tokenizer) and loaded.is_fast
    assert loaded.model_max_length == tokenizer.model_max_length == 64
    assert loaded.get_vocab() == tokenizer.get_vocab()
    sentences = lines(samples, "qac")[:200]
    assert loaded(sentences)["input_ids"] == tokenizer(sentences)["input_ids"]


def test_too_many_pieces_for_the_text(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="vocabulary must fit the text, which 100000 pieces do not"
    ):
        train(samples, tmp_path / "large", "qaa", vocabulary=100_000)


def test_too_few_pieces_for_the_characters(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="vocabulary must fit the text, which 20 pieces do not"):
        train(samples, tmp_path / "small", "qaa", vocabulary=20)


def test_missing_tokenizers_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_tokenizer(tmp_path / "nowhere")


@pytest.mark.parametrize("model_type", ["roberta", "bert", "gpt2", "t5"])
def test_models_without_tokenizer_are_reported(tmp_path: Path, model_type: str) -> None:
    (tmp_path / "config.json").write_text(f'{{"model_type": "{model_type}"}}')
    with pytest.raises(InputError, match=f"{tmp_path}: no tokenizer"):
        load_tokenizer(tmp_path)


def test_each_language_contributes_at_most_its_share(tmp_path: Path) -> None:
    # If every second line is used, the characters of the others are not in the vocabulary.
    path = tmp_path / "text.txt"
    path.write_text("".join(f"ab ba aab {'xy' if n % 2 else 'vw'}\n" for n in range(100)))
    train_tokenizer(
        [path], tmp_path, vocabulary=12, sentences=50, character_coverage=1.0, max_length=8
    )
    characters = "".join(load_tokenizer(tmp_path).get_vocab())
    assert {"v", "w"} <= {*characters} and not {"x", "y"} & {*characters}


@pytest.mark.slow
@given(st.data())
def test_each_word_of_a_split_sentence_starts_with_a_new_piece(
    tokenizer: "PreTrainedTokenizerBase", samples: Path, data: st.DataObject
) -> None:
    forms = [word.strip(".,!") for line in lines(samples, "qac")[:50] for word in line.split()]
    transcribed = list(map(romaniser("qah"), "一丁丂七"))
    words = data.draw(st.lists(st.sampled_from([*forms, *transcribed, "乚乛"]), min_size=1))
    encoded = tokenizer(words, is_split_into_words=True)
    pieces = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    owners = encoded.word_ids(0)
    assert [*dict.fromkeys(owner for owner in owners if owner is not None)] == [*range(len(words))]
    for index, (piece, owner) in enumerate(zip(pieces, owners, strict=True)):
        if owner is not None:
            assert piece.startswith("▁") == (owners[index - 1] != owner)
    for number, word in enumerate(words):
        expected = tokenizer(word, add_special_tokens=False)["input_ids"]
        ids = zip(encoded["input_ids"], owners, strict=True)
        assert [piece for piece, owner in ids if owner == number] == expected
