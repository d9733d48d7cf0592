"""The command: python -m scaling cost|profile|compare|devices."""

from __future__ import annotations

import scaling.door  # noqa: F401  before the others, which take a second

# isort: split
import sys
from collections.abc import Sequence

from scaling.command.compare import compare
from scaling.command.cost import cost
from scaling.command.devices import devices
from scaling.command.ended import ended
from scaling.command.line import Parser
from scaling.command.profile import profile
from scaling.errors import Refused

_NETWORKS = (
    "the networks: model=resnet_rs depth=50,101 width=1 resolution=160 (commas make a grid), or a network "
    "of the paper, such as resnet_rs_350@256 or efficientnet_b4"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code, as `ended` says."""
    words = sys.argv[1:] if arguments is None else list(arguments)

    def run() -> None:
        options, others = _parser().parse_known_args(words)
        if flags := [word for word in others if word.startswith("-") or "words" not in options]:
            raise Refused(f"{flags[0]} is not an option (see python -m scaling --help).")
        if others:  # words may follow flags
            options.words += others
        options.run(options)

    return ended("scaling", words, run)


def _parser() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print it as JSON")
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    parser = Parser(prog="python -m scaling", description="The cost of networks, in numbers and in time.")
    commands = parser.add_subparsers(required=True, metavar="cost|profile|compare|devices")
    costs = commands.add_parser("cost", parents=[shared], help="parameters, FLOPs, activations, memory")
    costs.add_argument("words", nargs="+", metavar="KEY=VALUE", help=_NETWORKS)
    costs.add_argument("--layers", action="store_true", help="layer by layer")
    costs.set_defaults(run=lambda asked: cost(asked.words, layers=asked.layers, as_json=asked.json))
    profiles = commands.add_parser("profile", parents=[shared], help="measured latency, throughput, memory")
    profiles.add_argument("words", nargs="+", metavar="KEY=VALUE", help=f"a study directory, or {_NETWORKS}")
    profiles.add_argument("--again", action="store_true", help="measure again what was measured before")
    profiles.set_defaults(run=lambda asked: profile(asked.words, again=asked.again, as_json=asked.json))
    compares = commands.add_parser("compare", parents=[shared], help="our numbers against the paper's")
    compares.set_defaults(run=lambda asked: compare(as_json=asked.json))
    specifications = commands.add_parser("devices", parents=[shared], help="the devices and their sources")
    specifications.set_defaults(run=lambda asked: devices(as_json=asked.json))
    return parser


if __name__ == "__main__":
    sys.exit(main())
