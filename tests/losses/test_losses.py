"""Every loss against formulas written out in NumPy, and its gradient against differences."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ganzoo import registry
from ganzoo.losses.base import Critique, as_critique
from ganzoo.resolve.validation import validate
from ganzoo.spec import LossSpec


def make_loss(name, **values):
    config = validate(registry.get(LossSpec, name).config, {"name": name, **values}, "loss")
    return registry.instantiate("losses", name, config)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(x, target):
    return -(target * np.log(sigmoid(x)) + (1 - target) * np.log(1 - sigmoid(x))).mean()


# name -> config, discriminator(real, fake), generator(fake, real); in NumPy, on flat arrays.
FORMULAS = {
    "minimax": (
        {},
        lambda r, f: -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean(),
        lambda f, r: np.log(1 - sigmoid(f)).mean(),
    ),
    "minimax, smoothed": (
        {"label_smoothing": 0.2},
        lambda r, f: cross_entropy(r, 0.8) + cross_entropy(f, 0.0),
        lambda f, r: np.log(1 - sigmoid(f)).mean(),
    ),
    "non-saturating": (
        {},
        lambda r, f: cross_entropy(r, 1.0) + cross_entropy(f, 0.0),
        lambda f, r: cross_entropy(f, 1.0),
    ),
    "non-saturating, smoothed": (
        {"label_smoothing": 0.1},
        lambda r, f: cross_entropy(r, 0.9) + cross_entropy(f, 0.0),
        lambda f, r: cross_entropy(f, 1.0),
    ),
    "least-squares": (
        {},
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda f, r: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "least-squares, whole": (
        {"scale": 1.0},
        lambda r, f: ((r - 1) ** 2).mean() + (f**2).mean(),
        lambda f, r: ((f - 1) ** 2).mean(),
    ),
    "hinge": (
        {},
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda f, r: -f.mean(),
    ),
    "wasserstein": ({}, lambda r, f: f.mean() - r.mean(), lambda f, r: -f.mean()),
    "relativistic": (
        {},
        lambda r, f: np.log(1 + np.exp(f - r)).mean(),
        lambda f, r: np.log(1 + np.exp(r - f)).mean(),
    ),
}
HEADS = {"one head": [(6,)], "patches": [(6, 1, 2, 3)], "two heads": [(6,), (6, 4)]}

every_loss = pytest.mark.parametrize("case", FORMULAS)
every_head = pytest.mark.parametrize("shapes", HEADS.values(), ids=HEADS.keys())


def logits(shapes, seed):
    source = torch.Generator().manual_seed(seed)
    return tuple(
        (2 * torch.randn(shape, generator=source, dtype=torch.float64)).requires_grad_()
        for shape in shapes
    )


def flat(heads):
    return np.concatenate([head.detach().numpy().ravel() for head in heads])


def of(case):
    values, discriminator, generator = FORMULAS[case]
    return make_loss(case.partition(",")[0], **values), discriminator, generator


def test_every_installed_loss_is_tested():
    tested = {case.partition(",")[0] for case in FORMULAS}
    # The other has a file of its own.
    assert tested | {"auxiliary-classifier"} == set(registry.names("losses"))


@every_loss
@every_head
def test_both_losses_equal_their_formulas(case, shapes):
    loss, discriminator, generator = of(case)
    real, fake = logits(shapes, 1), logits(shapes, 2)
    d = loss.discriminator(Critique(real), Critique(fake))
    g = loss.generator(Critique(fake), Critique(real) if loss.needs_real else None)
    assert d.shape == g.shape == ()
    assert d.item() == pytest.approx(discriminator(flat(real), flat(fake)), rel=1e-9)
    assert g.item() == pytest.approx(generator(flat(fake), flat(real)), rel=1e-9)


@every_loss
@every_head
def test_gradients_equal_differences_of_the_formulas(case, shapes):
    loss, discriminator, generator = of(case)
    real, fake = logits(shapes, 1), logits(shapes, 2)
    reals, fakes, tiny = flat(real), flat(fake), 1e-6

    def slope(function, numbers):
        steps = np.eye(len(numbers)) * tiny
        return [(function(numbers + s) - function(numbers - s)) / (2 * tiny) for s in steps]

    d = loss.discriminator(Critique(real), Critique(fake))
    found = torch.autograd.grad(d, (*real, *fake))
    assert flat(found[: len(real)]) == pytest.approx(
        slope(lambda r: discriminator(r, fakes), reals), abs=1e-8
    )
    assert flat(found[len(real) :]) == pytest.approx(
        slope(lambda f: discriminator(reals, f), fakes), abs=1e-8
    )
    g = loss.generator(Critique(fake), Critique(real))
    found = torch.autograd.grad(g, fake)
    assert flat(found) == pytest.approx(slope(lambda f: generator(f, reals), fakes), abs=1e-8)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_logistic_losses_are_torchs_cross_entropy(smoothing):
    loss = make_loss("non-saturating", label_smoothing=smoothing)
    (real,), (fake,) = logits([(50,)], 1), logits([(50,)], 2)
    expected = F.binary_cross_entropy_with_logits(
        real, torch.full_like(real, 1 - smoothing)
    ) + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    assert torch.allclose(loss.discriminator(Critique((real,)), Critique((fake,))), expected)
    expected = F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
    assert torch.allclose(loss.generator(Critique((fake,)), None), expected)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)], ids=str)
def test_extreme_logits_have_finite_losses_and_gradients(case, dtype, signs):
    loss, _, _ = of(case)
    real, fake = (torch.full((4,), 1e4 * s, dtype=dtype, requires_grad=True) for s in signs)
    for value in (
        loss.discriminator(as_critique(real, None), as_critique(fake, None)),
        loss.generator(as_critique(fake, None), as_critique(real, None)),
    ):
        assert value.isfinite()
        gradients = torch.autograd.grad(value, (real, fake), allow_unused=True)
        assert any(g is not None for g in gradients)
        assert all(g.isfinite().all() for g in gradients if g is not None)


def test_the_saturated_generator_gets_no_gradient_and_the_other_gets_all():
    for name, expected in (("minimax", 0.0), ("non-saturating", -0.25)):
        fake = torch.full((4,), -50.0, requires_grad=True)
        (gradient,) = torch.autograd.grad(make_loss(name).generator(Critique((fake,)), None), fake)
        assert gradient.tolist() == pytest.approx([expected] * 4, abs=1e-6)


def test_smoothing_moves_the_best_logit_of_reals_to_its_target():
    loss = make_loss("non-saturating", label_smoothing=0.1)
    best = torch.tensor([np.log(0.9 / 0.1)], requires_grad=True)
    (gradient,) = torch.autograd.grad(
        loss.discriminator(Critique((best,)), Critique((best,))), best
    )
    at_zero = torch.sigmoid(best.detach())  # what the fake half contributes, unsmoothed
    assert gradient.item() == pytest.approx(at_zero.item(), abs=1e-6)


@every_loss
def test_a_loss_is_better_for_the_discriminator_that_is_right(case):
    loss, _, _ = of(case)
    high, low = Critique((torch.full((3,), 1.0),)), Critique((torch.full((3,), -1.0),))
    assert loss.discriminator(high, low) < loss.discriminator(low, high)
    assert loss.generator(high, low) < loss.generator(low, high)


def test_only_the_relativistic_generator_needs_reals():
    needs = {name for name in registry.names("losses") if make_loss(name).needs_real}
    assert needs == {"relativistic"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("minimax", 0.75), ("non-saturating", 0.75), ("wasserstein", np.log(3)), ("hinge", np.log(3))],
)
def test_the_verdict_is_a_probability_or_a_score(name, expected):
    critique = Critique((torch.full((4,), float(np.log(3))),))
    assert make_loss(name).verdict(critique).item() == pytest.approx(expected)


class TestCritique:
    def test_means_and_sums_count_every_logit_of_every_head_once(self):
        heads = (torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0], [5.0, 9.0]]))
        assert Critique(heads).mean().item() == pytest.approx(24 / 6)
        assert Critique(heads).mean(torch.square).item() == pytest.approx(136 / 6)
        assert Critique(heads).sum().item() == pytest.approx(24)

    def test_splitting_takes_everything_apart(self):
        labels, extra = torch.arange(5), torch.rand(5, 2)
        whole = Critique((torch.rand(5), torch.rand(5, 3)), labels, {"features": extra})
        first, second = whole.split(2)
        for part, rows in ((first, slice(2)), (second, slice(2, None))):
            assert all(a.equal(b[rows]) for a, b in zip(part.logits, whole.logits, strict=True))
            assert part.labels.equal(labels[rows])
            assert part.extras["features"].equal(extra[rows])
        assert Critique((torch.rand(5),)).split(2)[0].labels is None

    @pytest.mark.parametrize(
        "output",
        [torch.zeros(2), (torch.zeros(2),), [torch.zeros(2)], Critique((torch.zeros(2),))],
        ids=["tensor", "tuple", "list", "critique"],
    )
    def test_whatever_a_discriminator_returns_becomes_one(self, output):
        labels = torch.tensor([0, 1])
        critique = as_critique(output, labels)
        assert len(critique.logits) == 1
        assert critique.logits[0].shape == (2,)
        assert critique.labels is labels

    def test_its_own_labels_and_extras_stay(self):
        own, extras = torch.tensor([3]), {"features": torch.rand(1, 2)}
        critique = as_critique(Critique((torch.zeros(1),), own, extras), torch.tensor([0]))
        assert critique.labels is own
        assert critique.extras is extras

    @pytest.mark.parametrize(
        ("given", "becomes"),
        [
            (torch.bfloat16, torch.float32),
            (torch.float16, torch.float32),
            (torch.float32, torch.float32),
            (torch.float64, torch.float64),
        ],
        ids=str,
    )
    def test_half_precision_is_widened(self, given, becomes):
        assert as_critique(torch.zeros(1, dtype=given), None).logits[0].dtype == becomes
