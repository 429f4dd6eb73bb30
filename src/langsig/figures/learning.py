"""What models gain over token frequencies while they are trained."""

import pandas as pd
from matplotlib.figure import Figure

from langsig.figures.canvas import FILL, INK, TITLE, canvas

_HEIGHT = 3.6  # inches
_LINE = 0.045  # of the height of the axes, between the names of two curves
_EXPERIMENTAL = "experimental"


def learning_curves(curves: pd.DataFrame, *, margin: float, title: str) -> Figure:
    """Nat a token below token frequencies on held-out text, by share of the training done.

    The experimental model has a heavy line; a dashed one marks what counts as learnt.

    Parameters
    ----------
    curves
        Columns ``model``, ``step``, ``masked_cross_entropy``, ``unigram_cross_entropy``.
    margin
        Gain in nat from which on a model counts as learnt.
    """
    figure, axes = canvas(6.0, _HEIGHT)
    ends = {}
    for model, curve in curves.groupby("model"):
        heavy = model == _EXPERIMENTAL
        gain = curve["unigram_cross_entropy"] - curve["masked_cross_entropy"]
        axes.plot(
            curve["step"] / curve["step"].max(),
            gain,
            color=INK if heavy else FILL,
            linewidth=2 if heavy else 1.2,
            zorder=3 if heavy else 2,
        )
        ends[str(model)] = float(gain.iloc[-1])
    axes.axhline(margin, color="0.4", linewidth=0.8, linestyle="--")
    axes.annotate("learnt", (0, margin), xytext=(2, 3), textcoords="offset points", fontsize=7)
    axes.set(
        xlabel="share of the steps",
        ylabel="nat below token frequencies",
        xlim=(0, 1),
    )
    axes.set_title(title, fontsize=TITLE)
    low, high = axes.get_ylim()
    for model, height in _spread(ends, _LINE * (high - low)).items():
        axes.annotate(
            f"{model} {ends[model]:.2f}",
            (1, height),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=INK,
            annotation_clip=False,
        )
    return figure


def _spread(places: dict[str, float], gap: float) -> dict[str, float]:
    """The same places, moved apart until no two are closer than `gap`, about the same middle."""
    order = sorted(places, key=lambda name: (places[name], name))
    groups: list[list[str]] = []
    centres: list[float] = []
    for name in order:
        groups.append([name])
        centres.append(places[name])
        while len(groups) > 1 and (
            centres[-1] - centres[-2] < gap * (len(groups[-1]) + len(groups[-2])) / 2
        ):
            merged = groups[-2] + groups[-1]
            groups[-2:] = [merged]
            centres[-2:] = [sum(places[member] for member in merged) / len(merged)]
    return {
        name: centre + gap * (index - (len(group) - 1) / 2)
        for group, centre in zip(groups, centres, strict=True)
        for index, name in enumerate(group)
    }
