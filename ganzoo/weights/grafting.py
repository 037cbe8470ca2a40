"""Carrying weights over to a network with other classes, channels or stages.

Pure functions of state dicts: what each tensor is for is told by a `Plan`, and what became of each
one is told by a `Graft`, so that nothing happens in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class GraftPlan:
    """How the tensors of one network correspond to those of another.

    Attributes:
        names: By name in the new network the name in the old one, where it is another; empty for
            a tensor that has no counterpart.
        classes_before: By name in the old network the axis whose last entries are its classes.
        classes_after: The same in the new network.
        sources: For each class of the new network the one of the old that it was; None for a
            class that is new.
        old_classes: How many classes the old network has.
        channels: Channels of the samples before and after.
        channel_axes: By name in the new network the axis that depends on the channels.
        reads_samples: Whether samples are what the network takes (a discriminator) rather than
            what it makes.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    classes_before: Mapping[str, int] = field(default_factory=dict)
    classes_after: Mapping[str, int] = field(default_factory=dict)
    sources: Sequence[int | None] = ()
    old_classes: int = 0
    channels: tuple[int, int] = (1, 1)
    channel_axes: Mapping[str, int] = field(default_factory=dict)
    reads_samples: bool = False

    @property
    def reordered(self) -> bool:
        """Whether the classes are the old ones, in whatever order."""
        return sorted(-1 if s is None else s for s in self.sources) == [*range(self.old_classes)]


@dataclass(frozen=True)
class Graft:
    """A state for a new network, and where each of its tensors is from.

    Attributes:
        state: Every tensor of the new network, by name.
        taken: Those that are as they were.
        adapted: Those that were made from old ones, and how.
        reordered: Those whose classes stand in another order, which loses nothing.
        new: Those that are as the network was initialised.
        left: Tensors of the old network that were not used.
    """

    state: dict[str, Tensor]
    taken: list[str]
    adapted: dict[str, str]
    reordered: list[str]
    new: list[str]
    left: list[str]

    @property
    def whole(self) -> bool:
        """Whether everything was carried over and nothing is new."""
        return not (self.adapted or self.new or self.left)

    @property
    def fits(self) -> bool:
        """Whether the networks have anything in common: weights, of two axes at least."""
        found = (*self.taken, *self.adapted, *self.reordered)
        return any(self.state[name].dim() > 1 for name in found)


def graft(old: Tensors, new: Tensors, plan: GraftPlan | None = None) -> Graft:
    """Carry over what fits of an old state to a new one.

    - A tensor of the same name and shape is taken.
    - **Classes**: entries of the same class go to its new place; a class that is new begins as the
      mean of the old ones. Where the new network has no classes, their mean goes into the bias
      beside the weights, if there is one.
    - **Channels**, from one to several or from several to one: weights that read samples are added
      up or shared out, so that grey images are judged as before; weights that make samples are
      averaged or repeated.
    - All else keeps its initial values.

    Args:
        old: A state, on the CPU.
        new: The initial state of the new network, on the CPU.
        plan: What is known of both networks; by names and shapes alone where left out.
    """
    plan = plan or GraftPlan()
    result = Graft({}, [], {}, [], [], [])
    used = set()
    for name, initial in new.items():
        source = plan.names.get(name, name)
        value: Tensor | None = None
        if source in old:
            before = old[source].to(initial.dtype)
            value, how, mapped = _fitted(before, initial, source, name, plan)
        if value is None:
            result.state[name] = initial
            result.new.append(name)
            continue
        used.add(source)
        result.state[name] = value
        if mapped and plan.reordered and not how:
            result.reordered.append(name)
        elif mapped or how:
            result.adapted[name] = ", ".join([*how, mapped] if mapped else how)
        else:
            result.taken.append(name)
    _fold_classes(old, result, plan)
    result.left.extend(name for name in old if name not in used)
    return result


def _fitted(
    old: Tensor, initial: Tensor, source: str, name: str, plan: GraftPlan
) -> tuple[Tensor | None, list[str], str]:
    """Bring a tensor to the shape of another; None where there is no way.

    Returns:
        The tensor, what was done to it, and what was done to the order of its classes.
    """
    before, after = plan.classes_before.get(source), plan.classes_after.get(name)
    rest, rows, room, places = old, None, initial, None
    how: list[str] = []
    if before is not None:
        rest, rows = _split(old, before, plan.old_classes)
    if after is not None:
        room, places = _split(initial, after, len(plan.sources))
    if rest.shape != room.shape:
        rest = _other_channels(rest, room.shape, name, plan)
        how.append(f"from {plan.channels[0]} to {plan.channels[1]} channels")
    if rest.shape != room.shape:
        return None, how, ""
    if after is None:
        if before is not None:
            how.append("without its classes")
        return rest, how, ""
    if rows is None:
        assert places is not None
        how.append("with new classes")
        return torch.cat([rest, places], after), how, ""
    mapped = ""
    if list(plan.sources) != [*range(plan.old_classes)]:
        known = sum(source is not None for source in plan.sources)
        mapped = (
            f"classes: {known} by name, {len(plan.sources) - known} as the mean of the old ones"
        )
        rows = _mapped(rows, after, plan.sources)
    return torch.cat([rest, rows], after), how, mapped


def _split(tensor: Tensor, axis: int, classes: int) -> tuple[Tensor, Tensor]:
    """Part the entries of classes, which stand last, from all others."""
    others = tensor.shape[axis] - classes
    return tensor.narrow(axis, 0, others), tensor.narrow(axis, others, classes)


def _mapped(rows: Tensor, axis: int, sources: Sequence[int | None]) -> Tensor:
    mean = rows.mean(axis, keepdim=True)
    return torch.cat([mean if s is None else rows.narrow(axis, s, 1) for s in sources], axis)


def _other_channels(old: Tensor, shape: torch.Size, name: str, plan: GraftPlan) -> Tensor:
    """Bring weights from one to several channels or back, where that is what differs."""
    axis, (before, after) = plan.channel_axes.get(name), plan.channels
    if axis is None or axis >= old.dim() or old.dim() != len(shape) or 1 not in (before, after):
        return old
    each, over = divmod(old.shape[axis], before)
    if over or shape[axis] != each * after:
        return old
    parts = old.reshape(*old.shape[:axis], before, each, *old.shape[axis + 1 :])
    if after == 1:
        return parts.sum(axis) if plan.reads_samples else parts.mean(axis)
    parts = parts.repeat_interleave(after, axis) / (after if plan.reads_samples else 1)
    return parts.flatten(axis, axis + 1)


def _fold_classes(old: Tensors, result: Graft, plan: GraftPlan) -> None:
    """Put the mean of classes that are gone into the bias of the layer that read them."""
    if plan.sources:
        return
    for name, axis in plan.classes_before.items():
        bias = f"{name.removesuffix('weight')}bias"
        if name in result.adapted and axis == 1 and bias in result.taken:
            _, rows = _split(old[name], axis, plan.old_classes)
            result.state[bias] = result.state[bias] + rows.mean(axis).to(result.state[bias].dtype)
            result.taken.remove(bias)
            result.adapted[bias] = "with the mean of the classes"
