"""The validated parameters of a run, from ``params.yaml``."""

from langsig.parameters.documents import Document, parse_value, read_document
from langsig.parameters.loading import load_parameters, validated
from langsig.parameters.model import Parameters
from langsig.parameters.problems import Location, ParameterError, Problem

__all__ = [
    "Document",
    "Location",
    "ParameterError",
    "Parameters",
    "Problem",
    "load_parameters",
    "parse_value",
    "read_document",
    "validated",
]
