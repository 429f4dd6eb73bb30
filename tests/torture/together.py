"""Two commands in one clone at the same time."""

import time

from tests.torture.programs import Program, run
from tests.torture.trials import Torture, cause

_STAGES = 3  # that are out of date
_LESS_OFTEN = 4  # than kills


def together(torture: Torture) -> None:
    """One of two commands waits or is refused; afterwards nothing is lost."""
    langsig, use = torture.repro(0), ("langsig", "use", "micro", "--set", "seed=7")
    cases = {
        "langsig repro, dvc repro": (langsig, ("dvc", "repro")),
        "dvc repro, langsig repro": (("dvc", "repro"), langsig),
        "langsig repro, twice": (langsig, langsig),
        "dvc repro, twice": (("dvc", "repro"), ("dvc", "repro")),
        "langsig repro, langsig use": (langsig, use),
        "dvc repro, langsig use": (("dvc", "repro"), use),
    }
    times = -(-torture.times // _LESS_OFTEN)
    for case, (first, second) in cases.items():
        if not torture.missing("together", case, times):
            continue
        with torture.clone("together") as clone:
            for number, random in torture.missing("together", case, times):
                names = random.sample([*torture.reference.stages], _STAGES)
                for name in names:
                    torture.reference.forget(clone, name)
                seconds = random.uniform(0, 5)
                running = Program(clone, *first)
                time.sleep(seconds)
                later = run(clone, *second)
                earlier = running.wait()
                used = [run(clone, "langsig", "use", "micro")] if "use" in case else []
                again, remark = torture.again(clone, number)
                losses = [] if again[-1].code else torture.reference.losses(clone)
                refused = [cause(ended) for ended in (earlier, later) if ended.code]
                moment = f"{' '.join(names)}, second after {seconds:.1f} s"
                if not torture.end(
                    "together", case, number, moment, earlier, [later, *used, *again], losses,
                    in_time=bool(refused), remark="; ".join(filter(None, [*refused, remark])),
                    clone=clone,
                ):  # fmt: skip
                    torture.reference.copy(clone.folder)
