"""The Inception network, through torch-fidelity."""

import hashlib
import importlib.metadata
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ganzoo.errors import PluginError, WeightsError, brief
from ganzoo.evaluation.extractor import Extractor, Features, extractor_folder
from ganzoo_inception.config import InceptionConfig

FILE = "weights-inception-2015-12-05-6726825d.pth"
"""The published weights, by the name that torch-fidelity's releases give them."""

RELEASES = "torch-fidelity's releases on GitHub (github.com/toshas/torch-fidelity/releases)"

DIGEST = "6726825d"
"""What the SHA-256 of the published file begins with."""

MOST_BYTES = 1 << 28
"""The published file has 91 MiB; none of this format is much larger."""

PART = 32
"""Images that go through the network at once, as its first layers take megabytes for each."""

CLASSES = 1008


class Inception(Extractor):
    """Its features before the last layer, and its logits without their bias, as scores take them.

    Scores may be called FID only by the published weights, which are known by their hash. Others
    are accepted where they are named, for tests and for comparisons, and scores then carry the
    beginning of their hash, as ``FID-inception-0a1b2c3d``.

    Args:
        config: Where the weights are.

    Raises:
        PluginError: torch-fidelity is not installed.
        WeightsError: There is no file of weights, or it is another one than it should be.
    """

    name: str = "inception"
    length: ClassVar[int] = 2048
    class_names: ClassVar[tuple[str, ...]] = tuple(map(str, range(CLASSES)))
    resize: ClassVar[str] = "bilinear, not antialiased, as in TensorFlow 1, to 299x299"

    def __init__(self, config: InceptionConfig) -> None:
        path = Path(config.weights).expanduser() if config.weights else extractor_folder() / FILE
        content = _read(path)
        self._fingerprint = hashlib.sha256(content).hexdigest()
        self.published = self._fingerprint.startswith(DIGEST)
        if not self.published:
            if not config.weights:
                raise WeightsError(
                    f"{path} is not the published file of weights: its SHA-256 begins with "
                    f"{self._fingerprint[:8]} instead of {DIGEST}; replace it with {FILE} from "
                    "torch-fidelity's releases on GitHub"
                )
            self.name = f"inception-{self._fingerprint[:8]}"
        self.network = _network(content, path)
        self.versions = {"torch-fidelity": importlib.metadata.version("torch-fidelity")}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file of weights."""
        return self._fingerprint

    def to(self, device: str | torch.device) -> None:
        """Move the network to a device."""
        self.network.to(device)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """Extract features from images in [0, 1], which are rounded to 8 bits; grey is repeated.

        Args:
            images: float32 ``(N, C, H, W)``, with 1 or 3 channels.
        """
        colours = images.expand(-1, 3, -1, -1).mul(255).round().clamp(0, 255).to(torch.uint8)
        parts = [self.network(part) for part in torch.split(colours, PART)]
        return Features(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


def _read(path: Path) -> bytes:
    """Read a file of weights, of which nothing is believed yet."""
    if not path.is_file():
        raise WeightsError(
            f"the extractor inception has no weights: there is no file {path}; download {FILE} "
            f"from {RELEASES} and put it there; meanwhile, --extractor digits (in a run: "
            "evaluation.extractor=digits) needs no download, and its scores are comparable with "
            "each other"
        )
    if path.stat().st_size > MOST_BYTES:
        raise WeightsError(
            f"{path} is not a file of Inception weights: it has {path.stat().st_size:,} bytes, "
            f"and the published one has about 95 million; download {FILE} from torch-fidelity's "
            "releases on GitHub"
        )
    return path.read_bytes()


def _network(content: bytes, path: Path) -> nn.Module:
    """Build torch-fidelity's module with weights that were checked.

    It unpickles what it is given without a check, so that it is given only bytes that are written
    here, from tensors.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (  # type: ignore[import-untyped]
            FeatureExtractorInceptionV3,
        )
    except ModuleNotFoundError as error:
        if error.name != "torch_fidelity":
            raise
        raise PluginError(
            "the extractor inception needs torch-fidelity, which is not installed; install the "
            "package torch-fidelity, or choose another extractor"
        ) from None
    checked = io.BytesIO()
    torch.save(_tensors(content, path), checked)
    checked.seek(0)
    # The module first draws weights, which are no business of the caller's random state.
    with torch.random.fork_rng(devices=[]):
        try:
            module: nn.Module = FeatureExtractorInceptionV3(
                "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=checked
            )
        except RuntimeError as error:
            raise WeightsError(
                f"{path} does not hold weights of torch-fidelity's Inception network: "
                f"{brief(error, 300)}; download {FILE} from its releases on GitHub"
            ) from None
    return module


def _tensors(content: bytes, path: Path) -> Mapping[str, Tensor]:
    """Unpickle what can be nothing but tensors by name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, as anything may be in the file
        raise WeightsError(
            f"{path} cannot be read as a file of weights ({type(error).__name__}); download {FILE} "
            "from torch-fidelity's releases on GitHub"
        ) from None
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise WeightsError(
            f"{path} does not hold tensors by name; download {FILE} from torch-fidelity's releases "
            "on GitHub"
        )
    for name, value in state.items():
        if not value.isfinite().all():
            raise WeightsError(f"{path}: {brief(name)} is not finite; do not score with this file")
    return state
