#!/usr/bin/env python3
"""Fails when the tree is not laid out as the house is (harness/README.md): rooms, their papers, their tests.

- At the top lie the six wings' folders and a short list of files, nothing else.
- Every second-level folder with C++ is a room: it has a CMakeLists.txt and its wing's README names it.
- tests/unit mirrors the rooms.
- A source includes the header of its own name first, so that this is compiled alone there.
"""
import pathlib
import re
import sys

import tree

TOP_FILES = {"CMakeLists.txt", "CMakePresets.json", "CMakeUserPresets.json", "Makefile", "README.md", "LICENSE",
             "package.json", "package-lock.json"}


def top(root: pathlib.Path):
    for entry in sorted(root.iterdir()):
        if entry.name.startswith(".") or entry.name in tree.LEFT_BEHIND:
            continue
        if entry.name not in (tree.FOLDERS if entry.is_dir() else TOP_FILES):
            yield f"{entry.name}: has no place at the top; it belongs into one of {', '.join(tree.FOLDERS)}"
    for folder in tree.FOLDERS:
        if not (root / folder).is_dir():
            yield f"{folder}: is missing"


def rooms(root: pathlib.Path):
    """Every second-level folder of a wing that holds C++, at any depth."""
    found = {file.relative_to(root).parts[:2] for file in tree.files(root, tree.CPP)}
    return sorted("/".join(parts) for parts in found if parts[0] in tree.WINGS)


def papers(root: pathlib.Path):
    for wing in tree.WINGS:
        for file in tree.files(root, tree.CPP):
            if file.parent == root / wing:
                yield f"{file.relative_to(root)}: lies in the corridor; code belongs into a room, {wing}/ROOM/"
    for room in rooms(root):
        wing, name = room.split("/")
        if "." in name:
            continue  # a file in the corridor, told above
        if not (root / room / "CMakeLists.txt").is_file():
            yield f"{room}: has no CMakeLists.txt"
        readme = root / wing / "README.md"
        text = readme.read_text() if readme.is_file() else ""
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            yield f"{room}: is not named in {wing}/README.md"


def mirror(root: pathlib.Path):
    real = set(rooms(root))
    unit = root / "tests/unit"
    for folder in sorted({file.parent for file in tree.files(root, tree.CPP) if unit in file.parents}):
        path = folder.relative_to(unit).as_posix()
        if "/".join(path.split("/")[:2]) not in real:
            yield f"tests/unit/{path}: mirrors no room; is it {path} that moved?"


def own_header(root: pathlib.Path):
    for source in tree.files(root, {".cc"}):
        header = source.with_suffix(".h")
        if not header.is_file():
            continue
        first = re.search(r'^#include (.*)$', source.read_text(), re.MULTILINE)
        own = f'"{header.relative_to(root).as_posix()}"'
        if first is None or first[1].strip() != own:
            yield f"{source.relative_to(root)}: includes {first[1] if first else 'nothing'} first; it must be {own}"


def main(root: pathlib.Path) -> int:
    return tree.verdict("house", [*top(root), *papers(root), *mirror(root), *own_header(root)])


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
