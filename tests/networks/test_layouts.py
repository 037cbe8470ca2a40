"""Gradients do not depend on how images are laid out in memory."""

import torch

from ganzoo.building import architecture_config, build_network


def test_one_image_with_its_channels_last_has_its_gradient():
    """Instance norm of one image: torch 2.14 takes its gradient for one of another layout."""
    values = {"sample_shape": (3, 32, 32), "generator": "resnet", "norm": "instance"}
    config = architecture_config("pix2pix", **values, generator_width=2, blocks=1, dropout=0.0)
    images, weight = torch.randn(2, 2, 3, 32, 32, dtype=torch.float64)
    gradients = []
    for layout, parts in ((torch.contiguous_format, 2), (torch.channels_last, 1)):
        network = build_network("generator", config, 0).double().to(memory_format=layout)
        for rows, share in zip(images.split(parts), weight.split(parts), strict=True):
            (network(rows.to(memory_format=layout)) * share).sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-9)
