"""QUIC's own disturbances in a whole run: the load's own sockets do what the timeline says."""
import json
import subprocess
import unittest

from namespaces import Hosts
from support import SquallTest, free_port, program


class Congestion(Hosts):
    def test_marks_of_congestion_are_read_and_counted(self):
        """On the way from the server each datagram is marked as a congested router does (RFC 3168 §5)."""
        for rule in ("add table ip road", "add chain ip road in { type filter hook prerouting priority 0; }",
                     "add rule ip road in udp sport 8443 ip ecn set ce"):
            subprocess.run(self.inside(self.front, program("nft"), rule), check=True)
        path = self.scenario("""
squall: 1
name: marked
services:
  web:
    command: ["${squall}", target, --listen, "127.0.0.1:8443", --protocol, "h2,h3"]
    ready: {url: "https://127.0.0.1:8443/.squall/health", within: 10s}
targets:
  edge: {url: "https://127.0.0.1:8443", protocol: h3, connections: 2, tls: {verify: false}}
load:
  browse: {target: edge, open: {stages: [{rate: 100/s, for: 2s}]}, requests: [{get: /}]}
""")
        process = self.start("run", path, "--out", self.folder / "out", "--quiet")
        said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        load = json.loads((self.folder / "out" / "results.json").read_text())["load"]["browse"]
        self.assertEqual(load["ok"], 200, said)
        marks = load["path"]["ecn"]
        self.assertEqual((marks["ect0"], marks["ect1"]), (0, 0), marks)
        self.assertGreater(marks["ce"], 100, marks)
        self.assertLessEqual(marks["ce"], load["datagrams"]["received"], load)


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

    def test_key_updates_are_counted_in_results(self):
        run = self.run_disturbed("key_update: {every: 900ms}")
        self.assertEqual(run.code, 0, run.said())
        done = run.results["faults"]["trouble"]["connections"]
        self.assertEqual(done["survived"], 4, run.said())
        self.assertGreaterEqual(done["key_updates"]["made"], 4, done)
        self.assertEqual(sum(done["key_updates"].values()), 12, done)
        self.assertEqual((done["rebinds"], sum(done["migrations"].values()), done["no_socket"]), (0, 0, 0), done)
        self.assertIn("key updates", run.stdout)

    def test_a_load_that_never_came_to_speak_quic_makes_the_fault_ineffective(self):
        run = self.run_disturbed("loss: 10%", protocol="auto")
        self.assertEqual(run.results["faults"]["trouble"]["state"], "ineffective", run.said())
        self.assertIn("no connection over QUIC", run.results["faults"]["trouble"]["error"])

    def test_secrets_that_there_is_no_room_for_are_told_of_and_the_load_goes_on(self):
        self.environment["SSLKEYLOGFILE"] = "/dev/full"
        run = self.run_disturbed("delay: 1ms")
        self.assertIn(run.code, (0, 4), run.said())  # A busy machine may be late.
        self.assertGreater(run.results["load"]["browse"]["ok"], 0, run.said())
        said = [one for one in run.results["warnings"] if one.startswith("SSLKEYLOGFILE: /dev/full: No space left")]
        self.assertEqual(len(said), 1, run.said())


if __name__ == "__main__":
    unittest.main()
