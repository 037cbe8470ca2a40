"""Trains the digits extractor on one half of mnist5k, and counts its errors on the other.

``python -m benchmarks.digits`` writes the weights that come with ganzoo.
"""

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from ganzoo.config import DataConfig
from ganzoo.resolve import open_dataset
from ganzoo_digits.network import SIDE, WEIGHTS, Classifier, grey

EPOCHS = 60
BATCH = 100
RATE = 2e-3


def main() -> None:
    """Train, write the weights, and print the share of held-out digits that is told right."""
    torch.manual_seed(0)
    images, labels = digits()
    # Every other digit, of which each class has as many.
    train, held_out = slice(0, None, 2), slice(1, None, 2)
    classifier = Classifier()
    fit(classifier, images[train], labels[train])
    classifier.eval()
    with torch.no_grad():
        classifier.spread.copy_(classifier(images[train])[0].var(dim=0).mean().sqrt())
        right = (classifier(images[held_out])[1].argmax(1) == labels[held_out]).double().mean()
    WEIGHTS.parent.mkdir(exist_ok=True)
    save_file({key: t.contiguous() for key, t in classifier.state_dict().items()}, WEIGHTS)
    print(f"{right:.2%} of {len(labels[held_out])} held-out digits")


def digits() -> tuple[Tensor, Tensor]:
    """The images ``(N, 1, 28, 28)`` in [0, 1] and labels of mnist5k."""
    dataset = open_dataset(DataConfig(source="mnist5k"))
    items = [dataset.read(index) for index in range(len(dataset))]
    images = torch.from_numpy(np.stack([item.sample for item in items]))
    return images[:, None].float() / 255, torch.tensor([item.label for item in items])


def fit(classifier: Classifier, images: Tensor, labels: Tensor) -> None:
    """Train with Adam, under a cosine schedule, on images that are moved a little each time."""
    steps = EPOCHS * len(labels) // BATCH
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(labels)).tensor_split(len(labels) // BATCH):
            _, logits = classifier(moved(images[rows]))
            loss = F.cross_entropy(logits, labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def moved(images: Tensor) -> Tensor:
    """Turn, shift, scale and blur images a little, as hands and generators do."""
    count = len(images)
    angle = (torch.rand(count) - 0.5) * 0.5
    size = 1 + (torch.rand(count) - 0.5) * 0.3
    shift = (torch.rand(count, 2) - 0.5) * 0.3
    turn = torch.stack(
        [
            torch.stack([angle.cos(), -angle.sin(), shift[:, 0]], dim=1),
            torch.stack([angle.sin(), angle.cos(), shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    turn[:, :, :2] *= size[:, None, None]
    grid = F.affine_grid(turn, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, align_corners=False)
    # Half of the batches pass another size, as generators of 32x32 have.
    if torch.rand(()) < 0.5:
        side = SIDE + int(torch.randint(-4, 9, ()))
        images = grey(F.interpolate(images, (side, side), mode="bilinear", antialias=True))
    return (images + 0.02 * torch.randn_like(images)).clamp(0, 1)


if __name__ == "__main__":
    main()
