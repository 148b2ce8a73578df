"""Checks that a page's tables "Shown by" name tests that exist, and one for each claim: named_tests.py PAGE TESTS"""

import re
import sys
from pathlib import Path


def tests_below(directory):
    """The names of all cases: of Boost.Test, and of Python's unittest."""
    names = set()
    for source in directory.rglob("*.cpp"):
        names.update(re.findall(r"BOOST_\w*TEST_CASE\w*\(\s*(\w+)", source.read_text(encoding="utf-8")))
    for source in directory.rglob("*.py"):
        names.update(re.findall(r"def (test_\w+)", source.read_text(encoding="utf-8")))
    return names


def complaints(page, known):
    lines = page.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.rstrip(" |").endswith("Shown by")) + 2
    found = []
    for number, line in enumerate(lines[begin:], begin + 1):
        if not line.startswith("|"):
            return found if number > begin + 1 else ["the table is empty"]
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        names = re.findall(r"`(\w+)`", cells[-1])
        found += [f"{page.name}:{number}: there is no test {name}" for name in names if name not in known]
        if cells[1].startswith(("same", "better", "other")) and not names and "it cannot" not in cells[1]:
            found.append(f"{page.name}:{number}: no test shows this")
    return found


def main():
    found = complaints(Path(sys.argv[1]), tests_below(Path(sys.argv[2])))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
