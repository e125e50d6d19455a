"""MNIST as arrays and batches: load_mnist(), and the files and formats that it comes from.

All chapters.
"""

from helpers.data.idx import read_idx, write_idx
from helpers.data.load import Digits, Split, iterator, load_mat, load_mnist
from helpers.data.mat import mnist_to_mat, write_mat
from helpers.data.mnist import mnist_files

__all__ = [
    "Digits",
    "Split",
    "iterator",
    "load_mat",
    "load_mnist",
    "mnist_files",
    "mnist_to_mat",
    "read_idx",
    "write_idx",
    "write_mat",
]
