"""Networks of which the first stages stay as they are.

Source: Mo et al., Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs, 2020.
"""

from collections.abc import Mapping, Sequence

from torch import nn

from ganzoo.errors import ConfigError
from ganzoo.weights.grafting import Graft
from ganzoo.weights.structure import stages


def freeze(counts: Mapping[str, int], networks: Mapping[str, nn.Module]) -> dict[str, list[str]]:
    """Freeze as many stages of each role as a config says; return the names of their parameters.

    They get no gradients and no optimizer. Batch norm in them goes on as in training: it normalises
    by the batch, and its statistics follow. ConfigError where nothing would be left to learn.
    """
    frozen = {}
    for role, count in counts.items():
        found = stages(networks[role])
        if count and count >= len(found):
            raise ConfigError(
                f"finetune.freeze.{role}: cannot freeze {count} stages, because the {role} has "
                f"{len(found)} and its last stage must learn; freeze at most "
                f"{max(len(found) - 1, 0)}"
            )
        for module in (module for stage in found[:count] for module in stage):
            module.requires_grad_(False)
        named = networks[role].named_parameters()
        frozen[role] = [name for name, parameter in named if not parameter.requires_grad]
    return frozen


def check_frozen(frozen: Mapping[str, Sequence[str]], grafts: Mapping[str, Graft]) -> None:
    """Check that all that `freeze` named was taken over as it was; else raise ConfigError."""
    for role, names in frozen.items():
        found = grafts.get(role)
        for name in names:
            if found is None or name in found.adapted or name in found.new:
                raise ConfigError(
                    f"finetune.freeze.{role}: {name} would be frozen although it is "
                    f"{'adapted' if found and name in found.adapted else 'new'}; freeze fewer "
                    "stages"
                )
