"""The search for a capacity, against the embedded target, whose truth is arithmetic."""
import math
import unittest

from support import SquallTest, free_port


def late_share(servers, service, rate, within):
    """P(response > within) of an M/M/c queue."""
    load = rate * service
    if load >= servers:
        return 1.0
    terms = [load ** k / math.factorial(k) for k in range(servers)]
    last = load ** servers / math.factorial(servers) * servers / (servers - load)
    waits = last / (sum(terms) + last)
    spare = servers - 1 - load
    rest = (1 - math.exp(-within / service * spare)) / spare if abs(spare) > 1e-9 else within / service
    return math.exp(-within / service) * (1 + waits * rest)


def true_capacity(servers, service, within, allowed):
    low, high = 0.0, servers / service
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if late_share(servers, service, middle, within) <= allowed else (low, middle)
    return low


class Capacity(SquallTest):
    def searching(self, behaviour, within, start, more="", limit="60ms"):
        port = free_port()
        return self.scenario(f"""
squall: 1
name: search
seed: 3
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c, --behaviour, "/: {behaviour}"]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 2, streams: 1000, timeout: 1s}}
load:
  browse: {{target: web, open: {{arrivals: poisson, stages: [{{rate: {start}/s, for: 1s}}]}}, requests: [{{get: /}}]}}
objectives:
  fast: {{load: browse, within: {limit}, goal: 95%}}
capacity: {{search: browse, within: {within}, hold: 5s, {more}}}
""")

    def test_it_finds_the_knee_of_a_queue_and_verifies_it(self):
        run = self.run_scenario(self.searching(
            "service 5ms exponential, limit 8, queue 300", "400/s .. 3200/s", 800, "deadline: 100s"))
        self.assertEqual(run.code, 0, run.said())
        results = run.results
        capacity = results["capacity"]
        truth = true_capacity(8, 0.005, 0.060, 0.05)
        self.assertEqual(capacity["end"], "found")
        self.assertTrue(capacity["verified"])
        # Ten per cent: one short run on a shared machine.
        self.assertAlmostEqual(capacity["good"] / truth, 1, delta=0.1)
        self.assertGreater(capacity["bad"], capacity["good"])
        self.assertIn("the target holds", results["reasons"][0])
        self.assertEqual(capacity["probes"][-1]["kind"], "verify")
        load = results["load"]["browse"]
        self.assert_adds_up(load)
        # What was due is what the steps of the search ask for, in closed form, each within chance.
        for probe in capacity["probes"]:
            length = probe["to_s"] - probe["measured_from_s"]
            self.assertAlmostEqual(probe["sent"], probe["rate"],
                                   delta=6 * math.sqrt(probe["rate"] / length), msg=str(probe))
        for name in ("report.html", "junit.xml"):
            self.assertGreater((run.out / name).stat().st_size, 0)
        self.assertIn("capacity", run.said())

    def test_it_fails_when_not_even_the_lowest_rate_holds(self):
        run = self.run_scenario(self.searching(
            "service 20ms exponential, limit 2, queue 300", "200/s .. 400/s", 200, "deadline: 40s"))
        self.assertEqual(run.code, 1, run.said())
        self.assertEqual(run.results["capacity"]["end"], "none-holds")

    def test_it_keeps_its_probes_at_the_deadline(self):
        run = self.run_scenario(self.searching(
            "service 20ms exponential, limit 8, queue 300", "100/s .. 900/s", 300, "deadline: 12s"))
        self.assertEqual(run.code, 3, run.said())
        capacity = run.results["capacity"]
        self.assertEqual(capacity["end"], "cut")
        self.assertGreater(len(capacity["probes"]), 0)
        self.assertIn("deadline", capacity["why_cut"])


if __name__ == "__main__":
    unittest.main()
