"""QUIC's own disturbances in a whole run: the load's own sockets do what the timeline says."""
import unittest

from support import SquallTest, free_port


class Quic(SquallTest):
    def run_disturbed(self, disturbance, protocol="h3"):
        """4 connections to the embedded target, 200 requests a second for 4 s, disturbed from 1 s to 3 s."""
        port = free_port()
        return self.run_scenario(self.scenario(f"""
squall: 1
name: quic
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, "h2,h3", --alt-svc, "60"]
    ready: {{url: "https://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  edge: {{url: "https://127.0.0.1:{port}", protocol: {protocol}, connections: 4, timeout: 1s, tls: {{verify: false}}}}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: 200/s, for: 4s}}]}}
    requests: [{{get: /}}]
faults:
  trouble: {{at: 1s, for: 2s, quic: {{load: browse, {disturbance}}}}}
objectives:
  answers: {{load: browse, good: status < 500, goal: 99%}}
"""))

    def test_new_ports_under_connections_are_survived_and_their_gaps_are_told(self):
        run = self.run_disturbed("rebind: {every: 900ms}")
        self.assertEqual(run.code, 0, run.said())
        fault = run.results["faults"]["trouble"]
        self.assertEqual(fault["state"], "undone", run.said())
        self.assertEqual(fault["connections"]["disturbed"], 4)
        self.assertEqual(fault["connections"]["survived"], 4)
        self.assertEqual(fault["connections"]["silent_at_end"], 0)
        self.assertTrue(0 < fault["connections"]["mean_gap_ms"] <= fault["connections"]["longest_gap_ms"] < 1000, fault)
        self.assertIn("12 new ports", fault["verified"]["seen"])
        self.assertIn("4 of 4 connections survived", run.stdout)
        self.assertEqual(run.results["load"]["browse"]["errors"], {})
        load = run.results["load"]["browse"]
        self.assertNotIn("quic_errors", load)
        self.assertEqual(set(load["path"]["ecn"]), {"ect0", "ect1", "ce"})

    def test_a_load_that_never_came_to_speak_quic_makes_the_fault_ineffective(self):
        run = self.run_disturbed("loss: 10%", protocol="auto")
        self.assertEqual(run.results["faults"]["trouble"]["state"], "ineffective", run.said())
        self.assertIn("no connection over QUIC", run.results["faults"]["trouble"]["error"])


if __name__ == "__main__":
    unittest.main()
