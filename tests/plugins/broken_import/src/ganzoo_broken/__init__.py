"""An architecture whose description cannot be imported."""

import no_such_dependency

from ganzoo.config import LatentConfig
from ganzoo.spec import Architecture

SPEC = Architecture(
    name="broken",
    summary="It needs what nobody has.",
    config=LatentConfig,
    generator=no_such_dependency.Generator,
    discriminator=no_such_dependency.Discriminator,
)
