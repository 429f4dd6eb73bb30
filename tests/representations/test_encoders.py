"""How models are run: batches, lengths and parts that differ by language."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

from langsig.comparison import compare
from langsig.corpora import load_tokenizer
from langsig.errors import InputError, LeftOutWarning
from langsig.morphology import annotate
from langsig.representations import (
    Batching,
    Encoder,
    States,
    extract,
    load_checked,
    load_encoder,
    states_of,
)
from langsig.representations.indices import IndicesInRange
from tests.representations.architectures import (
    ARCHITECTURES,
    LAYERS,
    PAGE,
    POSITIONS,
    VOCABULARY,
    row,
    save_model,
    tokenizer,
)
from tests.treebanks import copy_beginning

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# One model that is run with padding, one that is run without, and one that is refused.
FEW = ("BERT", "FNet", "Funnel")
torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore::langsig.errors.ConvergenceWarning")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model of an architecture, which is made once."""
    folders: dict[str, Path] = {}

    def make(architecture: str) -> Path:
        if architecture not in folders:
            folders[architecture] = tmp_path_factory.mktemp("model")
            save_model(architecture, folders[architecture])
        return folders[architecture]

    return make


@pytest.fixture(scope="session")
def words(samples: Path) -> pd.DataFrame:
    """Words of 9 sentences of different lengths, some of the same one."""
    table = annotate(samples / "treebanks/qaa", "qaa").table
    return table[table["sentence"] < 9].reset_index(drop=True)


@pytest.fixture
def model(checkpoint: Callable[[str], Path]) -> "PreTrainedModel":
    """A BERT of its own for each test, which may change it."""
    return load_encoder(checkpoint("BERT"))


def extracted(
    model: "PreTrainedModel | Path",
    words: pd.DataFrame,
    folder: Path,
    batch_tokens: int = 8192,
    language: str = "qaa",
    of_model: "PreTrainedTokenizerBase | None" = None,
) -> States:
    if isinstance(model, Path):
        model, of_model = load_encoder(model), load_tokenizer(model)
    folder.mkdir()
    encoder = Encoder(model, of_model or tokenizer(), language)
    return extract(encoder, words, folder, dtype="float32", batch_tokens=batch_tokens)


def assert_same(states: States, expected: States) -> None:
    np.testing.assert_array_equal(states.index, expected.index)
    for layer, of_expected in zip(states.layers, expected.layers, strict=True):
        assert np.abs(layer - of_expected).max() <= 1e-4 * np.abs(of_expected).max()


@pytest.fixture(scope="session")
def treebank(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A treebank of 15 sentences."""
    path = tmp_path_factory.mktemp("treebank") / "short.conllu"
    copy_beginning(samples / "treebanks/qaa/qaa_sample-ud-test.conllu", path, sentences=15)
    return path


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in ARCHITECTURES],
)
def test_all_architectures(
    checkpoint: Callable[[str], Path], words: pd.DataFrame, treebank: Path, name: str
) -> None:
    """A model is run as the page says, and its states do not depend on the batch."""
    folder, bert = checkpoint(name), checkpoint("BERT")
    documented = next(
        line for line in PAGE.read_text().splitlines() if line.startswith(f"| {name} |")
    )
    if "| refused |" in documented:
        with pytest.raises(InputError) as raised:
            compare(bert, {"qaa": folder, "qab": bert}, {"qaa": treebank, "qab": treebank}, rank=2)
        assert "\n" not in str(raised.value)
        assert row(name, folder) == documented
        return
    encoder = Encoder(load_encoder(folder), tokenizer(), "qaa")
    states = [states_of(encoder, words, dtype="float32", batch_tokens=n) for n in (1, 64, 8192)]
    assert len(states[0].layers) == LAYERS + 1
    for other in states[1:]:
        assert_same(other, states[0])
    comparison = compare(
        folder, {"qaa": folder, "qab": bert}, {"qaa": treebank, "qab": treebank},
        rank=2, max_iterations=2, min_instances=10,
    )  # fmt: skip
    assert set(comparison.batching) == {str(folder), str(bert)}
    assert documented == f"| {name} | {comparison.batching[str(folder)]} |  |"


def test_the_page_has_all_architectures() -> None:
    lines = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if "|" in line]
    assert lines == ["architecture", "---", *ARCHITECTURES]


def add_to_embeddings(
    model: "PreTrainedModel", change: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    """Let the embeddings of a BERT depend on more than their sub-words."""
    model.embeddings.register_forward_hook(lambda _, __, output: output + change(output))


def test_sentences_run_alone_where_neighbours_matter(
    model: "PreTrainedModel", words: pd.DataFrame, tmp_path: Path
) -> None:
    add_to_embeddings(model, lambda output: output.mean((0, 1), keepdim=True))
    expected = extracted(model, words, tmp_path / "1", 1)
    assert Encoder(model, tokenizer(), "qaa").batching is Batching.ALONE
    assert_same(extracted(model, words, tmp_path / "8192"), expected)


def test_models_that_give_other_states_each_time_are_refused(
    model: "PreTrainedModel", words: pd.DataFrame, tmp_path: Path
) -> None:
    add_to_embeddings(model, torch.randn_like)
    with pytest.raises(InputError, match=r"the hidden states of a sentence differ each time"):
        extracted(model, words, tmp_path / "states")


def test_half_precision_may_round(
    model: "PreTrainedModel", words: pd.DataFrame, tmp_path: Path
) -> None:
    for dtype in (torch.float16, torch.bfloat16):
        assert Encoder(model.to(dtype), tokenizer(), "qaa").batching is Batching.PADDED


def test_mixed_precision_only_rounds(
    checkpoint: Callable[[str], Path], words: pd.DataFrame
) -> None:
    model = load_encoder(checkpoint("BERT"))
    encoder = Encoder(model, tokenizer(), "qaa", "bfloat16")
    assert encoder.precision == "bfloat16" and encoder.batching is Batching.PADDED
    reduced = states_of(encoder, words, dtype="float32")
    expected = states_of(Encoder(model, tokenizer(), "qaa"), words, dtype="float32")
    for layer, (states, single) in enumerate(zip(reduced.layers, expected.layers, strict=True)):
        error = np.linalg.norm(states - single) / np.linalg.norm(single)
        assert (error == 0) == (layer == 0)  # embeddings are not the result of a product
        assert error < 0.01


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_threads_share_weights_and_nothing_else(
    checkpoint: Callable[[str], Path], precision: str
) -> None:
    encoder = Encoder(load_encoder(checkpoint("BERT")), tokenizer(), "qaa", precision)
    first, second = encoder.for_threads(2)
    assert first is encoder and second is not encoder
    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    assert all(one.data_ptr() == other.data_ptr() for one, other in pairs)
    assert not {*map(id, first.model.modules())} & {*map(id, second.model.modules())}
    assert encoder.for_threads(2)[1].model is second.model


def test_precision_is_chosen_by_weights_and_states(model: "PreTrainedModel") -> None:
    add_to_embeddings(model, lambda output: output * torch.is_autocast_enabled("cpu"))
    assert Encoder(model, tokenizer(), "qaa", "auto").precision == "float32"
    with pytest.raises(InputError, match="the model has other hidden states in bfloat16"):
        Encoder(model, tokenizer(), "qaa", "bfloat16")
    assert Encoder(model.half(), tokenizer(), "qaa", "auto").precision == "float32"
    with pytest.raises(InputError, match="precision must be one of float32, bfloat16, auto, got"):
        Encoder(model, tokenizer(), "qaa", "float16")


def test_languages_are_selected_without_another_trial(
    checkpoint: Callable[[str], Path], words: pd.DataFrame
) -> None:
    model = load_encoder(checkpoint("X-MOD"))
    encoder = Encoder(model, tokenizer(), "qaa")
    passes: list[object] = []
    model.register_forward_pre_hook(lambda *_: passes.append(None))
    encoder.select("qab")
    assert encoder.language == "qab" and not passes
    states = states_of(encoder, words, dtype="float32")
    assert_same(states, states_of(Encoder(model, tokenizer(), "qab"), words, dtype="float32"))


@pytest.mark.parametrize("layers", [0, 1, 5])
def test_numbers_of_layers_other_than_the_configuration_says_are_refused(
    model: "PreTrainedModel", words: pd.DataFrame, tmp_path: Path, layers: int
) -> None:
    model.config.num_hidden_layers = layers
    message = "gives hidden states of 3 layers, embeddings included, but its configuration names "
    with pytest.raises(InputError, match=f"{message}{layers}"):
        extracted(model, words, tmp_path / "states")


def test_models_without_layers_of_text_are_refused(tmp_path: Path) -> None:
    config = transformers.ResNetConfig(embedding_size=4, hidden_sizes=[4], depths=[1])
    transformers.ResNetModel(config).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}: the configuration lacks the number or the"):
        load_checked(tmp_path, ["qaa"])


def of_length(*lengths: int) -> pd.DataFrame:
    """Sentences with a number of sub-words, special ones included."""
    pieces = tokenizer().convert_ids_to_tokens([200])
    assert tokenizer()([[pieces[0]]], is_split_into_words=True)["input_ids"][0] == [0, 200, 2]
    counts = [length - 2 for length in lengths]
    return pd.DataFrame({"sentence": np.repeat(range(len(lengths)), counts), "form": pieces[0]})


@pytest.mark.parametrize("declared", [-1, POSITIONS, POSITIONS + 1, 10_000])
def test_limits_are_found_by_trying(
    model: "PreTrainedModel", tmp_path: Path, declared: int
) -> None:
    """Whatever the configuration declares, the model has embeddings of its positions."""
    model.config.max_position_embeddings = declared
    lengths = (POSITIONS + 1, 5, POSITIONS, 300, 100)
    message = f"qaa: left out 2 of 5 sentences, with more than the {POSITIONS} sub-words that the"
    with pytest.warns(LeftOutWarning, match=message):
        states = extracted(model, of_length(*lengths), tmp_path / "states")
    assert len(states.index) == 5 + POSITIONS + 100 - 3 * 2


@pytest.mark.parametrize("name", ["MPT", "LED", "I-BERT", "CTRL"])
def test_limits_have_many_names(
    checkpoint: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    with pytest.warns(LeftOutWarning, match="left out 1 of 2 sentences"):
        states = extracted(checkpoint(name), of_length(400, 20), tmp_path / "states")
    assert len(states.index) == 18


def test_limits_beyond_the_sentences_of_the_trial_are_found(
    checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    model = load_encoder(checkpoint("T5"))  # which has no limit

    def refuse(_: object, arguments: tuple[Any, ...], inputs: dict[str, Any]) -> None:
        if inputs["input_ids"].shape[1] > 317:
            raise ValueError("too long")

    model.get_encoder().register_forward_pre_hook(refuse, with_kwargs=True)
    with pytest.warns(LeftOutWarning, match="left out 2 of 3 .* than the 317 sub-words that the m"):
        states = extracted(model, of_length(318, 317, 900), tmp_path / "states")
    assert len(states.index) == 315


def test_sentences_that_do_not_fit_into_memory_are_left_out(
    checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    model = load_encoder(checkpoint("T5"))

    def refuse(_: object, arguments: tuple[Any, ...], inputs: dict[str, Any]) -> None:
        if inputs["input_ids"].numel() > 450:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.get_encoder().register_forward_pre_hook(refuse, with_kwargs=True)
    words = of_length(500, 440, 20)
    with pytest.warns(LeftOutWarning, match="left out 1 of 3 .* 450 sub-words that fit into mem"):
        states = extracted(model, words, tmp_path / "states", batch_tokens=1)
    assert len(states.index) == 438 + 18
    with pytest.raises(InputError, match=r"CUDA out of memory; lower batch_tokens"):
        extracted(model, of_length(240, 240), tmp_path / "more", batch_tokens=8192)


def test_indices_are_checked_on_all_devices() -> None:
    embeddings = torch.nn.Embedding(5, 2)
    with IndicesInRange():
        assert embeddings(torch.tensor([[0, 4]])).shape == (1, 2, 2)
        for index in (5, -1):
            with pytest.raises(IndexError, match="out of range of 5 vectors"):
                embeddings(torch.tensor([[0, index]]))


def test_what_a_model_raises_is_one_line(
    model: "PreTrainedModel", words: pd.DataFrame, tmp_path: Path
) -> None:
    def refuse(_: object, arguments: tuple[Any, ...], inputs: dict[str, Any]) -> None:
        if inputs["input_ids"].eq(2).any():  # the end of a sentence, which only text has
            raise AssertionError("nobody\nexpected this")

    model.register_forward_pre_hook(refuse, with_kwargs=True)
    with pytest.raises(InputError) as raised:
        extracted(model, words[words["sentence"] == 3], tmp_path / "states")
    assert str(raised.value).startswith(f"qaa: {model.name_or_path} fails for a sentence of ")
    assert str(raised.value).endswith(" sub-words: nobody expected this; use another model")


def test_states_that_are_never_finite_are_refused(
    model: "PreTrainedModel", words: pd.DataFrame, tmp_path: Path
) -> None:
    with torch.no_grad():
        model.encoder.layer[0].output.LayerNorm.bias[3] = float("inf")
    with pytest.raises(InputError, match="hidden states of layer 1 are not finite"):
        extracted(model, words, tmp_path / "states")


# ---- parts that differ by language


def test_adapters_are_those_of_the_language(
    checkpoint: Callable[[str], Path], words: pd.DataFrame, tmp_path: Path
) -> None:
    folder = checkpoint("X-MOD")
    first, second = (
        extracted(folder, words, tmp_path / language, language=language)
        for language in ("qaa", "qab")
    )
    np.testing.assert_array_equal(first.layers[0], second.layers[0])
    assert np.abs(first.layers[1] - second.layers[1]).max() > 0.01
    model = transformers.AutoModel.from_pretrained(folder).eval()
    model.set_default_language("qab_XX")
    assert_same(second, by_default(model, words))


def by_default(model: "PreTrainedModel", words: pd.DataFrame, **inputs: Any) -> States:
    """States of sentences alone, by transformers."""
    layers = []
    for _, sentence in words.groupby("sentence"):
        encoded = tokenizer()(sentence["form"].tolist(), is_split_into_words=True)
        tokens = torch.tensor([encoded["input_ids"]])
        more = {name: torch.full_like(tokens, value) for name, value in inputs.items()}
        with torch.no_grad():
            states = model(tokens, output_hidden_states=True, **more).hidden_states
        pieces = np.array([-1 if word is None else word for word in encoded.word_ids()])
        of_word = [pieces == word for word in range(len(sentence))]
        layers.append(
            [np.stack([state[0, of].mean(0).numpy() for of in of_word]) for state in states]
        )
    whole = [np.concatenate(layer) for layer in zip(*layers, strict=True)]
    return States(whole, words.index.to_numpy())


def test_embeddings_of_languages_are_those_of_the_language(
    checkpoint: Callable[[str], Path], words: pd.DataFrame, tmp_path: Path
) -> None:
    folder = checkpoint("XLM with language embeddings")
    states = extracted(folder, words, tmp_path / "states", language="qab")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    assert_same(states, by_default(model, words, langs=1))
    with pytest.raises(AssertionError):
        assert_same(states, by_default(model, words, langs=0))


@pytest.mark.parametrize(
    ("name", "part", "known"),
    [
        ("X-MOD", "adapter", "qaa_XX, qab_XX"),
        ("XLM with language embeddings", "embedding", "qaa, qab"),
    ],
)
def test_languages_without_their_part_are_refused_before_any_work(
    checkpoint: Callable[[str], Path], name: str, part: str, known: str
) -> None:
    folder, bert = checkpoint(name), checkpoint("BERT")
    with pytest.raises(InputError) as raised:
        compare(folder, {"qaa": bert, "sv": bert}, texts={"qaa": "README.md", "sv": "README.md"})
    assert str(raised.value) == (
        f"sv: {folder} needs the {part} of each language, but has none for this one; it knows "
        f"{known}; use another model"
    )


def test_embeddings_of_languages_without_names_are_refused(
    checkpoint: Callable[[str], Path], words: pd.DataFrame, tmp_path: Path
) -> None:
    model = load_encoder(checkpoint("XLM with language embeddings"))
    model.config.lang2id = None
    with pytest.raises(InputError, match="it knows no language by name; use another model"):
        extracted(model, words, tmp_path / "states")


def test_tokens_of_languages_are_those_of_the_language(
    checkpoint: Callable[[str], Path], words: pd.DataFrame, tmp_path: Path
) -> None:
    pieces = [*tokenizer().get_vocab()][: VOCABULARY - 60]
    of_mbart = transformers.MBartTokenizer(vocab=[(piece, -1.0) for piece in pieces])
    model = load_encoder(checkpoint("mBART"))
    swedish, german = (
        extracted(model, words, tmp_path / language, language=language, of_model=of_mbart)
        for language in ("fi", "de")
    )
    assert np.abs(swedish.layers[1] - german.layers[1]).max() > 0.01
    assert of_mbart.src_lang == "de_DE"
    with pytest.raises(InputError, match=r"da: .* needs the token of each .* it knows ar_AR, cs_C"):
        extracted(model, words, tmp_path / "da", language="da", of_model=of_mbart)


# ---- encoders that were saved alone


@pytest.mark.parametrize("kind", ["T5", "MT5", "UMT5"])
def test_encoders_saved_alone_have_the_states_of_the_whole_model(
    checkpoint: Callable[[str], Path], words: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    whole = checkpoint({"MT5": "mT5"}.get(kind, kind))
    model = getattr(transformers, f"{kind}EncoderModel").from_pretrained(whole)
    model.save_pretrained(tmp_path / "alone")
    tokenizer().save_pretrained(tmp_path / "alone")
    assert_same(
        extracted(tmp_path / "alone", words, tmp_path / "states"),
        extracted(whole, words, tmp_path / "expected"),
    )
    assert load_checked(tmp_path / "alone", ["qaa"]).encoder.batching is Batching.PADDED
