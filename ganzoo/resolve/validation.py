"""Validating the sections of a config, and the rules that span several of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from ganzoo import registry
from ganzoo.config import ArchitectureConfig, PenaltyConfig, RunConfig
from ganzoo.config.models import UNION_TAGS
from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.config.watching import (
    IMAGE_METRICS,
    LEAST_FAKES,
    LEAST_REALS,
    METRICS,
    PAIR_METRICS,
    POINT_METRICS,
)
from ganzoo.config.written import settled
from ganzoo.errors import ConfigError, PluginError, brief, closest
from ganzoo.resolve.dotted import field_paths, fields_at, meant
from ganzoo.spec import (
    Architecture,
    ExtractorSpec,
    ObjectiveSpec,
    PenaltySpec,
    Role,
    Shape,
    Traits,
)

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.data.fields import Field

M = TypeVar("M", bound=BaseModel)

MAX_FAULTS = 10
"""More faults than these are counted, not told."""


def validate(model: type[M], values: Any, path: str, within: Mapping[str, Any] | None = None) -> M:
    """Validate values against a model.

    Args:
        model: Of the values.
        values: Anything.
        path: Of the values, as ``training``; or what they are of, as ``run.json:``.
        within: The run's config that they are part of: an unknown field is looked for in all of it.

    Raises:
        ConfigError: For every fault the field's path, what was given and what is allowed.
    """
    try:
        return model.model_validate(settled(values, model))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        sentences = [_sentence(model, fault, path, within) for fault in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            sentences.append(f"and {len(faults) - MAX_FAULTS:,} more faults")
        raise ConfigError("; ".join(sentences)) from None


def _sentence(
    model: type[BaseModel],
    fault: Mapping[str, Any],
    path: str,
    within: Mapping[str, Any] | None,
) -> str:
    *place, last = fault["loc"] or [""]
    tags = UNION_TAGS | OPTIMIZERS.keys()
    names = (brief(part, 60) for part in fault["loc"] if part != "" and part not in tags)
    inner = ".".join(names)
    separator = " " if path.endswith(":") else "." if path else ""
    field = f"{path}{separator}{inner}" if inner else path.removesuffix(":")
    match fault["type"]:
        case "extra_forbidden":
            own = fields_at(model, place)
            others = [] if within is None else field_paths(within)
            start = field.rpartition(".")[0]
            hint = within is not None and meant(field, [*(f"{start}.{x}" for x in own), *others])
            return f"{field}: unknown field{hint or closest(brief(last, 60), own)}"
        case "missing":
            return f"{field}: missing"
        case "value_error":
            return f"{field}: {fault['ctx']['error']}"
        case "union_tag_invalid":
            allowed = fault["ctx"]["expected_tags"]
            given = brief(repr(fault["ctx"]["tag"]), 60)
            return f"{field}.name: {given} is not allowed; it must be one of {allowed}"
        case "union_tag_not_found":
            return f"{field}.name: missing"
        case "tuple_type":
            message = "it must be a list"
        case "too_short" | "too_long" as kind:
            limit = "at least {min_length}" if kind == "too_short" else "at most {max_length}"
            message = f"its length must be {limit.format(**fault['ctx'])}"
        case "dict_type" | "model_type" | "model_attributes_type":
            message = "it must be a mapping of fields"
        case _:
            message = fault["msg"].replace("Input should be", "it must be")
    for formal, plain in (("greater than or equal to", "at least"), ("less than or", "at most")):
        message = message.replace(formal, plain)
    return f"{field}: {shown(fault['input'])} is not allowed; {message}"


def shown(value: Any) -> str:
    """Tell a value that was given, briefly and as it is written in a config."""
    if isinstance(value, Mapping):
        return "a mapping"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return f"{value!r:.60}"


def check_architecture(spec: Architecture, config: ArchitectureConfig) -> Traits:
    """Check what every architecture's config must keep to.

    Raises:
        ConfigError: It cannot make the shape, or labels are asked of one that takes none.
    """
    traits = spec.traits(config)
    check_shape("architecture.sample_shape", spec.name, traits, config.sample_shape)
    if config.num_classes and not traits.labels:
        raise ConfigError(
            f"architecture.num_classes: {spec.name} takes no labels, so {config.num_classes} is "
            "not allowed; set it to 0 or choose an architecture that does"
        )
    if "classes" in traits.critic_extras and not config.num_classes:
        raise ConfigError(
            f"architecture.num_classes: 0 leaves the classifier of {spec.name}'s discriminator "
            "nothing to name; set the number of classes, or choose a discriminator without one"
        )
    return traits


def check_shape(field: str, architecture: str, traits: Traits, shape: Shape) -> None:
    """Check that an architecture can make the shape that a field asks of it.

    Raises:
        ConfigError: It cannot.
    """
    if not traits.allows(shape):
        raise ConfigError(
            f"{field}: {architecture} cannot make {_shape(shape)}; it makes {traits.shapes}"
        )


def check_penalties(
    traits: Traits,
    architecture: Architecture,
    objective: ObjectiveSpec,
    penalties: Mapping[str, PenaltyConfig],
) -> None:
    """Check that every penalty has a meaning for the networks that it regularises.

    Raises:
        ConfigError: It is of another kind of network, cannot be an update of its own, or needs
            scores that do not depend on the rest of the batch.
    """
    for label, penalty in penalties.items():
        spec = registry.get(PenaltySpec, penalty.name)
        if penalty.apart and spec.kind == "projection":
            raise ConfigError(
                f"penalties.{label}.apart: {spec.name} changes weights after each update and adds "
                "nothing to a loss; leave apart out"
            )
        roles = [
            role
            for role in objective.players.get(penalty.on, (penalty.on,))
            if spec.of == "any" or getattr(architecture.networks[role], spec.of)
        ]
        if not roles:
            fitting = [
                role for role in objective.roles if getattr(architecture.networks[role], spec.of)
            ]
            raise ConfigError(
                f"penalties.{label}.on: {spec.name} is for a {spec.of}, and {penalty.on} has none; "
                f"choose one of {', '.join(fitting)}"
            )
        if spec.needs_styles and traits.truncation.kind != "styles":
            raise ConfigError(
                f"penalties.{label}: it is for style-based generators, and that of "
                f"{architecture.name} has no styles; remove it with penalties.{label}=null"
            )
        couplings = {traits.coupling.get(role, "none") for role in roles}
        if couplings & {*spec.forbids_coupling}:
            raise ConfigError(
                f"penalties.{label}: it needs a discriminator that scores each sample by itself, "
                f"but that of {architecture.name} couples the samples of a batch (batch norm); "
                "choose another norm for the discriminator, another penalty such as r1, or "
                f"remove this one with penalties.{label}=null"
            )


def check_suits(config: RunConfig, dataset: Dataset, field: Field) -> None:
    """Check that the data is of the kind, shape and classes that the networks are made for.

    Args:
        config: Of the run.
        dataset: The data.
        field: What samples of the networks are like.

    Raises:
        ConfigError: They differ.
    """
    shape, classes = config.architecture.sample_shape, config.architecture.num_classes
    source = config.data.source
    if not field.kind.reaches(field.shape, shape):
        cure = "leave sample_shape out to take the data's"
        if config.finetune is not None:
            cure = "fine-tune on data of that kind"
        raise ConfigError(
            f"architecture.sample_shape: the networks would make {_shape(shape)}, but {source} "
            f"holds {_shape(field.shape)}; {cure}"
        )
    if not field.kind.planar and (config.data.flip or config.data.image_size):
        key = "flip" if config.data.flip else "image_size"
        raise ConfigError(f"data.{key}: {source} holds {field.kind.name}; {key} is for images")
    size = config.data.image_size
    if size is not None and shape[1:] != (size, size):
        raise ConfigError(
            f"data.image_size: {size} contradicts architecture.sample_shape {_shape(shape)}; "
            "give one of them"
        )
    # Lengths are asked for where they matter alone, as they may cost a look at all files.
    if config.data.holdout:
        shortest = min(len(part) for parts in dataset.groups.values() for part in parts.values())
        if config.data.holdout >= shortest:
            raise ConfigError(
                f"data.holdout: cannot hold out {config.data.holdout} samples, because {source} "
                f"has {shortest}; hold out fewer, for example one in twenty"
            )
    if classes and classes != len(dataset.class_names):
        raise ConfigError(
            f"architecture.num_classes: {classes} is not allowed, because {source} has "
            f"{len(dataset.class_names) or 'no'} classes; leave num_classes out to take the "
            "data's, or set it to 0 to ignore labels"
        )


def check_finetuning(config: RunConfig) -> None:
    """Check that a fine-tuning run does more than warm up, and freezes networks that it has.

    Raises:
        ConfigError: It does not.
    """
    roles = registry.get(Architecture, config.architecture.name).networks
    for role in config.finetune.freeze if config.finetune is not None else ():
        if role not in roles:
            raise ConfigError(
                f"finetune.freeze.{role}: {config.architecture.name} has no such network"
                f"{closest(role, roles)}"
            )
    if config.warm_up >= config.training.steps:
        raise ConfigError(
            f"finetune.warm_up: {config.warm_up} leaves the generator no step, because "
            f"training.steps is {config.training.steps}; train for more steps, or warm up for "
            "fewer"
        )


def check_evaluation(config: RunConfig, dataset: Dataset, maker: Role) -> None:
    """Check that what is computed while training has a meaning for the data.

    Args:
        config: Of the run.
        dataset: The data.
        maker: The role that is scored.

    Raises:
        ConfigError: It has none, or the extractor is not installed.
    """
    evaluation = config.evaluation
    if not evaluation.every:
        return
    field = dataset.fields[maker.makes[0]]
    paired = are_pairs(dataset, maker)
    check_metrics("evaluation.metrics", evaluation.metrics, field.kind.name, paired=paired)
    fakes, told = evaluation.fakes, "evaluation.fakes"
    if maker.kind == "translator":
        source = dataset.fields[maker.reads[0]]
        there = config.data.holdout or len(dataset.groups[source.group][source.name])
        if there < fakes:
            fakes, told = there, "evaluation.metrics: the number of images to translate"
    check_enough(told, fakes, evaluation.metrics, LEAST_FAKES)
    reals = "evaluation.metrics: the number of reals"
    count = len(dataset.groups[field.group][field.name])
    check_enough(reals, count, evaluation.metrics, LEAST_REALS)
    if evaluation.extractor is not None:
        try:
            registry.get(ExtractorSpec, evaluation.extractor)
        except PluginError as error:
            raise ConfigError(f"evaluation.extractor: {error}") from error


def are_pairs(dataset: Dataset, maker: Role) -> bool:
    """Report whether the data holds the target of each image that a role translates."""
    if maker.kind != "translator":
        return False
    groups = {dataset.fields[name].group for name in (maker.reads[0], maker.makes[0])}
    return len(groups) == 1


def check_metrics(field: str, names: Iterable[str], kind: str, *, paired: bool = False) -> None:
    """Check that metrics are known, and have a meaning for samples of a kind.

    Args:
        field: What the error names.
        names: The metrics.
        kind: ``images`` or ``vectors``.
        paired: Whether each image has a target.

    Raises:
        ConfigError: They are not, or have none.
    """
    allowed = IMAGE_METRICS if kind == "images" else POINT_METRICS
    if paired:
        allowed = (*PAIR_METRICS, *allowed)
    for name in names:
        if name not in METRICS:
            raise ConfigError(f"{field}: there is no metric {name!r}{closest(name, METRICS)}")
        if name in allowed:
            continue
        choices = f"choose from {', '.join(allowed)}"
        if name in PAIR_METRICS:
            raise ConfigError(
                f"{field}: {name} compares translations with their targets, and this data has no "
                f"pairs; {choices}"
            )
        raise ConfigError(f"{field}: {name} does not apply to {kind}; {choices}")


def check_enough(what: str, count: int, names: Iterable[str], least: Mapping[str, int]) -> None:
    """Check that there are as many samples as each metric needs.

    Raises:
        ConfigError: There are fewer.
    """
    for name in names:
        need = least.get(name, 1)
        if count < need:
            raise ConfigError(
                f"{what} is {count}; {name} needs at least {need}, so give more or leave {name} out"
            )


def check_penalty_names(
    config: Mapping[str, Any], architecture: Architecture, objective: ObjectiveSpec
) -> dict[str, PenaltyConfig | None]:
    """Validate each penalty of a run's config against the config of the penalty that is named.

    In the result each says its name, and what it regularises.

    Raises:
        PluginError: A penalty is unknown or broken.
        ConfigError: A value is not allowed, or there is no such player or role.
    """
    allowed = [*objective.players, *objective.roles]
    result: dict[str, PenaltyConfig | None] = {}
    for label, values in config.get("penalties", {}).items():
        if values is None:
            result[label] = None
            continue
        place = f"penalties.{label}"
        named = {"name": label, **values} if isinstance(values, Mapping) else values
        name = named.get("name") if isinstance(named, Mapping) else label
        if not isinstance(name, str):
            raise ConfigError(f"{place}.name: {shown(name)} is not allowed; it must be a name")
        try:
            spec = registry.get(PenaltySpec, name)
        except PluginError as error:
            raise PluginError(f"penalties: {error}") from error.__cause__
        penalty = validate(spec.config, named, place, config)
        on = penalty.on or spec.on
        if on not in allowed:
            raise ConfigError(
                f"{place}.on: there is no player or role {on!r} in {architecture.name} with the "
                f"objective {objective.name}; choose one of {', '.join(dict.fromkeys(allowed))}"
            )
        result[label] = penalty.model_copy(update={"on": on})
    return result


def _shape(shape: Shape) -> str:
    if len(shape) == 1:
        return f"vectors of {shape[0]}"
    channels, height, width = shape
    return f"{height}x{width} images of {channels} channel{'s' if channels > 1 else ''}"
