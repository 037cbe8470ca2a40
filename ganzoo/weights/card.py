"""The card of weights: what a person reads first, and the metadata that the Hub reads."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo import registry
from ganzoo.errors import WeightsError
from ganzoo.spec import Architecture
from ganzoo.weights.description import Info, flat_record
from ganzoo.weights.metadata import MAX_CARD_BYTES, join_card, split
from ganzoo.weights.reference import COMMIT, Place, Repository, parse, parse_repository
from ganzoo.weights.saving import CARD_FILE, RECIPE_FILE, SHEET_FILE, network_files

BEGIN = "<!-- ganzoo: from here to the end mark, this is written anew with the weights -->"
END = "<!-- ganzoo: end -->"

TASK = "unconditional-image-generation"
"""What the Hub calls generators of images without labels."""

TRANSLATION = "image-to-image"
"""What the Hub calls translators of images."""

CONDITIONAL = "class-conditional-image-generation"
"""The tag of generators of images with labels, which the Hub has no task for."""

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
    card = join_card(_metadata(metadata, info, reference, licence), text)
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


def _metadata(before: dict[str, Any], info: Info, reference: str, licence: str) -> dict[str, Any]:
    task, tags = _task(info), ["gan", info.architecture.name]
    if info.data.kind == "images" and info.architecture.num_classes:
        tags.append(CONDITIONAL)
    values: dict[str, Any] = {
        "license": licence,
        "library_name": "ganzoo",
        "pipeline_tag": task,
        "tags": _united(before.get("tags"), tags, {*registry.names("architectures"), CONDITIONAL}),
        "datasets": _united(before.get("datasets"), _datasets(info), registry.names("datasets")),
        "base_model": _base_model(info),
        "model-index": _model_index(info, reference),
    }
    merged = {**before, **{key: value for key, value in values.items() if value}}
    # What would be said of earlier weights is not true of these.
    for key in ("datasets", "base_model", "model-index"):
        if not values[key]:
            merged.pop(key, None)
    if not task and merged.get("pipeline_tag") in (TASK, TRANSLATION):
        del merged["pipeline_tag"]
    return merged


def _translates(info: Info) -> bool:
    """Whether the default network translates images."""
    spec = registry.get(Architecture, info.architecture.name)
    return spec.networks[spec.makers[0]].kind == "translator"


def _task(info: Info) -> str:
    """What the Hub calls what the networks do; empty where it has no word for it."""
    if _translates(info):
        return TRANSLATION
    return TASK if info.data.kind == "images" and not info.architecture.num_classes else ""


def _united(before: Any, ours: list[str], known: Iterable[str]) -> list[Any]:
    """Add our values to those that are there, without those that we gave to earlier weights."""
    there = before if isinstance(before, list) else [] if before in (None, "") else [before]
    stale = set(known) - set(ours)
    united: list[Any] = []
    for value in (*there, *ours):
        if value not in united and not (isinstance(value, str) and value in stale):
            united.append(value)
    return united


def _datasets(info: Info) -> list[str]:
    """The data by its name, if it is one that others know: a folder's name is nobody's business."""
    name = info.training.get("data")
    return [name] if isinstance(name, str) and name in registry.names("datasets") else []


def _base_model(info: Info) -> str:
    """The repository that the weights were fine-tuned from; the Hub takes no other name."""
    try:
        return parse_repository(info.base_model.repo).name if info.base_model else ""
    except WeightsError:
        return ""


def _model_index(info: Info, reference: str) -> list[dict[str, Any]]:
    metrics = [
        {
            "type": score["metric"].lower(),
            "name": _score_name(score),
            "value": score["value"],
            "args": {
                key: value
                for key, value in score.items()
                if key not in ("name", "metric", "value") and value not in (None, "")
            },
        }
        for score in _scores(info)
    ]
    if not metrics:
        return []
    task = {"type": _task(info)}
    if info.data.kind != "images":
        task = {"type": "other", "name": "generation of vectors"}
    elif info.architecture.num_classes:
        task = {"type": "other", "name": "class-conditional image generation"}
    data = str(info.training.get("data") or "unknown")
    result = {"task": task, "dataset": {"name": data, "type": data}, "metrics": metrics}
    return [{"name": _name(reference), "results": [result]}]


def _scores(info: Info) -> list[dict[str, Any]]:
    """The records of evaluations that have a metric and a number, with their protocols' fields."""
    return [
        score
        for score in map(flat_record, info.scores)
        if isinstance(score.get("metric"), str)
        and score["metric"].strip()
        and type(score.get("value")) in (int, float)
        and -math.inf < score["value"] < math.inf
    ]


def _score_name(score: Mapping[str, Any]) -> str:
    """What people call a score: ``FID-digits``, where its metric is ``fid``."""
    name = score.get("name")
    return name if isinstance(name, str) and name.strip() else str(score["metric"])


def _section(info: Info, spec: Architecture, reference: str, files: set[str]) -> str:
    translators = [name for name, role in spec.networks.items() if role.kind == "translator"]
    if _translates(info):
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
    return "\n".join(lines)


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


def _table_of_scores(info: Info) -> str:
    scores = _scores(info)
    if not scores:
        return "## Scores\n\nNone are recorded."
    columns = [name for name in _SCORE_COLUMNS if any(name in score for score in scores)]
    rows = [
        [_score_name(score), *(score.get(name, "") for name in columns[1:])] for score in scores
    ]
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
