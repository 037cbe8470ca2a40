"""Networks in the layouts of other repositories, written in plain torch from what is known of them.

Only the names of their tensors are theirs.
"""

import torch
from torch import nn


def dcgan_generator(latent=5, width=4, channels=3, levels=4):
    """The example's generator: images of 4 * 2^levels pixels."""
    widths = [width * 2 ** (levels - 1 - n) for n in range(levels)]
    layers = [nn.ConvTranspose2d(latent, widths[0], 4, 1, 0, bias=False)]
    for before, after in zip(widths, [*widths[1:], channels], strict=True):
        layers += [nn.BatchNorm2d(before), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False))
    return nn.ModuleDict({"main": nn.Sequential(*layers, nn.Tanh())})


def dcgan_discriminator(width=4, channels=3, levels=4):
    layers = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for _ in range(1, levels):
        layers.append(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
        width *= 2
    layers.append(nn.Conv2d(width, 1, 4, 1, 0, bias=False))
    return nn.ModuleDict({"main": nn.Sequential(*layers)})


class DeepConvGenerator(nn.Module):
    """The DCGAN of StudioGAN, for 32x32."""

    def __init__(self, latent=5, width=2):
        super().__init__()
        self.start = (-1, 8 * width, 4, 4)
        self.linear0 = nn.Linear(latent, 8 * width * 16)
        self.blocks = nn.ModuleList()
        for times in (4, 2, 1):
            block = nn.Module()
            block.deconv0 = nn.ConvTranspose2d(2 * times * width, times * width, 4, 2, 1)
            block.bn0 = nn.BatchNorm2d(times * width, 1e-4)
            self.blocks.append(nn.ModuleList([block]))
        self.conv4 = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, z):
        x = self.linear0(z).view(self.start)
        for (block,) in self.blocks:
            x = block.bn0(block.deconv0(x)).relu()
        return self.conv4(x).tanh()


class DeepConvDiscriminator(nn.Module):
    """Its critic, with batch norm or, normalised, without."""

    def __init__(self, width=2, normalised=False):
        super().__init__()
        spectral = nn.utils.spectral_norm if normalised else nn.Identity()
        norm = (lambda width: nn.Identity()) if normalised else lambda n: nn.BatchNorm2d(n, 1e-4)
        self.blocks = nn.ModuleList()
        before = 3
        for after in (width, 2 * width, 4 * width):
            block = nn.Module()
            block.conv0 = spectral(nn.Conv2d(before, after, 3, 1, 1))
            block.conv1 = spectral(nn.Conv2d(after, after, 4, 2, 1))
            block.bn0, block.bn1 = norm(after), norm(after)
            self.blocks.append(nn.ModuleList([block]))
            before = after
        self.conv = spectral(nn.Conv2d(before, 2 * before, 3, 1, 1))
        self.bn = norm(2 * before)
        self.linear1 = spectral(nn.Linear(2 * before, 1))

    def forward(self, x):
        for (block,) in self.blocks:
            x = block.bn0(block.conv0(x)).relu()
            x = block.bn1(block.conv1(x)).relu()
        return self.linear1(self.bn(self.conv(x)).relu().sum((2, 3)))[:, 0]


class Sum(nn.Module):
    def __init__(self, residual, shortcut):
        super().__init__()
        self.residual, self.shortcut = nn.Sequential(*residual), nn.Sequential(*shortcut)

    def forward(self, maps):
        return self.residual(maps) + self.shortcut(maps)


def conv(before, after, side=3):
    return nn.Conv2d(before, after, side, padding=side // 2)


class ResidualGenerator(nn.Module):
    """That of pytorch-gan-collections, for 32x32."""

    def __init__(self, latent=5, width=6):
        super().__init__()
        self.width, up = width, lambda: nn.Upsample(scale_factor=2)
        norm = lambda: [nn.BatchNorm2d(width), nn.ReLU()]  # noqa: E731
        self.linear = nn.Linear(latent, width * 16)
        self.blocks = nn.Sequential(
            *(
                Sum(
                    [*norm(), up(), conv(width, width), *norm(), conv(width, width)],
                    [up(), conv(width, width, 1)],
                )
                for _ in range(3)
            )
        )
        self.output = nn.Sequential(*norm(), conv(width, 3), nn.Tanh())

    def forward(self, latents):
        return self.output(self.blocks(self.linear(latents).view(-1, self.width, 4, 4)))


class ResidualDiscriminator(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        pool = nn.AvgPool2d(2)
        plain = lambda: [nn.ReLU(), conv(width, width), nn.ReLU(), conv(width, width)]  # noqa: E731
        self.model = nn.Sequential(
            Sum([conv(3, width), nn.ReLU(), conv(width, width), pool], [pool, conv(3, width, 1)]),
            Sum([*plain(), pool], [conv(width, width, 1), pool]),
            Sum(plain(), []),
            Sum(plain(), []),
            nn.ReLU(),
        )
        self.linear = nn.Linear(width, 1)

    def forward(self, images):
        return self.linear(self.model(images).sum(dim=(2, 3)))


def norm_of(kind, width):
    return nn.BatchNorm2d(width) if kind == "batch" else nn.InstanceNorm2d(width)


class Block(nn.Module):
    def __init__(self, width, norm, dropout):
        super().__init__()
        bias = norm == "instance"
        pad = nn.ReflectionPad2d(1)
        drop = [nn.Dropout(0.5)] if dropout else []
        self.conv_block = nn.Sequential(
            pad,
            nn.Conv2d(width, width, 3, bias=bias),
            norm_of(norm, width),
            nn.ReLU(),
            *drop,
            pad,
            nn.Conv2d(width, width, 3, bias=bias),
            norm_of(norm, width),
        )

    def forward(self, maps):
        return maps + self.conv_block(maps)


def resnet(norm="instance", blocks=2, width=4, dropout=False):
    """The generator of CycleGAN."""
    bias, pad = norm == "instance", nn.ReflectionPad2d(3)
    layers = [pad, nn.Conv2d(3, width, 7, bias=bias), norm_of(norm, width), nn.ReLU()]
    for _ in range(2):
        layers.append(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias))
        width *= 2
        layers += [norm_of(norm, width), nn.ReLU()]
    layers += [Block(width, norm, dropout) for _ in range(blocks)]
    for _ in range(2):
        layers.append(nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1, bias=bias))
        width //= 2
        layers += [norm_of(norm, width), nn.ReLU()]
    return nn.ModuleDict({"model": nn.Sequential(*layers, pad, nn.Conv2d(width, 3, 7), nn.Tanh())})


class Level(nn.Module):
    """A level of the U-Net: a halving, what is inside, a doubling."""

    def __init__(self, layers, outermost=False):
        super().__init__()
        self.model, self.outermost = nn.Sequential(*layers), outermost

    def forward(self, maps):
        made = self.model(maps)
        return made if self.outermost else torch.cat([maps, made], 1)


def unet(norm="batch", halvings=5, width=4):
    """The generator of pix2pix, in evaluation."""
    bias = norm == "instance"
    widths = [width * min(2**level, 8) for level in range(halvings)]
    inner = None
    for level in reversed(range(1, halvings)):
        above, here = widths[level - 1], widths[level]
        down = [nn.LeakyReLU(0.2), nn.Conv2d(above, here, 4, 2, 1, bias=bias)]
        if inner is not None:
            down += [norm_of(norm, here), inner]
        seen = here if inner is None else 2 * here
        up = [nn.ReLU(), nn.ConvTranspose2d(seen, above, 4, 2, 1, bias=bias), norm_of(norm, above)]
        inner = Level([*down, *up])
    outer = [
        nn.Conv2d(3, width, 4, 2, 1, bias=bias),
        inner,
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, 3, 4, 2, 1),
        nn.Tanh(),
    ]
    return nn.ModuleDict({"model": Level(outer, outermost=True)})


def patches(norm="instance", channels=3, width=4, halvings=3):
    """The discriminator of patches."""
    layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for level in range(1, halvings + 1):
        stride = 2 if level < halvings else 1
        wider = 4 * min(2**level, 8)
        layers.append(nn.Conv2d(width, wider, 4, stride, 1, bias=norm == "instance"))
        layers += [norm_of(norm, wider), nn.LeakyReLU(0.2)]
        width = wider
    return nn.ModuleDict({"model": nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))})


def pixels(norm="batch", channels=6, width=4):
    """The discriminator of pixels."""
    bias = norm == "instance"
    layers = [nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(width, 2 * width, 1, bias=bias), norm_of(norm, 2 * width)]
    layers += [nn.LeakyReLU(0.2), nn.Conv2d(2 * width, 1, 1, bias=bias)]
    return nn.ModuleDict({"net": nn.Sequential(*layers)})


def scrambled(network, seed=0):
    """Give every tensor, statistics too, other numbers than those that it starts with."""
    source = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=source)
            positive = name.endswith("running_var") or (
                name.endswith("weight") and tensor.ndim == 1
            )
            tensor.copy_(noise.abs() + 0.5 if positive else 0.2 * noise)
        else:
            tensor.fill_(7)
    return network.eval()


def called(network, *inputs):
    """Call a network, or the one that is in a table of one."""
    if isinstance(network, nn.ModuleDict):
        (network,) = network.values()
    with torch.no_grad():
        return network(*inputs)
