"""Arguments of stages: names that the parameters declare."""

from collections.abc import Collection, Sequence

from langsig.errors import InputError


def checked(arguments: Sequence[str], **known: Collection[str]) -> Sequence[str]:
    """The arguments of a stage, if each of them is known.

    Parameters
    ----------
    arguments
        Arguments of the command line.
    **known
        For each argument that the stage takes, in their order: the names that are allowed.

    Raises
    ------
    InputError
        If there are more or fewer arguments, or one is not known.
    """
    if len(arguments) != len(known):
        expected = " ".join(map(str.upper, known)) or "no arguments"
        raise InputError(f"this stage takes {expected}, got {' '.join(arguments) or 'nothing'}")
    for (kind, names), argument in zip(known.items(), arguments, strict=True):
        if argument not in names:
            raise InputError(f"{kind} must be one of {', '.join(names)}; got {argument!r}")
    return arguments
