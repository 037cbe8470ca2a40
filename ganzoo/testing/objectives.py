"""What is demanded of an objective."""

import functools
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ganzoo import registry
from ganzoo.errors import brief
from ganzoo.objectives.base import Kept, Phase
from ganzoo.testing import shared
from ganzoo.testing.check import Fault, NotApplicable
from ganzoo.testing.playing import RowsSeen, networks_seen, played, trained, trainer_of
from ganzoo.testing.standins import SIZE
from ganzoo.testing.trainable import ObjectiveCase, cases

__all__ = ["CHECKS", "ObjectiveCase", "cases"]

STEPS = 3
"""Steps whose phases are looked at."""

WEIGHT = 3.0
"""Of a penalty that is apart."""


def with_networks(check: Callable[[ObjectiveCase], None]) -> Callable[[ObjectiveCase], None]:
    """Register the networks of a case while it is checked."""

    @functools.wraps(check)
    def run(case: ObjectiveCase) -> None:
        with registry.registered(case.architecture):
            check(case)

    return run


def players_have_roles(case: ObjectiveCase) -> None:
    """Every player updates a role, and every role has one player."""
    if not case.spec.players:
        raise Fault("its players are empty; name the roles that each optimizer updates")
    for player, roles in case.spec.players.items():
        if not roles:
            raise Fault(f"the player {player} updates no role; give it one, or remove it")
    for role in case.spec.roles:
        owners = [player for player, roles in case.spec.players.items() if role in roles]
        if len(owners) > 1:
            raise Fault(f"the role {role} is updated by {' and '.join(owners)}; let one of them")


def phases_are_fixed(case: ObjectiveCase) -> None:
    """The phases of a step are the same whenever they are asked for."""
    with case.objective() as one, case.objective() as other:
        for step in range(STEPS):
            found = [list(objective.phases(step)) for objective in (one, other, one)]
            if found[0] != found[1] or found[0] != found[2]:
                raise Fault(
                    f"the phases of step {step} differ from one call to the next; let them depend "
                    "on the step and the config alone, so that a resumed run has the same"
                )


def phases_name_players(case: ObjectiveCase) -> None:
    """Every phase is an update of a player, and each player's updates are counted from 0."""
    with case.objective() as objective:
        for step in range(STEPS):
            counted: dict[str, int] = {}
            for phase in objective.phases(step):
                if not isinstance(phase, Phase) or phase.player not in case.spec.players:
                    raise Fault(
                        f"step {step} has {phase!r:.80}; its phases must be Phase objects of "
                        f"{' or '.join(case.spec.players)}"
                    )
                due = counted.get(phase.player, 0)
                if not phase.name and phase.index != due:
                    raise Fault(
                        f"step {step} has an update of {phase.player} with index {phase.index} in "
                        f"place of {due}; count the updates of each player from 0, because their "
                        "random numbers belong to the index"
                    )
                counted[phase.player] = due + (not phase.name)


def losses_are_scalars(case: ObjectiveCase) -> None:
    """The loss of each phase is a finite floating-point scalar."""
    with case.objective() as objective:
        for phase, loss, _ in played(objective):
            if not isinstance(loss, Tensor) or loss.dim() or not loss.is_floating_point():
                found = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
                raise Fault(f"the loss of {phase.player} is {found}, not a scalar tensor; average")
            if not loss.isfinite():
                raise Fault(f"the loss of {phase.player} is {loss.item()} at the start of a run")


def figures_are_numbers(case: ObjectiveCase) -> None:
    """What is logged are detached scalars."""
    with case.objective() as objective:
        for phase, _, scalars in played(objective):
            for name, value in scalars.items():
                if not isinstance(value, Tensor) or value.dim() or value.requires_grad:
                    raise Fault(
                        f"the figure {name} of {phase.player} is not a detached scalar tensor; log "
                        "value.detach(), and leave fetching it (.item()) to the trainer"
                    )


def gradients_reach_every_role(case: ObjectiveCase) -> None:
    """Some phase of its player gives each role a finite gradient that is not zero."""
    reached: set[str] = set()
    with case.objective() as objective:
        for step in range(STEPS):
            for phase, loss, _ in played(objective, step):
                for role, network in objective.networks_of(phase.player).items():
                    gradients = shared.gradients_of(loss, [*network.parameters()])
                    if not all(gradient.isfinite().all() for gradient in gradients):
                        raise Fault(
                            f"a gradient of the {role} is not finite at the start of a run; keep "
                            "divisions, roots and logarithms away from zero"
                        )
                    if any(gradient.count_nonzero() for gradient in gradients):
                        reached.add(role)
    for role in case.spec.roles:
        if role not in reached:
            raise Fault(
                f"no phase of {case.spec.player_of(role)} gives the {role} a gradient; let a loss "
                "depend on it, or leave it out of the players"
            )


def networks_are_left_to_the_trainer(case: ObjectiveCase) -> None:
    """Computing losses changes no parameter, and leaves no gradient behind."""
    with case.objective() as objective:
        networks = objective.networks
        before = {role: shared.state_of(network) for role, network in networks.items()}
        for phase, _, _ in played(objective):
            for role, network in networks.items():
                after = shared.state_of(network)
                names = [name for name, _ in network.named_parameters()]
                if any(not after[name].equal(before[role][name]) for name in names):
                    raise Fault(
                        f"the loss of {phase.player} changes parameters of the {role}; updating is "
                        "the trainer's, and a change of its own belongs into after_update"
                    )
                if any(p.grad is not None for p in network.parameters()):
                    raise Fault(
                        f"the loss of {phase.player} leaves gradients in the {role}; return the "
                        "loss, and let the trainer differentiate it"
                    )


def losses_are_repeatable(case: ObjectiveCase) -> None:
    """A second object of the same config has the same losses, bit for bit."""
    values = []
    for _ in range(2):
        with case.objective() as objective:
            values.append(
                [
                    loss.detach().clone()
                    for step in range(2)
                    for _, loss, _ in played(objective, step)
                ]
            )
    if any(not one.equal(other) for one, other in zip(*values, strict=True)):
        raise Fault(
            "two runs with the same seed have different losses; draw random numbers from "
            "turn.draws, and read batches with self.loader.batch(position, turn.data)"
        )


def parts_see_the_whole(case: ObjectiveCase) -> None:
    """In parts (accumulate), networks are given the rows of the whole batch."""
    seen: list[list[RowsSeen]] = []
    for parts in (1, 2):
        with case.in_parts(parts) as objective:
            seen.append(networks_seen(objective, parts))
    for (phase, role, whole), (_, _, rows) in zip(*seen, strict=True):
        if whole.shape != rows.shape or not torch.allclose(whole, rows, atol=1e-9):
            raise Fault(
                f"in the phase of {phase.player} the {role} is given other rows when a batch is "
                "taken in two parts; draw random numbers from turn.draws, with a purpose for each, "
                "and read batches with turn.data, which know the part's rows"
            )


def losses_are_means(case: ObjectiveCase) -> None:
    """The mean of the losses of two parts is the loss of the whole batch."""
    found: list[list[tuple[Phase, Tensor]]] = []
    for parts in (1, 2):
        with case.in_parts(parts) as objective:
            found.append([(p, x.detach()) for p, x, _ in played(objective, parts=parts)])
    for (phase, whole), (_, mean) in zip(*found, strict=True):
        if not torch.allclose(whole, mean, rtol=1e-6):
            raise Fault(
                f"the loss of {phase.player} is {whole.item():.6g}, and the mean of those of two "
                f"parts {mean.item():.6g}; average over the samples, or let the spec say "
                'coupling="batch"'
            )


def penalties_stand_apart(case: ObjectiveCase) -> None:
    """In the update of a penalty that is apart, the loss is the term of that penalty alone."""
    with case.objective() as objective:
        players = {player for game in objective.games for player in game.players}
    if not players:
        raise NotApplicable("it has no game, so there is nothing to penalise")
    penalties = {
        f"size-of-{player}": {"name": SIZE.name, "on": player, "apart": True, "weight": WEIGHT}
        for player in sorted(players)
    }
    found = set()
    with case.objective(penalties=penalties) as objective:
        for phase, loss, scalars in played(objective):
            if not phase.name:
                continue
            found.add(phase.player)
            term = scalars.get(f"penalty/{phase.name}")
            if term is None or not torch.allclose(loss.detach(), WEIGHT * term, rtol=1e-5):
                raise Fault(
                    f"in the update of a penalty that is apart, the loss of {phase.player} is not "
                    "the term of that penalty; where phase.name is set, return what the game "
                    "returns, and add nothing to it"
                )
    if found != players:
        raise Fault(
            f"a penalty on {min(players - found)} that is apart has no update; let phases() have "
            "one of every player that a game has"
        )


def fields_are_declared(case: ObjectiveCase) -> None:
    """It reads the fields of the data that its description names, and no others."""
    read: set[str] = set()

    class Batch(dict[str, Tensor]):
        def __getitem__(self, name: str) -> Tensor:
            read.add(name)
            return super().__getitem__(name)

    with case.objective() as objective:
        batch = objective.loader.batch
        objective.loader.batch = (  # type: ignore[method-assign]
            lambda *place, **named: Batch(batch(*place, **named))
        )
        try:
            for _ in played(objective):
                pass
        except KeyError as error:
            raise Fault(
                f"it reads the field {error}, which its description does not name; name every "
                "field that it reads in fields of the ObjectiveSpec"
            ) from error
    undeclared = sorted(read - {*case.spec.fields})
    if undeclared:
        raise Fault(
            f"it reads the field {undeclared[0]!r}, and its description names "
            f"{', '.join(case.spec.fields)}; set fields of the ObjectiveSpec"
        )


def inputs_fit_their_makers(case: ObjectiveCase) -> None:
    """What inputs() returns are keywords of each maker's forward, the same for one index."""
    with case.objective() as objective, torch.no_grad():
        for role in case.architecture.makers:
            given = {
                place: objective.inputs(role, *place)
                for place in ((0, "sample"), (1, "sample"), (0, "other"))
            }
            first, later, other = given.values()
            network = objective.networks[role]
            try:
                made = network(**first)
            except (TypeError, RuntimeError) as error:
                raise Fault(
                    f"inputs({role!r}, 0, 'sample') does not fit its forward "
                    f"({brief(error, 120)}); return its keywords, as latents and "
                    "labels, or images"
                ) from error
            if len(made) != objective.config.training.batch_size:
                raise Fault(
                    f"of inputs({role!r}, 0, 'sample') {len(made)} samples are made; return one "
                    f"batch of {objective.config.training.batch_size}"
                )
            if not _same(first, objective.inputs(role, 0, "sample")):
                raise Fault(
                    f"inputs({role!r}, 0, 'sample') differs from call to call; draw with Draws of "
                    "the seed, the purpose and the index"
                )
            drawn = case.architecture.networks[role].kind == "generator"
            if _same(first, later) or (drawn and _same(first, other)):
                what = "index" if _same(first, later) else "purpose"
                raise Fault(f"inputs({role!r}, ...) is the same for another {what}; let it follow")


def state_round_trips(case: ObjectiveCase) -> None:
    """What state() returns are plain tensors, and load_state takes them over bit for bit."""
    with trainer_of(case.run()) as trainer, case.objective() as other:
        for _ in range(2):
            trainer.train_step()
        kept = trainer.objective.state()
        if not isinstance(kept, Kept):
            raise Fault(f"state() returns {type(kept).__name__}; return Kept(shared, own)")
        for part in ("shared", "own"):
            for name, tensor in getattr(kept, part).items():
                if not isinstance(tensor, Tensor) or tensor.requires_grad:
                    raise Fault(
                        f"{part}[{name!r}] of state() is not a plain tensor; detach tensors, and "
                        "keep numbers as tensors, so that checkpoints can hold them"
                    )
        copied = Kept(*({k: v.clone() for k, v in x.items()} for x in (kept.shared, kept.own)))
        other.load_state(copied)
        found = other.state()
        for part in ("shared", "own"):
            before, after = getattr(kept, part), getattr(found, part)
            lost = [k for k in before if k not in after or not before[k].equal(after[k])]
            if lost or after.keys() - before.keys():
                name = (lost or sorted(after.keys() - before.keys()))[0]
                raise Fault(
                    f"{part}[{name!r}] differs after load_state(state()); let load_state take over "
                    "everything that state returns"
                )


def warm_up_is_possible(case: ObjectiveCase) -> None:
    """The phases of players that own makers can be left out, as a warm-up does."""
    with case.objective() as objective:
        try:
            for step, warming in ((0, True), (1, False)):
                for _ in played(objective, step, without_makers=warming):
                    pass
        except (LookupError, TypeError, AttributeError, AssertionError) as error:
            raise Fault(
                "it fails where the phases of a maker's player are left out, as in a warm-up "
                f"({type(error).__name__}: {error}); let the phase that needs something make it"
            ) from error


def resuming_is_exact(case: ObjectiveCase) -> None:
    """A run that was stopped and resumed ends in the bytes of one that was not."""
    whole, halves = (trained(case.run(), stops) for stops in ((4,), (2, 4)))
    different = [
        name for name in whole if name not in halves or not whole[name].equal(halves[name])
    ]
    if different:
        raise Fault(
            f"a resumed run differs from one that was never stopped (in {different[0]}); keep "
            "everything that changes from step to step in state(), and compute the rest from the "
            "step"
        )


def _same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


CHECKS = tuple(
    map(
        with_networks,
        (
            players_have_roles,
            phases_are_fixed,
            phases_name_players,
            losses_are_scalars,
            figures_are_numbers,
            gradients_reach_every_role,
            networks_are_left_to_the_trainer,
            losses_are_repeatable,
            parts_see_the_whole,
            losses_are_means,
            penalties_stand_apart,
            fields_are_declared,
            inputs_fit_their_makers,
            state_round_trips,
            warm_up_is_possible,
            resuming_is_exact,
            *shared.precisions(ObjectiveCase.run),
        ),
    )
)
