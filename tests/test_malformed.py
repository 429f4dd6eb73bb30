"""Malformed files end in one line that names the file, or are read; nothing is half-written."""

import copy
import gzip
import io
import json
import lzma
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from ruamel.yaml import YAML

from langsig.commands import main
from langsig.corpora import fetching, load_tokenizer
from langsig.corpora.fetching import Source, fetch, read_sources
from langsig.corpora.packing import Sequences
from langsig.corpora.reading import read_lines
from langsig.errors import InputError
from langsig.factorization import Factorization, factorize
from langsig.morphology import Words, annotate
from langsig.parameters import load_parameters
from langsig.representations import CategoryStatistics, States, covariances_by_category
from langsig.schemas import Signatures
from tests.malformed import archives, damaged, tensor_file, tensor_files

ROOT = Path(__file__).parents[1]
PARAMETERS = (ROOT / "params.yaml").read_bytes()
TEXT = "Det er en sætning.\n".encode() * 40


def refused(read: Callable[[], object], name: str, *, lines: int | None = 1) -> bool:
    """Whether reading raises the error for bad input, of this number of lines, and no other."""
    try:
        read()
    except InputError as error:
        message = str(error)
    else:
        return False
    assert lines is None or len(message.splitlines()) == lines, (name, message)
    return True


def all_are_read_or_refused(
    files: Iterable[tuple[str, bytes]],
    path: Path,
    read: Callable[[], object],
    lines: int | None = 1,
) -> None:
    """Write each content to a file and read it; most must be refused."""
    count = accepted = 0
    for name, content in files:
        path.write_bytes(content)
        before = {entry.name for entry in path.parent.iterdir()}
        count += 1
        accepted += not refused(read, name, lines=lines)
        assert {entry.name for entry in path.parent.iterdir()} == before, name
    assert count >= 25 and accepted <= 0.35 * count


def run(*arguments: object) -> None:
    """Run a command; its error becomes an exception."""
    if main([str(argument) for argument in arguments]):
        raise InputError("refused")


@pytest.mark.slow
def test_matrices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "x.safetensors", tmp_path / "out" / "signatures.csv"
    for name, content in tensor_files():
        source.write_bytes(content)
        code = main(["factorize", str(source), "--rank", "2", "--out", str(out)])
        printed = capsys.readouterr()
        assert code in (0, 1), name
        if code:
            assert printed.err.startswith("error: ") and len(printed.err.splitlines()) == 1, name
            assert not out.exists() and printed.out == "", name
        else:
            assert np.isfinite(Signatures.load(out).frame["value"]).all(), name
            shutil.rmtree(out.parent)


numbers = st.integers(-(2**63), 2**64) | st.floats() | st.text(max_size=3) | st.none()
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F64", "F32", "F16", "BF16", "F8_E5M2", "I8", "BOOL", "X"]),
        "shape": st.lists(st.integers(0, 3) | numbers, max_size=4),
        "data_offsets": st.tuples(st.integers(0, 40), st.integers(0, 40)) | st.lists(numbers),
    }
)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.dictionaries(st.sampled_from(["da", "sv", "", "a\nb", "__metadata__"]), entries)
    | st.binary(max_size=20),
    data=st.binary(max_size=72),
    size=st.none() | st.integers(0, 2**64 - 1),
)
def test_any_header_of_matrices(header: Any, data: bytes, size: int | None, tmp_path: Path) -> None:
    source, out = tmp_path / "x.safetensors", tmp_path / "signatures.csv"
    source.write_bytes(tensor_file(header, data, size))
    refused(lambda: run("factorize", source, "--rank", 1, "--out", out), str(header))
    assert {path.name for path in tmp_path.iterdir()} <= {source.name, out.name}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"signatures.{suffix}"
    fitted().signatures.save(path)
    sound = path.read_bytes()
    all_are_read_or_refused(damaged(sound), path, lambda: Signatures.load(path))
    written_by_hand = tmp_path / "signatures.csv"
    files = damaged(sound, seed=1)
    all_are_read_or_refused(files, written_by_hand, lambda: Signatures.read(written_by_hand))


def fitted() -> Factorization:
    rng = default_rng(0)
    slices = {name: rng.standard_normal((4, 3)) for name in ("da", "sv")}
    return factorize(slices, rank=2, tolerance=1e-3)


@pytest.mark.slow
def test_factors(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    path = tmp_path / "factors.safetensors"
    files = [*damaged(path.read_bytes()), *tensor_files()]
    all_are_read_or_refused(files, path, lambda: Factorization.load(tmp_path).model(0))


def test_hidden_states(tmp_path: Path) -> None:
    np.save(tmp_path / "layer-00.npy", default_rng(0).standard_normal((5, 3)))
    np.save(tmp_path / "index.npy", np.arange(5))
    pickled, packed = io.BytesIO(), io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(packed, a=np.zeros(3))
    others = [("objects", pickled.getvalue()), ("npz", packed.getvalue())]
    for name in ("layer-00.npy", "index.npy"):
        path = tmp_path / name
        sound = path.read_bytes()
        all_are_read_or_refused([*damaged(sound), *others], path, lambda: States.open(tmp_path))
        path.write_bytes(sound)


def test_covariances(tmp_path: Path) -> None:
    states = States([default_rng(0).standard_normal((5, 3))], np.arange(5))
    words = pd.DataFrame({"sentence": [0, 0, 1, 1, 2], "Number": ["SG"] * 5})
    (statistics,) = covariances_by_category(
        states, states, words, language="da", categories=["Number"], min_instances=1, blocks=2,
        block_layers={"Number": [0]},
    )  # fmt: skip
    path = tmp_path / "number.safetensors"
    statistics.save(path)
    files = [*damaged(path.read_bytes()), *tensor_files()]
    all_are_read_or_refused(files, path, lambda: CategoryStatistics.load(path))


def test_sequences(tmp_path: Path) -> None:
    path = tmp_path / "sequences.safetensors"
    Sequences(*(np.arange(4, dtype=np.uint64) for _ in Sequences.__dataclass_fields__)).save(path)
    files = [*damaged(path.read_bytes()), *tensor_files()]
    all_are_read_or_refused(files, path, lambda: Sequences.load(path))


@pytest.mark.slow
def test_words(samples: Path, tmp_path: Path) -> None:
    annotate([samples / "treebanks/qaa"], "qaa").save(tmp_path)
    for name in ("words.parquet", "sentences.parquet"):
        path = tmp_path / name
        sound = path.read_bytes()
        all_are_read_or_refused(damaged(sound), path, lambda: Words.load(tmp_path))
        path.write_bytes(sound)


def test_archives_of_text(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "text.tar"
    path.parent.mkdir()
    (tmp_path / "secret").write_text("# text = secret\n1\tsecret\n", encoding="utf-8")
    for name, content in archives():
        path.write_bytes(content)
        lines: list[str] = []
        refused(lambda lines=lines: lines.extend(read_lines([path], "da")), name, lines=None)
        assert "secret" not in "".join(lines), name


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_compressed_text(suffix: str, tmp_path: Path) -> None:
    compressors: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".xz": lzma.compress,
        ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
    }
    path = tmp_path / f"text.txt{suffix}"
    files = damaged(compressors[suffix](TEXT))
    all_are_read_or_refused(files, path, lambda: list(read_lines([path], "da")))


@pytest.mark.slow
def test_lines_that_decompress_to_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "bomb.txt.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(2**8):
            stream.write(b"a" * 2**20)
    assert path.stat().st_size < 2**21
    with pytest.raises(InputError, match=r"bomb.txt.gz:1: longer than 134,217,728 bytes; put each"):
        list(read_lines([path], "da"))


def test_archives_are_unpacked_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    source = Source("treebank.tgz", "http://127.0.0.1:9/treebank.tgz", None, None)
    for name, content in [*archives(), *((f"gz, {n}", gzip.compress(c)) for n, c in archives())]:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / source.path).write_bytes(content)
        refused(lambda: fetch([source], folder), name)
        assert {path.name for path in folder.iterdir()} <= {source.path, "SHA256SUMS"}, name
        assert {path.name for path in tmp_path.iterdir()} == {"data"}, name


def test_hashes_and_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WAIT", 0.0)
    text = Source("x.txt", "http://127.0.0.1:9/x.txt", None, None)
    (tmp_path / "x.txt").write_text("x", encoding="utf-8")
    sums, sources = tmp_path / "SHA256SUMS", tmp_path / "sources.csv"
    for name, content in damaged(b"4d7a  x.txt\n"):
        sums.write_bytes(content)
        refused(lambda: fetch([text], tmp_path), name)
    table = "path,url,bytes,sha256\nx.txt,http://127.0.0.1:9/x.txt,12,\n"
    for name, content in damaged(table.encode()):
        sources.write_bytes(content)
        refused(lambda: read_sources(sources), name)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x.txt,http://x,many,", "2: bytes must be a number or empty, got 'many'"),
        ("x.txt", "2: no url; each line has path, url, bytes and sha256"),
        ("../x.txt,http://x,,", "2: path must be that of a file in the data folder, got '../x"),
        ("/etc/x,http://x,,", "2: path must be that of a file in the data folder, got '/etc"),
        (",http://x,,", "2: path must be that of a file in the data folder, got ''"),
    ],
)
def test_wrong_sources_are_named(row: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "sources.csv"
    table.write_text(f"path,url,bytes,sha256\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_sources(table)
    assert str(raised.value).startswith(f"{table}:{message}")


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_tokenizers(name: str, tokenizer_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tokenizer_folder, tmp_path / "tokenizer"))
    path, sound = folder / name, (folder / name).read_bytes()
    code = {"auto_map": {"AutoTokenizer": ["code.Tokenizer", None]}, **json.loads(sound)}
    (folder / "code.py").write_text("raise SystemExit('run')", encoding="utf-8")
    others = [
        ("type", sound.replace(b"Unigram", b"Nonogram").replace(b"XLMRoberta", b"Nobody")),
        ("own code", json.dumps(code | {"tokenizer_class": "Tokenizer"}).encode()),
        ("list", b"[]"),
        ("nothing", b"null"),
        ("deep", b"[" * 3000),
    ]
    all_are_read_or_refused(
        [*damaged(sound), *others], path, lambda: load_tokenizer(folder), lines=None
    )


@pytest.mark.slow
def test_parameters(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    seed = b"\nseed: 1"
    others = {
        "deep": b"a: " + b"[" * 2000,
        "alias": b"a: &a [1]\nb: [*a, *a]\n",
        "alias of itself": b"a: &a [*a]\n",
        "code": b"seed: !!python/object/apply:os.system ['touch pwned']\n",
        "two documents": PARAMETERS + b"---\n" + PARAMETERS,
        "key twice": PARAMETERS + b"seed: 3\n",
        "date": PARAMETERS.replace(seed, b"\nseed: 2020-01-01"),
        "no date": PARAMETERS.replace(seed, b"\nseed: 2020-99-99"),
        "thousands of digits": PARAMETERS.replace(seed, b"\nseed: " + b"9" * 5000),
        "infinity": PARAMETERS.replace(seed, b"\nseed: .inf"),
        "tab": PARAMETERS.replace(seed, b"\n\tseed: 1"),
    }
    for content in others.values():
        assert content != PARAMETERS
    all_are_read_or_refused(
        [*damaged(PARAMETERS), *others.items()], path, lambda: load_parameters(path), lines=None
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys of everything in nested mappings and lists."""
    if path:
        yield path
    if not isinstance(value, dict | list):
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(item, (*path, key))


DATA = YAML(typ="safe").load(PARAMETERS)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    leaves | st.sampled_from(["../x", "a'b", "data/", "1e-5", "no", "{x}", "${x}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(leaves, inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places(DATA))), value=values)
def test_any_value_of_any_parameter(place: tuple[Any, ...], value: Any, tmp_path: Path) -> None:
    data = copy.deepcopy(DATA)
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path = tmp_path / "params.yaml"
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(data, stream)
    refused(lambda: load_parameters(path), f"{place}: {value!r}", lines=None)


def test_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "summary.json"
    sound = json.dumps(
        {
            "average_signature": {"layer_00": {"da": 1.0}},
            "learning": {},
            "factorization": {},
            "trends": {},
            "spread": {},
            "findings": {},
        }
    ).encode()
    others = [("deep", b"[" * 5000), ("list", b"[]"), ("NaN", b"NaN"), ("number", b"1")]
    all_are_read_or_refused([*damaged(sound), *others], path, lambda: run("show", path))
