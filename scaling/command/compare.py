"""`python -m scaling compare`: our costs and predicted times compared with those printed in the paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from scaling.command.output import print_json, print_table
from scaling.published import comparison
from scaling.published.comparison import HELD_OUT, Compared, Speed
from scaling.published.resnet_rs import table7


def compare(*, as_json: bool) -> None:
    """Print the comparison of costs, memory and speed."""
    rows = table7()
    costs = comparison.params(rows), comparison.flops(rows)
    grid, plotted = comparison.grid_flops(), comparison.grid_flops(plotted=True)
    memory = comparison.memory(rows, fused=False), comparison.memory(rows, fused=True)
    speeds = [
        (
            comparison.speed(rows, device, precision, 1.0),
            comparison.speed(rows, device, precision, comparison.calibrated(rows, device, precision)),
        )
        for device, precision in comparison.MEASURED
    ]
    if as_json:
        parts = {"params_m": costs[0], "flops_b": costs[1], "grid_flops": grid}
        parts["grid_flops_plotted"] = plotted
        parts |= {"memory_gb": memory[0], "memory_gb_fused": memory[1]}
        value = {name: [_json(each) for each in compared] for name, compared in parts.items()}
        print_json(value | {"speed": [_speed_json(speed) for both in speeds for speed in both]})
        return
    _print_costs(*costs)
    _print_grid(grid, plotted)
    _print_memory(*memory)
    for specified, calibrated in speeds:
        _print_speedups(specified, calibrated)
    _print_ten(speeds)
    _print_latencies(*(specified for specified, _ in speeds))


def _print_costs(params: Sequence[Compared], flops: Sequence[Compared]) -> None:
    rows = [
        (
            size.name,
            f"{size.published:g}",
            f"{size.ours:.2f}",
            f"{work.published:g}",
            f"{work.ours:.2f}",
            _percent(work),
        )
        for size, work in zip(params, flops, strict=True)
    ]
    head = ("network", "params (M), printed", "ours", "FLOPs (B), printed", "ours", "error")
    print_table("Parameters and FLOPs of Table 7", head, rows)


def _print_grid(computed: Sequence[Compared], plotted: Sequence[Compared]) -> None:
    rows = []
    for against, cells in (("computed by others", computed), ("read off the figure", plotted)):
        worst = max(cells, key=lambda cell: abs(cell.error))
        middle = median(abs(cell.error) for cell in cells)
        within = sum(abs(cell.error) <= 0.01 for cell in cells)
        rows.append(
            (against, str(len(cells)), f"{middle:.2%}", str(within), f"{worst.error:+.2%}", worst.name)
        )
    print_table(
        "FLOPs of the paper's grid (Figure 2), max-pool kept in the stem",
        ("against", "networks", "median error", "within 1 %", "largest error", "of"),
        rows,
    )


def _print_memory(eager: Sequence[Compared], fused: Sequence[Compared]) -> None:
    rows = [
        (kept.name, f"{kept.published:g}", f"{kept.ours:.1f}", f"{anew.ours:.1f}", _percent(anew))
        for kept, anew in zip(eager, fused, strict=True)
    ]
    head = ("network", "printed (GB)", "ours, PyTorch", "ours, norms recomputed", "error")
    print_table("Memory of a training step, 32 images, bf16 (Table 3)", head, rows)


def _print_speedups(specified: Speed, calibrated: Speed) -> None:
    rows = [
        (
            bare.name,
            f"{bare.published:.2f}",
            f"{bare.ours:.2f}",
            _percent(bare),
            f"{fitted.ours:.2f}",
            _percent(fitted),
        )
        for bare, fitted in zip(specified.speedups, calibrated.speedups, strict=True)
    ]
    head = ("speed-up", "published", "specifications alone", "error", "depthwise calibrated", "error")
    print_table(
        f"Speed-up at equal accuracy on {specified.device}",
        head,
        rows,
        f"Median error {specified.median_error:.0%} from specifications alone; {calibrated.median_error:.0%} "
        f"with depthwise convolutions at {calibrated.depthwise_efficiency:.0%} of the roofline, calibrated "
        f"on the {len(specified.latencies) - len(HELD_OUT)} networks that are in no pair. Rank correlation "
        f"from specifications alone: {specified.rank_correlation:.3f} over {len(specified.latencies)} "
        f"networks; over the {len(HELD_OUT)} in the pairs {specified.rank_correlation_held_out:.3f}, "
        f"calibrated {calibrated.rank_correlation_held_out:.3f}.",
    )


def _print_ten(speeds: Sequence[tuple[Speed, Speed]]) -> None:
    """Print the median error over all speed-ups of both devices."""
    errors = [
        median(abs(each.error) for speed in both for each in speed.speedups)
        for both in zip(*speeds, strict=True)
    ]
    print_table(
        "All speed-ups together",
        ("speed-ups", "median error, specifications alone", "depthwise calibrated"),
        [(str(sum(len(speed.speedups) for speed, _ in speeds)), *(f"{error:.0%}" for error in errors))],
    )


def _print_latencies(*speeds: Speed) -> None:
    head = ["network"]
    for speed in speeds:
        head += [f"{speed.device} printed (s)", "specified (s)", "ratio"]
    rows = []
    for across in zip(*(speed.latencies for speed in speeds), strict=True):
        row = [across[0].name]
        for each in across:
            row += [f"{each.published:g}", f"{each.ours:.2f}", f"{each.published / each.ours:.2f}"]
        rows.append(row)
    print_table(
        "Training step for 1,024 images: published, and on one device from its specifications alone",
        head,
        rows,
        "What the paper timed is not certain, so only the spread of the ratios is informative. On V100 the "
        "printed times are shorter than one card needs for a training step in fp32 at its peak: they were "
        "taken on several cards, forward only, or in lower precision.",
    )


def _percent(compared: Compared) -> str:
    return f"{compared.error:+.1%}"


def _json(compared: Compared) -> dict[str, Any]:
    return {
        "name": compared.name,
        "published": compared.published,
        "ours": compared.ours,
        "error": compared.error,
    }


def _speed_json(speed: Speed) -> dict[str, Any]:
    def listed(compared: Iterable[Compared]) -> list[dict[str, Any]]:
        return [_json(each) for each in compared]

    return {
        "device": speed.device,
        "depthwise_efficiency": speed.depthwise_efficiency,
        "rank_correlation": speed.rank_correlation,
        "rank_correlation_held_out": speed.rank_correlation_held_out,
        "median_speedup_error": speed.median_error,
        "speedups": listed(speed.speedups),
        "latencies_s": listed(speed.latencies),
    }
