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


if __name__ == "__main__":
    unittest.main()
