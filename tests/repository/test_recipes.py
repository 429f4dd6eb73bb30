"""Recipes of ablations; how they run is in tests/pipeline."""

from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from langsig.errors import InputError
from langsig.parameters import load_parameters, parameter_file, read_resolved, validated
from langsig.repository.experiments import check_stages, read_recipes

ROOT = Path(__file__).parents[2]
PRESETS = sorted(path.stem for path in (ROOT / "conf/ablations").glob("*.yaml"))


def load(path: Path) -> dict[str, Any]:
    params: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return params


def test_there_are_recipes_for_sample_and_real_languages() -> None:
    assert {"demo", "ud8", "ud33"} <= {*PRESETS}


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_every_recipe_sets_parameters_that_the_preset_has(preset: str, tmp_path: Path) -> None:
    """As DVC applies them: a parameter that is not there is an error without a plus."""
    chosen = parameter_file(validated(read_resolved(ROOT / "conf" / f"{preset}.yaml")))
    original = YAML(typ="safe").load(chosen)
    for name, settings in read_recipes(ROOT, preset).items():
        path = tmp_path / "params.yaml"
        path.write_text(chosen, encoding="utf-8")
        apply_overrides(path, [f"seed={original['seed']}", *settings])
        assert (load(path) == original) == (name == "baseline"), name
        load_parameters(path)
        for setting in settings:
            key = setting.partition("=")[0].removeprefix("+").split(".")
            section: Any = original
            for part in key[:-1]:
                section = section[part]
            assert key[-1] in section or section == {}, setting
            language = key[1] if key[0] == "languages" else key[-1]
            if setting.startswith("+") or key[0] == "languages":
                assert language in original["languages"], setting


@pytest.mark.parametrize("preset", PRESETS)
def test_low_resource_is_two_by_two(preset: str) -> None:
    recipes = read_recipes(ROOT, preset)
    for name in [name.removesuffix("-both") for name in recipes if name.endswith("-both")]:
        control, experimental = (recipes[f"{name}-{role}"] for role in ("control", "experimental"))
        assert recipes[f"{name}-both"] == [*control, *experimental]
        language = name.removeprefix("low-")
        assert recipes[f"alpha-{language}"] == [*experimental, "experimental.alpha=0.3"]


def test_recipes_by_name() -> None:
    assert list(read_recipes(ROOT, "demo", ["baseline"])) == ["baseline"]
    with pytest.raises(InputError, match=r"demo\.yaml: recipe must be one of baseline, .*got none"):
        read_recipes(ROOT, "demo", ["baseline", "none"])
    with pytest.raises(InputError, match=r"preset: got 'none'; must be one of demo"):
        read_recipes(ROOT, "none")


def test_stages_of_a_sweep_are_checked() -> None:
    known = ["pretrain", "pretrain@qaa", "relate"]
    with pytest.raises(InputError, match="--stages: the pipeline has no stage 'pretrain@xx', only"):
        check_stages(ROOT, [*known, "pretrain@xx"])
