"""Run one command: python -m helpers check | data | train | launch | by-hand | evaluate | predict | export.

Results go to stdout, progress and notices to stderr. Exit codes: 0 all went well, 1 something is wrong and a line says
what, 2 the command was typed wrong, 130 it was interrupted with Ctrl-C.

Chapters 6 to 8.
"""

import os
import sys
from collections.abc import Sequence

from helpers.base.errors import DigitsError
from helpers.base.files import reason
from helpers.cli import commands
from helpers.cli.parser import make_parser

COMMANDS = {
    "check": commands.check,
    "data": commands.data,
    "train": commands.train,
    "launch": commands.launch,
    "by-hand": commands.by_hand,
    "evaluate": commands.evaluate,
    "predict": commands.predict,
    "export": commands.export,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage and --help end in SystemExit, as argparse does it."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        if options.command is None:
            parser.print_help()
            code = 0
        else:
            code = COMMANDS[options.command](options)
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
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        _forget_stdout()
        return 1
    except OSError as error:  # stdout goes to a full disk, or MXNet lacks a library; files raise DigitsError
        print(f"error: {reason(error)}", file=sys.stderr)
        _forget_stdout()
        return 1


def _forget_stdout() -> None:
    """Send the rest of stdout nowhere: Python would complain when it flushes at exit what nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
