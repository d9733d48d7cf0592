"""Sets of videos: found, decoded once, split, and told in a sentence where that cannot be."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scaling.data import kinetics, moving, video_files
from scaling.data.catalog import DataConfig, declare
from scaling.data.decode_video import decode_video
from scaling.data.images import Images
from scaling.data.load_clips import load_clips
from scaling.data.videos import Videos, ViewedVideos
from scaling.data.views import Views
from scaling.errors import DataError
from tests.scaling.data.videos import LIGHT, make_folder

MOVING = DataConfig(name="moving_mnist5k", num_val=750)


@pytest.fixture
def folder(tmp_path: Path, empty_cache: Path) -> Path:
    del empty_cache
    make_folder(tmp_path / "videos")
    return tmp_path / "videos"


def _config(folder: Path, **changes: object) -> DataConfig:
    settings = {"num_val": 3, "temporal_stride": 2, "mirror": True, "max_unreadable": 0.1} | changes
    return DataConfig(name="clip_folder", root=str(folder), **settings)  # type: ignore[arg-type]


def _load(config: DataConfig, frames: int = 4, side: int = 16, views: Views | None = None) -> Images:
    return load_clips(declare(config), config.root, side, frames, views or Views())


def _videos(images: Images) -> tuple[Videos, ViewedVideos]:
    assert isinstance(images.train, Videos)
    assert isinstance(images.val, ViewedVideos)
    return images.train, images.val


def test_a_folder_of_videos(folder: Path) -> None:
    images = _load(_config(folder))
    train, val = _videos(images)
    assert (len(train), len(val), len(images.test)) == (7, 3, 2)
    for place, label in zip(train.places.tolist(), train.labels.tolist(), strict=True):
        video = train.frames(place)
        assert video.shape == (7, 16, 24, 3)
        first = 20 + 40 * label + place % 6
        lights = video[:, 10:, 10:].mean((1, 2, 3))
        assert lights == pytest.approx(first + 2 * LIGHT * np.arange(7), abs=3)
    pixels = np.concatenate([train.frames(place).reshape(-1, 3) for place in train.places.tolist()])
    assert images.mean.shape == images.deviation.shape == (3, 1, 1, 1)
    assert images.mean.flatten().numpy() == pytest.approx(pixels.mean(0))
    assert images.deviation.flatten().numpy() == pytest.approx(pixels.std(0))


def test_views_of_a_video(folder: Path) -> None:
    """Three of seven frames at the start and at the end, squares at the left and at the right."""
    config = _config(folder, temporal_stride=2)
    _, val = _videos(_load(config, 3, 12, Views(temporal=2, spatial=2, resolution=16)))
    pixels = val.pixels(slice(0, 2))
    assert pixels.shape == (2, 4, 3, 3, 16, 16)
    video = torch.from_numpy(np.array(val.videos.frames(int(val.videos.places[0]))))
    for view, (first, left) in zip(pixels[0], [(0, 0), (0, 8), (4, 0), (4, 8)], strict=True):
        assert torch.equal(view.permute(1, 2, 3, 0), video[first : first + 3, :, left : left + 16])


def test_videos_are_decoded_once_for_each_size_and_stride(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = declare(_config(folder))
    decoded = video_files.read(data, str(folder), 16)
    monkeypatch.setattr("scaling.data.decoded_videos.decode_video", None)
    again = video_files.read(data, str(folder), 16)
    assert np.array_equal(again.frames(3), decoded.frames(3))
    assert again.shapes.tolist() == [[7, 16, 24]] * 12
    with pytest.raises(TypeError):
        video_files.read(replace(data, temporal_stride=1), str(folder), 16)


def test_several_processes_decode_what_one_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = declare(_config(folder))
    alone = video_files.read(data, str(folder), 8)
    whole = [alone.frames(index).tobytes() for index in range(12)]
    alone.place.rename(alone.place.with_name("alone"))
    monkeypatch.setattr("scaling.data.decoded_videos._PROCESS_FROM", 6)
    monkeypatch.setattr("scaling.data.decoded_videos.num_cores", lambda: 2)
    shared = video_files.read(data, str(folder), 8)
    assert [shared.frames(index).tobytes() for index in range(12)] == whole


def test_decoding_goes_on_where_it_was_interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = declare(_config(folder))
    whole = video_files.read(data, str(folder), 8)
    whole.place.rename(whole.place.with_name("whole"))
    seen: list[str] = []

    def decode_some(path: Path, side: int, stride: int) -> Any:
        seen.append(path.name)
        if len(seen) == 6:
            raise KeyboardInterrupt
        return decode_video(path, side, stride)

    monkeypatch.setattr("scaling.data.decoded_videos.decode_video", decode_some)
    with pytest.raises(KeyboardInterrupt):
        video_files.read(data, str(folder), 8)
    again = video_files.read(data, str(folder), 8)
    assert len(seen) == 13
    for name in ("shapes", "sums", "labels"):
        assert np.array_equal(getattr(again, name), getattr(whole, name))
    files = {path.relative_to(again.place): path.read_bytes() for path in again.place.rglob("*.npy")}
    assert files == {path: (whole.place.with_name("whole") / path).read_bytes() for path in files}
    assert len(files) == 12 + 3


def test_videos_that_find_no_room_are_refused_early(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = declare(_config(folder))
    left = 10 * 7 * 8 * 12 * 3
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr("scaling.data.decoded_videos._WEIGHED", 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=left - 1))
    with pytest.raises(DataError, match=r"^12 videos take about 2\.42e-05 GB, by the first 2 of them, and"):
        video_files.read(data, str(folder), 8)
    assert not video_files.place_of(data, 8).exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=left))
    assert len(video_files.read(data, str(folder), 8).labels) == 12


def test_what_cannot_be_decoded_is_named_and_left_out(folder: Path) -> None:
    (folder / "dark" / "4.mp4").write_bytes(b"no video")
    images = _load(_config(folder))
    train, _ = _videos(images)
    assert list(images.unreadable) == [4]
    assert str(folder / "dark" / "4.mp4") in images.unreadable[4]
    assert len(train) == 7
    assert 4 not in train.places.tolist()


def test_more_than_may_be_damaged_is_refused(folder: Path) -> None:
    for name in ("dark", "light"):
        (folder / name / "4.mp4").write_bytes(b"no video")
    with pytest.raises(DataError, match=r"^2 of 12 files of clip_folder cannot be .*=0\.05 allows 1"):
        _load(_config(folder, max_unreadable=0.05))


def test_short_videos_start_over_and_that_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        _, val = _videos(_load(_config(folder), frames=9))
    assert "12 of 12 videos of clip_folder have fewer than 9 frames" in caplog.text
    assert "at data.temporal_stride=2 (the shortest has 7)" in caplog.text
    (view,) = val.pixels(slice(0, 1))[0]
    assert torch.equal(view[:, 7:], view[:, :2])


def test_other_videos_than_declared_are_refused(folder: Path) -> None:
    config = _config(folder)
    data = declare(config)
    (folder / "dark" / "0.mp4").write_bytes((folder / "light" / "0.mp4").read_bytes())
    with pytest.raises(DataError, match="The images of clip_folder are not the declared ones"):
        load_clips(data, config.root, 16, 4, Views())


def test_a_bad_directory_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^data\.root is missing: clip_folder needs the directory"):
        declare(DataConfig(name="clip_folder", num_val=3, mirror=True))
    with pytest.raises(DataError, match="is not a directory"):
        declare(_config(tmp_path / "absent"))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match="has no videos in a, b"):
        declare(_config(tmp_path))


def test_kinetics_needs_as_many_videos_as_declared(tmp_path: Path) -> None:
    top = tmp_path / "kinetics"
    for part in ("train", "val"):
        make_folder(top / part, each=2)
    facts = replace(kinetics.FACTS, num_images=8, num_own_test=4, num_classes=2)
    found = kinetics.find(str(top), facts)
    assert (len(found.names), found.num_own_test) == (8, 4)
    with pytest.raises(DataError, match=r"has 4 training and 4 validation videos of 2 .*data=clip_folder"):
        kinetics.find(str(top))
    with pytest.raises(DataError, match="kinetics400 has no default directory"):
        kinetics.find(None)


@pytest.fixture(scope="module")
def stored() -> moving.Moving:
    return moving.read()


def test_moving_digits_are_those_that_are_declared(stored: moving.Moving) -> None:
    assert stored.fingerprint == moving.FACTS.fingerprint
    assert stored.frames.shape == (5000, 17, 32, 32, 1)
    assert np.bincount(stored.labels).tolist() == [250] * 20


def test_digits_move_as_their_class_says_and_in_the_middle_frame_nobody_knows(
    stored: moving.Moving,
) -> None:
    across = np.arange(32)
    mass = stored.frames[..., 0].sum(2).astype(float)
    middles = (mass * across).sum(-1) / mass.sum(-1)
    moved = middles[:, -4:].mean(1) - middles[:, :4].mean(1)
    goes_right = stored.labels % 2 == 1
    assert (np.sign(moved) == np.where(goes_right, 1, -1)).mean() > 0.99
    middle = middles[:, 8]
    assert abs(middle[goes_right].mean() - middle[~goes_right].mean()) < 0.1


def test_moving_digits_at_a_stride_and_a_size(stored: moving.Moving) -> None:
    train, _ = _videos(_load(replace(MOVING, temporal_stride=3), side=16))
    video = train.frames(0)
    assert video.shape == (6, 16, 16, 1)
    whole = stored.frames[0, ::3, ..., 0].reshape(6, 16, 2, 16, 2).mean((2, 4))
    assert np.abs(video[..., 0] - whole).mean() < 12


def test_labels_can_be_dealt_out_anew() -> None:
    train, _ = _videos(_load(MOVING))
    null, _ = _videos(_load(replace(MOVING, shuffled_labels=True)))
    assert torch.equal(train.places, null.places)
    assert sorted(train.labels.tolist()) == sorted(null.labels.tolist())
    assert (train.labels == null.labels).float().mean() < 0.1
