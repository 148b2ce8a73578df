#!/usr/bin/env python3
"""Finds links that lead nowhere, without a network: to files that are not there, and to anchors that their
target does not have. Links to other sites are left alone.

    links.py markdown FILE...      relative links of Markdown files, as a forge follows them
    links.py html DIRECTORY        all links of a generated site, its navigation included

Prints a line per broken link, and ends with 1 if there is any.
"""

import html.parser
import re
import sys
from pathlib import Path
from urllib.parse import unquote


# --- Markdown ----------------------------------------------------------------------------------------------


def without_code(text):
    """The text with its code blocks and code spans blanked, line for line."""
    lines, fence = [], False
    for line in text.splitlines():
        if re.match(r" *```", line):
            fence = not fence
            line = ""
        lines.append("" if fence else line)
    return re.sub(r"`[^`\n]*`", lambda span: " " * len(span[0]), "\n".join(lines))


def slugs(text):
    """The anchors that a forge gives to the headings of a Markdown text."""
    found, times = set(), {}
    fence = False
    for line in text.splitlines():
        if re.match(r" *```", line):
            fence = not fence
        heading = None if fence else re.match(r"#+ (.*)$", line)
        if heading:
            words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", re.sub(r"[`*]", "", heading[1])).strip().lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            count = times[name] = times.get(name, -1) + 1
            found.add(f"{name}-{count}" if count else name)
    return found


def broken_in_markdown(files):
    for file in files:
        text = without_code(file.read_text())
        for link in re.finditer(r"(?<!!)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]*)\)", text):
            target = link[1]
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            line = text.count("\n", 0, link.start()) + 1
            path, _, fragment = unquote(target).partition("#")
            there = file.parent / path if path else file
            if not there.exists():
                yield f"{file}:{line}: there is no {target}"
            elif fragment and there.suffix == ".md" and fragment not in slugs(there.read_text()):
                yield f"{file}:{line}: {path or file.name} has no heading #{fragment}"


# --- HTML --------------------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append((self.getpos()[0], value))


def links_of_script(text):
    """The pages that a generated script refers to: the navigation tree and the search are such."""
    for match in re.finditer(r"""["'](?:\.\./)?([\w.-]+\.html(?:#[\w.-]+)?)["']""", text):
        yield text.count("\n", 0, match.start()) + 1, match[1]


def broken_in_html(directory):
    pages = {path: Page(path.read_text(errors="replace")) for path in sorted(directory.rglob("*.html"))}
    links = [(path, line, target) for path, page in pages.items() for line, target in page.links]
    for script in sorted(directory.rglob("*.js")):
        if script.name.startswith("navtreeindex"):
            continue  # where in the tree a page is, should it exist
        # A script's links are relative to the page that loads it, which is at the top.
        links += [(directory / script.name, line, target) for line, target in links_of_script(script.read_text())]
    for source, line, target in links:
        if re.match(r"[a-z][a-z0-9+.-]*:|//", target):
            continue
        path, _, fragment = unquote(target).partition("#")
        there = (source.parent / path).resolve() if path else source
        if not there.exists():
            yield f"{source}:{line}: there is no {target}"
        elif fragment and there in pages and fragment not in pages[there].anchors:
            yield f"{source}:{line}: {there.name} has no anchor #{fragment}"


def main():
    kind, *arguments = sys.argv[1:] or [""]
    paths = [Path(argument).resolve() for argument in arguments]
    if kind == "markdown" and paths:
        broken = list(broken_in_markdown(paths))
    elif kind == "html" and len(paths) == 1:
        if not (paths[0] / "index.html").exists():
            sys.exit(f"there is no site in {paths[0]}")
        broken = list(broken_in_html(paths[0]))
    else:
        sys.exit(__doc__)
    for line in broken:
        print(line)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
