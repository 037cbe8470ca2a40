"""What lies between two classes."""

import copy

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from ganzoo.errors import RequestError
from ganzoo.networks import Generator, create_generator
from ganzoo.sheet import blend_film, blend_sheet
from ganzoo.weights.description import DataFacts, Info

SMALL = {
    "dcgan": {"width": 2, "sample_shape": (1, 16, 16)},
    "vanilla": {"generator_widths": (8, 8), "sample_shape": (1, 8, 8)},
}


def conditional(name, **values):
    G = create_generator(name, seed=1, num_classes=3, **{**SMALL[name], **values})
    with torch.no_grad():
        for parameter in G.module.parameters():
            parameter.mul_(5)  # as initialised, dcgan is grey but for a thousandth
    facts = {"data": DataFacts(class_names=["cat", "dog", "owl"])}
    return Generator(G.module, G.info.model_copy(update=facts))


@pytest.mark.parametrize("name", SMALL)
def test_it_leads_from_one_class_to_the_other(name):
    G = conditional(name)
    found = G.blend("owl", 0, 3, steps=4, seed=5)
    assert found.shape == (3, 5, *G.config.sample_shape)
    for column, label in ((0, "owl"), (-1, "cat")):
        expected = G.sample(3, seed=5, labels=label)
        torch.testing.assert_close(found[:, column], expected, rtol=1e-5, atol=1e-5)
    assert not found[:, 2].allclose(found[:, 0], atol=1e-3)


def test_between_them_an_embedding_is_mixed():
    G = conditional("dcgan")
    mixed = copy.deepcopy(G)
    with torch.no_grad():
        cat, _, owl = G.module.classes.weight
        mixed.module.classes.weight[1] = 0.75 * cat + 0.25 * owl
    found = G.blend("cat", "owl", 3, steps=4, seed=5)[:, 1]
    torch.testing.assert_close(found, mixed.sample(3, seed=5, labels="dog"), rtol=1e-5, atol=1e-5)


def test_between_them_one_hot_vectors_are_mixed():
    G = conditional("vanilla")
    found = G.blend("cat", "owl", 1, steps=4, seed=5)[0, 3]
    latents = G._latents(1, 5, None)
    hidden = G.module.layers(torch.cat([latents, torch.tensor([[0.25, 0.0, 0.75]])], 1))
    expected = G.info.data.to_units(hidden.reshape(1, 1, 8, 8))[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_the_size_of_batches_and_the_global_state_do_not_matter():
    G = conditional("dcgan")
    state = torch.get_rng_state()
    whole = G.blend("cat", "owl", 3, steps=4, seed=5)
    parts = G.blend("cat", "owl", 3, steps=4, seed=5, batch_size=2)
    torch.testing.assert_close(whole, parts, rtol=1e-5, atol=1e-5)
    assert torch.equal(state, torch.get_rng_state())
    # Nothing is mixed any more.
    assert F.one_hot(torch.tensor([0, 0]), 3).tolist() == [[1, 0, 0]] * 2


class Taking(nn.Module):
    """Takes its classes in a way of its own."""

    def __init__(self, way, latent_dim):
        super().__init__()
        self.way, self.table = way, nn.Parameter(torch.arange(3.0)[:, None])
        self.layer = nn.Linear(latent_dim, 64)

    def forward(self, latents, labels=None):
        shifts = {
            "function": lambda: F.embedding(labels, self.table),
            "index": lambda: self.table[labels],
            "number": lambda: labels[:, None].float(),
        }
        return torch.tanh(self.layer(latents) + shifts[self.way]()).reshape(-1, 1, 8, 8)


def taking(way):
    config = conditional("vanilla").config
    return Generator(Taking(way, config.latent_dim), Info.of(config))


def test_an_embedding_without_a_module_is_mixed_as_well():
    G = taking("function")
    found = G.blend(0, 2, 2, steps=2, seed=5)
    torch.testing.assert_close(found[:, 1], G.sample(2, seed=5, labels=1), rtol=1e-5, atol=1e-5)


REFUSED = {
    "by index": (lambda: taking("index"), (0, 1), {}, "through an embedding or as one-hot"),
    "as a number": (lambda: taking("number"), (0, 1), {}, "classes cannot be mixed"),
    "without classes": (
        lambda: create_generator("dcgan", **SMALL["dcgan"]),
        (0, 1),
        {},
        "was trained without labels",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    make, ends, options, message = REFUSED[case]
    with pytest.raises(RequestError, match=message):
        make().blend(*ends, **options)


def test_a_sheet_and_a_film():
    G = conditional("dcgan")
    sheet = blend_sheet(G, "cat", "owl", 2, steps=3, seed=5)
    assert isinstance(sheet, Image.Image)
    assert sheet.width > sheet.height > 48
    frames = blend_film(G, "cat", "owl", 2, steps=3, seed=5)
    assert len(frames) == 6  # to the other class, and back without showing an end twice
    assert [frames[1] == frames[5], frames[2] == frames[4], frames[0] == frames[3]] == [
        True,
        True,
        False,
    ]
