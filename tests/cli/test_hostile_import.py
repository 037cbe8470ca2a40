"""``ganzoo import`` of hostile files: exit code 2, one sentence, and nothing written."""

import os

import pytest

from ganzoo.importing.document import Document
from tests.importing.hostile import CAUSES, GOOD


@pytest.mark.parametrize(
    "cause",
    ["reduce os.system", "stride 0", "a deflated entry", "a gap", "a name with control characters"],
)
def test_is_refused(command, tmp_path, cause):
    content, sentence = CAUSES[cause]
    (tmp_path / "netG.pth").write_bytes(content)
    done = command("import", "netG.pth", "-o", "faces")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("ganzoo: netG.pth cannot be imported: ")
    assert done.err.count("\n") == 1
    assert sentence in done.err
    assert os.listdir(tmp_path) == ["netG.pth"]


@pytest.mark.parametrize(
    "label", ["-x.pth", "--help", "a\nb.pth", "\x1b[2J.pth", "net G'\";.pth", "é\udcff.pth"]
)
def test_odd_names_of_files(command, tmp_path, label):
    (tmp_path / label).write_bytes(GOOD)
    assert list(Document(tmp_path / label).root) == ["weight"]
    done = command("import", f"./{label}", "-o", "faces")
    assert done.code == 2
    assert "of no format" in done.err
    assert done.err.rstrip("\n").isprintable()
    assert os.listdir(tmp_path) == [label]
