"""What ends a run early: conditions, a file, a probe, and squall stop. Faults are undone first."""
import json
import time
import unittest

from support import SquallTest, free_port, processes_with, stat_of, wait_for


class Guards(SquallTest):
    def frozen_scenario(self, guards):
        """A service that a fault stops at 3 s for 40 s, under 100/s; answers time out after 500 ms."""
        self.port = free_port()
        return self.scenario(f"""
squall: 1
name: guarded
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{self.port}", --protocol, h2c]
    ready: {{url: "http://127.0.0.1:{self.port}/.squall/health", within: 10s}}
targets:
  web: {{url: "http://127.0.0.1:{self.port}", protocol: h2c, connections: 2, timeout: 500ms}}
load:
  steady: {{target: web, open: {{stages: [{{rate: 100/s, for: 60s}}]}}, requests: [{{get: /}}]}}
faults:
  frozen: {{at: 3s, for: 40s, process: {{signal: STOP, match: {{service: web}}}}}}
objectives:
  available: {{load: steady, good: status < 500, goal: 99%, period: 30d}}
guards:
{guards}
""")

    def assert_tripped(self, run, guard, within_s):
        self.assertEqual(run.code, 3, run.said())
        results = run.results
        self.assertEqual(results["verdict"], "aborted")
        self.assertEqual(results["faults"]["frozen"]["state"], "undone")
        self.assertIn(f"guard {guard} tripped", " ".join(results["reasons"]))
        tripped = results["guards"][guard]["tripped_s"]
        ended = next(e["at_s"] for e in results["events"] if e["kind"] == "run.stop")
        self.assertLess(ended - tripped, 2, "it ends within two seconds of the condition")
        self.assertLess(ended, within_s)
        undone = next(e["at_s"] for e in results["events"] if e["kind"] == "fault.undone")
        self.assertLess(undone - ended, 1.5)
        self.assert_faults_first(run.out)
        self.assertEqual([], processes_with(f"127.0.0.1:{self.port}"))
        return results

    def assert_faults_first(self, out):
        """In events.jsonl the end comes before the undo, and this before load and services end."""
        lines = (out / "events.jsonl").read_text().splitlines()
        kinds = [json.loads(line)["kind"] for line in lines]
        order = [kinds.index(kind) for kind in ("run.stop", "fault.undone", "load.ended",
                                                "service.stopped")]
        self.assertEqual(order, sorted(order), kinds)

    def test_silence_ends_the_run_within_two_seconds(self):
        # Nothing ends while requests wait for their timeout of 5 s: no error, no latency, silence.
        run = self.run_scenario(self.frozen_scenario("  silent: {when: steady absent}"), "--set",
                                "targets.web.timeout=5s")
        results = self.assert_tripped(run, "silent", 7)
        frozen = results["faults"]["frozen"]
        # The second after the one in which it froze is the first without any answer.
        self.assertLessEqual(results["guards"]["silent"]["tripped_s"],
                             frozen["impact"]["effective_s"] + 2.1)
        self.assertGreaterEqual(frozen["impact"]["effective_s"], frozen["actual"]["from_s"])

    def test_a_stated_steady_state_tells_of_departure_and_recovery_without_a_baseline(self):
        path = self.frozen_scenario("  never: {when: steady.p99 > 1h}")
        run = self.run_scenario(path, "--set", "faults.frozen.for=3s", "--set",
                                "load.steady.open.stages.0.for=12s", "--set",
                                "steady={steady: {error_share: 5%, hold: 3s}}")
        impact = run.results["faults"]["frozen"]["impact"]
        self.assertTrue(run.results["steady"]["steady"]["error_share"]["stated"])
        self.assertIsNotNone(impact["departed_s"], impact)
        self.assertIsNotNone(impact["recovered_s"], impact)
        self.assertLess(impact["recovered_s"], 9)

    def test_progress_tells_how_each_objective_does(self):
        path = self.frozen_scenario("  never: {when: available.budget_spent > 100000%}")
        done = self.squall("run", path, "--out", self.folder / "out", "--set",
                           "load.steady.open.stages.0.for=12s", "--set", "faults.frozen.for=4s")
        self.assertEqual(done.returncode, 1, done.stderr)
        # The first line comes at 5 s, when it has been frozen for two of them.
        self.assertRegex(done.stderr, r"5 s of 12 s: .*available missed so far, [\d,]+ % of its "
                                      r"budget spent, burning at [\d.]+; in force: frozen")

    def test_a_guard_on_errors_ends_the_run_and_detects_the_fault(self):
        run = self.run_scenario(self.frozen_scenario(
            "  errors: {when: steady.error_share > 50%, for: 2s, min_samples: 100}\n"
            "  never: {when: steady.p99 > 1h}"))
        results = self.assert_tripped(run, "errors", 10)
        self.assertIsNone(results["guards"]["never"]["tripped_s"])
        impact = results["faults"]["frozen"]["impact"]
        self.assertIn("detected_s", impact)
        self.assertGreater(impact["not_ok"], 100)
        junit = (run.out / "junit.xml").read_text()
        self.assertIn('name="guard errors"', junit)
        self.assertIn('name="guard never"', junit)

    def test_a_burn_rate_ends_the_run(self):
        self.assert_tripped(self.run_scenario(self.frozen_scenario(
            "  burning: {when: available.burn_rate > 14.4, for: 2s}")), "burning", 10)

    def test_a_probe_that_fails_ends_the_run(self):
        port = free_port()  # Where nothing listens.
        self.assert_tripped(self.run_scenario(self.frozen_scenario(
            f'  outside: {{get: "http://127.0.0.1:{port}/ok", every: 200ms, for: 5s}}')), "outside", 9)

    def test_a_file_ends_the_run(self):
        path = self.frozen_scenario("  hand: {file: stop-here}")
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        service = wait_for(lambda: processes_with(f"127.0.0.1:{self.port}"))[0]
        wait_for(lambda: (stat_of(service) or "?")[0] == "T")
        (self.folder / "stop-here").touch()
        began = time.monotonic()
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 3)
        self.assertLess(time.monotonic() - began, 8)
        results = json.loads((self.folder / "out" / "results.json").read_text())
        self.assertIn("guard hand tripped", " ".join(results["reasons"]))

    def test_squall_stop_ends_the_run_from_another_terminal(self):
        path = self.frozen_scenario("  hand: {file: stop-here}")
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        service = wait_for(lambda: processes_with(f"127.0.0.1:{self.port}"))[0]
        wait_for(lambda: (stat_of(service) or "?")[0] == "T")
        stopped = self.squall("stop", self.folder / "out", within=20)
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertIn("aborted", stopped.stdout)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 3)
        results = json.loads((self.folder / "out" / "results.json").read_text())
        self.assertEqual(results["faults"]["frozen"]["state"], "undone")
        self.assertIn("stopped by squall stop", " ".join(results["reasons"]))
        self.assert_faults_first(self.folder / "out")
        again = self.squall("stop", self.folder / "out")
        self.assertEqual(again.returncode, 2)
        self.assertIn("no run is going on", again.stderr)


if __name__ == "__main__":
    unittest.main()
