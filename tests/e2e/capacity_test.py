"""The search for a capacity, against the embedded target, whose truth is arithmetic."""
import math
import subprocess
import unittest

from support import SquallTest, can_connect, free_port, program, wait_for

ECHO = "/usr/lib/nginx/modules/ngx_http_echo_module.so"


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

    def test_it_agrees_with_a_maxconn_of_haproxy(self):
        """16 requests at once, each 40 ms in nginx: 400 a second, whatever else the machine can do."""
        front, back = free_port(), free_port()
        (self.folder / "nginx.conf").write_text(f"""
load_module {ECHO};
daemon off;
user root;
worker_processes 1;
pid {self.folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {self.folder}/body;
  proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi;
  uwsgi_temp_path {self.folder}/uwsgi;
  scgi_temp_path {self.folder}/scgi;
  keepalive_requests 100000000;
  server {{
    listen 127.0.0.1:{back};
    location / {{ echo_sleep 0.040; echo done; }}
  }}
}}
""")
        (self.folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout queue 10s
frontend all
  bind 127.0.0.1:{front} proto h2
  default_backend web
backend web
  http-reuse always
  server web 127.0.0.1:{back} maxconn 16
""")
        for command in ([program("nginx"), "-e", "stderr", "-c", self.folder / "nginx.conf"],
                        [program("haproxy"), "-db", "-f", self.folder / "haproxy.cfg"]):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
            self.addCleanup(self._end_group, process)
        wait_for(lambda: can_connect(front) and can_connect(back))
        run = self.run_scenario(self.scenario(f"""
squall: 1
name: maxconn
targets:
  web: {{url: "http://127.0.0.1:{front}", protocol: h2c, connections: 4, streams: 100, timeout: 2s}}
load:
  browse: {{target: web, open: {{stages: [{{rate: 200/s, for: 1s}}]}}, requests: [{{get: /}}]}}
objectives:
  fast: {{load: browse, within: 400ms, goal: 99%}}
capacity: {{search: browse, within: 50/s .. 1600/s, hold: 5s, deadline: 100s}}
"""))
        self.assertEqual(run.code, 0, run.said())
        capacity = run.results["capacity"]
        self.assertAlmostEqual(capacity["good"] / (16 / 0.040), 1, delta=0.1, msg=run.said())
        self.assertGreater(capacity["bad"], 16 / 0.040 * 0.9)


if __name__ == "__main__":
    unittest.main()
