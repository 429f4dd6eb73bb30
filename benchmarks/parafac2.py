"""Measure CPU time and memory of PARAFAC2, compared with TensorLy at the same loss.

TensorLy runs 100 iterations (7 where dimensions are 768) in float64 from its SVD start. The loss
that it reaches is the target. langsig's solver fits the same plain model (no ridge) from the same
start until its loss, computed in float64 at the end, reaches the target (up to a millionth,
because both may be at the same minimum). TensorLy in float32 stops earlier, when its loss no
longer changes in that precision, and at a higher loss; langsig is compared with it at that loss.
matcouply's AO-ADMM, if installed, runs the same number of iterations and reports its loss.

With `--growth`: CPU time per iteration while languages, dimensions or components double.

Every measurement is a separate process, and the sides alternate. CPU time is that of all threads
from slices to factors, without imports. Memory is the growth of the process's peak.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from langsig.factorization import Parafac2Result, Solver, als

Slices = list[NDArray[np.float64]]
LANGUAGES = 33
CELLS = ("64/8", "64/32", "64/64", "128/16", "128/64", "128/128", "256/32", "256/128", "256/256")
QUICK = ("64/32", "64/64")
LARGE, FEW = 768, 7
MOST = 2_000  # iterations that langsig may take
GROWTH = {"languages": (33, 66, 132), "dim": (64, 128, 256), "rank": (16, 32, 64)}
MIDDLE = {"languages": 33, "dim": 64, "rank": 32}  # one of these is varied at a time
SAME = 1 + 1e-6  # a loss up to this factor reaches the target: minima may be the same


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", nargs="+", default=CELLS, metavar="DIM/RANK")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--languages", type=int, default=LANGUAGES)
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument(
        "--seed",
        type=int,
        default=1_000,
        help="seed of the slices (default: 1000); settings were chosen on others",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"cells {' '.join(QUICK)} of related slices only"
    )
    parser.add_argument(
        "--growth", action="store_true", help="measure CPU time per iteration by size"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--problem", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(run_side(arguments.side, json.loads(arguments.problem))))
        return
    setting = {
        "languages": arguments.languages,
        "threads": torch.get_num_threads(),
        "blas": f"torch {torch.__version__}: {torch_blas()}; NumPy: {numpy_blas()}",
        "repetitions": arguments.repetitions,
    }
    if arguments.growth:
        rows = growth(arguments.seed, arguments.repetitions, 2 if arguments.quick else 3)
        table = as_growth(rows)
    else:
        rows = compare(arguments)
        table = as_table(setting, rows)
    print(json.dumps({"setting": setting, "rows": rows}, indent=2) if arguments.json else table)


def compare(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """One row per cell and kind of slices."""
    rows = []
    for cell in QUICK if arguments.quick else arguments.cells:
        dim, rank = map(int, cell.split("/"))
        for kind in ["related"] if arguments.quick else arguments.kinds:
            problem = {
                "kind": kind, "languages": arguments.languages, "dim": dim, "rank": rank,
                "seed": arguments.seed, "iterations": FEW if dim >= LARGE else 100,
            }  # fmt: skip
            rows.append(measure(problem, arguments.repetitions))
            print(f"{cell} {kind}: done", file=sys.stderr)
    return rows


def planted(rng: Generator, languages: int, dim: int, rank: int) -> Slices:
    """Slices of a model, with a condition of B of five and five per cent of noise."""
    return planted_model(rng, languages, dim, rank, noise=0.05)[0]


def planted_model(
    rng: Generator, languages: int, dim: int, rank: int, *, noise: float
) -> tuple[Slices, NDArray[np.float64]]:
    """Slices of a model with a condition of B of five, and its average signatures.

    Noise is a share of the norm of each slice.
    """
    directions = rng.standard_normal((dim, rank)) / np.sqrt(dim)
    blueprint = orthonormal(rng, rank) * np.linspace(1, 5, rank) @ orthonormal(rng, rank)
    norms = np.linalg.norm(directions, axis=0) * np.linalg.norm(blueprint, axis=0)
    slices, averages = [], []
    for _ in range(languages):
        left = np.linalg.qr(rng.standard_normal((dim, rank)))[0]
        signature = rng.gamma(4, size=rank)
        omega = left @ (blueprint * signature) @ directions.T
        error = rng.standard_normal(omega.shape)
        slices.append(omega + noise * error * np.linalg.norm(omega) / np.linalg.norm(error))
        averages.append(np.mean(signature * norms))
    return slices, np.array(averages)


def unrelated(rng: Generator, languages: int, dim: int, rank: int) -> Slices:
    """Singular values that fall by a power of one half, in independent directions."""
    values = np.arange(1, dim + 1) ** -0.5
    return [orthonormal(rng, dim) * values @ orthonormal(rng, dim) for _ in range(languages)]


def related(rng: Generator, languages: int, dim: int, rank: int) -> Slices:
    """Singular values that fall by a power of about one, in directions near common ones."""
    values, common = np.arange(1, dim + 1) ** -1.0, orthonormal(rng, dim)
    slices = []
    for _ in range(languages):
        near = np.linalg.qr(common + 0.5 * rng.standard_normal((dim, dim)) / np.sqrt(dim))[0]
        own = values * np.exp(0.3 * rng.standard_normal(dim))
        slices.append(orthonormal(rng, dim) * own @ near.T)
    return slices


def orthonormal(rng: Generator, dim: int) -> NDArray[np.float64]:
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


KINDS: dict[str, Callable[[Generator, int, int, int], Slices]] = {
    "planted": planted,
    "unrelated": unrelated,
    "related": related,
}


def with_tensorly(dtype: type) -> Callable[[Slices, dict[str, Any]], Parafac2Result]:
    def run(slices: Slices, problem: dict[str, Any]) -> Parafac2Result:
        from tensorly.decomposition import parafac2 as solve

        (_, (s, b, v), projections) = solve(
            [omega.astype(dtype) for omega in slices],
            rank=problem["rank"],
            n_iter_max=problem["iterations"],
            init="svd",
            nn_modes=[0],
            tol=1e-30,
            random_state=0,
        )
        s, b, v, *projections = (f.astype(np.float64) for f in (s, b, v, *projections))
        return Parafac2Result(s, b, v, projections, 0.0, 0.0, problem["iterations"], False)

    return run


def with_matcouply(slices: Slices, problem: dict[str, Any]) -> Parafac2Result:
    from matcouply.decomposition import parafac2_aoadmm

    (_, (s, projected, v)), _ = parafac2_aoadmm(
        slices,
        problem["rank"],
        n_iter_max=problem["iterations"],
        non_negative=[True, False, False],
        random_state=0,
        return_errors=True,
        absolute_tol=None,
        tol=None,
    )
    # Its control directions are one matrix per slice, not the product of two.
    return Parafac2Result(s, np.eye(problem["rank"]), v, list(projected), 0.0, 0.0, 0, False)


def with_langsig(slices: Slices, problem: dict[str, Any]) -> Parafac2Result:
    solver = Solver(problem["rank"], ridge=0.0, max_iterations=problem["needed"], tolerance=1e-15)
    return solver.fit(slices)


SIDES: dict[str, Callable[[Slices, dict[str, Any]], Parafac2Result]] = {
    "tensorly float64": with_tensorly(np.float64),
    "tensorly float32": with_tensorly(np.float32),
    "matcouply": with_matcouply,
    "langsig": with_langsig,
    "langsig as float32": with_langsig,
}


def run_side(side: str, problem: dict[str, Any]) -> dict[str, float]:
    """CPU seconds, peak memory in MB and float64 loss of one fit, in this process."""
    import tensorly

    warnings.simplefilter("ignore")
    tensorly.set_backend("numpy")
    slices = slices_of(problem)
    scale = np.sqrt(np.mean([np.sum(omega**2) for omega in slices]))
    slices = [omega / scale for omega in slices]
    SIDES[side](slices[:2], problem | {"iterations": 1, "needed": 1})  # loads lazily imported code
    before = resident()
    start = time.process_time()
    result = SIDES[side](slices, problem)
    seconds = time.process_time() - start
    memory = max(0.0, peak_memory() - before)
    return {"cpu": seconds, "memory": memory, "loss": result.error_of(slices)}


def slices_of(problem: dict[str, Any]) -> Slices:
    rng = default_rng(problem["seed"])
    return KINDS[problem["kind"]](rng, problem["languages"], problem["dim"], problem["rank"])


def resident() -> float:
    """Memory of this process in MB; its peak so far where the system does not tell."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return peak_memory()
    return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20


def peak_memory() -> float:
    """Peak memory of this process in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def iterations_to(problem: dict[str, Any], target: float) -> int:
    """Number of iterations that langsig needs; this is not timed."""
    stack = als.SliceStack([slices_of(problem)])
    start = als.svd_start(stack, problem["rank"])
    for most in (2 * problem["iterations"], MOST):
        losses = als.fit(stack, start, max_iterations=most, tolerance=1e-15)[0].losses
        if losses[-1] <= target:
            return 1 + next(n for n, reached in enumerate(losses) if reached <= target)
    return MOST


def measure(problem: dict[str, Any], repetitions: int) -> dict[str, Any]:
    sides = [side for side in SIDES if side != "matcouply" or find_spec("matcouply")]
    figures: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    rivals = {"langsig": "tensorly float64", "langsig as float32": "tensorly float32"}
    needed: dict[str, int] = {}
    for _ in range(repetitions):
        for side in sides:
            target = float("inf")
            if side in rivals:
                target = SAME * figures[rivals[side]][0]["loss"]
                if side not in needed:
                    needed[side] = iterations_to(problem, target)
            run = in_process(side, problem | {"needed": needed.get(side)})
            while run["loss"] > target and needed[side] < MOST:
                needed[side] += 1  # float32 underestimated its loss
                run = in_process(side, problem | {"needed": needed[side]})
            figures[side].append(run)
    cpu = {side: statistics.median(run["cpu"] for run in runs) for side, runs in figures.items()}
    return {
        **problem,
        "needed": needed,
        "cpu": cpu,
        "memory": {side: max(run["memory"] for run in runs) for side, runs in figures.items()},
        "loss": {side: runs[0]["loss"] for side, runs in figures.items()},
        "ratio": cpu["tensorly float64"] / cpu["langsig"],
        "ratio_float32": cpu["tensorly float32"] / cpu["langsig as float32"],
    }


def growth(seed: int, repetitions: int, points: int) -> list[dict[str, Any]]:
    """CPU time per iteration of both solvers, one row per size; slices are related."""
    rows = []
    for varied, values in GROWTH.items():
        for value in values[:points]:
            problem = MIDDLE | {
                varied: value, "kind": "related", "seed": seed, "iterations": 20, "needed": 20
            }  # fmt: skip
            runs = [
                {side: in_process(side, problem) for side in ("tensorly float64", "langsig")}
                for _ in range(repetitions)
            ]
            cpu = {
                side: statistics.median(run[side]["cpu"] for run in runs) / 20 for side in runs[0]
            }
            memory = {side: max(run[side]["memory"] for run in runs) for side in runs[0]}
            rows.append({"varied": varied, **problem, "cpu": cpu, "memory": memory})
            print(f"{varied} {value}: done", file=sys.stderr)
    return rows


def in_process(side: str, problem: dict[str, Any]) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--problem", json.dumps(problem)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def torch_blas() -> str:
    return "MKL" if torch.backends.mkl.is_available() else "no MKL"


def numpy_blas() -> str:
    configuration: Any = np.show_config(mode="dicts")
    return str(configuration["Build Dependencies"]["blas"]["name"])


def as_table(setting: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    lines = [
        f"{setting['languages']} slices; threads {setting['threads']}; {setting['blas']}",
        "",
        "| dim/rank | slices | TensorLy float64, s | langsig, s (iterations) | times less "
        "| memory, MB | loss | TensorLy float32, s | langsig, s (iterations) | times less | loss "
        "| matcouply, s (loss) |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        memory, loss = row["memory"], row["loss"]
        cpu = {side: f"{seconds:.2f}" for side, seconds in row["cpu"].items()}
        for side, iterations in row["needed"].items():
            cpu[side] += f" ({iterations})" if iterations < MOST else " (not reached)"
        cells = [
            f"{row['dim']}/{row['rank']}",
            row["kind"],
            cpu["tensorly float64"],
            cpu["langsig"],
            f"{row['ratio']:.1f}",
            f"{memory['tensorly float64']:,.0f}, {memory['langsig']:,.0f}",
            f"{loss['tensorly float64']:.6f}, {loss['langsig']:.6f}",
            cpu["tensorly float32"],
            cpu["langsig as float32"],
            f"{row['ratio_float32']:.1f}",
            f"{loss['tensorly float32']:.6f}, {loss['langsig as float32']:.6f}",
            f"{cpu['matcouply']} ({loss['matcouply']:.6f})" if "matcouply" in cpu else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_growth(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| varied | languages | dim | rank | TensorLy float64, ms per iteration | langsig, ms "
        "| memory, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cpu, memory = row["cpu"], row["memory"]
        lines.append(
            f"| {row['varied']} | {row['languages']} | {row['dim']} | {row['rank']} "
            f"| {1e3 * cpu['tensorly float64']:.1f} | {1e3 * cpu['langsig']:.1f} "
            f"| {memory['tensorly float64']:,.0f}, {memory['langsig']:,.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
