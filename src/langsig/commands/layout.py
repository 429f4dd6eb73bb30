"""Text that several subcommands print."""

from collections.abc import Mapping, Sequence


def failed_checks(failures: Mapping[int, Sequence[str]], condition: float) -> list[str]:
    """Lines that name the layers whose factorisation fails its own checks; empty if none does.

    Parameters
    ----------
    failures
        By layer: names of the checks that its factorisation fails, see
        :attr:`langsig.Diagnostics.checks`.
    condition
        Largest condition number of the blueprint B among the factorisations that fail a check.
    """
    failing = {layer: names for layer, names in failures.items() if names}
    if not failing:
        return []
    lines = [
        "",
        f"* {len(failing)} of {len(failures)} factorisations fail their own checks "
        f"(condition number of B up to {condition:.0f}):",
    ]
    for name in dict.fromkeys(name for names in failing.values() for name in names):
        layers = [str(layer) for layer, names in failing.items() if name in names]
        lines.append(f"  {name.upper()} in layers {', '.join(layers)}")
    return lines


def cell(value: float | None, width: int, form: str) -> str:
    """A number in a column of the given width, a dash where it is missing."""
    return ("-" if value is None else format(value, form)).rjust(width)
