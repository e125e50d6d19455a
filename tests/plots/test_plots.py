"""The pictures: what they draw and what their alternative text says, against the data, NumPy and scikit-learn."""

import base64
import io
import re
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import colors
from PIL import Image
from sklearn.metrics import confusion_matrix

from helpers import plots
from helpers.base.errors import DigitsError
from helpers.plots.charts import spread_apart
from helpers.plots.figures import LINES
from helpers.plots.words import counted, listing, number, percent
from tests.tools.parameters import slow

import mxnet as mx


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def reading(random):
    """200 random images, labels, and probabilities of a reader who is often wrong."""
    images = random.random((200, 1, 28, 28), dtype=np.float32)
    return images, random.integers(0, 10, 200), random.dirichlet(np.full(10, 0.3), 200).astype(np.float32)


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def size(picture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.png())).size


# --- digits


@pytest.mark.parametrize("shape", [(6, 1, 28, 28), (6, 28, 28)])
def test_digits_draws_each_image_under_its_label(random, shape):
    images, labels = random.random(shape), [5, 0, 4, 1, 9, 2]
    picture = plots.digits(images, labels, columns=4)
    assert picture.alt == "6 handwritten digits: 5, 0, 4, 1, 9 and 2."
    assert [axes.get_title() for axes in picture.axes] == ["5", "0", "4", "1", "9", "2"]
    for axes, image in zip(picture.axes, images.reshape(6, 28, 28), strict=True):
        assert np.array_equal(axes.images[0].get_array(), image)
    tops = [axes.get_position().y1 for axes in picture.axes]
    assert tops[0] == tops[3] > tops[4] == tops[5]  # four in a row, then two


def test_digits_of_mnist_are_named_in_the_alternative_text(mnist):
    picture = plots.digits(mnist.train.images[:10], mnist.train.labels[:10], title="The first ten")
    assert picture.alt == "The first ten. 10 handwritten digits: 5, 0, 4, 1, 9, 2, 1, 3, 1 and 4."


def test_digits_takes_one_image_and_arrays_of_mxnet():
    assert plots.digits(np.eye(28), 7).alt == "1 handwritten digit: 7."
    picture = plots.digits(mx.nd.ones((3, 1, 28, 28)), mx.nd.array([1, 2, 3]))  # float32
    assert picture.alt == "3 handwritten digits: 1, 2 and 3."
    assert plots.digits(np.zeros((2, 28, 28))).alt == "2 handwritten digits, without labels."


@pytest.mark.parametrize(("dtype", "ink"), [(np.float32, 1), (np.uint8, 255), (bool, 1), (np.int64, 1)])
def test_ink_is_black_and_paper_white_whatever_the_type(dtype, ink):
    image = np.zeros((28, 28), dtype)
    image[:, 14:] = ink
    png = np.asarray(Image.open(io.BytesIO(plots.digits(image).png())).convert("L"))
    middle = png[len(png) // 2]
    assert middle[len(middle) // 3] == 255
    assert middle[2 * len(middle) // 3] == 0


@pytest.mark.parametrize("caption", ["4", "answer 4, not 9", "this one is a rather long caption"])
def test_captions_have_room(caption):
    picture = plots.digits(np.zeros((7, 28, 28)), [caption] * 7)
    picture.draw_without_rendering()
    boxes = [axes.title.get_window_extent() for axes in picture.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert min(box.x0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= picture.bbox.width <= 720


def test_every_pixel_of_a_digit_has_the_same_size():
    checks = np.indices((28, 28)).sum(axis=0) % 2
    png = np.asarray(Image.open(io.BytesIO(plots.digits(np.stack([checks] * 10)).png())).convert("L")) > 127
    row = png[len(png) // 2, 30:120]  # inside the first digit, away from its frame
    edges = np.flatnonzero(np.diff(row.astype(int)))
    assert len(set(np.diff(edges))) == 1


# --- mistakes


@pytest.mark.parametrize("count", [1, 4, 12, 200])
def test_mistakes_come_by_confidence(reading, count):
    images, labels, probabilities = reading
    picture = plots.mistakes(images, labels, probabilities, count)
    wrong = [i for i in range(200) if probabilities[i].argmax() != labels[i]]
    expected = sorted(wrong, key=lambda i: (-probabilities[i].max(), i))[:count]
    assert len(picture.axes) == len(expected)
    for axes, i in zip(picture.axes, expected, strict=True):
        assert np.array_equal(axes.images[0].get_array(), images[i, 0])
        assert axes.get_title() == f"{probabilities[i].argmax()}, not {labels[i]}"
        assert axes.get_xlabel() == percent(probabilities[i].max())
    first = expected[0]
    said = f"{labels[first]} read as {probabilities[first].argmax()} ({percent(probabilities[first].max())})"
    assert picture.alt.startswith(f"{len(wrong)} mistakes in 200 digits")
    assert picture.alt.count("read as") == len(expected)
    assert picture.alt.index(said) == picture.alt.index("read as") - 2


def test_few_mistakes_and_none():
    images, labels = np.zeros((3, 28, 28)), [0, 1, 2]
    sure = np.eye(10)[[0, 1, 5]]
    assert plots.mistakes(images, labels, sure).alt == "1 mistake in 3 digits: 2 read as 5 (100.0 %)."
    none = plots.mistakes(images, labels, np.eye(10)[labels])
    assert none.alt == "No mistakes: all 3 digits were read correctly."
    assert [text.get_text() for text in none.texts] == [none.alt]
    assert plots.mistakes(images[:1], labels[:1], np.eye(10)[0]).alt == "No mistakes: the one digit was read correctly."
    assert size(none)[0] == 1440


# --- filters and feature maps


def test_filters_share_a_scale_with_zero_in_its_middle(random):
    weights = random.normal(size=(20, 1, 5, 5)).astype(np.float32)
    picture = plots.filters(weights)
    drawn = [axes.images[0] for axes in picture.axes if axes.images]
    assert len(drawn) == 20
    bound = np.abs(weights).max()
    assert {image.get_clim() for image in drawn} == {(-bound, bound)}
    assert picture.alt == f"20 filters of 5 by 5 weights, from {weights.min():.2f} to {weights.max():.2f}."


def test_feature_maps_name_the_strongest_and_the_weakest(random):
    maps = random.random((8, 12, 14))
    maps[5] *= 9
    maps[2] /= 9
    picture = plots.feature_maps(maps, title="After the first layer")
    assert picture.alt.startswith("After the first layer. 8 feature maps of 12 by 14, values from 0.00 to ")
    assert picture.alt.endswith("map 5 answers most strongly, map 2 least.")
    assert {axes.images[0].get_clim()[0] for axes in picture.axes[:8]} == {0}
    signed = plots.feature_maps(maps - 0.5).axes[0].images[0].get_clim()
    assert signed[0] == -signed[1]


def test_filters_that_are_all_zero_are_drawn():
    assert size(plots.filters(np.zeros((2, 1, 3, 3))))[0] > 0
    assert size(plots.feature_maps(np.zeros((2, 3, 3))))[0] > 0
    assert size(plots.feature_maps(np.zeros((2, 1, 120))))[1] >= 180  # flat ones leave room for the scale


# --- charts


def test_bars_are_as_high_as_the_values():
    counts = np.array([5923, 6742, 12])
    picture = plots.bars(counts, ["zero", "one", "two"], xlabel="class", ylabel="examples")
    axes = picture.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [5923, 6742, 12]
    assert texts(axes) == ["5,923", "6,742", "12"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["zero", "one", "two"]
    assert picture.alt == "Bar chart of examples by class: 5,923 for zero, 6,742 for one and 12 for two."
    assert plots.bars([0.5, 0.25]).alt == "Bar chart of images by digit: 0.5 for 0 and 0.25 for 1."


def test_curves_differ_in_more_than_colour():
    shift = [0, 1, 2]
    series = {"MLP": [0.97, 0.9, 0.7], "LeNet": [0.99, 0.98, 0.95]}
    picture = plots.curves(shift, series, "shift", "accuracy")
    lines = [line for line in picture.axes[0].lines if len(line.get_xdata()) == 3]
    assert [list(line.get_ydata()) for line in lines] == list(series.values())
    assert len({line.get_marker() for line in lines}) == len({line.get_linestyle() for line in lines}) == 2
    assert picture.alt == (
        "Line chart of accuracy against shift. MLP: 0.97 at 0, 0.9 at 1 and 0.7 at 2. "
        "LeNet: 0.99 at 0, 0.98 at 1 and 0.95 at 2."
    )


def test_long_curves_are_told_by_their_ends_and_extremes():
    x = np.arange(30)
    y = (x - 10.0) ** 2
    assert plots.curves(x, {"y": y}, "x", "y").alt.endswith(
        "y: 100 at 0 to 361 at 29, lowest 0 at 10, highest 361 at 29."
    )


def test_the_names_of_curves_do_not_overlap():
    picture = plots.curves([0, 1], {f"network {i}": [0, 1 + i / 1000] for i in range(6)}, "x", "y")
    picture.draw_without_rendering()  # places the text
    boxes = [text.get_window_extent() for text in picture.axes[0].texts]
    assert len(boxes) == 6
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_close_names_are_moved_apart_as_little_as_possible():
    assert list(spread_apart([1, 2, 3], 0.5)) == [1, 2, 3]
    assert list(spread_apart([1, 1, 9], 2)) == [0, 2, 9]
    assert list(spread_apart([1, 1, 1], 2)) == [-1, 1, 3]


def test_learning_curves_ring_the_best_validation_epoch():
    history = SimpleNamespace(train=[0.5, 0.7, 0.9], valid=[0.6, 0.8, 0.75])
    picture = plots.learning_curves(history)
    assert picture.alt == (
        "Learning curves, accuracy over 3 epochs. Training from 0.5000 to 0.9000. Validation from 0.6000 to 0.7500. "
        "Best on validation: 0.8000 after epoch 2."
    )
    lines = picture.axes[0].lines
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines if line.get_markersize() > 10] == [(2, 0.8)]
    assert [list(line.get_ydata()) for line in lines if len(line.get_ydata()) == 3] == [history.train, history.valid]
    assert plots.learning_curves(vars(history)).png() == picture.png()


def test_learning_curves_in_the_middle_of_training():
    assert "over 1 epoch." in plots.learning_curves({"train": [0.9], "valid": []}).alt
    uneven = plots.learning_curves({"train": [0.5, 0.6], "valid": [0.55], "seconds": [1, 2]})
    assert "Training from 0.5000 to 0.6000. Validation from 0.5500 to 0.5500." in uneven.alt
    assert size(uneven) == (1440, 760)


def test_confusion_agrees_with_scikit_learn(random):
    true = random.integers(0, 10, 3000)
    predicted = np.where(random.random(3000) < 0.8, true, random.integers(0, 9, 3000))  # no mistake reads a 9
    expected = confusion_matrix(true, predicted, labels=range(10))
    picture = plots.confusion(true, predicted)
    axes = picture.axes[0]
    drawn = np.zeros((10, 10), int)
    for text in axes.texts:
        column, row = text.get_position()
        if column <= 9 and row >= 0:
            drawn[int(row), int(column)] = int(text.get_text().replace(",", ""))
    assert np.array_equal(drawn, expected)
    assert (drawn[:9, 9] == 0).all()
    right = np.trace(expected)
    assert f"{right:,} of 3,000 digits read correctly, {3000 - right:,} wrongly" in picture.alt
    most = np.where(np.eye(10, dtype=bool), 0, expected)
    row, column = np.unravel_index(most.argmax(), (10, 10))
    assert f"most often {row} as {column} ({most.max()})" in picture.alt
    recall = [text for text in texts(axes) if text.endswith("%")]
    assert recall == [f"{100 * expected[i, i] / expected[i].sum():.1f} %" for i in range(10)]


def test_confusion_colours_mistakes_only():
    true, predicted = np.repeat(3, 1000), np.append(np.repeat(3, 998), [5, 5])
    shades = plots.confusion(true, predicted).axes[0].images[0].get_array()
    assert shades.mask.sum() == 99  # of the hundred cells only 3 read as 5 has a shade
    assert shades[3, 5] == 2


def test_confusion_without_mistakes_or_with_one_digit():
    assert plots.confusion([1, 2], [1, 2]).alt == "Confusion matrix: 2 of 2 digits read correctly, 0 wrongly."
    assert (
        plots.confusion([1], [2]).alt
        == "Confusion matrix: 0 of 1 digit read correctly, 1 wrongly; most often 1 as 2 (1)."
    )
    assert size(plots.confusion([1], [1])) == (1280, 1200)


def test_probability_bars_mark_the_winner_by_more_than_colour():
    p = np.array([0, 0.01, 0.2, 0, 0, 0, 0, 0.79, 0, 0], np.float32)
    for picture in (plots.probability_bars(p), plots.probability_bars(p[np.newaxis], np.eye(28))):
        axes = picture.axes[0]
        assert np.allclose([bar.get_height() for bar in axes.patches], p)
        assert [text for text in texts(axes) if text] == ["1.0 %", "20.0 %", "79.0 %"]
        assert [text.get_text() for text in axes.texts if text.get_weight() == "bold"] == ["79.0 %"]
        filled = [colors.to_hex(bar.get_facecolor()) != "#ffffff" for bar in axes.patches]
        assert filled == [i == 7 for i in range(10)]
        assert axes.get_title(loc="left") == "Read as 7 with probability 79.0 %"
        assert picture.alt == "A digit read as 7 with probability 79.0 %; then 2 with 20.0 % and 1 with 1.0 %."
    assert np.array_equal(picture.axes[1].images[0].get_array(), np.eye(28))


@pytest.mark.parametrize(
    ("p", "text"),
    [(1, "100.0 %"), (0.99999, "> 99.9 %"), (0.9994, "99.9 %"), (0.5, "50.0 %"), (0.0004, "< 0.1 %"), (0, "0.0 %")],
)
def test_a_percentage_never_claims_more_than_it_knows(p, text):
    assert percent(p) == text


def test_words():
    assert [listing([5]), listing([5, 0]), listing([5, 0, 4])] == ["5", "5 and 0", "5, 0 and 4"]
    assert [counted(1, "digit"), counted(10000, "digit")] == ["1 digit", "10,000 digits"]
    assert [number(5923), number(1000.5), number(0.91274), number(7.0)] == ["5,923", "1,000", "0.9127", "7"]


def test_the_colours_of_lines_stay_apart_in_grey_or_differ_in_marker():
    looks = list(LINES)
    assert len({look["marker"] for look in looks}) == len({str(look["linestyle"]) for look in looks}) == len(looks)


# --- bad input: one line that names what was given and what is wanted

IMAGES = np.zeros((4, 1, 28, 28))
SURE = np.eye(10)[[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (
            lambda: plots.digits(np.zeros((0, 1, 28, 28))),
            r"images, at least one, got an array of shape \(0, 1, 28, 28\)",
        ),
        (lambda: plots.digits(np.zeros((4, 784))[0]), r"images of shape \(N, 1, height, width\).*shape \(784,\)"),
        (lambda: plots.digits(np.zeros((4, 3, 28, 28))), r"expected images of shape.*shape \(4, 3, 28, 28\): bring"),
        (lambda: plots.digits(None), r"expected images of shape.*shape \(\): bring"),
        (lambda: plots.digits([[1, 2], [3]]), "expected images, got a list with rows of unequal length"),
        (lambda: plots.digits([["a", "b"]]), "expected images of finite numbers, got values of type <U1"),
        (
            lambda: plots.digits(np.full((28, 28), np.nan)),
            "expected images of finite numbers, got NaN or infinite values",
        ),
        (
            lambda: plots.digits(IMAGES, [1, 2, 3]),
            "expected 4 labels for 4 images, got 3: give one label for each image",
        ),
        (lambda: plots.digits(np.zeros((201, 28, 28))), "at most 200 images in one picture, got 201"),
        (lambda: plots.digits(IMAGES, columns=0), "expected at least 1 column, got 0: choose"),
        (lambda: plots.mistakes(IMAGES, [1, 2, 3], SURE), "expected 4 labels for 4 images, got 3: give one"),
        (
            lambda: plots.mistakes(IMAGES, [1, 2, 3, 4], SURE[:3]),
            r"probabilities of shape \(4, 10\), got an array of shape \(3, 10\)",
        ),
        (lambda: plots.mistakes(IMAGES, [1, 2, 3, 4], SURE * 2), "sum of 2: give the softmax"),
        (
            lambda: plots.mistakes(IMAGES, [1, 2, 3, 10], SURE),
            "labels of whole numbers from 0 to 9, got values from 1 to 10",
        ),
        (lambda: plots.mistakes(IMAGES, [1, 2, 3, 4], SURE, count=0), "expected a count from 1 to 200, got 0: choose"),
        (lambda: plots.filters(np.zeros((50, 20, 5, 5))), r"expected filters of shape.*shape \(50, 20, 5, 5\): bring"),
        (
            lambda: plots.feature_maps(np.zeros((0, 4, 4))),
            r"feature maps, at least one, got an array of shape \(0, 4, 4\)",
        ),
        (lambda: plots.bars([]), r"values of shape \(K,\), at least one number, got an array of shape \(0,\)"),
        (lambda: plots.bars([1, 2], ["a"]), "expected 2 labels for 2 values, got 1: give one"),
        (lambda: plots.bars(["a"]), "expected values of finite numbers, got values of type <U1"),
        (lambda: plots.curves([0, 1], {}, "x", "y"), "expected 1 to 6 curves by name, got 0: give"),
        (lambda: plots.curves([0, 1], [0, 1], "x", "y"), "expected 1 to 6 curves by name, got .* list: give a dict"),
        (lambda: plots.curves([0, 1], {"MLP": [1]}, "x", "y"), 'expected 2 values in the curve "MLP", got 1: give one'),
        (
            lambda: plots.curves([0], {"MLP": [np.inf]}, "x", "y"),
            'the curve "MLP" of finite numbers, got NaN or infinite',
        ),
        (
            lambda: plots.learning_curves({"train": [], "valid": []}),
            "expected a history of one epoch or more, got an empty one: train",
        ),
        (
            lambda: plots.learning_curves({"loss": [1]}),
            'expected .* lists "train" and "valid", got one with loss: give',
        ),
        (lambda: plots.learning_curves([0.9, 0.95]), 'expected .* lists "train" and "valid", got .* type list: give'),
        (lambda: plots.confusion([1, 2], [1]), "expected 2 predicted labels, as many as true ones, got 1: give"),
        (
            lambda: plots.confusion([1, 2], [1, -1]),
            "predicted labels of whole numbers from 0 to 9, got values from -1 to 1",
        ),
        (lambda: plots.confusion([1], SURE), r"predicted labels of shape \(K,\).*shape \(4, 10\): give a list"),
        (lambda: plots.confusion([1.5], [1]), "true labels of whole numbers from 0 to 9, got values from 1.5 to 1.5"),
        (lambda: plots.probability_bars(np.ones(10)), "numbers from 1 with a sum of 10: give the softmax"),
        (lambda: plots.probability_bars(SURE), r"probabilities of shape \(10,\), got an array of shape \(4, 10\)"),
        (lambda: plots.probability_bars(SURE[0], IMAGES), "at most 1 image in one picture, got 4"),
        (lambda: plots.figure(""), "expected alternative text, got '': say in a sentence what the picture shows"),
    ],
)
def test_bad_input_is_refused_in_one_line(draw, said):
    with pytest.raises(DigitsError, match=said) as caught:
        draw()
    assert "\n" not in str(caught.value)


# --- the figure itself


def own_picture():
    picture = plots.figure("Two lines that cross.", height=3)
    left, right = picture.subplots(1, 2)
    left.plot([0, 1], [0, 1], label="up")
    left.plot([0, 1], [1, 0], label="down")
    left.set_title("Two lines")
    left.legend()
    right.imshow(np.eye(4))
    return picture


def test_a_picture_of_ones_own_has_the_look_of_the_series():
    left, right = own_picture().axes
    assert [line.get_marker() for line in left.lines] == ["o", "s"]
    assert left.get_title(loc="left") == "Two lines"
    assert right.images[0].get_cmap().name == "gray_r"
    polar = plots.figure("An empty circle.").add_subplot(projection="polar")
    assert polar.name == "polar"


def test_a_picture_is_sharp_small_and_opaque():
    picture = own_picture()
    data, metadata = picture._repr_mimebundle_()
    image = Image.open(io.BytesIO(data["image/png"]))
    assert metadata == {"image/png": {"alt": "Two lines that cross.", "width": 720}}
    assert data["text/plain"] == picture.alt
    assert image.size == (1440, 600)
    assert image.info.keys().isdisjoint({"transparency", "Software"})
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(data["image/png"]) < 60_000


def test_the_look_does_not_depend_on_the_readers_settings_and_leaves_them_alone():
    before = dict(matplotlib.rcParams)
    plain = own_picture().png()
    assert dict(matplotlib.rcParams) == before
    with matplotlib.style.context("dark_background"), matplotlib.rc_context({"font.size": 20, "savefig.bbox": "tight"}):
        assert own_picture().png() == plain


def test_savefig_works(tmp_path):
    for ending in ("png", "svg", "pdf"):
        own_picture().savefig(tmp_path / f"picture.{ending}")
        assert (tmp_path / f"picture.{ending}").stat().st_size > 1000


def test_pyplot_is_never_imported():
    code = """
import sys
import numpy as np
from helpers import networks, plots
plots.digits(np.eye(28), [1]).png()
plots.curves([0, 1], {"a": [0, 1]}, "x", "y").png()
repr(networks.network_diagram(networks.mlp()))
assert "matplotlib.figure" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "start",
    [
        "",
        *slow(
            "%matplotlib inline",
            "import matplotlib.pyplot",
            "%config InlineBackend.figure_formats = ['svg', 'retina']",
        ),
    ],
)
def test_a_notebook_stores_the_picture_once_with_its_alternative_text(start):
    import nbformat
    from nbclient import NotebookClient

    cells = [
        f"{start}\nimport numpy as np\nfrom helpers import plots\nfigure = plots.digits(np.eye(28), [1])",
        "figure",
        "from IPython.display import display\nlive = display(figure, display_id=True)",
        "live.update(plots.digits(np.eye(28), [2]))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 1, 1, 0]
    shown, live = notebook.cells[1].outputs[0], notebook.cells[2].outputs[0]
    assert shown.metadata["image/png"]["alt"] == "1 handwritten digit: 1."
    assert live.metadata["image/png"]["alt"] == "1 handwritten digit: 2."
    for output in (shown, live):
        assert output.data.keys() == {"text/html", "image/png", "text/plain"}
        assert f'alt="{output.data["text/plain"]}"' in output.data["text/html"]
        assert output.data["image/png"].replace("\n", "") in output.data["text/html"]
        assert output.data["text/plain"] == output.metadata["image/png"]["alt"]
        assert re.fullmatch(r"[A-Za-z0-9+/=\n]+", output.data["image/png"])
        image = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        assert image.width == 2 * output.metadata["image/png"]["width"]


# --- units


@pytest.fixture
def small():
    """Two inputs, three units, one output: values, weights, biases, errors, gradients."""
    layers = [[1, -2], [0.25, 0, 3], [0.5]]
    weights = [[[1, 2], [3, 4], [5, 6]], [[7, 8, 9]]]
    biases = [[0.1, 0.2, 0.3], [0.4]]
    errors = [[-1, 0, 1], [0.5]]
    return layers, weights, biases, errors, [np.outer(errors[0], layers[0]), np.outer(errors[1], layers[1])]


def test_units_draws_every_number_where_it_belongs(small):
    picture = plots.units(*small, targets=[1], hidden=(0, 2, 1))
    [axes] = picture.axes
    found = texts(axes)
    for each in ("1", "\u22122", "0.25", "3", "bias 0.1", "bias 0.4", "7", "8", "9", "1.5", "0.125", "target 1"):
        assert each in found
    assert found.count("?") == 1
    assert len(axes.lines) == 2 * 3 + 3
    boxed = [text for text in axes.texts if text.get_bbox_patch() and text.get_fontweight() == "bold"]
    assert len(boxed) == 9 + 4 + 1  # a gradient for each edge, an error for each unit, and the key
    assert len({text.get_color() for text in boxed}) == 1
    assert "unit 3 has the value 3, weights 5, 6, error 1, gradients 1, ?" in picture.alt
    assert picture.alt.endswith("Targets 1.")


def test_units_refuses_shapes_that_do_not_fit(small):
    values, weights, biases, errors, gradients = small
    with pytest.raises(
        DigitsError, match=r"^expected arrays for layers of \[2, 3, 1\] units, got weights .*: one row of"
    ):
        plots.units(values, [np.transpose(weights[0]), weights[1]], biases, errors, gradients)


@pytest.mark.parametrize("points", [5, 12, 110])
def test_a_long_curve_has_few_markers(points):
    picture = plots.curves(np.arange(points), {"MLP": np.linspace(0, 1, points)}, "step", "accuracy")
    line = picture.axes[0].lines[0]
    assert len(line.get_xdata()) == points
    assert len(range(0, points, line.get_markevery())) <= 14
    assert points > 12 or line.get_markevery() == 1
