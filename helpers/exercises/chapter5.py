"""The exercises of chapter 5: strokes, what the three steps remove, a photo, a fooled network, crooked sheets.

Chapter 5.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from helpers.classifier.classifier import Classifier
from helpers.drawing.strokes import as_strokes, to_mnist
from helpers.exercises.guesses import Guess
from helpers.exercises.judge import answer_array, is_open, wrong_shape, wrong_type

ALLOWED = 0.1  # change of a pixel in exercise 4
FLOOR = 0.93  # share of the sheets in exercise 5
THOUGHTS = {  # of who takes a change of exercise 2 for one that shows, or overlooks it
    "moved": "where does the first step put the box, wherever it was before?",
    "half as large": "how long is the longer side of the box after the first step?",
    "twice as wide": "the first step scales both directions by the same number. Does that undo the change?",
    "turned": "which of the three steps turns anything back?",
    "thicker pen": "how wide does the second step draw the ink, whatever the pen was?",
    "other stroke first": "can you tell from the ink which stroke came first?",
}

GUESSES = {
    "a": Guess(
        "What do the other two say?",
        {
            "4, both of them.": "Looks for the fault in the network. It is in the image.",
            "One says 4, the other 7.": "Networks differ in hard cases. This image is wrong for all three alike.",
            "7, both of them.": "So the fault is not one network's. It is in the image.",
        },
        right="7, both of them.",
    ),
    "b": Guess(
        "Guess first: how many do the three networks read if the digits are three quarters as large as the pad? How "
        "many if they are a third?",
        {
            "Nearly all, both times: they read 98 % and more of MNIST.": (
                "Takes a test accuracy for a property of the network. It holds for images like those of the test."
            ),
            "More than half of the large ones, and hardly any of the small ones.": (
                "At three quarters 60 %, 78 % and 90 % (MLP, LeNet, CNN), at a third 8 to 22 %, hardly more than "
                "chance."
            ),
            "About half, both times: the size does not matter, the place does.": (
                "Both matter, and they hang together: a large digit has little room to be anywhere but in the middle."
            ),
        },
        right="More than half of the large ones, and hardly any of the small ones.",
    ),
    "c": Guess(
        "Which step does the work?",
        {
            "The box.": "Without it every network loses at least a sixth of the digits; without the centre, few.",
            "The ink.": "It is worth a good deal with so thick a pen, but less than the box.",
            "The centre.": "The box has already put the digit in the middle. The centre only corrects it.",
        },
        right="The box.",
    ),
    "d": Guess(
        "Does it help?",
        {
            "No: on MNIST's test both have the same accuracy.": (
                "True, and the reason to have a test set of your own."
            ),
            "Yes, over all angles the network misreads about half as many.": (
                "94 % of them are read, against 86 % by the same network without."
            ),
            "Yes, it reads any angle now.": "It has seen small turns only. At 50 degrees it misreads up to a third.",
        },
        right="Yes, over all angles the network misreads about half as many.",
    ),
    "e": Guess(
        "What share of the ones with a long flag does the CNN of chapter 4 read, which misreads fewer than 5 in 1,000 "
        "of MNIST's test images?",
        {
            "Nearly all: it reads more than 99 %.": (
                "Of MNIST's digits. Hardly one in twenty of MNIST's ones has a flag."
            ),
            "About three quarters.": "Most of the others become a 7.",
            "None.": (
                "A network does not look a digit up among those it has seen; it weighs strokes, and the upright one "
                "still counts."
            ),
        },
        right="About three quarters.",
    ),
    "f": Guess(
        "What will the two CNNs say to these six drawings?",
        {
            "Both say that they do not know.": (
                "Softmax cannot say so. It can only share out equally, if it has learnt when."
            ),
            "The CNN of chapter 4 names digits; the canvas's network is mostly not sure.": (
                "And both read the O as a 0."
            ),
            "The canvas's network names the letters.": "It has ten answers, and none of them is a letter.",
        },
        right="The CNN of chapter 4 names digits; the canvas's network is mostly not sure.",
    ),
}


def exercise_1(strokes: Sequence, network: Classifier) -> str | None:
    """A 7 as strokes, a list of lists of points [x, y]."""
    if len(strokes) and np.ndim(strokes[0]) == 1:
        return "put a list around it: strokes are a list of lists of points, even if there is only one stroke."
    drawing = as_strokes(strokes)
    points = np.concatenate([np.zeros((0, 2)), *drawing])
    if len(points) < 2:
        return "this is not a line yet: the pen has to go through at least two points."
    if points.min() < 0 or points.max() > 1:
        off = points[((points < 0) | (points > 1)).any(axis=1)][0]
        return (
            f"the point {off.tolist()} lies off the pad, which goes from 0 to 1: give shares of its side, not pixels."
        )

    def answer(changed: list[np.ndarray]) -> int:
        return int(network.probabilities(to_mnist(changed)).argmax())

    if answer(drawing) == 7:
        return None
    if answer([stroke * [1, -1] + [0, 1] for stroke in drawing]) == 7:
        return "it is upside down: y is 0 at the upper edge of the pad and 1 at the lower one."
    if answer([stroke[:, ::-1] for stroke in drawing]) == 7:
        return "x and y have changed places: a point is [x, y], first to the right and then down."
    return f"the network reads a {answer(drawing)}: go to the right along the top, then down to the left."


def exercise_2(names, images: Mapping[str, np.ndarray], original: np.ndarray) -> str | None:
    """The names of the changes that give a different image, a list."""
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in images]
    if unknown:
        return f"{unknown[0]!r} is not one of the names: choose from {', '.join(images)}."
    for name, image in images.items():
        shows = not np.array_equal(image, original)
        if shows != (name in names):
            return f'think again about "{name}": {THOUGHTS[name]}'
    return None


def exercise_3(image, right: np.ndarray) -> str | None:
    """The photo as MNIST would hold it, an array (28, 28) of numbers from 0 to 1."""
    image = answer_array(image)
    if image.shape != (28, 28):
        photo = "this is still the size of the photo, so cut off the paper around the digit."
        return wrong_shape(image.shape, (28, 28), photo if image.shape == (40, 40) else "hand in one image.")
    if image.max() > 1.01:
        return f"the values reach {image.max():g}: the networks know ink from 0 to 1, so divide by 255."
    if image.min() < -0.01:
        return f"the values go down to {image.min():g}: divide by 255 first, then subtract from 1."
    if np.median(image) > 0.5:
        return "the paper is bright and the ink is dark: the networks know bright ink on 0, so subtract from 1."
    if image.max() < 0.5:
        return f"the largest value is {image.max():.2g}, which is hardly any ink: divide by 255 only once."
    inked = image > 0.1
    longer = max(inked.any(axis=axis).sum() for axis in (0, 1))
    if abs(longer - 20) > 2:
        return (
            f"the digit is {longer} pixels long, but in MNIST it is 20: cut off paper, and do not scale or cut the ink."
        )
    x, y = (image.sum(axis=axis) @ np.arange(28) / image.sum() for axis in (0, 1))
    if max(abs(x - 14), abs(y - 14)) > 0.75:
        return f"the centre of mass is at ({x:.1f}, {y:.1f}): the third step brings it to (14, 14)."
    if np.abs(image - right).mean() > 0.02:
        return "size and centre are right, but this is not the ink of the photo: did you turn or mirror it?"
    return None


def exercise_4(image, honest: np.ndarray, network: Classifier) -> str | None:
    """An image near `honest` that LeNet takes for another digit, an array (28, 28)."""
    image = answer_array(image).astype(np.float32)
    if image.shape != honest.shape:
        return wrong_shape(image.shape, honest.shape, "keep the shape of `honest`.")
    change = np.abs(image - honest).max()
    if not change <= ALLOWED + 1e-6:
        return f"a pixel has changed by {change:.2g}, but no more than {ALLOWED} is allowed."
    if image.min() < 0 or image.max() > 1:
        return f"the values go from {image.min():.2g} to {image.max():.2g}: ink goes from 0 to 1, see `np.clip`."
    before, after = (network.probabilities(each) for each in (honest, image))
    digit = before.argmax()
    if after.argmax() != digit:
        return None
    if not change:
        return "this is still the honest image: no pixel has changed."
    if change < ALLOWED / 2:
        return f"no pixel has changed by more than {change:.2g}: go the whole way, using only the sign of the gradient."
    if after[digit] >= before[digit]:
        return f"LeNet is as sure as before or surer: along the gradient, log p({digit}) grows. Go the other way."
    return f"LeNet still reads a {digit}, with probability {after[digit]:.1%}: check which way each pixel has to go."


def exercise_5(straightened: Callable, network: Classifier, sheets: Sequence, labels: np.ndarray) -> str | None:
    """A function that takes strokes and returns those that the network should read instead."""
    if not callable(straightened):
        return wrong_type(straightened, "a function")
    first = straightened(sheets[0])
    if is_open(first):
        return "the function returns nothing yet: let it return strokes, like those it is given."
    if isinstance(first, np.ndarray) and first.shape == (28, 28):
        return "the function returns an image: let it return strokes, which the check prepares itself."

    def share_right(drawings: Sequence) -> float:
        images = np.stack([to_mnist(drawing) for drawing in drawings])[:, np.newaxis]
        return float((network.probabilities_of(images).argmax(axis=1) == labels).mean())

    before = share_right(sheets)
    after = share_right([straightened(strokes) for strokes in sheets])
    if after >= FLOOR:
        return None
    how = "no more than" if after <= before else "up from"
    return (
        f"{after:.1%} of the sheets are read correctly, {how} the {before:.1%} before you straightened them, "
        f"but at least {FLOOR:.0%} are needed."
    )
