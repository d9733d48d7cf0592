"""The processor, as Linux tells of some; and the arithmetic that it lacks is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from launchers.site import check_here
from scaling import processor
from scaling.errors import Refused
from scaling.training.device import use_device, use_precision
from scaling.training.runtime import Runtime

EPYC = """vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC 9554
flags\t\t: fpu avx2 avx512f avx512_bf16
"""
CORE = """cpu family\t: 6
model\t\t: 158
model name\t: Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz
flags\t\t: fpu avx2
"""
GRAVITON = "CPU implementer\t: 0x41\nFeatures\t: fp asimd sve i8mm bf16\n"


def _told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(processor, "told", partial(processor.told, tmp_path / "cpuinfo"))


@pytest.mark.parametrize(
    ("text", "name", "generation", "lacks"),
    [
        (EPYC, "AMD EPYC 9554", "family 25 model 17", False),
        (CORE, "Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz", "family 6 model 158", True),
        (GRAVITON, None, "", False),
        ("", None, "", False),
    ],
)
def test_what_linux_says(
    text: str,
    name: str | None,
    generation: str,
    lacks: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _told(text, tmp_path, monkeypatch)
    monkeypatch.setattr("platform.processor", lambda: "")
    assert (processor.name(), processor.generation(), processor.lacks_bf16()) == (name, generation, lacks)


def test_other_systems_say_nothing(tmp_path: Path) -> None:
    assert processor.told(tmp_path / "none") == ""


def test_arithmetic_that_would_be_emulated_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _told(CORE, tmp_path, monkeypatch)
    cpu = use_device("cpu", num_threads=1)
    check_here(Runtime(), ["fp32"])
    use_precision("fp32", cpu)
    sentence = r"^precision=bf16 is not supported by Intel\(R\) Core.* use precision=fp32\.$"
    with pytest.raises(Refused, match=sentence):
        check_here(Runtime(), ["bf16", "fp32"])
    with pytest.raises(Refused, match=sentence):
        use_precision("bf16", cpu)
