"""The sentences of the page. They take numbers, and know neither tables nor figures."""

from collections.abc import Iterable
from math import isnan

from langsig.figures.labels import (
    CATEGORY_LABELS,
    MEASURE_LABELS,
    NORMALISATION_LABELS,
    OUTCOME_LABELS,
    PROPERTY_LABELS,
    SOURCE_LABELS,
    layer_range,
    readable,
)
from langsig.report.statistics import (
    BaselineStatistics,
    Caveats,
    CorrelationStatistics,
    CoverageStatistics,
    DistanceStatistics,
    Estimate,
    Extent,
    FindingStatistics,
    FitStatistics,
    IntervalStatistics,
    LearnedStatistics,
    LearningStatistics,
    Levels,
    MeasureStatistics,
    OutcomeStatistics,
    Pair,
    Range,
    RankStatistics,
    Recommendation,
    Share,
    SpreadStatistics,
    Strongest,
    TreeAgreement,
    TrendStatistics,
    UntrainedTrend,
    VarianceStatistics,
)

REFERENCES = {
    "upos": "the parts of speech of the words",
    "features": "the parts of speech of the words and the values of their categories",
    "context": "static vectors of the sub-words of each word and of its neighbours",
    "untrained": "the states of a model of the same shape with random weights",
    "parallel": "the mean vector of each sentence in the other languages",
}
"""What states are compared with, other than the states of control models."""
_SIGNIFICANT = "adjusted p < .05"
_MOST_NAMES = 8  # in a list


# ---- words and numbers


def number(value: float, form: str = ".3g") -> str:
    """A number with a true minus sign, by default with three significant digits."""
    if isnan(value):
        return "–"
    text = format(value, form)
    return text.replace("-", "−" if float(text.replace(",", "")) else "")


def counted(count: int, noun: str) -> str:
    """``1 language``, ``2 languages``, ``0 categories``."""
    if count != 1:
        noun = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun}"


def range_of(values: Range, form: str = ".3g") -> str:
    """``8`` or ``3 to 8``."""
    low, high = number(values.low, form), number(values.high, form)
    return low if low == high else f"{low} to {high}"


def listed(names: Iterable[str]) -> str:
    """``a, b and c``; of many names the first few and the number of the others."""
    items = list(names)
    if len(items) > _MOST_NAMES:
        items = [*items[: _MOST_NAMES - 1], f"{len(items) - _MOST_NAMES + 1} more"]
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _estimate(estimate: Estimate) -> str:
    return (
        f"{number(estimate.value)}, 95 % interval {number(estimate.low)} to {number(estimate.high)}"
    )


def _share(share: Share) -> str:
    return f"{share.count:,} of {share.total:,}"


def _layers(layers: Iterable[int]) -> str:
    names = [str(layer) for layer in layers]
    return f"layer{'s' if len(names) > 1 else ''} {listed(names)}"


def _too_few(share: Share) -> str:
    if not share.count:
        return ""
    return (
        f" {_share(share)} rows are based on too few languages: they are pale and left out of "
        "the correction."
    )


def joined(*sentences: str) -> str:
    """The sentences that are not empty, separated by spaces."""
    return " ".join(sentence for sentence in sentences if sentence)


# ---- caveats, in several sections


def caveats(numbers: Caveats) -> str:
    """Which fits failed a check and which models have not learnt; empty if there are none."""
    parts = []
    if numbers.failed_layers:
        fits = "fit" if len(numbers.failed_layers) == 1 else "fits"
        parts.append(f"the {fits} of {_layers(numbers.failed_layers)} failed a check (*)")
    if numbers.failed_fits and numbers.failed_fits.count:
        parts.append(f"{_share(numbers.failed_fits)} fits failed a check (*)")
    if numbers.unlearnt:
        plural = len(numbers.unlearnt) > 1
        parts.append(
            f"{'these models have' if plural else 'this model has'} not learnt (†): "
            f"{listed(numbers.unlearnt)}"
        )
    return f"Read with care: {'; '.join(parts)}." if parts else ""


# ---- the question, and the overview


def question(numbers: Extent) -> str:
    """What the page is about."""
    families = f" of {counted(numbers.families, 'family')}" if numbers.families else ""
    languages = counted(numbers.languages, "language")
    subject = f"each of {languages}{families}" if numbers.languages != 1 else "its language"
    asked = (
        f"How strongly, and in which directions, does one multilingual model represent {subject}?"
    )
    if not numbers.layers:
        return asked
    categories = counted(numbers.categories, "category")
    return (
        f"{asked} The page covers {counted(numbers.layers, 'layer')} and {categories} of words, "
        "one of which is all words."
    )


def overview(levels: Levels | None, trends: TrendStatistics | None) -> str:
    """The main results."""
    sentences = []
    if levels:
        sentences.append(
            f"Averaged over the layers, signatures of all words are strongest in {levels.highest} "
            f"and weakest in {levels.lowest}."
        )
    if trends:
        decreasing = len(trends.significantly_decreasing)
        increasing = len(trends.significantly_increasing)
        languages = counted(trends.languages, "language")
        sentences.append(
            "From the lower to the upper layers, they decrease significantly in "
            f"{decreasing or 'none'} of {languages} and increase significantly in "
            f"{increasing or 'none'}."
            if decreasing or increasing
            else f"None of {languages} shows a significant trend over the layers."
        )
    return " ".join(sentences) or "This run has no signatures."


def compared_with(reference: str, checkpoint: str | None) -> str:
    """What states are compared with instead of those of monolingual models."""
    sentence = (
        "The states of the multilingual model are not compared with those of monolingual models, "
        f"but with a reference: {REFERENCES[reference]}."
    )
    if checkpoint is None:
        return sentence
    return (
        f"{sentence} The multilingual model is the checkpoint {checkpoint}; what it has learnt was "
        "not measured."
    )


def overview_certainty(learning: LearningStatistics, fits: FitStatistics | None) -> str:
    """Whether models and factorisations can be relied on."""
    sentences = []
    if learning.models.total:
        sentences.append(
            f"{learning.models.count} of {counted(learning.models.total, 'model')} "
            f"{'has' if learning.models.count == 1 else 'have'} learnt more than token frequencies."
        )
    if fits:
        sentences.append(
            f"{fits.failed.count:,} of {counted(fits.failed.total, 'factorisation')} failed a "
            f"check{_of_all_words(fits)}."
        )
        if fits.matched_layers:
            pairs = ", ".join(f"{control}–{layer}" for control, layer in fits.matched_layers)
            sentences.append(
                "The models differ in depth, so layers are paired by relative depth "
                f"(monolingual–multilingual): {pairs}."
            )
    return " ".join(sentences)


def _of_all_words(fits: FitStatistics) -> str:
    if not fits.failed.count:
        return ""
    everything = fits.failed_all_words == fits.failed.count
    return f", {'all' if everything else fits.failed_all_words or 'none'} of them for all words"


def overview_limits(languages: int) -> str:
    """What the run as a whole cannot show."""
    return (
        f"Statistics over {counted(languages, 'language')} have little power, and each model was "
        "trained only once."
    )


# ---- learning


def learning(numbers: LearningStatistics) -> str:
    """What the models gained over token frequencies."""
    sentences = []
    if numbers.experimental_gain is not None:
        sentences.append(
            "On held-out text, the cross-entropy of the multilingual model ends "
            f"{number(numbers.experimental_gain, '.2f')} nats per token below that of token "
            "frequencies."
        )
    elif numbers.checkpoint:
        sentences.append(
            f"The multilingual model is the checkpoint {numbers.checkpoint}; what it has learnt "
            "was not measured."
        )
    if numbers.lowest and numbers.highest:
        (lowest, low), (highest, high) = numbers.lowest, numbers.highest
        sentences.append(
            f"The gains of the monolingual models range from {number(low, '.2f')} ({lowest}) to "
            f"{number(high, '.2f')} ({highest})."
        )
    return " ".join(sentences)


def learning_certainty(numbers: LearningStatistics) -> str:
    """Which models have not learnt, and how the gain was measured."""
    margin = (
        ""
        if numbers.margin is None
        else f" A model counts as learnt from a gain of {numbers.margin:g} nats (dashed line)."
    )
    models = (
        f"Not learnt: {listed(numbers.unlearnt)}."
        if numbers.unlearnt
        else "All models have learnt."
        if numbers.models.total > 1
        else "The multilingual model has learnt."
    )
    return (
        f"{models}{margin} Gains were measured once, on one sample of held-out text with one "
        "choice of masked tokens."
    )


LEARNING_LIMITS = (
    "A gain is relative to token frequencies within a language, so gains cannot be compared "
    "between languages with different vocabularies. Predicting masked tokens says little about "
    "morphology."
)


# ---- average signatures


def levels(numbers: Levels) -> str:
    """Average signatures by layer and by language."""
    return (
        f"For all words, the mean over {counted(numbers.languages, 'language')} goes from "
        f"{number(numbers.first_mean)} in layer {numbers.first_layer} to "
        f"{number(numbers.last_mean)} in layer {numbers.last_layer}. Averaged over the layers, "
        f"{numbers.highest} is highest ({number(numbers.highest_mean)}) and {numbers.lowest} "
        f"lowest ({number(numbers.lowest_mean)})."
    )


def levels_certainty(numbers: IntervalStatistics | None) -> str:
    """How precise the average signatures are; empty if there are no intervals."""
    if not numbers:
        return ""
    return (
        "The 95 % intervals over sentences and the choice among starts have a median half-width of "
        f"±{100 * numbers.half_width:.1f} %. {_share(numbers.distinguishable)} signatures are "
        f"distinguishable from those of unrelated vectors ({_SIGNIFICANT}, corrected within each "
        "layer)."
    )


def levels_limits(agreement_with_scale: float | None) -> str:
    """What average signatures depend on besides the languages."""
    scale = (
        ""
        if agreement_with_scale is None
        else " The total variance of the multilingual model's states alone has a Spearman "
        f"correlation of {number(agreement_with_scale, '.2f')} with them (median over the layers)."
    )
    return (
        "Average signatures depend on the scale of the hidden states and on the number of words."
        f"{scale} Each model was trained with one seed; the effect of other seeds is unknown."
    )


# ---- learned signatures


def learned(numbers: LearnedStatistics) -> str:
    """What both models share that neither had before training, by layer and by language."""
    return (
        "Learned signatures measure what both models share that neither had before training, on "
        f"lemmas that did not choose the directions. {levels(numbers.levels)}"
    )


def learned_certainty(numbers: LearnedStatistics) -> str:
    """How precise the levels are, and whether they repeat."""
    names = {"sentences": "even and odd blocks of sentences", "start": "the two best starts"}
    repeats = listed(
        f"{number(value, '.2f')} between {names[varied]}"
        for varied, value in numbers.repeats.items()
    )
    return joined(
        levels_certainty(numbers.intervals).replace("unrelated vectors", "unrelated models"),
        f"Spearman's correlation over languages is {repeats} (median over the layers)."
        if repeats
        else "",
    )


NO_LEARNED_LEVELS = "There are no levels of learned signatures."
LEARNED_LIMITS = (
    "Levels compare languages and layers of these models. What is shared may be grammar, or a "
    "likeness of lexicons: words are not compared across languages. Each model was trained with "
    "one seed."
)


# ---- findings


def findings(numbers: Iterable[FindingStatistics]) -> str:
    """In how many variants each finding holds."""
    parts = []
    for finding in numbers:
        trained = (
            f" (trained models, not normalised: {_estimate(finding.trained)})"
            if finding.trained
            else ""
        )
        parts.append(f"“{finding.name}” in {_share(finding.holds)}{trained}")
    return (
        "A finding holds in a variant if the whole 95 % interval supports it. Variants in which "
        f"the findings hold: {'; '.join(parts)}."
    )


FINDINGS_CERTAINTY = (
    "Intervals account for resampled blocks of sentences and for the choice among starts of the "
    "factorisation. A finding is robust only if the variants agree."
)


def findings_limits(numbers: Iterable[FindingStatistics]) -> str:
    """Whether untrained models show the findings, too."""
    tested = [finding for finding in numbers if finding.untrained is not None]
    if not tested:
        return "Untrained models were not analysed, so training may not be the cause."
    shown = [f"“{finding.name}”" for finding in tested if finding.untrained]
    if not shown:
        return "Untrained models show none of these findings in any variant."
    return (
        f"Untrained models also show {listed(shown)}, so training is not needed to explain "
        f"{'it' if len(shown) == 1 else 'them'}."
    )


# ---- trends


def trends(numbers: TrendStatistics) -> str:
    """How many languages decrease or increase over the layers."""
    names = numbers.significantly_decreasing
    significant = (
        f"{counted(len(names), 'decrease')} {'is' if len(names) == 1 else 'are'} significant: "
        f"{listed(names)}."
        if names
        else "no decrease is significant."
    )
    return (
        "For all words, average signatures decrease over the layers in "
        f"{numbers.decreasing or 'none'} of {counted(numbers.languages, 'language')} and increase "
        f"in {numbers.increasing or 'none'}. After correction, {significant}"
    )


def trends_certainty(numbers: TrendStatistics) -> str:
    """Which tests were made."""
    return (
        f"Mann–Kendall tests over {range_of(numbers.layers)} layers, with Benjamini–Hochberg "
        "correction over the languages of each category. Allowing for autocorrelation (Hamed and "
        f"Rao), the trend is significant in {numbers.hamed_rao or 'none'} of "
        f"{counted(numbers.languages, 'language')}."
    )


def trends_limits(untrained: UntrainedTrend | None) -> str:
    """Why the p-values are too small, and what untrained models do."""
    layers = "The layers of a network build on one another, so these p-values are too small."
    if not untrained:
        return layers
    verb = {
        "yes": "also decrease",
        "no": "increase instead",
        "undecided": "show no clear trend",
    }[untrained.holds]
    return (
        f"{layers} Signatures of untrained models {verb} (slope per layer on a logarithmic scale: "
        f"{_estimate(untrained.slope)})."
    )


# ---- spread


def spread(numbers: SpreadStatistics) -> str:
    """Where languages are most alike and most different."""
    return (
        f"For all words, languages are most alike in layer {numbers.smallest_layer} (variance "
        f"{number(numbers.smallest)}) and most different in layer {numbers.largest_layer} "
        f"({number(numbers.largest)})."
    )


def spread_certainty(numbers: SpreadStatistics) -> str:
    """How uncertain a variance over few languages is."""
    return (
        f"If the average signatures of {counted(numbers.languages, 'language')} were independent "
        "and normally distributed, the 95 % interval of a variance would run from "
        f"{number(numbers.factors.low)} to {number(numbers.factors.high)} times its estimate."
    )


SPREAD_LIMITS = (
    "Variance shrinks with the level: where signatures are weak, languages are close together "
    "without being more alike."
)


# ---- correlations


def _strongest(numbers: Strongest | None) -> str:
    if not numbers:
        return "None of the correlations can be computed."
    labels = {**PROPERTY_LABELS, **CATEGORY_LABELS}
    names = ", ".join(readable(name, labels) for name in numbers.names)
    layer = "averaged over the layers" if numbers.layer is None else f"in layer {numbers.layer}"
    return (
        f"The strongest is {number(numbers.pearson.value)} (95 % interval "
        f"{number(numbers.pearson.low)} to {number(numbers.pearson.high)}, "
        f"n = {numbers.languages}): {names}, {layer}."
    )


def correlations(numbers: CorrelationStatistics) -> str:
    """How many correlations with properties are significant."""
    within = (
        f"; {numbers.within_genera} of these also within genera (permutation test)"
        if numbers.significant.count
        else ""
    )
    return (
        f"{_share(numbers.significant)} correlations are significant ({_SIGNIFICANT}){within}. "
        f"{_strongest(numbers.strongest)}"
    )


def correlations_certainty(numbers: CorrelationStatistics) -> str:
    """Which tests were made."""
    return (
        f"Pearson correlations over {range_of(numbers.languages)} languages. The "
        "Benjamini–Hochberg correction covers all categories and layers of a property, and "
        f"separately all means over the layers.{_too_few(numbers.too_few)}"
    )


CORRELATIONS_LIMITS = (
    "Related languages are not independent: a correlation that does not hold within genera may "
    "only reflect differences between genera. None of these correlations shows a cause."
)


def benchmarks(numbers: CorrelationStatistics) -> str:
    """How many correlations with benchmark scores are significant."""
    return (
        f"{_share(numbers.significant)} correlations are significant ({_SIGNIFICANT}). "
        f"{_strongest(numbers.strongest)}"
    )


def benchmarks_certainty(numbers: CorrelationStatistics) -> str:
    """Which tests were made."""
    return (
        f"Pearson correlations over {range_of(numbers.languages)} languages. The "
        f"Benjamini–Hochberg correction covers the whole table.{_too_few(numbers.too_few)}"
    )


BENCHMARKS_LIMITS = (
    "The scores are of other models, trained on other text. A correlation shows that the same "
    "languages are easy for both, not why."
)


# ---- distances and trees


def _pair(pair: Pair) -> str:
    return f"{listed(pair.languages)} ({number(pair.distance)})"


def distances(numbers: DistanceStatistics) -> str:
    """The closest and the most distant languages."""
    means = ", ".join(f"{name} {number(mean)}" for name, mean in numbers.means.items())
    sentence = (
        f"For all words in layer {numbers.layer}, {_pair(numbers.closest)} are closest and "
        f"{_pair(numbers.farthest)} are farthest apart."
    )
    return f"{sentence} Mean distances: {means}." if means else sentence


def distances_certainty(numbers: DistanceStatistics) -> str:
    """How the distances were estimated."""
    return f"{counted(numbers.pairs, 'pair')} per layer; point estimates without intervals."


DISTANCES_LIMITS = (
    "Signatures are close if the same directions are strong. Languages with similar numbers of "
    "words or with the same script may be close for that reason alone."
)


def trees(count: int, agreement: TreeAgreement | None) -> str:
    """How well the trees agree with known families."""
    if not agreement:
        return f"{counted(count, 'tree')}, built by average linkage (UPGMA)."
    observed = "; ".join(
        f"{name} {number(value, '.2f')} ({number(expected, '.2f')} by chance)"
        for name, value, expected in agreement.observed
    )
    words = (
        f"For all words in layer {agreement.layer}, agreement with known families is: {observed}. "
        if agreement.observed
        else ""
    )
    return (
        f"{words}{_share(agreement.significant)} statistics of all trees are better than chance "
        f"({_SIGNIFICANT})."
    )


def trees_certainty(agreement: TreeAgreement | None) -> str:
    """How the agreement was tested."""
    if not agreement:
        return "The trees are single estimates without support values."
    return (
        f"The p-values come from permuting the names of {range_of(agreement.languages)} languages. "
        "The Benjamini–Hochberg correction covers all trees, separately for each statistic."
        f"{_too_few(agreement.too_few)}"
    )


TREES_LIMITS = (
    "A tree can be drawn whether or not the languages form one. Languages may also be joined by "
    "script or by amount of text, and borrowing is not shown."
)


# ---- sets of languages


def variances(numbers: VarianceStatistics) -> str:
    """Whether diverse languages vary more than related ones."""
    tests = "; ".join(f"{name} {_share(share)}" for name, share in numbers.by_test.items())
    return (
        f"Diverse languages vary more than related ones in {numbers.larger.count:,} of "
        f"{counted(numbers.larger.total, 'comparison')}. Significant results ({_SIGNIFICANT}) by "
        f"test: {tests or 'none tested'}."
    )


def variances_certainty(numbers: VarianceStatistics) -> str:
    """Which sets were compared."""
    return (
        f"Sets of {range_of(numbers.diverse_languages)} diverse and "
        f"{range_of(numbers.related_languages)} related languages. The Benjamini–Hochberg "
        f"correction covers all results of a test.{_too_few(numbers.too_few)}"
    )


VARIANCES_LIMITS = (
    "The chi-square test of the paper treats the variance of the related languages as known. As "
    "it is only estimated, the test rejects too often; the permutation test does not."
)


# ---- other measures


def baselines(numbers: BaselineStatistics) -> str:
    """How well simpler measures agree with the average signature."""
    measures = "; ".join(
        f"{readable(name)} {number(median)}" for name, median in numbers.medians.items()
    )
    return (
        "Spearman correlation with the average signature of all words, median over the layers: "
        f"{measures}."
    )


def baselines_certainty(numbers: BaselineStatistics) -> str:
    """Over how many languages they were computed."""
    return (
        f"Computed over {range_of(numbers.languages)} languages, without intervals or correction."
    )


def baselines_limits(numbers: BaselineStatistics) -> str:
    """What agreement of a simpler measure means."""
    agreement = "A simpler measure that agrees explains the ranking of the languages equally well."
    if not numbers.explained:
        return agreement
    percent = Range(100 * numbers.explained.low, 100 * numbers.explained.high)
    return (
        f"{agreement} Singular values explain {range_of(percent, '.1f')} % of the variance of log "
        "signatures; the remainder may be specific to this training seed."
    )


def _measure(measure: str, source: str | None, normalise: str | None) -> str:
    details = [
        readable(value, labels)
        for value, labels in ((source, SOURCE_LABELS), (normalise, NORMALISATION_LABELS))
        if value is not None
    ]
    return f"{readable(measure)} ({', '.join(details)})" if details else readable(measure)


def measures(numbers: MeasureStatistics) -> str:
    """How many tests are significant for each measure."""
    made = f"{counted(numbers.tests, 'test')} on {counted(numbers.measures, 'measure')}."
    significant = {key: share for key, share in numbers.by_measure.items() if share.count}
    if not significant:
        return f"{made} No result is significant ({_SIGNIFICANT})."
    shares = "; ".join(f"{_measure(*key)} {_share(share)}" for key, share in significant.items())
    others = len(numbers.by_measure) - len(significant)
    rest = f"; none for {counted(others, 'other measure')}" if others else ""
    return f"{made} Significant results ({_SIGNIFICANT}): {shares}{rest}."


def measures_certainty(numbers: MeasureStatistics) -> str:
    """How many rows have a p-value."""
    return f"{numbers.tested:,} of {counted(numbers.rows, 'row')} have a p-value."


MEASURES_LIMITS = (
    "Where the measures agree, a result does not depend on PARAFAC2. Where they disagree, none of "
    "them is known to be right."
)


# ---- outcomes


def outcomes(numbers: OutcomeStatistics) -> str:
    """How well languages fit, and what the model does in them."""
    measured = "; ".join(
        f"{readable(name, OUTCOME_LABELS)} {range_of(values, '.2f')}"
        for name, values in numbers.outcomes.items()
    )
    return (
        f"The fit of {counted(numbers.languages, 'language')} is "
        f"{range_of(numbers.fit, '.2f')}, mean over {layer_range(numbers.layers)}. Its whole "
        f"interval lies above the null in {numbers.above_null} of them, and above the fit of "
        f"random weights in {numbers.above_untrained}. Range over languages: {measured}."
    )


def outcomes_certainty(numbers: OutcomeStatistics) -> str:
    """What predicts outcomes."""
    if numbers.threshold is None:
        return (
            "There are too few languages to say what predicts these outcomes; at least eight are "
            "needed."
        )
    base = "sub-words per word and the largest family"
    method = (
        f"Partial rank correlations given {base} must exceed {number(numbers.threshold, '.2f')}, "
        "the family-wise threshold, and their intervals must exclude 0."
    )
    if not numbers.predicted:
        return f"No measure predicts any outcome beyond {base}. {method}"
    pairs = listed(
        f"{readable(outcome, OUTCOME_LABELS)} by {readable(measure, MEASURE_LABELS)}"
        for measure, outcome in numbers.predicted
    )
    return f"Predicted beyond {base}: {pairs}. {method}"


OUTCOMES_LIMITS = (
    "Probes and transfer use the annotation of the treebanks, which differ in genre and in how "
    "labels are used. The model was trained once; another training run could rank languages "
    "differently. With few languages, only strong correlations are distinguishable from chance."
)


# ---- ranks and factorisations


_DECISIONS = {
    "mean held-out error": "by the mean held-out error",
    "no stable rank": "the smallest candidate, as none is stable in all layers",
}
"""How a rank was decided, where nothing limits it."""


def _recommendation(recommendation: Recommendation) -> str:
    rank = "none" if recommendation.rank is None else str(recommendation.rank)
    where = "all layers" if recommendation.layer is None else f"layer {recommendation.layer}"
    decided = recommendation.decided_by
    return f"{rank} for {where} ({_DECISIONS.get(decided, f'limited by {decided}')})"


def ranks(numbers: RankStatistics) -> str:
    """The rank in use, and the recommended ranks."""
    percent = Range(100 * numbers.errors.low, 100 * numbers.errors.high)
    used = (
        f"The run uses {range_of(numbers.ranks)} components, which leave "
        f"{range_of(percent, '.1f')} % of the squared norm unexplained."
    )
    for_all_first = sorted(numbers.recommendations, key=lambda row: row.layer is not None)
    recommended = "; ".join(map(_recommendation, for_all_first))
    return f"{used} Recommended: {recommended}." if recommended else used


def ranks_certainty(numbers: RankStatistics) -> str:
    """Whether the best and the next best start agree at the rank in use."""
    unstable = (
        f"; it is below {numbers.threshold:g}, or a fit did not converge, in "
        f"{_layers(numbers.unstable_layers)}"
        if numbers.unstable_layers
        else ""
    )
    return (
        "At the rank in use, the agreement of the two starts of the lowest losses is "
        f"{range_of(numbers.agreement)}{unstable}."
    )


RANKS_LIMITS = (
    "A held-out error that keeps falling only shows that there are many sentences. It gives an "
    "upper limit, not the true number of components."
)


def factorisations(numbers: FitStatistics) -> str:
    """How many fits failed a check, and why."""
    reasons = ", ".join(f"{name} ({count:,})" for name, count in numbers.by_check.items())
    failed = f"{numbers.failed.count:,} of {counted(numbers.failed.total, 'fit')} failed a check"
    return f"{failed}: {reasons}." if reasons else f"{failed}."


def factorisations_certainty(numbers: FitStatistics) -> str:
    """Errors and agreement of the fits of all words."""
    return (
        f"For all words, the relative error is {range_of(numbers.errors)}. Signatures are those of "
        f"the lowest loss among {range_of(numbers.starts_all_words)} starts; their agreement with "
        f"the next best start is {range_of(numbers.agreement)}. All categories have fits from "
        f"{range_of(numbers.starts)} starts."
    )


FACTORISATIONS_LIMITS = (
    "A fit that passes its checks is reproducible, but not necessarily right: another ridge or "
    "another rank gives other levels."
)


# ---- treebanks


def coverage(numbers: CoverageStatistics) -> str:
    """Which categories have enough words."""
    return (
        f"{counted(numbers.enough, 'pair')} of language and category "
        f"{'has' if numbers.enough == 1 else 'have'} enough words. {numbers.complete} of "
        f"{counted(numbers.categories, 'category')} have enough in {numbers.complete_languages} "
        f"languages, and {numbers.rare} in fewer than four."
    )


def coverage_certainty(numbers: CoverageStatistics) -> str:
    """How many words there are, and where they are too few."""
    return (
        f"The treebanks have {range_of(numbers.words, ',.0f')} words per language. "
        f"{counted(numbers.too_few, 'pair')} of language and category "
        f"{'has' if numbers.too_few == 1 else 'have'} too few words for a slice (pale)."
    )


COVERAGE_LIMITS = (
    "A category is what annotators marked. Treebanks differ in guidelines, genre and size, so one "
    "category may mean different things in different languages."
)
