"""A benchmark of measures of what two models share, grounded by design.

Models of the sample world are trained in ways that decide how well they learn a language, and
measures of similarity are scored by whether they show it (docs/measures.md).
"""
