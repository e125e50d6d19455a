"""What the notebooks of "Handwritten digits with MXNet" share: data, networks, training, plots and a command line."""

from helpers import compat

compat.prepare()
