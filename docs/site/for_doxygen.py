#!/usr/bin/env python3
"""Between the project's files and Doxygen, so that neither has to bend to the other.

Headers keep plain comments and no markup; Markdown keeps links that work on any forge. What Doxygen needs
besides (a group per header, a label per heading, links between pages) is added here, on the way.

    for_doxygen.py prepare DIRECTORY     writes what the Doxyfile wants there: groups.dox, header.html, layout.xml
    for_doxygen.py header FILE           filters a header to standard output, line for line
    for_doxygen.py page FILE             filters a Markdown file to standard output
    for_doxygen.py finish DIRECTORY      mends what Doxygen made of it
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import textwrap
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The reference has a section per directory of headers, and a page per header.
SECTIONS = {
    "verbs": ("Verbs", "include/lockstep/verbs", "What users call: free functions over any storage."),
    "core": ("Core", "include/lockstep/core", "Versions, versioned records, errors and fields."),
    "storage": ("Storage", "include/lockstep/storage",
                "What a storage must offer, the laws that it must keep, and a base to start from."),
    "memory": ("Embedded storage", "include/lockstep/memory", "Tables of records in memory."),
    "sqlite": ("SQLite", "include/lockstep/sqlite", "Tables of SQLite files."),
    "postgres": ("PostgreSQL", "include/lockstep/postgres", "Tables of PostgreSQL databases."),
    "sql": ("SQL", "include/lockstep/sql", "What storages in SQL databases share: mappings, values, errors."),
    "runtime": ("Runtime", "include/lockstep/runtime", "The seam between lockstep and the machine it runs on."),
    "sim": ("Simulator", "sim/include/lockstep/sim", "Runs a test under every interleaving."),
}

NAMESPACES = {
    "lockstep": "The library.",
    "lockstep::memory": "The embedded storage.",
    "lockstep::sql": "What storages in SQL databases share.",
    "lockstep::sqlite": "The storage in SQLite files.",
    "lockstep::postgres": "The storage in PostgreSQL.",
    "lockstep::sim": "The simulator, with std's names for what stands in for std's.",
    "lockstep::sim::this_thread": "What a simulated thread does with itself.",
}

# The guide, in reading order.
GUIDE = ["start", "install", "versions", "locks", "transactions", "choosing", "errors", "storages", "isolation", "cells",
         "flat-table", "sqlite", "postgres", "rails", "rowctl", "simulator", "checkers"]


# --- Headers -----------------------------------------------------------------------------------------------


def opening_comment(text):
    """The comment that a file opens with, as plain text."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        lines.append(line[2:].removeprefix(" "))
    return "\n".join(lines)


def public_part(text):
    """The first and the last line of what a header declares for its users; nothing if all of it is detail."""
    lines = text.splitlines()
    opens = [i for i, line in enumerate(lines) if re.fullmatch(r"namespace lockstep(::\w+)* \{", line)]
    closes = [i for i, line in enumerate(lines) if re.match(r"\}  // namespace lockstep(::\w+)*$", line)]
    if not opens or "::detail" in lines[opens[0]]:
        return None
    return opens[0], closes[-1]


def headers(directory):
    return sorted(path.relative_to(ROOT) for path in (ROOT / directory).glob("*.hpp"))


def group_of(header):
    """The group's label, or nothing for a header that has no names of its own."""
    text = (ROOT / header).read_text()
    return f"{header.parent.name}_{header.stem}" if public_part(text) else None


def include_line(header):
    return str(header).split("include/", 1)[1]


def groups():
    """Doxygen's groups: a section per directory, in it a group per header, which its opening comment explains."""
    out = [f"/** @namespace {name}\n@brief {brief} */" for name, brief in NAMESPACES.items()]
    for section, (title, directory, brief) in SECTIONS.items():
        out.append(f"/** @defgroup {section} {title}\n@brief {brief} */")
        for header in headers(directory):
            label = group_of(header)
            if not label:
                continue
            comment = opening_comment((ROOT / header).read_text())
            comment = escaped(comment).replace("*/", "* /")
            out.append(f"/** @defgroup {label} {header.name}\n@ingroup {section}\n@brief {comment}\n\n"
                       f"@code{{.cpp}}\n#include <{include_line(header)}>\n@endcode\n*/")
    return "\n\n".join(out) + "\n"


MARK = re.compile(r"^ *// \[([\w.]+)\]$")
# Functions beside the verbs that need no example of their own: what a version type of one's own overloads.
NOT_VERBS = {"version_from_text"}

# What a special member of a class does is in its form: these need no words of ours.
SPECIAL = [
    (re.compile(r"^\s+(\w+)\(const \1(<.*>)?&\) = delete;$"), "Not copyable."),
    (re.compile(r"^\s+\w+& operator=\(const \w+&\) = delete;$"), "Not assignable."),
    (re.compile(r"^\s+\w+& operator=\(\w+&&\) = delete;$"), "Not assignable."),
    (re.compile(r"^\s+(\w+)\(\1&&\)( noexcept)? = default;$"), "Moves."),
    (re.compile(r"^\s+\w+& operator=\(\w+&&\)( noexcept)? = default;$"), "Moves."),
    (re.compile(r"^\s+friend (constexpr )?bool operator==\(.*\)( noexcept)? = default;$"), "Compares every member."),
    (re.compile(r"^\s+friend (constexpr )?auto operator<=>\(.*\)( noexcept)? = default;$"), "Orders by every member."),
    (re.compile(r"^\s+virtual ~\w+\(\)( = default;| \{\})$"), "For derived classes."),
]


def declarations(lines):
    """The documented names at namespace scope, outside of detail: (last line of the docstring, name, scope)."""
    scopes, found = [], []
    for number, line in enumerate(lines):
        if match := re.match(r"namespace ([\w:]+) \{", line):
            scopes.append(match[1])
        elif line.startswith("}  // namespace"):
            scopes.pop()
        elif line.startswith("///") and not lines[number + 1].startswith("///") and "detail" not in "".join(scopes):
            declaration = ""
            for following in lines[number + 1:]:
                declaration += following + " "
                if re.search(r"[;{]\s*$", following):
                    break
            declaration = re.sub(r"decltype\(auto\)", "auto", declaration)
            name = re.search(r"^(?:template <.*> )?(?:class|struct) (?:\[\[\w+\]\] )?(\w+)|^template <.*> concept (\w+) =|"
                             r"constexpr auto (\w+) =|(?<![\w:])(?!requires\b)(\w+)\((?!auto\b)", declaration)
            if name:
                found.append((number, next(filter(None, name.groups())), "::".join(scopes)))
    return found


def snippets():
    """The parts of the examples that show one name: what stands between two lines // [name]."""
    found = {}
    for path in sorted((ROOT / "examples").glob("*.cpp")):
        lines = path.read_text().splitlines()
        marks = {}
        for number, line in enumerate(lines):
            if match := MARK.match(line):
                marks.setdefault(match[1], []).append(number)
        for name, places in marks.items():
            if len(places) != 2 or name in found:
                sys.exit(f"{path}:{places[0] + 1}: [{name}] must stand on two lines, in one example only")
            body = [line for line in lines[places[0] + 1:places[1]] if not MARK.match(line)]
            found[name] = path.name, textwrap.dedent("\n".join(body)) + "\n"
    return found


def snippet_file(name):
    return f"{name}.snippet.cpp"


def snippet_for(header, name, known):
    """`save` in merge.hpp is shown by [merge.save], or else by [save]."""
    return next((key for key in (f"{header.stem}.{name}", name) if key in known), None)


def check_examples(known):
    """Every verb has an example, and every part of an example that is marked is shown somewhere."""
    shown = set()
    for _, directory, _ in SECTIONS.values():
        for header in headers(directory):
            for number, name, _ in declarations((ROOT / header).read_text().splitlines()):
                key = snippet_for(header, name, known)
                shown.add(key)
                if not key and header.parent.name == "verbs" and name.islower() and name not in NOT_VERBS:
                    sys.exit(f"{header}:{number + 1}: no example shows {name}: mark one with // [{name}]")
    for name in sorted(set(known) - shown):
        sys.exit(f"examples/{known[name][0]}: there is no {name} in the reference that [{name}] could show")


def bare_enumerators(text):
    """The enumerators without documentation, which not every Doxygen minds."""
    public = re.sub(r"^namespace detail \{.*?^\}  // namespace detail$", "", text, flags=re.S | re.M)
    for enum in re.finditer(r"enum class (\w+)[^{;]*\{(.*?)\}", public, re.S):
        for line in enum[2].splitlines() or [""]:
            if line.strip() and not re.search(r"///", line):
                yield f"{enum[1]}: {line.strip()}"


def check_what_doxygen_does_not():
    """Enumerators and concepts without documentation."""
    for _, directory, _ in SECTIONS.values():
        for header in headers(directory):
            text = (ROOT / header).read_text()
            for bare in bare_enumerators(text):
                sys.exit(f"{header}: undocumented in enum {bare}")
            documented = {name for _, name, _ in declarations(text.splitlines())}
            for scope, name in concepts_of(text):
                if name not in documented and "detail" not in scope:
                    sys.exit(f"{header}: concept {name} is undocumented")


def filtered_header(header):
    """The header with its names in its group. Line numbers stay, so that warnings name the right ones."""
    text = (ROOT / header).read_text()
    label = group_of(header)
    if not label:
        return text
    first, last = public_part(text)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        documented = number > 0 and lines[number - 1].lstrip().startswith("///")
        for form, words in SPECIAL:
            if not documented and "///<" not in line and form.match(line):
                lines[number] = f"{line}  ///< {words}"
                break
    known, illustrated = snippets(), set()
    for number, name, _ in declarations(lines):
        key = snippet_for(header, name, known)
        if key and key not in illustrated:  # once, at the first of several overloads
            illustrated.add(key)
            lines[number] += f" @shown_in{{{snippet_file(key)},{example_page(Path(known[key][0]))},{known[key][0]}}}"
    lines[first] += f" /** @addtogroup {label} */ /** @{{ */"
    lines[last] = "/** @} */ " + lines[last]
    return "\n".join(lines) + "\n"


# --- Pages -------------------------------------------------------------------------------------------------


def page_label(path):
    """A page's name in the site: docs/locks.md is locks.html."""
    if path == Path("README.md"):
        return "index"
    name = path.relative_to("docs") if path.parts[0] == "docs" else path
    return str(name.with_suffix("")).replace("/", "-").lower()


def slug(heading):
    """The anchor of a heading, as forges make it."""
    text = re.sub(r"`|\*", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def is_page(path):
    return path.suffix == ".md" and (ROOT / path).is_file()


def site_link(page, target):
    """Where a link of `page` leads in the site; nothing if it leads out of it."""
    path, _, fragment = target.partition("#")
    there = Path(os.path.normpath(page.parent / path)) if path else page
    if is_page(there):
        label = page_label(there)
        if fragment:
            return f"@ref {label}-{fragment}"
        return "@ref index" if label == "index" else f"@ref {label}"
    if there.suffix == ".hpp" and (ROOT / there).is_file() and group_of(there):
        return f"@ref {group_of(there)}"
    if there.parent == Path("examples") and there.suffix == ".cpp" and (ROOT / there).is_file():
        return example_page(there)
    return None


def example_page(path):
    return path.name.replace(".", "_8") + "-example.html"


@functools.cache
def public_names():
    """Where the documentation of each public name is, by the name as pages write it: `save`, `sim::check`."""
    found = {}
    concept_names = set(concepts())
    for section, (_, directory, _) in SECTIONS.items():
        for header in headers(directory):
            for _, name, scope in declarations((ROOT / header).read_text().splitlines()):
                if scope == "std":  # a specialisation
                    continue
                full = f"{scope}::{name}"
                target = f"concept{mangled(full)}.html" if full in concept_names else f"name.html#{group_of(header)}/{full}"
                if name == header.stem:  # `save` is first of all the one of save.hpp
                    found[full.removeprefix("lockstep::")] = target
                found.setdefault(full.removeprefix("lockstep::"), target)
                if section == "memory":
                    found.setdefault(name, target)
    return found


def linked_names(text):
    """Code spans that are a public name, linked to its documentation: `finish` knows where that is."""
    def linked(match):
        target = public_names().get(match[1].removeprefix("lockstep::"))
        return f"[{match[0]}]({target})" if target else match[0]

    parts = re.split(r"(\[(?:[^\[\]]|\[[^\[\]]*\])*\]\([^()]*\))", text)  # links are left alone
    return "".join(part if number % 2 else re.sub(r"`([\w:]+)`", linked, part) for number, part in enumerate(parts))


LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")


def filtered_page(page):
    """The page with labels and links as Doxygen wants them. Line numbers stay."""
    label = page_label(page)
    lines, in_code, titled = [], False, False

    def rewritten(match):
        text, target = match.groups()
        if re.match(r"[a-z]+:", target):
            return match.group(0)
        link = site_link(page, target)
        return f"[{text}]({link})" if link else text

    for line in (ROOT / page).read_text().splitlines():
        fence = re.match(r"^ *```(\w*)$", line)
        if fence:
            in_code = not in_code
            if in_code:
                line = line.replace("```" + fence[1], "```{.cpp}" if fence[1] == "cpp" else "```{.unparsed}")
        elif not in_code:
            heading = re.match(r"^(#+) (.*)$", line)
            if heading and len(heading[1]) == 1 and not titled:
                titled = True
                line += " {#mainpage}" if label == "index" else f" {{#{label}}}"
            elif heading:
                # A section's label puts it into the navigation; the front page has other things there.
                name = f"{label}-{slug(heading[2])}"
                line += f" @anchor {name}" if label == "index" else f" {{#{name}}}"
            elif re.match(r"<!-- .* -->$", line):
                line = ""
            else:
                line = linked_names(LINK.sub(rewritten, line))
        lines.append(line)
    return "\n".join(lines) + "\n"


# --- The frame ---------------------------------------------------------------------------------------------


def title_of(page):
    return re.search(r"^# (.*)$", (ROOT / page).read_text(), re.M)[1]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def concepts_of(text):
    """(scope, name) of each concept in a header."""
    scopes = []
    for line in text.splitlines():
        if match := re.match(r"namespace ([\w:]+) \{", line):
            scopes.append(match[1])
        elif re.match(r"\}  // namespace", line):
            scopes.pop()
        elif match := re.match(r"concept (\w+) =", line):
            yield "::".join(scopes), match[1]


def concepts():
    """The names of all public concepts, as Doxygen spells them."""
    return sorted(f"{scope}::{name}" for _, directory, _ in SECTIONS.values() for header in headers(directory)
                  for scope, name in concepts_of((ROOT / header).read_text()) if "detail" not in scope)


def mangled(name):
    """How Doxygen makes a file's name of a name with scopes."""
    return name.replace("_", "__").replace("::", "_1_1")


def navigation():
    """The tree on the left: the guide, the reference, the examples, the rest."""
    def tab(url, title):
        return f'<tab type="user" visible="yes" url="{url}" title="{escaped(title)}"/>'

    def pages(names):
        found = [Path("docs") / f"{name}.md" for name in names]
        return [tab(f"@ref {page_label(page)}", title_of(page)) for page in found]

    more = sorted(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem not in [*GUIDE, "reference"])

    out = ['<navindex>', '<tab type="mainpage" visible="yes" title="lockstep"/>']
    out += ['<tab type="usergroup" visible="yes" title="Guide">', *pages(GUIDE), "</tab>"]
    out += ['<tab type="usergroup" visible="yes" title="Reference" url="@ref reference">']
    for section, (title, directory, _) in SECTIONS.items():
        out.append(f'<tab type="usergroup" visible="yes" title="{title}" url="@ref {section}">')
        for header in headers(directory):
            if group_of(header):
                out.append(tab(f"@ref {group_of(header)}", header.stem))
        out.append("</tab>")
    out += ["</tab>", '<tab type="usergroup" visible="yes" title="Concepts">',
            *(tab(f"concept{mangled(name)}.html", name.split("::")[-1]) for name in concepts()), "</tab>",
            '<tab type="classlist" visible="yes" title="Types"/>',
            '<tab type="namespacemembers" visible="yes" title="All names"/>',
            '<tab type="usergroup" visible="yes" title="Examples" url="@ref all_examples">',
            *(tab(example_page(path), path.stem) for path in sorted((ROOT / "examples").glob("*.cpp"))), "</tab>"]
    out += ['<tab type="usergroup" visible="yes" title="More">', *pages(more)]
    out += ['<tab type="usergroup" visible="yes" title="Decisions">']
    out += [tab(f"@ref {page_label(page)}", title_of(page)) for page in
            sorted(path.relative_to(ROOT) for path in (ROOT / "docs/decisions").glob("*.md"))]
    out += ["</tab>", tab("@ref contributing", "Contributing"), tab("@ref changelog", "Changelog"), "</tab>"]
    return "\n".join([*out, "</navindex>"])


SCRIPTS = """<script type="text/javascript" src="$relpath^doxygen-awesome-darkmode-toggle.js"></script>
<script type="text/javascript" src="$relpath^doxygen-awesome-fragment-copy-button.js"></script>
<script type="text/javascript" src="$relpath^doxygen-awesome-paragraph-link.js"></script>
<script type="text/javascript">
DoxygenAwesomeDarkModeToggle.init();
DoxygenAwesomeFragmentCopyButton.init();
DoxygenAwesomeParagraphLink.init();
</script>
"""


def explained_first(page):
    """A page's layout with its explanation before the list of its names."""
    detailed = re.search(r" *<detaileddescription .*?/>\n", page)[0]
    brief = re.search(r" *<briefdescription .*?/>\n", page)[0]
    return page.replace(detailed, "").replace(brief, detailed)


def examples(directory):
    """Copies the examples without their marks, and each marked part; returns the pages that show the examples."""
    known = snippets()
    check_examples(known)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, (_, text) in known.items():
        (directory / snippet_file(name)).write_text(text)
    pages, entries = [], []
    for path in sorted((ROOT / "examples").glob("*.cpp")):
        text = path.read_text()
        (directory / path.name).write_text("".join(line for line in text.splitlines(keepends=True)
                                                   if not MARK.match(line.rstrip())))
        pages.append(f"/** @example {path.name} */")
        about = escaped(" ".join(opening_comment(text).split()))
        entries.append(f"- [{path.name}]({example_page(path)}): {about}")
    entries = "\n".join(entries)
    return "\n".join(pages) + f"\n\n/** @page all_examples Examples\nOne idea per file.\n\n{entries}\n*/\n"


def prepare(directory):
    """Starts from what this Doxygen has as its defaults, since they differ from version to version."""
    directory.mkdir(parents=True, exist_ok=True)
    check_what_doxygen_does_not()
    header, layout = directory / "header.html", directory / "layout.xml"
    subprocess.run(["doxygen", "-w", "html", header, directory / "footer.html", directory / "doxygen.css"],
                   check=True, stdout=subprocess.DEVNULL)
    header.write_text(header.read_text().replace("</head>", SCRIPTS + "</head>"))
    subprocess.run(["doxygen", "-l", layout], check=True, stdout=subprocess.DEVNULL)
    text = re.sub(r"<navindex>.*</navindex>", lambda _: navigation(), layout.read_text(), flags=re.S)
    for kind in ("group", "class"):
        text = re.sub(rf"<{kind}>.*</{kind}>", lambda match: explained_first(match[0]), text, flags=re.S)
    layout.write_text(text)
    version = subprocess.run(["doxygen", "--version"], check=True, capture_output=True, text=True).stdout
    number = tuple(int(part) for part in re.match(r"(\d+)\.(\d+)\.(\d+)", version).groups())
    # Newer ones have colours of their own, which the theme replaces.
    (directory / "Doxyfile.version").write_text("HTML_COLORSTYLE = LIGHT\n" if number >= (1, 9, 5) else "")
    (directory / "groups.dox").write_text(groups() + examples(directory / "examples"))


def resolve_names(directory):
    """Turns the links that `linked_names` made, name.html#group/scope::name, into those of the site."""
    found = {}
    for compound in xml.etree.ElementTree.parse(directory / "lockstep.tag").getroot():
        name, page = compound.findtext("name"), compound.findtext("filename")
        if compound.get("kind") in ("class", "struct"):
            found[name] = page
        elif compound.get("kind") == "group":
            for member in compound.iter("member"):
                place = f"{member.findtext('anchorfile')}#{member.findtext('anchor')}"
                # With its scope or without: the versions of Doxygen differ.
                found.setdefault(f"{name}/{member.findtext('name').split('::')[-1]}", place)

    def resolved(match):
        group, name = match[1].split("/")
        place = found.get(f"{group}/{name.split('::')[-1]}") or found.get(name)
        if not place:
            sys.exit(f"Doxygen has no documentation of {name}, which a page links to")
        return f'href="{place}"'

    for path in sorted(directory.glob("html/*.html")):
        text = path.read_text()
        if "name.html#" in text:
            path.write_text(re.sub(r'href="name\.html#([^"]+)"', resolved, text))


def without_links_of_parameters(page):
    """In the lists of functions, a parameter's name is text: Doxygen takes it for any member of that name."""
    parameter = re.compile(r'(</a> |&gt; |&amp;|\* ?|\b(?!const )\w+ )<a class="el" href="[^"]*">(\w+)</a>(?=[,)=]| =)')
    return re.sub(r'<td class="mem(?:Templ)?ItemRight"[^>]*>.*?</td>', lambda cell: parameter.sub(r"\1\2", cell[0]), page)


def finish(directory):
    """Mends what Doxygen leaves amiss."""
    for path in sorted(directory.glob("html/*.html")):
        text = path.read_text()
        mended = without_links_of_parameters(text)
        # It announces a class's private classes at the top of its page, and then does not list them.
        if 'name="nested-classes"' not in text:
            mended = re.sub(r'<a href="#nested-classes">\w+</a>( &#124;\s*)?', "", mended)
        if mended != text:
            path.write_text(mended)
    resolve_names(directory)
    # It shows the pages of classes and namespaces nowhere in the navigation: they belong to the page of their
    # header there, and to the list of all names.
    for index in directory.glob("html/navtreeindex*.js"):
        places = dict(re.findall(r'^"([^"]+)":(\[[\d,]+\]),?$', index.read_text(), re.M))
        for path in sorted(directory.glob("html/*.html")):
            group = re.search(r'<div class="ingroups">.*href="([^"]+)"', path.read_text())
            there = group[1] if group else "namespacemembers.html" if path.name.startswith("namespace") else None
            if path.name not in places and there in places:
                places[path.name] = places[there]
        entries = ",\n".join(f'"{page}":{place}' for page, place in sorted(places.items()))
        head = re.match(r"var \w+ =\n\{\n", index.read_text())
        if head:
            index.write_text(f"{head[0]}{entries}\n}};\n")


def main():
    command, argument = sys.argv[1:]
    path = Path(argument).resolve()
    if command == "prepare":
        prepare(path)
    elif command == "finish":
        finish(path)
    elif command == "header":
        sys.stdout.write(filtered_header(path.relative_to(ROOT)))
    elif command == "page":
        sys.stdout.write(filtered_page(path.relative_to(ROOT)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
