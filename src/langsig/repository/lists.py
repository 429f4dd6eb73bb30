"""The lists in ``dvc.yaml`` that change with the parameters.

DVC cannot fill a list of dependencies from a parameter, so the stages that join languages name
each of them; nor can it leave out a stage, so those that the reference does not need are of an
empty list. Nothing else in ``dvc.yaml`` depends on the preset.
"""

import re
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from langsig.parameters import Parameters
from langsig.repository.broken import broken_yaml
from langsig.terms import MODEL

LANGUAGES = "${languages}"
"""What the stages of one language are a list of."""
JOINT = {
    "clean": ["${{item.corpora[{corpus}]}}"],
    "tokenizer": ["artifacts/vocabulary/{language}.txt"],
    "pretrain-experimental": ["artifacts/sequences/{language}", "artifacts/words/{language}"],
    "factorize": ["artifacts/covariances/{language}/${{item}}.safetensors"],
    "uncertainty": ["artifacts/covariances/{language}", "artifacts/untrained/{language}"],
    "learned": ["artifacts/residuals/{language}"],
    "evaluate": ["artifacts/words/{language}", "{parallel}"],
    "ranks": ["artifacts/covariances/{language}/part-of-speech.safetensors"],
    "sets": ["artifacts/covariances/{language}"],
    "relate": [
        "artifacts/cleaning/{language}.json",
        "artifacts/words/{language}",
        "artifacts/signatures/{category}",
        "artifacts/uncertainty/{source}",
        "{covariates}",
    ],
    "analyse": [
        "artifacts/words/{language}",
        "artifacts/learning/{control}",
        "artifacts/signatures/{category}",
        "artifacts/uncertainty/{source}",
    ],
    "plot": ["artifacts/learning/{control}"],
    "report": ["artifacts/learning/{control}"],
}
"""Dependencies that each of these stages has once per language, control model, category, source or
corpus; and the parallel sentences and the covariates, if there are any."""
OF_CONTROLS, OF_REFERENCE = ("pretrain", "extract"), ("reference",)
"""Stages that make what the experimental model is compared with: control models, or another
reference. The others are of no language."""
REFERENCE_STATES = "artifacts/states/control/${key}"
"""What the stage ``untrained`` reads of another reference than control models."""


def read_pipeline(path: Path) -> dict[str, Any]:
    """``dvc.yaml``, with its comments.

    Raises
    ------
    InputError
        If it is not YAML.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        pipeline: dict[str, Any] = _yaml().load(text)
    except YAMLError as error:
        raise broken_yaml(path, text, error) from error
    return pipeline


def pipeline_text(pipeline: dict[str, Any]) -> str:
    """The text of ``dvc.yaml``."""
    stream = StringIO()
    _yaml().dump(pipeline, stream)
    return stream.getvalue()


def write_lists(pipeline: dict[str, Any], parameters: Parameters) -> None:
    """Make the joint stages depend on everything that the parameters name, in place, and choose
    the stages that make the reference."""
    languages = list(parameters.languages)
    controls = languages if parameters.reference == MODEL else []
    values: dict[str, list[Any]] = {
        "language": languages,
        "control": controls,
        "category": parameters.categories,
        "source": parameters.uncertainty.sources,
        "corpus": list(range(len(parameters.languages[languages[0]].corpora))),
        "parallel": ["${evaluate.parallel}"] if parameters.evaluate.parallel else [],
        "covariates": ["${analysis.covariates}"] if parameters.analysis.covariates else [],
    }
    for stage, templates in JOINT.items():
        entry = pipeline["stages"][stage]
        dependencies = entry.get("do", entry)["deps"]
        for template in templates:
            _replace(dependencies, template, values)
    for stage in (*OF_CONTROLS, *OF_REFERENCE):
        used = (stage in OF_CONTROLS) == (parameters.reference == MODEL)
        pipeline["stages"][stage]["foreach"] = LANGUAGES if used else []
    dependencies = pipeline["stages"]["untrained"]["do"]["deps"]
    if REFERENCE_STATES in dependencies:
        dependencies.remove(REFERENCE_STATES)
    if parameters.reference != MODEL:
        dependencies.append(REFERENCE_STATES)
    pipeline["artifacts"] = _registry(controls)


def lists_are_current(pipeline: dict[str, Any], parameters: Parameters) -> bool:
    """Whether the lists in ``dvc.yaml`` are those of the parameters."""
    written = _yaml().load(pipeline_text(pipeline))
    write_lists(written, parameters)
    return bool(written == pipeline)


def _replace(dependencies: list[str], template: str, values: dict[str, list[Any]]) -> None:
    """Replace the dependencies that a template stands for, where they are.

    Where there are none, they follow the last one in the same folder.
    """
    placeholder = next(name for name in values if f"{{{name}}}" in template)
    pattern = re.escape(template.format(**{placeholder: "@"})).replace(
        "@", r"(?!experimental)[^/]+"
    )
    positions = [i for i, path in enumerate(dependencies) if re.fullmatch(pattern, path)]
    folder = template.partition("{")[0]
    others = [i for i, path in enumerate(dependencies, 1) if path.startswith(folder)]
    first = positions[0] if positions else max(others, default=len(dependencies))
    for position in reversed(positions):
        del dependencies[position]
    for offset, value in enumerate(values[placeholder]):
        dependencies.insert(first + offset, template.format(**{placeholder: value}))


def _registry(controls: list[str]) -> dict[str, dict[str, Any]]:
    """The artifacts that have names, under which versions are registered."""

    def model(name: str, role: str, languages: str) -> dict[str, Any]:
        return {
            "path": f"artifacts/models/{name}",
            "type": "model",
            "desc": f"Masked language model of {languages}",
            "labels": ["masked-language-model", role],
        }

    return {
        "experimental": model("experimental", "experimental", "all languages"),
        **{f"control-{name}": model(name, "control", f"{name} alone") for name in controls},
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


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 200
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
