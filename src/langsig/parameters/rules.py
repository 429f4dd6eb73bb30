"""Rules that involve several parameters. Without them, a stage would fail after hours."""

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from langsig.morphology import ALL_WORDS, category_slug
from langsig.terms import MODEL, REFERENCE_WIDTHS

Path = tuple[str | int, ...]
"""Keys and positions from the root of the file to a value."""


class Broken(NamedTuple):
    """A rule that the parameters break."""

    path: Path
    """The value to change."""
    message: str
    """The values that are allowed."""


_Function = Callable[[Mapping[str, Any]], Iterator[Broken]]


class _Rule(NamedTuple):
    reads: tuple[Path, ...]
    """Values that the rule reads."""
    function: _Function


_RULES: list[_Rule] = []


def _rule(*reads: str) -> Callable[[_Function], _Function]:
    """Register a function that yields broken rules, and the keys that it reads."""

    def register(function: _Function) -> _Function:
        _RULES.append(_Rule(tuple(tuple(key.split(".")) for key in reads), function))
        return function

    return register


def broken_rules(parameters: Mapping[str, Any], wrong: Collection[Path] = ()) -> list[Broken]:
    """The rules that parameters break.

    Parameters
    ----------
    parameters
        Content of a parameter file.
    wrong
        Values that are missing or not allowed, whatever the other values are. Rules that read one
        of them are left out.
    """
    return [
        broken
        for rule in _RULES
        if not any(_overlap(path, invalid) for path in rule.reads for invalid in wrong)
        for broken in rule.function(parameters)
    ]


def named_languages(selection: str | list[str], known: Iterable[str]) -> list[str] | None:
    """The languages of a selection, in the order of `known`; None if it is a family or genus."""
    if selection == "all":
        return list(known)
    if isinstance(selection, str):
        return None
    return [language for language in known if language in selection]


def layers_in_common(parameters: Mapping[str, Any]) -> int | None:
    """Layers above the embeddings that can be paired: those of the shallowest model.

    The depth of a checkpoint is not known before it is loaded; None if no other model counts.
    """
    layers = [shape["layers"] for shape in _known_shapes(parameters)]
    return min(layers, default=None)


def narrowest_dim(parameters: Mapping[str, Any]) -> int | None:
    """Width of the narrowest model or of the reference, which bounds the rank.

    The width of a checkpoint is not known before it is loaded, nor the number of features; None if
    nothing else counts.
    """
    widths = [shape["dim"] for shape in _known_shapes(parameters)]
    reference = REFERENCE_WIDTHS.get(parameters["reference"])
    return min([*widths, reference] if reference else widths, default=None)


def _known_shapes(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Shapes of the models whose states are compared, except that of a checkpoint."""
    roles = ["control"] if parameters["reference"] == MODEL else []
    if not parameters["experimental"]["checkpoint"]:
        roles.append("experimental")
    return [parameters["pretraining"][role]["model"] for role in roles]


def _overlap(first: Path, second: Path) -> bool:
    """Whether one value is part of the other, or both are the same."""
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def _known(languages: Mapping[str, Any]) -> str:
    return f"must be one of the languages ({', '.join(languages)})"


@_rule("languages")
def _corpora(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    counts = {name: len(item["corpora"]) for name, item in parameters["languages"].items()}
    usual = max(counts.values(), key=list(counts.values()).count)
    for language, count in counts.items():
        if count != usual:
            yield Broken(
                ("languages", language, "corpora"),
                f"must have {usual} entries, as most languages have, not {count}: all languages "
                "need the same number of corpora; put several files into one folder and name it",
            )


@_rule("languages")
def _codes(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    seen: dict[str, str] = {}
    for language in parameters["languages"]:
        first = seen.setdefault(language.lower(), language)
        if first != language:
            yield Broken(
                ("languages", language),
                f"must differ from {first} in more than upper and lower case, as some file "
                "systems do not tell them apart",
            )


@_rule("languages")
def _romanisation(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    romanised = [name for name, item in parameters["languages"].items() if item["romanise"]]
    if not romanised:
        return
    from langsig.corpora.romanisation import has_romanisation  # late: the package imports pandas

    for language in romanised:
        if not has_romanisation(language):
            yield Broken(
                ("languages", language, "romanise"),
                f"must be false: no romanisation is known for {language}; to add one, put a table "
                "of characters into langsig/corpora/romanisation",
            )


@_rule("languages", "pack.sequences")
def _fraction(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    for language, item in parameters["languages"].items():
        path = ("languages", language, "fraction")
        yield from _at_least_one_sequence(path, item["fraction"], parameters["pack"]["sequences"])


@_rule("experimental.fractions", "pack.sequences")
def _fractions(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    for language, fraction in parameters["experimental"]["fractions"].items():
        path = ("experimental", "fractions", language)
        yield from _at_least_one_sequence(path, fraction, parameters["pack"]["sequences"])


def _at_least_one_sequence(path: Path, fraction: float, sequences: int) -> Iterator[Broken]:
    if not round(fraction * sequences):
        yield Broken(
            path,
            f"must leave at least one sequence of the {sequences:,} in pack.sequences; this "
            "fraction of them rounds to zero",
        )


@_rule("languages", "experimental.fractions", "experimental.languages")
def _fractions_of_known(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    options, languages = parameters["experimental"], parameters["languages"]
    trained = named_languages(options["languages"], languages)
    for language in options["fractions"]:
        path = ("experimental", "fractions", language)
        if language not in languages:
            yield Broken(path, f"the key {_known(languages)}")
        elif trained is not None and language not in trained:
            yield Broken(
                path,
                "the key must be one of experimental.languages, on which the model is trained "
                f"({', '.join(trained)})",
            )


@_rule("languages", "experimental.languages")
def _experimental_languages(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    selection = parameters["experimental"]["languages"]
    yield from _members(("experimental", "languages"), selection, parameters["languages"])


@_rule("languages", "analysis.languages")
def _analysis_languages(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    selection = parameters["analysis"]["languages"]
    yield from _members(("analysis", "languages"), selection, parameters["languages"])
    if isinstance(selection, list) and len(selection) < 2:
        yield Broken(
            ("analysis", "languages"), "must name at least two languages to factorise together"
        )


@_rule("languages", "analysis.logographic")
def _logographic(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    members = parameters["analysis"]["logographic"]
    yield from _members(("analysis", "logographic"), members, parameters["languages"])


@_rule("languages", "analysis.diverse")
def _diverse(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    members = parameters["analysis"]["diverse"]
    yield from _members(("analysis", "diverse"), members, parameters["languages"])


@_rule("languages", "analysis.related")
def _related(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    for name, members in parameters["analysis"]["related"].items():
        path = ("analysis", "related", name)
        yield from _members(path, members, parameters["languages"])
        if name == "diverse":
            yield Broken(path, "must have another name: 'diverse' is that of the diverse set")


def _members(
    path: Path, selection: str | list[str], languages: Mapping[str, Any]
) -> Iterator[Broken]:
    if isinstance(selection, list):
        for index, language in enumerate(selection):
            if language not in languages:
                yield Broken((*path, index), _known(languages))


def _heads(role: str) -> None:
    key = f"pretraining.{role}.model"

    @_rule(f"{key}.heads", f"{key}.dim")
    def check(parameters: Mapping[str, Any]) -> Iterator[Broken]:
        shape = parameters["pretraining"][role]["model"]
        if shape["dim"] % shape["heads"]:
            yield Broken(
                ("pretraining", role, "model", "heads"), f"must divide dim ({shape['dim']})"
            )


_heads("control")
_heads("experimental")

_LAYERS = (
    "reference",
    "experimental.checkpoint",
    "pretraining.control.model.layers",
    "pretraining.experimental.model.layers",
)
_DIMS = (
    "reference",
    "experimental.checkpoint",
    "pretraining.control.model.dim",
    "pretraining.experimental.model.dim",
)


def _too_high(path: Path, layers: Iterable[int], parameters: Mapping[str, Any]) -> Iterator[Broken]:
    top = layers_in_common(parameters)
    for index, layer in enumerate(layers):
        if top is not None and layer > top:
            yield Broken(
                (*path, index), f"must be from 0 (embeddings) to {top}, the top layer of the models"
            )


@_rule("covariance.block_layers", *_LAYERS)
def _block_layers(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    for category, layers in parameters["covariance"]["block_layers"].items():
        yield from _too_high(("covariance", "block_layers", category), layers, parameters)


@_rule("analysis.layers", *_LAYERS)
def _analysis_layers(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    yield from _too_high(("analysis", "layers"), parameters["analysis"]["layers"], parameters)


@_rule("ranks.layers", "covariance.block_layers")
def _rank_layers(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    kept = parameters["covariance"]["block_layers"].get(ALL_WORDS, [])
    shown = ", ".join(map(str, kept)) or "none"
    for index, layer in enumerate(parameters["ranks"]["layers"]):
        if layer not in kept:
            yield Broken(
                ("ranks", "layers", index),
                f"must be one of the layers in covariance.block_layers.{ALL_WORDS} ({shown})",
            )


@_rule("covariance.block_layers")
def _blocks_of_all_words(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    if ALL_WORDS not in parameters["covariance"]["block_layers"]:
        yield Broken(
            ("covariance", "block_layers"),
            f"must have the key {ALL_WORDS}: intervals are of all words",
        )


@_rule("covariance.min_instances", "covariance.equal_words")
def _equal_words(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    least = parameters["covariance"]["min_instances"]
    if parameters["covariance"]["equal_words"] <= least:
        yield Broken(
            ("covariance", "equal_words"), f"must be more than covariance.min_instances ({least})"
        )


def _narrowest(parameters: Mapping[str, Any]) -> str:
    """What has the width of `narrowest_dim`."""
    if narrowest_dim(parameters) == REFERENCE_WIDTHS.get(parameters["reference"]):
        return f"the width of the reference {parameters['reference']}"
    return "the width (dim) of the narrowest model"


@_rule("factorize.rank", *_DIMS)
def _rank(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    largest, rank = narrowest_dim(parameters), parameters["factorize"]["rank"]
    if rank != "auto" and largest is not None and rank > largest:
        yield Broken(
            ("factorize", "rank"),
            f"must be auto, or between 1 and {largest}, {_narrowest(parameters)}",
        )


@_rule("factorize.rank", "ranks.candidates", *_DIMS)
def _candidates(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    largest, candidates = narrowest_dim(parameters), parameters["ranks"]["candidates"]
    automatic = parameters["factorize"]["rank"] == "auto"
    if automatic and largest is not None and min(candidates) > largest:
        yield Broken(
            ("ranks", "candidates"),
            f"must hold a rank of at most {largest}, {_narrowest(parameters)}, from which "
            "factorize.rank: auto can choose",
        )


@_rule("evaluate.rank", "experimental.checkpoint", "pretraining.experimental.model.dim")
def _outcome_rank(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    if parameters["experimental"]["checkpoint"]:
        return
    dim = parameters["pretraining"]["experimental"]["model"]["dim"]
    if parameters["evaluate"]["rank"] > dim:
        yield Broken(
            ("evaluate", "rank"),
            f"must be between 1 and {dim}, the width of the experimental model",
        )


@_rule("pretraining.launch")
def _launch(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    path, command = ("pretraining", "launch"), parameters["pretraining"]["launch"]
    try:
        shlex.split(command)
    except ValueError as error:  # a quotation mark without its partner
        yield Broken(path, f"must be a command of the shell: {str(error).lower()}")
    if len(command.splitlines()) > 1:
        yield Broken(path, "must be a single line, as arguments are added at its end")


@_rule("factorize.method", "factorize.ridge")
def _ridge(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    options = parameters["factorize"]
    if options["method"] == "tensorly" and options["ridge"]:
        yield Broken(
            ("factorize", "ridge"),
            "must be 0 with method tensorly, which fits the plain model only",
        )


@_rule("ranks.folds", "covariance.blocks")
def _folds(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    blocks = parameters["covariance"]["blocks"]
    if parameters["ranks"]["folds"] > blocks:
        yield Broken(("ranks", "folds"), f"must be between 2 and covariance.blocks ({blocks})")


@_rule("categories")
def _all_words(parameters: Mapping[str, Any]) -> Iterator[Broken]:
    slug = category_slug(ALL_WORDS)
    if slug not in parameters["categories"]:
        yield Broken(
            ("categories",),
            f"must contain {slug}, as the metrics are of the signatures of all words",
        )
