"""The ready scenarios do what their first lines promise."""
import json
import unittest
import xml.etree.ElementTree

from support import SOURCE, SquallTest

LIBRARY = SOURCE / "scenarios" / "library"


class Library(SquallTest):
    def assert_run_is_whole(self, run):
        for name in ("results.json", "report.html", "junit.xml", "histograms.hlog", "events.jsonl",
                     "scenario.yaml"):
            self.assertGreater((run.out / name).stat().st_size, 0, name)
        xml.etree.ElementTree.parse(run.out / "junit.xml")
        for line in (run.out / "events.jsonl").read_text().splitlines():
            self.assertIn("kind", json.loads(line))

    def test_smoke_passes_although_a_server_is_killed(self):
        run = self.run_scenario(LIBRARY / "smoke.yaml")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        results = run.results
        self.assertLessEqual(results["duration_s"], 20)
        self.assertEqual(results["faults"]["lose-one"]["state"], "done")
        load = results["load"]["visitors"]
        self.assert_adds_up(load)
        # 4 s of ramp to 500/s and 10 s at 500/s: 6,000 expected, a poisson process.
        self.assertAlmostEqual(load["due"], 6000, delta=5 * 6000 ** 0.5)
        self.assertGreater(load["connections"]["lost"], 0)
        events = [json.loads(line)["kind"]
                  for line in (run.out / "events.jsonl").read_text().splitlines()]
        self.assertIn("service.restarted", events)
        names = [phase["name"] for phase in load["phases"]]
        self.assertEqual(names, ["before lose-one", "during lose-one", "after lose-one"])

    def test_the_nginx_game_day_passes_and_shows_the_frozen_backend(self):
        run = self.run_scenario(LIBRARY / "nginx-game-day.yaml")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        results = run.results
        fault = results["faults"]["frozen-backend"]
        self.assertEqual(fault["state"], "undone")
        self.assertAlmostEqual(fault["actual"]["to_s"] - fault["actual"]["from_s"], 5, delta=0.2)
        load = results["load"]["browse"]
        self.assert_adds_up(load)
        phases = {phase["name"]: phase["latency_ms"]["response"] for phase in load["phases"]}
        # It can be seen, and it is over afterwards.
        self.assertGreater(phases["during frozen-backend"]["max"], 250)
        self.assertGreater(phases["during frozen-backend"]["max"],
                           3 * phases["before frozen-backend"]["max"])

    def test_the_lossy_uplink_delays_while_it_is_in_force_and_neither_before_nor_after(self):
        run = self.run_scenario(LIBRARY / "lossy-uplink.yaml")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        fault = run.results["faults"]["lossy-uplink"]
        self.assertEqual(fault["state"], "undone")
        self.assertRegex(fault["verified"]["seen"],
                         r"up: delay [0-9.]+ ms \+/- [0-9.]+ ms, stalls as for loss [0-9.]+ % of"
                         r" [0-9]+ segments; down: delay ")
        load = run.results["load"]["browse"]
        self.assert_adds_up(load)
        p50 = {phase["name"]: phase["latency_ms"]["response"]["p50"] for phase in load["phases"]}
        # 40 ms each way, and nothing is ever quicker for it; stalls are in the tail, not in the middle.
        self.assertLess(p50["before lossy-uplink"], 40)
        self.assertGreater(p50["during lossy-uplink"], p50["before lossy-uplink"] + 70)
        self.assertLess(p50["during lossy-uplink"], p50["before lossy-uplink"] + 160)
        self.assertLess(p50["after lossy-uplink"], 40)

    def test_every_scenario_of_the_library_is_valid_and_can_be_planned(self):
        files = sorted(LIBRARY.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 3)
        for path in files:
            self.assertEqual(self.squall("validate", path).returncode, 0, path)
            self.assertEqual(self.squall("plan", path).returncode, 0, path)
            self.assertTrue(path.read_text().startswith("# What one learns from it"), path)


if __name__ == "__main__":
    unittest.main()
