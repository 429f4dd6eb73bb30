"""A benchmark of measures of what two models share, grounded by design.

Models of the sample world are trained in ways whose effect on what they know of a language is known
in advance, and measures of similarity are scored by whether they show it (docs/measures.md).
"""
