#!/usr/bin/env python3
"""Fails on words that the house does not use.

- Types and files called ...Manager, ...Helper, ...Util, ...Impl: such a name says nothing.
- `detached` coroutines and threads: nothing outlives its owner, and a lost exception is a false pass.
- system() and popen(): no shell anywhere.
- A TODO without a reason.
"""
import pathlib
import re
import sys

import tree

EMPTY = r"(?:Manager|Helper|Util|Impl)s?"
TYPE = re.compile(rf"\b(?:class|struct|union|concept|using|enum(?:\s+(?:class|struct))?)\s+(\w*{EMPTY})\b")
FILE = re.compile(r"(?:^|_)(?:manager|helper|util|impl)s?$")
DETACHED = re.compile(r"\bdetached\b|(?:\.|->)\s*detach\s*\(")
SHELL = re.compile(r"(?<![\w.>:])(?:::|std\s*::\s*)?(system|popen)\s*\(")
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\s*(?:\([^)]*\))?\s*:\s*\S+\s+\S+)")


def in_code(code: str):
    """Yields (position, what) for C++ whose comments are blanked out."""
    code = STRING.sub(lambda m: '"' + " " * (len(m[0]) - 2) + '"', code)
    for hit in TYPE.finditer(code):
        yield hit.start(1), f"{hit[1]}: a name that says nothing; call it by what it does"
    for hit in DETACHED.finditer(code):
        yield hit.start(), "detached: nothing may outlive its owner; use TaskGroup and join()"
    for hit in SHELL.finditer(code):
        yield hit.start(1), f"{hit[1]}(): no shell anywhere; start the program itself"


def main(root: pathlib.Path) -> int:
    wrong = []
    for file in tree.files(root, tree.CPP | {".py", ".js", ".mjs", ".proto", ".cmake"}):
        where = file.relative_to(root)
        if where.parts[:2] == ("tests", "lint"):
            continue  # these files have to name what they forbid
        text = file.read_text(errors="replace")
        found = [(hit.start(), "a TODO without a reason: write TODO: what, and why not now") for hit in TODO.finditer(text)]
        if file.suffix in tree.CPP:
            found += in_code(tree.without_comments(text))
            if FILE.search(file.stem.removesuffix("_test")):
                wrong.append(f"{where}: a file name that says nothing; call it by what is in it")
        wrong += [f"{where}:{tree.line_of(text, at)}: {what}" for at, what in sorted(found)]
    return tree.verdict("words", wrong)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
