import re
import weakref
from itertools import chain
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModel, PreTrainedModel

from langsig.errors import InputError, LeftOutWarning
from langsig.morphology import annotate
from langsig.pretraining import ModelShape, build_model
from langsig.representations import Encoder, States, extract, sentence_vectors, states_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LAYERS, POSITIONS = 3, 40
torch.set_num_threads(1)


def random_model(
    tokenizer: "PreTrainedTokenizerBase",
    folder: Path,
    architecture: str = "roberta",
    positions: int = POSITIONS,
) -> PreTrainedModel:
    shape = ModelShape(architecture, LAYERS, 16, 2, dropout=0.1, initializer_range=0.3)
    build_model(shape, tokenizer, max_length=positions, seed=0).save_pretrained(folder)
    model: PreTrainedModel = AutoModel.from_pretrained(folder)
    return model


@pytest.fixture(scope="session")
def model(
    tokenizer: "PreTrainedTokenizerBase", tmp_path_factory: pytest.TempPathFactory
) -> PreTrainedModel:
    return random_model(tokenizer, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def words(samples: Path) -> pd.DataFrame:
    """Words of 60 sentences in three languages, one of which is written without spaces."""
    tables = [
        annotate(samples / "treebanks" / language, language).table.query("sentence < 20")
        for language in ("qaa", "qac", "qah")
    ]
    for number, table in enumerate(tables):
        table["sentence"] += 100 * number  # gaps, as after filtering sentences
    return pd.concat(tables, ignore_index=True)


def table(*sentences: list[str]) -> pd.DataFrame:
    rows = [(number, form) for number, forms in enumerate(sentences) for form in forms]
    return pd.DataFrame(rows, columns=["sentence", "form"])


def sub_words(tokenizer: "PreTrainedTokenizerBase", form: str) -> list[int]:
    ids: list[int] = tokenizer(form, add_special_tokens=False)["input_ids"]
    return ids


def by_hand(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase", words: pd.DataFrame
) -> dict[int, np.ndarray]:
    """Vectors ``[layers, dim]`` of the words of sentences that fit, by row of the table."""
    model.eval()
    vectors = {}
    for _, sentence in words.groupby("sentence"):
        pieces = [sub_words(tokenizer, form) for form in sentence["form"]]
        tokens = [tokenizer.bos_token_id, *chain(*pieces), tokenizer.eos_token_id]
        if len(tokens) > POSITIONS:
            continue
        with torch.no_grad():
            states = model(torch.tensor([tokens]), output_hidden_states=True).hidden_states
        start = 1
        for row, piece in zip(sentence.index, pieces, strict=True):
            end = start + len(piece)
            if piece:
                vectors[row] = np.stack([layer[0, start:end].mean(0).numpy() for layer in states])
            start = end
    return vectors


def extracted(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    folder: Path,
    **options: Any,
) -> States:
    folder.mkdir(exist_ok=True)
    settings = {"dtype": "float32", "batch_tokens": 256} | options
    returned = extract(Encoder(model, tokenizer, "qaa"), words, folder, **settings)
    states = States.open(folder)
    kept = len(states.index)
    assert kept == len(returned.index)
    assert len(states.layers) == len(returned.layers) == LAYERS + 1
    assert {layer.shape for layer in states.layers} == {(kept, model.config.hidden_size)}
    assert {layer.dtype for layer in states.layers} == {np.dtype(settings["dtype"])}
    return states


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["roberta", "xlm-roberta", "roberta-prelayernorm"])
def test_vectors_belong_to_the_words_of_the_index(
    tokenizer: "PreTrainedTokenizerBase", words: pd.DataFrame, tmp_path: Path, architecture: str
) -> None:
    model = random_model(tokenizer, tmp_path, architecture)
    expected = by_hand(model, tokenizer, words)
    states = extracted(model, tokenizer, words, tmp_path / "states")
    assert states.index.tolist() == sorted(expected)
    assert 0 < len(words) - len(expected) < len(words) / 2  # some sentences are too long
    for number, layer in enumerate(states.layers):
        by_row = np.stack([expected[row][number] for row in states.index])
        np.testing.assert_allclose(layer, by_row, atol=2e-5, err_msg=f"layer {number}")
        # The tolerance distinguishes words: only words with the same form are that close.
        near = np.abs(by_row[:, None] - by_row[None]).max(-1) < 1e-3
        forms = words["form"].to_numpy()[states.index]
        assert not (near & (forms[:, None] != forms[None])).any()


def test_half_precision_only_rounds(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    tmp_path: Path,
) -> None:
    single = extracted(model, tokenizer, words, tmp_path / "single")
    half = extracted(model, tokenizer, words, tmp_path / "half", dtype="float16")
    np.testing.assert_array_equal(single.index, half.index)
    for layer, rounded in zip(single.layers, half.layers, strict=True):
        np.testing.assert_array_equal(layer.astype(np.float16), rounded)


@pytest.mark.parametrize("batch_tokens", [1, 100, 10**6])
def test_batches_do_not_matter(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    tmp_path: Path,
    batch_tokens: int,
) -> None:
    expected = extracted(model, tokenizer, words, tmp_path / "expected")
    result = extracted(model, tokenizer, words, tmp_path / "result", batch_tokens=batch_tokens)
    np.testing.assert_array_equal(result.index, expected.index)
    for layer, expected_layer in zip(result.layers, expected.layers, strict=True):
        np.testing.assert_allclose(layer, expected_layer, atol=2e-5)


def test_threads_do_not_matter(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase", words: pd.DataFrame
) -> None:
    encoder = Encoder(model, tokenizer, "qaa")
    expected = states_of(encoder, words, batch_tokens=100)
    used: set[int] = set()
    hook = model.register_forward_hook(lambda *_: used.add(get_ident()))
    torch.set_num_threads(3)
    try:
        result = states_of(Encoder(model, tokenizer, "qaa"), words, batch_tokens=100)
    finally:
        torch.set_num_threads(1)
        hook.remove()
    assert len(used) > 2, "besides the main thread, which tries the model"
    np.testing.assert_array_equal(result.index, expected.index)
    for layer, expected_layer in zip(result.layers, expected.layers, strict=True):
        np.testing.assert_array_equal(layer, expected_layer)


def test_batches_respect_the_limit(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    tmp_path: Path,
) -> None:
    shapes: list[tuple[int, ...]] = []
    hook = model.register_forward_pre_hook(
        lambda _, __, inputs: shapes.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    extracted(model, tokenizer, words, tmp_path, batch_tokens=120)
    hook.remove()
    assert max(rows * columns for rows, columns in shapes) <= 120
    assert max(rows for rows, _ in shapes) > 1


def test_hidden_states_of_a_batch_are_freed_before_the_next(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    tmp_path: Path,
) -> None:
    states: list[weakref.ref[torch.Tensor]] = []
    alive: list[int] = []
    hooks = [
        model.register_forward_pre_hook(
            lambda *_: alive.append(sum(state() is not None for state in states))
        ),
        model.register_forward_hook(
            lambda _, __, output: states.extend(map(weakref.ref, output.hidden_states))
        ),
    ]
    extracted(model, tokenizer, words, tmp_path, batch_tokens=120)
    for hook in hooks:
        hook.remove()
    assert len(states) == len(alive) * (LAYERS + 1)
    assert len(alive) > 5 and not any(alive)


def test_only_sentences_that_are_too_long_are_left_out(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    word = next(w for w in ("u", "ku", "kuo", "kal") if len(sub_words(tokenizer, w)) == 1)
    lengths = [5, POSITIONS - 2, POSITIONS - 1, 1, 3 * POSITIONS, POSITIONS - 3]
    words = table(*([word] * length for length in lengths))
    with pytest.warns(LeftOutWarning, match="left out 2 of 6 sentences, with more than the 40"):
        states = extracted(model, tokenizer, words, tmp_path)
    fits = [number for number, length in enumerate(lengths) if length + 2 <= POSITIONS]
    assert states.index.tolist() == np.flatnonzero(words["sentence"].isin(fits)).tolist()


def test_words_without_sub_words_are_left_out(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    words = table(["Kal", "", "sizal"], [""], ["", "pedigak"])
    states = extracted(model, tokenizer, words, tmp_path)
    expected = by_hand(model, tokenizer, words)
    assert states.index.tolist() == [0, 2, 5] == sorted(expected)
    for number, layer in enumerate(states.layers):
        np.testing.assert_allclose(
            layer, np.stack([expected[row][number] for row in (0, 2, 5)]), atol=2e-5
        )


def test_a_form_of_several_words_is_one_vector(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    words = table(["Kal", "wun da lu", "sizal"])
    states = extracted(model, tokenizer, words, tmp_path)
    expected = by_hand(model, tokenizer, words)
    assert len(states.index) == 3
    for number, layer in enumerate(states.layers):
        np.testing.assert_allclose(layer[1], expected[1][number], atol=2e-5)


def test_the_index_has_positions_instead_of_labels(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    tmp_path: Path,
) -> None:
    expected = extracted(model, tokenizer, words, tmp_path / "expected")
    relabelled = words.set_axis(range(5_000, 5_000 + len(words)))
    result = extracted(model, tokenizer, relabelled, tmp_path / "result")
    np.testing.assert_array_equal(result.index, expected.index)


def test_texts_without_a_sentence_that_fits_are_refused(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"qaa: no sentence fits into the {POSITIONS} sub-"):
        extracted(model, tokenizer, table(["Kal"] * 100), tmp_path)


def test_tokenizers_of_other_models_are_refused(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    model = random_model(tokenizer, tmp_path)
    (last,) = sub_words(tokenizer, "<mask>")
    model.resize_token_embeddings(last)
    extracted(model, tokenizer, table(["Kal"]), tmp_path / "states")
    message = f"qaa: the tokenizer gives sub-word {last}, but the model has embeddings of {last}"
    with pytest.raises(InputError, match=message):
        extracted(model, tokenizer, table(["Kal", "<mask>"]), tmp_path / "states")


def test_states_in_memory_are_those_of_the_files(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    tmp_path: Path,
) -> None:
    files = extracted(model, tokenizer, words, tmp_path / "all", dtype="float16")
    encoder = Encoder(model, tokenizer, "qaa")
    in_memory = states_of(encoder, words, layers=[3, 1])
    chosen = extract(encoder, words, tmp_path, dtype="float16", layers=[1, 3])
    np.testing.assert_array_equal(in_memory.index, files.index)
    for layer, of_memory, of_files in zip(
        [3, 1], in_memory.layers, chosen.layers[::-1], strict=True
    ):
        assert of_memory.dtype == np.float16
        np.testing.assert_allclose(of_memory, files.layers[layer], atol=2e-3)
        np.testing.assert_array_equal(of_memory, of_files)


def test_sentence_vectors_are_means_of_running_text(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    sentences = ["Kal wun da lu.", "Sizal", "ku " * 3 * POSITIONS, "bibuval pedigak da"]
    vectors = sentence_vectors(Encoder(model, tokenizer, "qaa"), sentences, layers=[0, 2])
    assert vectors.shape == (2, 4, model.config.hidden_size)
    for number, sentence in enumerate(sentences):
        tokens = tokenizer(sentence)["input_ids"]
        tokens = [*tokens[:-1][: POSITIONS - 1], tokens[-1]]  # the end remains
        with torch.no_grad():
            states = model(torch.tensor([tokens]), output_hidden_states=True).hidden_states
        for vector, layer in zip(vectors[:, number], (0, 2), strict=True):
            np.testing.assert_allclose(vector, states[layer][0, 1:-1].mean(0), atol=2e-5)


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([], "sentences is empty; give at least one"),
        (["Kal", " "], "qaa: sentence 1 (' ') has no sub-words; leave it out in all languages"),
    ],
)
def test_sentences_without_vectors_are_refused(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    sentences: list[str],
    message: str,
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        sentence_vectors(Encoder(model, tokenizer, "qaa"), sentences)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"dtype": "float64"}, "dtype must be one of float16, float32, got 'float64'"),
        ({"batch_tokens": 0}, "batch_tokens must be a positive integer, got 0"),
        ({"layers": []}, r"layers must be numbers from 0 to 3, got \[\]"),
        ({"layers": [4]}, r"layers must be numbers from 0 to 3, got \[4\]"),
    ],
)
def test_bad_arguments_are_refused(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    tmp_path: Path,
    option: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(InputError, match=message):
        extracted(model, tokenizer, table(["Kal"]), tmp_path, **option)


def test_words_with_infinite_states_are_reported(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    too_long = ["ku"] * 50
    forms = [too_long, ["Kal", "bibuval", "sizal"], ["nap", "понаў", "sa"], ["ku"] * 5]
    others = {*chain(*forms)} - {"понаў"}
    harmless = {piece for form in others for piece in sub_words(tokenizer, form)}
    bad = next(piece for piece in sub_words(tokenizer, "понаў") if piece not in harmless)
    model = random_model(tokenizer, tmp_path)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[bad] = float("inf")
    with pytest.raises(InputError) as caught:
        extracted(model, tokenizer, table(*forms), tmp_path / "states")
    message = str(caught.value)
    assert "qaa: layer 0 of the word 'понаў' (row 54 of the words table, sentence 2)" in message


def test_states_too_large_for_half_precision_are_refused(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    model = random_model(tokenizer, tmp_path)
    with torch.no_grad():
        model.encoder.layer[1].output.LayerNorm.bias += 1e5
    words = table(["Kal", "sizal"])
    extracted(model, tokenizer, words, tmp_path / "states", dtype="float32")
    with pytest.raises(InputError, match=r"layer 2 .* is not finite in float16"):
        extracted(model, tokenizer, words, tmp_path / "states", dtype="float16")


def test_folders_without_states_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"empty: no hidden states"):
        States.open(tmp_path / "empty")


def test_layers_are_opened_in_order(tmp_path: Path) -> None:
    for layer in reversed(range(12)):
        np.save(tmp_path / f"layer-{layer:02d}.npy", np.full((2, 3), float(layer)))
    np.save(tmp_path / "index.npy", np.arange(2))
    assert [layer[0, 0] for layer in States.open(tmp_path).layers] == list(range(12))


def test_shapes_of_states_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="layers is empty"):
        States([], np.arange(2))
    with pytest.raises(InputError, match=r"layer 1 must have .* \[2 words, dim\], got \(3, 4\)"):
        States([np.zeros((2, 4)), np.zeros((3, 4))], np.arange(2))
    np.save(tmp_path / "layer-00.npy", np.zeros((2, 3)))
    with pytest.raises(InputError, match=f"{tmp_path}: cannot read hidden states"):
        States.open(tmp_path)
