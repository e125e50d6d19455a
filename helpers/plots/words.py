"""Numbers and lists in plain words, for titles and alternative text.

Serves the pictures of all chapters, the canvas and the benchmarks.
"""


def listing(words) -> str:
    """The words of a list in a sentence: "5", "5 and 0", "5, 0 and 4"."""
    *first, last = [str(word) for word in words]
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: int, noun: str) -> str:
    """ "1 digit", "10 digits", "10,000 digits"."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def number(value: float) -> str:
    """A number as one writes it: 5,923 or 0.9127."""
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def titled(alt: str, title: str | None) -> str:
    """Alternative text that begins with the title of the picture, where there is one."""
    return f"{title}. {alt}" if title else alt


def percent(p: float) -> str:
    """A probability as a percentage with one decimal that never claims certainty: "> 99.9 %", "< 0.1 %"."""
    if 0.9995 <= p < 1:
        return "> 99.9 %"
    if 0 < p < 0.0005:
        return "< 0.1 %"
    return f"{100 * p:.1f} %"


def whole_percent(p: float) -> str:
    """A probability in whole percent, as on the canvas, where no network is ever certain: "98 %", "> 99 %"."""
    return "> 99 %" if p > 0.995 else f"{100 * p:.0f} %"
