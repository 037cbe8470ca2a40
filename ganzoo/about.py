"""What this distribution is called, and the versions that it speaks."""

from typing import Final

DISTRIBUTION: Final = "ganzoo-torch"
"""The name of the installed distribution. (``ganzoo`` on the package index is a stranger's.)"""

__version__ = "0.1.0"

PLUGIN_API: Final = 1
"""The version of the plugin interface; a plugin that declares another one is not loaded."""

WEIGHTS_FORMAT: Final = 1
"""The version of the weights folder, written into its ``config.json``."""
