"""Runs are compared, with a baseline, and a canary with its control."""
import json
import shutil
import unittest
import xml.etree.ElementTree

from support import SquallTest, free_port

SCENARIO = """\
squall: 1
name: compared
description: {words}
vars: {{service: 20ms}}
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --behaviour, "/: service ${{service}}"]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health"}}
targets: {{site: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 2}}}}
load: {{browse: {{target: site, open: {{stages: [{{rate: 250/s, for: 10s}}]}}, requests: [{{get: /}}]}}}}
objectives: {{fast: {{load: browse, within: 1s, goal: 50%}}}}
"""

CANARY = """\
squall: 1
name: split
services:
  old:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{old}", --behaviour, "/: service 20ms"]
    ready: {{url: "http://127.0.0.1:{old}/.squall/health"}}
  new:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{new}", --behaviour, "/: service {new_ms}ms"]
    ready: {{url: "http://127.0.0.1:{new}/.squall/health"}}
targets:
  old: {{url: "http://127.0.0.1:{old}", protocol: h2c}}
  new: {{url: "http://127.0.0.1:{new}", protocol: h2c}}
load:
  browse:
    target: old
    canary: {{target: new, share: 40%}}
    open: {{stages: [{{rate: 600/s, for: 10s}}]}}
    requests: [{{get: /}}]
"""


class Compare(SquallTest):
    def one(self, name, text, *arguments):
        path = self.scenario(text)
        done = self.squall("run", path, "--out", self.folder / name, "--quiet", *arguments)
        return done, json.loads((self.folder / name / "results.json").read_text())

    def assert_is_or_is_too_noisy(self, done, verdict):
        # Where other work made the tail of one run noisy, that is said instead.
        if done.returncode == 4:
            self.assertIn("too noisy: browse: p9", done.stdout)
        else:
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertTrue(done.stdout.startswith(verdict), done.stdout)

    def test_a_slower_server_is_worse_and_another_scenario_is_not_comparable(self):
        port = free_port()
        done, first = self.one("a", SCENARIO.format(port=port, words="before"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreaterEqual(first["machine"]["cores"], 1)
        self.assertEqual(sum(first["objectives"]["fast"]["series"]["samples"]), 2500)

        # The same again: the description does not count, and 40 ms instead of 20 do, once allowed.
        slower = ["--set", "vars.service=40ms"]
        done, second = self.one("b", SCENARIO.format(port=port, words="after"), *slower,
                                "--baseline", self.folder / "a", "--anyway")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(second["verdict"], "fail")
        self.assertIn("worse than the baseline: browse: p50 rose by", second["reasons"][0])
        by_figure = {d["figure"]: d for d in second["comparison"]["differences"]}
        self.assertEqual(by_figure["p50"]["answer"], "worse")
        self.assertGreater(by_figure["p50"]["low"], 0.5)
        self.assertEqual(by_figure["completed"]["answer"], "same")
        cases = xml.etree.ElementTree.parse(self.folder / "b" / "junit.xml").iter("testcase")
        failed = {case.get("name") for case in cases if case.find("failure") is not None}
        self.assertEqual(failed, {"verdict", "baseline"})

        done = self.squall("compare", self.folder / "a", self.folder / "b")
        self.assertEqual(done.returncode, 4, done.stdout)
        self.assertIn("the text of scenario compared is another", done.stdout)
        done = self.squall("compare", self.folder / "a", self.folder / "b" / "results.json", "--anyway",
                           "--json")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(json.loads(done.stdout)["differences"], second["comparison"]["differences"])
        (self.folder / "latest").symlink_to("a")
        done = self.squall("compare", self.folder / "latest", self.folder / "a")
        self.assertRegex(done.stdout, r"browse p50 .* same\n")
        self.assert_is_or_is_too_noisy(done, "SAME")
        done = self.squall("compare", self.folder / "b", self.folder / "a", "--anyway")
        self.assertRegex(done.stdout, r"browse p50 .* better\n")
        self.assert_is_or_is_too_noisy(done, "BETTER")

        # Whatever is broken is a sentence and exit code 2, before anything is started.
        shutil.copytree(self.folder / "a", self.folder / "broken")
        (self.folder / "broken" / "histograms.hlog").write_text("Tag=browse,0.000,1.000,1,AAAA\n")
        for bad in ("nowhere", "broken"):
            done = self.squall("compare", self.folder / "a", self.folder / bad)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(bad, done.stderr)
            done = self.squall("run", self.scenario(SCENARIO.format(port=port, words="")), "--baseline",
                               self.folder / bad, "--out", self.folder / "never")
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertFalse((self.folder / "never").exists())
        for tolerance in ("6", "x%", "101%"):
            done = self.squall("compare", self.folder / "a", self.folder / "a", "--tolerance", tolerance)
            self.assertEqual(done.returncode, 2, tolerance)

    def test_a_slower_canary_fails_the_run_and_both_sides_are_one_schedule(self):
        done, results = self.one("canary", CANARY.format(old=free_port(), new=free_port(), new_ms=40))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        control, canary = results["load"]["browse"], results["load"]["browse-canary"]
        self.assertEqual(control["due"] + canary["due"], 6000)
        # 40 % of 6,000, a binomial draw with a standard deviation of 38.
        self.assertAlmostEqual(canary["due"], 2400, delta=4 * 38)
        self.assertEqual((control["target"], canary["target"]), ("old", "new"))
        self.assertIn("worse than the control browse: browse: p50 rose by", results["reasons"][0])
        self.assertEqual(results["canary"]["browse"]["comparison"]["verdict"], "worse")
        for side in (control, canary):
            self.assert_adds_up(side)


if __name__ == "__main__":
    unittest.main()
