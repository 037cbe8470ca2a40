"""Loading a generator from the cache, beside reading its file into a network that is just built.

What ``ganzoo.load_generator`` does beyond that is to check the config, to compare what it implies
with the header of the file, and to look for numbers that are not finite.

``python -m benchmarks.loading [--rounds N]``
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from ganzoo.building import build_network
from ganzoo.hub.loading import load_generator
from ganzoo.networks.creating import create_generator
from ganzoo.networks.generator import Generator

COMMIT = "0" * 40

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "vanilla, 28x28": ("vanilla", {"sample_shape": (1, 28, 28)}),
    "dcgan, 64x64": ("dcgan", {"sample_shape": (3, 64, 64)}),
    "wgan-gp, 64x64": ("wgan-gp", {"sample_shape": (3, 64, 64)}),
    "dcgan, 128x128, twice as wide": ("dcgan", {"sample_shape": (3, 128, 128), "width": 128}),
}


def main() -> None:
    """Time every case, both ways in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print("| generator | parameters | read and built | load_generator | times as long |")
    print("| --- | --- | --- | --- | --- |")
    for title, (name, values) in CASES.items():
        with tempfile.TemporaryDirectory() as cache:
            G = create_generator(name, seed=0, **values)
            # As the client keeps a commit; one that is named in full is looked for here alone.
            folder = Path(cache) / "models--bench--weights" / "snapshots" / COMMIT
            G.save(folder)
            seconds = compare(
                partial(plainly, G, folder),
                partial(load_generator, f"bench/weights@{COMMIT}", cache_dir=cache),
                rounds,
            )
        count = sum(p.numel() for p in G.parameters())
        plain, ours = (f"{1000 * statistics.median(times):.1f} ms" for times in seconds)
        ratio = statistics.median(b / a for a, b in zip(*seconds, strict=True))
        print(f"| {title} | {count:,} | {plain} | {ours} | {ratio:.2f} |")


def plainly(like: Generator, folder: Path) -> Generator:
    """Build the network and read its file, without any check."""
    module = build_network("generator", like.config, seed=0)
    module.load_state_dict(load_file(folder / "model.safetensors"))
    return Generator(module, like.info).eval()


def compare(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Time two functions in turn, after one call of each that does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for function, kept in zip((first, second), times, strict=True):
            begun = time.perf_counter()
            function()
            kept.append(time.perf_counter() - begun)
    return times[0][1:], times[1][1:]


if __name__ == "__main__":
    main()
