"""Making a run's config: defaults, the preset's recipe, the file, then overrides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import registry
from ganzoo.config import DataConfig, RunConfig, TrainingConfig, documents
from ganzoo.config.watching import PAIR_METRICS, POINT_METRICS, HealthConfig
from ganzoo.errors import ConfigError, PluginError, closest
from ganzoo.resolve.augmented import AUTO, check_augmentation, chosen
from ganzoo.resolve.critics import check_loss
from ganzoo.resolve.data_section import check_fields, data_config, open_dataset
from ganzoo.resolve.merge import Values, expand, flat, merge, nest
from ganzoo.resolve.paths import dataset_name
from ganzoo.resolve.shapes import fitted
from ganzoo.resolve.validation import (
    are_pairs,
    check_architecture,
    check_evaluation,
    check_finetuning,
    check_penalties,
    check_penalty_names,
    check_suits,
    shown,
    validate,
)
from ganzoo.spec import (
    Architecture,
    AugmentationSpec,
    DatasetSpec,
    LossSpec,
    ObjectiveSpec,
    Preset,
    Recipe,
    RecipeFacts,
)

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.training.starting import Base

LOOKS = 6
"""At a run's health at least, where it has as many rows; a verdict of its monitors needs four."""

DEFAULTS: Values = {
    "loss": {"name": "non-saturating"},
    "data": {"source": "mnist5k"},
    "augmentation": {"name": AUTO},
}


@dataclass(frozen=True)
class Resolution:
    """A config that may be run, what resolving it had to decide, and what it had to open.

    Attributes:
        config: Complete and checked; written to YAML it resolves to the same object.
        dataset: The data, for which it was checked.
        notes: Sentences on what was fitted, for the user.
        base: The weights that the run starts from, where they were opened.
    """

    config: RunConfig
    dataset: Dataset = dataclasses.field(compare=False, repr=False)
    notes: tuple[str, ...] = ()
    base: Base | None = dataclasses.field(default=None, compare=False, repr=False)


def resolve(
    config: RunConfig | Resolution | Mapping[str, Any] | str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Resolution:
    """Resolve a config against the installed plugins and the data. Imports no torch.

    Args:
        config: A config, plain values like one, or the path of a YAML, JSON or TOML file; one that
            is resolved stays as it is, where nothing is laid over it.
        overrides: Values by dotted key, laid over it; a bare field of ``training`` will do
            (``{"steps": 2000}``).

    Raises:
        ConfigError: A value, or a combination of values, is not allowed.
        PluginError: A plugin is unknown, ambiguous or broken.
        DataError: The data cannot be read.
    """
    if isinstance(config, Resolution):
        if not overrides:
            return config
        config = config.config
    user = user_values(config, overrides)
    spec, preset = _architecture(user.get("architecture", {}))
    recipe = _sections(preset.recipe)
    recipe["architecture"] = {
        "name": user["architecture"]["name"],
        "preset": user["architecture"].get("preset", spec.default_preset),
        **preset.values,
    }
    if spec.objectives and "objective" in recipe:
        # It is said of the default objective, and of no other that the user names.
        recipe["objective"] = {"name": spec.objectives[0], **recipe["objective"]}
    # Last, so that what a recipe says of all data stays when the user names the source.
    values = merge(DEFAULTS, merge(recipe, user))
    objective = _objective(spec, values)
    values = _with_optimizers(values, objective)

    reads = [name for name in objective.fields if name != "label"]
    source = values["data"].get("source")
    with suppress(PluginError):  # of a name that is none, which is told below
        # Before the fields of the section: a recipe has those of the data that it is for.
        if isinstance(source, str):
            check_fields(spec.name, reads, registry.get(DatasetSpec, dataset_name(source)))
    data = data_config(values["data"], values)
    dataset = open_dataset(data)
    maker = spec.networks[spec.makers[0]]
    made = dataset.fields[maker.makes[0]]
    data = data.model_copy(update=dict(dataset.pinned))
    fields = {"sample_shape": made}
    if maker.kind == "translator":
        fields["source_shape"] = dataset.fields[maker.reads[0]]
    values["architecture"], notes = fitted(spec, values, data, dataset, fields)
    if preset.rule is not None:
        ruled = preset.rule(_facts(values, user, data, dataset))
        of_rule = _sections(ruled)
        # Data that others offer need not have every field of the data that a paper used.
        known, said = type(data).model_fields, of_rule.get("data", {})
        of_rule["data"] = {key: value for key, value in said.items() if key in known}
        recipe = merge(recipe, of_rule)
        if flat(of_rule).keys() - flat(user).keys():
            notes.append(ruled.note)
        values = merge(DEFAULTS, merge(recipe, user)) | {"architecture": values["architecture"]}
        objective = _objective(spec, values)
        values = _with_optimizers(values, objective)
        ruled_data = data_config(values["data"], values).model_copy(update=dict(dataset.pinned))
        if ruled_data != data:
            data, dataset = ruled_data, open_dataset(ruled_data)
    training = validate(TrainingConfig, values.get("training", {}), "training", values)
    game = validate(objective.config, values["objective"], "objective", values)
    values["augmentation"], told = chosen(values["augmentation"], dataset, made, training, game)
    notes = [*dataset.notes, *notes, *told]
    sections = {
        "architecture": validate(spec.config, values["architecture"], "architecture", values),
        "objective": game,
        "loss": _named("loss", LossSpec, values),
        "augmentation": _named("augmentation", AugmentationSpec, values),
        "training": training,
        "penalties": check_penalty_names(values, spec, objective),
        "data": data,
    }
    values["health"] = _looks(values, training)
    evaluation = values.get("evaluation", {})
    if not made.kind.planar:
        values["evaluation"] = _usual(evaluation, POINT_METRICS, "divergence")
    elif are_pairs(dataset, maker):
        values["evaluation"] = _usual(evaluation, PAIR_METRICS, "mae")
    result = validate(RunConfig, {**values, **sections}, "", values)
    traits = check_architecture(spec, result.architecture)
    check_suits(result, dataset, made)
    notes += check_loss(spec, result.architecture, registry.get(LossSpec, result.loss.name))
    check_penalties(traits, spec, objective, result.active_penalties)
    check_augmentation(result, made.kind.name)
    check_evaluation(result, dataset, maker)
    check_finetuning(result)
    return Resolution(result, dataset, tuple(notes))


def _sections(recipe: Recipe) -> Values:
    """Return the sections of a run's config that a recipe has something to say of."""
    sections = {f.name: getattr(recipe, f.name) for f in dataclasses.fields(recipe)}
    del sections["note"]
    return {name: values for name, values in sections.items() if values != {}}


def _facts(values: Values, user: Values, data: DataConfig, dataset: Dataset) -> RecipeFacts:
    """Gather what a recipe's rule may look at."""
    training = validate(TrainingConfig, values.get("training", {}), "training", values)
    lengths = (len(part) for parts in dataset.groups.values() for part in parts.values())
    return RecipeFacts(
        architecture=values["architecture"],
        samples=max(1, max(lengths) - data.holdout),
        classes=len(dataset.class_names),
        batch_size=training.batch_size,
        steps=training.steps if "steps" in user.get("training", {}) else None,
        batch_given="batch_size" in user.get("training", {}),
    )


def user_values(
    config: RunConfig | Mapping[str, Any] | str | Path | None,
    overrides: Mapping[str, Any] | None = None,
) -> Values:
    """Lay overrides over a config, which are all that a user gives.

    Raises:
        ConfigError: The file cannot be read, a section is unknown or no mapping.
    """
    layer = _layer(config)
    return merge(layer, expand(nest(overrides or {}, layer)))


def _layer(config: RunConfig | Mapping[str, Any] | str | Path | None) -> Values:
    if config is None:
        return {}
    if isinstance(config, RunConfig):
        return config.model_dump(mode="json")
    if isinstance(config, Mapping):
        return expand(config)
    values = documents.read(Path(config))
    try:
        return expand(values)
    except ConfigError as error:
        raise ConfigError(f"{config}: {error}") from None


def _architecture(values: Mapping[str, Any]) -> tuple[Architecture, Preset]:
    name = values.get("name")
    if name is None:
        known = registry.names("architectures")
        example = f", as in architecture={known[0]}" if known else ""
        raise ConfigError(f"architecture: missing; name one of {', '.join(known)}{example}")
    if not isinstance(name, str):
        raise ConfigError(f"architecture.name: {shown(name)} is not allowed; it must be a name")
    spec = _looked_up("architecture.name", Architecture, name)
    preset = values.get("preset", spec.default_preset)
    if not isinstance(preset, str) or preset not in spec.presets:
        raise ConfigError(
            f"architecture.preset: {name} has no preset {shown(preset)}"
            f"{closest(str(preset), spec.presets)}"
        )
    return spec, spec.presets[preset]


def _usual(values: Any, metrics: Sequence[str], best: str) -> Any:
    """Where no metric is named, those that suit the data, and the best weights by one of them."""
    if not isinstance(values, Mapping) or "metrics" in values:
        return values
    return {"best": best, **values, "metrics": metrics}


def _looks(values: Values, training: TrainingConfig) -> Mapping[str, Any]:
    """Look more often at a short run where no cadence is named."""
    default: int = HealthConfig.model_fields["every"].default
    every = min(default, max(1, training.steps // LOOKS))
    return {"every": every, **values.get("health", {})}


def _objective(spec: Architecture, values: Values) -> ObjectiveSpec:
    """Find the objective that an architecture is trained with, and name it in its section."""
    if not spec.objectives:
        raise ConfigError(
            f"architecture.name: {spec.name} is for sampling only, and cannot be trained"
        )
    section = {"name": spec.objectives[0], **values.get("objective", {})}
    name = section["name"]
    if name not in spec.objectives:
        allowed = " or ".join(spec.objectives)
        raise ConfigError(
            f"objective.name: {shown(name)} is not allowed; {spec.name} is trained with {allowed}"
        )
    values["objective"] = section
    found: ObjectiveSpec = _looked_up("objective.name", ObjectiveSpec, name)
    missing = [role for role in found.roles if role not in spec.networks]
    if missing:
        raise ConfigError(
            f"objective.name: {name} updates the role {missing[0]}, which {spec.name} does not "
            f"have; its roles are {', '.join(spec.networks)}"
        )
    return found


def _named(section: str, kind: type[Any], config: Mapping[str, Any]) -> Any:
    values = config[section]
    name = values.get("name")
    if not isinstance(name, str):
        raise ConfigError(f"{section}.name: {shown(name)} is not allowed; it must be a name")
    model = _looked_up(f"{section}.name", kind, name).config
    return validate(model, values, section, config)


def _looked_up(path: str, kind: type[Any], name: str) -> Any:
    try:
        return registry.get(kind, name)
    except PluginError as error:
        raise PluginError(f"{path}: {error}") from error.__cause__


def _with_optimizers(values: Values, objective: ObjectiveSpec) -> Values:
    """Each player has an optimizer; one that says no name is the default one."""
    optimizers = {player: {} for player in objective.players} | values.get("optimizers", {})
    for player in optimizers:
        if player not in objective.players:
            raise ConfigError(
                f"optimizers.{player}: unknown player{closest(str(player), objective.players)}"
            )
    named = {
        player: {"name": "adam", **item} if isinstance(item, Mapping) else item
        for player, item in optimizers.items()
    }
    return {**values, "optimizers": named}
