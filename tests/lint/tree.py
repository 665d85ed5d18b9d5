"""What the lints share: which files are the project's own, and C++ without its comments."""
import pathlib
import re
from typing import Iterator

WINGS = ("harness", "generators", "faults", "scenarios", "reports")
FOLDERS = (*WINGS, "tests")
CPP = {".h", ".cc"}
# What building and running leave behind, wherever it lies.
LEFT_BEHIND = {"build", "runs", "node_modules", "__pycache__"}

# Literals come first, so that "//" inside one does not begin a comment.
_TOKEN = re.compile(r'''"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|//[^\n]*|/\*.*?\*/''', re.S)


def files(root: pathlib.Path, suffixes=None) -> Iterator[pathlib.Path]:
    """Every file of the project's folders, sorted, or those with one of the suffixes."""
    for folder in FOLDERS:
        yield from sorted(
            file
            for file in (root / folder).rglob("*")
            if file.is_file()
            and not LEFT_BEHIND.intersection(file.relative_to(root).parts)
            and (suffixes is None or file.suffix in suffixes)
        )


def without_comments(text: str) -> str:
    """C++ with its comments blanked out; every line and column stays where it was."""
    return _TOKEN.sub(lambda m: m[0] if m[0][0] in "\"'" else re.sub(r"[^\n]", " ", m[0]), text)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def verdict(name: str, wrong: list) -> int:
    """Prints what is wrong, or that nothing is, and returns the exit code."""
    print("\n".join(wrong) or f"{name} holds")
    if wrong:
        print(f"{name}: {len(wrong)} fault(s)")
    return 1 if wrong else 0
