"""The command line: python -m helpers check | data | train | launch | by-hand | evaluate | predict | export.

Results go to stdout, progress and notices to stderr. Exit codes: 0 fine, 1 something is wrong and a line says what,
2 wrong usage, 130 interrupted with Ctrl-C.
"""

import argparse
import math
from pathlib import Path

from helpers.cli import commands

NETWORKS = ("mlp", "lenet", "dropout-cnn")

MODEL = "mlp, lenet, dropout-cnn, canvas (they come trained; canvas reads drawings best) or a .params file"


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
        command.set_defaults(run=getattr(commands, name.replace("-", "_")))
        command.add_argument("--json", action="store_true", help="print one JSON document instead of text")
        return command

    def add_source(command: argparse._ActionsContainer) -> None:
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
    command.add_argument("--seed", type=seed, metavar="N", help="same seed, same result (default: 0)")
    command.add_argument("--device", choices=("cpu", "gpu", "auto"), default="auto", help="default: auto, a GPU if any")
    command.add_argument("--out", type=Path, metavar="FILE", help="where to save (default: NETWORK.params, here)")
    about = "go on where a training to the same --out broke off, with its settings"
    command.add_argument("--resume", action="store_true", help=about)
    about = "how workers share what they learn (default: dist_sync in a launch, else local)"
    command.add_argument("--kvstore", choices=("local", "dist_sync", "dist_async"), help=about)
    add_source(command)

    command = add(
        "launch",
        "Train with several processes and MXNet's parameter server, here or by ssh on other hosts",
        "-n 2 -s 1 -- train lenet --epochs 3",
    )
    command.add_argument("-n", "--workers", type=count, required=True, metavar="N", help="processes that train")
    command.add_argument("-s", "--servers", type=count, default=1, metavar="N", help="that add up (default: 1)")
    about = "one host per line; each has this project at the same path (default: all on this machine)"
    command.add_argument("-H", "--hostfile", type=Path, metavar="FILE", help=about)
    about = "the first of the ports, one for each process (default: any free ones; with a hostfile from 9091 on)"
    command.add_argument("--port", type=port, metavar="N", help=about)
    about = "how long the processes may take to find each other (default: 60)"
    command.add_argument("--start-seconds", type=count, default=60, metavar="N", help=about)
    command.add_argument("--ssh", default="ssh", metavar="COMMAND", help='such as "ssh -p 2222 -i key" (default: ssh)')
    command.add_argument("command", nargs=argparse.REMAINDER, metavar="-- train ...", help="what each worker runs")

    command = add("by-hand", "Train a network of chapter 6, without Symbol, Module or autograd", "cnn --devices 2")
    command.add_argument("network", choices=("mlp", "cnn"))
    command.add_argument("--epochs", type=count, metavar="N", help="passes over the data (default: 10 or 6)")
    command.add_argument("--batch-size", type=count, default=256, metavar="N", help="images per step (default: 256)")
    command.add_argument("--lr", type=rate, metavar="RATE", help="learning rate (default: 0.5 or 0.05)")
    about = "standard deviation of the first weights (default: sqrt(2 / inputs) of each layer)"
    command.add_argument("--scale", type=rate, metavar="S", help=about)
    command.add_argument("--devices", type=count, default=1, metavar="N", help="CPU contexts that share each batch")
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="same seed, same result (default: 0)")
    data = command.add_mutually_exclusive_group()
    data.add_argument("--mat", type=Path, metavar="FILE", help="train on a MATLAB file like mnist_all.mat")
    add_source(data)

    command = add("evaluate", "Measure a network on the test images", "lenet --source mnist")
    command.add_argument("model", metavar="MODEL", help=MODEL)
    add_source(command)

    command = add("predict", "Read the digit in each picture", "photo.jpg drawing.png --model lenet")
    about = "PNG or JPEG, of any size and colours, of one digit alone, on a plain background, without a frame"
    command.add_argument("images", nargs="+", metavar="IMAGE", help=about)
    command.add_argument("--model", default="dropout-cnn", help=f"{MODEL} (default: dropout-cnn)")

    command = add("export", "Write a network as an ONNX file, which runs without MXNet", "lenet --to lenet.onnx")
    command.add_argument("model", metavar="MODEL", help=MODEL)
    command.add_argument("--to", type=Path, required=True, metavar="FILE", help="where to write; it ends in .onnx")
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


def port(text: str) -> int:
    """A port that needs no privileges."""
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f'"{text}" was given, a whole number from 1024 to 65535 is wanted')
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
