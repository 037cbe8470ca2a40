"""The networks to use, made from those in training and their moving averages."""

import copy
from collections.abc import Mapping

from PIL import Image

from ganzoo.networks.base import Network
from ganzoo.networks.calibrating import estimate_statistics
from ganzoo.networks.generator import Generator
from ganzoo.networks.translator import Translator
from ganzoo.objectives.base import Objective
from ganzoo.randomness import isolated, seed_for
from ganzoo.sheet import sample_sheet, translation_sheet
from ganzoo.training.ema import Ema
from ganzoo.weights.description import Info

STATISTICS_BATCHES = 16
"""Batches from which the averaged network's batch-norm statistics are estimated."""

EXAMPLES = 8
"""Images that a sheet of translations shows."""


def usable(objective: Objective, emas: Mapping[str, Ema], info: Info, role: str) -> Network:
    """Copy a maker as it is now, in evaluation mode, averaged and with statistics of its own."""
    clone = copy.deepcopy(objective.networks[role]).eval()
    if role in emas:
        emas[role].apply_to(clone)
        # What was gathered in training does not hold for averaged weights.
        with isolated(objective.hardware.device, seed_for("statistics")):
            estimate_statistics(
                clone,
                (
                    clone(**objective.inputs(role, index, "statistics"))
                    for index in range(STATISTICS_BATCHES)
                ),
            )
    kind = objective.architecture.networks[role].kind
    return (Translator if kind == "translator" else Generator)(clone, info, role=role)


def sheet_of(objective: Objective, makers: Mapping[str, Network], seed: int) -> Image.Image | None:
    """Draw what makers make now: samples, or translations of the same images every time."""
    first = next(iter(makers.values()))
    if isinstance(first, Generator):
        return sample_sheet(first, seed=seed)
    examples = objective.loader.examples(EXAMPLES)
    columns = []
    for role, maker in makers.items():
        assert isinstance(maker, Translator)
        source = examples[objective.architecture.networks[role].reads[0]].add(1).div(2)
        columns += [source, maker.translate(source, seed=seed)]
    if "target" in examples:
        columns.append(examples["target"].add(1).div(2))
    return translation_sheet(columns)
