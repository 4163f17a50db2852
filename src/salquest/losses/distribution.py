"""Distribution losses: the map is one distribution over the picture."""

from __future__ import annotations

from torch import Tensor


def kld(prediction: Tensor, density: Tensor, *, eps: float = 1e-7) -> Tensor:
    """Kullback-Leibler divergence KL(density || prediction), in nats.

    Bruckert 2021, eq. 5 prints the arguments the other way round; ours is the direction that SAM, MSI-Net and the benchmarks use, and the
    printed one is infinite wherever nobody looked.

    Args:
        prediction: predicted densities, (B, H, W), each summing to 1.
        density: observed densities, (B, H, W), each summing to 1.
        eps: inside the quotient and the logarithm, so that empty pixels stay finite; values with another eps are not comparable.

    Returns:
        One divergence per picture, (B,); 0 for a perfect prediction, up to eps.
    """
    return (density * (eps + density / (prediction + eps)).log()).sum(dim=(-2, -1))
