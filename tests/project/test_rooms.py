"""The rooms of helpers/: which may import which, what a face is, whom each module serves.

The rules are functions of a folder and return a line for each fault, so that each is tried on a small bad tree as well.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]

# From the ground up. A room imports from lower levels only, never from a room of its own level. "" is helpers itself,
# which prepares MXNet by base.
LEVELS = (
    {"base"},
    {""},
    {"drawing", "plots"},
    {"data", "networks", "handwriting"},
    {"classifier", "distributed", "by_hand"},
    {"training", "canvas"},
    {"cli"},
    {"exercises"},
    {"__main__"},
)
NEIGHBOURS: set[tuple[str, str]] = set()  # (room, room of the same level that it may import); none is needed so far
FACELESS = {"base", "cli"}  # an empty __init__, so that `python -m helpers check` works without NumPy
FACE_LINES = 30
NAMES_AT_THE_TOP = 14  # beside __init__.py and __main__.py, whose names Python chose
SERVES = re.compile(r"(?:^|[.:] )(?:All chapters|Chapters? (?P<numbers>\d.*)|Serves \w.*)\.$")
OUTSIDE = ("tools", "benchmarks", "demo", "book")


def modules(root: Path) -> dict[str, Path]:
    """The modules of helpers/ by their full names; a face has the name of its room."""
    paths = sorted((root / "helpers").rglob("*.py"))
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(text: str) -> Iterator[tuple[str, str]]:
    """(module, name) for each import of helpers in a Python text, wherever it stands; `import module` names ""."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found = [("." * node.level + (node.module or ""), alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        else:
            continue
        yield from ((module, name) for module, name in found if module.startswith(".") or is_ours(module))


def is_ours(module: str) -> bool:
    return module.partition(".")[0] == "helpers"


def imported_modules(text: str, known: dict[str, Path]) -> set[str]:
    """The modules of helpers that a Python text imports: `from helpers.data import idx` imports the module idx."""
    pairs = imports(text)
    return {f"{module}.{name}" if f"{module}.{name}" in known else module for module, name in pairs}


def room_of(module: str) -> str:
    """The room of a module: "data" for helpers.data.idx, "" for helpers itself, __main__ for helpers.__main__."""
    return [*module.split("."), ""][1]


def level_of(room: str) -> int:
    """How far up a room is; -1 for one that has no level."""
    return next((level for level, rooms in enumerate(LEVELS) if room in rooms), -1)


def offered(face: Path) -> set[str]:
    """The names that a face hands out: its __all__, or what it imports and defines when it has none."""
    tree = ast.parse(face.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            targets = {target.id for target in node.targets if isinstance(target, ast.Name)}
            if targets == {"__all__"}:
                return set(ast.literal_eval(node.value))
            names |= targets
    return {name for name in names if not name.startswith("_")}


def rooms_with_a_face(root: Path) -> dict[str, Path]:
    faces = {path.parent.name: path for path in sorted((root / "helpers").glob("*/__init__.py"))}
    return {room: face for room, face in faces.items() if room not in FACELESS}


# The rules


def unknown_rooms(root: Path) -> list[str]:
    """A room that has no level would be held to nothing."""
    rooms = {room_of(module) for module in modules(root)}
    return [f"{room} has no place in LEVELS" for room in sorted(rooms) if level_of(room) < 0]


def relative_imports(root: Path) -> list[str]:
    """A relative import, which the other rules would not see."""
    return [
        f"{name} imports {module} {wanted}: name the module in full"
        for name, path in modules(root).items()
        for module, wanted in imports(path.read_text(encoding="utf-8"))
        if module.startswith(".")
    ]


def climbs(root: Path) -> list[str]:
    """An import of a higher room, or of another room of the same level."""
    known = modules(root)
    faults = []
    for name, path in known.items():
        for module in sorted(imported_modules(path.read_text(encoding="utf-8"), known)):
            here, there = room_of(name), room_of(module)
            if here == there or (here, there) in NEIGHBOURS:
                continue
            if level_of(there) >= level_of(here):
                faults.append(f"{name} imports {module}, which is not below it")
    return faults


def circle(root: Path) -> list[str]:
    """A circle of modules that import one another."""
    known = modules(root)
    graph = {name: imported_modules(path.read_text(encoding="utf-8"), known) for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        members = error.args[1][:0:-1]  # the first one is also the last
        first = members.index(min(members))
        return [" -> ".join([*members[first:], *members[: first + 1]])]
    return []


def detours(root: Path) -> list[str]:
    """A module that imports from a face, where it should name the module: faces are for those outside."""
    known = modules(root)
    faces = {f"helpers.{room}" for room in rooms_with_a_face(root)}
    return [
        f"{name} imports from the face {module}"
        for name, path in known.items()
        for module in sorted(faces & imported_modules(path.read_text(encoding="utf-8"), known))
    ]


def crowd(root: Path) -> list[str]:
    """Too many names at the top of helpers/."""
    names = {path.name for path in (root / "helpers").iterdir() if not path.name.startswith("__")}
    return [] if len(names) <= NAMES_AT_THE_TOP else [f"helpers/ has {len(names)} names: {', '.join(sorted(names))}"]


def long_faces(root: Path) -> list[str]:
    """A face that is longer than one reads at a glance."""
    lengths = {
        room: len(face.read_text(encoding="utf-8").splitlines()) for room, face in rooms_with_a_face(root).items()
    }
    return [f"the face of {room} has {lines} lines" for room, lines in lengths.items() if lines > FACE_LINES]


def hidden_modules(root: Path) -> list[str]:
    """A face that hands out a name that a module of its room has: the one hides the other."""
    return [
        f"the face of {room} hands out {name}, which is also a module"
        for room, face in rooms_with_a_face(root).items()
        for name in sorted(offered(face) & {path.stem for path in face.parent.iterdir()})
    ]


def unserving(root: Path) -> list[str]:
    """A module whose docstring does not end with the chapters, which exist, or the rooms that it serves.

    helpers itself names every room and whom it is for.
    """
    chapters = {int(path.name[:2]) for path in (root / "notebooks").glob("[0-9]*.ipynb")}
    known = modules(root)
    plan = ast.get_docstring(ast.parse(known.pop("helpers").read_text(encoding="utf-8"))) or ""
    rooms = {room_of(module) for module in known} - {"__main__"}
    named = re.findall(r"^- (\w+) +\S", plan, flags=re.MULTILINE)
    faults = [f"helpers does not say what {room} is for" for room in sorted(rooms - set(named))]
    for name, path in known.items():
        text = path.read_text(encoding="utf-8")
        if not text:
            continue  # the empty __init__ of a faceless room
        docstring = ast.get_docstring(ast.parse(text)) or ""
        found = SERVES.search(docstring.rpartition("\n")[2])
        if not found:
            faults.append(f"{name} does not say at its end whom it serves")
        elif not {int(number) for number in re.findall(r"\d+", found["numbers"] or "")} <= chapters:
            faults.append(f"{name} serves a chapter that does not exist")
    return faults


def intrusions(root: Path) -> list[str]:
    """A chapter or a tool that imports from helpers what no face hands out."""
    faces = {f"helpers.{room}": offered(face) for room, face in rooms_with_a_face(root).items()}
    known = modules(root)
    rooms = {room_of(module) for module in known} - {"", "__main__"}
    faults = []
    for path, text in outside(root):
        for module, name in imports(text):
            if module == "helpers":
                allowed = name in {"", *rooms - FACELESS}
            elif room_of(module) in FACELESS:
                allowed = module in known and f"{module}.{name}" not in known
            elif module in faces:
                allowed = name in {"", *faces[module]}
            else:
                allowed = module in known and module.count(".") == 1  # a room of one module
            if not allowed:
                faults.append(f"{path.relative_to(root)} imports {name or 'all'} from {module}")
    return faults


def outside(root: Path) -> Iterator[tuple[Path, str]]:
    """The Python text of every chapter, its solutions included, and of every tool."""
    for folder in OUTSIDE:
        for path in sorted((root / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
    for folder in ("notebooks", "demo"):
        for path in sorted((root / folder).glob("*.ipynb")):
            for cell in nbformat.read(path, as_version=4).cells:
                texts = (
                    [cell.source] if cell.cell_type == "code" else re.findall(r"```python\n(.*?)```", cell.source, re.S)
                )
                for text in texts:
                    yield path, re.sub(r"^\s*[%!].*$", "", text, flags=re.MULTILINE)


RULES = (
    unknown_rooms,
    relative_imports,
    climbs,
    circle,
    detours,
    crowd,
    long_faces,
    hidden_modules,
    unserving,
    intrusions,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule):
    faults = rule(ROOT)
    assert not faults, "\n".join(faults)


def test_the_rules_look_at_something():
    assert {room_of(module) for module in modules(ROOT)} >= set().union(*LEVELS)
    folders = {path.relative_to(ROOT).parts[0] for path, text in outside(ROOT) if list(imports(text))}
    assert folders >= {"notebooks", "tools", "benchmarks", "demo"}


# The rules, each tried on a house that breaks it

GOOD = {
    "helpers/__init__.py": (
        '"""Five rooms:\n\n- base   all\n- plots  chapter 1\n- data   chapter 1\n- by_hand  chapter 2\n- cli  all\n"""'
        "\n\nfrom helpers.base import compat\n"
    ),
    "helpers/__main__.py": '"""Start.\n\nServes the command line.\n"""\n\nfrom helpers.cli.main import main\n',
    "helpers/base/__init__.py": "",
    "helpers/base/compat.py": '"""Mend.\n\nServes all.\n"""\n',
    "helpers/plots/__init__.py": (
        '"""Pictures.\n\nChapter 1.\n"""\n\nfrom helpers.plots.charts import bars\n\n__all__ = ["bars"]\n'
    ),
    "helpers/plots/charts.py": '"""Charts.\n\nChapter 1 and the demo.\n"""\n\nimport helpers.base.compat\n',
    "helpers/data/__init__.py": '"""Arrays.\n\nChapter 1.\n"""\n\nfrom helpers.data.load import load_mnist\n',
    "helpers/data/load.py": '"""Load. Chapters 1 to 2."""\n\nfrom helpers.base import compat\n',
    "helpers/by_hand.py": '"""By hand.\n\nChapter 2.\n"""\n',
    "helpers/cli/__init__.py": "",
    "helpers/cli/main.py": '"""The work.\n\nServes python -m helpers.\n"""\n',
    "tools/tool.py": "import helpers.by_hand\nfrom helpers import data\nfrom helpers.base.compat import prepare\n",
}
LOADS = '"""Load.\n\nChapter 1.\n"""\n\n'
BAD = {
    "a new room": (unknown_rooms, {"helpers/attic/old.py": ""}, "attic has no place in LEVELS"),
    "a relative import": (
        relative_imports,
        {"helpers/data/load.py": f"{LOADS}from . import idx\n"},
        "helpers.data.load imports . idx: name the module in full",
    ),
    "a climb": (
        climbs,
        {"helpers/base/compat.py": f"{LOADS}from helpers.data.load import load_mnist\n"},
        "helpers.base.compat imports helpers.data.load, which is not below it",
    ),
    "a climb within a function": (
        climbs,
        {"helpers/data/load.py": f"{LOADS}def load():\n    from helpers.cli import main\n"},
        "helpers.data.load imports helpers.cli.main, which is not below it",
    ),
    "a climb for an annotation": (
        climbs,
        {"helpers/data/load.py": f"{LOADS}if TYPE_CHECKING:\n    import helpers.by_hand\n"},
        "helpers.data.load imports helpers.by_hand, which is not below it",
    ),
    "a neighbour": (
        climbs,
        {"helpers/drawing/field.py": f"{LOADS}import helpers.plots.charts\n"},
        "helpers.drawing.field imports helpers.plots.charts, which is not below it",
    ),
    "a circle": (
        circle,
        {
            "helpers/data/load.py": f"{LOADS}from helpers.data import idx\n",
            "helpers/data/idx.py": f"{LOADS}def read():\n    from helpers.data.load import load_mnist\n",
        },
        "helpers.data.idx -> helpers.data.load -> helpers.data.idx",
    ),
    "a circle through a face": (
        circle,
        {"helpers/data/load.py": f"{LOADS}from helpers.data import load_mnist\n"},
        "helpers.data -> helpers.data.load -> helpers.data",
    ),
    "a detour": (
        detours,
        {"helpers/data/load.py": f"{LOADS}from helpers.plots import bars\n"},
        "helpers.data.load imports from the face helpers.plots",
    ),
    "a crowd": (crowd, {f"helpers/{name}.py": "" for name in "abcdefghijk"}, "helpers/ has 16 names: a.py, b.py"),
    "a long face": (long_faces, {"helpers/data/__init__.py": "\n" * 31}, "the face of data has 31 lines"),
    "a hidden module": (
        hidden_modules,
        {"helpers/data/__init__.py": f"{LOADS}from helpers.data.load import load_mnist as load\n"},
        "the face of data hands out load, which is also a module",
    ),
    "a module that serves nobody": (
        unserving,
        {"helpers/data/load.py": '"""Load.\n\nChapter 1 is where it began, once.\nIt loads.\n"""\n'},
        "helpers.data.load does not say at its end whom it serves",
    ),
    "a module that says nothing": (
        unserving,
        {"helpers/data/load.py": "import os\n"},
        "helpers.data.load does not say at its end whom it serves",
    ),
    "a room that nobody knows of": (
        unserving,
        {"helpers/drawing/field.py": LOADS},
        "helpers does not say what drawing is for",
    ),
    "a chapter that is gone": (
        unserving,
        {"helpers/data/load.py": '"""Load.\n\nChapters 1 and 9.\n"""\n'},
        "helpers.data.load serves a chapter that does not exist",
    ),
    "a tool in a room": (
        intrusions,
        {"tools/tool.py": "def main():\n    from helpers.data.load import load_mnist\n"},
        "tools/tool.py imports load_mnist from helpers.data.load",
    ),
    "a tool that asks for a module": (
        intrusions,
        {"benchmarks/peers/peer.py": "from helpers.data import load\n"},
        "benchmarks/peers/peer.py imports load from helpers.data",
    ),
    "a tool that asks for a whole module": (
        intrusions,
        {"demo/page.py": "import helpers.data.load\n"},
        "demo/page.py imports all from helpers.data.load",
    ),
    "a tool that asks base for more than a module's names": (
        intrusions,
        {"book/conf.py": "from helpers.base import compat\n"},
        "book/conf.py imports compat from helpers.base",
    ),
}


@pytest.fixture
def house(tmp_path):
    """A function that builds a small house in which all is well but for the files given, and returns its folder."""

    def house(changed):
        for name, text in (GOOD | changed).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        cell = nbformat.v4.new_code_cell("%matplotlib inline\nfrom helpers.plots import bars")
        for name in ("01_data.ipynb", "02_mlp.ipynb"):
            path = tmp_path / "notebooks" / name
            path.parent.mkdir(exist_ok=True)
            nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        return tmp_path

    return house


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_house_has_no_fault(house, rule):
    assert rule(house({})) == []


@pytest.mark.parametrize("case", BAD)
def test_a_bad_house_is_found_out(house, case):
    rule, changed, fault = BAD[case]
    [found] = rule(house(changed))
    assert found.startswith(fault)


@pytest.mark.parametrize("kind", ["code", "solution"])
def test_a_chapter_in_a_room_is_found_out(house, kind):
    folder = house({})
    line = "from helpers.plots.charts import bars"
    solution = nbformat.v4.new_markdown_cell(f"<details>\n\n```python\n{line}\n```\n</details>")
    cell = nbformat.v4.new_code_cell(line) if kind == "code" else solution
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "notebooks" / "01_data.ipynb")
    assert intrusions(folder) == ["notebooks/01_data.ipynb imports bars from helpers.plots.charts"]


def test_every_rule_is_tried():
    assert {rule for rule, _, _ in BAD.values()} == set(RULES)
