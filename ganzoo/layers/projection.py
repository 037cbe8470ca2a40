"""The last layer of a critic: with classes, one that is shown them or one that names them."""

from torch import Tensor, nn

from ganzoo.losses.base import Critique


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


class ClassifierHead(nn.Module):
    """Scores features h, and names their class: wᵀh + b, and the class logits Ch + d.

    It never sees a label; the loss ``auxiliary-classifier`` trains it.

    Source: Odena et al., Conditional Image Synthesis with Auxiliary Classifier GANs, 2017.

    Args:
        features: Length of the features.
        num_classes: Number of classes, at least 1.
        bias: Whether the linear layers have one.
    """

    def __init__(self, features: int, num_classes: int, *, bias: bool = True) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1, bias=bias)
        self.classes = nn.Linear(features, num_classes, bias=bias)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Critique:
        """Features ``(N, features)`` to logits ``(N,)``, and ``classes`` ``(N, num_classes)``.

        Labels, if any, are those that the loss compares with.
        """
        logits: Tensor = self.score(features).squeeze(1)
        return Critique((logits,), labels, {"classes": self.classes(features)})
