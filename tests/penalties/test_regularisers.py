"""Penalties on weights and on logits themselves: against NumPy, and in runs."""

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.errors import ConfigError
from ganzoo.layers import spectral_norm
from ganzoo.losses.base import Critique
from ganzoo.randomness import Draws
from ganzoo.resolve import resolve
from ganzoo.training import checkpoints
from ganzoo.training.trainer import Trainer
from tests.penalties.test_penalties import Linear, context, make_penalty, random

VANILLA = {"name": "vanilla", "preset": "mlp", "generator_widths": [8], "discriminator_widths": [8]}
QUIET = {"precision": "fp64", "batch_size": 8, "steps": 3, "sample_every": 0}


def trainer_of(folder, *, penalties, **training):
    config = {
        "architecture": {**VANILLA, "generator_norm": "none"},
        "loss": "hinge",
        "penalties": penalties,
        "training": {**QUIET, **training},
        "health": {"every": 0},
    }
    return Trainer(config, folder)


def weights_of(trainer):
    networks = trainer.objective.networks.values()
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


# --- orthogonal --------------------------------------------------------------------------------


class Layers(nn.Module):
    """Weights of two and four dimensions, and what has none."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Embedding(3, 4)
        self.sharedness = nn.Linear(4, 5)
        self.block = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))
        self.double()


def orthogonal_term(matrices):
    """Half the squared inner products of different rows."""
    total = 0.0
    for matrix in matrices:
        rows = matrix.reshape(len(matrix), -1)
        products = rows @ rows.T
        total += 0.5 * (products**2).sum() - 0.5 * (np.diag(products) ** 2).sum()
    return total


def published_gradient(weight):
    """As the authors' code adds it, before its strength."""
    rows = weight.reshape(len(weight), -1)
    return (2 * ((rows @ rows.T) * (1 - np.eye(len(rows)))) @ rows).reshape(weight.shape)


@pytest.mark.parametrize(
    ("values", "regularised"),
    [
        ({}, ["sharedness.weight", "block.0.weight"]),
        ({"skip": []}, ["shared.weight", "sharedness.weight", "block.0.weight"]),
        ({"skip": ["block", "shared.weight"]}, ["sharedness.weight"]),
        ({"skip": ["block.0.weight", "nowhere"]}, ["shared.weight", "sharedness.weight"]),
    ],
    ids=["by default", "all", "modules and parameters", "an unknown name"],
)
@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "spectral norm"])
def test_orthogonal_is_the_published_gradient(values, regularised, normalised):
    torch.manual_seed(0)
    network = Layers()
    plain = {name: p.detach().numpy() for name, p in network.named_parameters()}
    if normalised:
        spectral_norm(network)
    at = context(network, networks={"generator": network, "discriminator": Layers()})
    term = make_penalty("orthogonal", **values).term(at)
    assert term.item() == pytest.approx(orthogonal_term(plain[n] for n in regularised), rel=1e-12)
    term.backward()
    for name, parameter in network.named_parameters():
        name = name.replace("parametrizations.weight.original", "weight")
        if name in regularised:
            expected = published_gradient(plain[name])
            assert np.allclose(parameter.grad.numpy(), expected, rtol=1e-12, atol=1e-14)
        else:
            assert parameter.grad is None, name


def test_what_is_frozen_is_not_regularised():
    network = Layers()
    network.sharedness.requires_grad_(False)
    term = make_penalty("orthogonal").term(context(network))
    assert term.item() == pytest.approx(orthogonal_term([network.block[0].weight.detach().numpy()]))


@pytest.mark.parametrize(
    ("training", "values"),
    [
        ({}, {}),
        ({"accumulate": 4}, {}),
        ({}, {"every": 2}),
        ({"accumulate": 2}, {"every": 2}),
        ({}, {"apart": True}),
    ],
    ids=["plain", "accumulated", "lazy", "lazy and accumulated", "apart"],
)
@pytest.mark.parametrize("on", ["generator", "discriminator"])
def test_orthogonal_moves_the_network_that_it_is_on(tmp_path, on, training, values):
    weight = 0.5
    penalty = {"name": "orthogonal", "on": on, "weight": weight, **values}
    trainer = trainer_of(tmp_path / "with", penalties={f"{on}-orthogonal": penalty}, **training)
    bare = trainer_of(tmp_path / "without", penalties={}, **training)
    every = values.get("every", 1)
    for step in range(3):
        network = trainer.objective.networks[on]
        expected = orthogonal_term(p.detach().numpy() for p in network.parameters() if p.dim() > 1)
        expected *= weight * every * (step % every == 0)
        phases = [p for p in trainer.objective.all_phases(step) if p.player == on]
        for part in range(training.get("accumulate", 1)):
            losses = [trainer.objective.loss(step, phase, part)[0].item() for phase in phases]
            without = bare.objective.loss(step, phases[0], part)[0].item()
            assert sum(losses) - without == pytest.approx(expected, abs=1e-9)
        assert expected or step % every
        trainer.train_step()
        for role, net in trainer.objective.networks.items():
            bare.objective.networks[role].load_state_dict(net.state_dict())


def test_a_label_for_each_network(tmp_path):
    both = {f"{on}-orthogonal": {"name": "orthogonal", "on": on} for on in trainer_roles()}
    trainer = trainer_of(tmp_path, penalties=both)
    trainer.train_step()
    figures = trainer.figures()
    terms = [figures[f"penalty/{label}"] for label in both]
    assert terms[0] != terms[1]
    assert min(terms) > 0


def trainer_roles():
    return ["generator", "discriminator"]


# --- LeCam -------------------------------------------------------------------------------------


def lecam_term(real, fake, means, rectified):
    """The two squared distances to the means of the opposite kind."""
    above, below = real - means["fake"], means["real"] - fake
    if rectified:
        above, below = np.maximum(above, 0), np.maximum(below, 0)
    return (above**2).mean() + (below**2).mean()


def settle(penalty):
    penalty.settle(lambda tensors: None)


@pytest.mark.parametrize("rectified", [True, False])
@pytest.mark.parametrize("heads", [1, 2], ids=["one head", "two heads"])
@pytest.mark.parametrize("offered", [True, False], ids=["shared", "a pass of its own"])
def test_lecam_is_the_formula_of_each_update(rectified, heads, offered):
    torch.manual_seed(0)
    weights = [random(9 + head, 18) for head in range(heads)]
    network = Linear(weights[0])

    def critic(samples, labels, condition=None):
        factors = [network.weight, *weights[1:]]
        return Critique(tuple(samples.flatten(1) @ factor for factor in factors))

    values = {"decay": 0.75, "start": 12, "rectified": rectified}
    penalty, means = make_penalty("lecam", **values), None
    for update in range(6):
        reals, fakes = random(update, 5, 2, 3, 3) + 0.1, random(100 + update, 5, 2, 3, 3)
        at = {"reals": reals, "fakes": fakes, "critic": critic, "samples": 5 * update}
        if offered:
            at |= {"real": critic(reals, None), "fake": critic(fakes, None)}
        term = penalty.term(context(network, **at))
        settle(penalty)
        real, fake = (
            np.concatenate([logits.detach().numpy() for logits in critic(x, None).logits])
            for x in (reals, fakes)
        )
        new = {"real": real.mean(), "fake": fake.mean()}
        if 5 * update < 12:
            assert term.item() == 0
            means = new
        else:
            assert term.item() == pytest.approx(lecam_term(real, fake, means, rectified), rel=1e-12)
            (gradient,) = torch.autograd.grad(term, network.weight)
            assert gradient.abs().sum() > 0
            means = {kind: 0.75 * means[kind] + 0.25 * new[kind] for kind in means}
        for kind, mean in means.items():
            assert penalty.state[kind].item() == pytest.approx(mean, rel=1e-12)
            assert not penalty.state[kind].requires_grad


def test_lecam_at_once_begins_with_the_second_update():
    penalty = make_penalty("lecam", start=0)
    at = context(Linear(random(9, 18)), critic=lambda x, *_: Critique((x.flatten(1).sum(1),)))
    first = penalty.term(at)
    settle(penalty)
    assert first.item() == 0
    assert penalty.term(at).item() > 0


def test_parts_of_a_batch_move_the_running_means_once():
    network, penalty, whole = Linear(random(9, 18)), make_penalty("lecam"), make_penalty("lecam")

    def critic(samples, labels, condition=None):
        return Critique((network(samples),))

    reals, fakes = random(1, 6, 2, 3, 3), random(2, 6, 2, 3, 3)
    whole.term(context(network, critic=critic, reals=reals, fakes=fakes))
    for rows in (slice(0, 2), slice(2, 4), slice(4, 6)):
        draws = Draws((0, "test"), 6, rows, dtype=torch.float64)
        at = {"reals": reals[rows], "fakes": fakes[rows], "random": draws, "critic": critic}
        penalty.term(context(network, **at))
        assert penalty.state == {}
    for each in (penalty, whole):
        settle(each)
        settle(each)  # nothing was measured since
    for kind in ("real", "fake"):
        assert torch.allclose(penalty.state[kind], whole.state[kind], rtol=1e-12)


LECAM = {"lecam": {"weight": 2.0, "start": 8, "rectified": False}}


@pytest.mark.parametrize("values", [{}, {"apart": True}], ids=["inside", "apart"])
def test_parts_of_a_batch_train_as_the_whole(tmp_path, values):
    ends = []
    for parts in (1, 4):
        penalties = {"lecam": {**LECAM["lecam"], **values}}
        trainer = trainer_of(tmp_path / str(parts), penalties=penalties, accumulate=parts)
        for _ in range(4):
            trainer.train_step()
        assert trainer.figures()["penalty/lecam"] > 0
        ends.append((weights_of(trainer), trainer.objective.state().shared))
    (one, kept), (four, others) = ends
    assert (one - four).abs().max() < 1e-9
    assert {"discriminator/lecam:real", "discriminator/lecam:fake"} == kept.keys() == others.keys()
    assert all(torch.allclose(kept[name], others[name], rtol=1e-9) for name in kept)


def test_the_running_means_follow_what_a_run_logs(tmp_path):
    trainer, means = trainer_of(tmp_path, penalties=LECAM), {}
    for step in range(4):
        trainer.train_step()
        figures = trainer.figures()
        trainer._figures.clear()
        new = {kind: figures[f"{kind}/discriminator"] for kind in ("real", "fake")}
        keep = 0.99 if step else 0.0
        means = {kind: keep * means.get(kind, 0) + (1 - keep) * new[kind] for kind in new}
    kept = trainer.objective.state().shared
    for kind in means:
        assert kept[f"discriminator/lecam:{kind}"].item() == pytest.approx(means[kind], rel=1e-6)


def test_the_running_means_are_in_checkpoints(tmp_path):
    trainer = trainer_of(tmp_path, penalties=LECAM)
    trainer.fit()
    tensors, _ = checkpoints.newest(trainer.run.checkpoints)[0]
    assert "objective/discriminator/lecam:real" in tensors


def test_lecam_is_for_critics():
    config = {"architecture": VANILLA, "penalties": {"lecam": {"on": "generator"}}}
    with pytest.raises(ConfigError, match=r"penalties\.lecam\.on: lecam is for a critic"):
        resolve(config)
