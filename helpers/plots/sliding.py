"""A widget: a kernel to edit and a window to slide over an image, with what comes of it.

Chapter 3.
"""

import base64
import html

import numpy as np

from helpers.plots.windows import window


def sliding_window(image, kernel):
    """Number fields for the weights of `kernel` (k, k), sliders for the place of the window on `image` (H, W), and
    below them the picture of `window`, which follows. Returns an ipywidgets box; its still form is that picture.
    """
    import ipywidgets  # what only draws pictures does without

    kernel = np.asarray(kernel, dtype=float)
    size = len(kernel)
    weights = [
        ipywidgets.FloatText(
            value=weight,
            step=0.5,
            layout={"width": "64px"},
            tooltip=f"weight in row {place // size}, column {place % size}",
        )
        for place, weight in enumerate(kernel.flat)
    ]
    row, column = (
        ipywidgets.IntSlider(value=side // 3, min=0, max=side - size, description=name, continuous_update=True)
        for name, side in zip(("row", "column"), np.shape(image), strict=True)
    )
    picture = ipywidgets.HTML()

    def draw(_=None) -> None:
        edited = np.array([weight.value for weight in weights]).reshape(size, size)
        drawn = window(image, edited, [(row.value, column.value)])
        source = base64.b64encode(drawn.png()).decode()
        picture.value = f'<img src="data:image/png;base64,{source}" alt="{html.escape(drawn.alt)}" style="width:100%">'

    for control in (*weights, row, column):
        control.observe(draw, "value")
    draw()
    table = ipywidgets.GridBox(weights, layout={"grid_template_columns": f"repeat({size}, 68px)"})
    controls = ipywidgets.HBox([table, ipywidgets.VBox([row, column])], layout={"flex_flow": "row wrap"})
    box = ipywidgets.VBox([controls, picture], layout={"max_width": "720px"})
    box.add_class("sliding-window")
    return box
