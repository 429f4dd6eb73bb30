"""Errors and warnings that are meant for users."""


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
