"""A network as a drawing: MXNet's own graph, put in columns by Graphviz. Without its `dot`, a table of layers.

Whoever only trains a network should not wait for Matplotlib, so helpers.plots is imported where something is drawn.

Chapters 2 and 3.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable
from math import ceil
from typing import TYPE_CHECKING

from helpers.networks.symbols import layer_table, layers

import mxnet as mx

if TYPE_CHECKING:
    from graphviz import Digraph

NO_DOT = (
    "For a drawing instead of this table install Graphviz, which brings the program `dot`: "
    "`sudo apt-get install graphviz`, `brew install graphviz` or `conda install graphviz`."
)

COLUMN_STARTS = ("Convolution", "FullyConnected")  # the layers with parameters, which begin a column

TINTS = {
    "null": "white",
    "Convolution": "#bcdcf2",
    "FullyConnected": "#bcdcf2",
    "Activation": "#fbdcc4",
    "Pooling": "#bfe8da",
    "Dropout": "#ecdce5",
}  # the kind of a layer is also written in its box


class Drawing:
    """A PNG file with alternative text, which shows itself in a notebook."""

    def __init__(self, png: bytes, alt: str):
        self.png = png
        self.alt = alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        from helpers.plots.figures import CSS_PIXELS, PNG_PIXELS, display_bundle, png_width

        return display_bundle(self.png, self.alt, ceil(png_width(self.png) * CSS_PIXELS / PNG_PIXELS))


class LayerTable:
    """What stands in for the drawing: shows the table of layers and how to get the drawing."""

    def __init__(self, symbol: mx.sym.Symbol, data_shape: tuple[int, ...], reason: str):
        self.text = f"{layer_table(symbol, data_shape)}\n\n{reason}"

    def __repr__(self):
        return self.text


def network_diagram(symbol: mx.sym.Symbol, data_shape: tuple[int, ...] = (1, 1, 28, 28)) -> Drawing | LayerTable:
    """A `Drawing` of `symbol`, each arrow with the shape that one image has there.

    Read it column by column, each from the top. `data_shape` is (N, channels, height, width); shapes that do not fit
    raise DigitsError. Without `dot` the result is a `LayerTable`.
    """
    from helpers.plots.figures import compact_png
    from helpers.plots.words import listing

    table = layers(symbol, data_shape)
    dot = shutil.which("dot")
    if dot is None:
        return LayerTable(symbol, data_shape, NO_DOT)
    drawn = subprocess.run([dot, "-Tpng"], input=dot_source(symbol, data_shape).encode(), capture_output=True)
    if drawn.returncode != 0:
        why = drawn.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        return LayerTable(symbol, data_shape, f"No drawing, because `dot` failed: {why[0]}")

    way = listing(f"{layer.name} ({layer.kind}, {_sizes(layer.output_shape)})" for layer in table)
    alt = f"Network diagram. From data of {_sizes(data_shape)} through {len(table)} layers: {way}."
    return Drawing(compact_png(drawn.stdout), alt)


def dot_source(symbol: mx.sym.Symbol, data_shape: tuple[int, ...] = (1, 1, 28, 28)) -> str:
    """The graph of `mx.viz.plot_network` in Graphviz's language, without labels for training, arranged in columns."""
    nodes = json.loads(symbol.tojson())["nodes"]
    shapes = {layer.name: layer.output_shape for layer in layers(symbol, data_shape)} | {"data": data_shape}
    graph = _plain_graph(symbol, nodes)
    columns = _columns(node for node in nodes if node["op"] != "null" or node["name"] in shapes)
    number = {node["name"]: i for i, column in enumerate(columns, start=1) for node in column}
    for column in columns:
        for node in column:
            name = node["name"]
            graph.node(name, label=_label(node), group=str(number[name]), fillcolor=TINTS.get(node["op"], "#eeeeee"))
            for before in (nodes[i]["name"] for i, *_ in node.get("inputs", ())):
                if before in number:
                    turn = {} if number[before] == number[name] else {"constraint": "false"}
                    graph.edge(name, before, label=f" {_sizes(shapes[before])} ", **turn)
    if len(columns) > 1:  # they start side by side, in their order
        tops = " -> ".join(f'"{column[0]["name"]}"' for column in columns)
        graph.body.append(f"\t{{rank=same {tops} [style=invis]}}")
    return graph.source


def _plain_graph(symbol: mx.sym.Symbol, nodes: list[dict]) -> "Digraph":
    """MXNet's graph without the labels, in the look of the series."""
    from helpers.plots.figures import MUTED, PNG_PIXELS, WIDTH

    font = {"fontname": "DejaVu Sans", "fontsize": "10"}
    box = {"fixedsize": "false", "width": "1.15", "height": "0.5", "margin": "0.06,0.04", "style": "filled,rounded"}
    graph = mx.viz.plot_network(symbol, hide_weights=True, node_attrs=box | font | {"color": MUTED, "penwidth": "0.8"})
    labels = {node["name"] for node in nodes if node["op"] == "null" and "_label" in node["name"]}
    graph.body = [line for line in graph.body if labels.isdisjoint(line.split("[")[0].split())]

    graph.strict = True  # a second statement on a node or an arrow adds to the first instead of drawing another
    # plot_network draws arrows from a layer back to its input, so from bottom to top the input comes first.
    graph.graph_attr.update(
        rankdir="BT", nodesep="0.42", ranksep="0.3", pad="0.08", dpi=str(PNG_PIXELS), size=str(WIDTH)
    )
    graph.edge_attr.update(font | {"fontsize": "9", "color": MUTED, "arrowsize": "0.7"})
    return graph


def _columns(nodes: Iterable[dict]) -> list[list[dict]]:
    """The nodes in order, in columns of one layer with parameters each. A flattening goes with the layer after it."""
    columns = [[]]
    for node in nodes:
        if node["op"] in (*COLUMN_STARTS, "Flatten") and any(other["op"] in COLUMN_STARTS for other in columns[-1]):
            columns.append([])
        columns[-1].append(node)
    return columns


def _label(node: dict) -> str:
    """The words in a node's box: its name, and of a layer its kind and a detail."""
    if node["op"] == "null":
        return node["name"]
    return "\n".join(filter(None, (node["name"], node["op"], _detail(node))))


def _sizes(shape: tuple[int, ...]) -> str:
    """The shape of one image's values: (1, 20, 24, 24) is "20 × 24 × 24"."""
    return " × ".join(map(str, shape[1:]))


def _detail(node: dict) -> str:
    """What a reader wants to know of a layer beyond its kind, "" where there is nothing."""
    attrs = node.get("attrs", {})
    kernel = attrs.get("kernel", "").strip("()").replace(", ", " × ")
    match node["op"]:
        case "Convolution":
            return f"{attrs['num_filter']} of {kernel}"
        case "FullyConnected":
            return attrs["num_hidden"]
        case "Pooling":
            return f"{attrs.get('pool_type', 'max')} {kernel}"
        case "Activation":
            return attrs["act_type"]
        case "Dropout":
            return f"p = {attrs.get('p', '0.5')}"
    return ""
