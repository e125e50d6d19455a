"""`python -m helpers`: the command line, see helpers.cli.main. Chapters 6 to 8."""

import sys

from helpers.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
