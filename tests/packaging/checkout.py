"""What the recipe and the port are held against: this checkout's version, options, targets, headers and includes."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CMAKE = (ROOT / "CMakeLists.txt").read_text()
VERSION = re.search(r"VERSION (\d+\.\d+\.\d+)", CMAKE).group(1)
DESCRIPTION = re.search(r'DESCRIPTION "(.*)"', CMAKE).group(1)
OPTIONS = set(re.findall(r"^option\((LOCKSTEP_\w+)", CMAKE, re.MULTILINE))

# Headers of the system: each is asked for by __has_include, or stands in a branch for one system.
SYSTEM = {"cxxabi.h", "experimental", "malloc.h", "poll.h", "sanitizer", "sys", "winsock2.h"}


def headers(component, root=ROOT):
    """The files that a component installs below include/, as paths in there."""
    library = root / "include"
    hmac = library / "lockstep/verbs/token_hmac.hpp"
    others = {name: set((library / "lockstep" / name).iterdir()) for name in ("postgres", "sqlite")}
    if component == "hmac":
        return {hmac.relative_to(library)}
    if component in others:
        return {path.relative_to(library) for path in others[component]}
    where = root / "sim/include" if component == "sim" else library
    apart = {hmac}.union(*others.values())
    return {path.relative_to(where) for path in where.rglob("*") if path.is_file() and path not in apart}


def public_sources(component, root=ROOT):
    """The files whose includes a component's users must be able to find."""
    return [root / ("sim/include" if component == "sim" else "include") / header for header in headers(component, root)]


def sources(component, root=ROOT):
    """Likewise, its users or those who build it."""
    return [*public_sources(component, root), *((root / "sim/src").glob("*.[ch]pp") if component == "sim" else [])]


def foreign_includes(component, root=ROOT, of=sources):
    """What they include of others: {"boost/describe", "gsl", ...}. Of Boost the library, of others the name."""
    found = set()
    for source in of(component, root):
        for include in re.findall(r"^\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", source.read_text(), re.MULTILINE):
            first, _, rest = include.partition("/")
            is_std = not rest and "." not in include
            if is_std or include in SYSTEM or first in SYSTEM or first == "lockstep" or _is_beside(source, include):
                continue
            found.add(f"boost/{rest.split('/')[0].removesuffix('.hpp')}" if first == "boost" else first)
    return found


def _is_beside(source, include):
    return (source.parent / include).is_file() or any(source.parent.rglob(f"{include}.in"))  # CMake makes it of that
