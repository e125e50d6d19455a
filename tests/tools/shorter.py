"""Constants of notebooks that tests change where they try whether a notebook runs, and not what it reaches.

What takes longest there is training for as many epochs, seeds or trials as a result needs that can be trusted.
"""

from nbformat import NotebookNode

SHORTER = {
    "03_lenet.ipynb": {"num_epoch=10,": "num_epoch=4,"},
    "04_dropout_cnn.ipynb": {
        "EPOCHS = 12": "EPOCHS = 4",
        "2000, 16, seed": "2000, 4, seed",
        "2000, 12, seed": "2000, 3, seed",
    },
    "06_hyper_parameters.ipynb": {
        "search(11, ": "search(4, ",
        "epochs=5, seed=trial": "epochs=2, seed=trial",
        "n_trials=12": "n_trials=5",
        "epochs=10, seed=seed": "epochs=3, seed=seed",
    },
}


def shorten(name: str, cell: NotebookNode) -> None:
    """Change the constants in this cell of the notebook `name`, where they stand there."""
    for constant, smaller in SHORTER.get(name, {}).items():
        cell.source = cell.source.replace(constant, smaller)
