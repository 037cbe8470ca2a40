"""How far the same generator's score moves with everything but the generator.

``python -m benchmarks.fids`` prints the table of docs/explanation/why-fids-differ.md.
"""

import statistics
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

import ganzoo
from benchmarks.digits import digits
from ganzoo.data.cache import open_store
from ganzoo.data.config import Mnist5kConfig
from ganzoo.data.digits import Mnist5k
from ganzoo.evaluation.extractor import Extractor
from ganzoo.evaluation.metrics import frechet_distance, kernel_distance
from ganzoo.evaluation.moments import Moments
from ganzoo.evaluation.scorer import make_extractor
from ganzoo.networks.generator import Generator
from ganzoo.spec import Shape

REFERENCE = "dcgan.mnist5k"
OTHER = "wgan-gp.mnist5k"
FAKES = 5000


def main() -> None:
    """Print the table."""
    extractor = make_extractor("digits")
    generator = ganzoo.load_generator(REFERENCE)
    reals = brought_to(generator.config.sample_shape)
    of_reals, raw = seen(extractor, reals), seen(extractor, digits()[0])
    images = made(generator)

    def fid(fakes: Tensor, against: Tensor = of_reals) -> float:
        return frechet_distance(Moments.of(against), Moments.of(seen(extractor, fakes)))

    print("| what is changed | FID-digits |\n| --- | --- |")
    row(f"nothing ({FAKES:,} fakes, seed 0)", fid(rounded(images)))
    row("seeds 1 to 5", *(fid(rounded(made(generator, seed=seed))) for seed in range(1, 6)))
    for count in (500, 1000, 2000):
        row(f"{count:,} fakes (seeds 1 to 5)", *(fid(part) for part in parts(generator, count)))
    row("20,000 fakes", fid(rounded(made(generator, 20_000))))
    halves = (fid(rounded(images), of_reals[first::2]) for first in (0, 1))
    row("half of the reals, and the other half", *halves)
    row("reals of one half against those of the other", fid(reals[::2], of_reals[1::2]))
    row("equally many fakes of each class, not drawn", fid(rounded(made(generator, even=True))))
    row("fakes not rounded to 8 bits", fid(images))
    row("reals as they are, 28x28, and not 32x32 as fakes are", fid(rounded(images), raw))
    for antialias in (True, False):
        name = "antialiased" if antialias else "not antialiased"
        row(f"fakes made smaller to 16x16 and back, {name}", fid(resized(images, 16, antialias)))
    row("truncation 0.7", fid(rounded(made(generator, truncation=0.7))))
    other = ganzoo.load_generator(OTHER)
    row(f"another generator ({OTHER})", fid(rounded(made(other))))

    print("\n| fakes | FID-digits | KID-digits |\n| --- | --- | --- |")
    for count in (500, 1000, 2000, 5000):
        found = [seen(extractor, part) for part in parts(generator, count)]
        kids = [kernel_distance(of_reals, part, size=500)[0] for part in found]
        fids = [frechet_distance(Moments.of(of_reals), Moments.of(part)) for part in found]
        print(f"| {count:,} | {spread(fids)} | {spread(kids)} |")


def brought_to(shape: Shape) -> Tensor:
    """Return the real digits as `ganzoo evaluate` compares them, in the shape of the fakes."""
    samples = open_store(Mnist5k(Mnist5kConfig()), shape).samples
    return torch.from_numpy(samples).permute(0, 3, 1, 2).float() / 255


def seen(extractor: Extractor, images: Tensor) -> Tensor:
    """Return the features of images."""
    return torch.cat([extractor(part).features for part in images.split(500)])


def made(
    generator: Generator,
    count: int = FAKES,
    *,
    seed: int = 0,
    truncation: float | None = None,
    even: bool = False,
) -> Tensor:
    """Return fakes of classes that are drawn, or equally many of each."""
    labels = None
    if generator.config.num_classes:
        labels = torch.arange(count) % generator.config.num_classes
        if not even:
            drawn = torch.Generator().manual_seed(seed)
            labels = torch.randint(generator.config.num_classes, (count,), generator=drawn)
    return generator.sample(count, seed=seed, labels=labels, truncation=truncation, batch_size=500)


def parts(generator: Generator, count: int) -> Iterator[Tensor]:
    """Return so many fakes of each of five seeds."""
    return (rounded(made(generator, count, seed=seed)) for seed in range(1, 6))


def rounded(images: Tensor) -> Tensor:
    """Round images to 8 bits, as files do."""
    return images.mul(255).round().div(255)


def resized(images: Tensor, side: int, antialias: bool) -> Tensor:
    """Bring images to another size and back."""
    for size in (side, images.shape[-1]):
        images = F.interpolate(
            images, (size, size), mode="bilinear", antialias=antialias, align_corners=False
        )
    return images.clamp(0, 1)


def row(name: str, *values: float) -> None:
    """Print a line of the table."""
    print(f"| {name} | {spread(values)} |", flush=True)


def spread(values: Sequence[float]) -> str:
    """Write one value, or the median of several and their range."""
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.3g}"
    return f"{middle:.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main()
