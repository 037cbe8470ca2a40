"""Every animal of the zoo is read rightly, passed over, or named with what is wrong with it."""

import json
import os
import subprocess
import sys

import pytest

from ganzoo.data.config import FolderConfig, ManifestConfig
from ganzoo.data.sources.folder import Folder
from ganzoo.data.sources.manifest import Manifest
from ganzoo.errors import DataError
from tests.data.zoo import READ, SKIPPED, ZOO, build, noise, saved
from tests.imports import ROOT


def as_folder(root, name):
    return Folder(FolderConfig(source=str(root), max_bad=1))


def as_manifest(root, name):
    lines = (json.dumps({"file": file}) for file in (name, "good.png"))
    (root / "list.jsonl").write_text("\n".join(lines))
    return Manifest(ManifestConfig(source=str(root / "list.jsonl"), max_bad=1))


@pytest.mark.parametrize("opened", [as_folder, as_manifest])
@pytest.mark.parametrize("what", ZOO)
def test_each_is_read_or_named(what, opened, tmp_path, capfd):
    trouble = ZOO[what]
    outcome = trouble.listed or trouble.outcome if opened is as_manifest else trouble.outcome
    if "Permission" in outcome and os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "good.png").write_bytes(saved(noise(8, 8), "PNG"))
    trouble.make(tmp_path / trouble.name)
    source = opened(tmp_path, trouble.name)
    names = source.names
    assert names.count("good.png") == 1
    if outcome == SKIPPED:
        assert len(names) == 1
        return
    index = 1 - names.index("good.png")
    if outcome == READ:
        width, height = trouble.size
        assert source.read(index).sample.shape[:2] == (height, width)
    else:
        with pytest.raises(DataError) as caught:
            source.read(index)
        sentence = str(caught.value)
        assert outcome in sentence
        assert sentence.isprintable()
        assert sentence.startswith(str(tmp_path))
    out, err = capfd.readouterr()
    assert not out
    # Of a damaged stream libtiff tells by itself, where nobody can stop it.
    assert not err or trouble.name.endswith(".tif")


def test_the_zoo_is_large():
    assert len(ZOO) > 150
    assert {trouble.outcome for trouble in ZOO.values()} > {READ, SKIPPED}


MEASURED = """
import json, pathlib, sys
from ganzoo.data.decoding import decode
from ganzoo.data.fitting import fit_image
from ganzoo.errors import DataError
from PIL import features
features.check("webp")

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

before, read = peak(), 0
for path in json.load(sys.stdin):
    try:
        image = decode(path, path, 3)
        for fit in ("crop", "pad", "stretch"):
            fit_image(image, (3, 64, 64), fit=fit)
        read += 1
    except DataError:
        pass
print(json.dumps([read, peak() - before]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_whole_zoo_takes_little_memory(tmp_path):
    paths = build(tmp_path)
    count = sum(trouble.outcome == READ for trouble in ZOO.values())
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURED],
        input=json.dumps([str(path) for path in paths.values()]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    assert "Warning" not in process.stderr
    read, megabytes = json.loads(process.stdout)
    # Hidden ones, and those of no ending, are read here as well.
    assert count <= read <= count + 5
    assert megabytes < 300
