"""Commands that are killed with SIGKILL at a random moment, and run again."""

import shutil
import time
from pathlib import Path

from tests.clones import Clone
from tests.torture.programs import Ended, Program, kill_alone, kill_group, run
from tests.torture.trials import Torture, cause
from tests.torture.undisturbed import start, succeed

LANGUAGES = ("qaa", "qab", "qah")
_KILLS = 5  # per run of everything
_LONGEST = 20  # seconds until the next of them
_ORPHAN = 10  # seconds in which a stage ends
_LESS_OFTEN = 4  # than other kills
_MOST = 5  # commands to transfer everything
UP_TO_DATE = "Everything is up to date"  # says DVC
NAMES_COMMIT = frozenset({"report"})  # which shows the revision of Git


def nothing(torture: Torture) -> None:
    """``dvc repro`` of everything, which is not disturbed at all."""
    for number, _ in torture.missing("undisturbed", "dvc repro", 1):
        clone = start(torture.folder / "dvc")
        ended = run(clone, "dvc", "repro")
        losses = torture.reference.losses(clone, but=NAMES_COMMIT)
        torture.end(
            "undisturbed", "dvc repro", number, "to the end", ended, [ended], losses, clone=clone
        )
        shutil.rmtree(clone.folder)


def stages(torture: Torture) -> None:
    """Every kind of stage, while ``dvc repro`` or ``langsig repro`` runs it."""
    for kind in torture.kinds:
        if torture.missing("stages", kind):
            with torture.clone("stages") as clone:
                _kind(torture, kind, clone)


def _kind(torture: Torture, kind: str, clone: Clone) -> None:
    reference, names = torture.reference, torture.kinds[kind]

    def command(program: str, name: str) -> tuple[str, ...]:
        single = ("dvc", "repro", "--single-item", name)
        return single if program == "dvc" else torture.repro(0)

    usual: dict[str, float] = {}
    for program in ("dvc", "langsig"):
        reference.forget(clone, names[0])
        usual[program] = succeed(clone, *command(program, names[0])).seconds
        assert reference.losses(clone) == [], kind
    for number, random in torture.missing("stages", kind):
        name, program = random.choice(names), random.choice([*usual])
        seconds = random.uniform(0, usual[program])
        reference.forget(clone, name)
        killed = Program(clone, *command(program, name)).kill_after(seconds)
        again, remark = torture.again(clone, number)
        moment = f"{program} repro of {name} after {seconds:.2f} of {usual[program]:.2f} s"
        losses = [] if again[-1].code else reference.losses(clone)
        usual[program] = _shorter(usual[program], killed)
        if not torture.end(
            "stages", kind, number, moment, killed, again, losses, remark=remark, clone=clone
        ):
            reference.copy(clone.folder)


def _shorter(usual: float, ended: Ended) -> float:
    """The time that a command usually takes, now that it has run again, to its end or not."""
    return usual if ended.code else min(usual, ended.seconds)


def whole_runs(torture: Torture) -> None:
    """``langsig repro`` and ``dvc repro`` of everything, several times in each run.

    Only the process group of the command is killed. What ``langsig repro`` has started in other
    groups must end with it.
    """
    missing = torture.missing("repro", "everything")
    for first in range(0, len(missing), _KILLS):
        clone = start(torture.folder / "repro")
        killed = []
        for number, random in missing[first : first + _KILLS]:
            seconds = random.uniform(0, _LONGEST)
            running = Program(clone, *torture.repro(number), environment={"LANGSIG_WARM": ""})
            moment = f"{torture.repro(number)[0]} repro after {seconds:.1f} s"
            killed.append((number, moment, running.kill_after(seconds, kill_group)))
        again, remark = torture.again(clone, first)
        losses = [] if again[-1].code else torture.reference.losses(clone, but=NAMES_COMMIT)
        for number, moment, ended in killed:
            refused = [f"refused: {cause(ended)}"] if ended.code > 0 else []
            torture.end(
                "repro", "everything", number, moment, ended, again, losses + refused,
                remark=remark, clone=clone,
            )  # fmt: skip
        shutil.rmtree(clone.folder)


def orphans(torture: Torture) -> None:
    """``dvc repro`` alone is killed, and the stage that it has started runs on meanwhile."""
    case, name = "dvc repro", "pretrain-experimental"
    missing = torture.missing("orphans", case, -(-torture.times // _LESS_OFTEN))
    if not missing:
        return
    command = ("dvc", "repro", "--single-item", name)
    with torture.clone("orphans") as clone:
        torture.reference.forget(clone, name)
        usual = succeed(clone, *command).seconds
        for number, random in missing:
            torture.reference.forget(clone, name)
            seconds = random.uniform(usual / 3, usual)
            killed = Program(clone, *command).kill_after(seconds, kill_alone)
            refused = run(clone, *torture.repro(number))
            time.sleep(_ORPHAN)
            again, remark = torture.again(clone, number)
            losses = [] if again[-1].code else torture.reference.losses(clone)
            remark = "; ".join(filter(None, [cause(refused) if refused.code else "", remark]))
            moment = f"{name} after {seconds:.2f} of {usual:.2f} s"
            usual = _shorter(usual, killed)
            if not torture.end(
                "orphans", case, number, moment, killed, [refused, *again], losses, remark=remark,
                clone=clone,
            ):  # fmt: skip
                torture.reference.copy(clone.folder)


def push(torture: Torture) -> None:
    """``dvc push`` to a folder; afterwards a new clone pulls everything."""
    missing, remotes = torture.missing("push", "dvc push"), torture.folder / "remotes"
    if not missing:
        return
    with torture.clone("push") as clone:
        usual = _push_to(clone, remotes / "first").seconds
        for number, random in missing:
            # DVC remembers what it has pushed to each remote, so each trial has one.
            _set_remote(clone, remotes / str(number))
            seconds = random.uniform(0, usual)
            killed = Program(clone, "dvc", "push").kill_after(seconds)
            moment = f"after {seconds:.2f} of {usual:.2f} s"
            usual = _shorter(usual, killed)
            # The first makes DVC collect everything again.
            again = [run(clone, "langsig", "repro"), run(clone, "dvc", "push")]
            pulled = _new_clone(clone, torture.folder / "pulled")
            again.append(run(pulled, "dvc", "pull"))
            losses = torture.reference.losses(pulled, but=NAMES_COMMIT)
            torture.end(
                "push", "dvc push", number, moment, killed, again,
                losses, clone=pulled,
            )  # fmt: skip
        shutil.rmtree(remotes)


def pull(torture: Torture) -> None:
    """``dvc pull`` of everything in a new clone, which is given again until it has everything."""
    missing, remote = torture.missing("pull", "dvc pull"), torture.folder / "remote"
    if not missing:
        return
    with torture.clone("pull") as clone:
        _push_to(clone, remote)
        other = torture.folder / "pulled"
        usual = succeed(_new_clone(clone, other), "dvc", "pull").seconds
        for number, random in missing:
            pulled = _new_clone(clone, other)
            seconds = random.uniform(0, usual)
            killed = Program(pulled, "dvc", "pull").kill_after(seconds)
            moment = f"after {seconds:.2f} of {usual:.2f} s"
            usual = _shorter(usual, killed)
            again = _until_up_to_date(pulled, "pull")
            losses = torture.reference.losses(pulled, but=NAMES_COMMIT)
            torture.end(
                "pull", "dvc pull", number, moment, killed, again,
                losses, remark=_transfers(again), clone=pulled,
            )  # fmt: skip
        shutil.rmtree(remote)


def _set_remote(clone: Clone, remote: Path) -> None:
    clone.output("dvc", "remote", "add", "-fd", "store", str(remote))
    _commit_results(clone)


def _push_to(clone: Clone, remote: Path) -> Ended:
    _set_remote(clone, remote)
    return succeed(clone, "dvc", "push")


def _new_clone(clone: Clone, folder: Path) -> Clone:
    shutil.rmtree(folder, ignore_errors=True)
    clone.git("clone", "--quiet", str(clone.folder), str(folder))
    return Clone(folder)


def _until_up_to_date(clone: Clone, command: str) -> list[Ended]:
    """Give a command of DVC again until nothing is left to transfer."""
    again = [run(clone, "dvc", command)]
    while len(again) < _MOST and UP_TO_DATE not in again[-1].printed:
        again.append(run(clone, "dvc", command))
    return again


def _transfers(again: list[Ended]) -> str:
    """A remark if several commands were needed to transfer everything."""
    number = sum(UP_TO_DATE not in ended.printed for ended in again if "repro" not in ended.printed)
    return f"{number} more commands were needed" if number > 1 else ""


def _commit_results(clone: Clone) -> None:
    clone.git("add", "--force", "dvc.lock", "metrics")
    clone.commit("results")


def spread(torture: Torture) -> None:
    """``langsig spread`` with two workers that share the cache."""
    missing = torture.missing("spread", "langsig spread")
    if not missing:
        return
    with torture.clone("spread") as clone:
        _commit_results(clone)
        command = ("langsig", "spread", "--workers", "2", "--cache")
        names = [f"{stage}@{name}" for stage in ("pretrain", "extract") for name in LANGUAGES[:2]]

        def forget() -> None:
            for name in names:
                torture.reference.forget(clone, name)

        forget()
        usual = succeed(clone, *command).seconds
        succeed(clone, "dvc", "checkout")
        for number, random in missing:
            forget()
            seconds = random.uniform(0, usual)
            killed = Program(clone, *command).kill_after(seconds, kill_group)
            again = [run(clone, *command), run(clone, "dvc", "checkout")]
            moment = f"after {seconds:.1f} of {usual:.1f} s"
            usual = _shorter(usual, killed)
            losses = torture.reference.losses(clone, but=NAMES_COMMIT)
            if not torture.end(
                "spread", "langsig spread", number, moment, killed, again, losses, clone=clone
            ):
                torture.reference.copy(clone.folder)
                _commit_results(clone)


def use(torture: Torture) -> None:
    """``langsig use`` with data of another folder than before."""
    missing = torture.missing("use", "langsig use")
    if not missing:
        return
    with torture.clone("use") as clone:
        sources = [torture.folder / f"data-{number}" for number in range(2)]
        for source in sources:
            shutil.copytree(clone.folder / "samples", source, dirs_exist_ok=True)
        usual = succeed(clone, *_use(sources[0])).seconds
        for number, random in missing:
            seconds = random.uniform(0, usual)
            command = _use(sources[number % 2])
            killed = Program(clone, *command).kill_after(seconds)
            again, remark = torture.again(clone, number)  # with the data before, or those now
            first = [] if again[-1].code else torture.reference.losses(clone)
            used = run(clone, *command)
            others, other = torture.again(clone, number)
            losses = first or torture.reference.losses(clone)
            for folder in clone.folder.glob("data.interrupted-*"):  # as it has told
                shutil.rmtree(folder)
            moment = f"after {seconds:.2f} of {usual:.2f} s"
            usual = _shorter(usual, killed)
            if not torture.end(
                "use", "langsig use", number, moment, killed, [*again, used, *others], losses,
                remark=remark or other, clone=clone,
            ):  # fmt: skip
                torture.reference.copy(clone.folder)
        for source in sources:
            shutil.rmtree(source)


def _use(source: Path) -> tuple[str, ...]:
    return "langsig", "use", "micro", "--data", str(source)


def compare(torture: Torture) -> None:
    """``langsig compare``, whose table must be whole or missing."""
    missing = torture.missing("compare", "langsig compare")
    if not missing:
        return
    with torture.clone("compare") as clone:
        out = clone.folder / "signatures.csv"
        command = compare_command(out.name)
        usual = succeed(clone, *command).seconds
        whole = out.read_bytes()
        out.unlink()
        for number, random in missing:
            seconds = random.uniform(0, usual)
            killed = Program(clone, *command).kill_after(seconds)
            halves = ["half of the table"] if out.exists() and out.read_bytes() != whole else []
            again = [run(clone, *command)]
            if not out.exists() or out.read_bytes() != whole:
                halves.append("another table")
            losses = [*halves, *torture.reference.losses(clone)]
            moment = f"after {seconds:.2f} of {usual:.2f} s"
            usual = _shorter(usual, killed)
            torture.end(
                "compare", "langsig compare", number, moment, killed, again, losses, clone=clone
            )
            out.unlink(missing_ok=True)


def compare_command(out: str) -> tuple[str, ...]:
    """``langsig compare`` of the models of the pipeline."""
    return (
        "langsig", "compare", "--rank", "4", "--max-iterations", "5", "--out", out,
        "--experimental", "artifacts/models/experimental",
        "--control", *(f"{name}=artifacts/models/{name}" for name in LANGUAGES),
        "--treebank", *(f"{name}=data/treebanks/{name}" for name in LANGUAGES),
    )  # fmt: skip
