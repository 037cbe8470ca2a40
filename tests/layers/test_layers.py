"""The shared layers against closed forms and NumPy, in float64."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ganzoo.layers import (
    ClassifierHead,
    ConditionalBatchNorm2d,
    DownBlock,
    ProjectionHead,
    SelfAttention,
    UpBlock,
    conv_then_pool,
    glorot,
    orthogonal,
    spectral_norm,
    upsample_then_conv,
)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def filled(network):
    """Move every parameter and statistic away from where it starts."""
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(0.5 + 0.3 * torch.randn(tensor.shape).clamp(-1, 1))
    return network.double()


def check_close(one, other, tolerance=1e-12):
    np.testing.assert_allclose(
        one.detach().numpy(), np.asarray(other), rtol=tolerance, atol=tolerance
    )


# --- spectral norm ------------------------------------------------------------------------------


def norm_of(layer):
    return layer.parametrizations.weight[0]


LAYERS = {
    "convolution": lambda: nn.Conv2d(3, 5, 3),
    "linear": lambda: nn.Linear(4, 6),
    "one output": lambda: nn.Linear(4, 1),
    "embedding": lambda: nn.Embedding(5, 3),
}


class TestSpectralNorm:
    @pytest.mark.parametrize("iterations", [1, 3])
    @pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
    def test_each_pass_in_training_is_power_iteration(self, make, iterations):
        layer = spectral_norm(make().double(), iterations=iterations)
        norm = norm_of(layer)
        norm._u.normal_()  # as after 15 iterations nothing would move
        W = layer.parametrizations.weight.original.detach().flatten(1).numpy()
        u = norm._u.numpy().copy()
        for _ in range(2):
            found = layer.weight
            for _ in range(iterations):
                v = W.T @ u / np.linalg.norm(W.T @ u)
                u = W @ v / np.linalg.norm(W @ v)
            check_close(norm._u, u)
            check_close(norm._v, v)
            check_close(found.flatten(1), W / (u @ W @ v))

    def test_evaluation_keeps_the_vectors_and_uses_both(self):
        layer = spectral_norm(nn.Linear(4, 6).double()).eval()
        norm = norm_of(layer)
        norm._u.normal_()
        norm._v.normal_()
        before = norm._u.clone(), norm._v.clone()
        W = layer.parametrizations.weight.original.detach()
        check_close(layer.weight, W / (before[0] @ W @ before[1]))
        assert norm._u.equal(before[0])
        assert norm._v.equal(before[1])

    def test_it_finds_the_largest_singular_value(self):
        layer = spectral_norm(nn.Conv2d(3, 5, 3).double(), iterations=200)
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1)

    def test_the_gradient_flows_through_the_weight_alone(self):
        layer = spectral_norm(nn.Linear(3, 2).double())
        norm, W = norm_of(layer), layer.parametrizations.weight.original
        first, second = layer.weight, layer.weight  # the second pass must not harm the first
        (first * torch.arange(6.0).view(2, 3)).sum().backward()
        u, v = norm._u, norm._v
        sigma = (u @ W @ v).item()
        check_close(second * sigma, W.detach())
        weights = torch.arange(6.0).view(2, 3).double()
        # The derivative of a quotient, whose divisor uᵀWv has the derivative uvᵀ.
        expected = weights / sigma - (weights * W.detach()).sum() * torch.outer(u, v) / sigma**2
        check_close(W.grad, expected, 1e-5)

    def test_eps_bounds_the_length(self):
        layer = nn.Linear(3, 2).double()
        nn.init.zeros_(layer.weight)
        norm = norm_of(spectral_norm(layer, eps=1e-6))
        assert norm._u.abs().max() == 0

    def test_a_network_is_normalised_whole_but_for_its_norms(self):
        network = spectral_norm(
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
        )
        assert [name for name, _ in network.named_parameters()] == [
            "0.bias",
            "0.parametrizations.weight.original",
            "1.weight",
            "1.bias",
            "2.bias",
            "2.parametrizations.weight.original",
        ]

    def test_autocast_does_not_round_it(self):
        layer = spectral_norm(nn.Linear(4, 6)).eval()
        with torch.autocast("cpu", torch.bfloat16):
            inside = layer.weight
        assert inside.dtype == torch.float32
        assert inside.equal(layer.weight)


# --- conditional batch norm ---------------------------------------------------------------------


def batch_norm(x, eps):
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    return (x - mean) / np.sqrt(var + eps)


class TestConditionalBatchNorm:
    @pytest.mark.parametrize("eps", [1e-5, 1e-1])
    @pytest.mark.parametrize("tables", ["embedding", "linear"])
    def test_classes(self, tables, eps):
        norm = filled(ConditionalBatchNorm2d(3, 4, tables=tables, eps=eps)).train()
        maps, labels = torch.randn(5, 3, 2, 2).double(), torch.tensor([0, 1, 2, 3, 1])
        gain, bias = norm.gain.weight.detach().numpy(), norm.bias.weight.detach().numpy()
        if tables == "linear":
            gain, bias = gain.T, bias.T
        rows = labels.numpy()
        expected = batch_norm(maps.numpy(), eps) * (1 + gain[rows])[:, :, None, None]
        check_close(norm(maps, labels), expected + bias[rows][:, :, None, None])

    def test_vectors(self):
        norm = filled(ConditionalBatchNorm2d(3, 4, tables="linear")).train()
        maps, c = torch.randn(5, 3, 2, 2).double(), torch.randn(5, 4).double()
        gain, bias = (c @ table.weight.T for table in (norm.gain, norm.bias))
        expected = batch_norm(maps.numpy(), 1e-5) * (1 + gain.detach().numpy())[:, :, None, None]
        check_close(norm(maps, c), expected + bias.detach().numpy()[:, :, None, None])

    @pytest.mark.parametrize("tables", ["embedding", "linear"])
    def test_it_begins_as_plain_batch_norm(self, tables):
        norm, maps = ConditionalBatchNorm2d(3, 4, tables=tables), torch.randn(5, 3, 2, 2)
        plain = nn.BatchNorm2d(3)
        assert torch.allclose(norm(maps, torch.arange(5) % 4), plain(maps), atol=1e-6)
        assert torch.allclose(norm.eval()(maps, torch.arange(5) % 4), plain.eval()(maps), atol=1e-6)


# --- attention ----------------------------------------------------------------------------------


def test_attention_by_loops():
    block = filled(SelfAttention(8))
    maps = torch.randn(2, 8, 4, 6).double()
    theta, phi, g, o = (
        layer.weight.detach().numpy()[:, :, 0, 0]
        for layer in (block.query, block.key, block.value, block.output)
    )
    assert (theta.shape, phi.shape, g.shape, o.shape) == ((1, 8), (1, 8), (4, 8), (8, 4))
    expected = maps.numpy().copy()
    for n, x in enumerate(maps.numpy()):
        pooled = [
            np.einsum("kc,chw->khw", w, x).reshape(-1, 2, 2, 3, 2).max((2, 4)).reshape(-1, 6)
            for w in (phi, g)
        ]
        for i in range(4):
            for j in range(6):
                scores = np.exp((theta @ x[:, i, j]) @ pooled[0])
                found = pooled[1] @ (scores / scores.sum())
                expected[n, :, i, j] += block.gamma.item() * (o @ found)
    check_close(block(maps), expected)


def test_attention_begins_as_the_identity():
    block, maps = SelfAttention(16), torch.randn(2, 16, 4, 4)
    assert block.gamma.shape == ()
    assert block(maps).equal(maps)


# --- residual blocks ----------------------------------------------------------------------------


def doubled(maps, upsampling):
    """Nearest: each pixel four times. Bilinear: 3/4 of a pixel and 1/4 of a neighbour, per axis."""
    if upsampling == "nearest":
        return maps.repeat_interleave(2, 2).repeat_interleave(2, 3)
    for axis in (2, 3):
        n = maps.shape[axis]
        before = maps.index_select(axis, torch.arange(n).sub(1).clamp(min=0))
        after = maps.index_select(axis, torch.arange(n).add(1).clamp(max=n - 1))
        pair = torch.stack([0.75 * maps + 0.25 * before, 0.75 * maps + 0.25 * after], axis + 1)
        maps = pair.flatten(axis, axis + 1)
    return maps


@pytest.mark.parametrize("conditional", [False, True], ids=["plain", "conditional"])
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_up_blocks(upsampling, conditional):
    def norm(width):
        return ConditionalBatchNorm2d(width, 2) if conditional else nn.BatchNorm2d(width)

    block = filled(UpBlock(3, 4, norm, upsampling=upsampling)).eval()
    maps, labels = torch.randn(2, 3, 4, 5).double(), torch.tensor([0, 1])
    given = (labels,) if conditional else ()
    main = block.conv1(doubled(block.norm1(maps, *given).relu(), upsampling))
    main = block.conv2(block.norm2(main, *given).relu())
    # The published order, without the cheaper one.
    shortcut = block.shortcut(doubled(maps, upsampling))
    check_close(block(maps, labels if conditional else None), (main + shortcut).detach())


@pytest.mark.parametrize("shortcut_relu", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(
    ("outputs", "hidden", "down"),
    [(3, 3, True), (5, 3, True), (5, 5, True), (5, 3, False), (3, 3, False)],
)
def test_down_blocks(outputs, hidden, down, first, shortcut_relu):
    block = DownBlock(
        3, outputs, hidden=hidden, down=down, first=first, shortcut_relu=shortcut_relu
    )
    filled(block)
    maps = torch.randn(2, 3, 4, 6).double()
    kept = maps.clone()
    activated = maps if first else maps.relu()
    main = block.conv2(block.conv1(activated).relu())
    shortcut = block.shortcut(activated if shortcut_relu else maps)
    if down:
        main, shortcut = (x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)) for x in (main, shortcut))
        main, shortcut = main.mean((3, 5)), shortcut.mean((3, 5))
    check_close(block(maps), (main + shortcut).detach())
    assert maps.equal(kept)
    assert block.conv1.out_channels == hidden
    assert isinstance(block.shortcut, nn.Identity) == (outputs == 3 and not down)


RESAMPLED = {
    "pooled": (
        lambda maps, conv: conv_then_pool(conv, maps),
        lambda maps, conv: F.avg_pool2d(conv(maps), 2),
    ),
    "doubled": (upsample_then_conv, lambda maps, conv: conv(doubled(maps, "nearest"))),
}


@pytest.mark.parametrize(("one", "two"), RESAMPLED.values(), ids=RESAMPLED)
@pytest.mark.parametrize("bias", [False, True])
def test_two_steps_in_one_convolution(one, two, bias):
    conv = filled(nn.Conv2d(3, 5, 3, padding=1, bias=bias))
    maps = torch.randn(2, 3, 2, 6, dtype=torch.float64, requires_grad=True)  # no place is inside
    found, expected = one(maps, conv), two(maps, conv)
    check_close(found, expected.detach())
    towards, weights = torch.randn_like(found), [maps, *conv.parameters()]
    gradients = (torch.autograd.grad(y, weights, towards) for y in (found, expected))
    for here, there in zip(*gradients, strict=True):
        check_close(here, there)


# --- projection ---------------------------------------------------------------------------------


def test_projection():
    head, h = filled(ProjectionHead(4, 3)), torch.randn(5, 4).double()
    labels = torch.tensor([0, 2, 1, 1, 0])
    joined = head.score.weight[0] + F.one_hot(labels, 3).double() @ head.classes.weight
    check_close(head(h, labels), ((h * joined).sum(1) + head.score.bias).detach())
    with pytest.raises(ValueError, match="needs labels"):
        head(h)


def test_a_head_without_classes_or_bias():
    head, h = filled(ProjectionHead(4, bias=False)), torch.randn(5, 4).double()
    check_close(head(h), (h @ head.score.weight[0]).detach())


def test_a_head_that_names_classes():
    head, h = filled(ClassifierHead(4, 3)), torch.randn(5, 4).double()
    labels = torch.tensor([0, 2, 1, 1, 0])
    critique = head(h, labels)
    check_close(critique.logits[0], (h @ head.score.weight[0] + head.score.bias).detach())
    names = h @ head.classes.weight.T + head.classes.bias
    check_close(critique.extras["classes"], names.detach())
    assert critique.labels is labels
    assert critique.extras["classes"].equal(head(h).extras["classes"])
    assert not [
        name for name, _ in ClassifierHead(4, 3, bias=False).named_parameters() if "bias" in name
    ]


# --- initial weights ----------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [1.0, 2.0])
@pytest.mark.parametrize(
    ("layer", "fans"),
    [
        (nn.Linear(40, 60), 40 + 60),
        (nn.Embedding(40, 60), 40 + 60),
        (nn.Conv2d(20, 30, 3), 9 * (20 + 30)),
        (nn.Conv2d(20, 30, 4, stride=2), 16 * 20 + 4 * 30),
        (nn.ConvTranspose2d(20, 30, 4, stride=2), 4 * 20 + 16 * 30),
    ],
    ids=str,
)
def test_glorot(layer, fans, gain):
    glorot(layer, gain)
    variance = 2 * gain / fans
    numbers = layer.weight.numel()
    assert layer.weight.var().item() == pytest.approx(variance, rel=5 * math.sqrt(0.8 / numbers))
    assert layer.weight.abs().max().item() == pytest.approx(math.sqrt(3 * variance), rel=0.01)
    assert getattr(layer, "bias", None) is None or layer.bias.count_nonzero() == 0


@pytest.mark.parametrize(
    "layer", [nn.Linear(7, 3), nn.Embedding(9, 4), nn.Conv2d(2, 3, 3), nn.Conv2d(2, 30, 3)], ids=str
)
def test_orthogonal(layer):
    orthogonal(layer)
    matrix = layer.weight.detach().flatten(1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    check_close(matrix @ matrix.T, np.eye(len(matrix)), 1e-5)
    assert getattr(layer, "bias", None) is None or layer.bias.count_nonzero() == 0
