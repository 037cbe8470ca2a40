"""The datasets that torchvision knows, on small files laid out as it lays them."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from ganzoo import registry
from ganzoo.config.documents import parse_yaml
from ganzoo.data.cache import open_store
from ganzoo.data.standard import Standard
from ganzoo.errors import ConfigError, DataError
from ganzoo.resolve import resolve
from ganzoo.resolve.data_section import open_dataset
from ganzoo.spec import DatasetSpec
from ganzoo.training.trainer import Trainer
from tests.data.torchvision_files import COUNTS, samples, write_all, write_idx

NAMES = ("mnist", "fashion-mnist", "cifar10")


def opened(root, name="mnist", **values) -> Standard:
    config = registry.get(DatasetSpec, name).config
    return open_dataset(config(source=name, root=str(root), **values))


@pytest.fixture(params=NAMES)
def written(request, tmp_path, monkeypatch):
    """Each dataset by its name, and the folder that it lies in."""
    write_all(tmp_path / "files", request.param, monkeypatch)
    return request.param, tmp_path / "files"


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_every_image_and_label_is_read(written, split):
    name, root = written
    dataset = opened(root, name, split=split)
    parts = [samples(name, part) for part in (("train", "test") if split == "all" else (split,))]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    assert len(dataset) == len(images)
    items = [dataset.read(index) for index in range(len(dataset))]
    assert (np.stack([item.sample for item in items]) == images).all()
    assert [item.label for item in items] == labels.tolist()
    assert {item.sample.dtype.name for item in items} == {"uint8"}
    assert dataset.kind == "images"
    assert len(dataset.class_names) == 10


def test_a_store_and_a_fingerprint_follow_the_files_and_the_split(written):
    name, root = written
    marks = {split: opened(root, name, split=split).fingerprint for split in (*COUNTS, "all")}
    assert len(set(marks.values())) == 3
    assert opened(root, name).fingerprint == marks["train"]
    store = open_store(opened(root, name), opened(root, name).shape)
    assert len(store.samples) == COUNTS["train"]

    for split, other in (("train", "test"), ("test", "train")):
        file = root / getattr(opened(root, name), split)[-1]
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        changed = {part: opened(root, name, split=part).fingerprint for part in marks}
        assert [part for part in marks if changed[part] == marks[part]] == [other]
        file.write_bytes(content)


def test_the_folder_may_be_another_one(written, tmp_path, monkeypatch):
    name, root = written
    before = opened(root, name).fingerprint
    root.rename(tmp_path / "moved")
    assert opened(tmp_path / "moved", name).fingerprint == before
    # Where none is named, the files lie in the cache.
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "moved").rename(tmp_path / "cache" / "torchvision")
    config = registry.get(DatasetSpec, name).config
    assert open_dataset(config(source=name)).fingerprint == before


def test_classes_are_those_of_torchvision():
    from torchvision.datasets import MNIST, FashionMNIST

    published = [name.partition(" ")[0] for name in MNIST.classes]
    assert registry.import_target(registry.get(DatasetSpec, "mnist").factory).class_names == (
        *published,
    )
    fashion = registry.import_target(registry.get(DatasetSpec, "fashion-mnist").factory)
    assert fashion.class_names == (*FashionMNIST.classes,)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_those_of_torchvision(name):
    from torchvision import datasets

    kind = registry.import_target(registry.get(DatasetSpec, name).factory)
    reader = getattr(datasets, kind.reader)
    if name == "cifar10":
        expected = [f"{reader.base_folder}/{n}" for n, _ in reader.train_list + reader.test_list]
    else:
        expected = [f"{kind.reader}/raw/{n.removesuffix('.gz')}" for n, _ in reader.resources]
    assert [*kind.train, *kind.test] == expected


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [
        ("mnist", "MNIST/raw/train-images-idx3-ubyte", 3),
        ("fashion-mnist", "FashionMNIST/raw/train-images-idx3-ubyte", 3),
        ("cifar10", "cifar-10-batches-py/data_batch_1", 5),
    ],
)
def test_missing_files_are_named_with_the_place_and_the_cure(tmp_path, name, first, others):
    with pytest.raises(DataError) as refusal:
        opened(tmp_path, name)
    for text in (f"{tmp_path} lacks {first} and {others} more", "data.download", "data.root"):
        assert text in str(refusal.value)


def test_without_torchvision_it_is_said_before_anything_starts(tmp_path, monkeypatch):
    write_all(tmp_path, "mnist", monkeypatch)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="torchvision, which is not installed; install the package"):
        opened(tmp_path)


def damaged_label(root):
    images, labels = samples("mnist", "train")
    write_idx(root, "mnist", "train", images, labels + 7)


FAULTS = {
    "cut off": (
        lambda root: (root / "MNIST/raw/train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03\0"),
        r"mnist cannot be read from .*; remove it there, and fetch it with data\.download=true",
    ),
    "another size": (
        lambda root: write_idx(root, "mnist", "train", np.zeros((20, 9, 9)), np.zeros(20)),
        r"are not mnist: they hold 20 labels, and images of the shape \(20, 9, 9\)",
    ),
    "fewer labels": (
        lambda root: write_idx(root, "mnist", "train", np.zeros((20, 28, 28)), np.zeros(19)),
        "are not mnist: they hold 19 labels",
    ),
    "nothing": (
        lambda root: write_idx(root, "mnist", "train", np.zeros((0, 28, 28)), np.zeros(0)),
        "cannot be read|are not mnist",
    ),
    "another class": (damaged_label, "are not mnist: a label is 16, and there are 10 classes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_damaged_files_are_refused(tmp_path, monkeypatch, fault):
    damage, message = FAULTS[fault]
    write_all(tmp_path, "mnist", monkeypatch)
    damage(tmp_path)
    with pytest.raises(DataError, match=message):
        len(opened(tmp_path))


def test_pickles_that_are_not_the_published_ones_are_never_opened(tmp_path, monkeypatch):
    """CIFAR-10's checksums are torchvision's; another file runs no code."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta"):
        (folder / name).write_bytes(b"cbuiltins\nexit\n(tR.")
    with pytest.raises(DataError, match=r"cifar10 cannot be read from .*corrupted"):
        len(opened(tmp_path, "cifar10"))


def test_what_an_old_torchvision_left_is_not_read(tmp_path, monkeypatch):
    write_all(tmp_path, "mnist", monkeypatch)
    (tmp_path / "MNIST/processed").mkdir()
    for name in ("training.pt", "test.pt"):
        (tmp_path / "MNIST/processed" / name).write_bytes(b"cbuiltins\nexit\n(tR.")
    assert len(opened(tmp_path)) == COUNTS["train"]


class TestDownloading:
    """Torchvision's own downloader is replaced, as tests have no network."""

    @pytest.fixture(autouse=True)
    def downloads(self, monkeypatch):
        """Count them; each writes the small files."""
        from torchvision.datasets import MNIST

        count = []

        def download(dataset):
            if not dataset._check_exists():
                print("Downloading")
                count.append(dataset.root)
                write_all(dataset.root, "mnist", monkeypatch)

        monkeypatch.setattr(MNIST, "download", download)
        return count

    def test_it_waits_until_samples_are_needed(self, tmp_path, downloads, capsys):
        dataset = opened(tmp_path, download=True)
        assert (dataset.shape, len(dataset.class_names), downloads) == ((1, 28, 28), 10, [])
        mark = dataset.fingerprint
        assert len(downloads) == 1
        assert len(dataset) == COUNTS["train"]
        assert opened(tmp_path, download=True).fingerprint == opened(tmp_path).fingerprint == mark
        assert len(downloads) == 1
        assert capsys.readouterr().out == ""

    def test_a_download_that_fails_is_said(self, tmp_path, monkeypatch):
        from torchvision.datasets import MNIST

        def fail(dataset):
            raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\nno route")

        monkeypatch.setattr(MNIST, "download", fail)
        with pytest.raises(DataError, match=r"cannot be downloaded into .*gz: no route; try again"):
            len(opened(tmp_path, download=True))


def test_a_check_imports_no_torch(tmp_path, monkeypatch):
    write_all(tmp_path, "mnist", monkeypatch)
    code = (
        "import sys; from ganzoo.resolve import resolve;"
        f"resolve({{'architecture': 'dcgan', 'data': {{'source': 'mnist', 'root': {str(tmp_path)!r}"
        "}});"
        "resolve({'architecture': 'dcgan', 'data': {'source': 'cifar10', 'download': True}});"
        "print({'torch', 'torchvision'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_relative_folder_is_kept_as_a_whole_path(tmp_path, monkeypatch):
    write_all(tmp_path / "files", "mnist", monkeypatch)
    monkeypatch.chdir(tmp_path)
    config = resolve({"architecture": "vanilla", "data": {"source": "mnist", "root": "files"}})
    assert config.config.data.root == str(tmp_path / "files")
    assert resolve(config.config).config == config.config
    monkeypatch.setenv("HOME", str(tmp_path))
    home = resolve({"architecture": "vanilla", "data": {"source": "mnist", "root": "~/files"}})
    assert home.config == config.config


def test_a_shape_and_classes_come_from_it(written):
    name, root = written
    data = {"source": name, "root": str(root)}
    network = resolve({"architecture": "dcgan", "data": data}).config.architecture
    assert network.sample_shape == ((3, 32, 32) if name == "cifar10" else (1, 32, 32))
    assert network.num_classes == 10
    with pytest.raises(ConfigError, match="contradicts"):
        resolve(
            {
                "architecture": {"name": "dcgan", "sample_shape": [1, 16, 16]},
                "data": {**data, "image_size": 32},
            }
        )


def test_a_run_trains_on_it_and_goes_on(written, tmp_path):
    name, root = written
    config = {
        "architecture": {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]},
        "data": {"source": name, "root": str(root)},
        "training": {"batch_size": 4, "steps": 1, "sample_every": 0},
    }
    run = Trainer(config, tmp_path / "run").fit()
    resumed = Trainer.resume(run.path, overrides={"steps": 2})
    assert resumed.step == 1
    resumed.fit()
    assert run.log[-1]["step"] == 2
    recipe = parse_yaml((run.path / "weights" / "recipe.yaml").read_text())
    assert recipe["data"]["root"] == f"./{root.name}"
