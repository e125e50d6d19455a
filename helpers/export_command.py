"""What `python -m helpers export` does: load a network, write it as an ONNX file."""

from argparse import Namespace

from helpers.classifier import Classifier
from helpers.onnx_export import INPUT, OUTPUT, export_onnx


def run(options: Namespace) -> dict[str, object]:
    """What was written to `options.to`, for people and for JSON. Raises DigitsError as `export_onnx` does."""
    classifier = Classifier.load(options.model)
    export_onnx(classifier, options.to)
    return {
        "network": classifier.network,
        "model": options.model,
        "input": INPUT,
        "output": OUTPUT,
        "bytes": options.to.stat().st_size,
        "file": str(options.to),
    }
