#!/usr/bin/env python3
"""Fails when a room includes from a room that it may not know, or is not in the table below.

The table is harness/README.md's, "which room may include which".
"""
import pathlib
import re
import sys

import tree

ALLOWED = {  # folder -> folders it may include from, besides itself; the longest match counts
    "harness/base": [],
    "harness/runtime": ["harness/base"],
    "reports/measure": ["harness/base"],
    "generators/spec": ["harness/base"],
    "faults/spec": ["harness/base"],
    "scenarios": ["harness/base", "generators/spec", "faults/spec"],
    "generators": ["harness/base", "harness/runtime", "reports/measure", "generators"],
    "faults": ["harness/base", "harness/runtime", "faults"],
    "reports": ["harness/base", "reports/measure", "scenarios/model", "scenarios/plan", "generators/spec", "faults/spec"],
    "harness/services": ["harness/base", "harness/runtime", "scenarios", "generators", "faults"],
    "harness/trust": ["harness/base"],
    "harness/control": ["harness/base", "harness/runtime", "harness/trust", "reports", "scenarios", "generators/spec", "faults/spec"],
    "harness/agent": ["harness/base", "harness/runtime", "harness/services", "harness/trust", "harness/control", "generators", "faults", "scenarios", "reports"],
    "harness/coordinator": ["harness/base", "harness/runtime", "harness/trust", "harness/control", "generators/spec", "faults/spec", "scenarios", "reports"],
    "harness/cli": ["harness", "generators", "faults", "scenarios", "reports"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def owner(path: str) -> str:
    return max((f for f in ALLOWED if path.startswith(f + "/")), key=len, default="")


def main(root: pathlib.Path) -> int:
    wrong = []
    for file in tree.files(root, tree.CPP):
        here = file.relative_to(root).as_posix()
        if here.startswith("tests/"):
            continue  # tests may look into every room
        if not (mine := owner(here)):
            wrong.append(f"{here}: its room is not in the table of tests/lint/layering.py")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if not (hit := INCLUDE.match(line)):
                continue
            theirs = owner(hit[1])
            if hit[1].startswith("tests/"):
                wrong.append(f"{here}:{number}: {mine} may not include {hit[1]}, which is only for tests")
            elif theirs and theirs != mine and not any(hit[1].startswith(f + "/") for f in ALLOWED[mine]):
                wrong.append(f"{here}:{number}: {mine} may not include {hit[1]}")
    return tree.verdict("layering", wrong)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
