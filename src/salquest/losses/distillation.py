"""Learning from other networks: how far a map is from the density that teachers give the same picture (Hinton 2015)."""

from __future__ import annotations

from torch import Tensor

from salquest.losses.distribution import kld, kld_of_log


def teach(prediction: Tensor, teacher: Tensor, *, eps: float = 1e-7) -> Tensor:
    """Kullback-Leibler divergence KL(teacher || prediction), in nats: `kld` against the teachers' density instead of the observed one.

    Args:
        prediction: non-negative maps, (B, H, W); each is scaled to sum to 1 here.
        teacher: the teachers' densities, (B, H, W), each summing to 1.
        eps: inside the quotient and the logarithm, so that empty pixels stay finite.

    Returns:
        One divergence per picture, (B,); 0 for a map that says what the teachers say.
    """
    return kld(prediction, teacher, eps=eps)


def teach_of_log(log_density: Tensor, teacher: Tensor) -> Tensor:
    """`teach` of a density given by its logarithm, (B, H, W), without eps."""
    return kld_of_log(log_density, teacher)
