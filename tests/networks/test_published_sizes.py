"""Networks of published configurations have the numbers of parameters that were counted there."""

import pytest

from ganzoo.building import architecture_config, build_network
from tests.networks.test_architectures import size

CIFAR = {"sample_shape": (3, 32, 32), "num_classes": 10}
IMAGENET = {"latent_path": "split", "latent_dim": 120, "num_classes": 1000}
WHOLE = {"blocks": "bottleneck", "latent_path": "whole", "latent_dim": 128, "num_classes": 1000}
HUGGING_FACE = {**WHOLE, "width": 128, "image_width": 128, "statistics": 51}
OWN = {**CIFAR, "blocks": "bottleneck", "latent_path": "whole", "latent_dim": 128, "width": 128}


def images(side):
    return {"sample_shape": (3, side, side)}


CASES = {
    "stylegan2 config F at 1024": (
        "stylegan2",
        "config-f",
        images(1024),
        (30_370_060, 29_012_513),
    ),
    "stylegan2 config F at 512": ("stylegan2", "config-f", images(512), (30_276_583, 28_982_849)),
    "stylegan2 config F at 256": ("stylegan2", "config-f", images(256), (30_034_338, 28_864_129)),
    "stylegan2 at half the width": (
        "stylegan2",
        "paper256",
        images(256),
        (24_767_458, 24_001_089),
    ),
    "stylegan2 auto at 256": ("stylegan2", "auto", images(256), (23_191_522, 24_001_089)),
    "stylegan2 auto at 128": ("stylegan2", "auto", images(128), (22_949_277, 23_882_369)),
    "stylegan2 auto at 64": ("stylegan2", "auto", images(64), (22_243_608, 23_407_361)),
    "stylegan2 for cifar": ("stylegan2", "cifar10", images(32), (19_947_539, 20_720_641)),
    "stylegan2 for cifar, by class": (
        "stylegan2",
        "cifar10",
        CIFAR,
        (20_215_315, 23_089_664),
    ),
    "dcgan of studiogan": ("dcgan", "studiogan", images(32), (3_812_355, 2_931_009)),
    "sagan of mimicry": ("sagan", "mimicry", CIFAR, (4_386_308, 1_075_586)),
    "sagan of studiogan": ("sagan", "studiogan", CIFAR, (4_386_308, 1_075_586)),
    "sagan of mimicry at 128": (
        "sagan",
        "mimicry",
        {**CIFAR, **images(128), "discriminator_width": 8},
        (32_321_412, 456_098),
    ),
    "biggan for cifar": ("biggan", "cifar", CIFAR, (4_304_387, 4_207_361)),
    "biggan of studiogan": ("biggan", "studiogan", CIFAR, (9_416_196, 2_415_170)),
    "biggan at 64": (
        "biggan",
        "imagenet",
        {**IMAGENET, **images(64), "attention": (3,)},
        (70_377_348, 45_511_970),
    ),
    "biggan at 128": (
        "biggan",
        "imagenet",
        {**IMAGENET, **images(128), "attention": (4,)},
        (70_433_988, 87_982_370),
    ),
    "biggan at 128, narrower": (
        "biggan",
        "imagenet",
        {**IMAGENET, **images(128), "attention": (4,), "width": 64},
        (31_978_628, 39_448_258),
    ),
    "biggan at 256": (
        "biggan",
        "imagenet",
        {**IMAGENET, **images(256), "latent_dim": 119, "attention": (5,)},
        (81_970_308, 99_191_330),
    ),
    "deep at 128": (
        "biggan",
        "deep",
        {**WHOLE, **images(128), "attention": (4,)},
        (50_244_484, 34_590_210),
    ),
    "deep at 256": (
        "biggan",
        "deep",
        {**WHOLE, **images(256), "attention": (4,), "discriminator_attention": (2,)},
        (55_736_708, 38_247_426),
    ),
    "deep of studiogan": ("biggan", "deep", OWN, (7_762_948, 2_908_930)),
    "deep of studiogan with its own shortcuts": (
        "biggan",
        "deep",
        {
            **OWN,
            "bottleneck_shortcut": "convolution",
            "discriminator_widths": (1, 4, 4, 4),
        },
        (9_338_884, 3_177_730),
    ),
    "of hugging face at 128": (
        "biggan",
        "deep",
        {**HUGGING_FACE, **images(128), "attention": (4,)},
        (50_388_609,),
    ),
    "of hugging face at 256": (
        "biggan",
        "deep",
        {**HUGGING_FACE, **images(256), "attention": (4,)},
        (55_880_833,),
    ),
    "of hugging face at 512": (
        "biggan",
        "deep",
        {**HUGGING_FACE, **images(512), "attention": (4,)},
        (56_163_905,),
    ),
}

CASES |= {
    "r3gan for cifar": ("r3gan", "cifar10", CIFAR, (20_781_952, 21_280_512)),
    "r3gan without classes": ("r3gan", "cifar10", images(32), (20_732_160, 20_683_776)),
    "r3gan for ffhq at 64": ("r3gan", "ffhq-64", images(64), (22_429_824, 22_381_440)),
    "r3gan for ffhq at 256": ("r3gan", "ffhq-256", images(256), (23_057_952, 23_009_568)),
    "r3gan for imagenet at 32": (
        "r3gan",
        "imagenet-32",
        {**images(32), "num_classes": 1000},
        (82_914_304, 86_548_992),
    ),
    "r3gan for imagenet at 64": (
        "r3gan",
        "imagenet-64",
        {**images(64), "num_classes": 1000},
        (103_570_432, 107_205_120),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sizes(case):
    name, preset, values, expected = CASES[case]
    config = architecture_config(name, preset, **values)
    roles = ("generator", "discriminator")[: len(expected)]
    assert tuple(size(build_network(r, config, device="meta")) for r in roles) == expected
