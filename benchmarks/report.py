"""What the figures of benchmarks/frameworks.py come to: medians, ratios, the tables of benchmarks/README.md, the chart.

python benchmarks/report.py          # writes the tables anew, from benchmarks/results/
"""

import json
import sys
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from helpers.base.files import atomic_write  # noqa: E402
from helpers.plots import BLUE, GREEN, INK, ORANGE, SKY, WIDTH, Figure, figure, listing  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
TITLES = {"mlp": "MLP", "lenet": "LeNet", "dropout-cnn": "dropout CNN"}
NAMES = {"mxnet": "MXNet", "pytorch": "PyTorch", "jax": "JAX", "keras": "Keras"}
# Framework by colour, form by hatch as well: who cannot tell the colours has the hatches.
COLOURS = {"mxnet": ORANGE, "pytorch": BLUE, "jax": GREEN, "keras": SKY}
HATCHES = {
    "mxnet": "",
    "mxnet stock": "--",
    "jax": "..",
    "keras": "oo",
    "pytorch": "//",
    "pytorch DataLoader": "||",
    "pytorch channels_last": "\\\\",
}
HATCHES |= {"pytorch compile": "xx", "pytorch compile channels_last": "++"}


def title(form: str) -> str:
    """The name of a form as one reads it: "PyTorch, compile"."""
    framework, _, rest = form.partition(" ")
    return NAMES[framework] + (f", {rest}" if rest else "")


def summarise(network: dict) -> None:
    """Add to each form of one network what its raw figures come to (see `table`); an error stays as it is."""
    forms = {name: form for name, form in network["forms"].items() if "error" not in form}
    rates, ratios = rates_and_ratios(forms, network["samples"], "epoch_seconds")
    busy_rates, busy_ratios = rates_and_ratios(forms, network["samples"], "busy_seconds")
    for name, form in forms.items():
        rate, busy = rates[name], busy_rates[name]
        seconds = np.cumsum([form["first_seconds"], *form["epoch_seconds"]])
        reached = [s for s, a in zip(seconds, form["accuracies"], strict=True) if a >= network["target"]]
        one = {way: median(times) for way, times in form["latency_ms"].items()}
        many = {way: median(found) for way, found in form["images_per_s"].items()}
        way, ways = min(one, key=one.get), max(many, key=many.get)
        gflops = network["training_flop"] * median(rate) / 1e9
        form["summary"] = {
            "samples_per_s": [float(v) for v in (median(rate), rate.min(), rate.max())],
            "ratio": ratios.get(name),
            "busy_samples_per_s": [float(v) for v in (median(busy), busy.min(), busy.max())],
            "busy_ratio": busy_ratios.get(name),
            "kept": float(median(busy) / median(rate)),
            "run_seconds": float(form["ready_seconds"] + reached[0]) if reached else None,
            "one_image_ms": one[way],
            "one_image_by": way,
            "images_per_s": many[ways],
            "images_per_s_by": ways,
            "gflops": float(gflops),
            "share_of_limit": float(gflops / network["limit_gflops"]) if network["limit_gflops"] else None,
        }


def rates_and_ratios(forms: dict, samples: int, seconds: str) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Of each form its rate in each round, and the median of its ratio to the best form of PyTorch of that round."""
    rates = {name: samples / np.array(form[seconds]) for name, form in forms.items()}
    torch = [rate for name, rate in rates.items() if name.startswith("pytorch")]
    best = np.max(torch, axis=0) if torch else None
    return rates, {} if best is None else {name: float(median(rate / best)) for name, rate in rates.items()}


def table(network: dict) -> str:
    """One network as a Markdown table, a row for each form; a form that failed says why."""
    head = "| form | quiet, samples/s (min to max) | to best PyTorch | busy, samples/s (min to max) | to best PyTorch "
    head += "| busy to quiet | s from start to target | one image | images/s | MB | import | GFLOP/s (of limit) |"
    lines = [head, "| --- |" + " --- |" * 11]
    for name, form in network["forms"].items():
        if "error" in form:
            lines.append(f"| {title(name)} | failed: {form['error'].replace('|', '/')} |" + " |" * 10)
            continue
        found = form["summary"]
        share = "" if found["share_of_limit"] is None else f" ({100 * found['share_of_limit']:.0f} %)"
        cells = [
            title(name),
            "{:,.0f} ({:,.0f} to {:,.0f})".format(*found["samples_per_s"]),
            number(found["ratio"], "{:.2f}"),
            "{:,.0f} ({:,.0f} to {:,.0f})".format(*found["busy_samples_per_s"]),
            number(found["busy_ratio"], "{:.2f}"),
            f"{found['kept']:.2f}",
            number(found["run_seconds"], "{:.1f}"),
            f"{found['one_image_ms']:.3f} ms ({found['one_image_by']})",
            f"{found['images_per_s']:,.0f} ({found['images_per_s_by']})",
            f"{form['memory_mb']:,.0f}",
            number(form["import_s"], "{:.1f} s"),
            f"{found['gflops']:.1f}{share}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def section(results: dict) -> str:
    """All networks in Markdown, below the line that says when, where and by what they were measured."""
    machine, limit = results["machine"], results["limit"]
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    most = f"; the limit is {limit['gflops']:.0f} GFLOP/s ({limit['name']})" if limit["gflops"] else ""
    lines = [
        f"`{results['command']}`, {results['date']}: {machine['cores']} cores, {machine['model']}; {versions}{most}."
    ]
    for name, network in results["networks"].items():
        flop = f"{network['training_flop'] / 1e6:.2f} MFLOP per image and step"
        lines += ["", f"**{TITLES[name]}**, {flop}, target {network['target']:.2f}:", "", table(network)]
    return "\n".join(lines) + "\n"


def chart_of(results: dict) -> Figure:
    """Training speed by network and form, quiet above busy: ratios to the best PyTorch form of the same kind.

    In samples/s where PyTorch is not there.
    """
    networks = results["networks"]
    found = {(n, f): form["summary"] for n in networks for f, form in networks[n]["forms"].items() if "summary" in form}
    relative = any(summary["ratio"] is not None for summary in found.values())
    what = "training speed, best PyTorch form = 1" if relative else "training speed in samples/s"
    text = "{:.2f}" if relative else "{:,.0f}"
    kinds = {"quiet": ("ratio", "samples_per_s"), "one core busy": ("busy_ratio", "busy_samples_per_s")}
    values = {
        kind: {key: s[ratio] if relative else s[rate][0] for key, s in found.items() if s[ratio] or not relative}
        for kind, (ratio, rate) in kinds.items()
    }
    told = [
        f"{title(f)} {text.format(value)} on {TITLES[n]}, {kind}"
        for kind, of_kind in values.items()
        for (n, f), value in of_kind.items()
    ]
    alt = f"Bar charts of {what}: {listing(told) if told else 'no figures'}."
    picture = figure(alt, width=WIDTH + 2, height=7)
    for axes, (kind, of_kind) in zip(picture.subplots(2, 1), values.items(), strict=True):
        draw_bars(axes, networks, of_kind, text)
        axes.set_ylabel(kind)
        if relative:
            axes.axhline(1, color=INK, linewidth=0.8, linestyle="--")
    picture.suptitle(f"{what[0].upper()}{what[1:]}")
    handles, labels = picture.axes[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return picture


def draw_bars(axes, networks: dict, values: dict, text: str) -> None:
    """A group of bars for each network, a bar for each of its forms that has a value."""
    forms = list(dict.fromkeys(form for network in networks.values() for form in network["forms"]))
    width = 0.86 / max(1, len(forms))
    for i, form in enumerate(forms):
        at = [j for j, n in enumerate(networks) if (n, form) in values]
        heights = [values[list(networks)[j], form] for j in at]
        place = [j + (i - (len(forms) - 1) / 2) * width for j in at]
        look = {"color": COLOURS[form.split()[0]], "edgecolor": "white", "hatch": HATCHES[form], "label": title(form)}
        drawn = axes.bar(place, heights, width=0.94 * width, **look)
        axes.bar_label(drawn, [text.format(v) for v in heights], padding=3, fontsize=7, color=INK, rotation=90)
    axes.set_xticks(range(len(networks)), [TITLES[name] for name in networks])
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def write_results(results: dict, folder: Path) -> None:
    """frameworks.json, frameworks.md and frameworks.png in `folder`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "json": (json.dumps(results, indent=1) + "\n").encode(),
        "md": section(results).encode(),
        "png": chart_of(results).png(),
    }
    for ending, content in contents.items():
        with atomic_write(folder / f"frameworks.{ending}") as temporary:
            temporary.write_bytes(content)


def rewritten(readme: str, results: dict) -> str:
    """The text of benchmarks/README.md with the tables of `results` between its marks. ValueError if it lacks them."""
    return between_marks(readme, "frameworks", section(results))


def between_marks(readme: str, name: str, table: str) -> str:
    """The text of benchmarks/README.md with this table between the marks of that name. ValueError if it lacks them."""
    begins, ends = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, begin, rest = readme.partition(begins)
    _, end, after = rest.partition(ends)
    if not begin or not end:
        raise ValueError(f"benchmarks/README.md lacks {begins} or, after it, {ends}")
    return f"{before}{begin}\n{table}{end}{after}"


def main() -> int:
    readme = ROOT / "benchmarks" / "README.md"
    try:
        results = json.loads((RESULTS / "frameworks.json").read_text(encoding="utf-8"))
        text = rewritten(readme.read_text(encoding="utf-8"), results)
    except (FileNotFoundError, ValueError) as error:
        missing = "benchmarks/results/frameworks.json is missing: run make bench first"
        print(f"error: {missing if isinstance(error, FileNotFoundError) else error}", file=sys.stderr)
        return 1
    except KeyError as error:  # what was stored before the columns of today
        found = f"expected results of today's make bench, got some without {error}: run make bench again"
        print(f"error: {found}", file=sys.stderr)
        return 1
    with atomic_write(readme) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
