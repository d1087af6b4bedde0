"""`python -m benchmarks.engine`: the engine and its peers at the same trainings, in turn, in one run, on one core.

Every network is trained on random data in shuffled minibatches by Adam in single precision. Three things are measured:

    steps     microseconds of a training step, from the gather of the rows to the update
    updates   milliseconds of an optimizer's update alone, over ten million parameters
    jobs      seconds of a job of ten epochs in a process of its own, import and compilation included
"""

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks import jobs, peers, plot, steps, updates
from benchmarks.comparison import OURS, Comparison, table
from benchmarks.networks import NETWORKS


def main() -> None:
    options = arguments()
    os.sched_setaffinity(0, {options.core})
    names = [OURS, *(name for name in options.peers if name != OURS and peers.absence(name) is None)]
    for name in options.peers:
        if name not in names:
            print(f"{name} is left out: {peers.absence(name)}")
    print(f"medians of {options.rounds} rounds (times the engine's); one core, {platform.machine()}")

    if "steps" in options.parts:
        compared = measured(
            "µs per step", names, options.networks, 1, lambda network: steps.measure(NETWORKS[network], names, options.rounds)
        )
        draw(options.plots, "steps", "One training step: time against Gradmill's", compared)
    if "updates" in options.parts:
        with_pytorch = "pytorch" in names
        compared = measured(
            "ms per update",
            [OURS, *["pytorch"] * with_pytorch, "copy"],
            updates.optimizers(),
            2,
            lambda optimizer: updates.measure(optimizer, options.rounds, with_pytorch),
        )
        print(f"\ncopying: {updates.bandwidth(compared[0]):.1f} GB/s, read and written")
    if "jobs" in options.parts:
        print(f"\nthe engine's kernels, compiled or loaded: {jobs.set_up():.1f} s, not counted in the jobs", flush=True)
        trainers = [name for name in names if name != "gemm floor"]
        compared = measured(
            "s per job", trainers, options.networks, 2, lambda network: jobs.measure(network, trainers, options.rounds)
        )
        draw(options.plots, "jobs", "A job of ten epochs from a cold process: time against Gradmill's", compared)

    blas = {f"{pool['internal_api']} {pool.get('architecture', '')}".strip() for pool in threadpool_info()}
    print("\nthreads and matrix products by:", ", ".join(sorted(blas)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--parts", nargs="*", choices=["steps", "updates", "jobs"], default=["steps", "updates", "jobs"])
    parser.add_argument("--networks", nargs="*", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--peers", nargs="*", choices=list(peers.PEERS), default=list(peers.PEERS))
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that all run on")
    parser.add_argument("--plots", type=Path, help="a folder for the charts: steps.svg, jobs.svg")
    return parser.parse_args()


def measured(
    title: str, names: list[str], subjects: list[str], digits: int, measure: Callable[[str], Comparison]
) -> list[Comparison]:
    """Prints each line of the table as soon as it is known."""
    heading, rule = table(title, names, [], digits)
    print(f"\n{heading}\n{rule}", flush=True)
    comparisons = []
    for subject in subjects:
        comparisons.append(measure(subject))
        print(table(title, names, comparisons[-1:], digits)[-1], flush=True)
    return comparisons


def draw(folder: Path | None, name: str, title: str, comparisons: list[Comparison]) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.svg").write_text(
            plot.chart(title, [comparison for comparison in comparisons if OURS in comparison.times])
        )


if __name__ == "__main__":
    main()
