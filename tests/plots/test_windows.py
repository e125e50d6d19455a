"""The pictures of chapter 3: windows, places, boxes, pooling, channels, a network to scale; and the sliding window."""

import re

import numpy as np
import pytest
from scipy.signal import correlate2d

from helpers import plots
from helpers.base.errors import DigitsError
from helpers.plots.windows import slide

import mxnet as mx

VERTICAL = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])


@pytest.fixture
def image():
    return np.random.default_rng(0).random((28, 28))


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("size", [1, 3, 5])
def test_slide_is_a_cross_correlation(image, size):
    kernel = np.random.default_rng(1).normal(size=(size, size))
    assert np.allclose(slide(image, kernel), correlate2d(image, kernel, mode="valid"))


# --- window


def test_window_shows_the_products_and_their_sum(image):
    picture = plots.window(image, VERTICAL, [(4, 7)])
    whole, products, _ = picture.axes
    total = (image[4:7, 7:10] * VERTICAL).sum()
    assert picture.alt == f"A window of 3 by 3 pixels on the image; the sum is {total:.2f} at row 4, column 7."
    assert products.get_title("left") == f"sum of the products: {total:.2f}".replace("-", "−")
    assert texts(products)[0] == f"{image[4, 7]:.2f}\n× −1"
    assert np.array_equal(products.images[0].get_array(), image[4:7, 7:10])
    assert whole.patches[-1].get_xy() == (6.5, 3.5)


def test_window_fills_the_map_as_far_as_it_has_come(image):
    picture = plots.window(image, VERTICAL, [(0, 0), (2, 3), (25, 25)])
    shown = [axes.images[0].get_array() for axes in picture.axes[2::3]]
    assert [array.count() for array in shown] == [1, 2 * 26 + 4, 26 * 26]
    assert np.allclose(shown[-1], slide(image, VERTICAL))


@pytest.mark.parametrize(
    ("kernel", "place", "message"),
    [
        (VERTICAL, (26, 0), "expected a place within row 0 to 25 and column 0 to 25, got"),
        (VERTICAL, (-1, 0), "expected a place within"),
        (np.ones((2, 3)), (0, 0), "expected a square kernel that fits on the image, got shape"),
        (np.ones((29, 29)), (0, 0), "expected a square kernel that fits"),
    ],
)
def test_window_outside(image, kernel, place, message):
    with pytest.raises(DigitsError, match=message):
        plots.window(image, kernel, [place])


# --- places, boxes, pooling


@pytest.mark.parametrize(("pad", "stride"), [(0, 1), (1, 1), (0, 2), (2, 3)])
def test_places_are_as_many_as_mxnet_finds(pad, stride):
    picture = plots.places(7, 3, {"this": (pad, stride), "other": (0, 1)})
    made = mx.nd.Convolution(
        mx.nd.ones((1, 1, 7, 7)), mx.nd.ones((1, 1, 3, 3)), kernel=(3, 3), num_filter=1, no_bias=True,
        pad=(pad, pad), stride=(stride, stride),
    )  # fmt: skip
    side = made.shape[2]
    assert f"this: {side} by {side}" in picture.alt
    assert len(picture.axes[0].lines[0].get_xdata()) == side * side


def test_boxes_stand_where_they_should(image):
    picture = plots.boxes(image, {"small": (5, 6, 4), "large": (2, 3, 16)})
    assert picture.alt == "An image with boxes around what is seen: small (4 by 4 pixels) and large (16 by 16 pixels)."
    assert picture.axes[0].patches[-1].get_bbox().bounds == (2.5, 1.5, 16, 16)
    assert texts(picture.axes[1]) == ["small: 4 × 4", "large: 16 × 16"]
    assert len({line.get_linestyle() for line in picture.axes[1].lines}) == 2  # not told apart by colour alone


def test_too_many_boxes(image):
    with pytest.raises(DigitsError, match="expected 1 to 4 boxes, got 5"):
        plots.boxes(image, {str(k): (0, 0, 3) for k in range(5)})


def test_pooling_shows_what_mxnet_leaves():
    table = np.random.default_rng(2).permutation(24).reshape(4, 6)
    picture = plots.pooling(table)
    left = mx.nd.Pooling(mx.nd.array(table[None, None]), kernel=(2, 2), stride=(2, 2), pool_type="max")[0, 0].asnumpy()
    assert texts(picture.axes[1]) == [f"{value:g}" for value in left.flat]
    bold = [text.get_text() for text in picture.axes[0].texts if text.get_weight() == "bold"]
    assert sorted(map(int, bold)) == sorted(left.flat)
    assert picture.alt.endswith("; ".join(" ".join(f"{value:g}" for value in row) for row in left) + ".")


# --- channels, to scale


def test_channels_are_summed_to_what_mxnet_finds():
    random = np.random.default_rng(3)
    maps, kernels = random.normal(size=(3, 12, 12)), random.normal(size=(3, 5, 5))
    picture = plots.channel_sum(maps, kernels, ["a", "b", "c"])
    made = mx.nd.Convolution(
        mx.nd.array(maps[None]), mx.nd.array(kernels[None]), kernel=(5, 5), num_filter=1, no_bias=True
    )
    assert np.allclose(picture.axes[-1].images[0].get_array(), made[0, 0].asnumpy(), atol=1e-4)
    assert picture.alt.startswith("3 maps, each with its own kernel, make 3 results")


def test_channels_need_a_kernel_each():
    with pytest.raises(DigitsError, match="got 2 maps, 3 kernels and 2 names"):
        plots.channel_sum(np.ones((2, 9, 9)), np.ones((3, 3, 3)), ["a", "b"])


def test_to_scale_draws_every_map_as_large_as_it_is():
    random = np.random.default_rng(4)
    stages = {"image": random.random((1, 28, 28)), "pool": random.random((20, 12, 12)), "answer": random.random(10)}
    picture = plots.to_scale(stages)
    sides = [image.get_extent()[1] - image.get_extent()[0] for image in picture.axes[0].images]
    assert np.allclose(sides, [28, 12, 12, 12, 12, 3])
    wanted = "What one image becomes, to scale from left to right: image 1 × 28 × 28, pool 20 × 12 × 12 and answer 10."
    assert picture.alt == wanted
    assert [text.split("\n")[1] for text in texts(picture.axes[0])] == ["1 × 28 × 28", "20 × 12 × 12", "10"]


# --- the widget


def test_the_picture_follows_the_sliders_and_the_weights(image):
    box = plots.sliding_window(image, VERTICAL)
    (table, sliders), picture = box.children[0].children, box.children[1]
    row, column = sliders.children
    row.value, column.value = 3, 20
    assert f"the sum is {(image[3:6, 20:23] * VERTICAL).sum():.2f} at row 3, column 20" in alt_of(picture)
    table.children[8].value = 5
    edited = VERTICAL.copy()
    edited[2, 2] = 5
    assert f"the sum is {(image[3:6, 20:23] * edited).sum():.2f} at row 3" in alt_of(picture)
    assert (row.max, column.max) == (25, 25)


def alt_of(picture) -> str:
    return re.search(r'alt="([^"]+)"', picture.value)[1]
