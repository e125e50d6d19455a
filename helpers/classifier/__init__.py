"""A trained network that answers, a look inside it, and its way to ONNX.

Chapters 2 to 5 and 9.
"""

from helpers.classifier.classifier import SHIPPED, SURE, Classifier, checkpoint_path, load_params
from helpers.classifier.inside import FirstLayer, Layers, Saliency, plan
from helpers.classifier.onnx_export import export_onnx, restored_mapping

__all__ = [
    "SHIPPED",
    "SURE",
    "Classifier",
    "FirstLayer",
    "Layers",
    "Saliency",
    "checkpoint_path",
    "export_onnx",
    "load_params",
    "plan",
    "restored_mapping",
]
