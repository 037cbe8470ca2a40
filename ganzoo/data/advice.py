"""What a survey of images says of the training that is about to begin."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.config import RunConfig
from ganzoo.data.depth import dark_note
from ganzoo.data.survey import Survey
from ganzoo.resolve.augmented import FEW, times_shown
from ganzoo.resolve.merge import NAMED, Values, nest
from ganzoo.spec import Shape, Traits

TOO_FEW = 500
"""Below them it overfits at once."""

LARGEST = 128
"""The side that is suggested at most; larger ones are for those who know their machine."""

SMALLER_SHARE = 0.05
"""So many images may be enlarged at the suggested side."""

ENLARGED = 1.25
"""Images may be enlarged so much, which is hardly seen: of 28x28 the next smaller side, 16, would
lose two thirds of the pixels, and 32 loses none."""

INTERVAL = 16
"""R1 at each so many updates, as in StyleGAN2-ADA: it costs more than an update without it."""

UNBALANCED = 10

COLOURED = ("RGB", "P", "CMYK", "LAB")
"""How Pillow's names of pixels with colours begin."""


@dataclass(frozen=True)
class Advice:
    """What to know before training: doubts, values by dotted key, and a reason for each."""

    warnings: tuple[str, ...]
    values: Mapping[str, Any]
    reasons: Mapping[str, str]

    def command(
        self,
        name: str,
        source: str,
        overrides: Mapping[str, Any],
        *,
        partial: bool | None = None,
    ) -> str:
        """Return the command line that trains so, and with what the user asks for.

        `partial` tells whether weights fit in part only; None for a run that starts from none.
        """
        given, user = {**overrides, **self.values}, nest(overrides)
        if partial is None:
            named = {
                f"{key}.{NAMED[key]}" if key in overrides else key: value
                for key, value in (("architecture", name), ("data", source))
                if not _said(user, f"{key}.{NAMED[key]}")
            }
            return _line(["ganzoo", "train"], {**named, **given})
        words = ["ganzoo", "finetune", name, "--data", source]
        if partial and (user.get("finetune") or {}).get("allow_partial") is not True:
            words.append("--allow-partial")
        return _line(words, given)


def advise(
    survey: Survey,
    config: RunConfig,
    traits: Traits,
    fit: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Advice:
    """Look for what is doubtful in images, and for what to begin with.

    The weight of R1 is gamma = 0.0002 x pixels / batch size, the rule of StyleGAN2-ADA for other
    networks than these: a starting point. A run that starts from weights keeps to their size and
    recipe, so only `fit` is reported of it: where they and the images differ. Nothing is suggested
    for what the user's `overrides` say.
    """
    user = nest(overrides or {})
    crops = getattr(config.data, "fit", "crop") == "crop"
    found = [*(fit or ()), *doubts(survey, config.architecture.sample_shape, crops)]
    values, reasons = _networks(survey, config, traits, user) if fit is None else ({}, {})
    count = survey.count - len(survey.bad)
    if not config.data.holdout and count >= 40 and not _said(user, "data.holdout"):
        values["data.holdout"] = max(1, min(1000, count // 20))
        reasons["data.holdout"] = "so that overfitting is noticed"
    return Advice(tuple(found), values, reasons)


def _networks(
    survey: Survey, config: RunConfig, traits: Traits, user: Values
) -> tuple[dict[str, Any], dict[str, str]]:
    """Look for what networks that are new begin with, and why."""
    shape, count = config.architecture.sample_shape, survey.count - len(survey.bad)
    values: dict[str, Any] = {}
    reasons: dict[str, str] = {}

    def suggest(key: str, value: Any, reason: str) -> None:
        values[key], reasons[key] = value, reason

    side = best_side(survey, traits)
    sized = _said(user, "data.image_size") or _said(user, "architecture.sample_shape")
    if side is not None and (side, side) != shape[1:] and not sized:
        shape = (shape[0], side, side)
        share = f"at least {1 - SMALLER_SHARE:.0%} of the images"
        suggest("data.image_size", side, f"{share} are about this large or larger")
    few = count < FEW and config.augmentation.name == "diffaugment"
    if few and not _said(user, "augmentation"):
        often = f"D sees each image {times_shown(config.training, config.objective, count):,} times"
        suggest("augmentation", "diffaugment", f"{often}, and would memorise them")
    # A recipe with another one is balanced with it.
    if not config.active_penalties and not _said(user, "penalties.r1"):
        weight = float(f"{0.0002 * shape[1] * shape[2] / config.training.batch_size:.2g}")
        rule = "0.0002 x pixels / batch size, to be tried up and down"
        suggest("penalties.r1.weight", weight, rule)
        faster = "with the same strength, as the weight is multiplied by it, and much faster"
        suggest("penalties.r1.every", INTERVAL, faster)
    return values, reasons


def _said(user: Values, key: str) -> bool:
    """Whether a user says anything of a field, in whatever spelling."""
    value: Any = user
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def best_side(survey: Survey, traits: Traits) -> int | None:
    """Find the largest side that the architecture makes and that most images almost have."""
    if traits.sides is None:
        return None
    short = np.sort(survey.sizes.min(axis=1))
    common = short[int(SMALLER_SHARE * len(short))]
    fitting = [side for side in traits.sides if side <= min(ENLARGED * common, LARGEST)]
    return max(fitting, default=min(traits.sides))


def doubts(survey: Survey, shape: Shape, crops: bool) -> list[str]:
    """Say what is doubtful in images that networks see in a shape."""
    count, height, width = survey.count - len(survey.bad), *shape[1:]
    found = []
    if count < TOO_FEW:
        found.append(
            f"{count:,} images are very few; with fewer than {TOO_FEW:,}, expect samples that copy "
            "them"
        )
    smaller = int((ENLARGED * survey.sizes < [width, height]).any(axis=1).sum())
    if smaller:
        found.append(
            f"{smaller:,} are much smaller than {width}x{height}; enlarged, they look blurred"
        )
    aspects = survey.sizes[:, 0] / survey.sizes[:, 1]
    odd = int(((aspects > 2 * width / height) | (aspects < width / height / 2)).sum())
    if odd and crops:
        found.append(
            f"{odd:,} are so long that at least half is cut off; data.fit=pad keeps the whole image"
        )
    found += dark_note(survey.dark, count)
    found += _of_classes(survey.classes)
    spare = sum(len(group) - 1 for group in survey.copies)
    if spare:
        found.append(
            f"the generator will favour images that appear more than once ({spare:,}); remove "
            "the copies"
        )
    near = sum(len(group) - 1 for group in survey.near)
    if near > count / 10:
        found.append(f"{near:,} look almost the same as others; the data varies less than it seems")
    if shape[0] == 1 and any(mode.split()[-1].startswith(COLOURED) for mode in survey.modes):
        found.append("colours become grey, because the networks take one channel")
    return found


def _of_classes(classes: Mapping[str, int]) -> list[str]:
    doubts = []
    single = [name for name, count in classes.items() if count == 1]
    if single:
        doubts.append(
            f"{len(single)} of {len(classes)} classes hold one image, such as {single[0]!r}; is "
            "each folder a class? (architecture.num_classes=0 ignores the folders)"
        )
    elif classes and max(classes.values()) > UNBALANCED * min(classes.values()):
        most, least = max(classes, key=classes.__getitem__), min(classes, key=classes.__getitem__)
        doubts.append(
            f"classes are unbalanced: {most} has {classes[most]:,}, and {least} {classes[least]:,}"
        )
    return doubts


def _line(words: Sequence[str], given: Mapping[str, Any]) -> str:
    return shlex.join([*words, *(f"{key}={as_argument(value)}" for key, value in given.items())])


def as_argument(value: Any) -> str:
    """Write a value as it stands on a command line."""
    return value if isinstance(value, str) else json.dumps(value)
