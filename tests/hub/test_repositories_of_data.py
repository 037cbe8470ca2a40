"""Images of dataset repositories: whichever way they are kept, at one commit, and offline."""

import io
import json
import pickle
import sys

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

import ganzoo
from ganzoo.cli import main
from ganzoo.data.cache import open_store
from ganzoo.errors import DataError, HubError
from ganzoo.hub import client, preparing
from ganzoo.hub.faults import RepositoryMissingError, RevisionMissingError
from ganzoo.weights.reference import parse_dataset
from tests.data.sources.conftest import NAMES, as_folder, opened, png
from tests.hub.server import ALICE

NAME = "alice/images"
SOURCE = f"hf://{NAME}"
CLASSES = ("cat", "dog", "emu")
LABELS = [CLASSES.index(name.partition("/")[0]) for name in NAMES]
IMAGE = datasets.Image()
FEATURES = {"image": IMAGE, "label": datasets.ClassLabel(names=list(CLASSES))}
TRAIN = "data/train-00000-of-00001.parquet"


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(256, size=(len(NAMES), 8, 8, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Caches of this test alone."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(client, "WAITS", ())
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "ganzoo"))


@pytest.fixture
def repo(hub):
    return hub.create(f"datasets/{NAME}")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ganzoo", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run


def parquet(columns, features):
    features = datasets.Features(features)
    table = datasets.Dataset.from_dict(columns, features=features).data.table
    file = io.BytesIO()  # written here, as the package itself looks at files that rows name
    pq.write_table(table.replace_schema_metadata(features.arrow_schema.metadata), file)
    return file.getvalue()


def held(contents):
    return [None if content is None else {"bytes": content, "path": None} for content in contents]


def as_parquet(pixels, **beside):
    """The same images in a table, with further columns."""
    columns = {"image": held(map(png, pixels)), "label": LABELS[: len(pixels)]}
    features = dict(FEATURES)
    for name, (feature, values) in beside.items():
        columns[name], features[name] = values, feature
    return {TRAIN: parquet(columns, features)}


def as_two_shards(pixels):
    parts = [slice(0, 2), slice(2, None)]
    return {
        f"data/train-{n:05}-of-00002.parquet": parquet(
            {"image": held(map(png, pixels[part])), "label": LABELS[part]}, FEATURES
        )
        for n, part in enumerate(parts)
    }


def as_files(pixels, split="train"):
    return {f"{split}/{name}": png(image) for name, image in zip(NAMES, pixels, strict=True)}


LAYOUTS = {"parquet": as_parquet, "two shards": as_two_shards, "files": as_files}


def asked(hub):
    """The paths of all requests until now, which are then forgotten."""
    paths = [request.path for request in hub.requests()]
    hub.log.clear()
    return paths


# --- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_images_are_those_of_a_folder(repo, pixels, tmp_path, layout):
    repo.put(LAYOUTS[layout](pixels))
    found, folder = opened(SOURCE), opened(as_folder(tmp_path, pixels))
    assert found.class_names == folder.class_names == CLASSES
    assert (found.labels == folder.labels).all()
    assert found.shape == folder.shape
    assert not found.bad
    for row in range(len(folder)):
        assert found.names[row] == f"train/{row}"
        assert (found.read(row).sample == folder.read(row).sample).all()
    assert opened(SOURCE).fingerprint == found.fingerprint


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_processes_decode_them(repo, pixels, layout, monkeypatch):
    monkeypatch.setattr("ganzoo.data.cache.task.CHUNK_ROWS", 2)
    monkeypatch.setattr("ganzoo.data.cache.making.decode_in", alone := decode_elsewhere())
    repo.put(LAYOUTS[layout](pixels))
    store = open_store(opened(SOURCE), (3, 8, 8), processes=2)
    assert alone.used
    assert (store.samples == pixels).all()
    assert store.labels.tolist() == LABELS


def decode_elsewhere():
    """Decoding in other processes, which must not fall back on this one."""
    from ganzoo.data.cache import decoders

    def decode(*arguments):
        decode.used = True
        try:
            yield from decoders.decode_in(*arguments)
        except decoders.NoHelpError as error:
            raise AssertionError(error) from error

    decode.used = False
    return decode


def test_what_is_sent_to_another_process_holds_no_images(repo, pixels):
    repo.put(as_parquet(np.repeat(pixels, 40, axis=3)[..., :3].repeat(30, axis=1)))
    found = opened(SOURCE)
    found.read(0)
    message = pickle.dumps(found)
    assert len(message) < 3000
    assert (pickle.loads(message).read(4).sample == found.read(4).sample).all()


def test_other_splits_are_not_fetched(hub, repo, pixels):
    repo.put({**as_files(pixels), **as_files(255 - pixels, "test")})
    assert (opened(SOURCE).read(0).sample == pixels[0]).all()
    assert not [path for path in asked(hub) if "/test/" in path]
    assert (opened(SOURCE, split="test").read(0).sample == 255 - pixels[0]).all()
    assert not [path for path in asked(hub) if "/train/" in path]


def test_subsets(repo, pixels):
    card = {"configs": [{"config_name": name, "data_dir": name} for name in ("small", "large")]}
    repo.put({"README.md": f"---\n{json.dumps(card)}\n---\n".encode()})
    for name, rows in (("small", 2), ("large", 5)):
        repo.put({f"{name}/{file}": data for file, data in as_parquet(pixels[:rows]).items()})
    assert len(opened(SOURCE, subset="large")) == 5
    assert len(opened(SOURCE, subset="small")) == 2
    with pytest.raises(DataError, match=r"has several subsets \(small, large\); .* data\.subset"):
        opened(SOURCE)
    with pytest.raises(DataError, match="no subset 'tiny'; those are small, large"):
        opened(SOURCE, subset="tiny")


def test_a_column_is_chosen(repo, pixels):
    other = (IMAGE, held(map(png, 255 - pixels)))
    texts = (datasets.Value("string"), ["b", "a", "b", "b", "a"])
    repo.put(as_parquet(pixels, mask=other, kind=texts))
    found = opened(SOURCE, image="mask", label="kind")
    assert (found.read(1).sample == 255 - pixels[1]).all()
    assert found.class_names == ("a", "b")
    assert found.labels.tolist() == [1, 0, 1, 1, 0]
    first = opened(SOURCE, image="image", label="")
    assert (first.read(1).sample == pixels[1]).all()
    assert first.class_names == ()
    assert first.fingerprint != found.fingerprint


NUMBERS = (datasets.Value("float32"), [0.5] * 5)
KINDS = (datasets.ClassLabel(names=["a", "b"]), [0, 1, 0, 1, 0])
HOLED = (datasets.Value("string"), ["a", None, "a", "b", "b"])


@pytest.mark.parametrize(
    ("beside", "chosen", "told"),
    [
        pytest.param(
            {"mask": (IMAGE, [None] * 5)},
            {},
            "several columns of images (image, mask); choose one with data.image",
            id="several images",
        ),
        pytest.param(
            {"kind": KINDS},
            {},
            "several columns of classes (label, kind); choose one with data.label",
            id="several classes",
        ),
        pytest.param(
            {}, {"image": "label"}, "data.image: 'label' is not an image column", id="kind"
        ),
        pytest.param({}, {"image": "x"}, "those are image", id="no such image"),
        pytest.param({}, {"label": "x"}, "its columns are image, label", id="no such label"),
        pytest.param({"n": NUMBERS}, {"label": "n"}, "neither classes nor texts", id="numbers"),
        pytest.param({"t": HOLED}, {"label": "t"}, "row 1 has no label", id="no label"),
        pytest.param({}, {"split": "tset"}, "no split 'tset'; those are train", id="split"),
        pytest.param({}, {"subset": "x"}, "no subset 'x'; those are default", id="subset"),
    ],
)
def test_what_cannot_be_chosen(repo, pixels, beside, chosen, told):
    repo.put(as_parquet(pixels, **beside))
    with pytest.raises(DataError) as caught:
        opened(SOURCE, **chosen)
    assert told in str(caught.value)


def test_no_images_at_all(repo):
    repo.put({TRAIN: parquet({"x": [1]}, {"x": datasets.Value("int64")})})
    with pytest.raises(DataError, match=r"no column of images for data\.image; its .* are x$"):
        opened(SOURCE)


# --- what is broken or hostile -----------------------------------------------------------------


def test_a_broken_image_is_named_and_skipped(repo, pixels):
    contents = [*map(png, pixels), png(pixels[0])[:60], None]
    repo.put({TRAIN: parquet({"image": held(contents)}, {"image": IMAGE})})
    commit = repo.head()
    found = opened(SOURCE, max_bad=0.3)
    assert found.bad == {"train/6": "its row holds no image"}  # what headers tell
    store = open_store(found, (3, 8, 8))
    assert len(store.samples) == 5
    with pytest.raises(DataError, match=f"{SOURCE}@{commit}/train/5: "):
        found.read(5)
    with pytest.raises(DataError, match="2 of 7"):
        open_store(opened(SOURCE), (3, 8, 8))


def test_a_path_leads_nowhere_but_into_the_repository(repo, hub, pixels, tmp_path):
    """A stranger's table may name any file; none of this machine is shown to be one."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(pixels[0]))
    other = hub.create("datasets/alice/other")
    other.put(as_files(pixels))
    opened("hf://alice/other")
    of_other = next((tmp_path / "hub" / "datasets--alice--other").rglob("1.png"))
    paths = [
        str(secret),
        f"file://{secret}",
        "secret.png",
        str(of_other),
        f"{tmp_path}/hub/datasets--alice--images/../../secret.png",
        f"{hub.url}/datasets/alice/other/resolve/main/train/cat/1.png",
        "hf://datasets/alice/other/train/cat/1.png",
        f"zip://1.png::{secret}",
        "nul\0",
    ]
    rows = held([png(pixels[1])]) + [{"bytes": None, "path": path} for path in paths]
    repo.put({TRAIN: parquet({"image": rows}, {"image": IMAGE})})
    hub.log.clear()
    found = opened(SOURCE, max_bad=1)
    assert set(found.bad) == {f"train/{row}" for row in range(1, len(rows))}
    assert not [path for path in asked(hub) if "other" in path]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param({TRAIN: b"PAR1 no more"}, "cannot be read by the package", id="damaged"),
        pytest.param({"README.md": b"# None"}, "cannot be read by the package", id="no data"),
        pytest.param({"README.md": b"---\nconfigs: 5\n---\n"}, "cannot be read", id="card"),
        pytest.param({"images.py": b"raise SystemExit"}, "scripts are no longer", id="script"),
    ],
)
def test_what_the_package_cannot_read(repo, files, told):
    repo.put(files)
    with pytest.raises(DataError, match=told) as caught:
        opened(SOURCE)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        ("hf://alice/none", RepositoryMissingError, "no dataset alice/none on the Hub"),
        (f"{SOURCE}@none", RevisionMissingError, "no revision 'none'"),
        ("hf://images", DataError, "write hf://owner/name"),
        ("hf://alice/a b", DataError, "write hf://owner/name"),
        ("hf://spaces/alice/x", DataError, "write hf://owner/name"),
    ],
)
def test_what_is_not_there(repo, source, error, told):
    with pytest.raises(error, match=told):
        opened(source)


def test_a_private_one_needs_its_reader(hub, pixels, monkeypatch):
    repo = hub.create(f"datasets/{NAME}", private=True)
    repo.put(as_parquet(pixels))
    with pytest.raises(RepositoryMissingError, match="or it is private"):
        opened(SOURCE)
    monkeypatch.setenv("HF_TOKEN", ALICE)
    assert len(opened(SOURCE)) == 5


def test_without_the_package(repo, monkeypatch):
    monkeypatch.setattr("ganzoo.hub.images.find_spec", lambda name: None)
    with pytest.raises(DataError, match="install the package datasets"):
        opened(SOURCE)


@pytest.mark.parametrize(
    ("written", "name", "revision"),
    [
        ("hf://a/b", "a/b", ""),
        ("hf://a/b@v1", "a/b", "v1"),
        ("hf://datasets/a/b@refs/pr/1", "a/b", "refs/pr/1"),
    ],
)
def test_names(written, name, revision):
    found = parse_dataset(written)
    assert (found.name, found.revision, found.page) == (name, revision, f"datasets/{name}")


# --- one commit, with and without the Hub ------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pinned_commit_needs_no_request(hub, repo, pixels, layout):
    repo.put(LAYOUTS[layout](pixels))
    pinned = opened(SOURCE).pinned["source"]
    assert pinned == f"{SOURCE}@{repo.head()}"
    asked(hub)
    found = opened(pinned)
    assert (found.read(3).sample == pixels[3]).all()
    assert asked(hub) == []


@pytest.mark.parametrize("way", ["variable", "no network"])
def test_offline(hub, repo, pixels, way, monkeypatch):
    repo.put(as_parquet(pixels))
    commit = repo.head()
    if way == "variable":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    else:
        hub.offline = True
    for source in (SOURCE, f"{SOURCE}@{commit}"):
        with pytest.raises(HubError) as caught:
            opened(source)
        assert caught.value.unreachable
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub.offline = False
    opened(SOURCE)
    repo.put(as_parquet(255 - pixels))
    if way == "variable":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    else:
        hub.offline = True
    for source in (SOURCE, f"{SOURCE}@{commit}"):
        assert (opened(source).read(0).sample == pixels[0]).all()
    with pytest.raises(HubError):
        opened(SOURCE, split="test")


def test_the_package_takes_no_other_commit_where_the_hub_fails(hub, repo, pixels, waits):
    repo.put(as_parquet(pixels))
    datasets.load_dataset(NAME, revision=repo.head())  # which the package would fall back on
    repo.put(as_parquet(255 - pixels))
    hub.fail(None, "/(resolve|tree)/", 500, times=None)
    with pytest.raises(HubError):
        opened(SOURCE)


def test_files_that_are_gone_are_fetched_again(repo, pixels, tmp_path):
    repo.put(as_files(pixels))
    opened(SOURCE)
    for link in (tmp_path / "hub" / "datasets--alice--images" / "snapshots").rglob("2.png"):
        link.resolve().unlink()
    assert (opened(SOURCE).read(1).sample == pixels[1]).all()


# --- the command line --------------------------------------------------------------------------

TINY = ("architecture.name=vanilla", "architecture.generator_widths=[4]")
TINY += ("architecture.discriminator_widths=[4]", "architecture.latent_dim=2", "batch_size=4")


def test_a_resumed_run_keeps_to_its_commit(hub, repo, pixels, command):
    repo.put(as_parquet(pixels))
    first = repo.head()
    code, out, err = command("train", *TINY, f"data={SOURCE}", "steps=2")
    assert code == 0, err
    folder = out.strip()
    assert folder == "./runs/vanilla-images"
    run = ganzoo.Run.open(folder)
    assert run.config.data.source == f"{SOURCE}@{first}"
    assert "Generating" not in err
    repo.put(as_parquet(255 - pixels))
    asked(hub)
    assert command("resume", folder, "steps=4")[0] == 0
    assert asked(hub) == []
    run = ganzoo.Run.open(folder)
    assert run.config.data.source == f"{SOURCE}@{first}"
    assert run.log[-1]["step"] == 4
    facts = ganzoo.pretrained_info(folder).info.training
    assert facts["data"] == f"{SOURCE}@{first}"
    code, out, err = command("train", *TINY, f"data={SOURCE}", "steps=1")
    assert ganzoo.Run.open(out.strip()).config.data.source == f"{SOURCE}@{repo.head()}"


def test_data_check(repo, pixels, command):
    repo.put(as_files(pixels))
    code, out, err = command("data", "check", SOURCE, "--json", "--architecture", "vanilla")
    assert code == 0, err
    found = json.loads(out)
    assert found["source"] == f"{SOURCE}@{repo.head()}"
    assert found["count"] == 5
    assert found["classes"] == {"cat": 2, "dog": 2, "emu": 1}
    assert SOURCE in found["command"]


def test_fine_tuning_and_evaluation(repo, pixels, command):
    repo.put(as_parquet(pixels))
    code, out, err = command("train", *TINY, f"data={SOURCE}", "steps=1")
    assert code == 0, err
    reference = out.strip()
    code, out, err = command(
        "finetune", reference, "--data", SOURCE, "steps=1", "batch_size=4", "finetune.warm_up=0"
    )
    assert code == 0, err
    few = {"metrics": ["fid"], "extractor": "digits", "fakes": 4, "batch_size": 4}
    (score,) = ganzoo.evaluate(reference, SOURCE, **few)
    assert score.protocol.data == f"{SOURCE}@{repo.head()}"


def test_nothing_is_written_but_errors(repo, pixels, capfd):
    repo.put(as_files(pixels))
    level = datasets.logging.get_verbosity()
    opened(SOURCE)
    repo.put({"train/cat/1.png": b"no image"}, delete=["train/dog/1.png"])
    opened(SOURCE, max_bad=1)
    assert capfd.readouterr() == ("", "")
    assert datasets.logging.get_verbosity() == level
    assert not datasets.are_progress_bars_disabled()


def test_the_name_is_told_to_no_other_server(repo, pixels, monkeypatch):
    seen = []
    repo.put(as_parquet(pixels))
    monkeypatch.setattr("datasets.load.get_session", lambda: seen.append(1))
    preparing.prepare(parse_dataset(SOURCE), opened_config())
    assert not seen


def opened_config():
    from ganzoo.resolve import data_config

    return data_config({"source": SOURCE})


TEXTS = {
    "Label": (datasets.Value("string"), ["dog ", "cat", "dog", "cat", "cat"], ("cat", "dog")),
    "category_id": (datasets.Value("int64"), [10, 9, 10, 9, 9], ("9", "10")),
    "is_class": (datasets.Value("bool"), [True, False, True, False, False], ()),
    "breed": (datasets.Value("string"), ["dog", "cat", "dog", "cat", "cat"], ()),
}


@pytest.mark.parametrize("column", TEXTS)
def test_columns_of_usual_names_are_labels_and_others_are_named(repo, pixels, column):
    feature, values, classes = TEXTS[column]
    columns = {"image": held(map(png, pixels)), "width": [8] * 5, column: values}
    features = {"image": IMAGE, "width": datasets.Value("int32"), column: feature}
    repo.put({TRAIN: parquet(columns, features)})
    found = opened(SOURCE)
    assert found.class_names == classes
    assert found.labels.tolist() == ([1, 0, 1, 0, 0] if classes else [0] * 5)
    (note,) = found.notes
    assert note.startswith(
        f"{SOURCE}: {f'labels are read from {column}' if classes else 'no labels'}"
    )
    assert f"columns not used: width{'' if classes else f', {column}'}" in note
    assert opened(SOURCE, label="").notes == ()
