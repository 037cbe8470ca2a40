"""The card of a weights folder: what a person reads first."""

from ganzoo import registry
from ganzoo.weights.info import Info

CARD_FILE = "README.md"
SHEET_FILE = "samples.png"
RECIPE_FILE = "recipe.yaml"


def write_card(info: Info, *, sheet: bool) -> str:
    """Write a card in Markdown: what it is, how to load it, how it was made.

    Args:
        info: What is known of the networks.
        sheet: Whether a sheet of samples lies beside it.
    """
    config, training = info.architecture, info.training
    spec = registry.architecture(config.name)
    shape = "x".join(map(str, config.sample_shape))
    labels = f", conditional on {config.num_classes} classes" if config.num_classes else ""
    lines = [f"# {config.name}: {shape} {info.data.kind}{labels}", "", spec.summary]
    if spec.paper:
        lines += ["", f"Method: {spec.paper}."]
    if sheet:
        lines += ["", f"![Samples]({SHEET_FILE})"]
    lines += ["", "```python", "import ganzoo", "", 'G = ganzoo.load_generator("./folder")']
    lines += ["images = G.sample(16, seed=0)", "```"]
    if training:
        lines += ["", "Trained again by:", "", "```console"]
        lines += [f"ganzoo train ./folder/{RECIPE_FILE}", "```"]
        lines += ["", "| training | |", "| --- | --- |"]
        lines += [
            f"| {key.replace('_', ' ')} | {_cell(value)} |" for key, value in training.items()
        ]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
