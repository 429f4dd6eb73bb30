"""Text that several subcommands print."""

from collections.abc import Mapping, Sequence


def failed_checks(failures: Mapping[int, Sequence[str]], condition: float) -> list[str]:
    """A line that names the layers whose factorisation fails its own checks; none if all pass.

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
    names = dict.fromkeys(name for names in failing.values() for name in names)
    layers = {
        name: ", ".join(str(layer) for layer in failing if name in failing[layer]) for name in names
    }
    return [
        f"* {len(failing)} of {len(failures)} factorisations fail their own checks (condition "
        f"number of B up to {condition:.0f}): "
        + "; ".join(f"{name.upper()} in layers {layers[name]}" for name in names)
    ]


def cell(value: float | None, width: int, form: str) -> str:
    """A number in a column of the given width, a dash where it is missing."""
    return ("-" if value is None else format(value, form)).rjust(width)
