"""Which stage starts next."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.repository.schedule import Schedule


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Up to ten stages, each of which reads some of those before it."""
    reads: dict[str, set[str]] = {}
    for number in range(draw(st.integers(1, 10))):
        reads[f"s{number}"] = draw(st.sets(st.sampled_from([*reads]))) if reads else set()
    names = draw(st.permutations([*reads]))
    return {name: reads[name] for name in names}


def ancestors(reads: dict[str, set[str]], stage: str) -> set[str]:
    return reads[stage].union(*(ancestors(reads, name) for name in reads[stage]))


@pytest.mark.slow
@given(graphs(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_stage_starts_once_and_after_those_it_reads(
    reads: dict[str, set[str]], jobs: int, random: Random
) -> None:
    schedule = Schedule(reads)
    started: list[str] = []
    running: list[str] = []
    ended: set[str] = set()
    while True:
        while len(running) < jobs and (stage := schedule.start()) is not None:
            assert reads[stage] <= ended
            started.append(stage)
            running.append(stage)
        if not running:
            break
        stage = running.pop(random.randrange(len(running)))
        ended.add(stage)
        schedule.end(stage)
    assert sorted(started) == sorted(reads)


@pytest.mark.slow
@given(graphs(), st.integers(1, 6), st.integers(1, 16))
def test_stages_that_can_run_together_share_the_cores(
    reads: dict[str, set[str]], jobs: int, cores: int
) -> None:
    schedule = Schedule(reads)
    for stage in reads:
        threads = schedule.threads(stage, jobs=jobs, cores=cores)
        assert max(1, cores // jobs) <= threads <= cores
        related = ancestors(reads, stage) | {s for s in reads if stage in ancestors(reads, s)}
        if related == reads.keys() - {stage}:
            assert threads == cores, "it always runs alone"


def test_the_stage_that_most_others_wait_for_goes_first() -> None:
    reads: dict[str, list[str]] = {
        "short": [], "long": [], "a": ["long"], "b": ["long"], "c": ["short"], "d": ["c", "b"],
    }  # fmt: skip
    schedule = Schedule(reads)
    assert [schedule.start(), schedule.start(), schedule.start()] == ["long", "short", None]
    schedule.end("short")
    assert schedule.start() == "c"


def test_of_two_with_as_many_to_follow_the_one_that_reads_more_goes_first() -> None:
    reads: dict[str, list[str]] = {"x": [], "y": [], "one": ["x"], "two": ["x", "y"]}
    schedule = Schedule(reads)
    for stage in (schedule.start(), schedule.start()):
        schedule.end(str(stage))
    assert [schedule.start(), schedule.start()] == ["two", "one"]


def test_stages_that_are_not_run_count_as_done() -> None:
    assert Schedule({"analysis": ["training"]}).start() == "analysis"


@pytest.fixture(scope="module")
def order(reads: dict[str, set[str]]) -> list[str]:
    """The stages of this repository in the order in which two jobs would start them.

    Each stage ends when it is the only other one that can.
    """
    schedule = Schedule(reads)
    started: list[str] = []
    running: list[str] = []
    while len(started) < len(reads) or running:
        while len(running) < 2 and (stage := schedule.start()) is not None:
            started.append(stage)
            running.append(stage)
        schedule.end(running.pop(0))
    return started


def starts(order: list[str], step: str) -> list[int]:
    return [number for number, name in enumerate(order) if name.partition("@")[0] == step]


def test_the_experimental_model_is_trained_with_the_first_controls(order: list[str]) -> None:
    (experimental,) = starts(order, "pretrain-experimental")
    packed = max(starts(order, "pack"))
    assert experimental <= packed + 2, "a control may start while the last sequences are packed"
    assert len([n for n in starts(order, "pretrain") if n < experimental]) <= 1


def test_the_longest_analyses_start_first(order: list[str]) -> None:
    last = max(starts(order, "uncertainty"))
    others = starts(order, "factorize") + starts(order, "sets")
    assert len([n for n in others if n < last]) <= 1
