"""The networks of pix2pix and CycleGAN against plain re-writings, sizes and facts of the papers."""

import math
import pkgutil

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import nn

from ganzoo.errors import RequestError
from ganzoo.randomness import Draws
from ganzoo.tensors import check_network
from ganzoo.weights.structure import stages
from ganzoo_cyclegan import SPEC as CYCLEGAN
from ganzoo_pix2pix import SPEC as PIX2PIX
from ganzoo_pix2pix.config import Pix2pixConfig
from ganzoo_pix2pix.layers import ReflectionPad, mirrored
from ganzoo_pix2pix.networks import Critic, Translator
from tests.networks import plain_translators as plain

RESNET = {"generator": "resnet", "blocks": 2}


def networks(spec, preset="", device="cpu", **values):
    """Every network of an architecture, by role."""
    preset = spec.presets[preset or spec.default_preset]
    config = spec.config(**{**preset.values, **values})
    with torch.device(device):
        return {
            name: pkgutil.resolve_name(role.network)(config) for name, role in spec.networks.items()
        }


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def images(*shape, seed=0):
    source = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=source, dtype=torch.float64) * 2 - 1


def moved(network):
    """A network in float64 with seeded numbers everywhere, none of them as at the start."""
    source = torch.Generator().manual_seed(5)
    for name, tensor in network.double().state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=source)
        elif tensor.is_floating_point():
            tensor.normal_(0, 0.3, generator=source)
    return network


class Recorded(Draws):
    """Draws that remember by their purposes what they gave."""

    def __init__(self, *arguments, **values):
        super().__init__(*arguments, **values)
        self.given = {}

    def uniform(self, purpose, *shape):
        assert purpose not in self.given
        self.given[purpose] = super().uniform(purpose, *shape)
        return self.given[purpose]


def draws(rows=slice(None), place=("a run", 7), size=3):
    return Recorded(place, size, rows, dtype=torch.float64)


BOTH = ("a", "b")


@pytest.mark.parametrize(
    ("spec", "preset", "values", "counts"),
    [
        pytest.param(
            PIX2PIX,
            "unet",
            {},
            {"generator": 54_413_955, "discriminator": 2_768_705},
            id="unet 256",
        ),
        pytest.param(
            PIX2PIX,
            "unet",
            {"sample_shape": (3, 128, 128)},
            {"generator": 41_828_995, "discriminator": 2_768_705},
            id="unet 128",
        ),
        pytest.param(
            PIX2PIX,
            "unet",
            {"source_shape": (1, 64, 64), "sample_shape": (3, 64, 64), "discriminator": "pixel"},
            {
                # Two levels less than at 256, of 512 to 512 and of 1024 to 512, with their norms;
                # one channel in.
                "generator": 54_413_955 - 2 * (16 * 3 * 512 * 512 + 4 * 512) - 16 * 2 * 64,
                "discriminator": (4 * 64 + 64) + (64 * 128 + 2 * 128) + 128,
            },
            id="unet 64, pixels",
        ),
        pytest.param(
            PIX2PIX,
            "unet",
            {"generator": "resnet", "discriminator_layers": 1},
            {
                "generator": 11_378_179 + 5_248,
                "discriminator": 16 * (6 * 64 + 64 * 128 + 128) + 64 + 2 * 128 + 1,
            },
            id="resnet with batch norm, patches of 16x16",
        ),
        *(
            pytest.param(
                CYCLEGAN,
                preset,
                {},
                {f"{one}_to_{two}": count for one, two in (BOTH, BOTH[::-1])}
                | {f"discriminator_{domain}": 2_764_737 for domain in BOTH},
                id=preset,
            )
            for preset, count in (("resnet9", 11_378_179), ("resnet6", 7_837_699))
        ),
    ],
)
def test_parameter_counts(spec, preset, values, counts):
    found = networks(spec, preset, device="meta", **values)
    assert {role: size(network) for role, network in found.items()} == counts


def test_every_preset_is_within_its_own_traits():
    for spec in (PIX2PIX, CYCLEGAN):
        for preset in spec.presets.values():
            config = spec.config(**preset.values)
            assert spec.traits(config).allows(config.sample_shape)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("values", "inputs", "outputs", "sides", "layers"),
    [
        pytest.param({**RESNET, "dropout": 0.0}, 3, 1, (16, 8), 0, id="resnet"),
        pytest.param({**RESNET, "dropout": 0.3}, 1, 3, (12, 12), 2, id="resnet with dropout"),
        pytest.param({"downs": 2}, 3, 3, (4, 12), 0, id="unet of the least depth"),
        pytest.param({"downs": 5}, 3, 2, (32, 32), 0, id="unet too flat for dropout"),
        pytest.param({"downs": 7, "dropout": 0.3}, 1, 3, (128, 128), 2, id="unet with dropout"),
        pytest.param({"downs": 7, "dropout": 0.0}, 3, 3, (128, 128), 0, id="unet without dropout"),
    ],
)
def test_translators_equal_their_plain_rewriting(
    values, inputs, outputs, sides, layers, norm, training
):
    config = Pix2pixConfig(generator_width=3, norm=norm, **values)
    network = moved(Translator(config, inputs, outputs)).train(training)
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    source, random = images(3, inputs, *sides), draws()
    made = network(source, draws=random)

    assert len(random.given) == (layers if training else 0)
    keep = 1 - config.dropout
    masks = ((given >= config.dropout).double() / keep for given in random.given.values())
    net = plain.Net(state, norm, training, masks if random.given else None)
    if config.generator == "unet":
        expected = plain.unet(net, source, config.downs)
    else:
        expected = plain.resnet(net, source, config.blocks)
    assert made.shape == (3, outputs, *sides)
    assert expected.std() > 0.1
    assert (made - expected).abs().max() <= 1e-9 * expected.abs().max()
    assert next(masks, None) is None


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("values", "condition", "sides", "logits"),
    [
        pytest.param({"discriminator_layers": 1}, 0, (9, 16), (2, 6), id="patches of 16x16"),
        pytest.param({"discriminator_layers": 3}, 2, (40, 24), (3, 1), id="patches of 70x70"),
        pytest.param({"discriminator_layers": 5}, 0, (96, 100), (1, 1), id="at most 8 widths"),
        pytest.param({"discriminator": "pixel"}, 1, (3, 5), (3, 5), id="pixels"),
    ],
)
def test_critics_equal_their_plain_rewriting(values, condition, sides, logits, norm, training):
    config = Pix2pixConfig(discriminator_width=3, norm=norm, **values)
    network = moved(Critic(config, 3, condition)).train(training)
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    samples, beside = images(2, 3, *sides), images(2, condition, *sides, seed=1)
    found = network(samples, None, beside if condition else None)

    net = plain.Net(state, norm, training)
    both = torch.cat([beside, samples], 1)
    if config.discriminator == "pixel":
        expected = plain.pixels(net, both)
    else:
        expected = plain.patches(net, both, config.discriminator_layers)
    assert found.shape == expected.shape == (2, 1, *logits)
    assert (found - expected).abs().max() <= 1e-9 * expected.abs().max()


def test_a_256_pixel_image_has_30_times_30_patches_of_70_pixels():
    network = Critic(Pix2pixConfig(discriminator_width=2), 3).double().eval()
    image = images(1, 3, 256, 256).requires_grad_()
    logits = network(image)
    assert logits.shape == (1, 1, 30, 30)
    (slope,) = torch.autograd.grad(logits[0, 0, 15, 15], image)
    seen = slope[0].abs().sum(0) > 0
    assert [int(seen.any(axis).sum()) for axis in (0, 1)] == [70, 70]


def test_the_roles_of_cyclegan_take_and_make_the_channels_of_their_domains():
    sizes = {"generator_width": 2, "blocks": 1, "discriminator_width": 2}
    found = networks(CYCLEGAN, source_shape=(1, 32, 32), sample_shape=(3, 32, 32), **sizes)
    a, b = torch.zeros(2, 1, 32, 32), torch.zeros(2, 3, 32, 32)
    assert found["a_to_b"](a).shape == b.shape
    assert found["b_to_a"](b).shape == a.shape
    assert found["discriminator_a"](a).shape == found["discriminator_b"](b).shape == (2, 1, 2, 2)


def test_the_critic_of_pix2pix_asks_for_its_condition():
    critic = networks(PIX2PIX, device="meta")["discriminator"]
    with pytest.raises(ValueError, match="needs a condition"):
        critic(torch.zeros(2, 3, 32, 32, device="meta"))


class TestDropout:
    """Masks that are drawn belong to a position in the run."""

    WAYS = (
        pytest.param(RESNET, 8, 2, id="resnet"),
        pytest.param({"downs": 6}, 64, 1, id="unet"),
    )

    def network(self, values, **more):
        config = Pix2pixConfig(generator_width=2, norm="instance", **values, **more)
        return moved(Translator(config, 3, 3)).train()

    @pytest.mark.parametrize(("values", "side", "layers"), WAYS)
    def test_a_split_batch_drops_what_the_whole_batch_drops(self, values, side, layers):
        network, source = self.network(values), images(3, 3, side, side)
        whole, parts = draws(), [draws(slice(0, 2)), draws(slice(2, 3))]
        made = network(source, draws=whole)
        rows = [network(source[part.rows], draws=part) for part in parts]
        assert torch.allclose(torch.cat(rows), made, rtol=0, atol=1e-12)
        assert len(whole.given) == layers
        for purpose, numbers in whole.given.items():
            assert torch.cat([part.given[purpose] for part in parts]).equal(numbers)

    @pytest.mark.parametrize(("values", "side", "layers"), WAYS)
    def test_another_batch_drops_other_numbers(self, values, side, layers):
        network, source = self.network(values), images(3, 3, side, side)
        one, again, other = (
            network(source, draws=draws(place=("a run", step))) for step in (7, 7, 8)
        )
        assert one.equal(again)
        assert (one - other).flatten(1).abs().amax(1).min() > 1e-3

    @pytest.mark.parametrize(("values", "side", "layers"), WAYS)
    def test_without_draws_the_global_random_state_is_used(self, values, side, layers):
        network, source = self.network(values), images(3, 3, side, side)
        torch.manual_seed(1)
        one, other = network(source), network(source)
        torch.manual_seed(1)
        assert network(source).equal(one)
        assert (one - other).abs().max() > 1e-3

    @pytest.mark.parametrize(("values", "side", "layers"), WAYS)
    def test_nothing_is_dropped_in_evaluation_mode(self, values, side, layers):
        network, source, random = self.network(values), images(3, 3, side, side), draws()
        made = network.eval()(source, draws=random)
        without = self.network(values, dropout=0.0)
        without.load_state_dict(network.state_dict())
        assert made.equal(without(source))
        assert not random.given

    def test_the_share_that_is_dropped_is_made_up_for(self):
        layer = self.network(RESNET, dropout=0.2).network.blocks[0].dropout
        left = layer(torch.ones(3, 40, 40, 10, dtype=torch.float64), draws())
        assert left.unique().tolist() == [0.0, 1.25]
        assert left.mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("values", "sides", "message"),
    [
        pytest.param(
            RESNET,
            (32, 30),
            "images of 32x30 pixels do not fit the ResNet generator; height and width must be "
            "multiples of 4 and at least 8: crop or resize them, as to 32x28",
            id="resnet, no multiple",
        ),
        pytest.param(RESNET, (4, 18), "at least 8: .* as to 8x16", id="resnet, too small"),
        pytest.param(
            {"downs": 5},
            (48, 64),
            "48x64 pixels do not fit the U-Net generator; .* must be multiples of 32: .* to 32x64",
            id="unet, no multiple",
        ),
        pytest.param({"downs": 5}, (32, 16), "multiples of 32: .* 32x32", id="unet, too small"),
        pytest.param(
            {"sample_shape": (3, 128, 128)}, (64, 64), "of 128: .* 128x128", id="depth of the side"
        ),
    ],
)
def test_sizes_that_a_translator_cannot_keep_are_refused(values, sides, message):
    network = Translator(Pix2pixConfig(generator_width=1, **values), 3, 3)
    with pytest.raises(RequestError, match=message):
        network(torch.zeros(1, 3, *sides))


def test_a_patch_discriminator_refuses_what_is_smaller_than_its_layers_need():
    critic = Critic(Pix2pixConfig(discriminator_width=1, discriminator_layers=2), 3)
    message = "20x11 pixels do not fit the patch discriminator; .* at least 12: .* as to 20x12"
    with pytest.raises(RequestError, match=message):
        critic(torch.zeros(1, 3, 20, 11))


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize(
    "values",
    [
        pytest.param({**RESNET, "discriminator": "pixel"}, id="resnet"),
        pytest.param({"downs": 2, "discriminator": "pixel"}, id="unet"),
        pytest.param({"downs": 2, "discriminator_layers": 2}, id="patches"),
    ],
)
def test_the_least_side_trains_with_one_image(values, norm):
    config = Pix2pixConfig(generator_width=2, discriminator_width=2, norm=norm, **values)
    source = torch.zeros(1, 3, *[config.least_made] * 2)
    made = Translator(config, 3, 3)(source)
    assert made.shape == source.shape
    samples = F.pad(made, [0, max(0, config.least_judged - config.least_made)] * 2)
    Critic(config, 3)(samples).sum().backward()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"source_shape": (1, 64, 32), "sample_shape": (3, 64, 64)},
            "source_shape is 64x32 and sample_shape 64x64",
        ),
        ({"source_shape": (5,)}, "an image has 3 numbers"),
        ({"downs": 1}, "downs"),
        ({"dropout": 1.0}, "dropout"),
        ({"norm": "none"}, "norm"),
        ({"discriminator_layers": 9}, "discriminator_layers"),
        ({"use": "train"}, "use"),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused_by_the_config(values, message):
    with pytest.raises(ValidationError, match=message):
        Pix2pixConfig(**values)


@pytest.mark.parametrize("given", ["source_shape", "sample_shape"])
def test_one_shape_is_the_other_too(given):
    config = CYCLEGAN.config(**{given: [1, 64, 32]})
    assert config.source_shape == config.sample_shape == (1, 64, 32)


@pytest.mark.parametrize(
    ("sides", "halvings"),
    [
        ((256, 256), 8),
        ((128, 128), 7),
        ((1024, 512), 8),
        ((64, 256), 6),
        ((96, 96), 5),
        ((250, 250), 2),
    ],
    ids=str,
)
def test_a_unet_halves_its_images_while_the_sides_divide(sides, halvings):
    assert Pix2pixConfig(sample_shape=(3, *sides)).halvings == halvings


@pytest.mark.parametrize(
    ("values", "sides"),
    [
        pytest.param({}, (32, 64, 128, 256, 512, 1024), id="depth of the side"),
        pytest.param({"downs": 8}, (256, 512, 1024), id="given depth"),
        pytest.param(RESNET, (32, 64, 128, 256, 512, 1024), id="patches need most"),
        pytest.param(
            {**RESNET, "discriminator": "pixel"},
            (8, 16, 32, 64, 128, 256, 512, 1024),
            id="resnet needs most",
        ),
        pytest.param({"discriminator_layers": 8}, (1024,), id="deepest patches"),
    ],
)
def test_traits_name_the_usual_sides_that_all_networks_take(values, sides):
    assert PIX2PIX.traits(Pix2pixConfig(**values)).sides == sides


@pytest.mark.parametrize(("norm", "coupling"), [("batch", "batch"), ("instance", "none")])
@pytest.mark.parametrize("spec", [PIX2PIX, CYCLEGAN], ids=lambda spec: spec.name)
def test_batch_norm_couples_the_samples_of_every_network(spec, norm, coupling):
    traits = spec.traits(spec.config(norm=norm))
    assert traits.coupling == dict.fromkeys(spec.networks, coupling)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize(
    ("spec", "values"),
    [
        pytest.param(PIX2PIX, {"sample_shape": (3, 64, 64)}, id="unet and patches"),
        pytest.param(CYCLEGAN, {"blocks": 2, "discriminator": "pixel"}, id="resnet and pixels"),
    ],
)
def test_networks_are_initialised_as_the_papers_say(spec, values, norm):
    torch.manual_seed(0)
    widths = {"generator_width": 16, "discriminator_width": 16}
    for network in networks(spec, norm=norm, **widths, **values).values():
        check_network("network", network)
        kinds = {type(module) for module in network.modules()}
        assert (nn.BatchNorm2d in kinds) == (norm == "batch")
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                weight = module.weight
                error = 5 * 0.02 / math.sqrt(weight.numel())
                assert weight.mean().item() == pytest.approx(0, abs=error)
                assert weight.std().item() == pytest.approx(0.02, abs=error)
                assert module.bias is None or (module.bias == 0).all()
            elif isinstance(module, nn.BatchNorm2d):
                error = 5 * 0.02 / math.sqrt(module.num_features)
                assert module.weight.mean().item() == pytest.approx(1, abs=error)
                assert module.weight.std().item() == pytest.approx(0.02, abs=error)
                assert (module.bias == 0).all()


@pytest.mark.parametrize("spec", [PIX2PIX, CYCLEGAN], ids=lambda spec: spec.name)
def test_stages_hold_every_parameter_once_from_input_to_output(spec):
    for network in networks(spec, device="meta").values():
        told = [
            parameter
            for stage in stages(network)
            for module in stage
            for parameter in module.parameters()
        ]
        # Modules are made in the order in which they work.
        assert [id(parameter) for parameter in told] == [*map(id, network.parameters())]


def test_both_ways_of_mirroring_are_the_same():
    one, other = (images(2, 3, 5, 4).requires_grad_() for _ in range(2))
    padded, joined = ReflectionPad(3)(one), mirrored(other, 3)
    assert padded.equal(joined)
    weights = images(*padded.shape, seed=1)
    for made in (padded, joined):
        (made * weights).sum().backward()
    assert torch.allclose(one.grad, other.grad, rtol=0, atol=1e-12)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_resnet_trains_with_deterministic_kernels_on_cuda():
    network = Translator(Pix2pixConfig(generator_width=2, **RESNET), 3, 3).to("cuda")
    torch.use_deterministic_algorithms(True)
    try:
        network(torch.zeros(2, 3, 16, 16, device="cuda")).sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
