"""Leave in an executed notebook only what is the same on another machine and in another run."""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
FLEETING_METADATA = ("execution", "scrolled", "trusted")  # what differs from run to run or from reader to reader
WIDGET = "application/vnd.jupyter.widget-view+json"


def last_states(text: str) -> str:
    """What a terminal shows in the end: of each line that carriage returns drew over, the last state."""
    lines = (line.rstrip("\r") for line in text.split("\n"))
    return "\n".join(line.rpartition("\r")[2].rstrip() if "\r" in line else line for line in lines)


def join_streams(outputs: Iterable[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs of a cell, with the pieces of a stream joined where no display stands between them."""
    result: list[nbformat.NotebookNode] = []
    streams: dict[str, nbformat.NotebookNode] = {}  # since the last display
    for output in outputs:
        if output.output_type != "stream":
            streams.clear()
        elif output.name in streams:
            streams[output.name].text += output.text
            continue
        else:
            streams[output.name] = output
        result.append(output)
    return result


def machine_paths() -> dict[str, str]:
    """Folders of this machine that may show in an output, and what stands for each of them in a stored notebook."""
    folders = {ROOT: "~/digits", Path.home(): "~", Path(tempfile.gettempdir()): "~/temp"}
    if os.environ.get("MNIST_DIR"):
        folders[Path(os.environ["MNIST_DIR"])] = "~/mnist"
    names = {str(form): name for folder, name in folders.items() for form in (folder, folder.resolve())}
    names.pop("/", None)
    return dict(sorted(names.items(), key=lambda item: -len(item[0])))  # the longest first: one may hold another


def without_paths(text: str, paths: dict[str, str]) -> str:
    """The text without paths of this machine."""
    for path, name in paths.items():
        text = re.sub(re.escape(path) + r"(?![\w.-])", name, text)
    return re.sub(r"\bipykernel_\d+", "ipykernel", text)


def tidy_output(output: nbformat.NotebookNode, paths: dict[str, str]) -> None:
    """Clean one output in place."""
    if output.output_type == "stream":
        output.text = without_paths(last_states(output.text), paths)
        return
    if output.data.pop(WIDGET, None) and not {"image/png", "text/html"} & output.data.keys():
        output.data.clear()  # the text that is left of a widget is its name, which tells a reader nothing
    if "image/png" in output.data:  # HTML would hold the picture a second time, and GitHub would not show that one
        output.data.pop("text/html", None)
    for kind, content in output.data.items():
        if kind.startswith("text/"):
            output.data[kind] = without_paths(content, paths)


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Clean the metadata and outputs of the notebook in place."""
    notebook.metadata = nbformat.from_dict(METADATA)
    paths = machine_paths()
    for cell in notebook.cells:
        for key in FLEETING_METADATA:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = join_streams(cell.outputs)
            for output in cell.outputs:
                tidy_output(output, paths)
            cell.outputs = [output for output in cell.outputs if output.get("text") or output.get("data")]
