"""Axes from Hydra: overrides, the parameters of a study file, and blocks become axes of plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Override, QuotedString
from omegaconf import DictConfig, OmegaConf

from scaling.errors import Refused
from scaling.study.axis import Axis, axis, is_log, zipped

Parse = Callable[[list[str]], Sequence[Override]]
"""Hydra's parser for lines of overrides."""

ZIP = "zip"
"""Key of the axes that vary together."""


def axes_of(config: DictConfig, overrides: Sequence[Override], parse: Parse) -> list[Axis]:
    """The axes of the config, each replaced by the values that the command line gives it.

    A `zip` of the command line replaces that of the config; settings in a zip are not separate axes.
    """
    params = config.hydra.sweeper.params
    if not OmegaConf.is_dict(params):
        raise Refused(f"hydra.sweeper.params={params} should name axes, such as {{depth: '8,14'}}.")
    values = {each.key_or_group: values_of(each) for each in parse(_lines(params))}
    for override in overrides:
        if override.key_or_group in values or is_axis(override):
            values[override.key_or_group] = values_of(override)
    coupled = values.pop(ZIP, _plain(config.get(ZIP)))
    axes = [axis(name, each) for name, each in values.items()]
    return _with_zip(axes, coupled, {each.key_or_group for each in overrides})


def blocks_of(config: DictConfig, parse: Parse) -> list[list[Axis]]:
    """The axes of each block; empty if the config has no blocks."""
    blocks = _plain(config.get("blocks"))
    if blocks is None:
        return []
    if not isinstance(blocks, list) or not blocks or not all(isinstance(each, dict) for each in blocks):
        raise Refused(f"blocks={blocks} should be a list of grids, such as [{{depth:[8,14]}},{{depth:20}}].")
    return [_block(block, parse) for block in blocks]


def combined(shared: Sequence[Axis], block: Sequence[Axis], named: Collection[str]) -> list[Axis]:
    """The shared axes and those of a block. Raises Refused if a setting occurs twice, or also on the line."""
    own = Counter(name for each in block for name in each.names)
    beside = {*named, *(name for each in shared for name in each.names)}
    for name, count in own.items():
        if count > 1:
            raise Refused(f"{name} is set twice in a block: leave one of them out.")
        if name in beside:
            raise Refused(f"{name} is set by the study's blocks and outside them: change blocks instead.")
    return [*shared, *block]


def logs_of(config: DictConfig, above: str = "") -> Iterator[str]:
    """Dotted names of the settings whose values are log-spaced."""
    for key, value in config.items_ex(resolve=False):
        name = f"{above}{key!s}"
        if is_log(value):
            yield name
        elif OmegaConf.is_dict(value):
            yield from logs_of(value, f"{name}.")


def is_axis(override: Override) -> bool:
    """Whether the override has several values: with commas, as a range, or log-spaced."""
    return override.is_sweep_override() or is_log(override.value())


def values_of(override: Override) -> list[Any]:
    """The values of an override as plain Python objects; a single value gives a list of one."""
    if not override.is_sweep_override():
        return [_unquoted(override.value())]
    if not override.is_discrete_sweep():
        raise Refused(
            f"{override.input_line} names no values: list them with commas, or use range(start,stop,step)."
        )
    values = [_unquoted(element) for element in override.sweep_iterator()]
    if not values:
        raise Refused(f"{override.input_line} names no values at all.")
    return values


def _with_zip(axes: list[Axis], coupled: Any, named: set[str]) -> list[Axis]:
    """The axes with the zip, which replaces axes of the config; Refused if the line sets one of them too."""
    values = coupled[0] if isinstance(coupled, list) and len(coupled) == 1 else coupled
    if values is None:
        return axes
    one = zipped(values)
    for name in one.names:
        if name in named:
            raise Refused(f"{name} is set by zip and outside it: leave one of them out.")
    return [each for each in axes if each.names[0] not in one.names] + [one]


def _block(block: Mapping[Any, Any], parse: Parse) -> list[Axis]:
    axes = []
    for key, value in block.items():
        name = str(key)
        if name == ZIP:
            axes.append(zipped(value))
        elif isinstance(value, str):
            (override,) = parse([f"{name}={value}"])
            axes.append(axis(name, values_of(override)))
        else:
            axes.append(axis(name, value if isinstance(value, list) else [value]))
    return axes


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _unquoted(value: Any) -> Any:
    return value.text if isinstance(value, QuotedString) else value


def _lines(params: Mapping[Any, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in params.items()]
