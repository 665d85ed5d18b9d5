#!/usr/bin/env python3
"""Fails on a source file of more than 500 lines that does not say at its top why it is that long.

The sentence to write, within the first 40 lines: "Longer than 500 lines because ...".
"""
import pathlib
import re
import sys

import tree

GREATEST = 500
SUFFIXES = tree.CPP | {".py", ".sh", ".js", ".mjs", ".ts", ".css", ".html", ".proto", ".cmake"}
REASON = re.compile(r"longer than 500 lines because[^\w\n]+\w+[^\w\n]+\w+", re.I)


def main(root: pathlib.Path) -> int:
    wrong = []
    for file in tree.files(root, SUFFIXES):
        where = file.relative_to(root)
        if where.parts[:2] == ("tests", "golden"):
            continue  # written by the program
        lines = file.read_text(errors="replace").splitlines()
        if len(lines) > GREATEST and not REASON.search("\n".join(lines[:40])):
            wrong.append(f"{where}: {len(lines)} lines; split it, or say at its top"
                         f' "Longer than {GREATEST} lines because ..."')
    return tree.verdict("length", wrong)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
