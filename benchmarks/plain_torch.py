"""A usual PyTorch loop: torchvision's data set and transforms, a DataLoader, and torch's own parts."""

from __future__ import annotations

import torch
from timm.layers.squeeze_excite import SEModule
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, transforms

from benchmarks.training_case import Case
from benchmarks.training_clock import Clock, Trained
from scaling.data.images import Images
from scaling.data.load import load
from scaling.data.splits import split_indices
from scaling.models.batch_norm import BatchNorm2d
from scaling.models.build import build
from scaling.models.squeeze_excite import SqueezeExcite
from scaling.study.point import Point
from scaling.training.device import use_precision
from scaling.training.evaluate import evaluate


def train(case: Case, seed: int, device_name: str, num_workers: int) -> Trained:
    """Train the point of the case; test the averaged weights at the end."""
    torch.set_num_threads(1)
    device = torch.device(device_name)
    point = case.point(seed)
    use_precision(point.precision, device)
    recipe, bf16 = point.recipe, point.precision == "bf16"
    torch.manual_seed(seed)
    loader = DataLoader(
        training_set(case, point, augmentation(case, point)),
        recipe.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=num_workers,
        pin_memory=device.type == "cuda",
        persistent_workers=num_workers > 0,
    )
    model = network_of(point).to(device)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.peak_learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    num_steps = point.epochs * len(loader)
    scheduler = LambdaLR(optimizer, lambda step: point.schedule.factor(min(step, num_steps - 1), num_steps))
    clock = Clock(len(loader), device)
    for _ in range(point.epochs):
        model.train()
        running_loss = 0.0
        for images, labels in clock.over(loader):
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            optimizer.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            scheduler.step()
            average.update_parameters(model)
            running_loss += loss.item()
    return clock.trained(recipe.batch_size, tested(average.module, case, point, device))


def network_of(point: Point) -> nn.Module:
    """Our network, with layers of torch and timm in place of our own."""
    network = build(point.network, in_channels=point.data.channels, num_classes=point.data.num_classes)
    theirs = {BatchNorm2d: nn.BatchNorm2d, SqueezeExcite: SEModule}
    for layer in network.modules():
        layer.__class__ = theirs.get(type(layer), type(layer))
    return network


def augmentation(case: Case, point: Point, *, to_tensor: object = None) -> transforms.Compose:
    """Crops of the reflected image and flips, as in ours; `to_tensor` replaces ToTensor and Normalize."""
    padding = round(point.recipe.crop_padding * case.resolution)
    crop = transforms.RandomCrop(case.resolution, padding=padding, padding_mode="reflect")
    end = [to_tensor] if to_tensor else [transforms.ToTensor(), _normalise(images_of(case, point))]
    return transforms.Compose([crop, transforms.RandomHorizontalFlip(), *end])


def training_set(case: Case, point: Point, transform: transforms.Compose) -> Dataset[tuple[Tensor, int]]:
    """The training images of the point, as a torchvision data set."""
    if case.data == "fashion_mnist":
        pool: datasets.VisionDataset = datasets.FashionMNIST(case.root, train=True, transform=transform)
    else:
        pool = datasets.ImageFolder(case.root / "train", transform=transform)
    return Subset(pool, indices(point, len(pool)))


def indices(point: Point, num_pool: int) -> list[int]:
    """Indices, among the images not held out for testing, of those that the point trains on."""
    data = point.data
    train, _, _ = split_indices(
        num_pool + data.num_test,
        num_own_test=data.num_test,
        num_test=data.num_test,
        num_val=data.num_val,
        split_seed=data.split_seed,
    )
    return train[: data.num_train]


def images_of(case: Case, point: Point) -> Images:
    """The images as our loop loads them, for the statistics and the test."""
    return load(point.data, str(case.root) if case.data == "image_folder" else None, point.resolution)


def tested(model: nn.Module, case: Case, point: Point, device: torch.device) -> float:
    """Top-1 on the test images, in percent, evaluated as ours; not timed."""
    images = images_of(case, point).to(device)
    bf16 = point.precision == "bf16"
    _, top1 = evaluate(model, images, images.test, batch_size=case.batch_size, bf16=bf16)
    return top1


def _normalise(images: Images) -> transforms.Normalize:
    return transforms.Normalize(
        (images.mean.flatten() / 255).tolist(), (images.deviation.flatten() / 255).tolist()
    )
