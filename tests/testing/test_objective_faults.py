"""Faults planted into a healthy objective: each is named by its own check."""

import itertools

import numpy as np
import pytest
import torch

from ganzoo.config import ObjectiveConfig
from ganzoo.objectives.base import Kept, Objective, Phase, Shown
from ganzoo.spec import ObjectiveSpec
from ganzoo.testing import check_plugin, checks_of

PHASES = (Phase("discriminator"), Phase("generator"))


class Duel(Objective):
    """Healthy, with the seams at which faults are planted."""

    def __init__(self, config, loader, hardware):
        super().__init__(config, loader, hardware)
        self.contest = self.game("discriminator", "generator")
        self.games = (self.contest,)

    def phases(self, step):
        return PHASES

    def reals(self, turn):
        batch = self.loader.batch(turn.samples, turn.data)
        return Shown(batch["sample"], batch["label"] if self.conditional else None)

    def made(self, turn, labels):
        with self.forward():
            samples = self.call("generator", self.drawn(turn), labels)
        return Shown(samples, labels)

    def drawn(self, turn):
        return self.latents(turn.draws)

    def loss(self, step, phase, part):
        turn = self.turn(step, phase, part)
        reals = self.reals(turn)
        fakes = self.made(turn, reals.labels)
        if phase.player == "discriminator":
            return self.contest.critic_loss(turn, reals, fakes)
        return self.contest.maker_loss(turn, fakes)


class Levelled(Duel):
    """Healthy, with a level that every update of the generator raises."""

    def __init__(self, config, loader, hardware):
        super().__init__(config, loader, hardware)
        self.level = torch.ones((), dtype=hardware.dtype)

    def loss(self, step, phase, part):
        loss, scalars = super().loss(step, phase, part)
        return loss * self.level, scalars

    def after_update(self, step, phase):
        super().after_update(step, phase)
        self.level = self.level * 1.5

    def state(self):
        return Kept(super().state().shared, {"level": self.level})

    def load_state(self, kept):
        super().load_state(Kept(kept.shared))
        self.level = kept.own["level"].to(self.level)


# --- players and phases ------------------------------------------------------------------------


class Restless(Duel):
    calls = itertools.count()

    def phases(self, step):
        return PHASES[:: 1 if next(self.calls) % 2 else -1]


class Stranger(Duel):
    def phases(self, step):
        return (Phase("critic"), PHASES[1])


class Recounted(Duel):
    def phases(self, step):
        return (PHASES[0], *PHASES)


class Waiting(Duel):
    """Its critic is shown what the generator's phase made."""

    def phases(self, step):
        return PHASES[::-1]

    def loss(self, step, phase, part):
        turn = self.turn(step, phase, part)
        reals = self.reals(turn)
        if phase.player == "discriminator":
            return self.contest.critic_loss(turn, reals, self.kept.pop(part))
        self.kept = {part: self.made(turn, reals.labels)}
        return self.contest.maker_loss(turn, self.kept[part])


# --- losses ------------------------------------------------------------------------------------


class Changed(Duel):
    """Changes loss and figures; a subclass says how."""

    def loss(self, step, phase, part):
        return self.changed(*super().loss(step, phase, part), phase)


class PerSample(Changed):
    def changed(self, loss, scalars, phase):
        return loss.expand(8), scalars


class Dividing(Changed):
    def changed(self, loss, scalars, phase):
        return loss / 0, scalars


class Attached(Changed):
    def changed(self, loss, scalars, phase):
        return loss, {**scalars, "loss/all": loss}


class Fetched(Changed):
    def changed(self, loss, scalars, phase):
        return loss, {**scalars, "loss/all": loss.item()}


class Differentiating(Changed):
    def changed(self, loss, scalars, phase):
        loss.backward(retain_graph=True)
        return loss, scalars


class Clipping(Changed):
    @torch.no_grad()
    def changed(self, loss, scalars, phase):
        for parameter in self.networks["discriminator"].parameters():
            parameter.clamp_(-0.01, 0.01)
        return loss, scalars


class Summed(Changed):
    def changed(self, loss, scalars, phase):
        return loss * self.config.training.batch_size / self.config.training.accumulate, scalars


class Restrained(Changed):
    def changed(self, loss, scalars, phase):
        return loss + (phase.player == "generator"), scalars


class Detached(Duel):
    def made(self, turn, labels):
        return super().made(turn, labels).detached()


# --- random numbers, data and state ------------------------------------------------------------


class Unseeded(Duel):
    def drawn(self, turn):
        latents = super().drawn(turn)
        return torch.as_tensor(np.random.default_rng().normal(size=latents.shape)).to(latents)


class Global(Duel):
    def drawn(self, turn):
        return torch.randn_like(super().drawn(turn))


class Labelled(Duel):
    def reals(self, turn):
        reals = super().reals(turn)
        assert (self.loader.batch(turn.samples, turn.data)["label"] >= 0).all()
        return reals


class Misnamed(Duel):
    def inputs(self, role, index, purpose):
        return {"noise": super().inputs(role, index, purpose)["latents"]}


class Fixed(Duel):
    def inputs(self, role, index, purpose):
        return super().inputs(role, 0, purpose)


class Purposeless(Duel):
    def inputs(self, role, index, purpose):
        return super().inputs(role, index, "any")


class Forgetful(Levelled):
    state, load_state = Duel.state, Duel.load_state


class Listed(Levelled):
    def state(self):
        return Kept(super().state().shared, {"level": self.level.item()})


class Restarted(Levelled):
    def load_state(self, kept):
        Duel.load_state(self, Kept(kept.shared))


def spec(factory, **more):
    players = {"generator": ("generator",), "discriminator": ("discriminator",)}
    values = {"players": players, **more}
    return ObjectiveSpec("planted", "A test.", ObjectiveConfig, factory, **values)


def players(**roles):
    return spec(Duel, players=roles)


HEALTHY = {"a duel": spec(Duel), "a duel with a state": spec(Levelled, fields=("sample",))}

# The planted fault -> the objective, the check that names it, and words of its message.
FAULTS = {
    "a role of two players": (
        players(generator=("generator",), discriminator=("discriminator", "generator")),
        "players-have-roles",
        "is updated by generator and discriminator",
    ),
    "a player without roles": (
        players(generator=("generator",), discriminator=("discriminator",), third=()),
        "players-have-roles",
        "third updates no role",
    ),
    "roles that nobody has": (
        players(generator=("decoder",)),
        "players-have-roles",
        "no installed architecture names 'planted' in its objectives",
    ),
    "phases in another order each time": (spec(Restless), "phases-are-fixed", "step 0 differ"),
    "a phase of nobody": (
        spec(Stranger),
        "phases-name-players",
        "Phase objects of generator or discriminator",
    ),
    "two updates of one index": (
        spec(Recounted),
        "phases-name-players",
        "index 0 in place of 1",
    ),
    "a loss for each sample": (spec(PerSample), "losses-are-scalars", "is (8,), not a scalar"),
    "a loss that is infinite": (spec(Dividing), "losses-are-scalars", "is inf at the start"),
    "a figure with a graph": (spec(Attached), "figures-are-numbers", "log value.detach()"),
    "a figure that was fetched": (spec(Fetched), "figures-are-numbers", "loss/all"),
    "fakes without a way back": (
        spec(Detached),
        "gradients-reach-every-role",
        "no phase of generator gives the generator a gradient",
    ),
    "gradients of its own": (
        spec(Differentiating),
        "networks-are-left-to-the-trainer",
        "leaves gradients in the",
    ),
    "weights clipped in the loss": (
        spec(Clipping),
        "networks-are-left-to-the-trainer",
        "changes parameters of the discriminator",
    ),
    "latents that are not seeded": (spec(Unseeded), "losses-are-repeatable", "from turn.draws"),
    "latents of torch's global numbers": (
        spec(Global),
        "parts-see-the-whole",
        "the generator is given other rows",
    ),
    "a sum in place of a mean": (spec(Summed), "losses-are-means", "average over the samples"),
    "a term beside a penalty's": (
        spec(Restrained),
        "penalties-stand-apart",
        "the loss of generator is not the term",
    ),
    "a field that is not declared": (
        spec(Labelled, fields=("sample",)),
        "fields-are-declared",
        "reads the field 'label'",
    ),
    "inputs of another name": (spec(Misnamed), "inputs-fit-their-makers", "does not fit"),
    "the same inputs always": (spec(Fixed), "inputs-fit-their-makers", "for another index"),
    "inputs for every purpose": (
        spec(Purposeless),
        "inputs-fit-their-makers",
        "for another purpose",
    ),
    "a number as state": (spec(Listed), "state-round-trips", "own['level']"),
    "a state that is not taken over": (spec(Restarted), "state-round-trips", "differs after"),
    "fakes of a phase that is left out": (spec(Waiting), "warm-up-is-possible", "AttributeError"),
    "a level outside its state": (spec(Forgetful), "resuming-is-exact", "in state()"),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_objective_passes_every_check(kind):
    results = check_plugin(HEALTHY[kind])
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    assert [r.check for r in results if r.state == "skipped"] == ["free-of-torch"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    planted, name, words = FAULTS[fault]
    (check,) = [check for check in checks_of(planted) if check.name == name]
    with pytest.raises(AssertionError, match=f"^{name}: ") as found:
        check.verify()
    assert words in str(found.value)


def test_every_check_of_objectives_finds_a_fault():
    names = {check.name for check in checks_of(HEALTHY["a duel"])}
    found = {name for _, name, _ in FAULTS.values()}
    shown_elsewhere = {"config-round-trip", "free-of-torch"}
    assert {n for n in names - found if not n.startswith("trains-in")} == shown_elsewhere


def test_a_loss_that_couples_its_batch_says_so():
    (check,) = [
        check
        for check in checks_of(spec(Summed, coupling="batch"))
        if check.name == "losses-are-means"
    ]
    assert check.run().message == "the samples of a batch depend on each other"
