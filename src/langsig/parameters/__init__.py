"""The validated parameters of a run, from ``params.yaml`` or from a preset in ``conf/``."""

from langsig.parameters.documents import Document, parse_value, read_document
from langsig.parameters.loading import (
    group_problems,
    launch_configuration,
    load_parameters,
    missing_files,
    validated,
)
from langsig.parameters.model import Parameters
from langsig.parameters.presets import preset_path, read_resolved
from langsig.parameters.problems import Location, ParameterError, Problem
from langsig.parameters.rendering import json_schema, parameter_file, reference
from langsig.parameters.selection import selected_languages

__all__ = [
    "Document",
    "Location",
    "ParameterError",
    "Parameters",
    "Problem",
    "group_problems",
    "json_schema",
    "launch_configuration",
    "load_parameters",
    "missing_files",
    "parameter_file",
    "parse_value",
    "preset_path",
    "read_document",
    "read_resolved",
    "reference",
    "selected_languages",
    "validated",
]
