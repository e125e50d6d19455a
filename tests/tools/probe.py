"""The notebooks that the tests open besides demo/draw.ipynb: cells that let a test see Python's side of the canvas."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

# A canvas with a label that shows what Python has of it, and a button with which a cell would set its strokes. What the
# network receives is noted by the network itself.
SEEN = """\
import json
import ipywidgets
from helpers.canvas import DigitCanvas
from helpers.classifier import Classifier


class Noting(Classifier):
    def probabilities(self, image):
        Noting.received = image.tobytes()
        return super().probabilities(image)


canvas = DigitCanvas(Noting("dropout-cnn", Classifier.load("canvas").params), keep="my_digits")
python = ipywidgets.Label()
button = ipywidgets.Button(description="Draw from Python")
python.add_class("python")


def tell(_):
    seen = {"answer": canvas.answer, "error": canvas.error, "strokes": len(canvas.strokes)}
    python.value = json.dumps(seen | {"image": canvas.image.tobytes().hex(), "received": Noting.received.hex()})


def draw(_):
    canvas.strokes = [[[0.5, 0.1], [0.5, 0.9]], [[0.1, 0.5], [0.9, 0.5]]]


canvas.observe(tell, ["image", "strokes", "answer", "error"])
button.on_click(draw)
display(python, button, canvas)
"""
AGAIN = "canvas"
BROKEN = """\
class Broken:
    def probabilities(self, image):
        raise ValueError("out of ink")


DigitCanvas(Broken())
"""
SEVERAL = """\
class Torn:
    def probabilities(self, image):
        return [0, 0.52, 0, 0, 0, 0, 0, 0.48, 0, 0]


DigitCanvas({"MLP": "mlp", "LeNet": "lenet", "Torn": Torn()})
"""

# A canvas, and a cell that trains a network until there is a file "stop".
WORK = """\
from helpers.canvas import DigitCanvas

DigitCanvas("canvas")
"""
TRAIN = """\
from pathlib import Path

from helpers.data import load_mnist
from helpers.networks import mlp

import mxnet as mx

train = load_mnist("digits").train
fits = 0
while not Path("stop").exists():
    module = mx.mod.Module(mlp())
    iterator = mx.io.NDArrayIter(train.images, train.labels, 100, shuffle=True)
    module.fit(iterator, num_epoch=4, optimizer="adam", initializer=mx.init.Xavier())
    fits += 1
accuracy = dict(module.score(iterator, "acc"))["accuracy"]
print(f"{fits} fits, the last with accuracy {accuracy:.3f}")
"""


def write_notebook(path: Path, *cells: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)
