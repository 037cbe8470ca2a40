"""What a weights folder tells of its networks: the contents of ``config.json``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, SerializeAsAny, model_validator

from ganzoo import registry
from ganzoo.about import WEIGHTS_FORMAT, __version__
from ganzoo.config import ArchitectureConfig, Model
from ganzoo.config.documents import check_values, parse_json
from ganzoo.errors import PluginError, WeightsError
from ganzoo.resolve.validation import check_architecture, validate
from ganzoo.spec import Architecture
from ganzoo.weights.formats import check_format, upgrade_architecture
from ganzoo.weights.reading import WeightsFiles

if TYPE_CHECKING:
    from torch import Tensor  # so that describing weights costs no torch

CONFIG_FILE = "config.json"
MAX_CONFIG_BYTES = 1_000_000

MAX_VALUES = 100_000
"""A ``config.json`` of more values is refused: a fault of each would be told."""


Record = Mapping[str, Any]
"""A score as it is kept."""


class DataFacts(Model):
    """What the samples that a network was made for are like.

    Attributes:
        kind: ``images`` are uint8 0..255 in the data and [-1, 1] in the networks; ``vectors``
            are shifted and scaled.
        class_names: The classes in the order of their labels.
        shift: For vectors, what is subtracted from each coordinate.
        scale: For vectors, what each coordinate is then divided by.
        background: For images, the colour that stood behind transparent ones, as ``"#ffffff"``.
    """

    kind: Literal["images", "vectors"] = "images"
    class_names: list[str] = Field(default_factory=list)
    shift: list[float] = Field(default_factory=list)
    scale: list[float] = Field(default_factory=list)
    background: str = Field(default="#ffffff", pattern="^#[0-9a-f]{6}$")

    def to_units(self, samples: "Tensor") -> "Tensor":
        """Bring a network's samples to [0, 1] (images, clamped) or to data units (vectors)."""
        if self.kind == "images":
            return samples.add(1).div(2).clamp(0, 1)
        if not self.scale:
            return samples
        return samples * samples.new_tensor(self.scale) + samples.new_tensor(self.shift)


class Origin(Model):
    """The distribution whose plugin built a network."""

    distribution: str
    version: str


class BaseModel(Model):
    """The weights that a network was fine-tuned from."""

    repo: str
    sha: str


class ImportedFrom(Model):
    """The checkpoint of another tool that weights were imported from.

    Attributes:
        format: The import's name.
        files: The SHA-256 of each file, by its name.
        commit: Of the repository of the Hub; empty for files that were on the machine.
        origin: Where they are from, as the user said or the Hub knows; empty where nobody said.
        licence: Of the weights, as the user said; empty where nobody did.
    """

    format: str
    files: dict[str, str] = Field(default_factory=dict)
    commit: str = ""
    origin: str = ""
    licence: str = ""


class Calibration(Model):
    """How batch-norm statistics were estimated for truncated samples (`Generator.calibrate`).

    Attributes:
        truncation: The truncation; None for samples as they are.
        samples: How many were made.
        batch_size: How many shared the statistics of a batch.
        seed: The seed.
    """

    truncation: float | None
    samples: int = Field(ge=2)
    batch_size: int = Field(ge=2)
    seed: int = Field(ge=0, lt=2**63)


class KeptNetwork(Model):
    """A network of a weights folder: what it is for, and its file."""

    kind: Literal["generator", "translator", "critic", "other"]
    file: str


class Info(Model):
    """The contents of ``config.json``.

    Attributes:
        format: Version of the folder's format.
        architecture: The architecture's config, with every field.
        data: What its samples are like.
        networks: The networks that the folder holds, by role; ``<role>_raw`` is one as trained,
            beside its average.
        plugin: Which distribution's plugin built the networks.
        ganzoo: The version of ganzoo that wrote the folder.
        base_model: What it was fine-tuned from, if anything.
        imported: The checkpoint of another tool that it comes from, if any.
        calibration: For which truncation the generator's statistics were estimated, if they were.
        training: Facts of its training.
        scores: Evaluation records.
    """

    format: int = WEIGHTS_FORMAT
    architecture: SerializeAsAny[ArchitectureConfig]
    data: DataFacts = Field(default_factory=DataFacts)
    networks: dict[str, KeptNetwork] = Field(default_factory=dict)
    plugin: Origin
    ganzoo: str = __version__
    base_model: BaseModel | None = None
    imported: ImportedFrom | None = None
    calibration: Calibration | None = None
    training: dict[str, Any] = Field(default_factory=dict)
    scores: list[dict[str, Any]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _data_fits_the_networks(self) -> Self:
        shape, classes = self.architecture.sample_shape, self.architecture.num_classes
        if self.data.kind != kind_of(shape):
            raise ValueError(f"data.kind {self.data.kind} contradicts sample_shape {shape}")
        if len(self.data.class_names) not in (0, classes):
            raise ValueError(
                f"data.class_names has {len(self.data.class_names)} names, and num_classes is "
                f"{classes}"
            )
        lengths = {len(self.data.shift), len(self.data.scale)}
        if lengths != {0} and (self.data.kind == "images" or lengths != {shape[0]}):
            raise ValueError(
                "data.shift and data.scale are for vectors, and have one number for each coordinate"
            )
        return self

    @classmethod
    def of(cls, config: ArchitectureConfig, **facts: Any) -> "Info":
        """Make the info of networks that the installed plugin builds from a config."""
        origin = Origin(**registry.provenance("architectures", config.name))
        facts.setdefault("data", DataFacts(kind=kind_of(config.sample_shape)))
        return cls(architecture=config, plugin=origin, **facts)


def kind_of(shape: tuple[int, ...]) -> Literal["images", "vectors"]:
    """Tell images from vectors by their shape."""
    return "images" if len(shape) == 3 else "vectors"


def read_info(store: WeightsFiles) -> Info:
    """Read and check the ``config.json`` of weights.

    Raises:
        WeightsError: It is missing, malformed, of another format, or of an architecture that is
            not installed.
        ganzoo.errors.ConfigError: A value in it is not allowed.
        ganzoo.errors.HubError: It could not be fetched.
    """
    path, label = store.fetch(CONFIG_FILE, largest=MAX_CONFIG_BYTES), store.label(CONFIG_FILE)
    try:
        values = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{label} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{label} is not JSON: {error}") from error
    try:
        check_values(values, MAX_VALUES)
    except ValueError as error:
        raise WeightsError(f"{label} cannot be read: {error}") from error
    if not isinstance(values, dict) or not isinstance(values.get("architecture"), dict):
        raise WeightsError(f"{label} does not describe an architecture")
    check_format(values, label)
    recorded, given = values.get("plugin"), values["architecture"]
    name = given.get("name")
    try:
        spec = registry.get(Architecture, str(name)[:100])
        installed = registry.provenance("architectures", str(name)[:100])
    except PluginError as error:
        distribution = recorded.get("distribution") if isinstance(recorded, dict) else None
        raise WeightsError(
            f"{label} needs the architecture {name!r:.60} (recorded plugin: "
            f"{distribution!r:.60}), which cannot be used here: {error}"
        ) from error
    given = upgrade_architecture(given, recorded, installed, spec, label)
    config = validate(spec.config, given, f"{label}: architecture")
    check_architecture(spec, config)
    return validate(Info, {**values, "architecture": config}, f"{label}:")


def flat_record(record: Record) -> dict[str, Any]:
    """Lay the fields of a record's protocol beside its others; one without stays as it is.

    Records come from files that are not trusted, so that any field may be missing or odd.
    """
    protocol = record.get("protocol")
    if not isinstance(protocol, Mapping):
        return dict(record)
    return {**protocol, **{key: value for key, value in record.items() if key != "protocol"}}
