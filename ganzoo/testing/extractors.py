"""What is demanded of an extractor of features."""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import registry
from ganzoo.evaluation.extractor import Extractor
from ganzoo.resolve.validation import validate
from ganzoo.testing.check import Case, Fault, Subject

SHAPES = ((1, 28, 28), (3, 32, 32), (3, 17, 40))


@dataclass(frozen=True)
class ExtractorCase(Case):
    """The config of an extractor."""

    def make(self) -> Extractor:
        """Make the extractor."""
        made: Extractor = registry.instantiate("extractors", self.spec.name, self.config)
        return made


def cases(subject: Subject) -> list[ExtractorCase]:
    """Its config."""
    values = {"name": subject.spec.name, **subject.values}
    config = validate(subject.spec.config, values, "extractor")
    return [ExtractorCase(subject.spec, subject.offer, config)]


def it_is_told_what_it_is(case: ExtractorCase) -> None:
    """It carries the name that it is asked for by, a length, and how it resizes."""
    made = case.make()
    if made.name != case.spec.name and not made.name.startswith(f"{case.spec.name}-"):
        raise Fault(
            f"its name is {made.name!r}; it must be {case.spec.name!r} or begin with "
            f"'{case.spec.name}-', because scores carry it"
        )
    if not isinstance(made.length, int) or made.length < 1:
        raise Fault(f"its length is {made.length!r}; it must be the length of its features")
    if not made.resize.strip():
        raise Fault("its resize is empty; describe in words how it resizes images")


def fingerprint_is_a_hash(case: ExtractorCase) -> None:
    """Its fingerprint is the SHA-256 of its weights, the same for every object."""
    first, second = case.make().fingerprint, case.make().fingerprint
    if not re.fullmatch(r"[0-9a-f]{64}", first):
        raise Fault(f"its fingerprint is {first!r:.80}; it must be a SHA-256 in hexadecimal")
    if first != second:
        raise Fault("its fingerprint differs between two objects; take it from the weights alone")


def features_have_their_shape(case: ExtractorCase) -> None:
    """Images of any size, grey or in colour, give finite features of its length."""
    made = case.make()
    for shape in SHAPES:
        found = made(_images(4, shape))
        _check_shape(f"features of {shape} images", found.features, (4, made.length))
        if bool(made.class_names) != (found.logits is not None):
            raise Fault("it has logits exactly where it has class_names; give both or neither")
        if found.logits is not None:
            _check_shape("logits", found.logits, (4, len(made.class_names)))


def images_stand_alone(case: ExtractorCase) -> None:
    """What it sees in an image depends on no other image of the batch, nor on chance."""
    made = case.make()
    images = _images(6, SHAPES[1])
    before = images.clone()
    together = made(images).features
    if not images.equal(before):
        raise Fault("it changes the images that it is given; work on a copy")
    if not together.allclose(made(images).features):
        raise Fault(
            "its features of an image change from call to call; use evaluation mode, and no dropout"
        )
    alone = torch.cat([made(image[None]).features for image in images])
    if not together.allclose(alone, rtol=1e-3, atol=1e-4 * float(together.abs().max())):
        raise Fault(
            "its features of an image depend on the rest of the batch; use the statistics of "
            "training (evaluation mode), not the batch's"
        )


def images_matter(case: ExtractorCase) -> None:
    """Other images have other features."""
    features = case.make()(_images(6, SHAPES[1])).features
    if float(features.std(dim=0).max()) == 0:
        raise Fault("every image has the same features, so they cannot tell images apart")


CHECKS = (
    it_is_told_what_it_is,
    fingerprint_is_a_hash,
    features_have_their_shape,
    images_stand_alone,
    images_matter,
)


def _images(count: int, shape: tuple[int, int, int]) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def _check_shape(what: str, found: Tensor, wanted: tuple[int, int]) -> None:
    if tuple(found.shape) != wanted:
        raise Fault(f"its {what} have shape {tuple(found.shape)}; it must be {wanted}")
    if not found.isfinite().all():
        raise Fault(f"its {what} are not all finite")
