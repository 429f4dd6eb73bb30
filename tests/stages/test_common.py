from pathlib import Path

import yaml

from common import read_all, seed_of

ROOT = Path(__file__).parents[2]


def test_every_model_has_another_seed() -> None:
    paper = yaml.safe_load((ROOT / "conf/paper.yaml").read_text(encoding="utf-8"))
    models = [*paper["languages"], "experimental"]
    seeds = {seed_of(model, {"seed": seed}) for model in models for seed in range(10)}
    assert len(seeds) == 10 * len(models)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_seeds_are_the_same_in_every_run() -> None:
    assert seed_of("qaa", {"seed": 1}) == 2_048_623_395


def test_tables_without_rows_change_no_types(tmp_path: Path) -> None:
    texts = {"full": "layer,value,language\n0,1.5,nan\n", "empty": "layer,value,language\n"}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "table.csv").write_text(text)
    found = read_all([tmp_path / "empty", tmp_path / "full"], "table.csv")
    assert found["layer"].dtype == "int64" and found["language"].tolist() == ["nan"]
    assert list(read_all([tmp_path / "empty"], "table.csv")) == list(found)
