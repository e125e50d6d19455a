"""The drawing of a network: its graph, its alternative text, and what takes its place without `dot`."""

import io
import os
import shutil
import stat

import pytest
from PIL import Image

from helpers import networks
from helpers.base.errors import DigitsError
from helpers.networks import diagram

import mxnet as mx

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot of Graphviz is not installed")


@needs_dot
@pytest.mark.parametrize("name", networks.NETWORKS)
def test_a_drawing_names_the_layers_in_order(name):
    symbol = networks.NETWORKS[name]()
    image = diagram.network_diagram(symbol)
    _, metadata = image._repr_mimebundle_()
    alt = metadata["image/png"]["alt"]
    layers = networks.layers(symbol)
    places = [alt.index(f"{layer.name} ({layer.kind}") for layer in layers]
    assert places == sorted(places)
    assert f"From data of 1 × 28 × 28 through {len(layers)} layers" in alt
    png = Image.open(io.BytesIO(image.png))
    width = metadata["image/png"]["width"]
    assert 500 < width <= 720  # fits the column of a notebook
    assert abs(png.width - 2 * width) <= 1
    assert png.height < png.width
    assert len(image.png) < 60_000


def test_the_graph_shows_shapes_and_hides_weights_and_labels():
    source = diagram.dot_source(networks.lenet(), (64, 1, 28, 28))
    for hidden in ("conv1_weight", "fc1_bias", "softmax_label"):
        assert hidden not in source
    # Shapes by hand: 28 - 5 + 1 = 24, halved 12, - 5 + 1 = 8, halved 4; 50 * 4 * 4 = 800.
    for shape in ("1 × 28 × 28", "20 × 24 × 24", "20 × 12 × 12", "50 × 8 × 8", "50 × 4 × 4", "800", "500", "10"):
        assert f'label=" {shape} "' in source
    for words in ("20 of 5 × 5", "max 2 × 2", "tanh"):
        assert words in source
    assert "p = 0.25" in diagram.dot_source(networks.dropout_cnn(0.25))


@needs_dot
def test_a_network_with_a_branch_can_be_drawn():
    data = mx.sym.Variable("data")
    a = mx.sym.Convolution(data, kernel=(3, 3), pad=(1, 1), num_filter=4, name="a")
    b = mx.sym.Convolution(a, kernel=(3, 3), pad=(1, 1), num_filter=4, name="b")
    symbol = mx.sym.FullyConnected(mx.sym.elemwise_add(a, b, name="sum"), num_hidden=10, name="logits")
    assert "a (Convolution, 4 × 28 × 28), b (Convolution, 4 × 28 × 28), sum" in diagram.network_diagram(symbol).alt
    arrows = [
        line.split("[")[0].strip() for line in diagram.dot_source(symbol).splitlines() if "×" in line and "->" in line
    ]
    assert set(arrows) == {"a -> data", "b -> a", "sum -> a", "sum -> b", "logits -> sum"}


@needs_dot
def test_drawing_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    diagram.network_diagram(networks.mlp())
    assert list(tmp_path.iterdir()) == []
    assert os.getcwd() == str(tmp_path)  # noqa: PTH109
    assert dict(os.environ) == before


def test_without_dot_the_table_takes_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = repr(diagram.network_diagram(networks.lenet()))
    table = networks.layer_table(networks.lenet())
    assert shown.startswith(table)
    hint = shown.removeprefix(table).strip()
    assert "\n" not in hint
    assert [word for word in ("Graphviz", "apt-get", "brew", "conda") if word not in hint] == []


def test_a_dot_that_fails_gives_the_table_and_its_message(tmp_path, monkeypatch):
    broken = tmp_path / "dot"
    broken.write_text('#!/bin/sh\necho "no png here" >&2\nexit 1\n')
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    shown = repr(diagram.network_diagram(networks.mlp()))
    assert shown.startswith(networks.layer_table(networks.mlp()))
    assert shown.endswith("No drawing, because `dot` failed: no png here")


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(DigitsError, match=r"\(1, 1, 4, 4\)") as caught:
        diagram.network_diagram(networks.lenet(), (1, 1, 4, 4))
    assert "\n" not in str(caught.value)
