"""Choose a preset and data: writes ``params.yaml``, the lists in ``dvc.yaml``, ``data.dvc``.

DVC cannot fill a list of dependencies from a parameter, so the stages that join languages name
each of them; this program writes those names, and a test holds them against the parameters.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent

# Dependencies that stand once for every language, category or corpus.
JOINT = {
    "clean": ["${{item.corpora[{corpus}]}}"],
    "tokenizer": ["artifacts/vocabulary/{language}.txt"],
    "pretrain-experimental": ["artifacts/sequences/{language}", "artifacts/words/{language}"],
    "factorize": ["artifacts/covariances/{language}/${{item}}.safetensors"],
    "uncertainty": ["artifacts/covariances/{language}", "artifacts/untrained/{language}"],
    "ranks": ["artifacts/covariances/{language}/part-of-speech.safetensors"],
    "sets": ["artifacts/covariances/{language}"],
    "relate": [
        "artifacts/cleaning/{language}.json",
        "artifacts/words/{language}",
        "artifacts/signatures/{category}",
    ],
    "analyse": [
        "artifacts/words/{language}",
        "artifacts/learning/{language}",
        "artifacts/signatures/{category}",
    ],
    "plot": ["artifacts/learning/{language}"],
}
SAMPLE = "samples"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make use", description=__doc__)
    parser.add_argument("preset", help="name of a file in conf/, without .yaml")
    parser.add_argument("--data", default=SAMPLE, help="folder that becomes data/")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="changes")
    arguments = parser.parse_args()
    yaml = _yaml()
    preset = ROOT / "conf" / f"{arguments.preset}.yaml"
    if not preset.is_file():
        known = ", ".join(sorted(path.stem for path in preset.parent.glob("*.yaml")))
        sys.exit(f"error: PRESET={arguments.preset} is none of {known}")
    params = yaml.load(preset)
    for change in arguments.changes:
        set_parameter(params, change)
    source = Path(arguments.data)
    check_data(params, source)
    pipeline = yaml.load(ROOT / "dvc.yaml")
    write_lists(pipeline, params)
    for document, name in ((params, "params.yaml"), (pipeline, "dvc.yaml")):
        temporary = ROOT / f".{name}.tmp"
        yaml.dump(document, temporary)
        temporary.replace(ROOT / name)
    point_data_at(source)  # last, as DVC reads the two files
    print(f"{arguments.preset}: {len(params['languages'])} languages, data from {source}")


def write_lists(pipeline: dict[str, Any], params: dict[str, Any]) -> None:
    """Make the joint stages of ``dvc.yaml`` depend on all that the parameters name."""
    corpora = {language: len(item["corpora"]) for language, item in params["languages"].items()}
    if len(set(corpora.values())) > 1:
        sys.exit(f"error: languages have different numbers of corpora ({corpora}); name a folder")
    values = {
        "language": list(params["languages"]),
        "category": list(params["categories"]),
        "corpus": list(range(max(corpora.values()))),
    }
    for stage, templates in JOINT.items():
        entry = pipeline["stages"][stage]
        dependencies = entry.get("do", entry)["deps"]
        for template in templates:
            _replace(dependencies, template, values)
    pipeline["artifacts"] = _registry(values["language"])


def _registry(languages: list[str]) -> dict[str, dict[str, Any]]:
    """The artifacts that have names, to be versioned under."""

    def model(name: str, role: str, languages: str) -> dict[str, Any]:
        return {
            "path": f"artifacts/models/{name}",
            "type": "model",
            "desc": f"Masked language model of {languages}",
            "labels": ["masked-language-model", role],
        }

    return {
        "experimental": model("experimental", "experimental", "all languages"),
        **{f"control-{name}": model(name, "control", f"{name} alone") for name in languages},
        "tokenizer": {
            "path": "artifacts/tokenizer",
            "type": "tokenizer",
            "desc": "Vocabulary that all models share",
            "labels": ["sentencepiece"],
        },
        "signatures": {
            "path": "artifacts/signatures",
            "type": "dataset",
            "desc": "Signatures of all languages, by category and layer",
            "labels": ["parafac2"],
        },
    }


def _replace(dependencies: list[str], template: str, values: dict[str, list[Any]]) -> None:
    placeholder = next(name for name in values if f"{{{name}}}" in template)
    pattern = re.escape(template.format(**{placeholder: "@"})).replace(
        "@", r"(?!experimental)[^/]+"
    )
    places = [i for i, path in enumerate(dependencies) if re.fullmatch(pattern, path)]
    first = places[0] if places else len(dependencies)
    for place in reversed(places):
        del dependencies[place]
    for offset, value in enumerate(values[placeholder]):
        dependencies.insert(first + offset, template.format(**{placeholder: value}))


def set_parameter(params: dict[str, Any], change: str) -> None:
    """Apply ``a.b.c=value``, the value in YAML; the key must be there already."""
    key, equals, value = change.partition("=")
    if not equals:
        sys.exit(f"error: --set {change}: not KEY=VALUE")
    *path, last = key.split(".")
    place: Any = params
    for part in path:
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last not in place:
        sys.exit(f"error: --set {change}: the preset has no parameter {key}")
    place[last] = _yaml().load(value)


def check_data(params: dict[str, Any], source: Path) -> None:
    """End with a message if the folder lacks what the preset names."""
    for language, item in params["languages"].items():
        for path in (*item["corpora"], item["treebank"]):
            if not (source / Path(path).relative_to("data")).exists():
                sys.exit(
                    f"error: languages.{language}: {source} has no {path.removeprefix('data/')}"
                )


def point_data_at(source: Path) -> None:
    """Import the folder as ``data``, unless it is what ``data.dvc`` names already."""
    declared = ROOT / "data.dvc"
    if declared.exists() and _yaml().load(declared)["deps"][0]["path"] == source.as_posix():
        return
    shutil.rmtree(ROOT / "data", ignore_errors=True)
    dvc = ["dvc", "--cd", str(ROOT)]
    subprocess.run([*dvc, "import-url", "--force", str(source), "data"], check=True)
    # A frozen import is never brought up to date, nor made at all in a fresh clone.
    subprocess.run([*dvc, "unfreeze", "data.dvc"], check=True)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 200
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


if __name__ == "__main__":
    main()
