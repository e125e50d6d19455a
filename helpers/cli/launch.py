"""What `python -m helpers launch` does before and after the processes run: check, announce, point to --resume."""

import sys
from argparse import Namespace
from pathlib import Path

from helpers.base.errors import DigitsError
from helpers.base.files import check_writable, checkpoint_beside
from helpers.distributed.launcher import announcement, launch
from helpers.distributed.nodes import plan, read_hostfile

WANTED = "give the training after --, for example: launch -n 2 -s 1 -- train lenet --epochs 3"


def run(options: Namespace) -> None:
    """Raises DigitsError for what cannot work, before any process is started, and when one fails."""
    arguments, training = _training(options)
    hosts = read_hostfile(options.hostfile) if options.hostfile else None
    nodes = plan(options.workers, options.servers, hosts, options.port)
    out = training.out or Path(f"{training.network}.params")
    if not hosts:
        check_writable(out)
        if training.source == "auto":  # decided, and downloaded, once for all
            from helpers.data.load import load_mnist

            arguments += ["--source", load_mnist("auto").source]
    print(announcement(nodes), file=sys.stderr)
    try:
        launch(nodes, arguments, options.start_seconds, options.ssh)
    except DigitsError as error:
        if checkpoint_beside(out).exists() and not training.resume:
            raise DigitsError(f"{error}; with --resume at its end the same command goes on") from error
        raise


def _training(options: Namespace) -> tuple[list[str], Namespace]:
    """The command after -- as words and parsed; wrong usage ends in SystemExit, as argparse does it."""
    from helpers.cli.parser import make_parser

    arguments = options.command[1:] if options.command[:1] == ["--"] else list(options.command)
    if arguments[:1] != ["train"]:
        found = f'launch starts `train`, not "{arguments[0]}"' if arguments else "nothing to launch"
        raise DigitsError(f"{found}: {WANTED}")
    if options.json:
        arguments.append("--json")
    training = make_parser().parse_args(arguments)
    if training.kvstore == "local":
        raise DigitsError("--kvstore local leaves each worker alone: choose dist_sync or dist_async")
    return arguments, training
