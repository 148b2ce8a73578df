"""Every scenario of a run in which nothing is to be found was explored to its end.

    proofs.py RESULTS.json
"""

import json
import sys
from pathlib import Path

scenarios = json.loads(Path(sys.argv[1]).read_text())["scenarios"]
proofs = [each for each in scenarios if each["expected"] == "none" and each["explorer"] == "exhaustive"]
cut_short = [each["name"] for each in proofs if not each["complete"]]
if cut_short or not proofs:
    sys.exit(f"not explored to the end: {', '.join(cut_short) or 'nothing was to be proven'}")
print(f"{len(proofs)} proofs are complete")
