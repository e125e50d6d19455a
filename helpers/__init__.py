"""What the notebooks of "Handwritten digits with MXNet" share, a room for each noun:

- base         what all the others stand on: errors, files, arrays, MXNet on a current Python; chapter 8
- data         MNIST as arrays and batches; all chapters
- drawing      from ink to MNIST's 28 x 28; chapter 5
- plots        every picture; all chapters
- handwriting  digits in every usual form, and what is no digit, to learn from; chapter 5
- networks     the three networks, drawn, stored and rearranged; chapters 2 to 5, 8 and 9
- classifier   a trained network that answers; chapters 2 to 5 and 9
- training     how a network learns; chapters 2 to 4 and 6 to 8
- distributed  several processes; chapter 8
- by_hand      the networks from arrays alone; chapter 7
- canvas       the pad; chapter 5
- exercises    check() and a judge for each exercise; all chapters
- cli          python -m helpers; all chapters
"""

import signal
import sys
from importlib.machinery import PathFinder

from helpers.base import environment, interrupts

# While `python -m helpers` begins, it has nothing to lose, and Ctrl-C ends it without a traceback.
_begins = sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _begins:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

_mxnet_can_start = environment.prepare()
interrupts.prepare()

try:
    from helpers.base import compat

    compat.prepare()

    from helpers.base import threads

    if _mxnet_can_start:
        threads.prepare()
    if PathFinder.find_spec("mxnet") is None:  # `pip install .` leaves it out on Python 3.13
        raise ModuleNotFoundError(name="mxnet")
except ModuleNotFoundError as error:
    # `python -m helpers check` has to work without any package, and like every command it names what is missing itself.
    if sys.argv[:1] != ["-m"]:
        print(f"Notice: the package {error.name} is missing: see python -m helpers check", file=sys.stderr)

if _begins:
    signal.signal(signal.SIGINT, signal.default_int_handler)
