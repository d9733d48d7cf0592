"""timm's training loop, put together from the same parts as its train.py, which is not on PyPI.

Neither timm's wheel nor its source archive contains train.py, so this repeats what it does by default in one
process: timm's data set, loader with prefetcher, optimizer, schedule by updates, task, average and meters.
The augmentation is torchvision's crop and flip, for which timm has no option.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import torch
from timm.data import create_dataset, create_loader
from timm.data.transforms import ToNumpy
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.task import ClassificationTask
from timm.utils import AverageMeter, random_seed
from torch.utils.data import Subset

from benchmarks.plain_torch import augmentation, images_of, indices, network_of, tested
from benchmarks.training_case import Case
from benchmarks.training_clock import Clock, Trained
from scaling.study.point import Point
from scaling.training.device import use_precision


def train(case: Case, seed: int, device_name: str, num_workers: int, *, channels_last: bool) -> Trained:
    """Train the point of the case; test the averaged weights at the end."""
    torch.set_num_threads(1)
    device = torch.device(device_name)
    point = case.point(seed)
    use_precision(point.precision, device)
    recipe = point.recipe
    random_seed(seed)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = network_of(point).to(device, memory_format=layout)
    optimizer = create_optimizer_v2(
        model, "sgd", lr=recipe.peak_learning_rate, weight_decay=recipe.weight_decay, momentum=recipe.momentum
    )
    bf16 = partial(torch.autocast, device.type, torch.bfloat16)
    autocast = bf16 if point.precision == "bf16" else suppress
    task = ClassificationTask(
        model, criterion_kwargs={"smoothing": recipe.label_smoothing}, device=device, verbose=False
    )
    task.setup_ema(decay=recipe.ema_decay)
    loader = _loader(case, point, device, num_workers)
    scheduler, num_epochs = create_scheduler_v2(
        optimizer,
        "cosine",
        num_epochs=point.epochs,
        warmup_lr=0,
        warmup_epochs=round(point.schedule.warmup_fraction * point.epochs),
        step_on_epochs=False,
        updates_per_epoch=len(loader),
    )
    clock = Clock(len(loader), device)
    num_updates = 0
    for _ in range(num_epochs):
        task.train()
        losses = AverageMeter()
        optimizer.zero_grad()
        for images, labels in clock.over(loader):
            if channels_last:
                images = images.contiguous(memory_format=torch.channels_last)
            with autocast():
                loss = task(images, labels)["loss"]
            loss.backward()
            optimizer.step()
            losses.update(loss.item(), len(images))
            num_updates += 1
            optimizer.zero_grad()
            task.update_ema(step=num_updates)
            scheduler.step_update(num_updates, metric=losses.avg)
    average = task.get_trainable_module(ema=True).module
    return clock.trained(recipe.batch_size, tested(average, case, point, device))


def _loader(case: Case, point: Point, device: torch.device, num_workers: int) -> object:
    name, root = ("torch/fashion_mnist", case.root) if case.data == "fashion_mnist" else ("", case.root)
    dataset = create_dataset(name, root=str(root), split="train")
    images = images_of(case, point)
    loader = create_loader(
        Subset(dataset, indices(point, len(dataset))),
        input_size=(point.data.channels, case.resolution, case.resolution),
        batch_size=point.recipe.batch_size,
        is_training=True,
        mean=(images.mean.flatten() / 255).tolist(),
        std=(images.deviation.flatten() / 255).tolist(),
        num_workers=num_workers,
        pin_memory=device.type == "cuda",
        device=device,
    )
    dataset.transform = augmentation(case, point, to_tensor=ToNumpy())
    return loader
