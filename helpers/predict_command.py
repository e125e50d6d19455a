"""What `python -m helpers predict` does: read pictures and answer for each."""

import sys
from argparse import Namespace

from helpers.classifier import Classifier
from helpers.drawing import to_mnist_from_image
from helpers.errors import DigitsError
from helpers.pictures import read_picture

NOT_SURE = 0.5  # below this probability it says that it is not sure


def run(options: Namespace) -> list[dict[str, object]]:
    """One result for each of `options.images`, printed as text at once unless `options.json`.

    A picture that cannot be read costs a line on stderr, and does not keep the others from their answer; its result
    has the key "error".
    """
    classifier = Classifier.load(options.model)
    results = []
    for path in options.images:
        try:
            image = to_mnist_from_image(read_picture(path))
            if not image.any():
                raise DigitsError(f"{path} shows no ink: give a picture of one digit on a plain background")
        except DigitsError as error:
            print(f"error: {error}", file=sys.stderr)
            results.append({"file": path, "error": str(error)})
            continue
        probabilities = classifier.probabilities(image)
        digit, probability = int(probabilities.argmax()), float(probabilities.max())
        results.append({"file": path, "digit": digit, "probability": probability, "sure": probability >= NOT_SURE})
        results[-1]["probabilities"] = probabilities.tolist()
        if not options.json:
            print(f"{path}: {digit}, probability {probability:.3f}{'' if probability >= NOT_SURE else ', not sure'}")
    return results
