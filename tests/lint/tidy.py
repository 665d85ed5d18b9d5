#!/usr/bin/env python3
"""Runs clang-tidy over every source file of a build folder, in parallel, and skips what passed before.

What a file's verdict depends on is hashed: its compile command, every header it reads (as ninja
recorded them), the .clang-tidy files, clang-tidy's version. A file that passed leaves an empty file
of that name in the user's cache folder (squall-tidy); as long as nothing it depends on changes it is
not looked at again, in any clone: paths below the root count from there.

The compile commands are GCC's. Clang is told about Asio's coroutines, and its own warnings are
off: GCC's count, and they are errors already.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

import tree

EXTRA = ("-DBOOST_ASIO_HAS_CO_AWAIT=1", "-DBOOST_ASIO_HAS_STD_COROUTINE=1", "-Wno-unknown-warning-option", "-w")
KEPT_FOR = 30 * 24 * 3600  # seconds after which a verdict that nobody asked for is thrown away


class Unit:
    """One source file and the command that compiles it."""

    def __init__(self, entry: dict):
        self.folder = pathlib.Path(entry["directory"])
        self.file = (self.folder / entry["file"]).resolve()
        self.command = shlex.split(entry["command"])
        at = self.command.index("-o")
        self.output = self.command[at + 1]
        self.bare = [part for i, part in enumerate(self.command) if i not in (at, at + 1) and part != "-c"]

    def read_by_compiler(self) -> list:
        """What the compiler reads, asked from the compiler itself; [] when it does not compile."""
        done = subprocess.run([*self.bare, "-M"], cwd=self.folder, capture_output=True, text=True)
        return done.stdout.replace("\\\n", " ").split()[1:] if done.returncode == 0 else []


def units(build: pathlib.Path, root: pathlib.Path) -> list:
    """The project's own source files, each once; what the build wrote itself is left out."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        unit = Unit(entry)
        if unit.file.is_relative_to(root):
            parts = unit.file.relative_to(root).parts
            if parts[0] in tree.FOLDERS and not tree.LEFT_BEHIND.intersection(parts):
                found.setdefault(unit.file, unit)
    return [found[file] for file in sorted(found)]


def recorded_headers(build: pathlib.Path) -> dict:
    """Output -> files that its compilation read, as ninja recorded them, where the record is up to date."""
    recorded, current = {}, None
    told = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True).stdout
    for line in told.splitlines():
        if line.startswith("    ") and current is not None:
            current.append(line.strip())
        elif head := re.match(r"(\S.*?): #deps \d+, .*\((\w+)\)$", line):
            current = recorded.setdefault(head[1], []) if head[2] == "VALID" else None
    return recorded


def user_cache() -> pathlib.Path:
    """Where the user's programs keep what they can make again (XDG Base Directory Specification)."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "squall-tidy"


class Verdicts:
    """Remembers, by the hash of all that matters, which files passed."""

    def __init__(self, build: pathlib.Path, root: pathlib.Path, store: pathlib.Path, always: list):
        self._root, self._store, self._build = root, store, build
        self._recorded = recorded_headers(build)
        self._always = always
        self._hashes = {}
        store.mkdir(parents=True, exist_ok=True)
        for old in store.iterdir():
            if time.time() - old.stat().st_mtime > KEPT_FOR:
                old.unlink()

    def _hash(self, file: pathlib.Path) -> str:
        if file not in self._hashes:
            if file.is_relative_to(self._root):
                self._hashes[file] = hashlib.sha256(file.read_bytes()).hexdigest()
            else:  # the system's: there are thousands, and they change only with their package
                stat = file.stat()
                self._hashes[file] = f"{stat.st_size} {stat.st_mtime_ns}"
        return self._hashes[file]

    def key(self, unit: Unit) -> str:
        """"" when it cannot be told what the file depends on."""
        reads = self._recorded.get(unit.output) or unit.read_by_compiler()
        if not reads:
            return ""
        configs = [place / ".clang-tidy" for place in unit.file.parents if place.is_relative_to(self._root)]
        files = sorted({(unit.folder / read).resolve() for read in reads} | {unit.file} | {c for c in configs if c.is_file()})
        command = [part.replace(str(self._root), ".") for part in unit.command]
        total = hashlib.sha256(json.dumps([self._always, command]).encode())
        for file in files:
            name = file.relative_to(self._root) if file.is_relative_to(self._root) else file
            total.update(f"{name}\0{self._hash(file)}\0".encode())
        return total.hexdigest()

    def passed(self, key: str) -> bool:
        if not key or not (self._store / key).exists():
            return False
        (self._store / key).touch()
        return True

    def remember(self, key: str) -> None:
        if key:
            (self._store / key).touch()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="build folder with compile_commands.json")
    parser.add_argument("only", nargs="*", help="only files whose path holds one of these")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--clang-tidy", default="clang-tidy")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--store", type=pathlib.Path, help="where verdicts are kept; the user's cache folder by default")
    asked = parser.parse_args()

    root, build = asked.root.resolve(), asked.build.resolve()
    version = subprocess.run([asked.clang_tidy, "--version"], capture_output=True, text=True, check=True).stdout
    verdicts = Verdicts(build, root, asked.store or user_cache(), [version, EXTRA])
    chosen = [u for u in units(build, root) if not asked.only or any(o in str(u.file) for o in asked.only)]
    if not chosen:
        print("tidy: there is no source file to look at", file=sys.stderr)
        return 1
    keys = {unit: verdicts.key(unit) for unit in chosen}
    fresh = [unit for unit in chosen if not verdicts.passed(keys[unit])]
    print(f"tidy: {len(chosen)} source files, {len(chosen) - len(fresh)} passed before and did not change", flush=True)

    extra = [f"--extra-arg={argument}" for argument in EXTRA]
    def look(unit: Unit):
        return unit, subprocess.run([asked.clang_tidy, "-p", str(build), "--quiet", *extra, str(unit.file)],
                                    capture_output=True, text=True)

    wrong, told = [], set()
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(look, unit) for unit in fresh]):
            unit, result = done.result()
            if result.returncode == 0:
                verdicts.remember(keys[unit])
                continue
            wrong.append(unit.file.relative_to(root))
            # The same word about a header comes once for each file that includes it; once is enough.
            said = result.stdout.strip() or result.stderr.strip()
            if said not in told:
                told.add(said)
                print(said.replace(f"{root}/", ""), flush=True)
    for file in sorted(wrong):
        print(f"tidy: {file} is not clean")
    print(f"tidy: {len(wrong)} of {len(chosen)} source files are not clean" if wrong else "tidy: all clean")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
