"""A server that stands still for a second of ten: what the load waited is what the report says.

Truth by arithmetic: at a constant rate, a tenth of the requests fall due during the stall and wait,
evenly, from 0 to 1 s. So the percentile 90 + x is x tenths of a second: p95 500 ms, p99 900 ms.
"""
import unittest

from support import SquallTest, free_port, nginx_conf, program


class Stall(SquallTest):
    def run_stalled(self, connections, streams, closed=False):
        port = free_port()
        folder = self.folder / "nginx"
        conf = nginx_conf(folder, port)
        return self.run_scenario(self.scenario(f"""
squall: 1
name: stall
services:
  web:
    command: ["{program('nginx')}", -e, stderr, -c, "{conf}"]
    ready: {{url: "https://127.0.0.1:{port}/index.html", within: 10s}}
targets:
  web: {{url: "https://127.0.0.1:{port}", protocol: h2, connections: {connections}, streams: {streams},
        tls: {{ca: "{folder}/cert.pem"}}}}
load:
  steady:
    target: web
    open: {{stages: [{{rate: 1000/s, for: 10s}}]}}
    requests: [{{get: /index.html}}]
faults:
  standstill: {{at: 5s, for: 1s, process: {{signal: STOP, match: {{service: web}}}}}}
objectives:
  available: {{load: steady, good: status < 500, goal: 99%}}
"""))

    def assert_truth(self, run):
        self.assertEqual(run.code, 0, run.said())
        load = run.results["load"]["steady"]
        self.assert_adds_up(load)
        self.assertEqual(load["due"], 10_000)
        self.assertEqual(load["ok"], 10_000)
        response = load["latency_ms"]["response"]
        # The fault holds for a second, give or take what its own clock shows.
        actual = run.results["faults"]["standstill"]["actual"]
        length = (actual["to_s"] - actual["from_s"]) * 1000
        self.assertAlmostEqual(length, 1000, delta=30)
        self.assertAlmostEqual(response["p95"], 500, delta=25, msg=run.stdout)
        self.assertAlmostEqual(response["p99"], 900, delta=45, msg=run.stdout)
        self.assertLess(response["p50"], 20)

    def test_tells_the_truth_when_a_thousand_requests_fit_in_flight(self):
        self.assert_truth(self.run_stalled(connections=10, streams=100))

    def test_tells_the_truth_when_only_ten_requests_fit_in_flight(self):
        self.assert_truth(self.run_stalled(connections=1, streams=10))

    def test_tells_the_truth_over_http3(self):
        """The same within 5 %, over 5 s: a fifth waits, so p95 is 750 ms and p99 950 ms.

        The target's socket holds all that is sent while it stands still. Where a server's does not,
        what it lost is sent again, and some answers come some tens of milliseconds later still.
        """
        port = free_port()
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: stall
services:
  web:
    command: ["${{squall}}", target, --listen, "127.0.0.1:{port}", --protocol, "h2,h3"]
    ready: {{url: "https://127.0.0.1:{port}/.squall/health", within: 10s}}
targets:
  web: {{url: "https://127.0.0.1:{port}", protocol: h3, connections: 10, streams: 100,
        tls: {{verify: false}}}}
load:
  steady:
    target: web
    open: {{stages: [{{rate: 400/s, for: 5s}}]}}
    requests: [{{get: /}}]
faults:
  standstill: {{at: 2s, for: 1s, process: {{signal: STOP, match: {{service: web}}}}}}
objectives:
  available: {{load: steady, good: status < 500, goal: 99%}}
"""))
        self.assertEqual(run.code, 0, run.said())
        load = run.results["load"]["steady"]
        self.assert_adds_up(load)
        self.assertEqual(load["ok"], 2_000)
        self.assertEqual(load["connections"]["lost"], 0)
        actual = run.results["faults"]["standstill"]["actual"]
        length = (actual["to_s"] - actual["from_s"]) * 1000
        response = load["latency_ms"]["response"]
        for name, share in (("p95", 0.05), ("p99", 0.01)):
            truth = length - share * 5000
            self.assertAlmostEqual(response[name], truth, delta=0.05 * truth, msg=run.stdout)
        self.assertLess(response["p50"], 20)


if __name__ == "__main__":
    unittest.main()
