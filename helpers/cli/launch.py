"""What `python -m helpers launch` does before and after the processes run: check, announce, point to --resume.

Chapter 8.
"""

import sys
from argparse import Namespace
from pathlib import Path

from helpers.base.errors import DigitsError
from helpers.base.files import check_writable, checkpoint_beside
from helpers.cli.parser import make_parser
from helpers.distributed.launcher import announcement, launch
from helpers.distributed.nodes import plan, read_hostfile

EXAMPLE = "launch -n 2 -s 1 -- train lenet --epochs 3"


def launch_training(options: Namespace) -> None:
    """Train with the processes that `options` of the command `launch` ask for, until all have ended well.

    Raises DigitsError for what cannot work, before any process is started, and when one fails.
    """
    arguments = _arguments(options)
    training = _parsed(arguments)
    hosts = read_hostfile(options.hostfile) if options.hostfile else None
    nodes = plan(options.workers, options.servers, hosts, options.port)
    out = training.out or Path(f"{training.network}.params")
    if not hosts:
        check_writable(out)
        if training.source == "auto":  # decided, and downloaded, once for all workers
            from helpers.data.load import load_mnist

            arguments += ["--source", load_mnist("auto").source]
    print(announcement(nodes), file=sys.stderr)
    try:
        launch(nodes, arguments, options.start_seconds, options.ssh)
    except DigitsError as error:
        if checkpoint_beside(out).exists() and not training.resume:
            raise DigitsError(f"{error}; with --resume at its end the same command goes on") from error
        raise


def _arguments(options: Namespace) -> list[str]:
    """The words after --, which each worker runs, with --json where `launch` itself has it."""
    arguments = list(options.training)
    if arguments[:1] == ["--"]:
        del arguments[0]
    if arguments[:1] != ["train"]:
        found = f'"{arguments[0]}"' if arguments else "nothing"
        raise DigitsError(f"expected train after --, got {found}: write it as in {EXAMPLE}")
    if options.json:
        arguments.append("--json")
    return arguments


def _parsed(arguments: list[str]) -> Namespace:
    """The options of the training; wrong usage ends in SystemExit, as argparse does it."""
    training = make_parser().parse_args(arguments)
    if training.kvstore == "local":
        found = "local, which leaves each worker alone"
        raise DigitsError(f"expected --kvstore dist_sync or dist_async, got {found}: choose one of them")
    return training
