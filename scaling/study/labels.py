"""Labels: a teacher's predictions for images, in shards that several workers make together. No torch."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.data.pseudo import PseudoLabels, num_kept
from scaling.errors import DataError
from scaling.study import lease
from scaling.study.fields import changed_fields
from scaling.study.files import Corrupt, read_json, set_aside, write_bytes, write_json_once, writing_below
from scaling.study.identity import digest
from scaling.study.lease import Superseded
from scaling.study.point import Point

IMAGES_A_SHARD = 8192
"""Images per shard."""
LOOK_AGAIN_S = 0.2
"""Polling interval of a worker that waits for shards made by others."""

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """The k most probable classes of each image, in the order of the images, the most probable first."""

    classes: NDArray[np.uint16]
    """Class indices, shape (N, k)."""
    probabilities: NDArray[np.float16]
    """Probabilities of these classes, shape (N, k); 0 for an image that could not be read."""

    def __len__(self) -> int:
        return len(self.classes)


class Labels:
    """The directory of the labels that a student learns from, shared by all students of its teacher.

    Threshold, balance and ratio only select among the labels later, so they do not enter its name.
    """

    def __init__(self, study: Path, point: Point, pseudo: PseudoLabels) -> None:
        self._about = about(point, pseudo)
        self._num_images = pseudo.unlabelled.num_images
        self._study = study
        self.num_kept = num_kept(pseudo.kind, point.data.num_classes)
        self.name = digest(self._about)
        self.path = study / "labels" / self.name

    @property
    def num_shards(self) -> int:
        return -(-self._num_images // IMAGES_A_SHARD)

    def images_of(self, shard: int) -> range:
        """Indices of the images of a shard."""
        return range(shard * IMAGES_A_SHARD, min((shard + 1) * IMAGES_A_SHARD, self._num_images))

    def missing(self) -> list[int]:
        """Numbers of the shards that do not exist yet."""
        return [shard for shard in range(self.num_shards) if not self._file(shard).exists()]

    def num_missing(self) -> int:
        """Number of images that are not labelled yet."""
        if not self.path.exists():
            return self._num_images
        return sum(len(self.images_of(shard)) for shard in self.missing())

    def complete(
        self,
        label: Callable[[range], Labelled],
        provenance: Callable[[], dict[str, Any]],
        check_stop: Callable[[], None],
    ) -> None:
        """Make the missing shards, sharing the work with other workers; return when all shards exist.

        Each shard is made under its own lease and moved into place whole, so no shard is made twice, and a
        killed worker loses only the current one. Raises DataError if the directory holds other labels, and
        whatever `label` and `check_stop` raise.
        """
        with writing_below(self._study):
            self.path.mkdir(parents=True, exist_ok=True)
            write_json_once(self.path / "labels.json", {"of": self._about, **provenance()})
        self._check()
        while missing := self.missing():
            num_made = 0
            for shard in missing:
                check_stop()
                num_made += self._make(shard, label, provenance)
            if not num_made:
                time.sleep(LOOK_AGAIN_S)

    def _make(
        self, shard: int, label: Callable[[range], Labelled], provenance: Callable[[], dict[str, Any]]
    ) -> bool:
        """Make one shard; return whether it exists now, which is False while another worker makes it."""
        place = self._file(shard).parent
        with writing_below(self._study):
            place.mkdir(exist_ok=True)
            held = lease.acquire(place)
        if held is None:
            return False
        with suppress(Superseded), held:
            if not self._file(shard).exists():
                started = time.time()
                found = label(self.images_of(shard))
                told = {"labels": self.name, **provenance(), "started": started, "ended": time.time()}
                with writing_below(self._study):
                    write_bytes(self._file(shard), _packed(found, told), held, flush=True)
            return True
        return False

    def read(self) -> Labelled:
        """All labels. Raises DataError if a shard is damaged (it is set aside) or belongs to other labels."""
        self._check()
        shards = [self._read(shard) for shard in range(self.num_shards)]
        return Labelled(
            classes=np.concatenate([each.classes for each in shards]),
            probabilities=np.concatenate([each.probabilities for each in shards]),
        )

    def _read(self, shard: int) -> Labelled:
        file = self._file(shard)
        try:
            with np.load(file) as members:
                of = json.loads(str(members["provenance"]))["labels"]
                found = Labelled(classes=members["classes"], probabilities=members["probabilities"])
            if found.classes.shape != (len(self.images_of(shard)), self.num_kept):
                raise ValueError(f"it has {found.classes.shape} labels")
        except _UNREADABLE as error:
            raise DataError(
                f"{file} is damaged ({error}); it is kept as {set_aside(file).name}, and made again when the "
                "line is typed again."
            ) from error
        if of != self.name:
            raise DataError(f"{file} has the labels {of}, not {self.name}: remove it, to have it made again.")
        return found

    def _check(self) -> None:
        """Raise DataError unless the directory belongs to this teacher and these images."""
        try:
            found = (read_json(self.path / "labels.json") or {}).get("of") or {}
        except Corrupt as error:
            raise DataError(f"{error}: remove {self.path}, to have the images labelled again.") from error
        for name, wanted in self._about.items():
            if found.get(name) != wanted:
                raise DataError(
                    f"{self.path} has labels of another {_WHAT[name]}: it says {found.get(name)} and the "
                    f"point {wanted}; move it away, to have the images labelled again."
                )

    def _file(self, shard: int) -> Path:
        return self.path / f"{shard:06d}" / "labels.npz"


_WHAT = {
    "teacher": "teacher",
    "data": "data set",
    "unlabelled": "set of images",
    "kept": "kind",
    "precision": "precision",
    "shard": "size of shards",
}


def about(point: Point, pseudo: PseudoLabels) -> dict[str, Any]:
    """Everything that determines the labels of the images, as plain values."""
    return {
        "teacher": pseudo.teacher.identity(),
        "data": changed_fields(point.data),
        "unlabelled": asdict(pseudo.unlabelled),
        "kept": num_kept(pseudo.kind, point.data.num_classes),
        "precision": point.precision,
        "shard": IMAGES_A_SHARD,
    }


def _packed(found: Labelled, provenance: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    np.savez(
        content,
        classes=found.classes,
        probabilities=found.probabilities,
        provenance=np.array(json.dumps(provenance)),
    )
    return content.getvalue()
