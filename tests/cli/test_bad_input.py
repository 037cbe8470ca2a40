"""Bad input: exit code 2, one sentence, no traceback, and nothing left behind.

Each row is a different cause. They are grouped by the code path that refuses them.
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

VANILLA = "architecture=vanilla"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- configs -----------------------------------------------------------------------------------

OVERRIDES = {
    "no architecture": ([], "architecture: missing; name one of biggan, cyclegan"),
    "unknown architecture": (["architecture=dcgam"], "did you mean 'dcgan'?"),
    "architecture is a number": (["architecture=3"], "architecture"),
    "unknown field of a plugin": (["architecture.name=dcgan", "architecture.widht=3"], "e.width'"),
    "unknown section": ([VANILLA, "trainig.steps=3"], "did you mean 'training.steps'?"),
    "unknown field": ([VANILLA, "training.stps=3"], "did you mean 'training.steps'?"),
    "unknown short key": ([VANILLA, "stesp=3"], "did you mean 'training.steps'?"),
    "not a number": ([VANILLA, "steps=ten"], "training.steps: 'ten' is not allowed"),
    "below the least": (
        [VANILLA, "steps=0"],
        "training.steps: 0 is not allowed; it must be at least 1",
    ),
    "not finite": ([VANILLA, "optimizers.generator.lr=.nan"], "it must be a finite number"),
    "wrong choice": ([VANILLA, "precision=fp16"], "it must be 'auto', 'fp32', 'bf16' or 'fp64'"),
    "no metric": ([VANILLA, "evaluation.metrics=[]"], "evaluation: metrics is empty; name one"),
    "the best of what is not computed": (
        [VANILLA, "evaluation.metrics=[kid]", "evaluation.best=fid"],
        "best fid is not among metrics (kid); add it there",
    ),
    "all held out": (
        [VANILLA, "data.source=mnist5k", "data.holdout=5000"],
        "data.holdout: cannot hold out 5000 samples, because mnist5k has 5000; hold out fewer",
    ),
    "wrong device": ([VANILLA, "device=gpu"], "training.device: 'gpu' is not allowed"),
    "absent device": ([VANILLA, "device=cuda:77"], "this machine has no cuda:77"),
    "batch and parts": ([VANILLA, "batch_size=10", "accumulate=3"], "does not divide"),
    "unknown loss": ([VANILLA, "loss=hing"], "did you mean 'hinge'?"),
    "unknown penalty": ([VANILLA, "penalties.r3.weight=1"], "unknown penalty 'r3' (available: dr"),
    "unknown optimizer": ([VANILLA, "optimizers.generator=adma"], "'adma' is not allowed"),
    "field of another optimizer": (
        [VANILLA, "optimizers.generator={name: sgd, betas: [0, 0.9]}"],
        "optimizers.generator.betas: unknown field",
    ),
    "the first of two": (
        [VANILLA, "optimizers.generator.betas=[2, 0.9]"],
        "optimizers.generator.betas.0: 2.0 is not allowed; a decay must be below 1",
    ),
    "unknown network": ([VANILLA, "optimizers.critic=adam"], "optimizers.critic: unknown player"),
    "schedule without end": (
        [VANILLA, "optimizers.generator.lr={schedule: linear, from: 1e-4, over: 100}"],
        "optimizers.generator.lr.to: missing",
    ),
    "penalty and batch norm": (
        ["architecture=dcgan", "penalties.gradient-penalty.weight=10"],
        "penalties.gradient-penalty: it needs a discriminator that scores each sample by itself",
    ),
    "labels for one without": (
        ["architecture=wgan-gp", "architecture.num_classes=10"],
        "wgan-gp takes no labels",
    ),
    "shape that cannot be made": (
        ["architecture.name=dcgan", "architecture.sample_shape=[1, 20, 20]"],
        "dcgan cannot make 20x20 images",
    ),
    "vectors for images only": (["architecture=dcgan", "data=ring8"], "cannot make vectors of 2"),
    "other vectors": (
        ["architecture.name=vanilla", "architecture.sample_shape=[3]", "data=ring8"],
        "ring8 holds vectors of 2",
    ),
    "flipped vectors": ([VANILLA, "data.source=ring8", "data.flip=true"], "flip is for images"),
    "size and shape": (
        ["architecture.name=dcgan", "architecture.sample_shape=[1,32,32]", "data.image_size=64"],
        "contradicts",
    ),
    "other classes": ([VANILLA, "architecture.num_classes=7"], "has 10 classes"),
    "unknown dataset": ([VANILLA, "data=minst"], "did you mean 'mnist' or 'mnist5k'?"),
    "files that are not there": (
        [VANILLA, "data=mnist"],
        "lacks MNIST/raw/train-images-idx3-ubyte and 3 more files; set data.download to true",
    ),
    "no override": ([VANILLA, "=3"], "not of the form key.sub=value"),
    "malformed value": ([VANILLA, "steps=[1"], "cannot be read"),
    "given twice": ([VANILLA, "steps=1", "steps=2"], "steps is given twice"),
    "section without fields": ([VANILLA, "training=5"], "must be a mapping"),
    "null section": ([VANILLA, "training=null"], "null is not allowed"),
    "two files": (["a.yaml", "b.yaml"], "two config files"),
    "contradiction": ([VANILLA, "steps=1", "training.steps=2"], "another override gives steps"),
    "a decay of 1": (
        [VANILLA, "optimizers.generator={betas: [0.5, 1.0]}"],
        "optimizers.generator.betas.1: 1.0 is not allowed; a decay must be below 1",
    ),
    "exponential schedule to 0": (
        [VANILLA, "optimizers.generator.lr={schedule: exponential, from: 1, to: 0, over: 9}"],
        "lr: an exponential schedule cannot run from 1.0 to 0.0; make both above 0",
    ),
    "nesterov alone": (
        [VANILLA, "optimizers.generator={name: sgd, nesterov: true}"],
        "nesterov needs momentum",
    ),
    "size that cannot be made": (
        ["architecture=dcgan", "data.image_size=48"],
        "data.image_size: dcgan cannot make 48x48 images",
    ),
    "no list": (
        [VANILLA, "architecture.sample_shape='1,28,28'"],
        "architecture.sample_shape: '1,28,28' is not allowed; it must be a list",
    ),
    "no mapping": (
        [VANILLA, "penalties.r1=5"],
        "penalties.r1: 5 is not allowed; it must be a mapping of fields",
    ),
}


@pytest.mark.parametrize("cause", OVERRIDES)
def test_config_values(command, tmp_path, cause):
    arguments, message = OVERRIDES[cause]
    refused(command("train", *arguments), message, tmp_path)


FILES = {
    "missing": (None, "run.yaml", "there is no config file run.yaml"),
    "other ending": (
        "x = 1",
        "run.ini",
        "run.ini does not have the name of a config file, which ends in .yaml",
    ),
    "malformed YAML": ("architecture: [dcgan", "run.yaml", "run.yaml is malformed"),
    "double key": ("loss: hinge\nloss: hinge", "run.yaml", "duplicate key"),
    "a list": ("- 1", "run.yaml", "must hold a mapping of sections, not a list"),
    "not UTF-8": (b"\xff\xfe\x00", "run.yaml", "malformed"),
    "too large": ("#" * 1_000_001, "run.yaml", "that is not a config file"),
    "too deep": ("[" * 5000, "run.json", "run.json is malformed"),
    "unknown section": ("architectur: dcgan", "run.yaml", "run.yaml: unknown section"),
}


@pytest.mark.parametrize("cause", FILES)
def test_config_files(command, tmp_path, cause):
    content, name, message = FILES[cause]
    if content is not None:
        write(tmp_path / name, content)
    refused(command("config", "validate", name), message, tmp_path, left={name} & set(os.listdir()))


# --- plugins -----------------------------------------------------------------------------------

PLUGIN_FILES = {
    "no such file": (None, "there is no such file"),
    "syntax error": ("def", "SyntaxError"),
    "raises": ("raise OSError('disk')", "OSError: disk"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
    "name taken": (
        "import ganzoo\nganzoo.register(ganzoo.info('dcgan'))",
        "architecture 'dcgan' is already registered",
    ),
    "another interface": (
        "import dataclasses, ganzoo\n"
        "ganzoo.register(dataclasses.replace(ganzoo.info('dcgan'), name='mine', api=99))",
        "was written for version 99 of the plugin interface",
    ),
    "wrong object": ("import ganzoo\nganzoo.register(3)", "register takes one of Architecture"),
}


@pytest.mark.parametrize("cause", PLUGIN_FILES)
def test_local_plugins(command, tmp_path, cause):
    content, message = PLUGIN_FILES[cause]
    if content is not None:
        write(tmp_path / "mine.py", content)
    result = command("train", "--import", "mine.py", VANILLA)
    refused(result, message, tmp_path, left={"mine.py"} if content is not None else set())


def test_a_local_plugin_does_not_hide_another_module(command, tmp_path):
    write(tmp_path / "json.py", "")
    result = command("train", "--import", "json.py", VANILLA)
    refused(result, "--import json.py: there is another module 'json'", tmp_path, left={"json.py"})


def test_a_module_that_is_not_there(command, tmp_path):
    refused(
        command("train", "--import", "nowhere.at_all", VANILLA),
        "No module named 'nowhere'",
        tmp_path,
    )


def test_unknown_plugin(command, tmp_path):
    refused(command("info", "dcgam"), "there is no plugin 'dcgam'; did you mean 'dcgan' ", tmp_path)


# --- data --------------------------------------------------------------------------------------


def image(path, size=(20, 20), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 100).save(path)


def truncated(path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])


SOURCES = {
    "missing": (lambda folder: folder.rmdir(), "does not exist"),
    "a file": (lambda folder: (folder.rmdir(), write(folder, "x")), "is not a folder"),
    "empty": (lambda folder: None, "holds no images"),
    "no images": (lambda folder: write(folder / "notes.txt", "x"), "holds no images"),
    "HTML named .jpg": (
        lambda folder: write(folder / "a.jpg", "<html>"),
        "1 of 1 images cannot be read",
    ),
    "zero bytes": (lambda folder: write(folder / "a.png", ""), "a.png"),
    "truncated": (lambda folder: truncated(folder / "a.png"), "a.png"),
    "at the root and below": (
        lambda folder: (image(folder / "a.png"), image(folder / "cats" / "b.png")),
        "put all of them into sub-folders",
    ),
    "decompression bomb": (
        lambda folder: write(folder / "a.png", bomb()),
        "decompression bomb",
    ),
}


def bomb():
    """A PNG header that promises 60,000 x 60,000 pixels."""

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    content = zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content)


@pytest.mark.parametrize("cause", SOURCES)
def test_folders_of_images(command, tmp_path, cause):
    make, message = SOURCES[cause]
    folder = tmp_path / "images"
    folder.mkdir()
    make(folder)
    result = command("train", "architecture=dcgan", "data=./images", "steps=1")
    refused(result, message, tmp_path, left={"images"} & set(os.listdir(tmp_path)))


SOURCE_FILES = {
    "an ending that nobody knows": (
        "a.rar",
        b"Rar!",
        "its ending is unknown; data",
    ),
    "a zip that is none": ("a.zip", b"no zip", "is damaged or not an archive"),
    "a manifest of what is not there": (
        "a.csv",
        b"file\nx.png\n",
        "x.png (line 2 of a.csv); move the list",
    ),
    "JSON that is none": ("a.jsonl", b"{", "line 1: it is not JSON"),
    "arrays that are none": ("a.npz", b"PK", "a.npz cannot be read"),
}


@pytest.mark.parametrize("cause", SOURCE_FILES)
def test_files_of_images(command, tmp_path, cause):
    name, content, message = SOURCE_FILES[cause]
    if content is not None:
        write(tmp_path / name, content)
    result = command("train", VANILLA, f"data=./{name}", "steps=1")
    refused(result, message, tmp_path, left=set() if content is None else {name})


def test_a_field_of_another_source(command, tmp_path):
    write(tmp_path / "a.csv", "file\n")
    result = command("train", VANILLA, "data.source=./a.csv", "data.samples=x")
    refused(result, "data.samples: unknown field", tmp_path, left={"a.csv"})


def test_a_file_that_looks_like_a_name(command, tmp_path):
    write(tmp_path / "a.zip", "")
    refused(command("train", VANILLA, "data=a.zip"), "write ./a.zip", tmp_path, left={"a.zip"})


def test_images_of_32_bits(command, tmp_path):
    Image.fromarray(np.zeros((8, 8), dtype=np.float32)).save(tmp_path / "a.tif")
    result = command("train", VANILLA, "data=.")
    refused(result, "its pixels have 32 bits", tmp_path, left={"a.tif"})


def test_a_cache_that_cannot_be_written(command, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(write(tmp_path / "cache", "a file")))
    result = command("train", VANILLA, "steps=1")
    refused(result, "set GANZOO_CACHE to another folder", tmp_path, left={"cache"})


def test_a_folder_that_looks_like_a_name(command, tmp_path):
    (tmp_path / "images").mkdir()
    result = command("train", "architecture=dcgan", "data=images")
    refused(result, "write ./images", tmp_path, left={"images"})


def test_a_name_that_reads_paths(command, tmp_path):
    refused(command("train", "architecture=dcgan", "data=folder"), "give the path", tmp_path)


def halves(width, height=8):
    def make(folder):
        image(folder / "both" / "1.png", (16, 8))
        image(folder / "both" / "2.png", (width, height))

    return make


def sides(*names, size=(8, 8)):
    """Three images in a, and others of these names and this size in b."""

    def make(folder):
        for name in ("1.png", "2.png", "3.png"):
            image(folder / "a" / name)
        for name in names:
            image(folder / "b" / name, size)

    return make


def points(folder):
    sides()(folder)
    np.save(folder / "points.npy", np.ones((3, 2), dtype=np.float32))


NOTHING = sides()
BOTH = ("data.a=./a", "data.b=./b")

PARTS = {
    "no place of pairs": (
        NOTHING,
        ["pairs"],
        "data: pairs need path, for images that hold both halves, or a and b, for two folders",
    ),
    "a without b": (
        NOTHING,
        ["pairs", "data.a=./a"],
        "data: b is missing; give a and b, as data.b",
    ),
    "b without a": (
        NOTHING,
        ["domains", "data.b=./a"],
        "data: a is missing; give a and b, as data.",
    ),
    "path and a": (
        NOTHING,
        ["pairs", "data.path=./both", "data.a=./a"],
        "data: path holds both halves; leave out a and b, or path",
    ),
    "one place for both": (
        NOTHING,
        ["domains", "data.a=./a", "data.b=a/../a"],
        "data: a and b are",
    ),
    "unknown direction": (
        NOTHING,
        ["pairs", "data.path=./both", "data.direction=left"],
        "data.direction: 'left' is not allowed; it must be 'a_to_b' or 'b_to_a'",
    ),
    "direction of domains": (
        NOTHING,
        ["domains", *BOTH, "data.direction=a_to_b"],
        "data.direction: unknown field",
    ),
    "crops of no size": (
        NOTHING,
        ["domains", *BOTH, "data.load_size=286"],
        "data: load_size needs image_size, the side that images are cropped to",
    ),
    "crops larger than images": (
        NOTHING,
        ["domains", *BOTH, "data.load_size=64", "data.image_size=128"],
        "data: load_size 64 is smaller than image_size 128",
    ),
    "an odd width": (
        halves(17),
        ["pairs", "data.path=./both"],
        "data.path: 1 of 2 images have an odd width and cannot be halved, such as 2.png of 17x8",
    ),
    "pairs of other sizes": (
        sides("1.jpg", "2.jpg", "3.jpg", size=(10, 20)),
        ["pairs", *BOTH],
        "the images of 3 of 3 pairs differ in size, such as 1 of 20x20 in a and 10x20 in b",
    ),
    "no partner": (
        sides("4.png", size=(20, 20)),
        ["pairs", *BOTH],
        "data.a, data.b: 4 of 4 images have no partner of the same name: 1 of a, 2 of a, 3 of a, 4",
    ),
    "too few partners": (
        sides("1.png", "2.png", size=(20, 20)),
        ["pairs", *BOTH],
        "1 of 3 images have no partner of the same name: 3 of a; rename or remove them (max_bad",
    ),
    "two of one name": (
        sides("1.png", "1.jpg", "2.png", "3.png", size=(20, 20)),
        ["pairs", *BOTH],
        "data.b: 1.jpg and 1.png have the same name but for the ending",
    ),
    "an empty domain": (
        lambda folder: (NOTHING(folder), (folder / "b").mkdir()),
        ["domains", *BOTH],
        "b holds no images (",
    ),
    "a domain that is not there": (NOTHING, ["domains", *BOTH], "data.b: "),
    "a folder without its slash": (
        lambda folder: (NOTHING(folder), (folder / "horses").mkdir()),
        ["domains", "data.a=horses", "data.b=./a"],
        "data.a: there is no dataset 'horses'; for the folder of that name write ./horses",
    ),
    "vectors as a domain": (
        points,
        ["domains", "data.a=./a", "data.b=./points.npy"],
        "points.npy holds vectors; give images",
    ),
    "points as a domain": (
        NOTHING,
        ["domains", "data.a=ring8", "data.b=./a"],
        "data.a: ring8 holds vectors; give images",
    ),
    "networks that read samples": (
        NOTHING,
        ["domains", *BOTH, "--architecture", "dcgan"],
        "data.source: domains holds a and b, and dcgan is trained on sample; choose",
    ),
    "weights that read samples": (
        NOTHING,
        ["pairs", "data.path=./a", "--base", "dcgan.mnist5k"],
        "data.source: pairs holds source and target, and dcgan is trained on sample; choose",
    ),
    "a training without networks": (
        NOTHING,
        ["domains", *BOTH, "steps=3"],
        "training: domains is checked without networks; give --architecture to set more",
    ),
}


@pytest.mark.parametrize("cause", PARTS)
def test_data_of_several_fields(command, tmp_path, cause):
    make, arguments, message = PARTS[cause]
    make(tmp_path)
    left = set(os.listdir(tmp_path))
    refused(command("data", "check", *arguments), message, tmp_path, left=left)


@pytest.mark.parametrize("source", ["pairs", "domains"])
def test_training_single_samples_on_several_fields(command, tmp_path, source):
    result = command("train", VANILLA, f"data={source}", *BOTH)
    refused(result, f"data.source: {source} holds ", tmp_path)


# --- references --------------------------------------------------------------------------------

REFERENCES = {
    "missing folder": ("./nowhere", "there is no folder ./nowhere"),
    "no weights folder": (".", "it has no config.json"),
    "a repository": ("someone/digits", "there is no repository someone/digits on the Hub"),
    "unknown tag": ("dcgan.nothing", "dcgan has no weights named 'nothing'"),
    "unknown architecture": ("dcgam.mnist5k", "did you mean 'dcgan'?"),
    "a bare word": ("digits", "does not name weights"),
    "empty": ("", "does not name weights"),
}


@pytest.mark.parametrize("cause", REFERENCES)
def test_references(command, tmp_path, cause):
    reference, message = REFERENCES[cause]
    refused(command("sample", reference), message, tmp_path)


def edit(change):
    def apply(folder):
        path = folder / "config.json"
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    return apply


def retensor(change):
    def apply(folder):
        path = folder / "model.safetensors"
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path)

    return apply


def first(tensors):
    return next(iter(sorted(tensors)))


WEIGHTS = {
    "config is no JSON": (lambda f: write(f / "config.json", "{"), "is not JSON"),
    "newer format": (edit(lambda v: v.update(format=2)), "is of format 2"),
    "architecture not installed": (
        edit(lambda v: v["architecture"].update(name="stylegan9")),
        "which cannot be used here",
    ),
    "further field": (edit(lambda v: v["architecture"].update(x=1)), "x: unknown field"),
    "no tensors": (lambda f: (f / "model.safetensors").unlink(), "holds no model.safetensors"),
    "truncated": (
        lambda f: write(f / "model.safetensors", (f / "model.safetensors").read_bytes()[:-9]),
        "is not a whole safetensors file",
    ),
    "missing tensor": (retensor(lambda t: t.pop(first(t))), "1 missing"),
    "other config than tensors": (
        edit(lambda v: v["architecture"].update(generator_widths=[9])),
        "does not fit its config",
    ),
}


@pytest.mark.parametrize("cause", WEIGHTS)
def test_weights_folders(command, tmp_path, trained, cause):
    change, message = WEIGHTS[cause]
    shutil.copytree(trained / "weights", tmp_path / "w")
    change(tmp_path / "w")
    refused(command("sample", "./w"), message, tmp_path, left={"w"})


SAMPLING = {
    "unknown class": (["--label", "cat"], "there is no class 'cat'"),
    "none at all": (["-n", "0"], "ganzoo: n is 0; it must be a whole number of at least 1"),
    "truncation": (["--truncation", "1.5"], "truncation is 1.5"),
    "seed": (["--seed", "-1"], "the seed is -1"),
    "ending": (["-o", "grid.txt"], "an image ends in .png"),
    "columns": (["--columns", "0"], "--columns is 0"),
    "scale": (["--scale", "0"], "--scale is 0"),
    "a file for many": (["--each", "-o", "a.png"], "--each writes a file for each sample"),
    "columns of files": (["--each", "--columns", "2"], "--columns is for a grid"),
}


@pytest.mark.parametrize("cause", SAMPLING)
def test_sampling(command, tmp_path, trained, cause):
    arguments, message = SAMPLING[cause]
    refused(command("sample", trained, *arguments), message, tmp_path)


@pytest.mark.parametrize("options", [["-o", "mine"], []], ids=["named", "usual"])
def test_single_samples_go_into_a_folder_of_their_own(command, tmp_path, trained, options):
    folder = tmp_path / (options or ["samples"])[-1]
    folder.mkdir()
    (folder / "00001.png").write_text("mine")
    told = f"{folder.name} already exists; give a new folder for the samples"
    refused(command("sample", trained, "--each", *options), told, tmp_path, left={folder.name})
    assert (folder / "00001.png").read_text() == "mine"


INTERPOLATING = {
    "unknown class": (["--label", "cat"], "there is no class 'cat'"),
    "one alone": (["-n", "1"], "n is 1; it must be a whole number of at least 2"),
    "no steps": (["--steps", "0"], "steps is 0"),
    "truncation": (["--truncation", "0"], "truncation is 0.0"),
    "seed": (["--seed", "-1"], "the seed is -1"),
    "ending": (["-o", "path.mp4"], "a film ends in .gif, and a grid in .png"),
}


@pytest.mark.parametrize("cause", INTERPOLATING)
def test_interpolating(command, tmp_path, trained, cause):
    arguments, message = INTERPOLATING[cause]
    refused(command("interpolate", trained, *arguments), message, tmp_path)


@pytest.mark.parametrize("ending", ["gif", "png"])
def test_interpolating_into_a_folder(command, tmp_path, trained, ending):
    (tmp_path / f"path.{ending}").mkdir()
    result = command("interpolate", trained, "-n", "2", "--steps", "1", "-o", f"path.{ending}")
    refused(result, "cannot be written", tmp_path, left={f"path.{ending}"})


def test_interpolating_vectors(command, tmp_path):
    small = ["architecture={name: vanilla, generator_widths: [8], discriminator_widths: [8]}"]
    small += ["data.source=ring8", "data.samples=64", "steps=1", "batch_size=8"]
    assert command("train", *small, "--out", "ring").code == 0
    refused(command("interpolate", "./ring"), "makes vectors, and only", tmp_path, left={"ring"})


# --- runs --------------------------------------------------------------------------------------


def damage(name, content):
    def apply(run):
        for path in (run / "checkpoints").iterdir():
            write(path / name, content)

    return apply


def other_networks(run):
    path = run / "config.yaml"
    path.write_text(path.read_text().replace("generator_widths: [8]", "generator_widths: [7]"))


RUNS = {
    "no run": (lambda run: (run / "config.yaml").unlink(), [], "it has no config.yaml"),
    "finished": (
        lambda run: None,
        ["steps=3"],
        "has reached 4 steps, and training.steps is 3; to train further, it must be more than 4",
    ),
    "a changed field": (
        lambda run: None,
        ["steps=9", "optimizers.generator.lr=1"],
        "optimizers.generator cannot change when a run is resumed; these can: ",
    ),
    "data that is gone": (
        lambda run: None,
        ["steps=9", "data.source=./gone"],
        "gone does not exist; if the data of run has moved, give its new place with data.source",
    ),
    "a file": (lambda run: None, ["other.yaml"], "a run has its own config"),
    "config malformed": (lambda run: write(run / "config.yaml", "["), [], "malformed"),
    "state damaged": (damage("state.json", "{"), ["steps=9"], "is damaged"),
    "tensors damaged": (damage("state.safetensors", "xx"), ["steps=9"], "is damaged"),
    "other networks": (
        other_networks,
        ["steps=9"],
        "config.yaml was changed since step 4: architecture.generator_widths ([8], now [7])",
    ),
}


@pytest.mark.parametrize("cause", RUNS)
def test_resuming(command, tmp_path, trained, cause):
    change, arguments, message = RUNS[cause]
    shutil.copytree(trained, tmp_path / "run")
    change(tmp_path / "run")
    before = listing(tmp_path)
    refused(command("resume", "run", *arguments), message, tmp_path, left=None)
    assert listing(tmp_path) == before


def test_resuming_with_data_that_has_moved_or_changed(command, tmp_path):
    image(tmp_path / "images" / "a.png")
    image(tmp_path / "images" / "b.png")
    small = ["architecture={name: vanilla, generator_widths: [8], discriminator_widths: [8]}"]
    small += ["steps=1", "batch_size=2", "data=./images"]
    assert command("train", *small, "--out", "run").code == 0
    (tmp_path / "images").rename(tmp_path / "moved")
    result = command("resume", "run", "steps=2", "data.source=./moved")
    assert result.code == 0, result.err
    assert "moved" in (tmp_path / "run" / "config.yaml").read_text()
    image(tmp_path / "moved" / "c.png")
    before = listing(tmp_path)
    result = command("resume", "run", "steps=3")
    refused(result, "/moved) has changed since step 2; restore it", tmp_path, left=None)
    assert listing(tmp_path) == before


def test_training_into_a_run(command, tmp_path, trained):
    shutil.copytree(trained, tmp_path / "run")
    before = listing(tmp_path)
    result = command("train", VANILLA, "--out", "run")
    refused(result, "already holds a run; resume it with: ganzoo resume run", tmp_path, left=None)
    assert listing(tmp_path) == before


def test_training_into_a_full_folder(command, tmp_path):
    (tmp_path / "full").mkdir()
    write(tmp_path / "full" / "x", "x")
    result = command("train", VANILLA, "--out", "full")
    refused(result, "full is not empty", tmp_path, left={"full"})


def test_training_into_a_file(command, tmp_path):
    write(tmp_path / "x", "x")
    refused(command("train", VANILLA, "--out", "x"), "x is a file", tmp_path, left={"x"})


def test_exporting_over_something(command, tmp_path, trained):
    (tmp_path / "w").mkdir()
    write(tmp_path / "w" / "x", "x")
    refused(command("export", trained, "w"), "w already exists", tmp_path, left={"w"})


def test_exporting_a_run_without_checkpoints(command, tmp_path, trained):
    shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    refused(command("export", "run", "w"), "has no checkpoint yet", tmp_path, left={"run"})


# --- usage -------------------------------------------------------------------------------------


USAGE = {
    "command": (["trian"], "(see ganzoo --help)"),
    "option": (["train", "--steps", "3"], "No such option: --steps"),
    "argument": (["sample"], "(see ganzoo sample --help)"),
    "choice": (["list", "pluralties"], "there is no group 'pluralties'; did you mean 'penalties'?"),
    "type": (["sample", ".", "-n", "x"], "'-n'"),
    "one too many": (["list", "losses", "*", "more"], "(see ganzoo list --help)"),
    "no value": (["train", "--out"], "'--out' requires an argument"),
}


@pytest.mark.parametrize("cause", USAGE)
def test_usage(command, tmp_path, cause):
    arguments, message = USAGE[cause]
    refused(command(*arguments), message, tmp_path)


SWEEPS = {
    "nothing varied": ([], "a sweep needs something to vary; give it with --over, for example"),
    "no key": (["--over", "1e-5..1e-2"], "is not of the form KEY.SUB=VALUES"),
    "one value": (["--over", "loss=hinge"], "one value leaves nothing to vary); write"),
    "a range of words": (["--over", "loss=a..b"], "both ends of a range are numbers"),
    "a range backwards": (["--over", "training.seed=9..1"], "the lower end comes first"),
    "an unknown field": (["--over", "training.sede=1..2"], "did you mean 'training.seed'?"),
    "how it is scored": (
        ["--over", "evaluation.fakes=10..20"],
        "cannot be compared; set it for all",
    ),
    "twice": (["--over", "loss=a,b", "--over", "loss=c,d"], "--over loss is given twice"),
    "set and varied": (["seed=1", "--over", "seed=1..9"], "seed is both set and varied"),
    "no trials": (["--over", "seed=1..9", "--trials", "0"], "trials is 0; it must be at least 1"),
    "scores of points": (
        ["data=ring8", "evaluation.metrics=[fid]", "--over", "seed=1..9"],
        "evaluation.metrics: fid does not apply to vectors; choose from modes",
    ),
}


@pytest.mark.parametrize("cause", SWEEPS)
def test_sweeps(command, tmp_path, cause):
    arguments, message = SWEEPS[cause]
    refused(command("sweep", VANILLA, *arguments), message, tmp_path)


FINETUNINGS = {
    "no data": (["dcgan.mnist5k"], "data.source: missing; name the images to fine-tune on"),
    "no such base": (
        ["dcgan.mnist6k", "--data", "mnist5k"],
        "dcgan has no weights named 'mnist6k'",
    ),
    "no reference": (["digits", "--data", "mnist5k"], "'digits' does not name weights"),
    "no such images": (["dcgan.mnist5k", "--data", "./none"], "none does not exist"),
    "points for images": (
        ["dcgan.mnist5k", "--data", "ring8"],
        "but ring8 holds vectors of 2; fine-tune on data of that kind",
    ),
    "another architecture": (
        ["dcgan.mnist5k", "--data", "mnist5k", "architecture=vanilla"],
        "architecture.name: vanilla is not allowed, because dcgan.mnist5k holds weights of dcgan",
    ),
    "an unknown field": (
        ["dcgan.mnist5k", "--data", "mnist5k", "finetune.freez.generator=1"],
        "finetune.freez: unknown field; did you mean 'finetune.freeze'?",
    ),
    "an unknown role": (
        ["dcgan.mnist5k", "--data", "mnist5k", "finetune.freeze.discriminatr=1"],
        "finetune.freeze.discriminatr: dcgan has no such network; did you mean 'discriminator'?",
    ),
    "below the least": (
        ["dcgan.mnist5k", "--data", "mnist5k", "finetune.freeze.generator=-1"],
        "finetune.freeze.generator: -1 is not allowed; it must be at least 0",
    ),
    "all frozen": (
        ["dcgan.mnist5k", "--data", "mnist5k", "finetune.freeze.discriminator=4"],
        "because the discriminator has 4 and its last stage must learn; freeze at most 3",
    ),
    "only warming up": (
        ["dcgan.mnist5k", "--data", "mnist5k", "finetune.warm_up=9", "steps=9"],
        "finetune.warm_up: 9 leaves the generator no step, because training.steps is 9",
    ),
    "in part": (
        ["dcgan.mnist5k", "--data", "mnist5k", "architecture.num_classes=0"],
        "fits only in part (generator: 19 tensors kept, 1 of the base left out",
    ),
    "nothing in common": (
        ["dcgan.mnist5k", "--data", "mnist5k", "architecture.width=3", "--allow-partial"],
        "nothing in the generator of dcgan.mnist5k fits",
    ),
    "base by hand": (
        ["dcgan.mnist5k", "--data", "mnist5k", "finetune.sha=abc"],
        "finetune.sha: 'abc' is not allowed",
    ),
}


@pytest.mark.parametrize("cause", FINETUNINGS)
def test_finetuning(command, tmp_path, cause):
    arguments, message = FINETUNINGS[cause]
    refused(command("finetune", *arguments), message, tmp_path)


def test_a_class_to_go_to_without_one_to_start_from(command, tmp_path):
    result = command("interpolate", "dcgan.mnist5k", "--to", "3")
    refused(result, "--to needs the class to start from; give it with --label", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["org/name"], "pull"),
        (["dcgan.mnist5k"], "dcgan.mnist5k"),
        (["./nowhere"], "there is no folder ./nowhere"),
    ],
    ids=["on the Hub", "that come with a plugin", "nowhere"],
)
def test_saving_scores_of_others_weights(command, tmp_path, arguments, message):
    refused(command("evaluate", *arguments, "--save", "-n", "300"), message, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "limit", "message"),
    [
        (["train", "steps=x"], None, "architecture: missing"),
        (["sample", "./nowhere"], None, "there is no folder ./nowhere"),
        (["trian"], None, "No such command 'trian'"),
        (["list"], "nobody", "GANZOO_PLUGINS names nobody, which offers no plugins"),
    ],
    ids=["config", "reference", "usage", "limit"],
)
def test_as_a_process(tmp_path, arguments, limit, message):
    environment = dict(os.environ) | ({"GANZOO_PLUGINS": limit} if limit else {})
    done = subprocess.run(
        [sys.executable, "-m", "ganzoo", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    refused(Result(done.returncode, done.stdout, done.stderr), message, tmp_path)


class Result(NamedTuple):
    code: int
    out: str
    err: str


def refused(result, message, folder, left=frozenset()):
    """Check what every refusal has in common, and its message."""
    assert result.code == 2, result.err
    lines = [line for line in result.err.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, result.err
    assert lines[0].startswith("ganzoo: ")
    assert message in lines[0]
    assert "Traceback" not in result.err
    assert len(lines[0]) < 600
    assert result.out == ""
    if left is not None:
        assert set(os.listdir(folder)) == set(left)


def listing(folder):
    """Every file with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
