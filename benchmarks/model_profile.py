"""Measure ``langsig profile`` against the script that one would write first.

The script reads one sentence at a time in float32, and reads the sentences again for every
analysis: probes, transfer, the fit, retrieval, the probe of the model with random weights. It keeps
the states of the words in memory and on disk. Classifiers are ``RidgeClassifierCV`` of scikit-learn
with its default penalties, fitted to the words themselves; the fit is PARAFAC2 of tensorly, of
canonical slices that are whitened with ``scipy.linalg.sqrtm``. It has no intervals, no null and no
table of what predicts what, which langsig computes as well.

Both sides use the same sentences. Each is a separate process; time includes imports and loading.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from langsig.profiling import Sizes, find_texts, find_treebanks, profile, read_parallel
from langsig.profiling.measured import inner_layers
from langsig.profiling.samples import Samples, choose_words, is_tagged
from langsig.references import TAGS, tag_indicators

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SIDES = ("script", "langsig")
COMPARED = ("transfer", "probe", "retrieval")
SEED, RANK, SHRINKAGE = 0, 8, 0.1
Vectors = list[NDArray[np.float32]]
"""For each layer ``[words, dim]`` or ``[sentences, dim]``."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a folder, or a name on the Hugging Face Hub")
    parser.add_argument("--treebanks", required=True, help="as for langsig profile")
    parser.add_argument("--parallel", required=True, help="as for langsig profile")
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--json", action="store_true")
    for name, size in asdict(Sizes()).items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(run_side(arguments)))
        return
    rows = []
    for side in SIDES:
        with TemporaryDirectory() as folder:
            command = [sys.executable, __file__, *sys.argv[1:], "--side", side, "--folder", folder]
            size = 0
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(subprocess.run, command, capture_output=True, text=True)
                while not wait([running], timeout=0.2).done:
                    size = max(size, size_of(Path(folder)))
            done = running.result()
            if done.returncode:
                sys.exit(f"{side}:\n{done.stderr}")
            rows.append({"side": side, "peak_bytes": size, **json.loads(done.stdout)})
    by_side = {row["side"]: row for row in rows}
    for row in rows:
        for name in ("seconds", "cpu_seconds", "peak_bytes", "peak_mb"):
            row[f"{name}_of_script"] = row[name] / by_side["script"][name]
    setting = {
        "model": Path(arguments.model).name,
        "languages": " ".join(arguments.languages),
        "threads": torch.get_num_threads(),
        **asdict(sizes_of(arguments)),
    }
    print(json.dumps({"setting": setting, "rows": rows}, indent=2) if arguments.json
          else as_table(setting, rows))  # fmt: skip


def sizes_of(arguments: argparse.Namespace) -> Sizes:
    """The numbers of words and sentences."""
    return Sizes(**{name: getattr(arguments, name) for name in asdict(Sizes())})


def run_side(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one side once: its cost, and means of the outcomes that both have."""
    start = time.perf_counter()
    run = run_langsig if arguments.side == "langsig" else run_script
    outcomes = run(arguments, sizes_of(arguments))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * unit / 1e6,
        **{name: float(outcomes[name].mean()) for name in COMPARED},
    }


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder, which may vanish while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def run_langsig(arguments: argparse.Namespace, sizes: Sizes) -> pd.DataFrame:
    """Everything that langsig computes; one row per language."""
    return profile(
        arguments.model,
        arguments.treebanks,
        arguments.folder,
        languages=arguments.languages,
        parallel=arguments.parallel,
        rank=RANK,
        sizes=sizes,
        seed=SEED,
    ).mean_outcomes()


def run_script(arguments: argparse.Namespace, sizes: Sizes) -> pd.DataFrame:
    """One analysis after the other; one row per language, means over the inner layers."""
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    torch.manual_seed(SEED)
    model = AutoModel.from_pretrained(arguments.model).eval()
    untrained = AutoModel.from_config(AutoConfig.from_pretrained(arguments.model)).eval()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    treebanks = find_treebanks(arguments.treebanks, arguments.languages)
    samples = {
        language: choose_words(treebank, language, sizes, SEED)
        for language, treebank in treebanks.items()
    }
    sentences = read_parallel(find_texts(arguments.parallel, treebanks), sizes.sentences)
    probes(untrained, tokenizer, samples, sizes, arguments.folder / "untrained")
    fit(model, tokenizer, samples, arguments.folder / "fit")
    return pd.DataFrame(
        {
            "probe": probes(model, tokenizer, samples, sizes, arguments.folder / "probe"),
            "transfer": transfer(model, tokenizer, samples, sizes, arguments.folder / "transfer"),
            "retrieval": retrieval(model, tokenizer, sentences),
        }
    )


def states_of_words(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    path: Path,
) -> tuple[Vectors, NDArray[np.str_]]:
    """Means of the sub-words of each word with a part of speech, and the part of speech."""
    vectors: list[list[NDArray[np.float32]]] = []
    for _, sentence in words.groupby("sentence"):
        encoded = tokenizer(
            sentence["form"].tolist(), is_split_into_words=True, return_tensors="pt",
            truncation=True,
        )  # fmt: skip
        with torch.no_grad():
            hidden = model(**encoded, output_hidden_states=True).hidden_states
        of_word = np.array([-1 if word is None else word for word in encoded.word_ids()])
        for word in range(len(sentence)):
            vectors.append([layer[0, of_word == word].mean(0).numpy() for layer in hidden])
    states = np.array(vectors, np.float32).transpose(1, 0, 2)  # [layers, words, dim]
    tagged = is_tagged(words) & np.isfinite(states).all((0, 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, states[:, tagged])
    return list(states[:, tagged]), words["upos"][tagged].to_numpy(str)


def draw(words: int, sizes: Sizes, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(words)[: sizes.training]


def probes(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: dict[str, Samples],
    sizes: Sizes,
    folder: Path,
) -> pd.Series:
    """Accuracy within each language, mean over inner layers and draws."""
    from sklearn.linear_model import RidgeClassifierCV

    means, rng = {}, np.random.default_rng(SEED)
    for language, of_language in samples.items():
        train, tags = states_of_words(
            model, tokenizer, of_language.training, folder / f"{language}-training.npy"
        )
        test, gold = states_of_words(
            model, tokenizer, of_language.test, folder / f"{language}-test.npy"
        )
        scores = []
        for _ in range(sizes.draws):
            chosen = draw(len(tags), sizes, rng)
            for layer in range(len(train)):
                classifier = RidgeClassifierCV().fit(train[layer][chosen], tags[chosen])
                score = classifier.score(test[layer], gold)
                if layer in inner_layers(len(train) - 1):
                    scores.append(score)
        means[language] = np.mean(scores)
    return pd.Series(means)


def transfer(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: dict[str, Samples],
    sizes: Sizes,
    folder: Path,
) -> pd.Series:
    """Accuracy of what was learnt on all other languages; also on each language alone."""
    from sklearn.linear_model import RidgeClassifierCV

    rng = np.random.default_rng(SEED)
    train, tags, test, gold = {}, {}, {}, {}
    for language, of_language in samples.items():
        for states, labels, words, name in (
            (train, tags, of_language.training, "training"),
            (test, gold, of_language.test, "test"),
        ):
            states[language], labels[language] = states_of_words(
                model, tokenizer, words, folder / f"{language}-{name}.npy"
            )
    scores: dict[str, list[float]] = {language: [] for language in samples}
    for _ in range(sizes.draws):
        chosen = {language: draw(len(tags[language]), sizes, rng) for language in samples}
        depth = len(train[next(iter(samples))]) - 1
        for layer in range(depth + 1):
            centred = {
                language: train[language][layer][chosen[language]]
                - train[language][layer][chosen[language]].mean(0)
                for language in samples
            }
            for target in samples:
                at_test = test[target][layer] - test[target][layer].mean(0)
                others = [language for language in samples if language != target]
                classifier = RidgeClassifierCV().fit(
                    np.concatenate([centred[language] for language in others]),
                    np.concatenate([tags[language][chosen[language]] for language in others]),
                )
                score = classifier.score(at_test, gold[target])
                if layer in inner_layers(depth):
                    scores[target].append(score)
                for source in others:
                    single = RidgeClassifierCV().fit(centred[source], tags[source][chosen[source]])
                    single.score(at_test, gold[target])
    return pd.Series({language: np.mean(values) for language, values in scores.items()})


def fit(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: dict[str, Samples],
    folder: Path,
) -> None:
    """PARAFAC2 of canonical slices, in each layer."""
    import tensorly.decomposition
    from scipy.linalg import inv, sqrtm

    def root(covariance: NDArray[Any]) -> NDArray[Any]:
        ridge = SHRINKAGE * np.trace(covariance) / len(covariance)
        inverse: NDArray[Any] = inv(sqrtm(covariance + ridge * np.eye(len(covariance))).real)
        return inverse

    slices: list[list[NDArray[Any]]] = []
    for language, of_language in samples.items():
        states, tags = states_of_words(
            model, tokenizer, of_language.measures, folder / f"{language}.npy"
        )
        reference = tag_indicators(pd.DataFrame({"upos": tags}))
        reference -= reference.mean(0)
        z_root = root(reference.T @ reference / len(reference))
        for layer, of_layer in enumerate(states):
            centred = of_layer - of_layer.mean(0)
            cross = reference.T @ centred / len(centred)
            whole = z_root @ cross @ root(np.cov(centred, rowvar=False))
            slices.append([]) if len(slices) == layer else None
            slices[layer].append(whole)
    for of_layer in slices:
        tensorly.decomposition.parafac2(
            [np.asarray(one, np.float64) for one in of_layer], min(RANK, len(TAGS)),
            random_state=SEED, n_iter_max=500, normalize_factors=False,
        )  # fmt: skip


def retrieval(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    sentences: dict[str, list[str]],
) -> pd.Series:
    """Share of sentences whose translation is nearest, mean over inner layers and languages."""
    from sklearn.metrics.pairwise import cosine_similarity

    vectors = {
        language: np.array([*sentence_vectors(model, tokenizer, of_language)])
        for language, of_language in sentences.items()
    }  # [sentences, layers, dim]
    means = {}
    for language, own in vectors.items():
        scores = []
        for other, theirs in vectors.items():
            if other == language:
                continue
            for layer in range(own.shape[1]):
                first, second = (part[:, layer] - part[:, layer].mean(0) for part in (own, theirs))
                similar = cosine_similarity(first, second)
                right = np.arange(len(similar))
                if layer in inner_layers(own.shape[1] - 1):
                    scores += [np.mean(similar.argmax(axis) == right) for axis in (0, 1)]
        means[language] = np.mean(scores)
    return pd.Series(means)


def sentence_vectors(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", sentences: Sequence[str]
) -> Iterator[NDArray[np.float32]]:
    """For each sentence the mean of its sub-words in each layer, ``[layers, dim]``."""
    for sentence in sentences:
        encoded = tokenizer(sentence, return_tensors="pt", truncation=True)
        with torch.no_grad():
            hidden = model(**encoded, output_hidden_states=True).hidden_states
        yield torch.stack([layer[0, 1:-1].mean(0) for layer in hidden]).numpy()


def as_table(setting: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    heads = [*COMPARED, "seconds", "cpu_seconds", "peak_mb", "peak_bytes"]
    lines = [
        ", ".join(f"{name} {value}" for name, value in setting.items()),
        f"{'side':10}" + "".join(f"{head:>14}" for head in heads),
    ]
    lines += [
        f"{row['side']:10}" + "".join(f"{row[head]:>14,.3g}" if head in COMPARED
                                      else f"{row[head]:>14,.0f}" for head in heads)
        for row in rows
    ]  # fmt: skip
    langsig = rows[-1]
    lines.append(
        f"langsig: {1 / langsig['seconds_of_script']:.1f} times faster, "
        f"{langsig['peak_bytes_of_script']:.2f} of the bytes on disk, "
        f"{langsig['peak_mb_of_script']:.2f} of the memory"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
