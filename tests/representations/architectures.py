"""Tiny models of the text architectures of transformers, with random weights.

``python -m tests.representations.architectures`` writes ``docs/reference/architectures.md``, which
says how each is run.
"""

from dataclasses import fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from langsig.errors import InputError
from langsig.representations import load_checked

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/architectures.md"
LANGUAGES = ("qaa", "qab")
VOCABULARY, LAYERS, DIM, POSITIONS = 300, 2, 32, 128
# Sizes by the names that configurations have for them; each takes those that it knows.
SIZES: dict[str, Any] = {
    **dict.fromkeys(("vocab_size",), VOCABULARY),
    **dict.fromkeys(
        ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers",
         "decoder_layers", "num_encoder_layers", "num_decoder_layers"),
        LAYERS,
    ),
    **dict.fromkeys(
        ("hidden_size", "d_model", "n_embd", "emb_dim", "dim", "embedding_size"), DIM
    ),
    **dict.fromkeys(
        ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads",
         "decoder_attention_heads", "num_encoder_attention_heads", "num_decoder_attention_heads",
         "num_key_value_heads"),
        2,
    ),
    **dict.fromkeys(("head_dim", "d_kv", "d_head", "attention_head_size"), DIM // 2),
    **dict.fromkeys(
        ("intermediate_size", "d_ff", "d_inner", "dff", "hidden_dim", "ffn_dim", "encoder_ffn_dim",
         "decoder_ffn_dim", "feed_forward_size", "moe_intermediate_size"),
        2 * DIM,
    ),
    **dict.fromkeys(
        ("max_position_embeddings", "n_positions", "max_encoder_position_embeddings",
         "max_seq_len", "context_length"),
        POSITIONS,
    ),
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}  # fmt: skip
# Names of configurations without "Config", and what is not in SIZES.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "ALBERT": ("Albert", {}),
    "BART": ("Bart", {}),
    "BERT": ("Bert", {}),
    "BigBird": ("BigBird", {"block_size": 4, "num_random_blocks": 2}),
    "BigBird-Pegasus": ("BigBirdPegasus", {"block_size": 4, "num_random_blocks": 2}),
    "BioGPT": ("BioGpt", {}),
    "Blenderbot": ("Blenderbot", {}),
    "BLOOM": ("Bloom", {}),
    "CamemBERT": ("Camembert", {}),
    "CANINE": ("Canine", {}),
    "CodeGen": ("CodeGen", {"n_head": 4, "rotary_dim": 4}),
    "Cohere": ("Cohere", {}),
    "ConvBERT": ("ConvBert", {}),
    "CTRL": ("CTRL", {}),
    "Data2VecText": ("Data2VecText", {}),
    "DeBERTa": ("Deberta", {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
    "DeBERTa-v2": ("DebertaV2", {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
    "DistilBERT": ("DistilBert", {}),
    "ELECTRA": ("Electra", {}),
    "ERNIE": ("Ernie", {}),
    "ESM": ("Esm", {"mask_token_id": 4}),
    "EuroBERT": ("EuroBert", {}),
    "Falcon": ("Falcon", {}),
    "FalconMamba": ("FalconMamba", {}),
    "FlauBERT": ("Flaubert", {}),
    "FNet": ("FNet", {}),
    "FSMT": ("FSMT", {"src_vocab_size": VOCABULARY, "tgt_vocab_size": VOCABULARY}),
    "Funnel": ("Funnel", {"block_sizes": [1, 1], "architectures": ["FunnelModel"]}),
    "Gemma": ("Gemma", {}),
    "Gemma 2": ("Gemma2", {}),
    "Gemma 3": ("Gemma3Text", {}),
    "Gemma 3n": (
        "Gemma3nText", {"vocab_size_per_layer_input": VOCABULARY, "num_kv_shared_layers": 0}
    ),
    "GLM": ("Glm", {}),
    "GPT": ("OpenAIGPT", {}),
    "GPT-2": ("GPT2", {}),
    "GPT-BigCode": ("GPTBigCode", {}),
    "GPT-J": ("GPTJ", {"rotary_dim": 8}),
    "GPT-Neo": ("GPTNeo", {"attention_types": [[["global", "local"], 1]]}),
    "GPT-NeoX": ("GPTNeoX", {}),
    "Granite": ("Granite", {}),
    "Helium": ("Helium", {}),
    "I-BERT": ("IBert", {}),
    "LED": ("LED", {"attention_window": 8}),
    "Llama": ("Llama", {}),
    "Longformer": ("Longformer", {"attention_window": 8}),
    "LongT5": ("LongT5", {}),
    "Luke": ("Luke", {"entity_vocab_size": 10, "entity_emb_size": DIM}),
    "M2M100": ("M2M100", {}),
    "Mamba": ("Mamba", {}),
    "Mamba 2": ("Mamba2", {"num_heads": 4, "n_groups": 1}),
    "Marian": ("Marian", {}),
    "mBART": ("MBart", {}),
    "MegatronBERT": ("MegatronBert", {}),
    "Mistral": ("Mistral", {}),
    "Mixtral": ("Mixtral", {}),
    "MobileBERT": ("MobileBert", {"intra_bottleneck_size": DIM}),
    "ModernBERT": ("ModernBert", {}),
    "MPNet": ("MPNet", {}),
    "MPT": ("Mpt", {}),
    "MRA": ("Mra", {}),
    "mT5": ("MT5", {}),
    "mT5, encoder only": ("MT5", {"architectures": ["MT5EncoderModel"]}),
    "MVP": ("Mvp", {}),
    "NomicBERT": ("NomicBert", {}),
    "Nyströmformer": ("Nystromformer", {}),
    "OLMo": ("Olmo", {}),
    "OLMo 2": ("Olmo2", {}),
    "OPT": ("OPT", {"word_embed_proj_dim": DIM}),
    "Pegasus": ("Pegasus", {}),
    "PEGASUS-X": ("PegasusX", {}),
    "Persimmon": ("Persimmon", {}),
    "Phi": ("Phi", {}),
    "Phi-3": ("Phi3", {}),
    "PLBart": ("PLBart", {}),
    "ProphetNet": ("ProphetNet", {}),
    "Qwen2": ("Qwen2", {}),
    "Qwen2-MoE": ("Qwen2Moe", {}),
    "Qwen3": ("Qwen3", {}),
    "RecurrentGemma": ("RecurrentGemma", {"lru_width": DIM}),
    "Reformer": (
        "Reformer",
        {"attn_layers": ["local", "lsh"], "axial_pos_shape": [8, 16],
         "axial_pos_embds_dim": [8, 24], "local_attn_chunk_length": 16,
         "lsh_attn_chunk_length": 16, "num_buckets": 8},
    ),
    "RemBERT": ("RemBert", {"input_embedding_size": DIM, "output_embedding_size": DIM}),
    "RoBERTa": ("Roberta", {}),
    "RoBERTa-PreLayerNorm": ("RobertaPreLayerNorm", {}),
    "RoCBert": ("RoCBert", {}),
    "RoFormer": ("RoFormer", {}),
    "RWKV": ("Rwkv", {}),
    "SmolLM3": ("SmolLM3", {}),
    "Splinter": ("Splinter", {}),
    "SqueezeBERT": ("SqueezeBert", {}),
    "StableLM": ("StableLm", {}),
    "StarCoder2": ("Starcoder2", {}),
    "Switch Transformers": ("SwitchTransformers", {}),
    "T5": ("T5", {}),
    "T5, encoder only": ("T5", {"architectures": ["T5EncoderModel"]}),
    "UMT5": ("UMT5", {}),
    "UMT5, encoder only": ("UMT5", {"architectures": ["UMT5EncoderModel"]}),
    "XGLM": ("XGLM", {"attention_heads": 2}),
    "XLM": ("XLM", {}),
    "XLM with language embeddings": ("XLM", {"n_langs": 2, "lang2id": {"qaa": 0, "qab": 1}}),
    "XLM-RoBERTa": ("XLMRoberta", {}),
    "XLM-RoBERTa-XL": ("XLMRobertaXL", {}),
    "XLNet": ("XLNet", {}),
    "X-MOD": ("Xmod", {"languages": ["qaa_XX", "qab_XX"]}),
    "YOSO": ("Yoso", {}),
}  # fmt: skip


def save_model(architecture: str, folder: Path) -> None:
    """Write a checkpoint with random weights and a tokenizer."""
    name, options = ARCHITECTURES[architecture]
    kind = getattr(transformers, f"{name}Config")
    known = {field.name for field in fields(kind)}
    config = kind(**{key: value for key, value in SIZES.items() if key in known} | options)
    torch.manual_seed(0)
    if config.architectures:
        model = getattr(transformers, config.architectures[0])(config)
    else:
        model = transformers.AutoModel.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)  # makes effects of neighbours visible
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)


@cache
def tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A tokenizer of two languages of the sample with a token at both ends."""
    pieces = Tokenizer(models.BPE(unk_token="<unk>"))
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special)
    pieces.train([str(ROOT / f"samples/corpora/{name}.txt") for name in LANGUAGES], trainer)
    pieces.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", None, [("<s>", 0), ("</s>", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=pieces, bos_token="<s>", pad_token="<pad>", eos_token="</s>",
        unk_token="<unk>", mask_token="<mask>",
    )  # fmt: skip


def outcome(folder: Path) -> tuple[str, str]:
    """How a saved model is run, or ``refused`` and why."""
    try:
        return load_checked(folder, LANGUAGES).encoder.batching, ""
    except InputError as error:
        return "refused", str(error).replace(str(folder), "MODEL")


def row(architecture: str, folder: Path) -> str:
    """The row of the page about one architecture."""
    how, why = outcome(folder)
    return f"| {architecture} | {how} | {why} |"


def main() -> None:
    """Write the table of the page."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition("| architecture")
    rows = ["| architecture | sentences | reason |", "| --- | --- | --- |"]
    for architecture in ARCHITECTURES:
        with TemporaryDirectory() as folder:
            save_model(architecture, Path(folder))
            rows.append(row(architecture, Path(folder)))
    PAGE.write_text("\n".join([head + rows[0], *rows[1:], ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
