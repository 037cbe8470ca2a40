"""Whether another checkout of ganzoo trains the same networks, down to the last bit.

``python -m benchmarks.unchanged OTHER [CASE ...]`` runs the same short trainings with the ganzoo of
this checkout and with that of the folder OTHER, each in a process of its own, on one thread in
float32, and compares every tensor of the last checkpoint and of the exported weights. It exits
with 1 if one differs. What was renamed since is listed in `RENAMED` and `MOVED`. R1 and R2 are in
no case: since they look at the critiques of the update itself, they differ by rounding, which
tests/objectives/test_shared_critiques.py bounds.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from ganzoo import registry
from ganzoo.spec import Architecture

HERE = Path(__file__).parents[1]
STEPS = 30

MOVED = (
    *("generator_batch", "discriminator_steps", "first", "passes", "fakes", "fake_labels"),
    "discriminator_loss_scale",
)
"""Fields of the section ``objective`` that an older checkout has in ``training``."""

RENAMED = (
    (r"^optimizer\.(\w+)/(\w+):(?!\1\.)", r"optimizer.\1/\2:\1."),
    (r"^ema/", "ema.generator/"),
    (r"^objective/(?!discriminator/)", "objective/discriminator/"),
)
"""Names of an older checkout's tensors, and what they are called now."""

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"sample_shape": [1, 16, 16], "width": 8},
    "vanilla": {"sample_shape": [1, 16, 16]},
    "wgan-gp": {"sample_shape": [1, 32, 32], "width": 8},
}
"""Values that make each architecture quick."""

VANILLA: dict[str, Any] = {
    "architecture": {"name": "vanilla", **SMALL["vanilla"]},
    "training": {"batch_size": 16},
}
DCGAN: dict[str, Any] = {
    "architecture": {"name": "dcgan", **SMALL["dcgan"]},
    "training": {"batch_size": 16},
}
BARE = {**DCGAN, "architecture": {**DCGAN["architecture"], "discriminator_norm": "none"}}

CASES: dict[str, dict[str, Any]] = {
    **{
        f"{name}/{preset}": {
            "architecture": {"name": name, "preset": preset, **values},
            "training": {"batch_size": 8},
            "objective": {"generator_batch": None},
        }
        for name, values in SMALL.items()
        for preset in registry.get(Architecture, name).presets
    },
    "lazy penalties": {
        **BARE,
        "loss": "relativistic",
        "penalties": {
            "dragan": {"weight": 0.5, "every": 4},
            "gradient-penalty": {"weight": 0.5, "every": 3},
        },
    },
    "gradient penalty and clipping": {
        **BARE,
        "loss": "wasserstein",
        "penalties": {"gradient-penalty": {"weight": 10}, "weight-clipping": {"weight": 0.1}},
        "objective": {"discriminator_steps": 2, "fakes": "fresh"},
    },
    "ada": {
        **BARE,
        "augmentation": {"name": "ada", "every": 2, "adapt": 500},
        "penalties": {"dragan": {"weight": 0.1, "every": 4}},
    },
    "generator first, shared fakes": {
        **DCGAN,
        "objective": {"first": "generator", "fakes": "reused", "discriminator_steps": 2},
    },
    "joint passes, drawn labels": {
        **VANILLA,
        "objective": {"passes": "joint", "fake_labels": "drawn"},
    },
    "accumulated": {
        **VANILLA,
        "training": {"batch_size": 16, "accumulate": 2},
        "objective": {"fakes": "reused"},
    },
    "two processes": {
        **DCGAN,
        "objective": {"fakes": "fresh"},
        "augmentation": {"name": "ada", "every": 2, "adapt": 500},
    },
}


def config_of(case: dict[str, Any], *, old: bool) -> dict[str, Any]:
    """Return the config of a case, as an older checkout spells it or as this one does."""
    training = {
        "steps": STEPS,
        "precision": "fp32",
        "device": "cpu",
        "sample_every": 0,
        **case["training"],
    }
    values = {"data": "mnist5k", "health": {"every": 10}, **case, "training": training}
    if old:
        training |= values.pop("objective", {})
    return values


def train(checkout: Path, config: dict[str, Any], run: Path, processes: int) -> None:
    """Train with the ganzoo of a checkout."""
    run.parent.mkdir(parents=True, exist_ok=True)
    file = run.with_suffix(".json")
    file.write_text(json.dumps(config), encoding="utf-8")
    start = [sys.executable, "-m", "ganzoo"]
    if processes > 1:
        start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        start += [f"--nproc-per-node={processes}", "-m", "ganzoo"]
    paths = os.pathsep.join([str(checkout), str(checkout / "plugins")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [*start, "train", str(file), "--out", str(run)]
    done = subprocess.run(command, env=environment, cwd=run.parent, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{checkout}: {done.stderr[-2000:]}")


def tensors(run: Path) -> dict[str, Any]:
    """Return every tensor of a run by its present name."""
    [checkpoint] = sorted((run / "checkpoints").glob("step-*"))[-1:]
    found = load_file(checkpoint / "state.safetensors")
    for file in sorted((run / "weights").glob("*.safetensors")):
        found |= {f"weights/{file.name}/{name}": t for name, t in load_file(file).items()}
    return {_present(name): tensor for name, tensor in found.items()}


def _present(name: str) -> str:
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return name


def main() -> None:
    """Compare, and print a line for each case."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("case", nargs="*", choices=[*CASES, []], help="all if left out")
    given = parser.parse_args()
    different = 0
    with tempfile.TemporaryDirectory(prefix="ganzoo-unchanged-") as folder:
        for index, name in enumerate(given.case or CASES):
            runs = [Path(folder) / str(index) / side for side in ("old", "new")]
            for checkout, run in zip((given.other.resolve(), HERE), runs, strict=True):
                config = config_of(CASES[name], old=run.name == "old")
                train(checkout, config, run, 2 if name == "two processes" else 1)
            old, new = map(tensors, runs)
            strange = sorted(old.keys() ^ new.keys())
            wrong = [key for key in old.keys() & new.keys() if not old[key].equal(new[key])]
            different += bool(strange or wrong)
            found = f"{len(old)} tensors equal"
            if strange or wrong:
                found = f"DIFFERENT: {', '.join([*strange, *sorted(wrong)][:5])}"
            print(f"{name:32} {found}", flush=True)
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
