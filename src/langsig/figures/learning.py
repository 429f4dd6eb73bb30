"""Gains of the models over token frequencies during training."""

from matplotlib.figure import Figure

from langsig.figures.canvas import TITLE, canvas
from langsig.figures.palette import FILL, INK
from langsig.schemas import LearningCurves

_HEIGHT = 3.6  # inches
_LINE = 0.045  # of the height of the axes: distance between the names of two curves
_EXPERIMENTAL = "experimental"


def learning_curves(curves: LearningCurves, *, margin: float, title: str) -> Figure:
    """Gain of each model over token frequencies on held-out text, over the course of training.

    The gain is the cross-entropy of token frequencies minus that of the model, in nats per token.
    The experimental model has a thick line. A dashed line marks the gain at which a model counts
    as learnt.

    Parameters
    ----------
    margin
        Smallest gain, in nats per token, at which a model counts as learnt.
    """
    figure, axes = canvas(6.0, _HEIGHT)
    ends = {}
    for model, curve in curves.frame.groupby("model"):
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
    axes.annotate(
        "counts as learnt", (0, margin), xytext=(2, 3), textcoords="offset points", fontsize=7
    )
    axes.set(
        xlabel="share of the training steps",
        ylabel="gain over token frequencies (nats per token)",
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


def _spread(heights: dict[str, float], gap: float) -> dict[str, float]:
    """Move heights apart until no two are closer than `gap`; groups keep their mean height."""
    order = sorted(heights, key=lambda name: (heights[name], name))
    groups: list[list[str]] = []
    centres: list[float] = []
    for name in order:
        groups.append([name])
        centres.append(heights[name])
        while len(groups) > 1 and (
            centres[-1] - centres[-2] < gap * (len(groups[-1]) + len(groups[-2])) / 2
        ):
            merged = groups[-2] + groups[-1]
            groups[-2:] = [merged]
            centres[-2:] = [sum(heights[member] for member in merged) / len(merged)]
    return {
        name: centre + gap * (index - (len(group) - 1) / 2)
        for group, centre in zip(groups, centres, strict=True)
        for index, name in enumerate(group)
    }
