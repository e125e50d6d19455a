"""The command line: python -m helpers check | data | train | evaluate | predict.

Results go to stdout, progress and notices to stderr. Exit codes: 0 fine, 1 something is wrong and a line says what,
2 wrong usage, 130 interrupted with Ctrl-C.
"""

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers import commands
from helpers.errors import DigitsError
from helpers.files import reason

NETWORKS = ("mlp", "lenet", "dropout-cnn")
MODEL = "mlp, lenet, dropout-cnn (they come trained) or a .params file"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage and --help end in SystemExit, as argparse does it."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except DigitsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: the package {error.name} is missing: see python -m helpers check", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` perhaps, has what it wanted
        _forget_stdout()
        return 1
    except OSError as error:  # stdout goes to a full disk, or MXNet lacks a library; files raise DigitsError
        print(f"error: {reason(error)}", file=sys.stderr)
        _forget_stdout()
        return 1


def _forget_stdout() -> None:
    """Let what stdout does not take go nowhere, or Python complains when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers",
        description="Handwritten digits with MXNet: check the installation, train networks, read digits.",
        epilog="Each command explains itself: python -m helpers train --help",
    )
    parser.set_defaults(run=lambda options: parser.print_help() or 0)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, description: str, example: str) -> argparse.ArgumentParser:
        command = subparsers.add_parser(
            name, help=description, description=f"{description}.", epilog=f"example: python -m helpers {name} {example}"
        )
        command.set_defaults(run=getattr(commands, name))
        command.add_argument("--json", action="store_true", help="print one JSON document instead of text")
        return command

    def add_source(command: argparse.ArgumentParser) -> None:
        about = "MNIST, scikit-learn's digits, or MNIST if it can be had (default: auto, or DIGITS_SOURCE)"
        command.add_argument("--source", choices=("mnist", "digits", "auto"), default="auto", help=about)

    add("check", "Show Python, packages, devices and data, and what is wrong with them", "--json")

    command = add("data", "Load the digits and show where they lie and how many they are", "--source mnist")
    add_source(command)

    command = add("train", "Train a network and save its best epoch", "lenet --epochs 3 --out my-lenet.params")
    command.add_argument("network", choices=NETWORKS)
    command.add_argument("--epochs", type=count, metavar="N", help="passes over the data (default: 10 or 15)")
    command.add_argument("--batch-size", type=count, metavar="N", help="images per step (default: 100)")
    command.add_argument("--lr", type=rate, metavar="RATE", help="learning rate (default: the network's own)")
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="same seed, same result (default: 0)")
    command.add_argument("--device", choices=("cpu", "gpu", "auto"), default="auto", help="default: auto, a GPU if any")
    command.add_argument("--out", type=Path, metavar="FILE", help="where to save (default: NETWORK.params, here)")
    add_source(command)

    command = add("evaluate", "Measure a network on the test images", "lenet --source mnist")
    command.add_argument("model", metavar="MODEL", help=MODEL)
    add_source(command)

    command = add("predict", "Read the digit in each picture", "photo.jpg drawing.png --model lenet")
    about = "PNG or JPEG, of any size and colours, of one digit alone, on a plain background, without a frame"
    command.add_argument("images", nargs="+", metavar="IMAGE", help=about)
    command.add_argument("--model", default="dropout-cnn", help=f"{MODEL} (default: dropout-cnn)")
    return parser


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" was given, a whole number of at least 1 is wanted')
    return int(text)


def seed(text: str) -> int:
    """A seed that `helpers.training.train` takes."""
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f'"{text}" was given, a whole number from 0 to {2**31 - 1} is wanted')
    return int(text)


def rate(text: str) -> float:
    """A learning rate above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" was given, a number above 0 is wanted, for example 0.1')
    return value


if __name__ == "__main__":
    sys.exit(main())
