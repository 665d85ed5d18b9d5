#!/usr/bin/env python3
"""Each lint is fed small trees: it must find what it is for, where it is, and leave the rest alone."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

GOOD = {
    "CMakeLists.txt": "",
    "Makefile": "",
    "README.md": "",
    "harness/README.md": "| base | what all lean on |",
    "harness/base/CMakeLists.txt": "",
    "harness/base/result.h": "#pragma once\nclass Result {};\n",
    "harness/setup/packages": "",
    "faults/README.md": "`process`: faults on processes",
    "faults/process/CMakeLists.txt": "",
    "faults/process/frozen.cc": '#include "harness/base/result.h"\n',
    "generators/README.md": "",
    "scenarios/README.md": "",
    "reports/README.md": "",
    "tests/unit/harness/base/result_test.cc": '#include "harness/base/result.h"\n',
}


class Lints(unittest.TestCase):
    def run_on(self, lint: str, changes: dict):
        """Runs a lint on the good tree with some files changed (None: without the file)."""
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**GOOD, **changes}.items():
                if text is not None:
                    file = pathlib.Path(folder, path)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(text)
            done = subprocess.run([sys.executable, "-B", HERE / f"{lint}.py", folder], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def assert_finds(self, lint: str, changes: dict, *words: str):
        code, said = self.run_on(lint, changes)
        self.assertEqual(code, 1, said)
        for word in words:
            self.assertIn(word, said)

    def assert_quiet(self, lint: str, changes: dict):
        code, said = self.run_on(lint, changes)
        self.assertEqual(code, 0, said)

    def test_every_lint_passes_the_good_tree(self):
        for lint in ("layering", "coroutines", "house", "length", "words"):
            with self.subTest(lint):
                self.assert_quiet(lint, {})

    def test_layering_finds_a_room_that_looks_into_one_it_may_not_know(self):
        self.assert_finds("layering", {"faults/process/frozen.cc": '\n#include "scenarios/model/scenario.h"\n'},
                          "faults/process/frozen.cc:2: faults may not include scenarios/model/scenario.h")

    def test_layering_finds_code_that_includes_from_the_tests(self):
        self.assert_finds("layering", {"faults/process/frozen.cc": '#include "tests/support/x.h"\n'}, "only for tests")

    def test_layering_finds_a_room_that_its_table_does_not_have(self):
        self.assert_finds("layering", {"harness/attic/x.h": ""}, "harness/attic/x.h: its room is not in the table")

    def test_coroutines_finds_a_braced_temporary_and_a_capturing_lambda(self):
        code = "Awaitable f() {\n  co_await g(Options{1, 2});\n  co_await h([s] { return s; });\n}\n"
        self.assert_finds("coroutines", {"harness/base/a.cc": code}, "a.cc:2: a braced", "a.cc:3: a capturing")

    def test_coroutines_leaves_comments_and_plain_calls_alone(self):
        self.assert_quiet("coroutines", {"harness/base/a.cc": "// co_await f(X{1});\nauto x = co_await f(a[1], b);\n"})

    def test_house_finds_a_stranger_at_the_top(self):
        self.assert_finds("house", {"src/a.cc": "", "notes.txt": ""}, "src: has no place", "notes.txt: has no place")

    def test_house_finds_a_missing_wing(self):
        self.assert_finds("house", {"reports/README.md": None}, "reports: is missing")

    def test_house_finds_a_room_without_its_papers(self):
        self.assert_finds("house", {"reports/json/a.h": ""}, "reports/json: has no CMakeLists.txt",
                          "reports/json: is not named in reports/README.md")

    def test_house_takes_a_longer_word_in_the_readme_for_another_room(self):
        self.assert_finds("house", {"harness/README.md": "baseline, data-base"}, "harness/base: is not named")

    def test_house_finds_code_outside_a_room(self):
        self.assert_finds("house", {"faults/a.cc": ""}, "faults/a.cc: lies in the corridor")

    def test_house_finds_unit_tests_of_no_room(self):
        self.assert_finds("house", {"tests/unit/harness/gone/a_test.cc": ""}, "tests/unit/harness/gone: mirrors no room")

    def test_house_finds_a_source_that_does_not_include_its_own_header_first(self):
        self.assert_finds("house", {"faults/process/a.h": "", "faults/process/a.cc": "#include <map>\n"},
                          'faults/process/a.cc: includes <map> first; it must be "faults/process/a.h"')

    def test_house_leaves_what_a_build_left_behind_alone(self):
        self.assert_quiet("house", {"build/x.cc": "", "runs/x": "", "node_modules/x.js": "", ".github": ""})

    def test_length_finds_a_long_file_without_a_reason(self):
        self.assert_finds("length", {"harness/base/a.cc": "\n" * 501}, "harness/base/a.cc: 501 lines")

    def test_length_accepts_500_lines_and_a_reason(self):
        self.assert_quiet("length", {"harness/base/a.cc": "\n" * 500,
                                     "harness/base/b.cc": "// Longer than 500 lines because it is one table.\n" * 501})

    def test_length_wants_more_than_the_phrase(self):
        self.assert_finds("length", {"harness/base/a.cc": "// Longer than 500 lines because\n\n" * 300}, "a.cc: 600")

    def test_words_finds_names_that_say_nothing(self):
        for code in ("class RunManager {};", "struct StringUtils;", "enum class TestHelper { kA };", "using X = int; using FooImpl = X;"):
            with self.subTest(code):
                self.assert_finds("words", {"harness/base/a.h": code}, "harness/base/a.h:1:", "says nothing")
        self.assert_finds("words", {"harness/base/string_utils.h": ""}, "string_utils.h: a file name that says nothing")

    def test_words_finds_what_nobody_joins(self):
        for code in ("co_spawn(io, f(), asio::detached);", "thread.detach();", "thread->detach ();"):
            with self.subTest(code):
                self.assert_finds("words", {"harness/base/a.cc": "\n" + code}, "a.cc:2: detached")

    def test_words_finds_a_shell(self):
        for code in ("std::system(command);", "::popen(x, y);", "system (x);"):
            with self.subTest(code):
                self.assert_finds("words", {"harness/base/a.cc": code}, "no shell")

    def test_words_finds_a_todo_without_a_reason(self):
        for comment in ("// TODO mend", "// TODO: mend", "// TODO(me)", "// FIXME"):
            with self.subTest(comment):
                self.assert_finds("words", {"harness/base/a.cc": comment}, "a.cc:1: a TODO without a reason")

    def test_words_leaves_the_innocent_alone(self):
        self.assert_quiet("words", {"harness/base/a.cc": """// never detached; system() is banned
auto x = "detached, system(x)"; boost::system::error_code e = std::system_category(); clock.system(); file_system(x);
char q = '"'; // detached
class Utility {}; class Implicit {};
// TODO: widen to IPv6, when the target can listen on it
"""})


if __name__ == "__main__":
    unittest.main()
