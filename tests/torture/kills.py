"""Commands that are killed with SIGKILL at a random moment, and run again."""

import shutil
import time
from pathlib import Path

from tests.clones import Clone
from tests.torture.programs import Program, kill_alone, kill_group, run
from tests.torture.trials import Torture, cause
from tests.torture.undisturbed import start, succeed

LANGUAGES = ("qaa", "qab", "qah")
_KILLS = 5  # per run of everything
_LONGEST = 20  # seconds until the next of them
_ORPHAN = 10  # seconds in which a stage ends
_LESS_OFTEN = 4  # than other kills
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
        if not killed.code:
            usual[program] = min(usual[program], killed.seconds)
        if not torture.end(
            "stages", kind, number, moment, killed, again, losses, remark=remark, clone=clone
        ):
            reference.copy(clone.folder)


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
    for number, random in torture.missing("orphans", case, -(-torture.times // _LESS_OFTEN)):
        with torture.clone("orphans") as clone:
            torture.reference.forget(clone, name)
            seconds = random.uniform(2, 5)
            running = Program(clone, "dvc", "repro", "--single-item", name)
            killed = running.kill_after(seconds, kill_alone)
            refused = run(clone, *torture.repro(number))
            time.sleep(_ORPHAN)
            again, remark = torture.again(clone, number)
            losses = [] if again[-1].code else torture.reference.losses(clone)
            remark = "; ".join(filter(None, [cause(refused) if refused.code else "", remark]))
            torture.end(
                "orphans", case, number, f"{name} after {seconds:.2f} s", killed,
                [refused, *again], losses, remark=remark, clone=clone,
            )  # fmt: skip


def push(torture: Torture) -> None:
    """``dvc push`` to a folder; afterwards a new clone gets everything."""
    remotes, other = torture.folder / "remotes", torture.folder / "pulled"
    missing = torture.missing("push", "dvc push")
    if not missing:
        return
    with torture.clone("push") as clone:

        def change_remote(name: str) -> None:
            """DVC remembers what it has pushed to each remote, so each trial has one."""
            clone.output("dvc", "remote", "add", "-fd", "store", str(remotes / name))
            _commit_results(clone)

        change_remote("first")
        usual = succeed(clone, "dvc", "push").seconds
        for number, random in missing:
            change_remote(str(number))
            seconds = random.uniform(0, usual)
            killed = Program(clone, "dvc", "push").kill_after(seconds)
            again = [run(clone, "langsig", "repro"), run(clone, "dvc", "push")]
            shutil.rmtree(other, ignore_errors=True)
            clone.git("clone", "--quiet", str(clone.folder), str(other))
            pulled = Clone(other)
            again.append(run(pulled, "dvc", "pull"))
            moment = f"after {seconds:.2f} of {usual:.2f} s"
            losses = torture.reference.losses(pulled, but=NAMES_COMMIT)
            torture.end("push", "dvc push", number, moment, killed, again, losses, clone=pulled)
        shutil.rmtree(other)
        shutil.rmtree(remotes)


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
            torture.end(
                "compare", "langsig compare", number, moment, killed, again, losses, clone=clone
            )
            out.unlink(missing_ok=True)


def compare_command(out: str) -> tuple[str, ...]:
    """``langsig compare`` of the models of the pipeline."""
    return (
        "langsig", "compare", "--rank", "4", "--out", out,
        "--experimental", "artifacts/models/experimental",
        "--control", *(f"{name}=artifacts/models/{name}" for name in LANGUAGES),
        "--treebank", *(f"{name}=data/treebanks/{name}" for name in LANGUAGES),
    )  # fmt: skip
