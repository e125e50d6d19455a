"""The three networks as symbols, drawn, stored and rearranged.

Chapters 2 to 9.
"""

from helpers.networks.arrangement import faster
from helpers.networks.diagram import network_diagram
from helpers.networks.params import read_params, write_params
from helpers.networks.symbols import NETWORKS, dropout_cnn, layer_table, layers, lenet, mlp, probabilities

__all__ = [
    "NETWORKS",
    "dropout_cnn",
    "faster",
    "layer_table",
    "layers",
    "lenet",
    "mlp",
    "network_diagram",
    "probabilities",
    "read_params",
    "write_params",
]
