"""StyleGAN2's networks and loop against a plain re-writing of both, in float64."""

import pytest
import torch
import torch.nn.functional as F

from ganzoo.randomness import Draws
from ganzoo.training.trainer import Trainer
from tests.training import reference_stylegan2 as plain

SIDE, BATCH, LATENT, STEPS = 16, 8, 6, 3
RECIPES = {
    # rate, gamma, whether there are path lengths and mixing, the discriminator's blocks, classes
    "small": (2.5e-3, 2e-4 * SIDE**2 / BATCH, False, True, "resnet", 0),
    "auto": (2.5e-3, 2e-4 * SIDE**2 / BATCH, True, True, "resnet", 3),
    "config-f": (2e-3, 10.0, True, True, "resnet", 0),
    "paper256": (2.5e-3, 1.0, True, True, "resnet", 0),
    "cifar10": (2.5e-3, 0.01, False, False, "plain", 3),
}


def trainer_of(tmp_path, preset, classes=0, **architecture):
    config = {
        "architecture": {
            "name": "stylegan2",
            "preset": preset,
            "sample_shape": [1, SIDE, SIDE],
            "num_classes": 10 if classes else 0,
            "latent_dim": LATENT,
            "style_dim": 5,
            "mapping_layers": 2,
            "width": 64,
            "max_width": 8,
            "group": 4,
            **architecture,
        },
        "augmentation": "none",
        "training": {"precision": "fp64", "batch_size": BATCH, "channels_last": False},
    }
    return Trainer(config, tmp_path / "run")


def named(network):
    """Copies of the tensors of a network, and the parameters among them."""
    tensors = {name: t.detach().clone() for name, t in network.state_dict().items()}
    names = [name for name, _ in network.named_parameters()]
    return tensors, [tensors[name].requires_grad_() for name in names]


@pytest.mark.parametrize("kind", ["skip", "resnet", "plain"])
def test_the_networks(tmp_path, kind):
    architecture = {"generator_blocks": kind, "discriminator_blocks": kind}
    trainer = trainer_of(tmp_path, "small", 3, **architecture)
    networks = trainer.objective.networks
    generator, critic = networks["generator"], networks["discriminator"]
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        for parameter in (*generator.parameters(), *critic.parameters()):
            parameter += 0.3 * torch.randn_like(parameter)
        styles = torch.randn(BATCH, generator.count, 5, dtype=torch.float64)
        noises = {
            place: torch.randn(BATCH, 1, *kept.shape, dtype=torch.float64)
            for place, kept in generator.noises().items()
        }
        labels = torch.arange(BATCH)
        p, q = generator.state_dict(), critic.state_dict()
        images = generator.synthesize(styles, noise=noises)
        expected = plain.synthesised(p, styles, noises, SIDE, kind)
        torch.testing.assert_close(images, expected, rtol=0, atol=1e-11)
        one = {place: noise[:1] for place, noise in noises.items()}
        alone = generator.synthesize(styles[:1], noise=one)
        torch.testing.assert_close(alone, images[:1], rtol=0, atol=1e-11)
        found = critic(images, labels)
        expected = plain.judged(q, images, labels, 10, kind=kind)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


class Given:
    """What a phase draws, by its place in the run."""

    def __init__(self, trainer, step, player, name=""):
        place = (trainer.config.training.seed, step, player, 0, *([name] if name else []))
        self.draws = Draws(place, BATCH, dtype=torch.float64)
        self.latents = self.draws.normal("latents", LATENT)
        self.inner = self.draws.within("generator")
        self.labels = trainer.loader.draw_labels(self.draws)


def styles_of(p, count, latents, labels, draws, classes, mixing):
    """Mixed styles ``(N, L, D)``, and those of the latents alone ``(N, D)``."""
    own = plain.mapped(p, "mapping", 2, latents, labels, classes)
    if not mixing:
        return own[:, None].expand(-1, count, -1), own
    others = plain.mapped(p, "mapping", 2, draws.normal("mixed", LATENT), labels, classes)
    cutoff = count
    if draws.once("mixing") < 0.9:
        cutoff = 1 + int(draws.once("cutoff") * (count - 1))
    rows = [own if row < cutoff else others for row in range(count)]
    return torch.stack(rows, 1), own


def noise_of(generator, draws):
    return {
        place: draws.normal(f"noise {place}", 1, *kept.shape)
        for place, kept in generator.noises().items()
    }


@pytest.mark.parametrize("preset", RECIPES)
def test_three_steps_equal_the_published_loop(tmp_path, preset):
    rate, gamma, paths, mixing, kind, classes = RECIPES[preset]
    classes = 10 if classes else 0
    trainer = trainer_of(tmp_path, preset, classes)
    networks = trainer.objective.networks
    generator, count = networks["generator"], networks["generator"].count
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(0.3)
    (p, p_list), (q, q_list) = named(generator), named(networks["discriminator"])
    lazy = 4 / 5 if paths else 1.0
    g_adam = plain.Adam(p_list, rate * lazy, (0.0, 0.99**lazy))
    d_adam = plain.Adam(q_list, rate * 16 / 17, (0.0, 0.99 ** (16 / 17)))
    # Their gradient is zero in R1 where torch adds a bias as it multiplies, and else none at all.
    d_adam.zero = [q["head.conv.bias"], q["head.dense.bias"]]
    length = torch.zeros((), dtype=torch.float64)

    def judged(images, labels):
        return plain.judged(q, images, labels, classes, kind=kind)

    def made(latents, labels, draws, noise):
        styles, own = styles_of(p, count, latents, labels, draws, classes, mixing)
        return plain.synthesised(p, styles, noise, SIDE), own, styles

    def moved(own):
        p["mean.value"] = 0.995 * p["mean.value"] + 0.005 * own.detach().mean(0)

    for step in range(STEPS):
        given = Given(trainer, step, "generator")
        noise = noise_of(generator, given.inner)
        images, own, _ = made(given.latents, given.labels, given.inner, noise)
        g_adam.step(F.softplus(-judged(images, given.labels)).mean())
        moved(own)
        if paths and step % 4 == 0:
            given = Given(trainer, step, "generator", "path-length")
            half = given.draws.every(2)
            images, own, styles = made(
                given.latents[::2], given.labels[::2], half, noise_of(generator, half)
            )
            y = half.normal("path", 1, SIDE, SIDE) / SIDE
            (slope,) = torch.autograd.grad((images * y).sum(), styles, create_graph=True)
            lengths = (slope**2).sum(2).mean(1).sqrt()
            mean = 0.99 * length + 0.01 * lengths.mean()
            g_adam.step(4 * 2 * ((lengths - mean) ** 2).mean())
            length = mean.detach()
            moved(own)
        given = Given(trainer, step, "discriminator")
        batch = trainer.loader.batch(step * BATCH, given.draws)
        reals, labels = batch["sample"].clone(), batch["label"].clone()
        noise = noise_of(generator, given.inner)
        fakes, own, _ = made(given.latents, labels, given.inner, noise)
        fake, real = judged(fakes.detach(), labels), judged(reals, labels)
        d_adam.step(F.softplus(fake).mean() + F.softplus(-real).mean())
        moved(own)
        if step % 16 == 0:
            reals.requires_grad_()
            (slope,) = torch.autograd.grad(judged(reals, labels).sum(), reals, create_graph=True)
            d_adam.step(16 * gamma / 2 * (slope**2).sum((1, 2, 3)).mean())
        trainer.train_step()
    for ours, theirs in ((generator, p), (networks["discriminator"], q)):
        for name, tensor in ours.state_dict().items():
            difference = (tensor - theirs[name]).abs().max().item()
            assert difference < 1e-9, (name, difference)
    if paths:
        kept = trainer.objective.state().shared["discriminator/path-length:mean"]
        assert kept.item() == pytest.approx(length.item(), abs=1e-12)
