"""The search for a capacity repeated under faults, against queues whose truth is arithmetic."""
import json
import unittest
import xml.etree.ElementTree as ET

import erlang
from support import SquallTest, free_port

SERVERS, SERVICE, WITHIN, ALLOWED = 4, 0.005, 0.060, 0.05


class Matrix(SquallTest):
    def three_queues(self, faults, rows, capacity="within: 600/s .. 4800/s, precision: 10%, confidence: 90%, hold: 4s, deadline: 110s", count=3, start=2000):
        ports = [free_port() for _ in range(count)]
        commands = "\n".join(
            f"""  web-{i}:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, h2c, --behaviour,
              "/: service {SERVICE * 1000:g}ms exponential, limit {SERVERS}, queue 300"]
    ready: {{url: "http://127.0.0.1:{port}/.squall/health", within: 10s}}""" for i, port in enumerate(ports))
        urls = ", ".join(f'"http://127.0.0.1:{port}"' for port in ports)
        return self.scenario(f"""
squall: 1
name: rows
seed: 3
services:
{commands}
targets:
  web: {{urls: [{urls}], protocol: h2c, connections: 6, streams: 500, timeout: 1s, reconnect: {{after: 200ms, up_to: 1s}}}}
load:
  browse: {{target: web, open: {{arrivals: poisson, stages: [{{rate: {start}/s, for: 1s}}]}}, requests: [{{get: /}}]}}
faults: {faults}
objectives:
  fast: {{load: browse, within: {WITHIN * 1000:g}ms, goal: {100 - ALLOWED * 100:g}%}}
capacity: {{search: browse, {capacity}}}
matrix: {rows}
""")

    def test_two_of_three_queues_hold_two_thirds(self):
        run = self.run_scenario(self.three_queues(
            "{one-gone: {at: 0s, process: {signal: KILL, match: {service: web-1}}}}", "[one-gone]"), within=400)
        self.assertEqual(run.code, 0, run.said())
        results = run.results
        whole, part = results["matrix"]
        self.assertEqual((whole["name"], whole["while"]), ("without faults", []))
        self.assertEqual((part["name"], part["while"]), ("one-gone", ["one-gone"]))
        one = erlang.capacity(SERVERS, SERVICE, WITHIN, ALLOWED)
        for row, queues in ((whole, 3), (part, 2)):
            self.assertEqual(row["end"], "found", run.said())
            self.assertTrue(row["verified"])
            # Turn by turn spreads arrivals more evenly than chance, so each queue holds somewhat
            # more than the formula says, and never more than its servers can do.
            self.assertGreater(row["good"], 0.85 * queues * one, row["sentence"])
            self.assertLess(row["good"], queues * SERVERS / SERVICE, row["sentence"])
            self.assertLess(row["good"], row["bad"])
            self.assertEqual(row["probes"][-1]["kind"], "verify")
        self.assertAlmostEqual(part["share"], 2 / 3, delta=0.1, msg=run.said())
        self.assertLessEqual(part["share_low"], part["share"])
        self.assertLessEqual(part["share"], part["share_high"])
        self.assertTrue(part["faults"]["one-gone"]["verified"])
        self.assertTrue(part["recovered"])
        # The plain search stays where others look for it.
        self.assertEqual(results["capacity"]["good"], whole["good"])

        # The fault was in force in its row alone: from before its first probe to after its last.
        fault = results["faults"]["one-gone"]
        self.assertEqual(fault["state"], "undone")
        self.assertGreaterEqual(fault["actual"]["from_s"], whole["to_s"])
        self.assertLess(fault["actual"]["from_s"], part["probes"][0]["from_s"])
        self.assertGreaterEqual(fault["actual"]["to_s"], part["probes"][-1]["to_s"])
        self.assert_adds_up(results["load"]["browse"])

        cases = {case.get("name") for case in ET.parse(run.out / "junit.xml").iter("testcase")}
        self.assertLessEqual({"capacity browse, without faults", "capacity browse, with one-gone"}, cases)
        self.assertIn("one-gone", run.said())
        self.assertIn("with one-gone up to", results["reasons"][0])
        self.assertIn('"matrix"', (run.out / "report.html").read_text())

        again = self.squall("compare", run.out, run.out, "--json")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        rows = {one["phase"] for one in json.loads(again.stdout)["differences"] if one["figure"] == "capacity"}
        self.assertEqual(rows, {"without faults", "with one-gone"})

    def test_rows_come_one_after_the_other_whatever_became_of_the_one_before(self):
        run = self.run_scenario(self.three_queues(
            "{gone: {at: 0s, process: {signal: KILL, match: {service: web-0}}},"
            " short: {at: 0s, for: 4s, link: {target: web, delay: 1ms}},"
            " slow: {at: 0s, for: 3m, link: {target: web, delay: 100ms}}}",
            "[gone, short, slow]", count=2, start=1200,
            capacity="within: 600/s .. 2400/s, precision: 20%, confidence: 80%, hold: 2s, deadline: 100s"), within=400)
        whole, gone, short, slow = run.results["matrix"]
        # On a machine that is busy otherwise a search may say that the generator is the limit.
        for row in (whole, gone):
            self.assertIn(row["end"], ("found", "generator"), run.said())
        self.assertEqual([row["end"] for row in (short, slow)], ["cut", "none-holds"], run.said())
        # One row was cut short, and with answers that take longer than the limit nothing holds: the
        # louder of the two is that somebody has no answer, and louder still a starved generator.
        is_starved = "generator" in (whole["end"], gone["end"])
        self.assertEqual(run.code, 4 if is_starved else 3, run.said())
        self.assertIn("ended, which has to last for the whole search", short["why_cut"])
        self.assertIsNone(short["share"])
        if whole["good"] is not None:
            self.assertAlmostEqual(slow["share_high"], slow["bad"] / whole["good"], places=6)
        self.assertTrue(short["recovered"], "the server that was killed answers again before the next row")
        faults = run.results["faults"]
        ends = [faults[name]["actual"]["to_s"] for name in ("gone", "short", "slow")]
        begins = [faults[name]["actual"]["from_s"] for name in ("gone", "short", "slow")]
        self.assertTrue(all(end < begin for end, begin in zip(ends, begins[1:])), (begins, ends))
        restarts = [event for event in run.results["events"]
                    if event["kind"] == "service.restarted" and event["subject"] == "web-0.1"]
        self.assertEqual(len(restarts), 1, restarts)
        self.assertLess(restarts[0]["at_s"], short["from_s"])


if __name__ == "__main__":
    unittest.main()
