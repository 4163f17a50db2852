"""What shall be trained, and how: everything that decides the numbers of one run, typed, checked, and hashed into its identity.

Where it is carried out (device, processes, paths) is none of a plan's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from torch import Tensor

from salquest.encoders import ENCODERS, perceive
from salquest.errors import InputError, UnknownName
from salquest.losses import LOSSES, Activation, LabelObjective, Objective, own_losses, parse
from salquest.models.deep.discriminator import PictureRange, Reading
from salquest.models.deep.network import NETWORKS
from salquest.models.fitting import Fit
from salquest.training.augmentation import Augmentation
from salquest.training.order import Mix

Optimizer = Literal["sgd", "nesterov", "adagrad", "adam", "adamw"]
Schedule = Literal["constant", "cosine", "one-cycle"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
Scale = Literal["given", "matched"]
BalanceKind = Literal["given", "norms", "uncertainty", "gradnorm"]
Decay = Literal["all", "weights"]
Keep = Literal["loss", "cc", "nss", "map", "last"]
TaskName = Literal["saliency", "classification"]


# Where the last layer starts unless a plan says otherwise, by activation: almost flat, near the mean level of a density (docs/decisions/0001).
# The loss paper is silent; `decoder = { last_bias = 0.0, last_scale = 1.0 }` is Glorot's start.
SMALL_START = {"sigmoid": {"last_bias": -3.0}, "relu": {"last_bias": 0.1}, "softmax": {"last_bias": 0.0}}
SMALL_SCALE = {name: {"last_scale": 0.1} for name in ("bruckert", "mobile", "sam-vgg", "sam-resnet", "sam-mobilenet")}


# What says how maps are made, learned and scored: a classification has none of it. The smallest maps and the narrowest Gaussian stand for it.
LABEL_LOSS = "bce"
OF_MAPS = ("activation", "decoder", "sigma_degrees", "balance", "teachers", "adversarial", "adversary", "own_losses")
NO_MAPS: dict[str, Any] = {"map_size": (4, 4), "sigma_px": 1.0}


class Adversary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run with an adversary goes (Pan 2017, section 4). What is None or empty is, once resolved, the plan's own.

    Attributes:
        reading, pictures, width: of the `Discriminator`.
        optimizer, lr: of the discriminator.
        bootstrap: epochs in which the network learns alone first; None is an eighth of all, as the paper's 15 of about 120. The optimisers
            of the contest begin when it begins.
        bootstrap_loss: lowered until then: the paper's content loss by itself, without the factor that it has beside the adversary.
        bootstrap_optimizer, bootstrap_lr, bootstrap_momentum: until then. The paper describes AdaGrad at 3e-4 alone; the released code
            takes Nesterov's momentum of 0.5 at 1e-3 there.
    """

    reading: Reading = "printed"
    pictures: PictureRange = "unit"
    width: float = 1.0
    optimizer: Optimizer | None = None
    lr: float | None = None
    bootstrap: int | None = None
    bootstrap_loss: str = ""
    bootstrap_optimizer: Optimizer | None = None
    bootstrap_lr: float | None = None
    bootstrap_momentum: float | None = None


class TrainingPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run. Sizes are (height, width).

    Attributes:
        loss: a weighted sum, "10*kld - 2*cc - nss".
        network: a name in NETWORKS: the decoder.
        encoder: a name in ENCODERS, or `timm:NAME`.
        weights: "imagenet" (the encoder's first named weights), another of its names, "none", or a path.
        taps: of the encoder; empty for its default ones.
        unfreeze: which stages of the encoder learn: "none", "all", or a stage's name for it and all deeper ones.
        batch_norm: of the encoder: "eval" keeps its running statistics.
        activation: what turns the raw map into values; a sigmoid for every loss (docs/decisions/0006).
        decoder: options of the decoder that differ from its defaults; the last layer starts small where nothing is said (SMALL_START).
        size: pictures are squashed to this; see `fit`.
        map_size: where losses are taken; None is half of `size`.
        sigma_degrees: width of the Gaussian of the densities that are learned and scored; `sigma_px` (of the stimulus) where it is given.
        epochs, batch: of training; the last batch of an epoch may be smaller.
        optimizer, lr, encoder_lr, momentum, weight_decay: encoder_lr is for stages that learn; None is a tenth of lr.
        schedule, warmup: of the rate over all steps; warmup is the share of steps in which it rises from 0 (a third for one-cycle where 0).
        clip: greatest norm of the gradient; 0 leaves it.
        mirror: show every other picture mirrored, drawn anew in each epoch.
        patience: stop after this many epochs without a better one, as `keep` tells; 0 never.
        seed: of new layers, order, mirroring and dropout.
        precision: of the arithmetic.
        scale: "matched" divides the whole loss by the norm of its gradient at the start, so that one `lr` means one first step for all losses.
        balance: how the terms of a sum are weighed: "given" by their coefficients; "norms" each first divided by its own gradient's norm at the
            start; "uncertainty" (Kendall 2018) and "gradnorm" (Chen 2018) by weights that are learned (`training.balance`).
        fit: "squash" brings every picture to `size`; "aspect" keeps its ratio of sides, at about the area of `size` (`models.fitting`).
        mix: of several data sets: "pictures" shows each picture once an epoch, "sets" as many of every set.
        augment: windows and colours that are drawn anew for each showing; None shows pictures as they are. Needs an encoder that learns.
        scales: of the input, one drawn for each batch; validated at 1, and at the greatest too. Others than 1 need an encoder that learns.
        ema: decay per step of the running mean of the weights, which is then validated and kept; 0 keeps the last step's.
        decay: what `weight_decay` pulls at: "all" that learns, or the "weights" of convolutions and linear layers alone.
        channels_last: keep the channels of a pixel side by side in memory: with an encoder that learns 1.4 times as fast on a CPU, and other
            last digits.
        teachers: run folders of networks whose mean density `teach` terms compare with (`training.teaching`).
        keep: which epoch's weights are kept: the one with the lowest validation "loss", the highest "cc" or "nss" on the validation pictures, or
            the "last"; of a classification the highest mean average precision, "map", in the place of "cc" and "nss".
        adversarial: weight of the adversary's term; 0 for no adversary. A loss' own factor beside it is written in the loss: "0.05*bce".
        adversary: its discriminator and its optimisers. From when it plays, only epochs with it are kept.
        task: "saliency" learns where people look. "classification" learns labels of whole pictures (`salquest.datasets.read_labels`) by binary
            cross-entropy (`loss` is "bce"), with one linear layer on the mean of the deepest tap of `network`'s encoder; pictures, order, views
            and steps are those of saliency, and all that says something about maps stays at its default.
        own_losses: a Python file with losses of one's own (`losses.own_losses`); resolved, its whole path, so that the run can be taken up
            again from another folder.
    """

    loss: str
    network: str = "bruckert"
    encoder: str = "mobilenet_v2"
    weights: str = "imagenet"
    taps: tuple[str, ...] = ()
    unfreeze: str = "none"
    batch_norm: Literal["eval", "train"] = "eval"
    activation: Activation = "sigmoid"
    decoder: dict[str, Any] = {}
    size: tuple[int, int] = (240, 320)
    map_size: tuple[int, int] | None = None
    sigma_degrees: float = 1.0
    sigma_px: float | None = None
    epochs: int = 10
    batch: int = 8
    optimizer: Optimizer = "adam"
    lr: float = 1e-3
    encoder_lr: float | None = None
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    clip: float = 0.0
    mirror: bool = True
    patience: int = 0
    seed: int = 0
    precision: Precision = "32-true"
    scale: Scale = "given"
    balance: BalanceKind = "given"
    fit: Fit = "squash"
    mix: Mix = "pictures"
    augment: Augmentation | None = None
    scales: tuple[float, ...] = (1.0,)
    ema: float = 0.0
    decay: Decay = "all"
    channels_last: bool = False
    teachers: tuple[str, ...] = ()
    keep: Keep = "loss"
    adversarial: float = 0.0
    adversary: Adversary | None = None
    own_losses: str = ""
    task: TaskName = "saliency"

    def resolved(self) -> TrainingPlan:
        """The plan with everything left open written out and the loss printed canonically; equal requests become equal plans.

        Raises:
            InputError, UnknownName: what is asked for cannot be meant.
        """
        if self.network not in NETWORKS:
            raise UnknownName("network", self.network, NETWORKS)
        if self.encoder not in ENCODERS and not self.encoder.startswith("timm:"):
            raise UnknownName("encoder", self.encoder, [*ENCODERS, "timm:NAME"])
        if self.task == "classification":
            return self._resolved_classification()
        if self.keep == "map":
            raise InputError(
                "the epoch of the highest mean average precision (keep 'map') is one of a classification; a map has loss, cc and nss"
            )
        objective = self.objective()  # refuses what does not go together
        self._check_numbers()
        objective.of_gaze()  # there is something to validate
        if bool(objective.taught) != bool(self.teachers):
            raise InputError(
                f"a loss with a teach term needs teachers, and teachers such a term; found the loss {objective.expression} "
                f"and {len(self.teachers)} teachers"
            )
        return msgspec.structs.replace(
            self,
            loss=str(objective.expression),
            decoder={
                **NETWORKS[self.network].decoder_options,
                **SMALL_START[self.activation],
                **SMALL_SCALE.get(self.network, {}),
                **self.decoder,
            },
            map_size=self.map_size or (self.size[0] // 2, self.size[1] // 2),
            encoder_lr=self.lr / 10 if self.encoder_lr is None else self.encoder_lr,
            teachers=tuple(str(Path(run).expanduser().resolve()) for run in self.teachers),
            adversary=self._resolved_adversary(str(objective.expression)) if self.adversarial else None,
            own_losses=str(Path(self.own_losses).expanduser().resolve()) if self.own_losses else "",
        )

    def objective(self) -> Objective:
        """The loss, ready for raw maps, its perceptual terms seeing through the encoders that they name; or for the logits of labels."""
        if self.task == "classification":
            return LabelObjective()
        losses = own_losses(Path(self.own_losses)) if self.own_losses else LOSSES
        return Objective(parse(self.loss, losses=losses), self.activation, losses, self._perceive)

    def bootstrap_plan(self) -> TrainingPlan:
        """The plan of the epochs before the adversary comes, of a resolved plan: loss, optimiser and rates."""
        own = self.adversary
        assert own is not None
        assert own.bootstrap_optimizer is not None
        assert own.bootstrap_lr is not None
        assert own.bootstrap_momentum is not None
        assert self.encoder_lr is not None
        return msgspec.structs.replace(
            self,
            loss=own.bootstrap_loss,
            optimizer=own.bootstrap_optimizer,
            lr=own.bootstrap_lr,
            encoder_lr=self.encoder_lr * own.bootstrap_lr / self.lr,
            momentum=own.bootstrap_momentum,
            **({} if own.bootstrap_loss == self.loss else {"balance": "given", "scale": "given"}),
        )

    def _resolved_classification(self) -> TrainingPlan:
        if self.loss != LABEL_LOSS:
            raise InputError(f"a classification lowers {LABEL_LOSS} (binary cross-entropy of its labels); found the loss {self.loss!r}")
        if self.keep in ("cc", "nss"):
            raise InputError(
                f"a classification keeps the epoch of the lowest 'loss', of the highest 'map', or the 'last'; found {self.keep!r}"
            )
        plain = TrainingPlan(loss=LABEL_LOSS)
        said = [name for name in OF_MAPS if getattr(self, name) != getattr(plain, name)]
        said += [name for name, value in NO_MAPS.items() if getattr(self, name) not in (None, value)]
        if said:
            raise InputError(
                f"a classification makes no maps, so {', '.join(said)} would do nothing; leave {'it' if len(said) == 1 else 'them'} out"
            )
        self._check_numbers()
        return msgspec.structs.replace(self, encoder_lr=self.lr / 10 if self.encoder_lr is None else self.encoder_lr, **NO_MAPS)

    def _resolved_adversary(self, loss: str) -> Adversary:
        own = self.adversary or Adversary()
        first = own.bootstrap_loss and str(msgspec.structs.replace(self, loss=own.bootstrap_loss).objective().expression)
        resolved = msgspec.structs.replace(
            own,
            optimizer=own.optimizer or self.optimizer,
            lr=self.lr if own.lr is None else own.lr,
            bootstrap=math.ceil(self.epochs / 8) if own.bootstrap is None else own.bootstrap,
            bootstrap_loss=first or loss,
            bootstrap_optimizer=own.bootstrap_optimizer or self.optimizer,
            bootstrap_lr=self.lr if own.bootstrap_lr is None else own.bootstrap_lr,
            bootstrap_momentum=self.momentum if own.bootstrap_momentum is None else own.bootstrap_momentum,
        )
        rules = {
            "lr": (resolved.lr is not None and resolved.lr > 0, "above 0"),
            "bootstrap_lr": (resolved.bootstrap_lr is not None and resolved.bootstrap_lr > 0, "above 0"),
            "bootstrap_momentum": (0 <= (resolved.bootstrap_momentum or 0) < 1, "in 0..1"),
            "bootstrap": (0 <= (resolved.bootstrap or 0) < self.epochs, f"0 or more epochs and fewer than all {self.epochs}"),
        }
        for name, (holds, wanted) in rules.items():
            if not holds:
                raise InputError(f"adversary.{name} must be {wanted}; found {getattr(resolved, name)}")
        if self.fit != "squash" or self.scales != (1.0,):
            raise InputError("a discriminator sees maps of one size; leave fit at 'squash' and scales at 1, or the adversary out")
        return resolved

    def _perceive(self, encoder: str, weights: str, stages: str, input: str) -> Callable[[Tensor], Sequence[Tensor]]:  # noqa: A002
        """What a perceptual term sees through: the encoder that it names, or the network's own."""
        return perceive(encoder or self.encoder, weights or ("imagenet" if encoder else self.weights), stages, input)

    def as_record(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return dict(msgspec.to_builtins(self))

    def _check_numbers(self) -> None:
        rules = {
            "epochs": (self.epochs >= 1, "1 or more"),
            "batch": (self.batch >= 1, "1 or more"),
            "lr": (self.lr > 0, "above 0"),
            "encoder_lr": (self.encoder_lr is None or self.encoder_lr > 0, "above 0"),
            "momentum": (0 <= self.momentum < 1, "in 0..1"),
            "weight_decay": (self.weight_decay >= 0, "0 or more"),
            "warmup": (0 <= self.warmup < 1, "a share of the steps in 0..1"),
            "clip": (self.clip >= 0, "0 or more"),
            "patience": (self.patience >= 0, "0 or more"),
            "sigma_degrees": (self.sigma_degrees > 0, "above 0"),
            "sigma_px": (self.sigma_px is None or self.sigma_px > 0, "above 0"),
            "size": (min(self.size) >= 32, "32 pixels or more a side"),
            "map_size": (self.map_size is None or min(self.map_size) >= 4, "4 cells or more a side"),
            "scales": (bool(self.scales) and min(self.scales, default=0) > 0, "one or more numbers above 0"),
            "adversarial": (0 <= self.adversarial < math.inf, "0 or more: the weight of the adversary's term"),
            "ema": (0 <= self.ema < 1, "in 0..1, less than 1"),
        }
        for name, (holds, wanted) in rules.items():
            if not holds:
                raise InputError(f"{name} must be {wanted}; found {getattr(self, name)}")
        if self.adversary is not None and not self.adversarial:
            raise InputError("the plan says how an adversary plays, but its weight (adversarial) is 0; give it one, such as 1")
        if self.augment is not None:
            self.augment.check()
        if self.unfreeze == "none" and self.shows_anew:
            raise InputError(
                "augment and scales show every picture anew, but a frozen encoder sees each once and its features are kept; "
                "let stages learn (unfreeze), or leave augment and scales out"
            )

    @property
    def shows_anew(self) -> bool:
        """Whether a picture looks different each time that it is shown, apart from mirroring."""
        return self.augment is not None or self.scales != (1.0,)

    def differing(self, names: Sequence[str]) -> dict[str, Any]:
        """Those of the named settings that are not at their defaults, as plain values."""
        defaults = dict(zip(self.__struct_fields__[-len(self.__struct_defaults__) :], self.__struct_defaults__, strict=True))
        return {name: value for name, value in self.as_record().items() if name in names and getattr(self, name) != defaults[name]}


def plan_from(values: dict[str, Any], *, where: str) -> TrainingPlan:
    """A plan from plain values, unknown names refused with the nearest one.

    Args:
        values: field -> value.
        where: the file or request that they come from, for messages.

    Raises:
        UnknownName: a field that plans do not have. InputError: a value of the wrong kind, or no loss.
    """
    for key in values:
        if key not in TrainingPlan.__struct_fields__:
            raise UnknownName(f"setting of a run ({where})", key, TrainingPlan.__struct_fields__)
    try:
        return msgspec.convert(values, TrainingPlan)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}") from error
