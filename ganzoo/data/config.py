"""The configs of the first-party datasets."""

import os
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ganzoo.config import DataConfig
from ganzoo.resolve.paths import is_on_hub, is_path


class Mnist5kConfig(DataConfig):
    """Digits; there is nothing to choose."""


class MixtureConfig(DataConfig):
    """A mixture of Gaussians with equal weights."""

    samples: int = Field(default=50_000, ge=1, le=10_000_000, description="Number of points.")
    std: float = Field(default=0.05, gt=0, description="Standard deviation about a centre.")


class Ring8Config(MixtureConfig):
    """Eight centres on a circle."""

    std: float = Field(default=0.02, gt=0, description="Standard deviation about a centre.")
    radius: float = Field(default=2.0, gt=0, description="Radius of the circle.")


class Grid25Config(MixtureConfig):
    """Five by five centres."""

    spacing: float = Field(default=2.0, gt=0, description="Distance between neighbouring centres.")


def _absolute(path: str | None) -> str | None:
    """So that a run resumes from any folder."""
    return None if path is None else os.path.abspath(os.path.expanduser(path))


def _source(source: str | None) -> str | None:
    """Make a path absolute; names and repositories of the Hub stay."""
    return _absolute(source) if source is not None and is_path(source) else source


def _images_at(source: str | None) -> str | None:
    """Make a path, which needs no separator, absolute; repositories of the Hub stay."""
    return source if source is None or is_on_hub(source) else _absolute(source)


class StandardConfig(DataConfig):
    """A dataset in files as torchvision lays them."""

    PLACES: ClassVar[tuple[str, ...]] = ("root",)

    root: Annotated[str | None, AfterValidator(_absolute)] = Field(
        default=None,
        description="Folder that holds torchvision's MNIST, FashionMNIST or cifar-10-batches-py; "
        "null for one in ganzoo's cache.",
    )
    split: Literal["train", "test", "all"] = Field(
        default="train", description="The published split; all for both."
    )
    download: bool = Field(default=False, description="Download missing files with torchvision.")


def _colour(text: str) -> str:
    """Bring a colour to one spelling."""
    from PIL import ImageColor  # where a colour is given; to list datasets needs no Pillow

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        raise ValueError(
            f"{text!r:.40} is not a colour; give one as '#ff8800', or a name such as white"
        ) from None
    if alpha and alpha != [255]:
        raise ValueError(f"{text!r:.40} is transparent itself; give a colour as '#ff8800'")
    return f"#{red:02x}{green:02x}{blue:02x}"


class ImagesConfig(DataConfig):
    """The fields of every source of image files."""

    channels: Literal[1, 3, 4] | None = Field(
        default=None,
        description="1 for grey, 3 for colour, 4 for colour with alpha; null for 1 or 3, "
        "depending on the images.",
    )
    background: Annotated[str, AfterValidator(_colour)] = Field(
        default="#ffffff",
        description="The colour behind transparent images, and of what `fit=pad` adds, such as "
        '"#ff0000" or a name.',
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        default="crop", description="How images with another aspect ratio are fitted to the shape."
    )
    white: int = Field(
        default=65535,
        ge=255,
        le=65535,
        description="The value of white in 16-bit grey; 4095 for 12 bits stored in 16.",
    )
    max_bad: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of images that may be unreadable and are then skipped; a larger share "
        "is an error.",
    )


class FolderConfig(ImagesConfig):
    """Images on disk; `source` is the path."""


class ArchiveConfig(ImagesConfig):
    """Images in a .zip or .tar; `source` is the path."""


class ManifestConfig(ImagesConfig):
    """Images that a .csv or .jsonl lists; `source` is its path."""

    file_column: str | None = Field(
        default=None, description="Column or key of the files; null for one with a usual name."
    )
    label_column: str | None = Field(
        default=None,
        description="Column or key of the labels; null for one with a usual name, if any; "
        '"" for none.',
    )


class RepositoryConfig(ImagesConfig):
    """Images of a dataset repository of the Hugging Face Hub; `source` names it."""

    split: str = Field(default="train", min_length=1, description="The split of the dataset.")
    subset: str | None = Field(
        default=None, description="The configuration of the dataset; null for its default."
    )
    image: str | None = Field(
        default=None, description="Column of the images; null for the only one with images."
    )
    label: str | None = Field(
        default=None,
        description="Column of the labels; null for the only one of classes, or else one with a "
        'usual name; "" for none.',
    )


class ArraysConfig(ImagesConfig):
    """Images or vectors in a .npz or .npy; `source` is the path."""

    samples: str | None = Field(
        default=None,
        description="The array of samples in a .npz; null for images, x or samples, or the only "
        "one.",
    )
    labels: str | None = Field(
        default=None,
        description="The array of labels in a .npz; null for one with a usual name, if any; "
        '"" for none.',
    )


class PythonConfig(DataConfig):
    """A dataset that `ganzoo.register_dataset` was given; there is nothing to choose."""


Part = Annotated[str | None, AfterValidator(_source)]


class PartsConfig(ImagesConfig):
    """Images of two kinds, each from any source: a path, a dataset's name or hf://owner/name."""

    PLACES: ClassVar[tuple[str, ...]] = ("a", "b")

    a: Part = Field(default=None, description="The images of one kind.")
    b: Part = Field(default=None, description="The images of the other kind.")
    load_size: int | None = Field(
        default=None,
        ge=1,
        le=65536,
        description="Shorter side that images are brought to before they are cropped at random to "
        "`image_size`; no crop if null.",
    )

    @property
    def read_from(self) -> dict[str, str]:
        """The places of the parts."""
        places = {name: getattr(self, name) for name in self.PLACES}
        return {name: place for name, place in places.items() if place is not None}

    @model_validator(mode="after")
    def _parts_and_sizes_fit(self) -> Self:
        self._check_parts()
        if self.load_size is not None and self.image_size is None:
            raise ValueError("load_size needs image_size, the side that images are cropped to")
        if self.load_size is not None and self.load_size < (self.image_size or 0):
            raise ValueError(
                f"load_size {self.load_size} is smaller than image_size {self.image_size}, which "
                "images are cropped to; make it at least as large"
            )
        return self

    def _check_parts(self) -> None:
        if self.a is None or self.b is None:
            missing = "a" if self.a is None else "b"
            raise ValueError(f"{missing} is missing; give a and b, as data.{missing}=./images")
        if self.a == self.b:
            raise ValueError(f"a and b are both {self.a}; give the images of two kinds")


class PairsConfig(PartsConfig):
    """Images in pairs: side by side in each image of `path`, or of one name in `a` and `b`."""

    PLACES: ClassVar[tuple[str, ...]] = ("path", "a", "b")

    path: Annotated[str | None, AfterValidator(_images_at)] = Field(
        default=None,
        description="Images whose left half is a and whose right half is b: a folder, an archive, "
        "another file of images, or hf://owner/name.",
    )
    direction: Literal["a_to_b", "b_to_a"] = Field(
        default="a_to_b", description="Which of a and b is the source, and which the target."
    )

    def _check_parts(self) -> None:
        if self.path is None and self.a is None and self.b is None:
            raise ValueError(
                "pairs need path, for images that hold both halves, or a and b, for two folders"
            )
        if self.path is None:
            super()._check_parts()
        elif self.a is not None or self.b is not None:
            raise ValueError("path holds both halves; leave out a and b, or path")


class DomainsConfig(PartsConfig):
    """Images of two domains `a` and `b`, unpaired."""
