"""What a page shows as output is what comes out.

A text block after `<!-- output: the program above -->` is compared with what the cpp block above it prints, and
one after `<!-- output: lockstep-sim run NAME -->` with what that prints. Every line of the block must be there, in
this order, and next to each other; what comes before and after may be left out.

    outputs_test.py PROGRAMS LOCKSTEP-SIM PAGE...

PROGRAMS is where the programs of the pages are: PAGE-LINE, after a prefix.
"""

import re
import subprocess
import sys
from pathlib import Path

ORDER = re.compile(r"<!-- output: (.*) -->$")


def outputs(text):
    """(line of the block, what prints it, its lines, first line of the cpp block above)"""
    order, block, language, program, first = None, None, None, None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if block is None and (match := ORDER.match(line)):
            order = match[1]
        elif block is None and (match := re.match(r" *```(\w+)$", line)):
            language, block, first = match[1], [], number + 1
        elif block is not None and re.match(r" *```$", line):
            if language == "cpp":
                program = first
            if order:
                yield first, order, block, program
            order, block = None, None
        elif block is not None:
            block.append(line)


def contains(output, block):
    return f"\n{chr(10).join(block)}\n" in f"\n{output}\n"


def main():
    programs, simulator, *pages = sys.argv[1:]
    wrong, seen = 0, 0
    for page in map(Path, pages):
        for line, order, block, program in outputs(page.read_text()):
            seen += 1
            if order == "the program above":
                command = [f"{programs}{page.name}-{program}"]
            elif order.startswith("lockstep-sim "):
                command = [simulator, *order.split()[1:]]
            else:
                sys.exit(f"{page}:{line}: nobody knows what prints this: {order}")
            output = subprocess.run(command, capture_output=True, text=True).stdout
            if not contains(output, block):
                wrong += 1
                print(f"{page}:{line}: {order} prints something else:\n{output}")
    if not seen:
        sys.exit("no page shows any output: is the comment before it spelled right?")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
