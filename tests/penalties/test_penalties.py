"""Every penalty against gradients that are known, or taken independently."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import registry
from ganzoo.errors import ConfigError
from ganzoo.losses.base import Critique, as_critique
from ganzoo.penalties.base import Context, Penalty, input_gradient
from ganzoo.randomness import Draws
from ganzoo.resolve.validation import validate
from ganzoo.spec import PenaltySpec

N, SHAPE = 5, (2, 3, 3)
TERMS = ("gradient-penalty", "dragan", "r1", "r2")
OTHERS = ("lecam", "orthogonal", "path-length")
"""Terms that do not differentiate a critic at samples: ``test_regularisers.py``."""
APPROXIMATE = {"r1-approximate": "reals", "r2-approximate": "fakes"}

every_term = pytest.mark.parametrize("name", TERMS)


def make_penalty(name, **values):
    return registry.instantiate(
        "penalties", name, validate(registry.get(PenaltySpec, name).config, values, name)
    )


def random(seed, *shape, dtype=torch.float64):
    source = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=source, dtype=dtype) * 2 - 1


class Linear(nn.Module):
    """D(x) = w . x + b: its gradient is w wherever it is taken."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros((), dtype=weight.dtype))

    def forward(self, samples, labels=None):
        return samples.flatten(1) @ self.weight + self.bias


class Quadratic(nn.Module):
    """D(x) = a |x|^2 / 2: its gradient is a x, so the penalty tells where it was taken."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor, dtype=torch.float64))

    def forward(self, samples, labels=None):
        return self.factor * samples.flatten(1).square().sum(1) / 2


class Smooth(nn.Module):
    """A small network with second derivatives everywhere, of either labels or none."""

    def __init__(self, wrap=lambda layer: layer):
        super().__init__()
        self.first = wrap(nn.Linear(math.prod(SHAPE), 7))
        self.last = wrap(nn.Linear(7, 2))
        self.classes = nn.Embedding(3, 7)
        self.double()

    def forward(self, samples, labels=None):
        hidden = self.first(samples.flatten(1))
        if labels is not None:
            hidden = hidden + self.classes(labels)
        both = self.last(torch.tanh(hidden))
        return both[:, 0], both[:, 1:]  # two heads


def context(network, labels=None, dtype=torch.float64, **fields):
    values = {
        "critic": lambda samples, labels: as_critique(network(samples, labels), labels),
        "network": network,
        "networks": {"discriminator": network},
        "reals": random(1, N, *SHAPE, dtype=dtype),
        "fakes": random(2, N, *SHAPE, dtype=dtype),
        "latents": random(3, N, 4, dtype=dtype),
        "real_labels": labels,
        "fake_labels": None if labels is None else (labels + 1) % 3,
        "random": Draws((0, "test"), N, dtype=dtype),
        "step": 0,
        **fields,
    }
    return Context(**values)


def points_of(name, at):
    """Where each penalty looks, written out again."""
    if name == "r1":
        return at.reals, at.real_labels
    if name == "r2":
        return at.fakes, at.fake_labels
    alpha = at.random.uniform("alpha", 1, 1, 1)
    if name == "gradient-penalty":
        return (1 - alpha) * at.reals + alpha * at.fakes, at.real_labels
    return at.reals + alpha * 0.25 * at.random.uniform("noise", *SHAPE), at.real_labels


def expected_term(name, at):
    """Each penalty sample by sample, from torch.func instead of a second backward pass."""
    points, labels = points_of(name, at)
    terms = []
    for index in range(N):
        row = slice(index, index + 1)

        def score(x, row=row):
            return at.critic(x, None if labels is None else labels[row]).sum()

        square = torch.func.grad(score)(points[row]).square().sum()
        terms.append(square / 2 if name in ("r1", "r2") else (square.sqrt() - 1) ** 2)
    return torch.stack(terms).mean()


def test_every_installed_penalty_is_tested():
    assert {*TERMS, *OTHERS, *APPROXIMATE, "weight-clipping"} == set(registry.names("penalties"))


@every_term
@pytest.mark.parametrize("length", [0.5, 1.0, 3.0])
def test_a_linear_critic_has_the_penalty_of_its_slope(name, length):
    direction = random(0, math.prod(SHAPE))
    network = Linear(length * direction / direction.norm())
    expected = length**2 / 2 if name in ("r1", "r2") else (length - 1) ** 2
    assert make_penalty(name).term(context(network)).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("name", "kind"), APPROXIMATE.items())
def test_an_approximation_is_a_mean_of_slopes_along_noise(name, kind):
    scale, factor = 0.25, 3.0
    penalty, at = make_penalty(name, noise=scale), context(Quadratic(factor))
    points = (at.reals if kind == "reals" else at.fakes).flatten(1)
    noise = at.random.normal(f"noise of {kind}", *SHAPE).flatten(1)
    # (a |x + s n|^2 / 2 - a |x|^2 / 2) / s
    slopes = factor * ((points * noise).sum(1) + scale / 2 * noise.square().sum(1))
    expected = slopes.square().mean().item() / 2
    assert penalty.term(at).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", APPROXIMATE)
def test_of_a_linear_critic_an_approximation_is_exact_in_the_mean(name):
    """The mean over noise along each axis in turn stands for that over many draws."""
    network, size = Linear(random(0, math.prod(SHAPE))), math.prod(SHAPE)

    class Axes:
        def normal(self, purpose, *shape):
            return size**0.5 * torch.eye(size, dtype=torch.float64).view(size, *shape)

    samples = {"reals": random(1, size, *SHAPE), "fakes": random(2, size, *SHAPE)}
    at = context(network, random=Axes(), **samples)
    exact = make_penalty(name.partition("-")[0]).term(at).item()
    assert make_penalty(name).term(at).item() == pytest.approx(exact, rel=1e-9)


@every_term
@pytest.mark.parametrize("labelled", [False, True], ids=["no labels", "labels"])
def test_terms_equal_an_independent_gradient(name, labelled):
    torch.manual_seed(0)
    at = context(Smooth(), torch.tensor([0, 1, 2, 0, 1]) if labelled else None)
    assert torch.allclose(make_penalty(name).term(at), expected_term(name, at), rtol=1e-12)


@every_term
def test_each_is_taken_at_its_own_points(name):
    at = context(Quadratic())
    points, _ = points_of(name, at)
    norms = points.flatten(1).norm(dim=1)
    expected = norms.square().mean() / 2 if name in ("r1", "r2") else (norms - 1).square().mean()
    assert torch.allclose(make_penalty(name).term(at), expected)


@every_term
def test_its_gradient_for_the_weights_equals_differences(name):
    torch.manual_seed(0)
    network = Smooth()
    penalty, at = make_penalty(name), context(network, torch.tensor([0, 1, 2, 0, 1]))

    def term(weight):
        return penalty.term(
            context(
                lambda x, labels: torch.func.functional_call(
                    network, {"last.weight": weight}, (x, labels)
                ),
                at.real_labels,
            )
        )

    assert torch.autograd.gradcheck(term, (network.last.weight,))


@every_term
def test_a_critic_with_spectral_norm_is_differentiated_twice(name):
    torch.manual_seed(0)
    network = Smooth(spectral_norm).eval()
    make_penalty(name).term(context(network)).backward()
    weight = network.first.parametrizations.weight.original
    assert weight.grad.isfinite().all()
    assert weight.grad.abs().sum() > 0


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, samples, labels=None):
        return self.score.expand(len(samples))


@every_term
@pytest.mark.parametrize(
    "network",
    [
        pytest.param(Constant(), id="constant"),
        pytest.param(Linear(torch.zeros(math.prod(SHAPE), dtype=torch.float64)), id="zero"),
        pytest.param(Quadratic(0.0), id="flat"),
    ],
)
def test_a_gradient_of_zero_has_finite_derivatives(name, network):
    term = make_penalty(name).term(context(network))
    assert term.item() == (0 if name in ("r1", "r2") else 1)
    (term + 0 * sum(p.sum() for p in network.parameters())).backward()
    for parameter in network.parameters():
        assert parameter.grad.isfinite().all()
        parameter.grad = None


@every_term
def test_a_term_reaches_the_critic_and_not_the_generator(name):
    network = Smooth()
    fakes = random(2, N, *SHAPE).requires_grad_()
    reals = random(1, N, *SHAPE).requires_grad_()
    make_penalty(name).term(context(network, fakes=fakes, reals=reals)).backward()
    assert network.first.weight.grad.abs().sum() > 0
    assert fakes.grad is None
    assert reals.grad is None


@every_term
def test_parts_of_a_batch_have_the_mean_penalty_of_the_whole(name):
    torch.manual_seed(0)
    network, penalty = Smooth(), make_penalty(name)
    whole = context(network)
    parts = [
        context(
            network,
            reals=whole.reals[index : index + 1],
            fakes=whole.fakes[index : index + 1],
            random=Draws((0, "test"), N, slice(index, index + 1), dtype=torch.float64),
        )
        for index in range(N)
    ]
    mean = torch.stack([penalty.term(part) for part in parts]).mean()
    assert torch.allclose(penalty.term(whole), mean, rtol=1e-12)


@every_term
def test_vectors_have_penalties_too(name):
    direction = torch.tensor([3.0, 4.0], dtype=torch.float64)
    at = context(Linear(direction), reals=random(1, N, 2), fakes=random(2, N, 2))
    expected = 12.5 if name in ("r1", "r2") else 16.0
    assert make_penalty(name).term(at).item() == pytest.approx(expected)


def test_interpolation_runs_from_reals_to_fakes_with_one_number_a_sample():
    seen = []

    def critic(samples, labels):
        seen.append(samples.detach())
        return Critique((samples.flatten(1).sum(1),))

    at = context(nn.Identity(), critic=critic, reals=torch.zeros(N, *SHAPE).double())
    make_penalty("gradient-penalty").term(at)
    share = seen[0] / at.fakes
    assert torch.allclose(share, share[:, :1, :1, :1].expand_as(share))
    assert ((share >= 0) & (share < 1)).all()
    assert share[:, 0, 0, 0].unique().numel() == N


def test_dragan_shifts_by_its_noise_at_most():
    seen = []

    def critic(samples, labels):
        seen.append(samples.detach())
        return Critique((samples.flatten(1).sum(1),))

    at = context(nn.Identity(), critic=critic)
    make_penalty("dragan", noise=0.1).term(at)
    shift = seen[0] - at.reals
    assert shift.min() >= 0
    assert 0.03 < shift.max() <= 0.1


def test_an_input_gradient_is_that_of_every_logit():
    weight = random(0, math.prod(SHAPE))

    def critic(samples, labels):
        score = samples.flatten(1) @ weight
        return Critique((score, torch.stack([score, 2 * score], dim=1)))

    gradient = input_gradient(critic, random(1, N, *SHAPE), None)
    assert torch.allclose(gradient.flatten(1), (4 * weight).expand(N, -1))


@pytest.mark.parametrize("limit", [0.01, 0.5])
def test_clipping_bounds_every_weight_and_leaves_small_ones(limit):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()
    before = [p.detach().clone() for p in network.parameters()]
    buffers = [b.clone() for b in network.buffers()]
    make_penalty("weight-clipping").project(network, limit)
    for parameter, old in zip(network.parameters(), before, strict=True):
        assert parameter.detach().equal(old.clamp(-limit, limit))
        assert parameter.requires_grad
    assert all(b.equal(old) for b, old in zip(network.buffers(), buffers, strict=True))
    assert any((p == old).any() for p, old in zip(network.parameters(), before, strict=True))


def test_kinds_are_as_the_specs_say():
    kinds = {name: registry.get(PenaltySpec, name).kind for name in registry.names("penalties")}
    assert kinds == {
        **dict.fromkeys((*TERMS, *OTHERS, *APPROXIMATE), "term"),
        "weight-clipping": "projection",
    }
    for name, kind in kinds.items():
        missing = "project" if kind == "term" else "term"
        arguments = (nn.Identity(), 1.0) if kind == "term" else (context(nn.Identity()),)
        with pytest.raises(TypeError, match="defines no"):
            getattr(make_penalty(name), missing)(*arguments)


def test_only_penalties_of_single_samples_forbid_coupled_ones():
    forbidding = {
        n for n in registry.names("penalties") if registry.get(PenaltySpec, n).forbids_coupling
    }
    assert forbidding == {"gradient-penalty", "dragan"}


@pytest.mark.parametrize(
    ("name", "values"),
    [("r1", {"weight": -1.0}), ("r1", {"every": 0}), ("dragan", {"noise": 0.0})],
    ids=["negative weight", "never", "no noise"],
)
def test_numbers_without_a_meaning_are_refused(name, values):
    with pytest.raises(ConfigError):
        make_penalty(name, **values)


def test_a_penalty_begins_without_state():
    assert make_penalty("r1").state == {}
    assert isinstance(make_penalty("r1"), Penalty)
