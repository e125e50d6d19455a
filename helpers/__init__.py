"""What the notebooks of "Handwritten digits with MXNet" share: data, networks, training, plots and a command line."""

try:
    from helpers import compat

    compat.prepare()
except ModuleNotFoundError:  # of NumPy, say: whoever needs it will fail, but `python -m helpers check` has to tell why
    pass
