"""The networks of every first-party architecture: shapes, sizes and initialisation."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ganzoo import registry
from ganzoo.building import architecture_config, build_network
from ganzoo.errors import ConfigError, PluginError
from ganzoo.networks import create_discriminator, create_generator
from ganzoo.spec import Architecture

ROLES = ("generator", "discriminator")

DOUBLED = (64, 128, 256, 512)
# (architecture, preset): the parameters of generator and discriminator, layer by layer. Norms have
# a weight and a bias for each of their channels.
COUNTS = {
    ("vanilla", "article"): (
        # 100 -> 256 -> 512 -> 1024 -> 784, and 784 -> 1024 -> 512 -> 256 -> 1
        101 * 256 + 257 * 512 + 513 * 1024 + 1025 * 784,
        785 * 1024 + 1025 * 512 + 513 * 256 + 257,
    ),
    ("vanilla", "mlp"): (
        # 100 -> 128 -> 256 -> 512 -> 1024 -> 784 with norms of 256, 512 and 1024
        101 * 128 + 129 * 256 + 257 * 512 + 513 * 1024 + 1025 * 784 + 2 * (256 + 512 + 1024),
        785 * 512 + 513 * 256 + 257,
    ),
    ("vanilla", "goodfellow"): (
        # 100 -> 1200 -> 1200 -> 784, and 784 -> 5 x 240 | 240 -> 5 x 240 | 240 -> 1
        101 * 1200 + 1201 * 1200 + 1201 * 784,
        785 * 1200 + 241 * 1200 + 241,
    ),
    ("dcgan", "pytorch"): (
        # 4x4 kernels without bias: 100 -> 512 -> 256 -> 128 -> 64 -> 3, and 3 -> 64 -> ... -> 1
        16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (512 + 256 + 128 + 64),
        16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512),
    ),
    ("dcgan", "studiogan"): (
        # Linear to 4x4x1024, 4x4 kernels 1024 -> ... -> 64 with norms, and 3x3 to 3
        129 * 16384
        + sum(16 * 2 * n * n + n + 2 * n for n in (512, 256, 128, 64))
        + (9 * 64 * 3 + 3),
        # 3x3 kernels that double the width, 4x4 ones that keep it, all with norms, and linear
        sum(9 * m * n + n + 2 * n for m, n in zip((3, *DOUBLED), (*DOUBLED, 1024), strict=True))
        + sum(16 * n * n + n + 2 * n for n in DOUBLED)
        + 1025,
    ),
    ("wgan-gp", "cnn"): (
        # Linear to 4x4x512 and its norm, then 5x5 kernels 512 -> 256 -> 128 -> 3
        129 * 8192
        + 2 * 8192
        + (25 * 512 * 256 + 256 + 2 * 256)
        + (25 * 256 * 128 + 128 + 2 * 128)
        + (25 * 128 * 3 + 3),
        (25 * 3 * 128 + 128) + (25 * 128 * 256 + 256) + (25 * 256 * 512 + 512) + (16 * 512 + 1),
    ),
    ("wgan-gp", "resnet"): (
        # Linear to 4x4x128, three blocks of two 3x3 and one 1x1 kernel and two norms, the output
        129 * 2048
        + 3 * (2 * (9 * 128 * 128 + 128) + (128 * 128 + 128) + 2 * 2 * 128)
        + 2 * 128
        + (9 * 128 * 3 + 3),
        # first block, down block, two plain blocks, linear
        (9 * 3 * 128 + 128)
        + (9 * 128 * 128 + 128)
        + (3 * 128 + 128)
        + (2 * (9 * 128 * 128 + 128) + (128 * 128 + 128))
        + 2 * 2 * (9 * 128 * 128 + 128)
        + 129,
    ),
}
PUBLISHED = {
    ("dcgan", "pytorch"): (3_576_704, 2_765_568),
    ("wgan-gp", "resnet"): (1_204_483, 1_053_825),
}


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_every_preset_is_counted():
    shipped = ("vanilla", "dcgan", "wgan-gp")
    assert {(n, p) for n in shipped for p in registry.get(Architecture, n).presets} == COUNTS.keys()


@pytest.mark.parametrize("key", COUNTS, ids="-".join)
def test_parameter_counts(key):
    config = architecture_config(*key)
    found = tuple(size(build_network(role, config, device="meta")) for role in ROLES)
    assert found == COUNTS[key]
    assert found == PUBLISHED.get(key, found)


def shape_id(value):
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def table(sides, channels, norms):
    """Small networks of every architecture: (name, sample_shape, other values)."""
    for shape, classes in itertools.product(
        [(1, 28, 28), (5, 4, 6), (2,), (1,), *((c, 8, 8) for c in channels)], (0, 3)
    ):
        for norm in ("none", "batch"):
            widths = {"generator_widths": (8, 9), "discriminator_widths": (7,)}
            yield "vanilla", shape, {"num_classes": classes, "generator_norm": norm, **widths}
        paper = {"maxout_pieces": 3, "unit_range": True, "generator_init": 0.5, "slope": 0.0}
        yield "vanilla", shape, {"num_classes": classes, **paper, **widths}
    for side, c in itertools.product(sides, channels):
        for norm, classes in itertools.product(norms, (0, 3)):
            values = {"width": 2, "num_classes": classes, "discriminator_norm": norm}
            yield "dcgan", (c, side, side), values
        if side <= 128:
            for blocks, norm in itertools.product(("cnn", "resnet"), ("batch", "none")):
                values = {"width": 4, "blocks": blocks, "generator_norm": norm}
                yield "wgan-gp", (c, side, side), values


NORMS = ("batch", "instance", "spectral", "none")
SHORT = [*table((16, 64), (1, 3), NORMS), *table((32, 128, 256), (2,), ("batch",))]
FULL = [case for case in table((16, 32, 64, 128, 256), (1, 2, 3, 4), NORMS) if case not in SHORT]


def row_id(case):
    name, shape, values = case
    return "-".join([name, shape_id(shape), *(str(v) for v in values.values())]).replace(" ", "")


every_network = pytest.mark.parametrize(
    "case",
    [
        *(pytest.param(case, id=row_id(case)) for case in SHORT),
        *(pytest.param(case, id=row_id(case), marks=pytest.mark.sweep) for case in FULL),
    ],
)


WITHOUT_DROPOUT = {"vanilla": {"dropout": 0.0}}


def difference(one, other):
    return ((one - other).norm() / other.norm()).item()


@every_network
def test_networks_keep_their_contract(case):
    name, shape, values = case
    options = {"sample_shape": shape, "latent_dim": 6, "seed": 1, **values}
    G, D = create_generator(name, **options), create_discriminator(name, **options)
    classes = values.get("num_classes", 0)
    source = torch.Generator().manual_seed(0)
    latents = torch.randn(3, 6, generator=source)
    labels = torch.tensor([0, 1, 2]) if classes else None

    samples = G(latents, labels)
    assert samples.shape == (3, *shape)
    assert samples.dtype == torch.float32
    if len(shape) == 3:
        assert samples.abs().max() <= 1
        with torch.no_grad():
            assert G(1e4 * latents, labels).abs().max() <= 1

    logits = D(samples, labels)
    assert logits.shape == (3,)
    with torch.no_grad():
        for parameter in D.parameters():
            parameter.mul_(100)
        loud = 1e8 * torch.randn(samples.shape, generator=source)
        assert D(loud, labels).abs().max() > 10  # no sigmoid at its end

    if classes:
        other = torch.tensor([1, 2, 0])
        assert difference(G(latents, other), samples) > 1e-2
        D = create_discriminator(name, **options, **WITHOUT_DROPOUT.get(name, {}))
        assert difference(D(samples, other), D(samples, labels)) > 1e-3


@every_network
def test_networks_build_on_meta_with_the_same_state(case):
    name, shape, values = case
    options = {"sample_shape": shape, "latent_dim": 6, **values}
    config = architecture_config(name, **options)
    for role in ROLES:
        there = build_network(role, config, device="meta").state_dict()
        here = build_network(role, config).state_dict()
        assert all(tensor.is_meta for tensor in there.values())
        assert {k: (t.shape, t.dtype) for k, t in there.items()} == {
            k: (t.shape, t.dtype) for k, t in here.items()
        }


@pytest.mark.parametrize("name", ["vanilla", "dcgan"])
def test_a_conditional_network_asks_for_labels(name):
    values = {"sample_shape": (1, 16, 16), "num_classes": 3}
    G, D = create_generator(name, **values), create_discriminator(name, **values)
    with pytest.raises(ValueError, match="needs labels"):
        G(torch.randn(2, 100))
    with pytest.raises(ValueError, match="needs labels"):
        D(torch.randn(2, 1, 16, 16))


@pytest.mark.parametrize("norm", ["spectral", "none"])
def test_spectral_norm_bounds_every_layer(norm):
    D = create_discriminator("dcgan", sample_shape=(1, 16, 16), width=8, discriminator_norm=norm)
    with torch.no_grad():
        for _ in range(30):
            D.train()(torch.randn(2, 1, 16, 16))
    convolutions = [m for m in D.modules() if isinstance(m, nn.Conv2d)]
    norms = [torch.linalg.matrix_norm(c.weight.flatten(1), 2).item() for c in convolutions]
    assert len(norms) == 3
    close = [value == pytest.approx(1, abs=0.02) for value in norms]
    assert all(close) == (norm == "spectral")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("dcgan", {"sample_shape": (3, 28, 28)}, "28x28"),
        ("dcgan", {"sample_shape": (5, 32, 32)}, "5 channels"),
        ("dcgan", {"sample_shape": (3, 32, 64)}, "32x64"),
        ("dcgan", {"sample_shape": (2,)}, "vectors"),
        ("wgan-gp", {"sample_shape": (3, 256, 256)}, "256x256"),
        ("wgan-gp", {"num_classes": 10}, "takes no labels"),
        ("vanilla", {"sample_shape": (3, 8)}, "a shape has 3 numbers"),
        ("vanilla", {"sample_shape": (1, 0, 8)}, "sample_shape"),
        ("vanilla", {"generator_widths": ()}, "generator_widths"),
        ("vanilla", {"generator_widths": (8,) * 65}, "generator_widths"),
        ("vanilla", {"maxout_pieces": -1}, "maxout_pieces"),
        ("vanilla", {"input_dropout": 1.0}, "input_dropout"),
        ("vanilla", {"latent_scale": 0.0}, "latent_scale"),
        ("vanilla", {"discriminator_init": 0.0}, "discriminator_init"),
        ("dcgan", {"width": 0}, "width"),
        ("dcgan", {"discriminator_norm": "layer"}, "discriminator_norm"),
        ("dcgan", {"widht": 8}, "did you mean 'width'"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else value,
)
def test_what_an_architecture_cannot_make_is_refused_before_it_is_built(name, values, message):
    with pytest.raises(ConfigError, match=message):
        create_generator(name, **values)


def test_unknown_names_are_refused():
    with pytest.raises(PluginError, match="did you mean 'dcgan'"):
        create_generator("dcgam")
    with pytest.raises(ConfigError, match="no preset 'resnett'; did you mean 'resnet'"):
        create_generator("wgan-gp", "resnett")


@pytest.mark.parametrize("name", ["vanilla", "dcgan", "wgan-gp"])
@pytest.mark.parametrize("create", [create_generator, create_discriminator])
def test_a_seed_makes_weights_reproducible_and_leaves_the_global_state_alone(name, create):
    state = torch.get_rng_state()
    one, same, other = (create(name, sample_shape=(1, 16, 16), seed=s) for s in (0, 0, 1))
    assert torch.get_rng_state().equal(state)
    for key, tensor in one.state_dict().items():
        assert tensor.equal(same.state_dict()[key])
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert any(not a.equal(b) for a, b in pairs)
    unseeded = create(name, sample_shape=(1, 16, 16))
    torch.set_rng_state(state)
    again = create(name, sample_shape=(1, 16, 16))
    assert all(a.equal(b) for a, b in zip(unseeded.parameters(), again.parameters(), strict=True))


@pytest.mark.parametrize("create", [create_generator, create_discriminator])
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_dcgan_is_initialised_as_the_paper_says(create, norm):
    network = create(
        "dcgan", sample_shape=(3, 32, 32), num_classes=10, discriminator_norm=norm, seed=0
    )
    kinds = set()
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Embedding)):
            weight = module.weight
            error = 5 * 0.02 / math.sqrt(weight.numel())
            assert weight.mean().item() == pytest.approx(0, abs=error)
            assert weight.std().item() == pytest.approx(0.02, abs=error)
            assert weight.abs().max() > 0.04  # normal, not uniform
            assert getattr(module, "bias", None) is None
            kinds.add("weight")
        elif isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d)):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.5)
            assert (module.bias == 0).all()
            kinds.add("norm")
    assert kinds == {"weight", "norm"}


def stated_variance(layer, plain):
    """Of the authors' code: 4 / (fan in + fan out) before ReLU, else Glorot's 2 / (...)."""
    if isinstance(layer, nn.Linear):
        return 2 / (layer.in_features + layer.out_features)
    area, stride = layer.kernel_size[0] ** 2, layer.stride[0]
    fan_in, fan_out = layer.in_channels * area, layer.out_channels * area
    if isinstance(layer, nn.ConvTranspose2d):
        fan_in /= stride**2
    else:
        fan_out /= stride**2
    return (2 if plain else 4) / (fan_in + fan_out)


@pytest.mark.parametrize("create", [create_generator, create_discriminator])
@pytest.mark.parametrize("preset", ["cnn", "resnet"])
def test_wgan_gp_is_initialised_as_the_authors_code(create, preset):
    network = create("wgan-gp", preset, seed=0)
    layers = {
        name: module
        for name, module in network.module.named_modules()
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear))
    }
    assert len(layers) == {"cnn": 4, "resnet": 11}[preset]
    for name, layer in layers.items():
        output = preset == "resnet" and layer.weight.shape[0] == 3
        variance = stated_variance(layer, plain="shortcut" in name or output)
        numbers = layer.weight.numel()
        assert layer.weight.mean().item() == pytest.approx(0, abs=5 * math.sqrt(variance / numbers))
        assert layer.weight.var().item() == pytest.approx(
            variance, rel=5 * math.sqrt(0.8 / numbers)
        )
        assert layer.weight.abs().max().item() <= math.sqrt(3 * variance) * 1.0001
        assert (layer.bias == 0).all()


@pytest.mark.parametrize(
    ("create", "limit"), [(create_generator, 0.05), (create_discriminator, 0.005)]
)
def test_goodfellows_networks_are_initialised_as_the_authors_code(create, limit):
    layers = [m for m in create("vanilla", "goodfellow", seed=0).modules() if hasattr(m, "weight")]
    assert len(layers) == 3
    for layer in layers:
        numbers = layer.weight.numel()
        # Uniform: the variance is a third of the squared limit.
        assert layer.weight.var().item() == pytest.approx(
            limit**2 / 3, rel=5 * math.sqrt(0.8 / numbers)
        )
        assert 0.9 * limit < layer.weight.abs().max().item() <= limit
        assert (layer.bias == 0).all()


class TestGoodfellow:
    """Dropout at the input; all else is held against the published loop in `test_recipes`."""

    def test_the_input_is_dropped_to_black_and_the_rest_made_up_for(self):
        D = create_discriminator("vanilla", "goodfellow").train()
        seen = []
        D.module.layers[0].register_forward_hook(lambda m, arguments, out: seen.append(arguments))
        D(torch.zeros(100, 1, 28, 28))
        ((rows,),) = seen
        assert rows.unique().tolist() == [0.0, 0.625]  # 0.5 / 0.8
        assert (rows == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)

    def test_a_class_is_never_dropped(self):
        D = create_discriminator("vanilla", "goodfellow", num_classes=3).train()
        seen = []
        D.module.layers[0].register_forward_hook(lambda m, arguments, out: seen.append(arguments))
        D(torch.ones(50, 1, 28, 28), torch.full((50,), 1))
        ((rows,),) = seen
        assert rows[:, -3:].equal(torch.tensor([0.0, 1.0, 0.0]).expand(50, 3))


def test_one_hot_concatenation_is_what_dcgan_adds_to_the_latent():
    G = create_generator("dcgan", sample_shape=(1, 16, 16), width=2, num_classes=3, latent_dim=5)
    module, labels, latents = G.module.double(), torch.tensor([2, 0]), torch.randn(2, 5).double()
    kernels = module.classes.weight.unflatten(1, module.project.weight.shape[1:])
    both = torch.cat([module.project.weight, kernels])
    joined = torch.cat([latents, F.one_hot(labels, 3).double()], dim=1)
    maps = F.conv_transpose2d(joined[:, :, None, None], both)
    assert torch.allclose(module(latents, labels), module.layers(maps), rtol=1e-12)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("case", SHORT[:4] + SHORT[-4:], ids=row_id)
def test_networks_on_cuda_make_what_they_make_on_the_cpu(case):
    name, shape, values = case
    G = create_generator(name, sample_shape=shape, seed=1, **values)
    here = G.sample(3, seed=0)
    there = G.to("cuda").sample(3, seed=0)
    assert there.device.type == "cuda"
    assert torch.allclose(here, there.cpu(), atol=1e-2)
