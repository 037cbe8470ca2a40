"""Cards: what is written for weights, and what stays of a card that is there already."""

import html
import os
import re
import subprocess
import sys

import markdown
import pytest
from huggingface_hub import ModelCard, ModelCardData
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import WeightsError
from ganzoo.spec import Architecture
from ganzoo.weights.card import BEGIN, END, prose, write_card
from ganzoo.weights.description import DataFacts, Info
from ganzoo.weights.metadata import join_card, split
from tests.imports import ROOT

FILES = ["config.json", "model.safetensors", "README.md"]
BASE = {"repo": "acme/base", "sha": "0123456789abcdef0123456789abcdef01234567"}
FID = {
    "metric": "FID",
    "value": 12.5,
    "extractor": "inception-v3",
    "data": "mnist5k",
    "reals": 5000,
    "fakes": 10000,
    "seed": 0,
    "resize": "bicubic",
}
KID = {"metric": "KID", "value": 1e-7, "extractor": "inception-v3", "note": "", "sets": None}


def info_of(classes=0, shape=(1, 16, 16), names=(), name="dcgan", **facts):
    """What is known of a small generator."""
    values = {"sample_shape": shape, "num_classes": classes}
    config = registry.get(Architecture, name).config(name=name, **values)
    kind = "images" if len(shape) == 3 else "vectors"
    return Info.of(config, data=DataFacts(kind=kind, class_names=list(names)), **facts)


def card_of(info, reference="acme/digits", files=FILES, **options):
    return write_card(info, reference, files, **options)


def values_of(card):
    return split(card, "the card")[0]


def rendered(card):
    """The HTML of a card's text."""
    return markdown.markdown(split(card, "the card")[1], extensions=["tables", "fenced_code"])


def shown(card, tag):
    """What people read in the cells, the titles or the code of a card."""
    return [
        html.unescape(re.sub("<[^>]*>", "", cell))
        for cell in re.findall(f"<{tag}(?: [^>]*)?>(.*?)</{tag}>", rendered(card), re.DOTALL)
    ]


GOLDEN = """\
---
license: apache-2.0
library_name: ganzoo
tags: [gan, dcgan, class-conditional-image-generation]
datasets: [mnist5k]
model-index:
- name: digits
  results:
  - task:
      type: other
      name: "class-conditional image generation"
    dataset:
      name: mnist5k
      type: mnist5k
    metrics:
    - type: fid
      name: FID
      value: 12.5
      args:
        extractor: inception-v3
        data: mnist5k
        reals: 5000
        fakes: 10000
        seed: 0
        resize: bicubic
---
# digits

<!-- ganzoo: from here to the end mark, this is written anew with the weights -->

![Samples](samples.png)

A generator of grey images of 16x16 pixels, of the architecture `dcgan` in ganzoo. \
Strided convolutions with batch norm: the classical network for small images.

It is conditional on 3 classes: `zero`, `one`, `two`.

## Use

```python
import ganzoo

G = ganzoo.load_generator("acme/digits")
samples = G.sample(16, seed=0, labels="zero")  # float32 in [0, 1]
```

Loading is strict, and runs no code from here: the files are safetensors and JSON. \
The discriminator is here too, for fine-tuning (`ganzoo.load_pair`).

## Training

| fact | value |
| --- | --- |
| steps | 8000 |
| data | mnist5k |
| data fingerprint | mnist5k-1 |
| penalties | r1, dragan |
| averaged | yes |

`recipe.yaml` is the config that trains it again:

```console
ganzoo pull acme/digits ./digits
ganzoo train ./digits/recipe.yaml
```

## Scores

| metric | value | extractor | data | reals | fakes | seed |
| --- | --- | --- | --- | --- | --- | --- |
| FID | 12.5 | inception-v3 | mnist5k | 5000 | 10000 | 0 |

Scores of another protocol (extractor, numbers of samples, resizing) do not compare.

## Limits and intended use

Made for research, teaching and play with generative models. Samples follow the training data, \
with its gaps and its biases; a generator that saw few examples can come close to repeating some \
of them. Do not treat or present a sample as a record of something real.

## Citation

The method: Radford et al., Unsupervised Representation Learning with DCGANs, 2016.

<!-- ganzoo: end -->
"""

TRAINING = {
    "steps": 8000,
    "data": "mnist5k",
    "data_fingerprint": "mnist5k-1",
    "penalties": ["r1", "dragan"],
    "averaged": True,
}


def golden(**options):
    info = info_of(3, names=["zero", "one", "two"], training=TRAINING, scores=[FID])
    files = [*FILES, "discriminator.safetensors", "samples.png", "recipe.yaml"]
    return card_of(info, files=files, licence="apache-2.0", **options)


def test_the_whole_text_of_a_card():
    assert golden() == GOLDEN


class TestMarkdown:
    def test_the_code_runs(self, monkeypatch):
        code = shown(GOLDEN, "pre")[0].replace("acme/digits", "dcgan.mnist5k").replace("zero", "0")
        names = {}
        exec(compile(code, "the card", "exec"), names)
        assert names["samples"].shape == (16, 1, 32, 32)

    @pytest.mark.parametrize(
        "value",
        [
            "a|b",
            "`code`",
            "<script>alert(1)</script>",
            "<!-- comment",
            "*bold* and **more**",
            "_edge_ __x__ in_side _",
            "[text](https://example.com)",
            "back\\slash \\| \\",
            "| --- |",
            BEGIN,
            END,
            "ä 組 😀",
            "name_with_parts-1.0+cu130",
        ],
    )
    def test_what_a_file_says_is_shown_as_it_is(self, value):
        training = {value: "x", "note": value, "list": [value, 1]}
        info = info_of(2, names=[value, "b"], training=training, scores=[{**FID, "data": value}])
        card = card_of(info)
        cells = shown(card, "td")
        assert cells[:6] == [
            " ".join(value.replace("_", " ").split()),
            "x",
            "note",
            value,
            "list",
            f"{value}, 1",
        ]
        assert cells[9] == value
        assert f"2 classes: {value}, b." in [p.partition("on ")[2] for p in shown(card, "p")]
        # It neither becomes a tag nor ends the section.
        assert not re.search("<(script|strong|em|del|a|img)[ >]", rendered(card))
        text = split(card, "the card")[1]
        assert text.count(BEGIN) == text.count(END) == 1
        assert card_of(info, existing=card) == card
        # The label that is shown is the class.
        call = re.search("labels=(.*)\\)  #", card)
        assert eval(call[1]) == value

    @pytest.mark.parametrize(
        "value", ["a\nb", "a\r\n\tb ", " a  b", "a\x1b[31mb", "a\u2028b", "a\x00b😀"]
    )
    def test_what_has_no_place_in_a_line_is_a_blank(self, value):
        info = info_of(1, names=[value], training={"note": value})
        card = card_of(info)
        expected = " ".join("".join(c if c.isprintable() else " " for c in value).split())
        assert shown(card, "td") == ["note", expected]
        assert f"It is conditional on 1 class: `{expected}`." in card
        assert all(c.isprintable() or c == "\n" for c in card)
        assert eval(re.search("labels=(.*)\\)  #", card)[1]) == value

    def test_a_class_without_a_name(self):
        assert "2 classes: (no name), `b`." in card_of(info_of(2, names=["", "b"]))


class TestWhatIsSaid:
    def test_images_without_labels(self):
        card = card_of(info_of())
        assert values_of(card) == {
            "library_name": "ganzoo",
            "pipeline_tag": "unconditional-image-generation",
            "tags": ["gan", "dcgan"],
        }
        assert "samples = G.sample(16, seed=0)  # float32 in [0, 1]\n" in card
        assert "conditional on" not in card

    @pytest.mark.parametrize(
        ("shape", "words"),
        [
            ((1, 16, 16), "grey images of 16x16 pixels"),
            ((3, 32, 32), "colour images of 32x32 pixels"),
            ((4, 16, 16), "4-channel images of 16x16 pixels"),
            ((1,), "vectors of 1 number"),
        ],
    )
    def test_what_it_makes_is_told_in_words(self, shape, words):
        card = card_of(info_of(shape=shape, name="vanilla"))
        assert f"A generator of {words}, of the architecture `vanilla` in ganzoo." in card

    def test_vectors(self):
        info = info_of(shape=(2,), name="vanilla", scores=[FID], training={"data": "ring8"})
        card = card_of(info)
        values = values_of(card)
        assert "pipeline_tag" not in values
        assert values["tags"] == ["gan", "vanilla"]
        assert values["datasets"] == ["ring8"]
        assert values["model-index"][0]["results"][0]["task"]["type"] == "other"
        assert "# float32, in the data's units" in card

    def test_a_base_is_told_in_the_metadata_and_the_text(self):
        card = card_of(info_of(base_model=BASE))
        assert values_of(card)["base_model"] == "acme/base"
        assert f"Fine-tuned from `acme/base` at commit `{BASE['sha']}`.\n" in card

    @pytest.mark.parametrize(
        "repo", ["./folder", "/home/alice/weights", "dcgan.mnist5k", "", "a b"]
    )
    def test_a_base_that_is_no_repository_is_not_in_the_metadata(self, repo):
        # The Hub refuses a card of which the base is none.
        card = card_of(info_of(base_model={"repo": repo, "sha": ""}))
        assert "base_model" not in values_of(card)
        assert f"Fine-tuned from {f'`{repo}`' if repo else '(no name)'}.\n" in card

    @pytest.mark.parametrize("data", ["my-images", "", None, 7, ["mnist5k"]])
    def test_data_that_others_do_not_know_is_no_dataset(self, data):
        assert "datasets" not in values_of(card_of(info_of(training={"data": data})))

    def test_no_licence_is_assumed(self):
        assert "license" not in values_of(card_of(info_of()))
        assert values_of(card_of(info_of(), licence="mit"))["license"] == "mit"

    def test_of_a_thousand_classes_twenty_are_named(self):
        card = card_of(info_of(1000, names=[f"class {i}" for i in range(1000)]))
        assert "on 1000 classes: `class 0`, `class 1`," in card
        assert "`class 19` and 980 more." in card
        assert "class 20" not in card
        assert len(card) < 3000

    def test_classes_without_names_are_numbers(self):
        card = card_of(info_of(3))
        assert "on 3 classes: `0`, `1`, `2`." in card
        assert "labels=0)" in card

    def test_a_folder_is_loaded_and_trained_by_its_path(self):
        card = card_of(info_of(), "./folder", [*FILES, "recipe.yaml"])
        assert 'load_generator("./folder")' in card
        assert "ganzoo pull" not in card
        assert "ganzoo train ./folder/recipe.yaml" in card
        assert "\n# dcgan\n" in card

    def test_what_is_not_there_is_not_told_of(self):
        card = card_of(info_of(), files=FILES)
        for word in ("samples.png", "recipe.yaml", "ganzoo train", "load_pair"):
            assert word not in card
        assert "Nothing is recorded of its training." in card
        assert "## Scores\n\nNone are recorded.\n" in card

    def test_an_architecture_without_a_paper(self, monkeypatch):
        monkeypatch.setattr(registry, "_local", {})
        registry.register(
            Architecture(
                name="own",
                summary="Made *here*.",
                config=LatentConfig,
                generator="nowhere:G",
                discriminator="nowhere:D",
            )
        )
        config = LatentConfig(name="own", sample_shape=(1, 8, 8))
        card = card_of(Info.of(config))
        assert "Citation" not in card
        assert "of the architecture `own` in ganzoo. Made &#42;here&#42;.\n" in card


class TestScores:
    """The Hub's own format of scores, as its client reads it."""

    def results(self, card):
        data = ModelCard(card).data
        assert isinstance(data, ModelCardData)
        return data.eval_results

    def test_the_client_reads_what_was_recorded(self):
        info = info_of(scores=[FID, KID], training={"data": "mnist5k"})
        fid, kid = self.results(card_of(info))
        assert (fid.metric_type, fid.metric_name, fid.metric_value) == ("fid", "FID", 12.5)
        assert (kid.metric_type, kid.metric_value) == ("kid", 1e-7)
        assert isinstance(kid.metric_value, float)
        assert (fid.dataset_name, fid.dataset_type) == ("mnist5k", "mnist5k")
        assert fid.task_type == "unconditional-image-generation"
        # The protocol, with a seed of 0 too.
        assert fid.metric_args == {k: v for k, v in FID.items() if k not in ("metric", "value")}
        assert kid.metric_args == {"extractor": "inception-v3"}

    @pytest.mark.parametrize(
        "score",
        [
            {},
            {"metric": "FID"},
            {"metric": 7, "value": 1.0},
            {"metric": "FID", "value": "low"},
            {"metric": "FID", "value": True},
            {"metric": "FID", "value": float("inf")},
        ],
        ids=str,
    )
    def test_what_is_no_score_is_not_shown(self, score):
        card = card_of(info_of(scores=[score]))
        assert "model-index" not in values_of(card)
        assert "None are recorded." in card

    def test_columns_without_values_are_left_out(self):
        card = card_of(info_of(scores=[KID, {"metric": "FID", "value": 3, "reals": 50}]))
        assert shown(card, "th") == ["metric", "value", "extractor", "reals"]
        assert shown(card, "td") == ["KID", "1e-07", "inception-v3", "", "FID", "3", "", "50"]


PROSE = "# My digits\n\nMade with *love*.  \nAnd a rule:\n\n---\n\n```\ncode\n```\n"


class TestMerging:
    def test_the_text_stays_and_the_section_comes_below(self):
        card = card_of(info_of(), existing=PROSE)
        text = split(card, "the card")[1]
        assert text.startswith(PROSE)
        assert text.removeprefix(PROSE).startswith(f"\n{BEGIN}\n")
        assert text.endswith(f"{END}\n")
        assert prose(card) == PROSE.partition("\n\n")[2].strip()

    def test_the_section_is_replaced_where_it_stands(self):
        before = join_card({"x": 1}, f"Above.\n\n{BEGIN}\nold\n{END}\n\nBelow.  \n\n\n")
        text = split(card_of(info_of(), existing=before), "the card")[1]
        assert text.startswith(f"Above.\n\n{BEGIN}\n")
        assert text.endswith(f"{END}\n\nBelow.  \n\n\n")
        assert "old" not in text

    def test_a_copy_of_the_section_goes(self):
        one = f"{BEGIN}\nold\n{END}"
        text = split(card_of(info_of(), existing=f"A\n{one}\nB\n{one}\nC\n"), "the card")[1]
        assert (text.count(BEGIN), text.count(END)) == (1, 1)
        assert text.startswith("A\n")
        assert text.endswith(f"{END}\nB\n\nC\n")
        assert "old" not in text

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"A\n{BEGIN}\nB\n", id="a section without an end"),
            pytest.param(f"A\n{END}\nB\n", id="an end alone"),
            pytest.param(f"A\n{END}\nB\n{BEGIN}\nC\n", id="the marks turned round"),
            pytest.param(f"A\n{BEGIN}\nB\n{BEGIN}\nC\n", id="two beginnings"),
        ],
    )
    def test_broken_marks_lose_no_text(self, text):
        card = card_of(info_of(), existing=text)
        assert split(card, "the card")[1].startswith(text)
        assert card.count("## Use") == 1
        assert card_of(info_of(), existing=card) == card

    def test_line_ends_of_the_text_stay(self):
        text = PROSE.replace("\n", "\r\n")
        card = card_of(info_of(), existing=f"---\r\nlicense: mit\r\n---\r\n{text}")
        assert split(card, "the card")[1].startswith(text)
        assert values_of(card)["license"] == "mit"
        assert card_of(info_of(), existing=card) == card

    @pytest.mark.parametrize("existing", ["", "\n\n", "---\nlicense: mit\n---\n", "\ufeff"])
    def test_a_card_without_text_is_written_whole(self, existing):
        text = split(card_of(info_of(), existing=existing), "the card")[1]
        assert text.startswith(f"# digits\n\n{BEGIN}\n")

    def test_the_title_of_an_export_becomes_the_name(self):
        info = info_of(training={"data": "mnist5k"})
        export = card_of(info, "./folder")
        assert "\n# dcgan on mnist5k\n" in export
        card = card_of(info, existing=export + "\nMine.\n")
        assert "\n# digits\n" in card
        assert "dcgan on mnist5k" not in card
        assert card.endswith(f"{END}\n\nMine.\n")

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"license": "mit"}, {"license": "mit"}),
            ({"language": "no", "x": {"y": [1, None]}}, {"language": "no", "x": {"y": [1, None]}}),
            ({"tags": ["a", "gan", "a"]}, {"tags": ["a", "gan", "dcgan"]}),
            ({"tags": "art"}, {"tags": ["art", "gan", "dcgan"]}),
            ({"tags": [1, {"a": 1}]}, {"tags": [1, {"a": 1}, "gan", "dcgan"]}),
            ({"tags": ["dcgan", "mine"]}, {"tags": ["dcgan", "mine", "gan"]}),
            ({"pipeline_tag": "text-to-image"}, {"pipeline_tag": "unconditional-image-generation"}),
            ({"datasets": ["acme/faces"]}, {"datasets": ["acme/faces"]}),
            # What was said of earlier weights goes.
            ({"base_model": "acme/old"}, {}),
            ({"model-index": [{"name": "x", "results": []}]}, {}),
            ({"datasets": ["acme/faces", "ring8"]}, {"datasets": ["acme/faces"]}),
            (
                {"tags": ["gan", "wgan-gp", "class-conditional-image-generation", "x"]},
                {"tags": ["gan", "x", "dcgan"]},
            ),
        ],
        ids=str,
    )
    def test_metadata(self, before, after):
        values = values_of(card_of(info_of(), existing=join_card(before, PROSE)))
        usual = values_of(card_of(info_of()))
        assert values == {**usual, **after}
        assert list(values)[: len(after)] == list(after)

    def test_the_task_of_earlier_weights_goes_and_another_stays(self):
        task = {"pipeline_tag": "unconditional-image-generation"}
        assert "pipeline_tag" not in values_of(card_of(info_of(2), existing=join_card(task, "")))
        own = {"pipeline_tag": "text-to-image"}
        assert (
            values_of(card_of(info_of(2), existing=join_card(own, "")))["pipeline_tag"]
            == own["pipeline_tag"]
        )

    def test_a_card_that_cannot_be_read_is_not_replaced(self):
        with pytest.raises(WeightsError, match=r"head of README\.md of acme/digits is malformed"):
            card_of(info_of(), existing="---\na: [\n---\n# Mine\n")

    def test_other_weights_in_the_same_repository(self):
        base = info_of(base_model=BASE)
        before = card_of(base, existing=golden() + "\nMine.\n")
        assert values_of(before)["base_model"] == "acme/base"
        assert golden(existing=before) == GOLDEN + "\nMine.\n"


yamls = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just(1e-7)
fields = st.sampled_from(
    [
        "license",
        "tags",
        "datasets",
        "base_model",
        "model-index",
        "pipeline_tag",
        "library_name",
        "x",
    ]
)
metadata = st.dictionaries(fields, yamls | st.lists(yamls, max_size=3), max_size=5)
parts = st.sampled_from(
    [
        BEGIN,
        END,
        "# dcgan\n",
        "# digits\n",
        "---\n",
        "---\na: 1\n",
        "```\n",
        "\n",
        "\r\n",
        " ",
        "x",
        "\ufeff",
    ]
)
texts = st.text() | st.lists(parts, max_size=8).map("".join)
infos = st.sampled_from(
    [
        info_of(),
        info_of(2, names=["a", END]),
        info_of(base_model=BASE, scores=[FID]),
        info_of(shape=(2,), name="vanilla", training={"data": "ring8", "x": BEGIN}),
    ]
)


class TestAnyCard:
    @settings(max_examples=50)
    @given(metadata, texts, infos, infos)
    @example({}, f"{BEGIN}{BEGIN}{END}{END}", info_of(), info_of())
    def test_writing_twice_changes_nothing(self, values, text, earlier, info):
        once = card_of(info, existing=card_of(earlier, existing=join_card(values, text)))
        assert card_of(info, existing=once) == once
        assert once.count("## Use") == text.count("## Use") + 1
        found = values_of(once)
        assert found["library_name"] == "ganzoo"
        assert found["tags"] == values_of(card_of(info, existing=join_card(values, "")))["tags"]
        for name in ("license", "x"):
            assert found.get(name) == values.get(name)
        assert found.get("base_model") == (info.base_model and info.base_model.repo)

    @settings(max_examples=150)
    @given(texts)
    def test_no_text_is_lost(self, text):
        card = card_of(info_of(), existing=join_card({}, text))
        below = split(card, "the card")[1]
        section = re.search(
            f"{re.escape(BEGIN)}\n\n!?A generator.*?{re.escape(END)}", below, re.DOTALL
        )
        left = below.replace(section[0], "")
        for word in re.sub(
            f"(?s){re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", "", text
        ).split():
            assert word in left or word == "dcgan"


@pytest.mark.sweep
def test_a_card_is_the_same_in_every_process():
    """So that publishing the same thing twice makes no new commit."""
    code = (
        "from ganzoo.weights.card import write_card\n"
        "from tests.hub.test_card import info_of\n"
        "card = '---\\ntags: !!set {c, a, b, d, e}\\nx: !!set {p, q, r, s}\\n---\\n'\n"
        "print(write_card(info_of(), 'acme/digits', ['a', 'b'], existing=card))"
    )
    cards = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(cards) == 1
    assert "[a, b, c, d, e, gan, dcgan]" in cards.pop()
