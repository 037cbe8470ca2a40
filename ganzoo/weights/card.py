"""The card of weights: what a person reads first, and the metadata that the Hub reads."""

import json
import re
from collections.abc import Iterable
from typing import Any

from ganzoo import registry
from ganzoo.errors import WeightsError
from ganzoo.spec import Architecture
from ganzoo.weights.card_metadata import card_metadata, recorded_scores, score_name, translates
from ganzoo.weights.description import Calibration, ImportedFrom, Info
from ganzoo.weights.metadata import MAX_CARD_BYTES, join_card, split
from ganzoo.weights.reference import COMMIT, Place, Repository, parse
from ganzoo.weights.saving import CARD_FILE, RECIPE_FILE, SHEET_FILE, network_files

BEGIN = "<!-- ganzoo: from here to the end mark, this is written anew with the weights -->"
END = "<!-- ganzoo: end -->"

MAX_CLASSES_SHOWN = 20

_LIMITS = """\
## Limits and intended use

Made for research, teaching and play with generative models. Samples follow the training data, \
with its gaps and its biases; a generator that saw few examples can come close to repeating some \
of them. Do not treat or present a sample as a record of something real."""

_LIMITS_OF_TRANSLATORS = """\
## Limits and intended use

Made for research, teaching and play with generative models. A translator makes up what the source \
does not show, in the manner of its training data, with the gaps and biases of that data; images \
unlike those of its training come out worse. Do not treat or present a translation as a record of \
something real."""

_SECTION = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)

_SCORE_COLUMNS = (
    "metric",
    "value",
    "role",
    "use",
    "extractor",
    "data",
    "reals",
    "fakes",
    "weights",
    "seed",
)


def write_card(
    info: Info, reference: str, files: Iterable[str], *, existing: str = "", licence: str = ""
) -> str:
    """Write the card of weights, or bring an existing one up to date.

    Args:
        info: What is known of the networks.
        reference: By which they are loaded; ``org/name`` of a repository.
        files: The names of the files beside it.
        existing: A card that is there already. Its text stays as it is but for the section between
            our marks, which is written anew, and so does its metadata but for what we know.
        licence: Of the weights, as the Hub names it; an existing one stays where it is left out.

    Raises:
        ganzoo.errors.WeightsError: The metadata of the existing card cannot be read.
    """
    spec = registry.get(Architecture, info.architecture.name)
    metadata, text = split(existing, f"{CARD_FILE} of {reference}")
    section = f"{BEGIN}\n\n{_section(info, spec, reference, set(files))}\n\n{END}"
    nameless = f"# {_title(info)}\n"
    title = nameless
    if isinstance(parse(reference), Repository):
        title = f"# {_name(reference)}\n"
        if text.lstrip().startswith(nameless):
            text = text.replace(nameless, title, 1)
    if _SECTION.search(text):
        first, *others = _SECTION.split(text)
        # A copy of it, which would grow stale, goes.
        text = first + section + "".join(others)
    elif text.strip():
        gap = "\n" * (2 - text.endswith("\n") - text.endswith(("\n\n", "\n\r\n")))
        text = f"{text}{gap}{section}\n"
    else:
        text = f"{title}\n{section}\n"
    card = join_card(card_metadata(metadata, info, _name(reference), licence), text)
    size = len(card.encode())
    if size > MAX_CARD_BYTES:
        raise WeightsError(
            f"the card of {reference} would have {size:,} bytes, and at most {MAX_CARD_BYTES:,} "
            "can be read again; shorten training and scores in its config.json"
        )
    split(card, f"the new {CARD_FILE} of {reference}")  # that it can be read again, too
    return card


def prose(card: str) -> str:
    """The text that people wrote into a card: without metadata, title and our section."""
    _, text = split(card, "the card")
    lines = _SECTION.sub("", text).strip().splitlines()
    return "\n".join(lines[1:] if lines and lines[0].startswith("# ") else lines).strip()


def _title(info: Info) -> str:
    """The title of a card whose weights have no name yet."""
    data = info.training.get("data")
    return f"{info.architecture.name}{f' on {_text(data)}' if data else ''}"


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _section(info: Info, spec: Architecture, reference: str, files: set[str]) -> str:
    translators = [name for name, role in spec.networks.items() if role.kind == "translator"]
    if translates(info):
        kept = [role for role in translators if network_files(spec.name)[role] in files]
        head, use = _translator_head(info, spec, files), _translator_use(info, reference, kept)
        use += _loading(spec, files, "load")
        limits = _LIMITS_OF_TRANSLATORS
    else:
        head, use, limits = _head(info, spec, files), _use(info, reference), _LIMITS
        use += _loading(spec, files, "load_pair")
    training = _training(info, reference, files)
    parts = [head, use, training, _table_of_scores(info), limits]
    if spec.paper:
        parts.append(f"## Citation\n\nThe method: {_text(spec.paper)}.")
    return "\n\n".join(parts)


def _head(info: Info, spec: Architecture, files: set[str]) -> str:
    config = info.architecture
    lines = [
        f"A generator of {_samples(config.sample_shape)}, of the architecture `{spec.name}` in "
        f"ganzoo. {_text(spec.summary)}"
    ]
    if SHEET_FILE in files:
        lines.insert(0, f"![Samples]({SHEET_FILE})\n")
    if config.num_classes:
        names = info.data.class_names or [str(label) for label in range(config.num_classes)]
        shown = ", ".join(map(_code, names[:MAX_CLASSES_SHOWN]))
        if len(names) > MAX_CLASSES_SHOWN:
            shown += f" and {len(names) - MAX_CLASSES_SHOWN} more"
        classes = "1 class" if config.num_classes == 1 else f"{config.num_classes} classes"
        lines.append(f"\nIt is conditional on {classes}: {shown}.")
    if info.calibration:
        lines.append(f"\n{_calibrated(info.calibration)}")
    return "\n".join(lines)


def _calibrated(facts: Calibration) -> str:
    """Say what a generator's statistics were estimated for."""
    how = f"{facts.samples:,} samples in batches of {facts.batch_size}, seed {facts.seed}"
    if facts.truncation is None:
        return f"Its batch-norm statistics were estimated from untruncated samples ({how})."
    return (
        f"Its batch-norm statistics were estimated for a truncation of {facts.truncation:g}, which "
        f"is its default ({how}). With another truncation, use the weights that it was made from."
    )


def _samples(shape: tuple[int, ...]) -> str:
    """What samples of a shape are, in words."""
    if len(shape) == 1:
        return f"vectors of {shape[0]} {'number' if shape[0] == 1 else 'numbers'}"
    channels, height, width = shape
    kind = {1: "grey images", 3: "colour images"}.get(channels, f"{channels}-channel images")
    return f"{kind} of {width}x{height} pixels"


def _use(info: Info, reference: str) -> str:
    labels = ""
    if info.architecture.num_classes:
        first: str | int = info.data.class_names[0] if info.data.class_names else 0
        labels = f", labels={_literal(first)}"
    result = "float32 in [0, 1]" if info.data.kind == "images" else "float32, in the data's units"
    lines = [
        "## Use",
        "",
        "```python",
        "import ganzoo",
        "",
        f"G = ganzoo.load_generator({_literal(reference)})",
        f"samples = G.sample(16, seed=0{labels})  # {result}",
        "```",
        "",
    ]
    return "\n".join(lines)


def _loading(spec: Architecture, files: set[str], function: str) -> str:
    """What loading does, and what else is there to load."""
    there = [role for role in spec.critics if network_files(spec.name)[role] in files]
    text = "\nLoading is strict, and runs no code from here: the files are safetensors and JSON."
    if there:
        several = len(there) > 1
        text += (
            f" The discriminator{'s are' if several else ' is'} here too, for fine-tuning "
            f"(`ganzoo.{function}`)."
        )
    return text


def _translator_head(info: Info, spec: Architecture, files: set[str]) -> str:
    """What is translated into what."""
    made = []
    for role in spec.makers:
        reads, makes = spec.networks[role].reads[0], spec.networks[role].makes[0]
        shapes = [_samples(spec.shape_of(name, info.architecture)) for name in (reads, makes)]
        made.append(f"`{reads}` ({shapes[0]}) to `{makes}` ({shapes[1]})")
    lines = [
        f"A translator of images from {' and from '.join(made)}, of the architecture "
        f"`{spec.name}` in ganzoo. {_text(spec.summary)}"
    ]
    if SHEET_FILE in files:
        lines.insert(0, f"![Sources and what they become]({SHEET_FILE})\n")
    return "\n".join(lines)


def _translator_use(info: Info, reference: str, roles: list[str]) -> str:
    """How images are translated; each role but the default one is named."""
    lines = ["## Use", "", "```python", "import ganzoo", ""]
    for role in roles:
        other = role != roles[0]
        name, which = (f"T_{role}", f", role={_literal(role)}") if other else ("T", "")
        lines += [
            f"{name} = ganzoo.load({_literal(reference)}{which})",
            f'image = {name}.translate("photo.png", seed=0)  # a PIL image of the same size',
        ]
    lines += ["```", "", "On the command line, for files and folders:", "", "```console"]
    for role in roles:
        which, mark = (f" --role {role}", f"-{role}") if role != roles[0] else ("", "")
        lines.append(f"ganzoo translate {reference} photo.png{which} -o translated{mark}.png")
    how = {
        "published": "as its authors do, with dropout and the statistics of each image",
        "eval": "in evaluation mode",
    }[getattr(info.architecture, "use", "eval")]
    lines += [
        "```",
        "",
        f"Images are translated {how} (`use`), at any size that the network takes.",
    ]
    return "\n".join(lines)


def _training(info: Info, reference: str, files: set[str]) -> str:
    lines = ["## Training", ""]
    if info.base_model:
        base = info.base_model
        what = "commit" if COMMIT.fullmatch(base.sha) else "SHA-256"
        commit = f" at {what} {_code(base.sha)}" if base.sha else ""
        lines += [f"Fine-tuned from {_code(base.repo)}{commit}.", ""]
    if info.imported:
        lines += [*_imported(info.imported), ""]
    if info.training:
        lines += _table(
            ("fact", "value"), [(k.replace("_", " "), v) for k, v in info.training.items()]
        )
    else:
        lines.append("Nothing is recorded of its training.")
    if RECIPE_FILE in files:
        folder = reference
        lines += ["", f"`{RECIPE_FILE}` is the config that trains it again:", "", "```console"]
        if not isinstance(parse(reference), Place):
            folder = f"./{_name(reference)}"
            lines.append(f"ganzoo pull {reference} {folder}")
        lines += [f"ganzoo train {folder}/{RECIPE_FILE}", "```"]
    return "\n".join(lines)


def _imported(source: ImportedFrom) -> list[str]:
    """Say which checkpoint weights come from, and whose licence they have."""
    files = [f"- {_code(name)}, SHA-256 {_code(digest)}" for name, digest in source.files.items()]
    where = f" They are from {_text(source.origin)}." if source.origin else ""
    commit = f" (commit {_code(source.commit)})" if source.commit else ""
    licence = f"Their licence is {_text(source.licence)}."
    if not source.licence:
        licence = (
            "**Their licence is unknown**: ask their author before you share them or use them for "
            "more than looking at."
        )
    return [
        f"Imported from checkpoints of another tool, as {_code(source.format)}{commit}:",
        "",
        *files,
        "",
        f"{licence}{where}",
    ]


def _table_of_scores(info: Info) -> str:
    scores = recorded_scores(info)
    if not scores:
        return "## Scores\n\nNone are recorded."
    columns = [name for name in _SCORE_COLUMNS if any(name in score for score in scores)]
    rows = [[score_name(score), *(score.get(name, "") for name in columns[1:])] for score in scores]
    note = "Scores of another protocol (extractor, numbers of samples, resizing) do not compare."
    return "\n".join(["## Scores", "", *_table(columns, rows), "", note])


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> list[str]:
    cells = [[_text(cell) for cell in row] for row in rows]
    head = list(head)
    lines = [head, ["---"] * len(head), *cells]
    return [f"| {' | '.join(line)} |" for line in lines]


def _text(value: Any) -> str:
    """Write a value so that Markdown shows it as it is, on one line."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = _on_one_line(text)
    # An underscore means something at the edge of a word alone.
    signs = r"[|<>`\[\]*&\\~$]|(?<![^\W_])_|_(?![^\W_])"
    return re.sub(signs, lambda match: f"&#{ord(match[0])};", text)


def _literal(value: str | int) -> str:
    """Write a value in Python, with nothing in it that could end our section."""
    text = json.dumps(value, ensure_ascii=False) if str(value).isprintable() else repr(value)
    return text.replace("<!", "\\x3c!")


def _code(value: str) -> str:
    """Write a value as code where that shows it as it is, else as text."""
    text = _on_one_line(value)
    return f"`{text}`" if text and not re.search("[`<]", text) else _text(text) or "(no name)"


def _on_one_line(text: str) -> str:
    """Put blanks for line ends and for what cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
