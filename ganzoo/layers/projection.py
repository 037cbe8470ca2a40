"""The last layer of a critic that may be shown classes."""

from torch import Tensor, nn


class ProjectionHead(nn.Module):
    """Scores features h, of a class with the row e where there are classes: wᵀh + b + eᵀh.

    Source: Miyato & Koyama, cGANs with Projection Discriminator, 2018.

    Args:
        features: Length of the features.
        num_classes: Number of classes; 0 for none.
        bias: Whether the linear layer has one.
    """

    def __init__(self, features: int, num_classes: int = 0, *, bias: bool = True) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1, bias=bias)
        self.classes = nn.Embedding(num_classes, features) if num_classes else None

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features ``(N, features)`` and, where conditional, labels int64 ``(N,)`` to ``(N,)``.

        Raises:
            ValueError: It is conditional, and there are no labels.
        """
        logits: Tensor = self.score(features).squeeze(1)
        if self.classes is None:
            return logits
        if labels is None:
            raise ValueError("a conditional discriminator needs labels")
        return logits + (self.classes(labels) * features).sum(dim=1)  # type: ignore[no-any-return]
