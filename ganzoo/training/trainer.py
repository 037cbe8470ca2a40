"""The trainer: steps through the phases of an objective, whatever its networks are."""

import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from ganzoo import distribution, registry
from ganzoo.aside import tidy, write_text
from ganzoo.building import check_memory
from ganzoo.config import RunConfig, documents, timed
from ganzoo.data.sources.own import summary
from ganzoo.errors import GanzooError, RequestError, RunError, TrainingError, brief
from ganzoo.evaluation.records import Score
from ganzoo.hardware import backend_flags, busy_note, choose
from ganzoo.health.findings import Finding
from ganzoo.health.monitors import non_finite
from ganzoo.health.rows import Row
from ganzoo.health.watch import Watch
from ganzoo.networks.base import Network
from ganzoo.objectives.base import Objective
from ganzoo.randomness import TURN, isolated, seed_for, seed_global
from ganzoo.resolve import Resolution, resolve
from ganzoo.resolve.paths import shown_path
from ganzoo.settings import own_settings
from ganzoo.spec import Architecture
from ganzoo.tensors import check_apart
from ganzoo.training import checkpoints, sharing, starting
from ganzoo.training.claiming import claim, new_run
from ganzoo.training.ema import Ema
from ganzoo.training.exporting import export_weights
from ganzoo.training.facts import circumstances, info_of, plugins_of
from ganzoo.training.feeding import loader_of
from ganzoo.training.figures import Figures, on_collapse
from ganzoo.training.makers import sheet_of, usable
from ganzoo.training.observers.defaults import default_observers
from ganzoo.training.observers.observer import Observer
from ganzoo.training.optimizing import Optimizer
from ganzoo.training.resuming import check_unchanged, circumstances_changed, resumed_config
from ganzoo.training.run import Run
from ganzoo.training.stopping import StopSignal
from ganzoo.weights.locating import RUN_CONFIG, RUN_WEIGHTS


class InterruptedRunError(GanzooError):
    """A signal asked the run to stop; it was saved first."""

    exit_code = 130
    shared = True


class Trainer:
    """Trains the networks of one run.

    Args:
        config: A config, plain values, or a file (see `ganzoo.resolve.resolve`).
        out: The run folder to make; one under ``runs/`` where left out.
        observers: Further observers, called after the default ones.
        overrides: Values by dotted key, laid over the config.

    Attributes:
        config: The resolved config.
        run: The run on disk.
        step: Steps done.
        scores: What was scored at this step.
        history: The rows of the log up to the checkpoint that it resumes from.
        hardware: Where and how it computes.
        processes: This process among those that share the run.
        start: What a fine-tuning run begins with; None once it has begun, and for others.
        objective: The networks and their losses.
        notes: What was decided for the user, as sentences.
    """

    @own_settings(grad=True)
    def __init__(
        self,
        config: RunConfig | Resolution | Mapping[str, Any] | str | Path | None = None,
        out: str | Path | Run | None = None,
        *,
        observers: Sequence[Observer] = (),
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        resolution = resolve(config, overrides)
        self.config = resolution.config
        self.hardware = choose(self.config.training)
        self.processes = self.hardware.processes
        sharing.check_split(self.config, self.processes)
        distribution.join(self.processes, self.hardware.device)
        self.notes = [*resolution.notes, *busy_note(self.hardware.device)]
        self.step = 0
        self.scores: list[Score] = []
        self.history: list[Row] = []
        self._figures = Figures(self.processes)
        self._snapshots: dict[str, tuple[int, Network]] = {}
        self._claim = ExitStack()
        weakref.finalize(self, self._claim.close)  # where `fit` is never called
        self._claimed = not isinstance(out, Run)
        try:
            if isinstance(out, Run):
                self.run = out
            else:
                self.run = self._claim.enter_context(new_run(self.config, out, self.processes))
            self._prepare(resolution, observers)
        except BaseException:
            self._claim.close()
            raise

    def _prepare(self, resolution: Resolution, observers: Sequence[Observer]) -> None:
        """Open the store of the data, and build what is trained on it."""
        self._dataset = resolution.dataset
        self.loader, notes = loader_of(self.config, self._dataset, self.hardware)
        self.notes += [*summary(self._dataset), *notes]
        spec = registry.get(Architecture, self.config.architecture.name)
        check_memory([*spec.networks], self.config.architecture, times=2)  # weights and gradients
        config = timed(self.config, self.config.samples)
        self.objective: Objective = registry.instantiate(
            "objectives", config.objective.name, config, self.loader, self.hardware
        )
        check_apart(self.objective.networks)
        self.notes += [note for game in self.objective.games for note in game.notes]
        classes = len(self._dataset.class_names)
        self.watch = Watch(self.config, self.objective, self.loader, self.hardware, classes)
        # Whether the run is further than this trainer, until that takes over a checkpoint.
        self._behind = begun = bool(checkpoints.every(self.run.checkpoints))
        with distribution.first_goes_ahead(self.processes):
            self.start = starting.begin(resolution, self.objective, begun=begun)
        self.notes += sharing.begin_alike(
            self.config, self.hardware, self._dataset.fingerprint, self.objective.networks
        )
        self.optimizers = {
            player: Optimizer(config.optimizers[player], self.objective.networks_of(player))
            for player in self.objective.players
        }
        self.emas: dict[str, Ema] = {}
        if config.ema is not None:
            for role in spec.makers:
                self.emas[role] = Ema(config.ema, self.objective.networks[role])
        if self.start is not None:
            self.notes += self.start.notes
            for role, ema in self.emas.items():
                ema.load_state(self.start.averages[role])
        every = [*default_observers(self.config, self._dataset), *observers]
        self.observers = [o for o in every if o.everywhere or self.processes.first]

    @classmethod
    def resume(
        cls,
        path: Run | str | Path,
        *,
        observers: Sequence[Observer] = (),
        overrides: Mapping[str, Any] | None = None,
    ) -> "Trainer":
        """Go on with a run from its last checkpoint, or from its start where there is none.

        Args:
            path: The run folder.
            observers: Further observers.
            overrides: What may change: ``training.steps``, cadences, ``logging``, the data's place.

        Raises:
            RunError: It is no run, is finished, has other data, or may not change so.
        """
        run = Run.open(path)
        with ExitStack() as claimed:
            # Before anything of the run is read, which another command could change then.
            claimed.enter_context(claim(run, distribution.launched()))
            _ = run.log  # damage there is reported before anything is done
            resolution = resumed_config(run, overrides or {})
            saved, notes = checkpoints.newest(run.checkpoints)
            if saved is not None:
                check_unchanged(run, resolution.config, saved[1])
            trainer = cls(resolution, run, observers=observers)
            trainer.notes += notes
            if saved is not None:
                trainer.load_checkpoint(saved)
            steps = trainer.config.training.steps
            if trainer.step > steps or (trainer.step == steps and run.ended(steps)):
                raise RunError(
                    f"{path} has reached {trainer.step} steps, and training.steps is {steps}; to "
                    f"train further, it must be more than {trainer.step}"
                )
            trainer._claim.enter_context(claimed.pop_all())
            trainer._claimed = True
        return trainer

    def fit(self) -> Run:
        """Train until the config's number of steps is done.

        Returns:
            The run.

        Raises:
            TrainingError: A loss or a weight stopped being finite, or there was not enough memory;
                the last checkpoint is kept.
            InterruptedRunError: A signal asked it to stop; the step was finished and saved.
            RunError: Another command writes into the run, or it has checkpoints and none is loaded.
        """
        if self._behind:
            raise RunError(
                f"{shown_path(self.run.path)} has checkpoints; resume it with Trainer.resume"
            )
        with self._claim as claimed:
            if not self._claimed:
                claimed.enter_context(claim(self.run, self.processes))
            self._claimed = False
            try:
                return self._fit()
            except RunError:  # of a file that must be mended first
                raise
            except RequestError as error:  # by which nothing would have been started
                raise TrainingError(str(error)) from error

    @own_settings(grad=True)
    def _fit(self) -> Run:
        training = self.config.training
        distribution.barrier(self.processes)  # so that all have looked before one writes
        if self.processes.first:
            tidy(self.run.path)
            checkpoints.drop_after(self.run.checkpoints, self.step)
            values = self.config.model_dump(mode="json")
            write_text(self.run.path / RUN_CONFIG, documents.dump_yaml(values))
            if self.start is not None:
                self.start.write(self.run.path)
        flags = backend_flags(self.hardware.device, training.deterministic)
        with flags, isolated(self.hardware.device), StopSignal(once=self.processes.alone) as stop:
            completed = False
            if self.start is not None and self.step == 0:
                self.save()
            for observer in self.observers:
                observer.start(self)
            try:
                self._loop(training.steps, stop)
                completed = True
            finally:
                for observer in self.observers:
                    observer.finish(self, completed)
        if self.step < training.steps:
            raise InterruptedRunError(
                f"stopped by {stop.name or 'another process'} at step {self.step} of "
                f"{training.steps}, and saved; resume with: {self.processes.command()} resume "
                f"{shown_path(self.run.path)}"
            )
        distribution.barrier(self.processes)  # so that each finds what the first one wrote
        return self.run

    def _loop(self, steps: int, stop: StopSignal) -> None:
        begun, since = time.perf_counter(), self.step
        vote = distribution.Vote(self.processes)
        while self.step < steps and not vote.cast(bool(stop.name)):
            self._step()
            if self.step % self.config.logging.every == 0 or self.step == steps:
                now = time.perf_counter()
                rate = (self.step - since) / (now - begun)
                begun, since = now, self.step
                row = self._row(rate)
                for observer in self.observers:
                    observer.log(self, row)
            for observer in self.observers:
                observer.step(self)
        vote.close()
        self.save()

    @own_settings(grad=True)
    def train_step(self) -> None:
        """Do one step: every phase of the objective, then the moving average."""
        self._step()

    def _step(self) -> None:
        step, training = self.step, self.config.training
        samples = step * training.batch_size
        witness = self.watch.begin(step)
        for game in self.objective.games[:1]:
            game.witness = witness
        warming = step < self.config.warm_up
        with TURN:
            for phase in self.objective.all_phases(step):
                if warming and self.objective.makes(phase.player):
                    continue
                optimizer = self.optimizers[phase.player]
                place = (training.seed, step, *phase.place, self.processes.rank)
                seed_global(self.hardware.device, seed_for(*place, "network"))
                optimizer.inner.zero_grad(set_to_none=True)
                for part in range(training.accumulate):
                    loss, scalars = self.objective.loss(step, phase, part)
                    # Only this phase's player gets gradients; the others' are never computed.
                    torch.autograd.backward(loss / training.accumulate, inputs=optimizer.parameters)
                    self._figures.add(scalars)
                gradients = (p.grad for p in optimizer.parameters if p.grad is not None)
                distribution.average(self.processes, gradients)
                if witness is not None:
                    witness.updated(phase.player, optimizer.parameters)
                optimizer.step(samples)
                self.objective.after_update(step, phase)
        self.step, self.scores = self.step + 1, []
        if not warming:
            for ema in self.emas.values():
                ema.update(self.step * training.batch_size, training.batch_size)

    def _row(self, rate: float) -> Row:
        self._figures.add(self.watch.look())
        values = self.figures()
        self._figures.clear()
        samples = self.step * self.config.training.batch_size
        return {"step": self.step, "samples": samples, "steps_per_second": rate, **values}

    def report_scores(self, scores: Sequence[Score]) -> None:
        """Tell all observers of the generator's scores at this step."""
        self.scores += scores
        for observer in self.observers:
            observer.scored(self, scores)

    def report_finding(self, finding: Finding) -> None:
        """Tell all observers of something that goes wrong."""
        for observer in self.observers:
            observer.found(self, finding)

    def figures(self) -> dict[str, float]:
        """Fetch, waiting for the device, the means of all scalars since the last row of the log.

        Raises:
            TrainingError: One of them is not finite.
        """
        means = self._figures.means()
        bad = self._figures.not_finite(means)
        if bad is None:
            return means
        self.report_finding(non_finite(self.step, f"{bad} stopped being finite"))
        saved = checkpoints.every(self.run.checkpoints)
        raise TrainingError(on_collapse(bad, self.step, saved, self.hardware.precision))

    @own_settings(grad=True)
    def save(self) -> None:
        """Write a checkpoint and the weights folder of the step that is done.

        All processes of a run have to call it, and the first one writes.
        """
        self.figures()
        if not self.processes.alone:
            # Here and not in what is written alone, so that going on is the same as resuming.
            buffers = [b for net in self.objective.networks.values() for b in net.buffers()]
            shared = self.objective.state().shared
            distribution.average(self.processes, [*buffers, *shared.values()])
            self._snapshots.clear()
        own = distribution.gathered(self.processes, self.objective.state().own)
        if not self.processes.first:
            return
        tensors = checkpoints.collect(self.objective, self.optimizers, self.emas, own)
        state = circumstances(self.config, self.hardware, self._dataset.fingerprint)
        checkpoints.write_checkpoint(self.run.checkpoints, self.step, tensors, state)
        checkpoints.prune(self.run.checkpoints, self.config.training.keep_checkpoints)
        export_weights(self, self.run.path / RUN_WEIGHTS)

    @own_settings(grad=True)
    def load_checkpoint(self, checkpoint: checkpoints.Loaded) -> None:
        """Take over a checkpoint; RunError where it is of other networks or data."""
        tensors, state = checkpoint
        if state["data"] != self._dataset.fingerprint:
            raise RunError(
                f"the data of {shown_path(self.run.path)} ({self.config.data.source}) has changed "
                f"since step {state['step']}; restore it, or start a new run"
            )
        try:
            same = state["processes"] == self.processes.world
            rank = self.processes.rank if same else None
            checkpoints.hand_out(tensors, self.objective, self.optimizers, self.emas, rank)
        except (KeyError, RuntimeError) as error:
            raise RunError(
                f"the checkpoint of step {state['step']} does not fit the networks of "
                f"{shown_path(self.run.path)}: {brief(error)}"
            ) from error
        self.step, self._behind = state["step"], False
        self.scores = self.run.scores_at(self.step)
        self.history = [row for row in self.run.log if row["step"] <= self.step]
        own = checkpoints.own_names(tensors)
        self.notes += circumstances_changed(state, self.hardware, plugins_of(self.config), own)

    @own_settings(grad=True)
    def snapshot(self, role: str | None = None) -> Network:
        """Return a maker to use as it is now: averaged, with statistics of its own.

        Args:
            role: Which one; the default one where left out.
        """
        role = role or self.objective.architecture.makers[0]
        step, network = self._snapshots.get(role, (None, None))
        if network is None or step != self.step:
            info = info_of(self.config, self._dataset, self.hardware, self.step, self.run.base)
            network = usable(self.objective, self.emas, info, role)
            self._snapshots[role] = (self.step, network)
        return network

    def sheet(self) -> Image.Image | None:
        """Draw what the networks make now; None for what no image shows."""
        makers = {role: self.snapshot(role) for role in self.objective.architecture.makers}
        return sheet_of(self.objective, makers, self.config.training.seed)
