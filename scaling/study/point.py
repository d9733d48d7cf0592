"""A point: one setting of the knobs and everything else that determines its outcome, with its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from scaling.data.dataset import DataSet
from scaling.data.pseudo import PseudoLabels
from scaling.data.views import Views
from scaling.errors import Refused
from scaling.models.families import Family
from scaling.models.network import Network
from scaling.study.cost import Cost, cost_of
from scaling.study.fields import all_fields, changed_fields
from scaling.study.identity import canonical_json, digest_of_text, join
from scaling.study.precision import Precision
from scaling.study.size import check_size
from scaling.study.trainable import check_frames, check_kind, check_recipe, check_side, check_views
from scaling.study.training_step import TrainingStep
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.schedule import Schedule
from scaling.training.start import Start

AXES = ("depth", "width", "resolution", "epochs", "seed")
"""The axes of every study."""
KNOBS = (*AXES, "frames")
"""The axes, and `frames`, which only studies of clips have."""

SEMANTICS = 2
"""Version of the training semantics, part of every id; increased when equal settings train differently."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The values of the axes and the settings shared along them. Raises Refused if they cannot be trained."""

    depth: float
    """Number of layers of a ResNet, or multiplier of the blocks of an EfficientNet."""
    width: float
    resolution: int
    frames: int | None = None
    """Frames of a clip; None for images."""
    epochs: int
    seed: int
    family: str
    model: Family
    data: DataSet
    recipe: Recipe
    """How it is trained, including its regularisation."""
    schedule: Schedule
    precision: Precision
    regularization: Regularization = field(default_factory=Regularization)
    """The policy that determines its regularisation."""
    evaluate_at: tuple[int, ...] = ()
    """Further resolutions (pixels) at which the final model is evaluated, ascending and without repeats."""
    start: Start | None = None
    """The pretrained weights it starts from; None for random weights."""
    views: Views = field(default_factory=Views)
    """The views of each video that are evaluated."""
    pseudo: PseudoLabels | None = None
    """Pseudo-labelled images that it learns from besides the labelled ones, if any."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise Refused(f"epochs={self.epochs} trains nothing: use at least 1.")
        if self.seed < 0:
            raise Refused(f"seed={self.seed} must not be negative.")
        check_kind(self.family, self.network, self.data)
        check_size(self.family, self.network, self.resolution, self.frames)
        if self.data.clips and self.evaluate_at:
            raise Refused("evaluate_at is for images: clips are evaluated at views.resolution.")
        for side in self.evaluate_at:
            check_side("evaluate_at", side, self.family, self.network)
        if self.data.clips:
            check_side("views.resolution", self.views.side(self.resolution), self.family, self.network)
        check_recipe(self.recipe, self.data)
        check_views(self.views, self.data)
        check_frames(self.frames, self.data)
        if self.pseudo:
            self.pseudo.check(self.data)
        if self.start:
            self.start.check_channels(self.data.name, self.data.channels)

    @cached_property
    def network(self) -> Network:
        """The block list that depth and width determine."""
        return _network(self.model, self.depth, self.width, self.data.masks)

    @property
    def frozen(self) -> bool:
        """Whether only the classifier is trained and all other weights stay as in the start."""
        return self.start is not None and self.start.tune == "head"

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the points that must be trained, with their weights kept, before this one."""
        teacher = self.pseudo.teacher.point if self.pseudo else None
        return (*([self.start.point] if self.start else []), *([teacher] if teacher else []))

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps per epoch of the labelled images; an incomplete last batch is dropped."""
        return self.data.num_train // self.recipe.batch_size

    @property
    def num_steps(self) -> int:
        """Optimizer steps of the whole training."""
        return self.epochs * self.steps_per_epoch

    @property
    def images_per_step(self) -> int:
        """Labelled and pseudo-labelled images in one batch."""
        return self.recipe.batch_size * (1 + (self.pseudo.ratio if self.pseudo else 0))

    @property
    def training_step(self) -> TrainingStep:
        """Its training step on one norm batch."""
        return TrainingStep(
            network=self.network,
            resolution=self.resolution,
            frames=self.frames or 1,
            in_channels=self.data.channels,
            num_classes=self.data.num_classes,
            batch_size=self.recipe.images_per_norm,
            precision=self.precision,
            num_moments=self.recipe.num_moments,
            average=self.recipe.ema_decay > 0,
            frozen=self.frozen,
        )

    @cached_property
    def cost(self) -> Cost:
        """The cost of the point, known before it runs."""
        return cost_of(self.training_step, images_seen=self.num_steps * self.images_per_step)

    @cached_property
    def id(self) -> str:
        """16 hex digits of a digest over everything that determines the outcome."""
        knobs = {"resolution": self.resolution, "epochs": self.epochs, "seed": self.seed}
        clip = {} if self.frames is None else {"frames": self.frames}
        own = {name: str(value) for name, value in (knobs | clip).items()}
        if self.start:
            own["start"] = canonical_json(self.start.identity())
        if self.pseudo:
            own["pseudo"] = canonical_json(self.pseudo.identity())
        network = _network_text(self.model, self.depth, self.width, self.data.masks)
        return digest_of_text(join({"network": network, **own, **self._shared}))

    @property
    def setting(self) -> str:
        """8 hex digits over everything but the axes; points of different settings are not compared.

        Left out are a resolution ladder, which only chooses among values of an axis, the point that a start
        names, and what a teacher shares with its students, such as the seed.
        """
        recipe = self.regularization.without_governed(self.recipe)
        shared = {**self._shared_with(recipe)}
        if self.start:
            shared["start"] = canonical_json(self.start.kind)
        if self.pseudo:
            shared["pseudo"] = canonical_json(self.pseudo.identity() | {"teacher": self.pseudo.teacher.rule})
        return _setting(self.family, self.model, self.regularization, tuple(shared.items()))

    @property
    def _shared(self) -> Mapping[str, str]:
        return self._shared_with(self.recipe)

    def _shared_with(self, recipe: Recipe) -> Mapping[str, str]:
        return _shared_text(self.data, recipe, self.schedule, self.precision, self.evaluate_at, self.views)

    @property
    def baseline(self) -> Point:
        """The same point without pseudo-labels."""
        return replace(self, pseudo=None) if self.pseudo else self

    @property
    def axes(self) -> dict[str, int | float]:
        """The values of the axes by name, in the order of AXES, and the frames of a clip."""
        clip = {} if self.frames is None else {"frames": self.frames}
        return {axis: getattr(self, axis) for axis in AXES} | clip

    def __str__(self) -> str:
        return " ".join(f"{axis}={value:g}" for axis, value in self.axes.items())

    def to_json(self) -> dict[str, Any]:
        """The whole point as plain values; `point_from_json` is the inverse."""
        pseudo = {"pseudo": asdict(self.pseudo)} if self.pseudo else {}
        without = {name: value for name, value in asdict(self).items() if name != "pseudo"}
        return {"id": self.id, "setting": self.setting, **without, **pseudo}


@lru_cache(maxsize=65536)
def _network(model: Family, depth: float, width: float, dense: bool) -> Network:
    """The network, built once for all points that differ only in other axes."""
    network = model.network(depth, width)
    return replace(network, dense=True) if dense else network


@lru_cache(maxsize=65536)
def _network_text(model: Family, depth: float, width: float, dense: bool) -> str:
    return canonical_json(changed_fields(_network(model, depth, width, dense)))


@lru_cache(maxsize=1024)
def _shared_text(
    data: DataSet,
    recipe: Recipe,
    schedule: Schedule,
    precision: Precision,
    evaluate_at: tuple[int, ...],
    views: Views,
) -> Mapping[str, str]:
    """Canonical JSON, by name, of the parts of a point's id besides network and axes."""
    shared = {
        "semantics": SEMANTICS,
        "data": changed_fields(data),
        "recipe": _deciding(recipe) | {"norm_batch": recipe.images_per_norm},
        "schedule": _deciding(schedule),
        "precision": precision,
        **({"evaluate_at": evaluate_at} if evaluate_at else {}),
        **({"views": changed_fields(views)} if views != Views() else {}),
    }
    return {name: canonical_json(value) for name, value in shared.items()}


@lru_cache(maxsize=1024)
def _setting(
    family: str, model: Family, regularization: Regularization, shared: tuple[tuple[str, str], ...]
) -> str:
    own = {
        "family": family,
        "model": {name: value for name, value in all_fields(model).items() if name != "ladder"},
        "regularization": all_fields(regularization) if regularization.policy != "given" else "given",
    }
    texts = {name: canonical_json(value) for name, value in own.items()}
    return digest_of_text(join({**texts, **dict(shared)}))[:8]


def _deciding(part: Recipe | Schedule) -> dict[str, Any]:
    """The fields of a recipe or schedule as plain values, without those that have no effect."""
    return {name: value for name, value in all_fields(part).items() if name not in part.idle}
