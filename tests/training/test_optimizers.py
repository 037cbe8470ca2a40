"""Optimizers: the memory-layout trap of fused kernels, schedules, and state that survives."""

import pytest
import torch
from torch import nn

from ganzoo.config import AdamConfig, AdamWConfig, RmspropConfig, SgdConfig
from ganzoo.training.optimizing import Optimizer

CONFIGS = {
    "adam": AdamConfig(),
    "adamw": AdamWConfig(),
    "rmsprop": RmspropConfig(momentum=0.5),
    "sgd": SgdConfig(momentum=0.9),
    "sgd with schedules": SgdConfig.model_validate(
        {
            "lr": {"schedule": "exponential", "from": 0.1, "to": 0.01, "over": 4},
            "momentum": {"schedule": "linear", "from": 0.0, "to": 0.7, "over": 4},
        }
    ),
}


def network(seed=0):
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 6, 3), nn.LeakyReLU(0.2), nn.Conv2d(6, 4, 3, bias=False))
    return layers.to(memory_format=torch.channels_last)


def train(net, optimizer, steps, seed):
    source = torch.Generator().manual_seed(seed)
    for step in range(steps):
        inputs = torch.randn(4, 3, 8, 8, generator=source)
        optimizer.inner.zero_grad(set_to_none=True)
        net(inputs.to(memory_format=torch.channels_last)).square().mean().backward()
        optimizer.step(step)


@pytest.mark.parametrize("name", CONFIGS)
def test_contiguous_state_goes_on_exactly_in_channels_last(name):
    """State from a file is contiguous, and the parameters are channels-last."""
    net = network()
    optimizer = Optimizer(CONFIGS[name], {"net": net})
    train(net, optimizer, 3, seed=1)
    saved = {key: tensor.clone().contiguous() for key, tensor in optimizer.state().items()}
    weights = {key: tensor.clone().contiguous() for key, tensor in net.state_dict().items()}
    train(net, optimizer, 2, seed=2)

    other = network(seed=9)
    other.load_state_dict(weights)
    resumed = Optimizer(CONFIGS[name], {"net": other})
    resumed.load_state(saved)
    train(other, resumed, 2, seed=2)
    for key, tensor in net.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[key]), key
    for key, tensor in optimizer.state().items():
        assert torch.equal(tensor, resumed.state()[key]), key


def test_loaded_state_has_the_layout_of_its_parameter():
    net = network()
    optimizer = Optimizer(AdamConfig(), {"net": net})
    train(net, optimizer, 1, seed=1)
    saved = {key: tensor.clone().contiguous() for key, tensor in optimizer.state().items()}
    optimizer.load_state(saved)
    for key, tensor in optimizer.state().items():
        parameter = dict(net.named_parameters())[key.partition(":net.")[2]]
        if tensor.dim():
            assert tensor.stride() == parameter.stride(), key


def test_fused_adam_pairs_wrong_elements_where_layouts_differ():
    """The trap itself: if torch mends it, `load_state` may become simpler."""

    def stepped(state_layout):
        parameter = nn.Parameter(
            torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
        )
        optimizer = torch.optim.Adam([parameter], lr=0.1, fused=True)
        parameter.grad = torch.ones_like(parameter)
        moment = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=state_layout)
        optimizer.state[parameter] = {
            "step": torch.tensor(1.0),
            "exp_avg": moment,
            "exp_avg_sq": torch.ones_like(moment),
        }
        optimizer.step()
        return parameter.detach()

    assert not torch.equal(stepped(torch.channels_last), stepped(torch.contiguous_format))


def test_rates_follow_the_samples_seen():
    schedule = {"schedule": "linear", "from": 1e-3, "to": 0.0, "over": 100}
    betas = [{"schedule": "cosine", "from": 0.0, "to": 0.5, "over": 100}, 0.9]
    config = AdamConfig.model_validate({"lr": schedule, "betas": betas})
    optimizer = Optimizer(config, {"net": network()})
    for samples, lr, beta in [(0, 1e-3, 0.0), (50, 5e-4, 0.25), (100, 0.0, 0.5), (500, 0.0, 0.5)]:
        optimizer.step(samples)
        (group,) = optimizer.inner.param_groups
        assert group["lr"] == pytest.approx(lr)
        assert group["betas"] == pytest.approx((beta, 0.9))


def test_momentum_follows_the_samples_seen():
    """Against the recursion written out: velocity = momentum * velocity + gradient."""
    rate = {"schedule": "exponential", "from": 0.1, "to": 0.001, "over": 8}
    momentum = {"schedule": "linear", "from": 0.5, "to": 0.7, "over": 8}
    config = SgdConfig.model_validate({"lr": rate, "momentum": momentum})
    layer = nn.Linear(1, 1, bias=False).double()
    weight, velocity = layer.weight.item(), 0.0
    optimizer = Optimizer(config, {"net": layer})
    for step in range(6):
        layer.weight.grad = torch.full_like(layer.weight, step + 1.0)
        optimizer.step(2 * step)
        share = min(2 * step / 8, 1)
        velocity = (0.5 + 0.2 * share) * velocity + step + 1
        weight -= 0.1 * 0.01**share * velocity
        assert layer.weight.item() == pytest.approx(weight, rel=1e-12)


def test_frozen_parameters_are_left_alone():
    net = network()
    net[0].weight.requires_grad_(False)
    optimizer = Optimizer(AdamConfig(), {"net": net})
    assert optimizer.names == ["net.0.bias", "net.2.weight"]
