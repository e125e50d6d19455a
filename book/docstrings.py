"""A Sphinx extension that sets the docstrings of `helpers`, which are written as plain text, for the book."""

import inspect
import re
from importlib import import_module


def setup(app) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", to_rest)
    app.connect("autodoc-skip-member", skip_field)
    return {"parallel_read_safe": True}


def skip_field(app, what, name, member, skip, options) -> bool | None:
    """Leave out the fields of a named tuple, of which Python says only their number; they stand in its signature."""
    return True if (inspect.getdoc(member) or "").startswith("Alias for field number") else None


def to_rest(app, what, name, documented, options, lines) -> None:
    """Turn a docstring, plain text with `names`, into reStructuredText in place.

    Names become code, and links where they are full ones of this package, those of its faces too; indented paragraphs
    become listings; the names of parameters (`name: what it is`) are set in bold, on a new line where they begin one.
    """
    paragraphs = "\n".join(lines).split("\n\n")
    names = "|".join(map(re.escape, parameters(documented)))
    text = "\n\n".join(each if each.startswith("    ") else prose_to_rest(each, names) for each in paragraphs)
    lines[:] = re.sub(r"[:.]\n\n(?= {4})", "::\n\n", text).split("\n")
    if what == "module" and imported(documented):
        lines += ["", f"It hands out {', '.join(imported(documented))}."]


def prose_to_rest(text: str, names: str) -> str:
    """The same for one paragraph; `names` is a pattern of the parameters' names, or empty."""

    def code(found: re.Match) -> str:
        return f":py:obj:`~{defined(found[1])}`" if re.fullmatch(r"helpers(\.\w+)+", found[1]) else f"``{found[1]}``"

    text = re.sub(r"([*|])(?=[^`]*(?:`[^`]*`[^`]*)*$)", r"\\\1", text)  # outside of code they mean themselves
    text = re.sub(r"`([^`]+)`", code, text)
    if not names:
        return text
    parameter = rf"(?:{names})(?:(?:, | and )(?:{names}))*(?=: )"
    text = re.sub(rf"\n(?={parameter})", "\n\n", text)
    return re.sub(rf"(?m)(?:^|(?<=[.;] )){parameter}", r"**\g<0>**", text)


def defined(name: str) -> str:
    """The full name by which the module that defines it has what `name` means: a face hands out others' names."""
    module, _, member = name.rpartition(".")
    try:
        found = getattr(import_module(module), member)
    except (ImportError, AttributeError):
        return name
    own = inspect.isfunction(found) or inspect.isclass(found)
    return f"{found.__module__}.{found.__qualname__}" if own else name


def parameters(documented) -> list[str]:
    """The names of the parameters of a function or class; none where it has none."""
    try:
        return list(inspect.signature(documented).parameters)
    except (TypeError, ValueError):  # no callable, or one without a signature
        return []


def imported(module) -> list[str]:
    """Links to what a module offers though another one defines it."""
    offered = [getattr(module, name) for name in getattr(module, "__all__", [])]
    defined = [each for each in offered if getattr(each, "__module__", module.__name__) != module.__name__]
    return [f":py:obj:`~{each.__module__}.{each.__name__}`" for each in defined]
