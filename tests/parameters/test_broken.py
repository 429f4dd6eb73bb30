"""Broken parameter files: each ends in seconds, with file, line, key, and what is allowed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from langsig.commands import main
from langsig.parameters import (
    ParameterError,
    Parameters,
    load_parameters,
    parameter_file,
    read_resolved,
    validated,
)

ROOT = Path(__file__).parents[2]
SECONDS = 3.0
BELOW_DATA = "must be a relative path below data/"
DEMO = validated(read_resolved(ROOT / "conf/demo.yaml"))
TEXT = parameter_file(DEMO).replace("  rank: 6 ", "  rank: auto ")


class Broken(NamedTuple):
    """One change of a valid file, and how it is reported."""

    old: str
    """Text to replace where it first occurs."""
    new: str
    key: str
    """Key that is reported; empty if the file cannot be read."""
    says: str
    """Part of the message."""
    at: str = ""
    """Text in the line that is reported (default: the start of the replacement)."""

    @property
    def text(self) -> str:
        assert self.old in TEXT
        return TEXT.replace(self.old, self.new, 1)

    @property
    def line(self) -> int:
        start = self.text.index(self.at) if self.at else TEXT.index(self.old)
        return self.text.count("\n", 0, start) + 1


def language(key: str, says: str) -> Broken:
    return Broken("  qaa: ", f"  {key}: ", f"languages.{key}", says)


def corpora(
    value: str, says: str = "must be a relative path below data/", key: str = "[0]"
) -> Broken:
    key = f"languages.qaa.corpora{key}"
    return Broken("corpora: [data/corpora/qaa.txt]", f"corpora: {value}", key, says)


def treebank(value: str, says: str = BELOW_DATA) -> Broken:
    key = "languages.qaa.treebank"
    return Broken("treebank: data/treebanks/qaa", f"treebank: {value}", key, says)


CONTROL, EXPERIMENTAL = "pretraining.control", "pretraining.experimental"
BROKEN = {
    # Wrong types and ranges, in every section.
    "text for a seed": Broken("seed: 1", "seed: '1'", "seed", "got '1'; must be an integer"),
    "boolean for a seed": Broken("seed: 1", "seed: true", "seed", "got true; must be an integer"),
    "negative seed": Broken("seed: 1", "seed: -1", "seed", "got -1; must be an integer of"),
    "seed of over 32 bits, of one model": Broken(
        "seed: null", "seed: 4294967296", "experimental.seed", "below 4294967296"
    ),
    "seed of over 32 bits": Broken("seed: 1", "seed: 4294967296", "seed", "below 4294967296"),
    "fraction of zero": Broken(
        "fraction: 1.0", "fraction: 0", "languages.qaa.fraction", "above 0 and at most 1"
    ),
    "text for a boolean": Broken(
        "romanise: false", "romanise: 'false'", "languages.qaa.romanise", "must be true or false"
    ),
    "point in a count": Broken(
        "min_words: 3", "min_words: 3.0", "clean.min_words", "got 3.0; must be an integer"
    ),
    "small number for a count": Broken(
        "vocabulary_sample: 2000", "vocabulary_sample: 1e-7", "clean.vocabulary_sample", "got 1e-07"
    ),
    "all text held out": Broken(
        "validation: 0.1", "validation: 1", "clean.validation", "above 0 and below 1"
    ),
    "number for a tokenizer": Broken(
        "existing: null", "existing: 7", "tokenizer.existing", "got 7; must be text or null"
    ),
    "low coverage": Broken(
        "coverage: 0.9999", "coverage: 0.9", "tokenizer.character_coverage", "at least 0.98"
    ),
    "boolean of YAML 1.1": Broken("join: false", "join: no", "pack.join", "must be true or false"),
    "no room for a sub-word": Broken(
        "max_length: 64", "max_length: 2", "pack.max_length", "must be an integer of at least 3"
    ),
    "negative alpha": Broken("alpha: 1.0", "alpha: -0.3", "experimental.alpha", "at least 0"),
    "not a number": Broken("alpha: 1.0", "alpha: .nan", "experimental.alpha", "must be a number"),
    "infinity": Broken("margin: 0.5", "margin: .inf", "pretraining.margin", "must be a number"),
    "list for a command": Broken(
        "launch: python", "launch: [python]", "pretraining.launch", "must be text"
    ),
    "open quotation mark in a command": Broken(
        "launch: python", 'launch: python "', "pretraining.launch", "no closing quotation"
    ),
    "two lines of a command": Broken(
        "launch: python",
        'launch: "python\\nls"',
        "pretraining.launch",
        "must be a single line",
    ),
    "text for a rate": Broken(
        "rate: 0.003", "rate: 1e-3x", f"{CONTROL}.recipe.learning_rate", "must be a number above 0"
    ),
    "patience of zero": Broken(
        "patience: null", "patience: 0", f"{CONTROL}.recipe.patience", "of at least 1 or null"
    ),
    "unknown architecture": Broken(
        ": roberta", ": bert", f"{CONTROL}.model.architecture", "must be one of roberta, xlm-"
    ),
    "unknown reference": Broken(
        "reference: model", "reference: upoz", "reference", "did you mean upos? must be one of"
    ),
    "reference of sentences": Broken(
        "reference: model", "reference: parallel", "reference", "is for langsig profile only"
    ),
    "unknown data type": Broken(
        "dtype: float16", "dtype: float8", "extract.dtype", "one of float16, float32"
    ),
    "a single block": Broken("blocks: 20", "blocks: 1", "covariance.blocks", "at least 2"),
    "unknown category of blocks": Broken(
        "Part of Speech:", "Numbr:", "covariance.block_layers.Numbr", "must be one of"
    ),
    "negative ridge": Broken("ridge: 0.2", "ridge: -0.2", "factorize.ridge", "at least 0"),
    "rank of zero": Broken(
        "rank: auto", "rank: 0", "factorize.rank", "must be an integer of at least 1 or auto"
    ),
    "unknown rank": Broken(
        "rank: auto", "rank: best", "factorize.rank", "must be an integer of at least 1 or auto"
    ),
    "true for a rank": Broken(
        "rank: auto", "rank: true", "factorize.rank", "must be an integer of at least 1 or auto"
    ),
    "tolerance of zero": Broken(
        "tolerance: 1.0e-06", "tolerance: 0", "factorize.tolerance", "must be a number above 0"
    ),
    "unknown method": Broken("method: als", "method: svd", "factorize.method", "als, tensorly"),
    "null for a name": Broken(
        "normalise: none", "normalise: null", "factorize.normalise", "one of none, variance"
    ),
    "unknown source": Broken(
        "untrained]", "random]", "uncertainty.sources[2]", "trained, equal-words, untrained"
    ),
    "source named twice": Broken(
        "equal-words, untrained]", "trained]", "uncertainty.sources", "must not name trained twice"
    ),
    "one replicate": Broken(
        "replicates: 40", "replicates: 1", "uncertainty.replicates", "at least 2"
    ),
    "no permutation": Broken(
        "permutations: 9999", "permutations: 0", "analysis.permutations", "at least 1"
    ),
    "facts outside": Broken(
        "facts: data/facts", "facts: ../facts", "analysis.facts", "without '..'"
    ),
    "no candidates": Broken("[2, 4, 6, 8, 16]", "[]", "ranks.candidates", "must be a list of"),
    "few words for a probe": Broken(
        "training: 1000", "training: 99", "evaluate.training", "must be an integer of at least 100"
    ),
    "two parallel sentences": Broken(
        "sentences: 1000 ", "sentences: 2 ", "evaluate.sentences", "an integer of at least 3"
    ),
    "one fold": Broken("folds: 3", "folds: 1", "ranks.folds", "must be an integer of at least 2"),
    "text for a list": Broken(
        "[part-of-speech]", "part-of-speech", "analysis.alone", "must be a list of"
    ),
    "unknown category": Broken("  - number", "  - numbr", "categories[6]", "did you mean number?"),
    "category named twice": Broken(
        "  - mood\n",
        "  - mood\n  - mood\n",
        "categories",
        "must not name mood twice",
        "categories:",
    ),
    "list for a section": Broken(
        "clean:", "clean: [1]\nclear:", "clean", "got [1]; must be a mapping with the keys"
    ),
    # Keys.
    "unknown key": Broken(
        "min_words: 3", "minwords: 3", "clean.minwords", "unknown key; did you mean min_words?"
    ),
    "unknown section": Broken("clean:", "cleanse:", "cleanse", "did you mean clean?"),
    "missing key": Broken(
        "  ridge: 0.2", "", "factorize.ridge", "missing; must be a number", "factorize:"
    ),
    "missing section": Broken("seed: 1", "", "seed", "missing; must be an integer", "languages:"),
    "duplicate key": Broken(
        "  rank: auto", "  rank: 8\n  rank: auto", "factorize.rank", "second time", "  rank: auto"
    ),
    "number for a key": Broken("    Sarnic:", "    2024:", "analysis.related.2024", "quotes"),
    # Language keys.
    "Norwegian": language("no", "write nb or nn for Norwegian"),
    "on": language("on", "YAML 1.1 tools read this one as true or false"),
    "yes": language("yes", "YAML 1.1 tools read this one as true or false"),
    "y": language("y", "YAML 1.1 tools read this one as true or false"),
    "true": language("true", "must be an ISO 639 code"),
    "number for a language": language("123", "must be an ISO 639 code"),
    "space in a language": language("a b", "must be an ISO 639 code of two or three lower-case"),
    "at sign in a language": language("sr@latin", "such as zh, qaa or zh-Hant"),
    "apostrophe in a language": language("it's", "must be an ISO 639 code"),
    "dot in a language": language("zh.Hant", "must be an ISO 639 code"),
    "upper case": language("DA", "write da"),
    "three letters": language("dan", "write da"),
    "Norwegian in three letters": language("nor", "write nb or nn for Norwegian"),
    "underscore": language("zh_TW", "write zh-TW"),
    "name of the other model": language("experimental", "name of the experimental model"),
    # Paths.
    "absolute path": corpora("[/data/qaa.txt]", "got '/data/qaa.txt'; must be a relative path"),
    "path outside of data": corpora("[corpora/qaa.txt]"),
    "parent folder": corpora("[data/../qaa.txt]"),
    "home folder": corpora("[~/qaa.txt]"),
    "address": corpora("['s3://data/qaa.txt']"),
    "backslashes": corpora(r"['data\qaa.txt']"),
    "the folder itself": corpora("[data/]"),
    "null for a path": corpora("[null]", "got null; must be a relative path"),
    "text for a list of paths": corpora("data/qaa.txt", "must be a list of one or more values", ""),
    "no paths": corpora("[]", "got []; must be a list of one or more values", ""),
    "mapping for a path": corpora("[{a: b}]"),
    "other number of corpora": corpora("[data/a, data/b]", "must have 1 entries, as most", ""),
    "list for a treebank": treebank("[data/treebanks/qaa]", 'got ["data/treebanks/qaa"]; must'),
    "treebank outside of data": treebank("treebanks/qaa"),
    "absolute treebank": treebank("/treebanks/qaa"),
    "number for a treebank": treebank("5", "got 5; must be a relative path below data/"),
    # Rules that join several keys.
    "rank above the width": Broken(
        "rank: auto", "rank: 65", "factorize.rank", "must be auto, or between 1 and 64, the width"
    ),
    "candidates above the width": Broken(
        "[2, 4, 6, 8, 16]", "[65, 128]", "ranks.candidates", "must hold a rank of at most 64"
    ),
    "rank of outcomes above the width": Broken(
        "xlm-roberta\n      layers: 6\n      dim: 64",
        "xlm-roberta\n      layers: 6\n      dim: 4",
        "evaluate.rank",
        "between 1 and 4, the width of the experimental model",
        "  rank: 8 ",
    ),
    "ridge with tensorly": Broken(
        "method: als",
        "method: tensorly",
        "factorize.ridge",
        "must be 0 with method tensorly",
        "  ridge:",
    ),
    "heads that do not divide": Broken(
        "heads: 4", "heads: 5", f"{CONTROL}.model.heads", "must divide dim (64)"
    ),
    "layer above the top": Broken(
        "layers: [0, 3, 6]", "layers: [0, 7]", "analysis.layers[1]", "from 0 (embeddings) to 6"
    ),
    "block layer above the top": Broken(
        "[0, 1, 2, 3, 4, 5, 6]",
        "[0, 6, 12]",
        "covariance.block_layers.Part of Speech[2]",
        "to 6, the top layer",
    ),
    "rank layer without blocks": Broken(
        "Part of Speech: [0, 1, 2, 3, 4, 5, 6]",
        "Part of Speech: [0]",
        "ranks.layers[1]",
        "(0)",
        "  layers: [0, 3, 6]             # Layers to compare, of",
    ),
    "more folds than blocks": Broken(
        "folds: 3", "folds: 21", "ranks.folds", "between 2 and covariance.blocks (20)"
    ),
    "few equal words": Broken(
        "equal_words: 2200", "equal_words: 100", "covariance.equal_words", "min_instances (100)"
    ),
    "fraction of an unknown language": Broken(
        "fractions: {}", "fractions: {xx: 0.1}", "experimental.fractions.xx", "the languages (qaa"
    ),
    "fraction of nothing": Broken(
        "fractions: {}", "fractions: {qab: 1e-7}", "experimental.fractions.qab", "rounds to zero"
    ),
    "experimental model of an unknown language": Broken(
        "languages: all",
        "languages: [qaa, xx]",
        "experimental.languages[1]",
        "one of the languages",
    ),
    "no experimental languages": Broken(
        "languages: all", "languages: []", "experimental.languages", "list of different languages"
    ),
    "unknown logographic language": Broken(
        "logographic: [qah]", "logographic: [zh]", "analysis.logographic[0]", "one of the languages"
    ),
    "unknown diverse language": Broken(
        "diverse: [qaa", "diverse: [zh", "analysis.diverse[0]", "one of the languages"
    ),
    "unknown related language": Broken(
        "[qab, qac, qad, qaf]", "[zh]", "analysis.related.Sarnic[0]", "one of the languages"
    ),
    "set named diverse": Broken(
        "    Sarnic:", "    diverse:", "analysis.related.diverse", "must have another name"
    ),
    "romanisation that is not known": Broken(
        "romanise: false", "romanise: true", "languages.qaa.romanise", "no romanisation is known"
    ),
    "all words are missing": Broken(
        "  - part-of-speech\n", "", "categories", "must contain part-of-speech", "categories:"
    ),
    # What is not YAML, or not plain YAML.
    "merge conflict": Broken(
        "seed: 1", "<<<<<<< ours\nseed: 1\n=======\nseed: 2\n>>>>>>> theirs", "", "merge conflict"
    ),
    "merge key": Broken("  rank: auto", "  <<: {rank: 16}", "", "merge key <<; write the keys out"),
    "anchor": Broken("clean:", "clean: &clean", "", "anchor &clean; write the value out"),
    "alias": Broken("seed: 1", "seed: *one", "", "alias"),
    "tag": Broken("seed: 1", "seed: !!int 1", "", "write the plain value"),
    "tabs": Broken("  min_words: 3", "\tmin_words: 3", "", "a tab; indent with spaces"),
    "open bracket": Broken("[0, 3, 6]", "[0, 3, 6", "", "not YAML", "  min_languages"),
    "directive": Broken(
        "\nseed: 1", "%YAML 1.1\n---\nseed: 1", "", "a %YAML or %TAG directive", "---"
    ),
    "two documents": Broken("clean:", "---\nclean:", "", "not YAML"),
    "control character": Broken("seed: 1", "seed: \x07", "", "is not allowed"),
}
assert len(BROKEN) >= 45


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the command prints about each broken file, all in one process."""
    folder = tmp_path_factory.mktemp("broken")
    names = {f"{number}.yaml": name for number, name in enumerate(BROKEN)}
    for file, name in names.items():
        (folder / file).write_text(BROKEN[name].text, encoding="utf-8")
    done = check(folder, *names)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stdout == ""
    lines = done.stderr.removeprefix("error: ").splitlines()
    return {
        name: [line.removeprefix(file) for line in lines if line.startswith(f"{file}:")]
        for file, name in names.items()
    }


def check(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``langsig check`` in a process of its own."""
    command = [sys.executable, "-m", "langsig", "check", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def children_seconds() -> float:
    """CPU time of the processes that have ended: other processes do not slow it down."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_reported(name: str, reports: dict[str, list[str]]) -> None:
    broken = BROKEN[name]
    start = f":{broken.line}: {broken.key}: " if broken.key else f":{broken.line}: "
    matching = [line for line in reports[name] if line.startswith(start) and broken.says in line]
    assert matching, reports[name]


ALONE = [
    "text for a seed",
    "unknown category",
    "Norwegian",
    "merge conflict",
    "rank above the width",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_one_broken_file_takes_seconds(name: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(BROKEN[name].text, encoding="utf-8")
    start = children_seconds()
    done = check(tmp_path)
    assert children_seconds() - start < SECONDS
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith(f"error: params.yaml:{BROKEN[name].line}: {BROKEN[name].key}")


def error_of(path: Path) -> str:
    with pytest.raises(ParameterError) as raised:
        load_parameters(path)
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ":1: the file is empty"),
        (b"# nothing but a comment\n", ":1: the file is empty"),
        (b"- 1\n- 2\n", ":1: must be a mapping"),
        (b"just text\n", ":1: must be a mapping"),
        ("seed: 1 # \u00e9\n".encode("latin-1"), ":1: not UTF-8"),
        (b"seed: 1\nname: \xff\n", ":2: not UTF-8"),
        ("seed: 1\n".encode("utf-16"), ":1: not UTF-8"),
    ],
)
def test_files_of_another_kind(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    assert error_of(path).startswith(f"{path}{expected}")


def test_files_that_are_no_files(tmp_path: Path) -> None:
    assert error_of(tmp_path) == f"{tmp_path}: is a folder; name a file"
    assert error_of(tmp_path / "none.yaml") == f"{tmp_path / 'none.yaml'}: no such file"


def test_everything_that_is_wrong_is_listed_in_the_order_of_lines(tmp_path: Path) -> None:
    text = TEXT
    wrong = [broken for name, broken in BROKEN.items() if name in {
        "text for a seed", "Norwegian", "missing key", "rank above the width", "unknown key",
        "unknown category",
    }]  # fmt: skip
    for broken in wrong:
        text = text.replace(broken.old, broken.new, 1)
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError) as raised:
        load_parameters(path)
    problems = raised.value.problems
    assert {broken.key for broken in wrong} <= {problem.key for problem in problems}
    lines = [problem.location.line or 0 for problem in problems]
    assert lines == sorted(lines) and len(str(raised.value).splitlines()) == len(problems)


VALID = {
    "small numbers without a point": ("tolerance: 1.0e-06", "tolerance: 1e-7"),
    "integer for a number": ("weight_decay: 0.01", "weight_decay: 5"),
    "comments": ("seed: 1", "# a comment: with a colon\nseed: 1  # and another"),
    "language with a script": ("  qaa: ", "  zh-Hant: "),
    "text in quotes": ("launch: python", 'launch: "python"'),
    "path with spaces": ("[data/corpora/qaa.txt]", "['data/my corpora/it''s.txt']"),
    "folder with a slash at its end": ("treebank: data/treebanks/qaa", "treebank: data/t/qaa/"),
    "fractions": ("fractions: {}", "fractions: {qab: 0.1}"),
    "list of languages": ("languages: all", "languages: [qab, qac]"),
    "no sets": ("logographic: [qah]", "logographic: []"),
    "rank of a number": ("rank: auto", "rank: 64"),
    "plain model by tensorly": ("method: als", "method: tensorly\n  ridge: 0"),
}


@pytest.mark.parametrize("name", VALID)
def test_right_values_pass(name: str, tmp_path: Path) -> None:
    old, new = VALID[name]
    text = TEXT
    if name == "plain model by tensorly":
        text = text.replace("  ridge: 0.2", "")
    if name == "language with a script":
        text = text.replace("diverse: [qaa, ", "diverse: [")
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    load_parameters(path)


def test_numbers_are_read_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    text = TEXT.replace("tolerance: 1.0e-06", "tolerance: 1e-7")
    path.write_text(text.replace("weight_decay: 0.01", "weight_decay: 5", 1), encoding="utf-8")
    parameters = load_parameters(path)
    assert parameters.factorize.tolerance == 1e-7
    assert repr(parameters.pretraining.control.recipe.weight_decay) == "5.0"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_other_systems_pass(mark: str, end: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes((mark + parameter_file(DEMO).replace("\n", end)).encode("utf-8"))
    assert load_parameters(path) == DEMO


def test_depth_and_width_of_a_checkpoint_are_not_known() -> None:
    data = DEMO.model_dump()
    data["experimental"]["checkpoint"] = "xlm-roberta-base"
    data["pretraining"]["experimental"]["model"] |= {"layers": 1, "dim": 8}
    data["factorize"]["rank"] = 16
    assert Parameters.model_validate(data).factorize.rank == 16
    data["experimental"]["checkpoint"] = None
    with pytest.raises(ValueError, match=r"analysis\.layers"):
        Parameters.model_validate(data)


def test_a_reference_bounds_the_rank_and_controls_bound_nothing() -> None:
    data = DEMO.model_dump()
    data["reference"] = "upos"
    data["pretraining"]["control"]["model"] |= {"layers": 1, "dim": 8}
    data["factorize"]["rank"] = 14
    assert Parameters.model_validate(data).reference == "upos"
    data["factorize"]["rank"] = 15
    with pytest.raises(ValueError, match=r"between 1 and 14, the width of the reference upos"):
        Parameters.model_validate(data)
    data["reference"] = "features"
    data["experimental"]["checkpoint"] = "xlm-roberta-base"
    data["analysis"]["layers"] = [99]
    assert Parameters.model_validate(data).analysis.layers == [99], "nothing is known"


def test_families_and_genera_come_from_the_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params.yaml"

    def write(experimental: str, analysis: str, fractions: str = "{}") -> None:
        text = TEXT.replace("fractions: {}", f"fractions: {fractions}")
        text = text.replace("languages: all", f"languages: {experimental}", 1)
        path.write_text(text.replace("languages: all", f"languages: {analysis}"), encoding="utf-8")

    write("Romance", "Sarnic")
    load_parameters("params.yaml")  # no facts yet
    (tmp_path / "data").symlink_to(ROOT / "samples")
    with pytest.raises(ParameterError, match=r"experimental\.languages: got 'Romance'; .*Sarnic"):
        load_parameters("params.yaml")
    write("Sarnic", "Kvaruli")
    with pytest.raises(ParameterError, match=r"analysis\.languages: must name at least two lang"):
        load_parameters("params.yaml")
    write("Sarnic", "Sarnic", "{qab: 0.1, qag: 0.1}")
    with pytest.raises(ParameterError, match=r"experimental\.fractions\.qag: the key must be one"):
        load_parameters("params.yaml")
    write("Sarnic", "Western", "{qab: 0.1}")
    load_parameters("params.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unknown category", "merge conflict"])
def test_a_stage_ends_before_it_does_anything(name: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(BROKEN[name].text, encoding="utf-8")
    (tmp_path / "data").symlink_to(ROOT / "samples")
    start = children_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "stages", "annotate", "qaa"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert children_seconds() - start < SECONDS
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith(f"error: params.yaml:{BROKEN[name].line}: {BROKEN[name].key}")
    assert {path.name for path in tmp_path.iterdir()} == {"params.yaml", "data"}


@pytest.mark.slow
def test_a_stage_runs_with_valid_parameters(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "data").symlink_to(ROOT / "samples")
    subprocess.run(
        [sys.executable, "-m", "stages", "annotate", "qaa"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        check=True,
    )
    assert (tmp_path / "artifacts/words/qaa").is_dir()


def test_check_names_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in [("good", TEXT), ("bad", BROKEN["unknown key"].text), ("worse", "- 1\n")]:
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert main(["check", "good.yaml", "bad.yaml", "worse.yaml", "none.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "good.yaml: valid; 8 languages, 11 categories\n"
    for start in ("bad.yaml:", "worse.yaml:1: must be a mapping", "none.yaml: no such file"):
        assert start in printed.err


def test_check_looks_for_the_files_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = TEXT.replace("launch: python", "launch: accelerate launch --config_file conf/none.yaml")
    (tmp_path / "params.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    assert main(["check"]) == 0  # no data/ yet
    (tmp_path / "data").mkdir()
    assert main(["check"]) == 1
    printed = capsys.readouterr().err
    assert "languages.qaa.corpora[0]: data/corpora/qaa.txt does not exist" in printed
    assert "analysis.facts: data/facts/languages.csv does not exist" in printed
    assert "evaluate.parallel: data/parallel does not exist; name one that exists, or" in printed
    assert main(["check", "--data", str(ROOT / "samples")]) == 0
    assert main(["check", "other.yaml"]) == 1
    assert "pretraining.launch: conf/none.yaml does not exist" in capsys.readouterr().err


def test_check_sees_lists_that_are_not_those_of_the_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
    fewer = DEMO.model_copy(update={"categories": ["part-of-speech"]})
    (tmp_path / "params.yaml").write_text(parameter_file(fewer), encoding="utf-8")
    assert main(["check"]) == 1
    assert "dvc.yaml: its lists of languages, categories" in capsys.readouterr().err
