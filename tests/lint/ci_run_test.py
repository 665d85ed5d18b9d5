#!/usr/bin/env python3
"""The script of CI, with a stand-in for make: every step runs, and what failed is told at the end."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / ".ci" / "run"

MAKE = """#!/bin/sh
echo "make $*"
case " $FAILING " in
  *" $1 "*) echo "$1.cc:3:5: error: it cannot be"; exit 2 ;;
esac
if [ "$1" = test ]; then
  echo "test: passed only alone: e2e.slow"
  [ -z "$LEAVING" ] || (sleep 120 & echo $! >left_behind) &
fi
exit 0
"""


class CiRunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / ".ci").mkdir()
        shutil.copy(SCRIPT, self.root / ".ci" / "run")
        make = self.root / "bin" / "make"
        make.parent.mkdir()
        make.write_text(MAKE)
        make.chmod(0o755)
        self.addCleanup(self.end_left_behind)

    def end_left_behind(self):
        left = self.root / "left_behind"
        if left.exists():
            os.kill(int(left.read_text()), 9)

    def run_ci(self, failing="", leaving=""):
        environment = dict(os.environ, FAILING=failing, LEAVING=leaving, PATH=f"{self.root}/bin:{os.environ['PATH']}")
        log = self.root / "log"
        with log.open("w") as out:
            status = subprocess.run(
                [self.root / ".ci" / "run"], stdout=out, stderr=subprocess.STDOUT, env=environment, timeout=60
            ).returncode
        return status, log.read_text()

    def test_every_step_runs_and_all_that_pass_is_a_success(self):
        status, said = self.run_ci()
        self.assertEqual(status, 0, said)
        for target in ("release-with-tests", "format-check", "tidy", "test", "lint", "asan"):
            self.assertIn(f"make {target}", said)
        self.assertIn("6 of 6 steps passed, 0 failed", said)

    def test_what_a_step_left_behind_does_not_hold_up_the_next(self):
        status, said = self.run_ci(leaving="yes")
        self.assertEqual(status, 0, said)
        self.assertLess(said.index("make test"), said.index("make asan"))

    def test_what_passed_only_alone_is_named_in_the_summary(self):
        _, said = self.run_ci()
        self.assertIn("passed only alone: e2e.slow", said[said.index("===== summary") :])

    def test_a_step_that_fails_in_the_foreground_stops_none_of_the_others_and_is_told_again_at_the_end(self):
        status, said = self.run_ci("test")
        self.assertEqual(status, 1, said)
        self.assertIn("make asan", said)
        self.assertIn("test.cc:3:5: error: it cannot be", said[said.index("===== why test failed") :])
        self.assertIn("5 of 6 steps passed, 1 failed", said)

    def test_a_step_that_fails_in_the_background_fails_the_whole(self):
        status, said = self.run_ci("tidy")
        self.assertEqual(status, 1, said)
        self.assertIn("tidy.cc:3:5: error: it cannot be", said[said.index("===== why tidy failed") :])


if __name__ == "__main__":
    unittest.main()
