"""What results.json counts as sent is what a real server logged."""
import pathlib
import subprocess
import unittest

from support import SOURCE, NODE, SquallTest, free_port, nginx_conf, program


class Counting(SquallTest):
    def log_lines(self, log):
        return pathlib.Path(log).read_text().splitlines()

    def test_an_open_load_sends_what_nginx_logs(self):
        port = free_port()
        log = self.start_nginx(port)
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: open
targets:
  web: {{url: "https://127.0.0.1:{port}", protocol: h2, connections: 4, tls: {{ca: "{log.parent}/cert.pem"}}}}
load:
  mixed:
    target: web
    open: {{arrivals: poisson, stages: [{{rate: 0/s .. 2000/s, for: 2s}}, {{rate: 2000/s, for: 2s}}]}}
    requests:
      - {{weight: 8, get: /index.html, expect: {{status: 200, body_contains: works}}}}
      - {{weight: 1, get: /missing, expect: {{status: 404}}}}
      - {{weight: 1, post: /upload, body: "${{random.uuid}} ${{seq}}", expect: {{status: 200}}}}
"""))
        self.assertEqual(run.code, 0, run.said())
        load = run.results["load"]["mixed"]
        self.assert_adds_up(load)
        lines = self.log_lines(log)
        self.assertEqual(load["sent"], len(lines))
        for status in ("200", "404"):
            self.assertEqual(load["status"][status], sum(line.endswith(status) for line in lines))
        self.assertEqual(load["ok"], load["sent"])
        # A fair mix of 4 to 6 thousand: three standard deviations around a tenth.
        posts = sum(line.startswith("POST") for line in lines)
        self.assertAlmostEqual(posts / len(lines), 0.1, delta=0.02)

    def test_a_closed_load_sends_what_nginx_logs(self):
        port = free_port()
        log = self.start_nginx(port)
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: closed
targets:
  web: {{url: "http://127.0.0.1:{port + 1}", protocol: h2c, connections: 4}}
load:
  players:
    target: web
    closed: {{users: 20, for: 3s, think: 5ms exponential}}
    requests: [{{get: /index.html}}]
"""))
        self.assertEqual(run.code, 0, run.said())
        load = run.results["load"]["players"]
        self.assert_adds_up(load)
        self.assertGreater(load["sent"], 1000)
        self.assertEqual(load["sent"], len(self.log_lines(log)))

    def test_nothing_is_unaccounted_when_the_server_is_killed_midway(self):
        port = free_port()
        folder = self.folder / "nginx"
        conf = nginx_conf(folder, port)
        for kind in ("open: {stages: [{rate: 1000/s, for: 6s}]}", "closed: {users: 50, for: 6s}"):
            with self.subTest(kind):
                (self.folder / "out" / "results.json").unlink(missing_ok=True)
                run = self.run_scenario(self.scenario(f"""
squall: 1
name: killed
services:
  web:
    command: ["{program('nginx')}", -e, stderr, -c, "{conf}"]
    ready: {{url: "https://127.0.0.1:{port}/index.html", within: 10s}}
    restart: always
targets:
  web: {{url: "https://127.0.0.1:{port}", protocol: h2, connections: 4, tls: {{verify: false}},
        reconnect: {{after: 50ms, up_to: 200ms}}}}
load:
  steady:
    target: web
    {kind}
    requests: [{{get: /index.html}}]
faults:
  kill: {{at: 3s, process: {{signal: KILL, match: {{service: web}}}}}}
objectives:
  available: {{load: steady, good: status < 500, goal: 50%}}
"""))
                self.assertEqual(run.code, 0, run.said())
                load = run.results["load"]["steady"]
                self.assert_adds_up(load)
                self.assertGreater(sum(load["errors"].values()), 0)
                self.assertGreater(load["connections"]["lost"], 0)
                self.assertEqual(load["latency_ms"]["response"]["count"], load["sent"])
                last = load["series"]["t_s"].index(5)
                self.assertGreater(load["series"]["completed"][last], 500)

    def test_other_tools_read_the_same_percentiles_from_the_histogram_log(self):
        port = free_port()
        log = self.start_nginx(port)
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: hlog
targets:
  web: {{url: "https://127.0.0.1:{port}", protocol: h2, tls: {{verify: false}}}}
load:
  one: {{target: web, open: {{stages: [{{rate: 500/s, for: 2s}}]}}, requests: [{{get: /index.html}}]}}
  two: {{target: web, closed: {{users: 3, for: 2s}}, requests: [{{get: /index.html}}]}}
"""))
        self.assertEqual(run.code, 0, run.said())
        self.assertTrue(log.exists())
        subprocess.run([NODE, SOURCE / "tests/e2e/hlog_percentiles.mjs", run.out / "results.json",
                        run.out / "histograms.hlog"], check=True, cwd=SOURCE)


if __name__ == "__main__":
    unittest.main()
