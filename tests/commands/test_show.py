"""``langsig show``: the layout of the metrics of a run."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from langsig.commands import main
from langsig.commands.show import layout

ROOT = Path(__file__).parents[2]
LANGUAGES = ("de", "fr", "zh")


def metrics(layers: int = 7, *not_learnt: str) -> dict[str, Any]:
    """Metrics of three languages whose average signatures rise over the layers."""
    keys = [f"layer_{layer:02d}" for layer in range(layers)]
    return {
        "average_signature": {
            key: {name: (3 * layer + n + 1) / 8 for n, name in enumerate(LANGUAGES)}
            for layer, key in enumerate(keys)
        },
        "trends": {name: {"tau": 1.0, "p": 0.01, "p_adjusted": 0.0125} for name in LANGUAGES},
        "spread": dict.fromkeys(keys, 1 / 64),
        "factorization": {
            key: {"flags": "", "blueprint_condition": 100.0 + layer}
            for layer, key in enumerate(keys)
        },
        "findings": {},
        "learning": {
            name: {
                "gain": 0.1 if name in not_learnt else 1.25,
                "learnt": name not in not_learnt,
            }
            for name in (*LANGUAGES, "experimental")
        },
        "outcomes": {
            "de": {"fit": 0.5, "transfer": 0.75, "probe": 0.875, "selectivity": 0.25},
            "fr": {"fit": 0.25, "transfer": 0.5, "probe": 0.75, "selectivity": -0.25},
        },
    }


def row_of(text: str, language: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.split()[:1] == [language])
    return line.split()


def test_every_language_has_a_row_and_every_layer_a_column() -> None:
    text = layout(metrics())
    assert text.splitlines()[0].split()[1:8] == [str(layer) for layer in range(7)]
    for n, language in enumerate(LANGUAGES):
        cells = row_of(text, language)
        expected = [(3 * layer + n + 1) / 8 for layer in range(7)]
        assert [float(cell) for cell in cells[1:8]] == pytest.approx(expected, rel=1e-2)
        assert cells[8:10] == ["+1.00", "0.013"]
    assert [float(cell) for cell in row_of(text, "variance")[1:]] == pytest.approx(
        [1 / 64] * 7, 0.1
    )
    assert "NOT LEARNT" not in text and "says nothing" not in text


def test_without_control_models_none_are_shown() -> None:
    values = metrics(7, "experimental")
    values["learning"] = {"experimental": values["learning"]["experimental"]}
    text = layout(values)
    assert "control" not in text
    assert row_of(text, "fr")[9:] == ["0.013", "0.25", "0.50", "0.75", "-0.25", "-"]
    assert "NOT LEARNT, +0.10 nat" in text
    assert "A model that has not learnt says nothing about its languages." in text


def test_outcomes_and_the_gain_of_the_control_model_stand_beside_the_signatures() -> None:
    text = layout(metrics())
    heads = ["gain", "fit", "transfer", "probe", "selective", "retrieval"]
    assert text.splitlines()[0].split()[-6:] == heads
    assert row_of(text, "de")[-6:] == ["+1.25", "0.50", "0.75", "0.88", "0.25", "-"]
    assert row_of(text, "fr")[-6:] == ["+1.25", "0.25", "0.50", "0.75", "-0.25", "-"]
    assert row_of(text, "zh")[-5:] == ["-"] * 5
    assert len({len(line) for line in text.splitlines()[:4]}) == 1, "columns are aligned"


def test_metrics_of_a_run_without_outcomes_have_no_columns_for_them() -> None:
    values = metrics()
    del values["outcomes"]
    text = layout(values)
    assert text.splitlines()[0].split()[-1] == "gain"
    assert row_of(text, "de")[-1] == "+1.25"
    assert "retrieval" not in text


def test_what_was_learnt_has_one_column() -> None:
    values = metrics(2)
    values["learned"] = {
        "shared": {"value": {"layer_00": {"de": 0.5, "fr": 0.25}, "layer_01": {"de": 0.25}}}
    }
    text = layout(values)
    assert text.splitlines()[0].split()[3:7] == ["tau", "p", "adj.", "shared"]
    assert row_of(text, "de")[5] == "0.375"
    assert row_of(text, "fr")[5] == row_of(text, "zh")[5] == "-"


@pytest.mark.parametrize("scale", [1e-5, 1e5])
def test_columns_stay_apart_whatever_the_scale(scale: float) -> None:
    values = metrics()
    for layer in values["average_signature"].values():
        layer.update({name: scale * value for name, value in layer.items()})
    cells = row_of(layout(values), "de")[1:8]
    expected = [scale * (3 * layer + 1) / 8 for layer in range(7)]
    assert [float(cell) for cell in cells] == pytest.approx(expected, rel=1e-2)


def test_models_that_have_not_learnt_are_marked() -> None:
    text = layout(metrics(3, "fr", "experimental"))
    assert row_of(text, "fr")[-6] == "+0.10!"
    assert row_of(text, "de")[-6] == "+1.25"
    assert "experimental model: NOT LEARNT, +0.10 nat over token frequencies" in text
    assert "! NOT LEARNT: fr, experimental. " in text
    assert "A model that has not learnt says nothing about its languages." in text


def test_failed_checks_are_listed_by_layer() -> None:
    values = metrics(4)
    assert "own checks" not in layout(values)
    for layer in ("layer_01", "layer_02"):
        values["factorization"][layer]["flags"] = "not converged"
    values["factorization"]["layer_02"]["flags"] += "; degenerate"
    text = layout(values)
    assert "2 of 4 factorisations fail their own checks (condition number of B up to 102)" in text
    assert "NOT CONVERGED in layers 1, 2" in text
    assert "DEGENERATE in layers 2" in text
    assert text.splitlines()[0].split()[1:5] == ["0", "1*", "2*", "3"]


def test_findings_are_rows_and_variants_are_columns() -> None:
    values = metrics()
    values["findings"] = {
        "decreases over layers": {"trained, none": {"holds": "yes"}},
        "lowest: zh": {
            "trained, none": {"holds": "no"},
            "equal-words, variance": {"holds": "undecided"},
        },
    }
    values["findings"]["lowest: zh"]["shared"] = {"holds": "yes"}
    *_, sources, first, second = layout(values).splitlines()
    assert sources.split()[-3:] == ["trained", "equal-words/v", "shared"]
    assert first.split() == ["decreases", "over", "layers", "yes", "-", "-"]
    assert second.split() == ["lowest:", "zh", "no", "undecided", "yes"]
    ends = [line.index(word) + len(word) for line, word in ((sources, "trained"), (first, "yes"))]
    assert ends[0] == ends[1], "columns are aligned"


def test_a_first_run_of_the_sample_prints_at_most_forty_lines() -> None:
    values = metrics()
    values["factorization"]["layer_03"]["flags"] = "starts disagree"
    values["findings"] = {
        name: {"trained, none": {"holds": "yes"}} for name in ("first", "second", "third")
    }
    others = len(layout(values).splitlines()) - len(LANGUAGES)
    languages = len(list((ROOT / "samples/treebanks").iterdir()))
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    steps = sum(stage.get("foreach", "once") != [] for stage in stages.values())
    installation_and_log = 2
    assert installation_and_log + steps + languages + others <= 40


def test_missing_values_are_dashes() -> None:
    values = metrics(2)
    del values["average_signature"]["layer_01"]["zh"]
    values["trends"] = {name: {} for name in LANGUAGES}
    text = layout(values)
    assert row_of(text, "zh")[1:5] == ["0.375", "-", "-", "-"]
    assert row_of(text, "de")[1:5] == ["0.125", "0.500", "-", "-"]


def test_matched_layers_are_named_where_models_differ_in_depth() -> None:
    values = metrics(2)
    assert "control-experimental" not in layout(values)
    values["layers"] = {
        f"layer_{layer:02d}": {"control": layer, "experimental": 2 * layer} for layer in range(2)
    }
    assert "control-experimental: 0-0 1-2" in layout(values)


def test_a_checkpoint_from_elsewhere_is_named() -> None:
    values = metrics(2)
    values["learning"]["experimental"] = {"checkpoint": "hub/model", "batching": "padded"}
    assert "experimental model: hub/model, not trained here; fit" in layout(values)
    values["learning"]["experimental"]["batching"] = "alone"
    assert "hub/model, not trained here, sentences run alone; fit" in layout(values)


def test_command_prints_the_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(metrics()))
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr().out == layout(metrics()) + "\n"


@pytest.mark.parametrize("content", [None, "", "{", "{}", "[]", "3", '{"average_signature": 1}'])
def test_files_that_are_not_metrics_are_named(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "summary.json"
    if content is not None:
        path.write_text(content)
    assert main(["show", str(path)]) == 1
    printed = capsys.readouterr()
    assert f"error: {path}: " in printed.err
    assert printed.out == ""


def test_metrics_with_unknown_layers_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = copy.deepcopy(metrics())
    values["average_signature"]["last"] = values["average_signature"].pop("layer_00")
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(values))
    assert main(["show", str(path)]) == 1
    assert "not the metrics of a run" in capsys.readouterr().err
