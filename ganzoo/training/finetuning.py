"""Fine-tuning in one call: a run that starts from the weights of another."""

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo import registry
from ganzoo.config import RunConfig
from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.data.sources.python import Data, with_source
from ganzoo.errors import ConfigError
from ganzoo.resolve import Resolution, resolve, user_values
from ganzoo.resolve.data_section import section_of
from ganzoo.resolve.merge import Values, merge
from ganzoo.spec import Architecture, ObjectiveSpec, Recipe
from ganzoo.training.observers.observer import Observer
from ganzoo.training.run import Run
from ganzoo.training.starting import Base
from ganzoo.training.trainer import Trainer

STEPS = 5000
RATE = 0.5
"""Factor on the learning rates of the recipe: weights that are good already are moved less."""

RAISED, HIGHEST = 5.0, 1e-3
"""The same where weights are taken in part, as much has to be learned anew, and how far it raises
a rate. With half the rates 300 steps leave nothing but patterns (dcgan.mnist5k on 233 emoji)."""

R1 = {"weight": 10.0, "every": 4}
"""For images. With few of them and no penalty the discriminator wins within 100 steps, and every
sample gets the same pattern. Measured there at 32x32: 0.2 was too weak, 2 and 10 were not, and the
rule of `ganzoo.data.advice` (0.003) is far below them."""

WARM_UP = 200
"""Steps in which a new discriminator learns alone before the generator listens to it."""


def finetune(
    reference: str | os.PathLike[str],
    data: Data | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    out: str | Path | None = None,
    observers: Sequence[Observer] = (),
    allow_partial: bool = False,
    **keywords: Any,
) -> Run:
    """Fine-tune published weights on data of one's own.

    The generator, its moving average and the discriminator are taken over; where no discriminator
    was published, a new one learns alone for the first 200 steps. Other values than those of the
    architecture are the recipe's, with 5,000 steps, half its learning rates (with
    `allow_partial` five times them, to 0.001 at most), and for images the penalty R1 where the
    recipe has no penalty.

    Args:
        reference: The weights, as those of `ganzoo.load_generator`, or a `Run`.
        data: A path of images (``./path``), a dataset's name, or a map-style dataset as those of
            torch (see `ganzoo.register_dataset`).
        overrides: Values by dotted key, as ``{"finetune.freeze.discriminator": 3}``.
        config: A config over which the overrides are laid; its architecture may be left out.
        out: The run folder to make; one under ``runs/`` where left out.
        observers: Further observers.
        allow_partial: Whether weights may be taken in part, where classes, channels, size or other
            values of the architecture differ.
        **keywords: Further overrides, as ``steps=2000``.

    Returns:
        The run; its ``base.json`` tells what was taken over, tensor by tensor.

    Raises:
        ganzoo.errors.RequestError: The weights, the config, the data or the folder will not do, or
            the weights fit in part only; nothing was started.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
        ganzoo.errors.TrainingError: A loss or a weight stopped being finite.
    """
    laid_over = {**(overrides or {}), **keywords}
    if allow_partial:
        laid_over["finetune.allow_partial"] = True
    resolution = finetuning_config(reference, data, config, laid_over)
    return Trainer(resolution, out, observers=observers).fit()


def finetuning_config(
    reference: str | os.PathLike[str],
    data: Data | None = None,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Resolution:
    """Resolve the config of a fine-tuning run; arguments and errors are those of `finetune`.

    The layers are the defaults, the recipe of the preset, what `starting_values` returns, the
    config, and the overrides.
    """
    base = Base.open(reference)
    user = user_values(config)
    if data is not None:
        user = merge(user, {"data": {"source": with_source(data)}})
    user = user_values(user, overrides)
    user = {**user, "data": section_of(user.get("data", {}), _reads(base, user))}
    if not user.get("data", {}).get("source"):
        raise ConfigError(
            "data.source: missing; name the images to fine-tune on, for example --data ./images"
        )
    resolution = resolve(merge(starting_values(base, user), user))
    resolution = dataclasses.replace(resolution, base=base)
    r1 = resolution.config.penalties.get("r1")
    if r1 is None or "penalties" in user:
        return resolution
    note = (
        f"the penalty r1 keeps the discriminator from winning at once, with a weight of "
        f"{r1.weight:g} (penalties.r1=null turns it off)"
    )
    return dataclasses.replace(resolution, notes=(*resolution.notes, note))


def starting_values(base: Base, user: Mapping[str, Any]) -> Values:
    """Return what fine-tuning says of weights where a user says nothing.

    The architecture is that of the weights. A generator with classes gets those of the data; one
    without keeps to that.
    """
    given = user.get("architecture", {})
    architecture = base.info.architecture.model_dump(mode="json")
    if given.get("name", architecture["name"]) != architecture["name"]:
        raise ConfigError(
            f"architecture.name: {given['name']} is not allowed, because {base.name} holds weights "
            f"of {architecture['name']}; leave the name out"
        )
    if architecture["num_classes"]:
        architecture["num_classes"] = None
    spec = registry.get(Architecture, architecture["name"])
    size = user["data"].get("image_size")
    for key in ("sample_shape", "source_shape"):
        if isinstance(size, int) and len(architecture.get(key, ())) == 3:
            architecture[key][1:] = [size, size]
    warm_up = 0 if base.published >= {*spec.critics} else WARM_UP
    preset = given.get("preset", architecture["preset"])
    presets = spec.presets
    players = _objective(base, user).players
    recipe = presets[preset].recipe if preset in presets else Recipe()
    # Of penalties on the gradient one is enough: the recipe's, or another that the user names. A
    # translator is held to its sources by other losses.
    wanted = {*recipe.penalties, *user.get("penalties", {})} <= {"r1"}
    generates = spec.networks[spec.makers[0]].kind == "generator"
    penalized = wanted and generates and len(architecture["sample_shape"]) == 3
    partial = user.get("finetune", {}).get("allow_partial", False)
    return {
        "architecture": architecture,
        "optimizers": _rates(recipe, players, partial=partial),
        **({"penalties": {"r1": {**R1, **recipe.penalties.get("r1", {})}}} if penalized else {}),
        "data": _sizes(recipe, architecture["sample_shape"]),
        "training": {"steps": STEPS},
        "finetune": {"reference": base.reference, "sha": base.sha, "warm_up": warm_up},
    }


def _objective(base: Base, user: Mapping[str, Any]) -> ObjectiveSpec:
    """The objective that weights are trained with, unless the user names another one."""
    spec = registry.get(Architecture, base.info.architecture.name)
    if not spec.objectives:
        raise ConfigError(
            f"architecture.name: {spec.name} is for sampling only, and cannot be trained"
        )
    section = user.get("objective", {})
    name = section.get("name", spec.objectives[0]) if isinstance(section, Mapping) else section
    return registry.get(ObjectiveSpec, name)


def _reads(base: Base, user: Mapping[str, Any]) -> list[str]:
    """The fields of the data that fine-tuning reads."""
    return [name for name in _objective(base, user).fields if name != "label"]


def _sizes(recipe: Recipe, shape: Sequence[int]) -> Values:
    """The size of the weights, in the place of one that the recipe has."""
    return {"image_size": shape[1]} if "image_size" in recipe.data else {}


def _rates(recipe: Recipe, players: Iterable[str], *, partial: bool) -> Values:
    """The recipe's learning rates, lowered or raised; a schedule is as long as it was."""
    rates: Values = {}
    for player in players:
        values = recipe.optimizers.get(player, {})
        name = values.get("name", "adam")
        rate = values.get("lr", OPTIMIZERS[name].model_fields["lr"].default)
        first = rate["from"] if isinstance(rate, Mapping) else rate
        factor = max(1.0, min(RAISED, HIGHEST / first)) if partial and first else RATE
        if isinstance(rate, Mapping):
            rate = {**rate, "from": factor * rate["from"], "to": factor * rate["to"]}
        else:
            rate = factor * rate
        rates[player] = {"name": name, "lr": rate}
    return rates
