"""Run one command: python -m helpers check | data | train | launch | by-hand | evaluate | predict | export.

Results go to stdout, progress and notices to stderr. Exit codes: 0 all went well, 1 something is wrong and a line says
what, 2 the command was typed wrong, 130 it was interrupted with Ctrl-C. Other signals end it as they end any program.

Chapters 7 to 9.
"""

import sys
from collections.abc import Sequence

from helpers.base.errors import DigitsError, printable
from helpers.base.files import reason
from helpers.cli import commands
from helpers.cli.ending import ending_in_order
from helpers.cli.parser import make_parser
from helpers.cli.streams import forget, standard_streams

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
    try:
        with standard_streams():
            return _main(arguments)
    except DigitsError as error:  # stdout is closed
        print(f"error: {error}", file=sys.stderr)
        return 1


def _main(arguments: Sequence[str] | None) -> int:
    try:
        try:
            parser = make_parser()
            options = parser.parse_args(arguments)
        finally:
            sys.stdout.flush()  # what --help has printed, or could not
        with ending_in_order(options.command):
            if options.command is None:
                parser.print_help()
                code = 0
            else:
                code = COMMANDS[options.command](options)
            sys.stdout.flush()
        return code
    except DigitsError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: the package {error.name} is missing: see python -m helpers check", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        forget(sys.stdout)
        return 1
    except MemoryError:
        print("error: the memory is used up: close other programs, or give a smaller file", file=sys.stderr)
        return 1
    except OSError as error:  # stdout goes to a full disk, or MXNet lacks a library; files raise DigitsError
        print(f"error: {printable(reason(error))}", file=sys.stderr)
        forget(sys.stdout)
        return 1
