"""Training against an adversary (Pan 2017, section 4.2): the two players' objectives, and what is watched while they play.

The adversary's term is -log D(picture, map), D being the probability that people made the map; it joins any sum of losses and any network:

    generator        the plan's loss + adversarial * -log D(picture, predicted map)          the discriminator's weights stay as they are
    discriminator    (-log D(picture, observed map) - log(1 - D(picture, predicted map))) / 2    the network's weights stay as they are

Both are ordinary objectives of ordinary players (`training.loop`); which of them plays is a question of turns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.losses import Activation, Prediction
from salquest.losses.maps import at_most_one
from salquest.training.balance import Balance
from salquest.training.batches import Batch
from salquest.training.fabric import Fabric
from salquest.training.loop import StepReport, over_pictures

# names of the players, and of the adversary's term among the parts of the generator's loss
GENERATOR, DISCRIMINATOR, ADVERSARY = "network", "discriminator", "adversary"
# from this accuracy on a discriminator is right on everything; so many epochs on end are a sign
ALWAYS_RIGHT, SIGN_EPOCHS = 0.99, 2
# who guesses has a loss of ln 2; one that is so near for so long has learned nothing
GUESSED, GUESS_EPOCHS = 0.01, 5
# shares of the contrast and of the best CC before the adversary came, below which the maps are flattening or getting worse
FLATTENED, WORSE = 1 / 3, 0.9


class Contest:
    """What generator and discriminator each lower, and how often the discriminator was right.

    Args:
        network: the generator, as Fabric set it up.
        judge: the discriminator itself, and `wrapped_judge` as Fabric set it up. The generator's turn sees the first: its gradient passes
            through, and nothing waits for gradients of weights that stay as they are.
        balance: the plan's loss, weighed.
        weight: of the adversary's term.
        activation: of the network's raw maps.
        fabric: for its precision.
    """

    def __init__(
        self,
        network: nn.Module,
        judge: nn.Module,
        wrapped_judge: nn.Module,
        balance: Balance,
        *,
        weight: float,
        activation: Activation,
        fabric: Fabric,
    ) -> None:
        self.network, self.judge, self.wrapped_judge, self.balance = network, judge, wrapped_judge, balance
        self.weight, self.activation, self.fabric = weight, activation, fabric
        # right on observed maps, right on predicted maps, maps of each kind
        self._tally = torch.zeros(3, dtype=torch.float64)

    def generator_parts(self, batch: Batch, epoch: float) -> Mapping[str, Tensor]:
        """The terms of the plan's loss and the adversary's, each (B,)."""
        raw = self.network(batch.inputs)
        parts = self.balance(raw, batch.targets, epoch)
        assert batch.pictures is not None
        self.judge.requires_grad_(False)
        with self.fabric.autocast():
            logits = self.judge(batch.pictures, shown_map(raw, self.activation)).float()
        return {**parts, ADVERSARY: self.weight * F.softplus(-logits)}

    def discriminator_parts(self, batch: Batch, epoch: float) -> Mapping[str, Tensor]:
        """Cross-entropy on observed and on predicted maps, each (B,) and halved: their sum is the mean over both, seen in one step."""
        self.network.train()  # what it would be shown on the generator's turn
        with torch.no_grad():
            predicted = shown_map(self.network(batch.inputs), self.activation)
        assert batch.pictures is not None
        self.judge.requires_grad_(True)
        pictures, maps = torch.cat([batch.pictures, batch.pictures]), torch.cat([batch.targets.saliency, predicted])
        real, fake = self.wrapped_judge(pictures, maps).float().chunk(2)
        with torch.no_grad():
            counts = batch.share > 0  # a process without a picture of its own looks at another's
            right = [(real > 0)[counts].sum(), (fake < 0)[counts].sum(), counts.sum()]
            self._tally += torch.stack(right).double().cpu()
        return {"real": 0.5 * F.softplus(-real), "fake": 0.5 * F.softplus(fake)}

    def measured(self, reports: Sequence[StepReport]) -> dict[str, float]:
        """What log.csv says of the epoch's contest, over all processes; counting begins anew.

        Args:
            reports: of the epoch's steps.

        Returns:
            train_adversary and discriminator_loss, means over the turns that have them; discriminator_real and discriminator_fake, shares of
            observed and of predicted maps that the discriminator called so before it learned from them. What had no turn is not named.
        """
        found: dict[str, float] = {}
        terms = [(report.parts[ADVERSARY], report.pictures) for report in reports if ADVERSARY in report.parts]
        losses = [(report.loss, report.pictures) for report in reports if report.player == DISCRIMINATOR]
        tally = self._tally.clone()
        for name, values in (("train_adversary", terms), ("discriminator_loss", losses)):
            if values:
                # each process has its share of every batch's mean
                found[name] = self._over_processes(over_pictures(values))
        real, fake, maps = (self._over_processes(float(value)) for value in tally)
        if maps:
            found |= {"discriminator_real": real / maps, "discriminator_fake": fake / maps}
        self._tally.zero_()
        return found

    def _over_processes(self, value: float) -> float:
        if self.fabric.world_size == 1:
            return value
        return float(self.fabric.all_reduce(torch.tensor(value, device=self.fabric.device), reduce_op="sum"))  # type: ignore[arg-type]


def shown_map(raw: Tensor, activation: Activation) -> Tensor:
    """Raw maps (B, h, w) as the discriminator sees them: beside observed ones, whose maximum is 1.

    A sigmoid's and a ReLU's values as they are; a softmax's, which sum to 1, divided by their maximum.
    """
    values = Prediction(raw.float(), activation).values
    return at_most_one(values) if activation == "softmax" else values


def signs(log: Sequence[Mapping[str, Any]], bootstrap: int) -> str:
    """Early signs in plain words that a contest is going wrong; empty where there are none.

    Args:
        log: rows of log.csv up to now.
        bootstrap: epochs without the adversary, what later ones are compared with.
    """
    contest, before = [row for row in log if row["epoch"] > bootstrap], [row for row in log if row["epoch"] <= bootstrap]
    found = []
    recent = [row for row in contest[-SIGN_EPOCHS:] if "discriminator_real" in row]
    if len(recent) == SIGN_EPOCHS:
        accuracies = [row[f"discriminator_{kind}"] for row in recent for kind in ("real", "fake")]
        if min(accuracies) >= ALWAYS_RIGHT:
            found.append(f"the discriminator was right on all maps for {SIGN_EPOCHS} epochs: it hardly tells the network what to change")
        for kind, other, called in (("real", "fake", "people's"), ("fake", "real", "the network's")):
            if all(row[f"discriminator_{kind}"] >= ALWAYS_RIGHT and row[f"discriminator_{other}"] <= 1 - ALWAYS_RIGHT for row in recent):
                found.append(f"the discriminator called every map {called} for {SIGN_EPOCHS} epochs: it has stopped looking")
    lately = [row["discriminator_loss"] for row in contest[-GUESS_EPOCHS:] if "discriminator_loss" in row]
    if len(lately) == GUESS_EPOCHS and all(abs(loss - math.log(2)) < GUESSED for loss in lately):
        found.append(
            f"the discriminator has been guessing for {GUESS_EPOCHS} epochs: what it tells the network is noise (a higher adversary.lr)"
        )
    if contest and before:
        contrast, was = contest[-1]["contrast"], before[-1]["contrast"]
        if contrast < FLATTENED * was:
            found.append(f"the maps are flattening: contrast {contrast:.2f}, {was:.2f} before the adversary came")
        score, best = contest[-1]["val_cc_score"], max(row["val_cc_score"] for row in before)
        if best > 0 and score < WORSE * best:
            found.append(f"the maps are getting worse: CC {score:.3f} on the validation pictures, {best:.3f} before the adversary came")
    return "; ".join(found)
