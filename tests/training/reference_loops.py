"""The published loops and networks, written down plainly once more.

Nothing here uses ganzoo: the trainer is held against this. Networks register their parameters and
buffers in the order of the forward pass (of a residual block the main branch, then the shortcut),
so that weights can be copied over by position.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tests.training import reference_biggan, reference_r3gan, reference_sagan, reference_sngan

BeforePhase = Callable[[int, str, int], None]
"""Called with the step, the network and the number of its update, before its forward passes."""


@dataclass(frozen=True)
class Step:
    """What one step is given from outside.

    Attributes:
        reals: One batch for each update of the discriminator.
        latents: One batch for each update of the discriminator.
        generator_latents: The generator's own, where it does not share the fakes.
        alphas: For a gradient penalty ``(N,)`` for each update of the critic.
        real_labels: Where there are classes, those of the reals.
        labels: Those of the fakes of each update of the discriminator.
        generator_labels: Those of the generator's update.
        generator_reals: The reals of the generator's update, where its loss compares with some.
    """

    reals: list[Tensor]
    latents: list[Tensor]
    generator_latents: Tensor | None = None
    alphas: list[Tensor] = field(default_factory=list)
    real_labels: list[Tensor] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)
    generator_labels: Tensor | None = None
    generator_reals: Tensor | None = None


FAMILIES = {
    "sngan": reference_sngan,
    "sagan": reference_sagan,
    "biggan": reference_biggan,
    "r3gan": reference_r3gan,
}


def build(preset: str, channels: int = 1, width: int | None = None) -> tuple[nn.Module, nn.Module]:
    """Build a preset's generator and discriminator; discriminators return logits ``(N,)``."""
    pixels = channels * 28 * 28
    match preset:
        case "vanilla/article":
            generator = _dense((100, 256, 512, 1024), lambda n: [nn.LeakyReLU(0.2)])
            critic = _dense(
                (pixels, 1024, 512, 256), lambda n: [nn.LeakyReLU(0.2), nn.Dropout(0.3)]
            )
            return _maker(generator, channels), _judge(critic)
        case "vanilla/mlp":
            generator = [nn.Linear(100, 128), nn.LeakyReLU(0.2)]
            generator += _dense(
                (128, 256, 512, 1024), lambda n: [nn.BatchNorm1d(n, 0.8), nn.LeakyReLU(0.2)]
            )
            critic = _dense((pixels, 512, 256), lambda n: [nn.LeakyReLU(0.2)])
            return _maker(generator, channels), _judge(critic)
        case "vanilla/goodfellow":
            return (
                nn.Sequential(
                    nn.Linear(100, 1200),
                    nn.ReLU(),
                    nn.Linear(1200, 1200),
                    nn.ReLU(),
                    nn.Linear(1200, pixels),
                    nn.Sigmoid(),
                ),
                nn.Sequential(
                    nn.Dropout(0.2),
                    nn.Linear(pixels, 1200),
                    _Maxout(),
                    nn.Dropout(0.5),
                    nn.Linear(240, 1200),
                    _Maxout(),
                    nn.Dropout(0.5),
                    nn.Linear(240, 1),
                    nn.Sigmoid(),
                    nn.Flatten(0),
                ),
            )
        case "dcgan/pytorch":
            return _dcgan_generator(channels, width or 64), _dcgan_critic(channels, width or 64)
        case "dcgan/studiogan":
            return _alternating_generator(channels, width or 64), _alternating_critic(
                channels, width or 64
            )
        case "wgan-gp/cnn":
            return _cnn_generator(channels, width or 128), _cnn_critic(channels, width or 128)
        case "wgan-gp/resnet":
            return _ResnetGenerator(channels, width or 128), _resnet_critic(channels, width or 128)
    family, _, variant = preset.partition("/")
    if family in FAMILIES:
        return FAMILIES[family].build(variant, channels, width or 64)
    raise ValueError(preset)


def _dense(sizes: tuple[int, ...], after: Callable[[int], list[nn.Module]]) -> list[nn.Module]:
    pairs = itertools.pairwise(sizes)
    return [layer for m, n in pairs for layer in (nn.Linear(m, n), *after(n))]


def _maker(layers: list[nn.Module], channels: int) -> nn.Module:
    output = nn.Linear(1024, channels * 28 * 28), nn.Tanh(), nn.Unflatten(1, (channels, 28, 28))
    return nn.Sequential(*layers, *output)


def _judge(layers: list[nn.Module]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(256, 1), nn.Flatten(0))


class _Maxout(nn.Module):
    def forward(self, detectors: Tensor) -> Tensor:
        largest = detectors[:, 0::5]
        for piece in range(1, 5):
            largest = torch.maximum(largest, detectors[:, piece::5])
        return largest


def _dcgan_generator(nc: int, ngf: int) -> nn.Module:
    layers = [nn.Unflatten(1, (100, 1, 1)), nn.ConvTranspose2d(100, ngf * 8, 4, 1, 0, bias=False)]
    for times in (8, 4, 2):
        layers += [nn.BatchNorm2d(ngf * times), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(ngf * times, ngf * times // 2, 4, 2, 1, bias=False))
    layers += [nn.BatchNorm2d(ngf), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False), nn.Tanh())


def _dcgan_critic(nc: int, ndf: int) -> nn.Module:
    layers = [nn.Conv2d(nc, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for times in (2, 4, 8):
        layers.append(nn.Conv2d(ndf * times // 2, ndf * times, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(ndf * times), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(ndf * 8, 1, 4, 1, 0, bias=False), nn.Flatten(0))


def _alternating_generator(nc: int, width: int) -> nn.Module:
    layers = [nn.Linear(128, 8 * width * 16), nn.Unflatten(1, (8 * width, 4, 4))]
    for times in (4, 2, 1):
        layers.append(nn.ConvTranspose2d(2 * times * width, times * width, 4, 2, 1))
        layers += [nn.BatchNorm2d(times * width, 1e-4), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(width, nc, 3, 1, 1), nn.Tanh())


def _alternating_critic(nc: int, width: int) -> nn.Module:
    layers, before = [], nc
    for after in (width, 2 * width, 4 * width):
        for conv in (nn.Conv2d(before, after, 3, 1, 1), nn.Conv2d(after, after, 4, 2, 1)):
            layers += [conv, nn.BatchNorm2d(after, 1e-4), nn.ReLU()]
        before = after
    layers += [nn.Conv2d(before, 8 * width, 3, 1, 1), nn.BatchNorm2d(8 * width, 1e-4), nn.ReLU()]
    return nn.Sequential(*layers, _Total(), nn.Linear(8 * width, 1), nn.Flatten(0))


class _Total(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))


def _cnn_generator(nc: int, dim: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(128, 4 * 4 * 4 * dim),
        nn.BatchNorm1d(4 * 4 * 4 * dim),
        nn.ReLU(),
        nn.Unflatten(1, (4 * dim, 4, 4)),
        nn.ConvTranspose2d(4 * dim, 2 * dim, 5, 2, 2, output_padding=1),
        nn.BatchNorm2d(2 * dim),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * dim, dim, 5, 2, 2, output_padding=1),
        nn.BatchNorm2d(dim),
        nn.ReLU(),
        nn.ConvTranspose2d(dim, nc, 5, 2, 2, output_padding=1),
        nn.Tanh(),
    )


def _cnn_critic(nc: int, dim: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(nc, dim, 5, 2, 2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(dim, 2 * dim, 5, 2, 2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * dim, 4 * dim, 5, 2, 2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(4 * 4 * 4 * dim, 1),
        nn.Flatten(0),
    )


class _Residual(nn.Module):
    def __init__(self, main: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.main, self.shortcut = main, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x) + self.shortcut(x)


def _up_block(dim: int) -> nn.Module:
    main = nn.Sequential(
        nn.BatchNorm2d(dim),
        nn.ReLU(),
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(dim, dim, 3, padding=1),
        nn.BatchNorm2d(dim),
        nn.ReLU(),
        nn.Conv2d(dim, dim, 3, padding=1),
    )
    shortcut = nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(dim, dim, 1))
    return _Residual(main, shortcut)


def _critic_block(dim: int, down: bool) -> nn.Module:
    main = [nn.ReLU(), nn.Conv2d(dim, dim, 3, padding=1), nn.ReLU()]
    main += [nn.Conv2d(dim, dim, 3, padding=1)]
    if not down:
        return _Residual(nn.Sequential(*main), nn.Identity())
    shortcut = nn.Sequential(nn.Conv2d(dim, dim, 1), nn.AvgPool2d(2))
    return _Residual(nn.Sequential(*main, nn.AvgPool2d(2)), shortcut)


class _ResnetGenerator(nn.Sequential):
    def __init__(self, nc: int, dim: int) -> None:
        super().__init__(
            nn.Linear(128, 4 * 4 * dim),
            nn.Unflatten(1, (dim, 4, 4)),
            _up_block(dim),
            _up_block(dim),
            _up_block(dim),
            nn.BatchNorm2d(dim),
            nn.ReLU(),
            nn.Conv2d(dim, nc, 3, padding=1),
            nn.Tanh(),
        )


def _resnet_critic(nc: int, dim: int) -> nn.Module:
    main = nn.Sequential(
        nn.Conv2d(nc, dim, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(dim, dim, 3, padding=1),
        nn.AvgPool2d(2),
    )
    first = _Residual(main, nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(nc, dim, 1)))
    return nn.Sequential(
        first,
        _critic_block(dim, down=True),
        _critic_block(dim, down=False),
        _critic_block(dim, down=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(dim, 1),
        nn.Flatten(0),
    )


def train(
    preset: str,
    generator: nn.Module,
    discriminator: nn.Module,
    steps: list[Step],
    before: BeforePhase,
) -> None:
    """Run a preset's published loop in place."""
    family, _, variant = preset.partition("/")
    if family in FAMILIES:
        FAMILIES[family].train(variant, generator, discriminator, steps, before)
        return
    loops = {
        "vanilla/article": _article,
        "vanilla/mlp": _mlp,
        "vanilla/goodfellow": _goodfellow,
        "dcgan/pytorch": _dcgan,
        "dcgan/studiogan": _dcgan_twice,
        "wgan-gp/cnn": _wgan_gp_cnn,
        "wgan-gp/resnet": _wgan_gp_resnet,
    }
    loops[preset](generator, discriminator, steps, before)


def _adam(network: nn.Module, lr: float, betas: tuple[float, float]) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=lr, betas=betas, foreach=False, fused=False)


def _article(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    optimizer_g, optimizer_d = _adam(g, 2e-4, (0.5, 0.999)), _adam(d, 2e-4, (0.5, 0.999))
    cross_entropy = nn.BCELoss()
    for number, step in enumerate(steps):
        before(number, "discriminator", 0)
        real = step.reals[0]
        with torch.no_grad():
            fake = g(step.latents[0])
        targets = torch.cat([real.new_full((len(real),), 0.9), real.new_zeros(len(fake))])
        loss = cross_entropy(torch.sigmoid(d(torch.cat([real, fake]))), targets)
        optimizer_d.zero_grad()
        loss.backward()
        optimizer_d.step()

        before(number, "generator", 0)
        verdicts = torch.sigmoid(d(g(step.generator_latents)))
        loss = cross_entropy(verdicts, torch.ones_like(verdicts))
        optimizer_g.zero_grad()
        loss.backward()
        optimizer_g.step()


def _mlp(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    optimizer_g, optimizer_d = _adam(g, 2e-4, (0.5, 0.999)), _adam(d, 2e-4, (0.5, 0.999))
    cross_entropy = nn.BCELoss()
    for number, step in enumerate(steps):
        before(number, "generator", 0)
        fakes = g(step.latents[0])
        verdicts = torch.sigmoid(d(fakes))
        valid, invalid = torch.ones_like(verdicts), torch.zeros_like(verdicts)
        optimizer_g.zero_grad()
        cross_entropy(verdicts, valid.detach()).backward()
        optimizer_g.step()

        before(number, "discriminator", 0)
        optimizer_d.zero_grad()
        real_loss = cross_entropy(torch.sigmoid(d(step.reals[0])), valid)
        fake_loss = cross_entropy(torch.sigmoid(d(fakes.detach())), invalid)
        ((real_loss + fake_loss) / 2).backward()
        optimizer_d.step()


def _goodfellow(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    """Pixels in [0, 1] and noise of variance 1; rate and momentum by hand at every update."""
    velocities = {p: torch.zeros_like(p) for net in (d, g) for p in net.parameters()}

    def update(network: nn.Module, loss: Tensor, number: int) -> None:
        rate = max(0.1 / 1.000004**number, 1e-6)
        momentum = 0.5 + 0.2 * min(number * 100 / (250 * 50_000), 1)
        gradients = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
        with torch.no_grad():
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                velocities[parameter].mul_(momentum).add_(gradient)
                parameter.sub_(rate * velocities[parameter])

    for number, step in enumerate(steps):
        before(number, "discriminator", 0)
        fakes = g(3**0.5 * step.latents[0])
        reals = (step.reals[0].flatten(1) + 1) / 2
        cost = -torch.log(d(reals)).mean() - torch.log(1 - d(fakes.detach())).mean()
        update(d, 0.5 * cost, number)

        before(number, "generator", 0)
        update(g, -torch.log(d(fakes)).mean(), number)


def _dcgan(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    optimizer_g, optimizer_d = _adam(g, 2e-4, (0.5, 0.999)), _adam(d, 2e-4, (0.5, 0.999))
    cross_entropy = nn.BCELoss()
    for number, step in enumerate(steps):
        before(number, "discriminator", 0)
        real = step.reals[0]
        ones, zeros = real.new_ones(len(real)), real.new_zeros(len(real))
        d.zero_grad()
        cross_entropy(torch.sigmoid(d(real)), ones).backward()
        fake = g(step.latents[0])
        cross_entropy(torch.sigmoid(d(fake.detach())), zeros).backward()
        optimizer_d.step()

        before(number, "generator", 0)
        g.zero_grad()
        cross_entropy(torch.sigmoid(d(fake)), ones).backward()
        optimizer_g.step()


def _dcgan_twice(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    """Two updates of the discriminator, and fakes of their own for each update."""
    optimizer_g, optimizer_d = _adam(g, 2e-4, (0.5, 0.999)), _adam(d, 2e-4, (0.5, 0.999))
    for number, step in enumerate(steps):
        for index in range(2):
            before(number, "discriminator", index)
            with torch.no_grad():
                fake = g(step.latents[index])
            real_cost = nn.functional.softplus(-d(step.reals[index])).mean()
            optimizer_d.zero_grad()
            (real_cost + nn.functional.softplus(d(fake)).mean()).backward()
            optimizer_d.step()
        before(number, "generator", 0)
        optimizer_g.zero_grad()
        nn.functional.softplus(-d(g(step.generator_latents))).mean().backward()
        optimizer_g.step()


def _wgan_gp(
    g: nn.Module,
    d: nn.Module,
    steps: list[Step],
    before: BeforePhase,
    optimizers: tuple[torch.optim.Adam, torch.optim.Adam],
    lr_at: Callable[[int], float],
) -> None:
    optimizer_g, optimizer_d = optimizers
    for number, step in enumerate(steps):
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr_at(number)
        for update in range(5):
            before(number, "discriminator", update)
            real, alpha = step.reals[update], step.alphas[update].view(-1, 1, 1, 1)
            fake = g(step.latents[update]).detach()
            between = (real + alpha * (fake - real)).requires_grad_(True)
            (gradient,) = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            slopes = gradient.flatten(1).square().sum(1).sqrt()
            cost = d(fake).mean() - d(real).mean() + 10 * ((slopes - 1) ** 2).mean()
            optimizer_d.zero_grad()
            cost.backward()
            optimizer_d.step()
        before(number, "generator", 0)
        cost = -d(g(step.generator_latents)).mean()
        optimizer_g.zero_grad()
        cost.backward()
        optimizer_g.step()


def _wgan_gp_cnn(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    optimizers = _adam(g, 1e-4, (0.5, 0.9)), _adam(d, 1e-4, (0.5, 0.9))
    _wgan_gp(g, d, steps, before, optimizers, lambda step: 1e-4)


def _wgan_gp_resnet(g: nn.Module, d: nn.Module, steps: list[Step], before: BeforePhase) -> None:
    optimizers = _adam(g, 2e-4, (0.0, 0.9)), _adam(d, 2e-4, (0.0, 0.9))
    _wgan_gp(g, d, steps, before, optimizers, lambda step: 2e-4 * (1 - step / 100_000))
