"""A pad to draw a digit on, read by one or several networks while it is being drawn.

The browser (canvas.js) draws the ink and sends the strokes, points in units of the pad, as `drawing`; Python makes the
image of them, asks the networks and answers with `result`. Each drawing has a number, `seq`, that its result repeats:
the browser counts in odd and Python in even numbers, so that two drawings are never taken for each other. While the
X-ray (xray.js) is open, a result also holds what the image does in the layers of a network.

Chapter 5 and the demo.
"""

import re
import threading
from collections.abc import Mapping
from pathlib import Path

import anywidget
import traitlets
from traitlets import observe

from helpers.base.errors import DigitsError
from helpers.canvas.collection import Collector, Item
from helpers.canvas.readers import SURE, Inside, Reader, Readers
from helpers.canvas.snapshot import still
from helpers.canvas.traits import (
    Arrays,
    Locked,
    check_drawing,
    flag,
    flags,
    is_seq,
    look_of,
    parts_of,
    points,
    width,
)
from helpers.drawing.strokes import PEN_WIDTH, Steps, to_mnist
from helpers.plots.figures import Figure

HERE = Path(__file__).parent


def as_one_module(names: list[str]) -> str:
    """The scripts beside this file as one text, which is all that anywidget takes; each needs only those before it.

    So their imports from one another go, one line each, and of what they export only the default remains.
    """
    text = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    return re.sub(r'^import .* from "\./.*";\n|^export (?!default)', "", text, flags=re.MULTILINE)


class DigitCanvas(anywidget.AnyWidget):
    """The pad with its answers. Leave it as the last line of a cell and draw, or set `strokes`.

    To set: `strokes`, a list of lists of points [x, y] in 0..1; `pen`, the ink's width as a share of the pad; `steps`,
    which steps make the image, a dict or a `Steps`; `inside`, whether the X-ray is open, which shows the layers of a
    network.
    To read: `image` (28, 28) float32, exactly what the networks received; `probabilities` (10,) float32, zeros while
    the pad is empty; `answer`, a digit, or None when the pad is empty or the network is not sure; `error`, "" or what
    went wrong. With several networks `probabilities` and `answer` are dicts by name. All can be observed.
    """

    _esm = as_one_module(["elements.js", "xray.js", "canvas.js"])
    _css = HERE / "canvas.css"

    # Between Python and the browser.
    networks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    drawing = traitlets.Dict().tag(sync=True, echo_update=False)
    result = traitlets.Dict().tag(sync=True)
    collection = traitlets.Dict().tag(sync=True)

    # For the notebook.
    strokes = Locked(points, [])
    pen = Locked(width, PEN_WIDTH)
    steps = Locked(flags, flags({}))
    inside = Locked(flag, False)
    image = Arrays(read_only=True)
    probabilities = Arrays(read_only=True)
    answer = traitlets.Any(read_only=True)
    error = traitlets.Unicode(read_only=True)

    def __init__(
        self,
        classifier: Reader | str | Mapping[str, Reader | str],
        *,
        keep: str | Path | None = None,
        sure: float = SURE,
        **options,
    ):
        """classifier: a Classifier, a dict of several by name, or the name of a shipped one. Each is copied.

        keep: the file of the collection, as "my_digits" for my_digits.json; without it the digits stay in memory.
        sure: the least probability that makes an answer. options: other traits, as `strokes`, `pen` or `layout`.
        Raises DigitsError for what cannot read a digit, and for a file that holds something else.
        """
        self.lock = threading.RLock()  # the browser's messages come on another thread than the one cells run on
        self._several = isinstance(classifier, Mapping)
        self._readers = Readers(classifier, sure)
        self._inside = Inside(self._readers.by_name)
        self._collector = Collector(keep)
        self._tell_collection()
        self._seen = None
        self.drawing = self._message(0)
        super().__init__(networks=list(self._readers.by_name), **options)
        self.on_msg(self._on_message)

    def keep(self, label: int) -> int:
        """Add the present drawing with its label 0 to 9 to the collection; return its size (the file's, if any).

        Its image in the collection is the one that all steps make, whatever `steps` says.
        Raises DigitsError when the pad is empty, for a wrong label, and when the file cannot be written.
        """
        return self._keep(label, self.strokes, self.pen)

    @property
    def items(self) -> list[Item]:
        """What was collected on this canvas: label, strokes, pen and image of each digit."""
        return self._collector.items

    def still(self) -> Figure:
        """A still picture of the canvas as it is now, for a stored notebook; it does not change with the canvas."""
        probabilities = self._by_name(self.probabilities)
        answers = self._by_name(self.answer)
        return still(self.strokes, self.pen, self.image, probabilities, answers)

    def open(self):
        """Begin to talk to the browser, which says itself on which thread (subshell) each of its messages is for.

        ipykernel from 7.4 on would send them to the thread that spoke to the browser last, which may be a cell's: then
        the pad waits until that cell has ended.
        """
        super().open()
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = None

    def set_state(self, sync_data):
        """Take what the browser sends, never in the midst of a change that a cell makes.

        A drawing that is none leaves everything as it is, but for `error`, and is answered with that.
        """
        with self.lock:
            state = dict(sync_data)
            if "drawing" in state:
                try:
                    check_drawing(state["drawing"])
                except DigitsError as error:  # no page of ours sends such a drawing
                    self._refuse(state.pop("drawing"), str(error))
            super().set_state(state)

    @observe("strokes", "pen", "steps", "inside")
    def _set_in_a_cell(self, change) -> None:
        if self._seen not in (None, self._now()):
            self.drawing = self._message(self._newest // 2 * 2 + 2)

    @observe("drawing")
    def _drawn(self, change) -> None:
        with self.lock:
            self._read(change["new"])

    def _now(self) -> dict:
        return {"strokes": self.strokes, "pen": self.pen, "steps": self.steps, "inside": self.inside}

    def _message(self, seq: int) -> dict:
        """The drawing as the browser is told it; what its layers make of it is wanted, too."""
        return self.drawing | self._now() | {"seq": seq, "layers": True}

    @property
    def _newest(self) -> int:
        """The number of the last drawing, or of the last answer where the drawing was none."""
        return max(self.drawing["seq"], self.result["seq"])

    def _refuse(self, drawing: object, error: str) -> None:
        """Tell the browser what is wrong with a drawing; where it has no number, as an answer to the next one."""
        seq = drawing.get("seq") if isinstance(drawing, dict) else None
        self.result = self.result | {
            "seq": seq if is_seq(seq) else self._newest + 1,
            "state": "error",
            "error": error,
        }
        self.set_trait("error", error)

    def _read(self, drawing: dict) -> None:
        """Read a drawing, then tell the browser and, after it, whoever observes."""
        seen = self._seen = check_drawing(drawing)
        result = self._readers.read(to_mnist(seen["strokes"], seen["pen"], Steps(**seen["steps"])))
        inside = self._inside.look(result.image, look_of(drawing)) if seen["inside"] else {}
        self.result = {"seq": drawing["seq"], **result.message(), "inside": inside}
        found = {
            "image": result.image,
            "error": result.error,
            "probabilities": self._one_or_all(result.probabilities),
            "answer": self._one_or_all(result.answers),
        }
        with self.hold_trait_notifications():  # whoever observes one of them finds all of them as they are now
            for name, value in (seen | found).items():
                self.set_trait(name, value)

    def _one_or_all(self, by_name: dict):
        return by_name if self._several else next(iter(by_name.values()))

    def _by_name(self, one_or_all) -> dict:
        return one_or_all if self._several else {self.networks[0]: one_or_all}

    def _keep(self, label: int, strokes: list, pen: float) -> int:
        count = self._collector.add(label, strokes, pen)
        self._tell_collection()
        return count

    def _tell_collection(self, error: str = "") -> None:
        """Tell the browser how many digits the collection holds, or why one could not be added."""
        with self.lock:
            times = self.collection.get("times", 0) + 1  # a message that equals the last one would not be sent
            now = {"count": self._collector.count, "file": self._collector.file}
            self.collection = now | {"error": error, "times": times}

    def _on_message(self, _, content: dict, buffers) -> None:
        """The button Keep."""
        try:
            self._keep(*parts_of(content, "a digit", ["keep", "strokes", "pen"]))
        except DigitsError as error:
            self._tell_collection(str(error))
