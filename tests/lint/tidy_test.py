#!/usr/bin/env python3
"""tidy.py is run on a small build folder with a clang-tidy of ours that says what it is told to say."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
# Finds fault with a file that holds the word "poor", and writes down which files it was asked about.
CLANG_TIDY = """#!/bin/sh
if [ "$1" = --version ]; then echo 'version 1'; exit; fi
for file; do :; done
echo "$(basename $file)" >> "$(dirname $0)/asked"
if grep -q poor "$file"; then echo "$file:1: error: poor"; exit 1; fi
"""


class Tidy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name).resolve() / "cache"
        self.begin(pathlib.Path(folder.name).resolve() / "clone")

    def begin(self, root):
        """A clone at `root`."""
        self.root = root
        self.asked = self.root / "asked"
        self.build = self.root / "build/release"
        self.build.mkdir(parents=True)
        (self.root / "faults").mkdir(parents=True)
        self.program = self.root / "clang-tidy"
        self.program.write_text(CLANG_TIDY)
        self.program.chmod(0o755)
        self.write(".clang-tidy", "Checks: '-*'")
        self.write("faults/a.h", "int f();")
        self.write("faults/a.cc", '#include "a.h"\nint g() { return f(); }\n')
        self.write("faults/b.cc", "int h() { return 1; }\n")
        self.write("build/release/generated.cc", "poor\n")
        files = ["faults/a.cc", "faults/b.cc", "build/release/generated.cc"]
        (self.build / "compile_commands.json").write_text(json.dumps(
            [{"directory": str(self.build), "file": str(self.root / f), "command": f"c++ -o {f}.o -c {self.root / f}"}
             for f in files]))

    def write(self, path, text):
        (self.root / path).write_text(text)

    def tidy(self):
        """Runs it; answers its exit code, its words, and the files which clang-tidy was asked about."""
        self.asked.write_text("")
        done = subprocess.run([sys.executable, "-B", HERE / "tidy.py", self.build, "--root", self.root, "--clang-tidy",
                               self.program], capture_output=True, text=True,
                              env={**os.environ, "XDG_CACHE_HOME": str(self.cache)})
        return done.returncode, done.stdout + done.stderr, sorted(self.asked.read_text().split())

    def test_looks_at_every_source_file_but_generated_ones(self):
        self.assertEqual(self.tidy(), (0, "tidy: 2 source files, 0 passed before and did not change\ntidy: all clean\n",
                                       ["a.cc", "b.cc"]))

    def test_does_not_look_again_at_what_passed(self):
        self.tidy()
        self.assertEqual(self.tidy()[2], [])

    def test_does_not_look_again_in_another_clone_either(self):
        self.tidy()
        self.begin(self.root.with_name("another"))
        self.assertEqual(self.tidy()[2], [])
        self.write("faults/b.cc", "int h() { return 2; }\n")
        self.assertEqual(self.tidy()[2], ["b.cc"])

    def test_looks_again_when_the_file_a_header_or_the_checks_change(self):
        self.tidy()
        self.write("faults/b.cc", "int h() { return 2; }\n")
        self.assertEqual(self.tidy()[2], ["b.cc"])
        self.write("faults/a.h", "int f(); // changed")
        self.assertEqual(self.tidy()[2], ["a.cc"])
        self.write(".clang-tidy", "Checks: '-*,misc-*'")
        self.assertEqual(self.tidy()[2], ["a.cc", "b.cc"])

    def test_fails_and_names_the_file_each_time_until_it_is_mended(self):
        self.write("faults/b.cc", "int poor;\n")
        for _ in range(2):
            code, said, asked = self.tidy()
            self.assertEqual(code, 1)
            self.assertIn("faults/b.cc:1: error: poor", said)
            self.assertIn("b.cc", asked)
        self.write("faults/b.cc", "int good;\n")
        self.assertEqual(self.tidy()[0], 0)

    def test_fails_when_there_is_nothing_to_look_at(self):
        (self.build / "compile_commands.json").write_text("[]")
        self.assertEqual(self.tidy()[0], 1)


if __name__ == "__main__":
    unittest.main()
