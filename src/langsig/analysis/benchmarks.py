"""Do languages with higher average signatures score higher in benchmarks?"""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.correlations import as_table, by_layer
from langsig.errors import InputError

_KEYS = ["task", "metric", "model"]
_COLUMNS = [*_KEYS, "language", "value", "source"]


def score_correlations(
    averages: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    genera: Mapping[str, str],
    min_languages: int,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Correlation over languages of the average signature with scores in benchmarks.

    This is what the paper's tables 1 and 4 to 7 have. The p-values of the whole table are one
    family for Benjamini and Hochberg's correction.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``average_signature``, of one category: all words.
    scores
        What :func:`read_scores` returns. Languages without signatures are left out.
    genera, min_languages, permutations, seed
        As in :func:`langsig.analysis.correlations`.

    Returns
    -------
    DataFrame
        Columns ``task``, ``metric``, ``model``, ``layer`` (missing: the mean over the layers) and
        the others of :func:`langsig.analysis.correlations`.
    """
    rows = []
    for key, group in scores.groupby(_KEYS, sort=False):
        values = group.set_index("language")["value"]
        found = by_layer(averages, values, genera=genera, permutations=permutations, seed=seed)
        rows += [(*key, *row) for row in found]
    return with_adjusted(as_table(rows, _KEYS, min_languages=min_languages), [])


def read_scores(path: Path) -> pd.DataFrame:
    """Read benchmark scores of models from a CSV file.

    Parameters
    ----------
    path
        With the columns ``task``, ``metric``, ``model``, ``language``, ``value`` (a number),
        ``source`` (where it was read); others are passed over.

    Returns
    -------
    DataFrame
        These columns, in the order of the file.

    Raises
    ------
    InputError
        If the file or a column is missing, a field is empty, a value is not a number, or a
        language has two scores of the same task, metric and model.
    """
    seen: dict[tuple[str, ...], int] = {}
    rows = []
    for line, fields in _read_rows(path):
        for column in _COLUMNS:
            if not fields[column].strip():
                raise InputError(f"{path}:{line}: no {column}; fill it in or remove the line")
        key = tuple(fields[column] for column in [*_KEYS, "language"])
        if key in seen:
            raise InputError(
                f"{path}:{line}: {', '.join(key)} has a value in line {seen[key]} already; "
                "remove one of them"
            )
        seen[key] = line
        rows.append((*key, _number(fields["value"], f"{path}:{line}"), fields["source"]))
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"value": float})


def _read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number of their (last) line, and all columns that are needed."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path of the benchmark scores")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise InputError(f"{path}:1: no column {', '.join(missing)}; name it in this line")
            for fields in reader:
                if None in fields:
                    raise InputError(
                        f"{path}:{reader.line_num}: more fields than columns; "
                        "put a field with a comma in quotes"
                    )
                yield reader.line_num, fields
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8; save the benchmark scores as such") from error


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{place}: value '{text}' is not a number; write it as in 71.5")
    return value
