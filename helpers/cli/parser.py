"""The options of each command of `python -m helpers`: what may be typed, and what `--help` says about it.

It only gives the name of the command, as the option `command`; helpers.cli.main runs it. So anyone who wants to know
whether a command is typed right can ask this module, and nothing is run or loaded.

Chapters 7 to 9; an exercise of chapter 8 asks for the words of a command.
"""

import argparse
import math
from pathlib import Path

# The keys of helpers.networks.NETWORKS, written a second time: importing them would import MXNet, which takes a second
# and may be missing where `--help` and `check` have to work. A test holds the two to be the same.
NETWORK_NAMES = ("mlp", "lenet", "dropout-cnn")

MODEL = f"{', '.join(NETWORK_NAMES)}, canvas (they come trained; canvas reads drawings best) or a .params file"


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line. Of what it parses, `command` is the command's name, or None without one."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers",
        description="Handwritten digits with MXNet: check the installation, train networks, read digits.",
        epilog="Each command explains itself: python -m helpers train --help",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    _add_check(commands)
    _add_data(commands)
    _add_train(commands)
    _add_launch(commands)
    _add_by_hand(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    _add_export(commands)
    return parser


def _add_check(commands: argparse._SubParsersAction) -> None:
    _add_command(commands, "check", "Show Python, packages, devices and data, and what is wrong with them", "--json")


def _add_data(commands: argparse._SubParsersAction) -> None:
    about = "Load the digits and show where they lie and how many they are"
    command = _add_command(commands, "data", about, "--source mnist")
    _add_source(command)


def _add_train(commands: argparse._SubParsersAction) -> None:
    about = "Train a network and save its best epoch"
    command = _add_command(commands, "train", about, "lenet --epochs 3 --out my-lenet.params")
    command.add_argument("network", choices=NETWORK_NAMES)
    command.add_argument("--epochs", type=count, metavar="N", help="passes over the data (default: 10 or 15)")
    command.add_argument("--batch-size", type=count, metavar="N", help="images per step (default: 100)")
    command.add_argument("--lr", type=rate, metavar="RATE", help="learning rate (default: the network's own)")
    command.add_argument("--seed", type=seed, metavar="N", help="same seed, same result (default: 0)")
    command.add_argument("--device", choices=("cpu", "gpu", "auto"), default="auto", help="default: auto, a GPU if any")
    about = "CPU contexts that share each batch (default: a core each, at most 4)"
    command.add_argument("--devices", type=count, metavar="N", help=about)
    command.add_argument("--out", type=Path, metavar="FILE", help="where to save (default: NETWORK.params, here)")
    about = "go on where a training to the same --out broke off, with its settings"
    command.add_argument("--resume", action="store_true", help=about)
    about = "how workers share what they learn (default: dist_sync in a launch, else local)"
    command.add_argument("--kvstore", choices=("local", "dist_sync", "dist_async"), help=about)
    _add_source(command)


def _add_launch(commands: argparse._SubParsersAction) -> None:
    about = "Train with several processes and MXNet's parameter server, here or by ssh on other hosts"
    command = _add_command(commands, "launch", about, "-n 2 -s 1 -- train lenet --epochs 3")
    command.add_argument("-n", "--workers", type=count, required=True, metavar="N", help="processes that train")
    command.add_argument("-s", "--servers", type=count, default=1, metavar="N", help="that add up (default: 1)")
    about = "one host per line; each has this project at the same path (default: all on this machine)"
    command.add_argument("-H", "--hostfile", type=Path, metavar="FILE", help=about)
    about = "with a hostfile, the first of the ports, one for each process (default: 9091)"
    command.add_argument("--port", type=port, metavar="N", help=about)
    about = "how long the processes may take to find each other (default: 60)"
    command.add_argument("--start-seconds", type=start_seconds, default=60, metavar="N", help=about)
    command.add_argument("--ssh", default="ssh", metavar="COMMAND", help='such as "ssh -p 2222 -i key" (default: ssh)')
    about = "what each worker runs"
    command.add_argument("training", nargs=argparse.REMAINDER, metavar="-- train ...", help=about)


def _add_by_hand(commands: argparse._SubParsersAction) -> None:
    about = "Train a network of chapter 7, without Symbol, Module or autograd"
    command = _add_command(commands, "by-hand", about, "cnn --devices 2")
    command.add_argument("network", choices=("mlp", "cnn"))
    command.add_argument("--epochs", type=count, metavar="N", help="passes over the data (default: 10 or 6)")
    command.add_argument("--batch-size", type=count, default=256, metavar="N", help="images per step (default: 256)")
    command.add_argument("--lr", type=rate, metavar="RATE", help="learning rate (default: 0.5 or 0.05)")
    about = "standard deviation of the first weights (default: sqrt(2 / inputs) of each layer)"
    command.add_argument("--scale", type=rate, metavar="S", help=about)
    command.add_argument("--devices", type=count, default=1, metavar="N", help="contexts that share each batch")
    command.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="what they are (default: cpu)")
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="same seed, same result (default: 0)")
    data = command.add_mutually_exclusive_group()
    data.add_argument("--mat", type=Path, metavar="FILE", help="train on a MATLAB file like mnist_all.mat")
    _add_source(data)


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    command = _add_command(commands, "evaluate", "Measure a network on the test images", "lenet --source mnist")
    command.add_argument("model", metavar="MODEL", help=MODEL)
    _add_source(command)


def _add_predict(commands: argparse._SubParsersAction) -> None:
    about = "Read the digit in each picture"
    command = _add_command(commands, "predict", about, "photo.jpg drawing.png --model lenet")
    about = "PNG, JPEG, WebP or TIFF, of any size and colours, of one digit, drawn or photographed on paper"
    command.add_argument("images", nargs="+", metavar="IMAGE", help=about)
    command.add_argument("--all", action="store_true", help="read every digit of a picture, from left to right")
    command.add_argument("--model", default="dropout-cnn", help=f"{MODEL} (default: dropout-cnn)")


def _add_export(commands: argparse._SubParsersAction) -> None:
    about = "Write a network as an ONNX file, which runs without MXNet"
    command = _add_command(commands, "export", about, "lenet --to lenet.onnx")
    command.add_argument("model", metavar="MODEL", help=MODEL)
    command.add_argument("--to", type=Path, required=True, metavar="FILE", help="where to write; it ends in .onnx")


def _add_command(commands: argparse._SubParsersAction, name: str, about: str, example: str) -> argparse.ArgumentParser:
    """A command with the option that all have. about: a sentence without its full stop; example: the words after it."""
    command = commands.add_parser(
        name, help=about, description=f"{about}.", epilog=f"example: python -m helpers {name} {example}"
    )
    command.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return command


def _add_source(command: argparse._ActionsContainer) -> None:
    about = "MNIST, scikit-learn's digits, or MNIST if it can be had (default: auto, or DIGITS_SOURCE)"
    command.add_argument("--source", choices=("mnist", "digits", "auto"), default="auto", help=about)


def count(text: str) -> int:
    """The type of an option that counts something: a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number of at least 1, got "{text}": give one such as 3')
    return int(text)


def seed(text: str) -> int:
    """The type of an option that takes a seed of `helpers.training.train`."""
    return _whole_number(text, 0, 2**31 - 1, example=1)


def port(text: str) -> int:
    """The type of an option that takes a port which needs no privileges."""
    return _whole_number(text, 1024, 65535, example=9091)


def start_seconds(text: str) -> int:
    """The type of an option that takes seconds to wait, up to a day."""
    return _whole_number(text, 1, 24 * 60 * 60, example=120)


def rate(text: str) -> float:
    """The type of an option that takes a finite number above 0, such as a learning rate."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'expected a number above 0, got "{text}": give one such as 0.1')
    return value


def _whole_number(text: str, lowest: int, highest: int, example: int) -> int:
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        expected = f"expected a whole number from {lowest} to {highest}"
        raise argparse.ArgumentTypeError(f'{expected}, got "{text}": give one such as {example}')
    return int(text)
