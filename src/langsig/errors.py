"""Errors and warnings that are meant for users, and checks that raise them."""

from collections.abc import Mapping
from numbers import Integral


class InputError(Exception):
    """Bad input: a file, a line, a language, an argument or a parameter.

    The message says what is wrong and where (``FILE:LINE:`` for text files), what is allowed, and
    what to do. The command line prints it without a traceback and exits with code 1.

    Examples
    --------
    >>> import langsig
    >>> try:
    ...     langsig.annotate("missing.conllu", "en")
    ... except langsig.InputError as error:
    ...     print(error)
    missing.conllu: no such file or folder; check the path of the treebank
    """


class ConvergenceWarning(UserWarning):
    """A factorisation stopped before its loss settled: more iterations may change the results.

    It is raised through :mod:`warnings` by fits that reach ``max_iterations``. The result says the
    same: ``converged`` is false.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import langsig
    >>> slices = list(np.random.default_rng(0).standard_normal((3, 6, 6)))
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     result = langsig.parafac2(slices, rank=3, max_iterations=2)
    >>> result.converged
    False
    >>> caught[0].category.__name__
    'ConvergenceWarning'
    """


class LeftOutWarning(UserWarning):
    """Part of the input was left out; the message says how much, and why."""


def described(error: OSError) -> str:
    """The message of an error of the system: the file that it concerns, and what is wrong."""
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def check_count(name: str, value: object, least: int = 1) -> None:
    """Check that an argument is an integer and not too small.

    Parameters
    ----------
    name
        Name of the argument, for the message.
    value
        Value of the argument.
    least
        Smallest value that is allowed (default: 1).

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        allowed = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise InputError(f"{name} must be {allowed}, got {value!r}")


def check_by_language(name: str, value: object) -> None:
    """Check that an argument is a mapping whose keys are strings, such as language codes.

    Parameters
    ----------
    name
        Name of the argument, for the message.
    value
        Value of the argument.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(value, Mapping):
        raise InputError(
            f"{name} must be a mapping with one entry per language, such as a dict; got "
            f"{type(value).__name__}"
        )
    for language in value:
        if not isinstance(language, str) or not language:
            raise InputError(f"{name} must have language codes as keys, got {language!r}")
