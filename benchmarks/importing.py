"""Importing a large checkpoint of another tool, beside copying the same file.

Both end with the bytes on the disk (fsync), and are done in turn. Memory is the largest resident
set of the importing process, in which the pages of the mapped file count as well; the reader that
it starts looks at the pickle alone, and has 20 MB.

``python -m benchmarks.importing [--megabytes 500] [--rounds 5]``
"""

import argparse
import gc
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

import ganzoo
from ganzoo.networks.creating import create_generator


def main() -> None:
    """Write a checkpoint, then copy and import it in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is not None:
        compare(given.inside, given.rounds)
        return
    with tempfile.TemporaryDirectory(prefix="ganzoo-importing-") as name:
        folder = Path(name)
        write(folder / "small" / "netG.pth", width=4)
        # A generator of 64x64 with latents of 100 has 672 width² + 13,000 width numbers.
        write(folder / "large" / "netG.pth", round((given.megabytes * 1e6 / 4 / 672) ** 0.5) - 10)
        # In a process that has not held the network before.
        command = [sys.executable, "-m", "benchmarks.importing", "--inside", name]
        subprocess.run([*command, "--rounds", str(given.rounds)], check=True)


def compare(folder: Path, rounds: int) -> None:
    """Copy and import in turn, and print the seconds and the memory."""
    # torch and the plugins are imported here
    ganzoo.import_checkpoint(folder / "small" / "netG.pth", folder / "first")
    file, ratios = folder / "large" / "netG.pth", []
    for number in range(rounds):
        copying = timed(lambda: copy(file, folder / "copy.pth"))
        place = folder / f"weights-{number}"
        importing = timed(lambda place=place: ganzoo.import_checkpoint(file, place))
        shutil.rmtree(place)
        ratios.append(importing / copying)
        print(f"copied in {copying:.2f} s, imported in {importing:.2f} s: {ratios[-1]:.2f}x")
        gc.collect()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    size = file.stat().st_size / 1e6
    print(
        f"{size:.0f} MB: median {statistics.median(ratios):.2f}x, at most {memory:.2f} GB resident"
    )


def write(file: Path, width: int) -> Path:
    """Write a generator in the layout of PyTorch's DCGAN example."""
    network = create_generator("dcgan", seed=0, sample_shape=(3, 64, 64), width=width).module
    state = {}
    for name, tensor in network.state_dict().items():
        layer, _, last = name.rpartition(".")
        place = 0 if layer == "project" else int(layer.rpartition(".")[2]) + 1
        state[f"main.{place}.{last}"] = tensor
    file.parent.mkdir()
    torch.save(state, file)
    return file


def copy(source: Path, target: Path) -> None:
    """Copy a file down to the disk."""
    shutil.copyfile(source, target)
    with target.open("rb") as copied:
        os.fsync(copied.fileno())


def timed(do: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
