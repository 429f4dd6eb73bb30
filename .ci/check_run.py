"""Check the results of a run of the pipeline against its parameters."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from langsig.morphology import Words, category_slug


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--learnt", action="store_true", help="require that every model has learnt")
    arguments = parser.parse_args()
    problems = check(arguments.repository, learnt=arguments.learnt)
    print("\n".join(problems) or f"{arguments.repository}: complete")
    sys.exit(bool(problems))


def check(repository: Path, *, learnt: bool) -> list[str]:
    params = YAML(typ="safe").load((repository / "params.yaml").read_text())
    metrics = json.loads((repository / "metrics/summary.json").read_text())
    averages = pd.read_csv(repository / "artifacts/tables/average_signatures.csv")
    languages = set(params["languages"])
    has_controls = params["reference"] == "model"
    minimum = params["covariance"]["min_instances"]
    layers = set(range(params["pretraining"]["experimental"]["model"]["layers"] + 1))
    bearing = words_by_category(repository, languages)
    problems = []
    for category, counts in bearing.items():
        if category_slug(category) not in params["categories"]:
            continue
        expected = {name for name, words in counts.items() if words >= minimum}
        rows = averages[averages["category"] == category]
        if len(expected) < 2:
            expected = set()  # nothing to factorise jointly
        present = set(zip(rows["language"], rows["layer"], strict=True))
        wanted = {(language, layer) for language in expected for layer in layers}
        if present != wanted and (has_controls or not present < wanted):
            # Where the reference is the same for all words of a category, the category is left out.
            problems.append(f"{category}: {sorted(present)} instead of {sorted(expected)}")
        print(f"{category:16} {' '.join(sorted(expected)) or '(in fewer than two languages)'}")
    if not (averages["average_signature"] > 0).all():
        problems.append("an average signature is not positive")
    for language in languages:
        outcomes = metrics["outcomes"].get(language, {})
        missing = {"fit", "transfer", "probe", "selectivity"} - outcomes.keys()
        if params["evaluate"]["parallel"] and "retrieval" not in outcomes:
            missing.add("retrieval")
        if missing:
            problems.append(f"{language}: no {', '.join(sorted(missing))}")
    findings = pd.read_csv(repository / "artifacts/tables/findings.csv")
    findings = findings[findings["measure"] == "average_signature"]
    variants = set(zip(findings["source"], findings["normalise"], strict=True))
    if len(variants) != 2 * len(params["uncertainty"]["sources"]) or findings["low"].isna().any():
        problems.append(f"findings for {sorted(variants)} only, or without intervals")
    learned = pd.read_csv(repository / "artifacts/learned/signatures.csv")
    own_start = has_controls and not params["experimental"]["checkpoint"]
    if set(learned["language"]) != set(languages) or learned["value"].notna().all() != own_start:
        problems.append("learned signatures lack languages or levels, or levels are not withheld")
    for model in (*(languages if has_controls else ()), "experimental"):
        if learnt and not metrics["learning"][model]["learnt"]:
            problems.append(f"{model} has not learnt: {metrics['learning'][model]}")
    relations = repository / "artifacts/relations"
    for name in ("correlations", "tree_statistics", "variance_tests", "measure_tests"):
        if pd.read_csv(relations / f"{name}.csv")["p_adjusted"].isna().all():
            problems.append(f"no test of {name} has enough languages")
    for name in ("violins", "intervals", "learning", "ranks", "correlations", "distances", "trees"):
        if not (repository / "plots/figures" / f"{name}.svg").is_file():
            problems.append(f"no figure {name}.svg")
    if "Average signatures" not in (repository / "report/index.html").read_text(encoding="utf-8"):
        problems.append("report/index.html has no signatures")
    return problems


def words_by_category(repository: Path, languages: set[str]) -> dict[str, dict[str, int]]:
    """Count the words with hidden states that bear each of the 17 categories, by language."""
    counts: dict[str, dict[str, int]] = {}
    for language in languages:
        words = Words.load(repository / f"artifacts/words/{language}")
        states = repository / "artifacts/states"
        control = np.load(states / "control" / language / "index.npy")
        experimental = np.load(states / "experimental" / language / "index.npy")
        table = words.table.loc[np.intersect1d(control, experimental)]
        for category, count in Words(table, words.sentences).category_counts().items():
            counts.setdefault(str(category), {})[language] = int(count)
    if len(counts) != 17:
        sys.exit(f"{len(counts)} categories instead of 17")
    return counts


if __name__ == "__main__":
    main()
