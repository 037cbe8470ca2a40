"""How much faster R1 and R2 are since they look at the critiques of the update itself.

``python -m benchmarks.zero_centred OTHER`` trains a DCGAN without batch norm on digits of 32x32, by
the relativistic loss with both penalties, in turn with the ganzoo of this checkout and with that of
the folder OTHER, which makes two more passes of the discriminator in each update. One thread,
float32. It prints the steps per second of each round, and the median of their ratios.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.unchanged import HERE, train

CONFIG: dict[str, Any] = {
    "architecture": {
        "name": "dcgan",
        "sample_shape": [1, 32, 32],
        "width": 32,
        "discriminator_norm": "none",
    },
    "loss": "relativistic",
    "penalties": {"r1": {"weight": 0.5}, "r2": {"weight": 0.5}},
    "data": "mnist5k",
    "training": {
        "steps": 30,
        "batch_size": 32,
        "precision": "fp32",
        "device": "cpu",
        "sample_every": 0,
    },
    "health": {"every": 0},
    "logging": {"every": 10},
}


def rate(checkout: Path, run: Path) -> float:
    """Return the steps per second of a short run, without its first ten."""
    train(checkout, CONFIG, run, 1)
    rows = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    rates = [json.loads(row).get("steps_per_second") for row in rows]
    return statistics.fmean([found for found in rates if found][1:])


def main() -> None:
    """Compare both checkouts, in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory(prefix="ganzoo-zero-centred-") as folder:
        for number in range(given.rounds):
            old, new = (
                rate(checkout, Path(folder) / f"{number}-{side}" / "run")
                for side, checkout in (("old", given.other.resolve()), ("new", HERE))
            )
            ratios.append(new / old)
            print(f"round {number}: {old:.2f} -> {new:.2f} steps/s, {new / old:.2f}x", flush=True)
    print(f"median of the ratios: {statistics.median(ratios):.2f}x")


if __name__ == "__main__":
    main()
