"""Tiny models of all types of tokenizers and architectures, with random weights."""

import json
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

import langsig.comparison
from langsig.corpora import load_tokenizer
from langsig.errors import InputError
from langsig.morphology import annotate
from langsig.representations import (
    Encoder,
    Shape,
    States,
    extract,
    load_encoder,
    load_shape,
    load_untrained,
    without_output_layer,
)
from tests.malformed import POINTER

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LAYERS, DIM, POSITIONS = 3, 16, 48
LANGUAGES = ("qaa", "qah")  # qah is written without spaces
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def words(samples: Path) -> pd.DataFrame:
    """Words of 30 sentences in two languages."""
    tables = [
        annotate(samples / "treebanks" / language, language).table.query("sentence < 15")
        for language in LANGUAGES
    ]
    tables[1]["sentence"] += 100
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="session")
def corpora(samples: Path) -> list[str]:
    return [str(samples / "corpora" / f"{language}.txt") for language in LANGUAGES]


def word_piece(corpora: list[str]) -> "PreTrainedTokenizerBase":
    """BERT's: ``[CLS]`` and ``[SEP]``, ``##`` inside of words."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train(corpora, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )


def byte_level(corpora: list[str]) -> "PreTrainedTokenizerBase":
    """GPT-2's: the space is part of a word, no special tokens, no padding."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train(corpora, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def byte_level_of_roberta(corpora: list[str]) -> "PreTrainedTokenizerBase":
    """RoBERTa's: with ``<s>``, ``</s>`` and padding."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train(corpora, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=False
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )


def byte_level_of_llama_3(corpora: list[str]) -> "PreTrainedTokenizerBase":
    """Llama 3's: words are cut by a pattern first; a token at the beginning, none at the end."""
    tokenizer = Tokenizer(models.BPE())
    pattern = Regex(r" ?\p{L}+| ?[^\s\p{L}]+|\s+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<begin>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train(corpora, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<begin> $A", None, [("<begin>", 0)])
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<begin>")


def unigram(corpora: list[str]) -> "PreTrainedTokenizerBase":
    """T5's: SentencePiece with ``</s>`` at the end only."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=400, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"
    )
    tokenizer.train(corpora, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", None, [("</s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def bert(vocabulary: int) -> "PreTrainedModel":
    return transformers.BertModel(
        transformers.BertConfig(
            vocab_size=vocabulary, hidden_size=DIM, num_hidden_layers=LAYERS,
            num_attention_heads=2, intermediate_size=32, max_position_embeddings=POSITIONS,
        )
    )  # fmt: skip


def roberta(vocabulary: int) -> "PreTrainedModel":
    return transformers.RobertaModel(
        transformers.RobertaConfig(
            vocab_size=vocabulary, hidden_size=DIM, num_hidden_layers=LAYERS,
            num_attention_heads=2, intermediate_size=32, max_position_embeddings=POSITIONS + 2,
        )
    )  # fmt: skip


def gpt_2(vocabulary: int) -> "PreTrainedModel":
    return transformers.GPT2Model(
        transformers.GPT2Config(
            vocab_size=vocabulary, n_embd=DIM, n_layer=LAYERS, n_head=2, n_positions=POSITIONS,
            bos_token_id=0, eos_token_id=0,
        )
    )  # fmt: skip


def llama(vocabulary: int) -> "PreTrainedModel":
    return transformers.LlamaModel(
        transformers.LlamaConfig(
            vocab_size=vocabulary, hidden_size=DIM, num_hidden_layers=LAYERS,
            num_attention_heads=2, num_key_value_heads=1, intermediate_size=32,
            max_position_embeddings=POSITIONS, bos_token_id=0, eos_token_id=0,
        )
    )  # fmt: skip


def t5(vocabulary: int) -> "PreTrainedModel":
    return transformers.T5Model(
        transformers.T5Config(
            vocab_size=vocabulary, d_model=DIM, d_ff=32, d_kv=8, num_layers=LAYERS,
            num_decoder_layers=LAYERS + 2, num_heads=2,
        )
    )  # fmt: skip


def bart(vocabulary: int) -> "PreTrainedModel":
    return transformers.BartModel(
        transformers.BartConfig(
            vocab_size=vocabulary, d_model=DIM, encoder_layers=LAYERS, decoder_layers=LAYERS + 1,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
            decoder_ffn_dim=32, max_position_embeddings=POSITIONS,
        )
    )  # fmt: skip


Makers = tuple[Callable[[int], "PreTrainedModel"], Callable[[list[str]], "PreTrainedTokenizerBase"]]
KINDS: dict[str, Makers] = {
    "bert": (bert, word_piece),
    "roberta": (roberta, byte_level_of_roberta),
    "gpt-2": (gpt_2, byte_level),
    "llama": (llama, byte_level_of_llama_3),
    "t5": (t5, unigram),
    "bart": (bart, byte_level_of_roberta),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="session")
def checkpoints(corpora: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder with model and tokenizer per type of model."""
    folders = {}
    for kind, (make_model, make_tokenizer) in KINDS.items():
        folders[kind] = tmp_path_factory.mktemp(kind)
        tokenizer = make_tokenizer(corpora)
        tokenizer.save_pretrained(folders[kind])
        torch.manual_seed(0)
        model = make_model(len(tokenizer))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn_like(parameter)  # makes words differ
        model.save_pretrained(folders[kind])
    return folders


def running_text(tokenizer: "PreTrainedTokenizerBase", forms: list[str]) -> tuple[list[int], Any]:
    """Token ids of a sentence with spaces, and the word of each token, from character offsets."""
    text = "".join(f" {form}" for form in forms)
    encoded = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    word_at = np.repeat(np.arange(len(forms)), [len(form) + 1 for form in forms])
    special = encoded["special_tokens_mask"]
    words = [
        None if mask else int(word_at[end - 1])
        for mask, (_, end) in zip(special, encoded["offset_mapping"], strict=True)
    ]
    return encoded["input_ids"], words


def by_hand(
    folder: Path, words: pd.DataFrame, rows: "np.ndarray[Any, Any]"
) -> dict[int, "np.ndarray[Any, Any]"]:
    """Vectors ``[layers, dim]`` of each word, from single sentences as running text."""
    tokenizer = load_tokenizer(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    vectors = {}
    for _, sentence in words.iloc[rows].groupby("sentence"):
        ids, word_of_token = running_text(tokenizer, sentence["form"].tolist())
        tokens = torch.tensor([ids])
        with torch.no_grad():
            if model.config.is_encoder_decoder:
                output = model(tokens, decoder_input_ids=tokens, output_hidden_states=True)
                hidden = output.encoder_hidden_states
            else:
                hidden = model(tokens, output_hidden_states=True).hidden_states
        for number, row in enumerate(sentence.index):
            pieces = [index for index, word in enumerate(word_of_token) if word == number]
            vectors[row] = np.stack([layer[0, pieces].mean(0).numpy() for layer in hidden])
    return vectors


def extracted(folder: Path, words: pd.DataFrame, output: Path, batch_tokens: int = 256) -> States:
    output.mkdir()
    encoder = Encoder(load_encoder(folder), load_tokenizer(folder), "qaa")
    return extract(encoder, words, output, dtype="float32", batch_tokens=batch_tokens)


@pytest.mark.slow
@every_kind
def test_vectors_agree_with_single_sentences_of_running_text(
    checkpoints: dict[str, Path], words: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    states = extracted(checkpoints[kind], words, tmp_path / "states")
    assert len(states.layers) == LAYERS + 1
    sentences = words["sentence"].nunique()
    assert 0.3 * sentences < words.iloc[states.index]["sentence"].nunique()
    expected = by_hand(checkpoints[kind], words, states.index)
    for number, layer in enumerate(states.layers):
        by_row = np.stack([expected[row][number] for row in states.index])
        np.testing.assert_allclose(layer, by_row, atol=2e-5, err_msg=f"layer {number}")
    assert np.abs(np.diff(states.layers[-1], axis=0)).max(1).min() > 1e-3  # words differ


@every_kind
@pytest.mark.parametrize("batch_tokens", [1, 10**6])
def test_batches_do_not_matter(
    checkpoints: dict[str, Path],
    words: pd.DataFrame,
    tmp_path: Path,
    kind: str,
    batch_tokens: int,
) -> None:
    expected = extracted(checkpoints[kind], words, tmp_path / "expected")
    result = extracted(checkpoints[kind], words, tmp_path / "result", batch_tokens)
    np.testing.assert_array_equal(result.index, expected.index)
    for layer, expected_layer in zip(result.layers, expected.layers, strict=True):
        np.testing.assert_allclose(layer, expected_layer, atol=2e-5)


@every_kind
def test_sentences_beyond_the_positions_of_the_model_are_left_out(
    checkpoints: dict[str, Path], words: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    tokenizer = load_tokenizer(checkpoints[kind])
    special = len(tokenizer("")["input_ids"])
    one_piece = next(
        form for form in words["form"] if len(tokenizer(f" {form}")["input_ids"]) == 1 + special
    )
    lengths = [POSITIONS - special, POSITIONS - special + 1, 10 * POSITIONS]
    repeated = pd.DataFrame(
        {"sentence": np.repeat(range(3), lengths), "form": [one_piece] * sum(lengths)}
    )
    states = extracted(checkpoints[kind], repeated, tmp_path / "states")
    kept = repeated.iloc[states.index]["sentence"].unique().tolist()
    assert kept == ([0, 1, 2] if kind == "t5" else [0])


@every_kind
def test_shape_without_weights(checkpoints: dict[str, Path], tmp_path: Path, kind: str) -> None:
    (tmp_path / "config.json").write_bytes((checkpoints[kind] / "config.json").read_bytes())
    assert load_shape(tmp_path) == Shape(LAYERS, DIM)


@every_kind
def test_untrained_models_have_other_weights_of_the_same_shapes(
    checkpoints: dict[str, Path], kind: str
) -> None:
    trained = load_encoder(checkpoints[kind]).state_dict()
    untrained, repeated, another = (
        load_untrained(checkpoints[kind], n).state_dict() for n in (1, 1, 2)
    )
    assert all(torch.equal(weight, repeated[name]) for name, weight in untrained.items())
    assert {name: weight.shape for name, weight in untrained.items()} == {
        name: weight.shape for name, weight in trained.items()
    }
    for different in (trained, another):
        assert any(not torch.equal(weight, different[name]) for name, weight in untrained.items())


@every_kind
def test_loading_from_a_folder_needs_no_network(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load_shape(checkpoints[kind]).dim == DIM
    assert load_encoder(str(checkpoints[kind])).config.hidden_size == DIM
    assert load_tokenizer(checkpoints[kind]).is_fast


def test_the_output_layer_is_not_computed(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    folder = checkpoints["bert"]
    config = transformers.AutoConfig.from_pretrained(folder)
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    assert not [name for name, _ in load_encoder(tmp_path).named_modules() if "predictions" in name]


@every_kind
def test_models_in_memory_are_as_if_saved_and_loaded(
    checkpoints: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    model = load_untrained(checkpoints[kind], 1)
    model.save_pretrained(tmp_path)
    loaded, in_memory = load_encoder(tmp_path), without_output_layer(model)
    assert type(in_memory) is type(loaded)
    weights = in_memory.state_dict()
    assert weights.keys() == loaded.state_dict().keys()
    assert all(torch.equal(weight, weights[name]) for name, weight in loaded.state_dict().items())


def test_a_model_in_memory_loses_its_output_layer(checkpoints: dict[str, Path]) -> None:
    config = transformers.AutoConfig.from_pretrained(checkpoints["bert"])
    model = transformers.BertForMaskedLM(config)
    assert without_output_layer(model) is model.bert


@every_kind
def test_missing_weights_are_reported(
    checkpoints: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    model = transformers.AutoModel.from_pretrained(checkpoints[kind])
    tensors = model.state_dict()
    lost = next(name for name in tensors if ".1." in name and "decoder" not in name)
    model.save_pretrained(tmp_path, state_dict={n: t for n, t in tensors.items() if n != lost})
    with pytest.raises(
        InputError, match=f"{tmp_path}: the checkpoint lacks 1 weights, such as {lost}"
    ):
        load_encoder(tmp_path)


@pytest.mark.parametrize(("kind", "unused"), [("bert", "pooler."), ("bart", "decoder.")])
def test_weights_that_hidden_states_do_not_need_may_be_missing(
    checkpoints: dict[str, Path], tmp_path: Path, kind: str, unused: str
) -> None:
    model = transformers.AutoModel.from_pretrained(checkpoints[kind])
    tensors = model.state_dict()
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(unused)}
    assert len(kept) < len(tensors)
    model.save_pretrained(tmp_path, state_dict=kept)
    load_encoder(tmp_path)


@pytest.mark.parametrize("load", [load_encoder, load_shape])
@pytest.mark.parametrize("name", ["./not/there", "/not/there", "~/not", "a/b/c", Path("not")])
def test_missing_folders_are_reported_without_network(
    load: Callable[[Any], object], name: str | Path
) -> None:
    with pytest.raises(InputError, match=f"{name}: no such folder"):
        load(name)


def test_folders_without_a_model_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: no model that can be loaded"):
        load_encoder(tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (transformers.ResNetConfig(), "the configuration lacks the number or the width of the la"),
        (transformers.LxmertConfig(), "the layers of the model differ in width or kind"),
        (transformers.BarkConfig(), "the configuration lacks the number or the width of the layer"),
    ],
)
def test_configurations_without_sizes_are_reported(
    config: transformers.PreTrainedConfig, message: str, tmp_path: Path
) -> None:
    config.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}: {message}"):
        load_shape(tmp_path)


def test_the_size_of_an_encoder_of_text_and_pictures_is_that_of_text(tmp_path: Path) -> None:
    config = transformers.T5Gemma2Config()
    config.save_pretrained(tmp_path)
    of_text = config.encoder.text_config
    assert load_shape(tmp_path) == Shape(of_text.num_hidden_layers, of_text.hidden_size)


def test_code_of_a_model_is_never_executed(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    config = json.loads((checkpoints["bert"] / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for load in (load_encoder, load_shape, lambda name: load_untrained(name, 1)):
        with pytest.raises(InputError, match=f"{tmp_path}: no model that can be loaded"):
            load(tmp_path)
    assert not (tmp_path / "ran").exists()


def changed(**changes: object) -> Callable[[Path], None]:
    """Change keys of the configuration."""

    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def pickled(content: bytes) -> Callable[[Path], None]:
    """Weights in the old format instead of safetensors."""

    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / "pytorch_model.bin").write_bytes(content)

    return change


def rewritten(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_bytes(content(path.read_bytes()))

    return change


RUNS = b"cos\nsystem\n(S'touch ran'\ntR."  # a pickle that runs a program
DAMAGED = "the file is damaged or of another kind: copy or download it again"
POINTED = "model.safetensors is a pointer of Git LFS: run git lfs pull in the folder"
INSTALL = "install what is missing, or use a checkpoint that does not need it"
UNLOADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "pointer": (rewritten("model.safetensors", lambda _: POINTER), POINTED),
    "truncated": (rewritten("model.safetensors", lambda whole: whole[: len(whole) // 2]), DAMAGED),
    "empty": (rewritten("model.safetensors", lambda _: b""), DAMAGED),
    "page": (rewritten("model.safetensors", lambda _: b"<!DOCTYPE html><html></html>"), DAMAGED),
    "pickle of a program": (pickled(RUNS), "no model that can be loaded"),
    "pickle of nothing": (pickled(b""), "no model that can be loaded"),
    "pickle of text": (pickled(b"weights\n"), "no model that can be loaded"),
    "width": (changed(hidden_size=32), "but [32] by config.json, which belongs to another model"),
    "vocabulary": (
        changed(vocab_size=7),
        "embeddings.word_embeddings.weight has the shape [300, 16], but [7, 16] by config.json",
    ),
    "heads": (changed(num_attention_heads=5), "no model that can be loaded"),
    "architecture": (changed(architectures=[3], hidden_act="none"), "no model that can be loaded"),
    "layers": (changed(num_hidden_layers="two"), "no model that can be loaded"),
    "attention": (changed(_attn_implementation="flash_attention_2"), INSTALL),
    "gptq": (changed(quantization_config={"quant_method": "gptq", "bits": 4}), INSTALL),
    "8 bit": (
        changed(quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True}),
        INSTALL,
    ),
    "list": (rewritten("config.json", lambda _: b"[]"), "no model that can be loaded"),
    "no JSON": (rewritten("config.json", lambda whole: whole[:-9]), "no model that can be loaded"),
    "adapter": (
        lambda folder: (folder / "adapter_config.json").write_text("{}") and None,
        "has an adapter (adapter_config.json), which langsig does not apply; merge it",
    ),
}


@pytest.mark.parametrize("case", UNLOADABLE)
def test_models_that_cannot_be_loaded_are_refused_in_one_line(
    checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    change, message = UNLOADABLE[case]
    shutil.copytree(checkpoints["bert"], tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    change(tmp_path / "model")
    with pytest.raises(InputError) as raised:
        load_encoder(tmp_path / "model")
    assert str(raised.value).startswith(f"{tmp_path / 'model'}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("case", ["vocabulary", "truncated"])
def test_bad_weights_are_found_before_any_work(
    checkpoints: dict[str, Path], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:  # fmt: skip
    change, message = UNLOADABLE[case]
    shutil.copytree(checkpoints["bert"], tmp_path / "model")
    change(tmp_path / "model")
    monkeypatch.setattr(langsig.comparison, "extract", pytest.fail)
    text = samples / "corpora/qaa.txt"
    with pytest.raises(InputError, match=re.escape(message)):
        langsig.comparison.compare(
            checkpoints["roberta"],
            {"qaa": checkpoints["bert"], "qab": tmp_path / "model"},
            texts={"qaa": text, "qab": text},
            rank=2,
        )


@pytest.mark.parametrize(
    "content",
    [
        lambda _: b"{}",
        lambda _: b"[",
        lambda _: POINTER,
        lambda _: b"",
        lambda whole: whole.replace(b'"type": "WordPiece"', b'"type": "Strange"'),
        lambda whole: whole.replace(b'"type": "BertNormalizer"', b'"type": "Precompiled"'),
        lambda whole: whole.replace(  # which panics in Rust
            b'"normalizer": {',
            b'"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}, "other": {',
        ),
    ],
)
def test_tokenizers_that_cannot_be_loaded_are_refused_in_one_line(
    checkpoints: dict[str, Path], tmp_path: Path, content: Callable[[bytes], bytes]
) -> None:
    shutil.copytree(checkpoints["bert"], tmp_path / "model")
    rewritten("tokenizer.json", content)(tmp_path / "model")
    with pytest.raises(InputError) as raised:
        load_tokenizer(tmp_path / "model")
    assert str(raised.value).startswith(f"{tmp_path / 'model'}: no tokenizer")
    assert "\n" not in str(raised.value)
