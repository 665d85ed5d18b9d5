#!/usr/bin/env python3
"""Fails when a folder includes from a folder that it may not know (README.md, "Layers")."""
import pathlib
import re
import sys

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
    "harness/control": ["harness/base", "harness/runtime", "reports", "scenarios", "generators/spec", "faults/spec"],
    "harness/agent": ["harness/base", "harness/runtime", "harness/services", "harness/control", "generators", "faults", "scenarios", "reports"],
    "harness/coordinator": ["harness/base", "harness/runtime", "harness/control", "generators/spec", "faults/spec", "scenarios", "reports"],
    "harness/cli": ["harness", "generators", "faults", "scenarios", "reports"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def owner(path: str) -> str:
    return max((f for f in ALLOWED if path.startswith(f + "/")), key=len, default="")


def main(root: pathlib.Path) -> int:
    wrong = []
    for file in sorted(f for f in root.rglob("*") if f.suffix in {".h", ".cc"}):
        here = file.relative_to(root).as_posix()
        if not (mine := owner(here)):
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if (hit := INCLUDE.match(line)) and (theirs := owner(hit[1])):
                if theirs != mine and not any(hit[1].startswith(f + "/") for f in ALLOWED[mine]):
                    wrong.append(f"{here}:{number}: {mine} may not include {hit[1]}")
    print("\n".join(wrong) or "layers hold")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
