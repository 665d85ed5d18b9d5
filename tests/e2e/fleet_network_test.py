"""A fleet on machines of its own: a coordinator, agents in three zones, nginx. Needs root."""
import math
import time
import unittest

from fleet_hosts import FleetHosts
from support import wait_for


class FleetNetwork(FleetHosts):
    AGENTS = {"fra-1": ("fra", "load"), "fra-2": ("fra", "load"), "ams-1": ("ams", "load"),
              "ams-2": ("ams", "edge"), "lon-1": ("lon", "load")}
    WEIGHTS = {"fra-1": 3}

    def test_what_was_sent_is_what_the_server_has_seen(self):
        log = self.start_nginx_there()
        agents = self.start_agents()
        run = self.finish(self.start_run("role=load:4,role=edge:1", rest="""
  players:
    target: web
    on: {agents: {zone: ams}}
    closed: {users: 6, for: 3s, think: 50ms}
    requests: [{get: "/index.html?player"}]
"""))
        self.assertEqual(run.code, 0, run.said())
        results = run.results
        browse, players = results["load"]["browse"], results["load"]["players"]
        self.assertEqual(browse["due"], 600)
        for load in (browse, players):
            self.assert_adds_up(load)
        lines = log.read_text().splitlines()
        self.assertEqual(len(lines), browse["sent"] + players["sent"])
        browsing = [line.split()[0] for line in lines if "?player" not in line]
        # Half of it is that of fra-1, which weighs as much as the other three.
        self.assertEqual([browsing.count(f"10.77.0.{number}") for number in (11, 12, 13, 15)], [300, 100, 100, 100])
        for name, agent in results["agents"].items():
            self.assertEqual((agent["state"], agent["labels"]["zone"]), ("done", self.AGENTS[name][0]))
            self.assertLess(agent["clock_error_ms"], 100)
        for agent in agents.values():
            self.assertEqual(agent.wait(15), 0)

    def test_a_stream_that_is_cut_resumes_without_a_gap(self):
        log = self.start_nginx_there()
        self.start_agents(("fra-1", "lon-1"))
        run = self.start_run("role=load:2", seconds=6)
        wait_for(lambda: log.exists() and log.read_text(), within=20)
        time.sleep(0.5)
        # Both ends are told that the connection is reset, and a new one cannot be had for a while.
        self.nft("lon-1", "add table inet cut\n"
                 "add chain inet cut out { type filter hook output priority 0; }\n"
                 "add rule inet cut out tcp dport 7400 reject with tcp reset\n")
        time.sleep(2)
        self.nft("lon-1", "delete table inet cut\n")
        run = self.finish(run)
        self.assertEqual(run.code, 0, run.said())
        results = run.results
        browse = results["load"]["browse"]
        self.assertEqual(browse["due"], 1200)
        self.assert_adds_up(browse)
        self.assertEqual(len(log.read_text().splitlines()), browse["sent"])
        kinds = [(event["kind"], event["subject"]) for event in results["events"]]
        self.assertIn(("agent.back", "lon-1"), kinds)
        self.assertEqual(results["agents"]["lon-1"]["state"], "done")

    def test_a_fault_is_injected_where_its_labels_say(self):
        self.start_nginx_there()
        self.start_agents(("fra-1", "lon-1"))
        before = self.state("lon-1")
        run = self.finish(self.start_run("role=load:2", seconds=4, rate=100, rest="""
faults:
  cut: {at: 1s, for: 1s, on: {agents: {zone: lon}}, network: {interface: eth0, to: {port: 8080}, partition: true}}
objectives:
  available: {load: browse, good: status < 500, goal: 1%}
"""))
        self.assertEqual(run.code, 0, run.said())
        cut = run.results["faults"]["cut"]
        self.assertEqual((cut["state"], cut["on"]), ("undone", ["lon-1"]))
        self.assertGreater(run.results["load"]["browse"]["errors"]["timeout"], 0)
        self.assertEqual(self.state("lon-1"), before)

    def test_an_order_that_a_lost_agent_did_not_take_is_not_told_as_done(self):
        self.start_nginx_there()
        self.start_agents(("fra-1", "lon-1"))
        before = self.state("lon-1")
        run = self.start_run("role=load:2", seconds=9, rest="""
agents: {lost: continue}
safety: {lease: 1s}
faults:
  cut: {at: 1s, for: 5s, on: {agents: {zone: lon}}, network: {interface: eth0, to: {port: 9999}, partition: true}}
""")
        wait_for(lambda: self.state("lon-1") != before, within=20)
        self.nft("main", "table inet cut {\n"
                 "chain in { type filter hook input priority 0; ip saddr 10.77.0.15 drop; }\n"
                 "chain out { type filter hook output priority 0; ip daddr 10.77.0.15 drop; }\n}\n")
        stopped = self.squall("ctl", self.out, "fault", "stop", "cut")
        self.assertEqual(stopped.returncode, 2, stopped.stderr)
        self.assertIn("it is ordered, but lon-1 is lost and did not take it", stopped.stderr)
        again = self.squall("ctl", self.out, "fault", "stop", "cut")
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertIn("lon-1 is lost and cannot be told: what it may have in force", again.stderr)
        self.finish(run)

    def test_an_order_that_an_agent_took_late_is_told_with_when(self):
        log = self.start_nginx_there()
        self.start_agents(("fra-1", "lon-1"))
        run = self.start_run("role=load:2", seconds=12, rest="safety: {lease: 20s}\n")
        wait_for(lambda: log.exists() and log.read_text(), within=20)
        self.nft("main", "table inet cut {\n"
                 "chain in { type filter hook input priority 0; ip saddr 10.77.0.15 drop; }\n"
                 "chain out { type filter hook output priority 0; ip daddr 10.77.0.15 drop; }\n}\n")
        changed = self.squall("ctl", self.out, "rate", "browse", "100/s")
        self.assertEqual(changed.returncode, 2, changed.stdout + changed.stderr)
        self.assertIn("it is ordered, but lon-1 did not say yet to have taken it", changed.stderr)
        self.nft("main", "delete table inet cut\n")
        results = self.finish(run).results
        events = results["events"]
        late = [(event["subject"], event["detail"]) for event in events if event["kind"].startswith("order.")]
        self.assertEqual(len(late), 1, events)
        self.assertEqual(late[0][0], "lon-1")
        self.assertRegex(late[0][1], r"^rate browse 100/s: taken \d+\.\d s after it was to hold$")
        late_by = float(late[0][1].split("taken ")[1].split()[0])
        ordered = [event["detail"] for event in events if event["kind"] == "run.changed"]
        holds_from = float(ordered[0].split("from ")[1].split()[0])
        browse = results["load"]["browse"]
        self.assert_adds_up(browse)
        self.assertEqual(len(log.read_text().splitlines()), browse["sent"])
        series = browse["series"]
        for at, due, due_rate in zip(series["t_s"], series["due"], series["due_rate"]):
            if at >= 12:
                break
            # What was ordered; and what fell due: lon-1, a quarter of it, went on as before until it had heard of it.
            if at >= math.ceil(holds_from):
                self.assertEqual(due_rate, 100)
            if holds_from <= at and at + 1 < holds_from + late_by - 1:
                self.assertAlmostEqual(due, 125, delta=2, msg=series)
            elif at > holds_from + late_by:
                self.assertAlmostEqual(due, 100, delta=2, msg=series)

    def test_no_fault_cuts_an_agent_off_its_coordinator(self):
        self.start_nginx_there()
        self.start_agents(("fra-1", "lon-1"))
        run = self.finish(self.start_run("role=load:2", seconds=2, rest="""
faults:
  cut: {at: 1s, for: 1s, on: {agents: {zone: lon}}, network: {interface: eth0, to: {port: 7400}, partition: true}}
"""))
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("coordinator", run.stdout)
        self.assertEqual(run.results["load"]["browse"]["sent"], 0)

    def test_an_autonomous_fault_may_and_ends_by_itself(self):
        log = self.start_nginx_there()
        self.start_agents(("fra-1", "lon-1"))
        before = self.state("lon-1")
        run = self.finish(self.start_run("role=load:2", seconds=10, rest="""
safety: {lease: 1s}
faults:
  cut:
    at: 2s
    for: 5s
    autonomous: true
    on: {agents: {zone: lon}}
    network: {interface: eth0, direction: both, to: {port: 7400}, partition: true}
objectives:
  available: {load: browse, good: status < 500, goal: 99%}
"""))
        self.assertEqual(run.code, 0, run.said())
        cut = run.results["faults"]["cut"]
        self.assertEqual(cut["state"], "undone")
        self.assertLess(abs(cut["actual"]["to_s"] - 7), 1)
        browse = run.results["load"]["browse"]
        self.assertEqual(browse["due"], 2000)
        self.assert_adds_up(browse)
        self.assertEqual(len(log.read_text().splitlines()), browse["sent"])
        # Cut off for five times its lease, it was back, with all that it measured meanwhile.
        self.assertIn(("agent.back", "lon-1"),
                      [(event["kind"], event["subject"]) for event in run.results["events"]])
        self.assertEqual(run.results["agents"]["lon-1"]["state"], "done")
        self.assertEqual(self.state("lon-1"), before)

    def test_an_agent_that_dies_ends_the_run_with_its_reaper_undoing(self):
        self.start_nginx_there()
        agents = self.start_agents(("fra-1", "lon-1"))
        before = self.state("lon-1")
        run = self.start_run("role=load:2", seconds=20, rate=100, rest="""
faults:
  cut: {at: 500ms, for: 5s, on: {agents: {zone: lon}}, network: {interface: eth0, to: {port: 8080}, partition: true}}
safety: {lease: 1s}
""")
        wait_for(lambda: self.state("lon-1") != before, within=20)
        agents["lon-1"].kill()
        killed = time.monotonic()
        wait_for(lambda: self.state("lon-1") == before, within=3)
        run = self.finish(run)
        self.assertLess(time.monotonic() - killed, 8)
        self.assertIn(run.code, (6, 7), run.said())
        self.assertEqual(run.results["agents"]["lon-1"]["state"], "lost")
        self.assertEqual(run.results["agents"]["fra-1"]["state"], "done")
        self.assertEqual(agents["fra-1"].wait(15), 0)


if __name__ == "__main__":
    unittest.main()
