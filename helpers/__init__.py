"""What the notebooks of "Handwritten digits with MXNet" share, a room for each noun:

- base         what all stand on: errors, files, arrays; MXNet on a current Python (compat), its threads
- data         MNIST as arrays and batches: chapters 1 to 8
- drawing      from ink to MNIST's 28 x 28: chapter 5
- plots        every picture: all chapters
- networks     the three networks, drawn, stored and rearranged: chapters 2 to 8
- classifier   a trained network that answers: chapters 2 to 5 and 8
- training     how a network learns: chapters 2 to 4 and 7
- distributed  several processes: chapter 7
- by_hand      the networks from arrays alone: chapter 6
- canvas       the pad: chapter 5
- exercises    check() and a judge for each exercise: all chapters
- cli          python -m helpers
"""

try:
    from helpers.base import compat

    compat.prepare()

    from helpers.base import threads

    threads.prepare()
except ModuleNotFoundError:  # of NumPy, say: whoever needs it will fail, but `python -m helpers check` has to tell why
    pass
