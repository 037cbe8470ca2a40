"""Holding what was imported against the networks that it comes from."""

import torch

import ganzoo


def check_close(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * other.abs().max().item())


def check_generator(weights, network, latent, raw=False):
    """The imported generator makes the network's images; return both, latents and labels."""
    ours = ganzoo.load_generator(weights, raw=raw)
    classes, source = ours.config.num_classes, torch.Generator().manual_seed(4)
    labels = (torch.arange(4) % classes,) if classes else ()
    latents = torch.randn(4, latent, generator=source)
    with torch.no_grad():
        images = network(latents, *labels)
        # White and black ones, or all the same, would be so whatever the network is.
        assert images.std(0).mean() > 0.01
        assert (images.abs() > 0.99).float().mean() < 0.5
        check_close(ours.module(latents, *labels), images)
    return ours.module, latents, labels


def check_pair(weights, G, D, latent):
    """Images and logits are the same, and stay so while passes in training move the state.

    The latter is in float64, as norms of so few images magnify rounding.
    """
    ours, latents, labels = check_generator(weights, G, latent)
    judge = ganzoo.load_discriminator(weights).module
    with torch.no_grad():
        images = torch.rand(G(latents, *labels).shape) * 2 - 1
        check_close(judge(images, *labels), D(images, *labels))
        for network in (ours, judge, G, D):
            network.double()
        latents, images = latents.double(), images.double()
        for _ in range(2):
            for here, there, given in ((ours, G, latents), (judge, D, images)):
                check_close(here.train()(given, *labels), there.train()(given, *labels))
    here, there = statistics(ours), statistics(G)
    assert len(here) == len(there)
    if len(here):
        check_close(here, there)


def statistics(network):
    """The running statistics of all norms in a row."""
    ends = "running_mean", "running_var", "stored_mean", "stored_var"
    found = {end: [] for end in ends}
    for name, tensor in network.named_buffers():
        if name.endswith(ends):
            found[name.rpartition(".")[2]].append(tensor)
    return torch.cat([torch.empty(0), *(tensor for some in found.values() for tensor in some)])
