"""The badges of a text in Markdown, links with a picture from another host, where such a picture may not be loaded."""

import re

BADGE = re.compile(r"\[!\[([^\]]*)\]\(https://[^)\s]+\)\]\(([^)\s]+)\)")
BETWEEN = re.compile(r"(?<=\))[ \n](?=\[!\[)")


def as_links(text: str) -> str:
    """The text with a plain link in place of each badge, and a dot between two that are neighbours."""
    return BADGE.sub(r"[\1](\2)", BETWEEN.sub(" · ", text))


def without(text: str) -> str:
    """The text without the paragraphs that consist of badges."""
    return "\n\n".join(part for part in text.split("\n\n") if not BADGE.match(part) or BADGE.sub("", part).strip())
