"""`python -m helpers`: the command line, see helpers.cli.main. Chapters 7 to 9."""

import signal
import sys

if __name__ == "__main__":
    try:
        from helpers.cli.main import main

        code = main()
    except KeyboardInterrupt:  # so early that the command line was not there yet
        print("interrupted", file=sys.stderr)
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is done: what Python tidies up now ends in no traceback
    sys.exit(code)
