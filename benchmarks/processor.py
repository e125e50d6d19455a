"""What computes here."""

import platform
import re
from pathlib import Path

WIDEST = {"AVX-512": "avx512f", "AVX2": "avx2"}  # what the frameworks compute fastest with, by the flag of the system


def processor() -> str:
    """Its name and its widest vectors, as the system tells them: "AMD EPYC with AVX-512"."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    name = re.search(r"^model name\s*: (.+)$", text, flags=re.MULTILINE)
    words = set(text.split())
    widest = next((f" with {vectors}" for vectors, flag in WIDEST.items() if flag in words), "")
    return (name[1] if name else platform.processor()) + widest
