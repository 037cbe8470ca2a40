"""The loss of AC-GAN: against NumPy, and the critics that it trains."""

import numpy as np
import pytest
import torch

from ganzoo.errors import ConfigError
from ganzoo.losses.base import Critique
from ganzoo.resolve import resolve
from ganzoo.testing import checks_of
from ganzoo.training.trainer import Trainer
from tests.losses.test_losses import FORMULAS, make_loss

CLASSES = 4
PUBLISHED = {"real_weight": 1.0, "fake_weight": 1.0, "generator_weight": 1.0}
GULRAJANI = {"real_weight": 1.0, "fake_weight": 0.0, "generator_weight": 0.1}
OWN = {"real_weight": 0.0, "fake_weight": 0.5, "generator_weight": 0.0}


def critique(seed, dtype=torch.float64):
    source = np.random.default_rng(seed)
    logits = (source.standard_normal(6), source.standard_normal((6, 3)))
    classes, labels = source.standard_normal((6, CLASSES)), source.integers(CLASSES, size=6)
    tensors = [torch.tensor(x, dtype=dtype).requires_grad_() for x in (*logits, classes)]
    extras = {"classes": tensors[2]}
    return Critique(tuple(tensors[:2]), torch.tensor(labels), extras), logits, classes, labels


def class_entropy(logits, labels):
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


@pytest.mark.parametrize("weights", [PUBLISHED, GULRAJANI, OWN], ids=["paper", "wgan-gp", "own"])
@pytest.mark.parametrize("adversarial", ["non-saturating", "hinge", "wasserstein"])
def test_it_adds_cross_entropies_to_an_adversarial_loss(adversarial, weights):
    loss = make_loss("auxiliary-classifier", adversarial=adversarial, **weights)
    real, real_logits, *real_classes = critique(1)
    fake, fake_logits, *fake_classes = critique(2)
    _, discriminator, generator = FORMULAS[adversarial]
    reals, fakes = (np.concatenate([x.ravel() for x in r]) for r in (real_logits, fake_logits))
    wanted = discriminator(reals, fakes)
    wanted += weights["real_weight"] * class_entropy(*real_classes)
    wanted += weights["fake_weight"] * class_entropy(*fake_classes)
    assert loss.discriminator(real, fake).item() == pytest.approx(wanted, rel=1e-12)
    wanted = generator(fakes, None) + weights["generator_weight"] * class_entropy(*fake_classes)
    assert loss.generator(fake, None).item() == pytest.approx(wanted, rel=1e-12)
    plain = make_loss(adversarial)
    assert loss.verdict(real).equal(plain.verdict(real))
    assert loss.probabilities == plain.probabilities


def test_the_papers_weights_are_the_default():
    config = make_loss("auxiliary-classifier").config
    assert config.adversarial == "non-saturating"
    assert {name: getattr(config, name) for name in PUBLISHED} == PUBLISHED


def test_class_logits_of_half_precision_give_a_float32_loss():
    real, fake = (critique(seed, torch.bfloat16)[0] for seed in (1, 2))
    loss = make_loss("auxiliary-classifier", adversarial="hinge")
    exact = make_loss("auxiliary-classifier", adversarial="hinge")
    real, fake = (
        Critique(tuple(x.float() for x in c.logits), c.labels, c.extras) for c in (real, fake)
    )
    assert loss.discriminator(real, fake).dtype == torch.float32
    wide = [
        Critique(c.logits, c.labels, {"classes": c.extras["classes"].float()}) for c in (real, fake)
    ]
    assert loss.discriminator(real, fake).equal(exact.discriminator(*wide))


SNGAN = {
    "name": "sngan",
    "preset": "cnn",
    "width": 1,
    "sample_shape": [1, 32, 32],
    "num_classes": 10,
}
CLASSIFIER = {**SNGAN, "head": "classifier"}
LOSS = {"name": "auxiliary-classifier"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"architecture": SNGAN, "loss": LOSS},
            "loss: auxiliary-classifier reads classes from the discriminator's critique, and that "
            "of sngan returns none; set architecture.head=classifier, or choose another loss",
        ),
        (
            {"architecture": {"name": "vanilla"}, "loss": LOSS},
            "of vanilla returns none; choose an architecture that does, or choose another loss",
        ),
        (
            {"architecture": {**CLASSIFIER, "num_classes": 0}, "loss": LOSS},
            "architecture.num_classes: 0 leaves the classifier of sngan's discriminator nothing",
        ),
        (
            {"architecture": CLASSIFIER, "loss": {**LOSS, "adversarial": "wasserstein"}}
            | {"augmentation": "ada"},
            "needs logits that show how many reals are judged real",
        ),
    ],
    ids=["no classifier", "no such choice", "no classes", "wasserstein's part has no threshold"],
)
def test_what_cannot_be_trained_is_refused_before_it_starts(config, message):
    with pytest.raises(ConfigError) as found:
        resolve(config)
    assert message in str(found.value)


@pytest.mark.parametrize("adversarial", ["hinge", "non-saturating"])
def test_a_part_with_a_threshold_may_be_followed(adversarial):
    loss = {**LOSS, "adversarial": adversarial}
    resolve({"architecture": CLASSIFIER, "loss": loss, "augmentation": "ada"})


def test_the_classes_may_be_those_of_the_data():
    values = {k: v for k, v in CLASSIFIER.items() if k != "num_classes"}
    config = resolve({"architecture": values, "loss": LOSS, "data": "mnist5k"}).config
    assert config.architecture.num_classes == 10


def test_a_classifier_that_no_loss_trains_is_told_of():
    notes = {
        name: " ".join(resolve({"architecture": CLASSIFIER, "loss": name}).notes)
        for name in ("hinge", "auxiliary-classifier")
    }
    words = "the loss hinge does not train the discriminator's classifier"
    assert (words in notes["hinge"], "does not train" in notes["auxiliary-classifier"]) == (
        True,
        False,
    )


@pytest.mark.parametrize("passes", ["separate", "joint"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_trains_the_classifier_by_both_players(tmp_path, precision, passes):
    config = {
        "architecture": CLASSIFIER,
        "loss": {**LOSS, "adversarial": "hinge"},
        "objective": {"discriminator_steps": 1, "passes": passes},
        "training": {"batch_size": 4, "precision": precision, "sample_every": 0, "accumulate": 2},
        "health": {"every": 0},
    }
    trainer = Trainer(config, tmp_path)
    head = trainer.objective.networks["discriminator"].head
    names = ["score", "classes"]
    before = {name: getattr(head, name).parametrizations.weight.original.clone() for name in names}
    trainer.train_step()
    trainer.train_step()
    for name in names:
        assert not getattr(head, name).parametrizations.weight.original.equal(before[name])
    assert trainer.figures()["loss/generator"] > 0


def test_its_loss_in_a_run_is_the_formula(tmp_path):
    config = {
        "architecture": CLASSIFIER,
        "loss": {**LOSS, "adversarial": "hinge", "fake_weight": 0.25, "generator_weight": 0.5},
        "training": {"batch_size": 4, "precision": "fp64", "sample_every": 0},
        "health": {"every": 0},
    }
    trainers = [
        Trainer({**config, "loss": loss}, tmp_path / name)
        for name, loss in (("both", config["loss"]), ("plain", {"name": "hinge"}))
    ]
    for player, weights in (("discriminator", (1.0, 0.25)), ("generator", (0.0, 0.5))):
        losses, entropies = [], []
        for trainer in trainers:
            seen = []
            handle = trainer.objective.networks["discriminator"].register_forward_hook(
                lambda module, args, output, seen=seen: seen.append(output)
            )
            phase = next(p for p in trainer.objective.phases(0) if p.player == player)
            losses.append(trainer.objective.loss(0, phase, 0)[0].item())
            handle.remove()
            entropies = [
                class_entropy(c.extras["classes"].detach().numpy(), c.labels.numpy()) for c in seen
            ]
        wanted = sum(w * e for w, e in zip(weights[-len(entropies) :], entropies, strict=True))
        assert losses[0] - losses[1] == pytest.approx(wanted, rel=1e-9)


CHECKED = ("logits-have-their-shape", "extras-are-told", "labels-matter", "coupling-is-told")


def test_the_kit_passes_a_critic_that_names_classes():
    checks = checks_of("sngan", head="classifier", width=4, num_classes=3)
    results = {check.name: check.run() for check in checks if check.name in CHECKED}
    assert {name: result.state for name, result in results.items()} == dict.fromkeys(
        CHECKED, "passed"
    )
