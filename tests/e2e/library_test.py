"""The ready scenarios do what their first lines promise."""
import json
import unittest
import xml.etree.ElementTree

import erlang
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
        for name in ("visitors", "visitors-h3"):
            load = results["load"][name]
            self.assert_adds_up(load)
            # 4 s of ramp to 250/s and 10 s at 250/s: 3,000 expected, a poisson process.
            self.assertAlmostEqual(load["due"], 3000, delta=5 * 3000 ** 0.5)
            self.assertGreater(load["connections"]["lost"], 0, name)
        events = [json.loads(line)["kind"]
                  for line in (run.out / "events.jsonl").read_text().splitlines()]
        self.assertIn("service.restarted", events)
        # That nobody answers where a server was killed is no warning.
        self.assertEqual([one for one in results["warnings"] if "no connection to" in one], [])
        self.assertEqual(len(results["faults"]["lose-one"]["ready_again_ms"]), 1)
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
                         r" [0-9]+ segments( \([0-9.]+ % of [0-9]+ pieces waited [0-9.]+ ms more for"
                         r" them in the mean\))?; down: delay ")
        load = run.results["load"]["browse"]
        self.assert_adds_up(load)
        p50 = {phase["name"]: phase["latency_ms"]["response"]["p50"] for phase in load["phases"]}
        # 40 ms each way, and nothing is ever quicker for it; stalls are in the tail, not in the middle.
        self.assertLess(p50["before lossy-uplink"], 40)
        self.assertGreater(p50["during lossy-uplink"], p50["before lossy-uplink"] + 70)
        self.assertLess(p50["during lossy-uplink"], p50["before lossy-uplink"] + 160)
        self.assertLess(p50["after lossy-uplink"], 40)

    def run_shorter(self, name, *sets, more=()):
        words = [word for one in sets for word in ("--set", one)]
        return self.run_scenario(LIBRARY / name, *words, *more, within=400)

    def test_capacity_finds_what_erlangs_formula_says(self):
        run = self.run_shorter("capacity.yaml", "capacity.hold=5s", "capacity.precision=20%",
                               "load.visitors.open.stages.0.rate=600/s")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        self.assertEqual(run.results["verdict"], "pass")
        capacity = run.results["capacity"]
        self.assertEqual((capacity["end"], capacity["verified"]), ("found", True), run.said())
        truth = erlang.capacity(8, 0.010, 0.100, 0.01)
        self.assertEqual(round(truth), 749)  # As its first lines say.
        self.assertAlmostEqual(capacity["good"] / truth, 1, delta=0.1, msg=run.said())
        self.assertGreater(capacity["bad"], 0.97 * truth, run.said())

    def test_n_plus_1_finds_what_two_of_three_servers_hold(self):
        run = self.run_shorter("n-plus-1.yaml", "capacity.hold=5s", "capacity.precision=45%",
                               "load.visitors.open.stages.0.rate=500/s")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        self.assertEqual(run.results["verdict"], "pass")
        self.assertEqual(run.results["faults"]["one-gone"]["state"], "undone")
        whole, capacity = run.results["matrix"]
        self.assertEqual(whole["while"], [])
        self.assertEqual(run.results["capacity"]["good"], whole["good"])
        self.assertEqual((capacity["end"], capacity["verified"]), ("found", True), run.said())
        self.assertEqual(capacity["while"], ["one-gone"])
        self.assertTrue(capacity["faults"]["one-gone"]["verified"])
        self.assertIn("with one-gone", run.results["reasons"][0])
        self.assertLess(capacity["share"], 0.95, "the ends of a search lie up to 45 % apart here")
        # Two queues with 4 servers each, if each gets half of the arrivals, drawn at random: 700/s.
        # In turns, their arrivals would be more even, and they hold more, but never 800/s.
        truth = 2 * erlang.capacity(4, 0.010, 0.100, 0.01)
        self.assertGreater(capacity["good"], 0.9 * truth, run.said())
        self.assertLess(capacity["good"], 800, run.said())

    def test_ci_smoke_passes_and_a_slower_service_is_worse_than_its_baseline(self):
        # Three times the rate for a third of the time: as many requests.
        sets = ["load.visitors.open.stages.0.rate=2400/s", "load.visitors.open.stages.0.for=10s"]
        first = self.run_shorter("ci-smoke.yaml", *sets)
        self.assertEqual(first.code, 0, first.said())
        self.assert_run_is_whole(first)
        load = first.results["load"]["visitors"]
        self.assert_adds_up(load)
        self.assertAlmostEqual(load["due"], 24_000, delta=5 * 24_000 ** 0.5)
        # The service alone has a median of 5 ms.
        self.assertGreater(load["latency_ms"]["response"]["p50"], 4.8)
        self.assertLess(load["latency_ms"]["response"]["p50"], 8)
        self.assertEqual({name: one["met"] for name, one in first.results["objectives"].items()},
                         {"available": True, "fast": True})
        before = (self.folder / "out").rename(self.folder / "before")

        slower = 'services.web.command.5="/: service 8ms lognormal 0.5, body 2KiB"'
        # Another behaviour makes it another scenario, hence --anyway.
        run = self.run_shorter("ci-smoke.yaml", *sets, slower, more=("--baseline", before, "--anyway"))
        self.assertEqual(run.code, 1, run.said())
        self.assertEqual(run.results["comparison"]["verdict"], "worse")
        p50 = [one for one in run.results["comparison"]["differences"]
               if one["figure"] == "p50" and not one["phase"]]
        self.assertAlmostEqual(p50[0]["change"], 0.6, delta=0.15)

    def test_canary_passes_as_it_is_and_fails_when_it_is_slowed_down(self):
        # Three times the rate for two thirds of the time: twice as many requests, so that p99 is
        # known well enough for the answer "same".
        sets = ["load.browse.open.stages.0.rate=3000/s", "load.browse.open.stages.0.for=20s"]
        run = self.run_shorter("canary.yaml", *sets)
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        control, canary = (run.results["load"][name] for name in ("browse", "browse-canary"))
        self.assertAlmostEqual(control["due"] + canary["due"], 60_000, delta=5 * 60_000 ** 0.5)
        self.assertAlmostEqual(canary["due"], 30_000, delta=5 * 30_000 ** 0.5)
        self.assertEqual(run.results["canary"]["browse"]["comparison"]["verdict"], "same")

        (self.folder / "out").rename(self.folder / "as-it-is")
        sets[1] = "load.browse.open.stages.0.for=10s"
        run = self.run_shorter("canary.yaml", *sets, "vars.canary=6ms")  # As its first lines say.
        self.assertEqual(run.code, 1, run.said())
        comparison = run.results["canary"]["browse"]["comparison"]
        self.assertEqual(comparison["verdict"], "worse")
        p50 = [one for one in comparison["differences"] if one["figure"] == "p50" and not one["phase"]]
        self.assertAlmostEqual(p50[0]["change"], 0.2, delta=0.1)

    def test_http3_stands_beside_http2_and_alone_suffers_when_udp_is_blocked(self):
        loads = ("over-h2", "over-h3", "as-browsers-do")
        sets = [f"load.{name}.open.stages.0.for=10s" for name in loads]
        for fault in ("udp-block", "udp-block-for-browsers"):
            sets += [f"faults.{fault}.at=3s", f"faults.{fault}.for=3s"]
        # The block is a greater part of this run.
        sets += ["objectives.survives.goal=60%", "objectives.falls-back.goal=75%"]
        run = self.run_shorter("caddy-h2-h3.yaml", *sets)
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        self.assertEqual(run.results["faults"]["udp-block"]["state"], "undone")
        loads = run.results["load"]
        for load in loads.values():
            self.assert_adds_up(load)
            self.assertEqual(load["due"], 2000)
        self.assertEqual({name: load["protocol"] for name, load in loads.items()},
                         {"over-h2": "h2", "over-h3": "h3", "as-browsers-do": "auto"})
        self.assertEqual(loads["over-h2"]["ok"], 2000)
        for name in ("over-h2", "over-h3"):
            self.assertEqual(loads[name]["connections"]["opened"], 10)
            self.assertNotIn("alternatives", loads[name])
        phases = {phase["name"].split()[0]: phase for phase in loads["over-h3"]["phases"]}
        self.assertEqual(phases["before"]["errors"], 0)
        # 600 are due in it; those of the last second may still be answered after it.
        self.assertGreaterEqual(phases["during"]["errors"], 380)
        self.assertEqual(set(loads["over-h3"]["errors"]), {"timeout"})
        # A silent path is no reason to give a connection up; QUIC's idle time-out is longer.
        self.assertEqual(loads["over-h3"]["connections"]["lost"], 0)
        # Who can fall back does.
        browser = loads["as-browsers-do"]
        ways = browser["alternatives"]
        self.assertGreaterEqual(ways["opened"], 10)
        self.assertGreater(ways["silent"], 0)
        self.assertTrue(1000 <= ways["silent_after_ms"] < 2500, ways)
        self.assertGreater(ways["fell_back"] + ways["avoided"], 0)
        self.assertLess(sum(browser["errors"].values()), sum(loads["over-h3"]["errors"].values()))
        series = browser["series"]
        self.assertEqual(sum(series["silent"][:3] + series["fell_back"][:3]), 0, series)
        self.assertGreater(sum(series["over_alternative"][7:]), 0, "and back to HTTP/3 afterwards")
        self.assertIn("given up as silent", run.said())

    def test_the_full_disk_takes_room_that_comes_back(self):
        run = self.run_scenario(LIBRARY / "full-disk.yaml")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        faults = run.results["faults"]
        self.assertEqual(faults["full-disk"]["state"], "undone")
        self.assertRegex(faults["full-disk"]["verified"]["seen"], r"^holds 48 MiB of /tmp")
        self.assertEqual(faults["clean-up"]["state"], "undone")
        self.assert_adds_up(run.results["load"]["browse"])

    def run_for_six_seconds(self, name, fault, *loads):
        """Its fault from 2 s to 4 s: the scenario as it stands takes 16 s."""
        sets = [f"load.{load}.open.stages.0.for=6s" for load in loads]
        run = self.run_shorter(f"{name}.yaml", *sets, f"faults.{fault}.at=2s", f"faults.{fault}.for=2s")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        self.assertEqual(run.results["faults"][fault]["state"], "undone")
        for load in loads:
            self.assert_adds_up(run.results["load"][load])
        return run, {load: {phase["name"].split()[0]: phase
                            for phase in run.results["load"][load]["phases"]} for load in loads}

    def test_the_slow_origin_is_waited_for_by_no_more_than_its_delay(self):
        _, phases = self.run_for_six_seconds("slow-origin", "slow-origin", "edge")
        p50 = {name: phase["latency_ms"]["response"]["p50"] for name, phase in phases["edge"].items()}
        self.assertLess(p50["before"], 100)
        self.assertGreater(p50["during"], 295)
        self.assertLess(p50["after"], 100)

    def test_the_zone_partition_is_noticed_in_its_zone_alone(self):
        _, phases = self.run_for_six_seconds("zone-partition", "zone-partition", "visitors-a",
                                             "visitors-b")
        for name, phase in phases["visitors-a"].items():
            self.assertEqual(phase["errors"], 0, name)
        # Those of the last second may still be answered when it is over.
        self.assertGreater(phases["visitors-b"]["during"]["errors"], 60)
        self.assertEqual(phases["visitors-b"]["before"]["errors"], 0)

    def test_kill_and_restart_kills_again_and_again_and_each_comes_back(self):
        run = self.run_shorter("kill-and-restart.yaml", "load.browse.open.stages.0.for=6s",
                               "faults.kill.every=2500ms")
        self.assertEqual(run.code, 0, run.said())
        self.assert_run_is_whole(run)
        self.assertEqual({name: fault["state"] for name, fault in run.results["faults"].items()},
                         {"kill": "done", "kill#2": "done"})
        for name, fault in run.results["faults"].items():
            self.assertEqual(len(fault["ready_again_ms"]), 1, name)
            # It is started anew after a pause of 100 ms.
            self.assertTrue(all(100 <= after < 10_000 for after in fault["ready_again_ms"].values()), name)
        self.assertEqual([one for one in run.results["warnings"] if "no connection to" in one], [])
        events = [json.loads(line)["kind"]
                  for line in (run.out / "events.jsonl").read_text().splitlines()]
        self.assertEqual(events.count("service.restarted"), 2, events)
        self.assertGreater(run.results["load"]["browse"]["connections"]["lost"], 0)

    def test_the_frozen_backend_answers_nothing_until_it_goes_on(self):
        run, phases = self.run_for_six_seconds("frozen-backend", "frozen-backend", "browse")
        self.assertRegex(run.results["faults"]["frozen-backend"]["verified"]["seen"],
                         r"^web\.2: \d+ process(es)? \(pids? [0-9, ]+\) frozen$")
        during = phases["browse"]["during"]
        # Half of the connections are its; those of the last second may still be answered.
        self.assertGreater(during["errors"], 0.15 * during["due"], run.said())
        self.assertLess(during["errors"], 0.65 * during["due"], run.said())
        self.assertEqual(phases["browse"]["before"]["errors"], 0)
        self.assertEqual(self.squall("faults").stdout, "nothing is in force\n")

    def test_dns_down_is_not_noticed_by_those_who_hold_what_they_know(self):
        run, phases = self.run_for_six_seconds("dns-down", "dns-down", "browse")
        self.assertEqual(run.results["load"]["browse"]["errors"], {}, run.said())

    def test_every_scenario_of_the_library_is_valid_and_can_be_planned(self):
        files = sorted(LIBRARY.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 3)
        for path in files:
            self.assertEqual(self.squall("validate", path).returncode, 0, path)
            self.assertEqual(self.squall("plan", path).returncode, 0, path)
            self.assertTrue(path.read_text().startswith("# What one learns from it"), path)


if __name__ == "__main__":
    unittest.main()
