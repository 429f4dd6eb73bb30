"""The error that a user can mend."""


class InputError(Exception):
    """Bad input: a file, a line, a language or a parameter.

    The message names what is wrong and where (``FILE:LINE:`` for text files), and says what to
    do about it. The command line prints it without a traceback and exits with code 1.
    """
