"""The search for a capacity, against the embedded target, whose truth is arithmetic."""
import math
import subprocess
import unittest

import erlang
from support import SquallTest, can_connect, free_port, program, wait_for

ECHO = "/usr/lib/nginx/modules/ngx_http_echo_module.so"


class Capacity(SquallTest):
    def searching(self, behaviour, within, start, more="", limit="60ms", timeout="1s"):
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
  web: {{url: "http://127.0.0.1:{port}", protocol: h2c, connections: 2, streams: 1000, timeout: {timeout}}}
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
        truth = erlang.capacity(8, 0.005, 0.060, 0.05)
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

    def test_it_finds_the_knee_of_a_target_that_collapses_and_says_that_it_does(self):
        # At the capacity more than 100 wait for a 3,000th of the time, so that thrashing beyond that
        # leaves the knee where it is. With the line full, a service takes 10 ms · (1 + 5 % · 199),
        # and 8 servers manage 73/s.
        truth = erlang.capacity(8, 0.010, 0.060, 0.05)
        self.assertLess(erlang.longer_line_share(8, 0.010, truth, 100), 1 / 3000)
        run = self.run_scenario(self.searching(
            "service 10ms exponential, limit 8, queue 300, thrash 5% beyond 100", "200/s .. 2400/s", 500,
            "precision: 45%, deadline: 100s", timeout="250ms"))
        self.assertEqual(run.code, 0, run.said())
        capacity = run.results["capacity"]
        self.assertEqual(capacity["end"], "found", run.said())
        self.assertTrue(capacity["verified"])
        self.assertAlmostEqual(capacity["good"] / truth, 1, delta=0.1, msg=run.said())
        self.assertGreater(capacity["bad"], 0.97 * truth)
        self.assertEqual(capacity["past"], "collapses", run.said())
        self.assertLess(capacity["goodput_kept"], 0.3)
        self.assertIn("beyond that it collapses", capacity["sentence"])
        self.assertIn("collapses", (run.out / "report.html").read_text())

    def test_its_answer_is_the_capacity_that_is_left_when_the_target_gets_slower_meanwhile(self):
        # From its 12th second on, when the search has found a rate good that no longer is, the target
        # has 6 servers instead of 8.
        before, after = (erlang.capacity(servers, 0.010, 0.060, 0.05) for servers in (8, 6))
        run = self.run_scenario(self.searching(
            "service 10ms exponential, limit 8, queue 100, from 12s limit 6", "100/s .. 770/s", 620,
            "precision: 60%, deadline: 100s"))
        self.assertEqual(run.code, 0, run.said())
        capacity = run.results["capacity"]
        self.assertEqual(capacity["end"], "found", run.said())
        probes = capacity["probes"]
        self.assertTrue(any(probe["answer"] == "good" and probe["rate"] > 1.1 * after
                            for probe in probes), "nothing was found good that no longer is")
        # Verified for the hold time when the change was over, and within what is left.
        self.assertTrue(capacity["verified"])
        self.assertEqual(probes[-1]["kind"], "verify")
        self.assertGreater(probes[-1]["measured_from_s"], 12)
        self.assertLess(capacity["good"], 0.8 * before)
        self.assertLess(capacity["good"], 1.03 * after, run.said())
        self.assertGreater(capacity["good"], 0.5 * after, run.said())  # By the precision asked for.
        self.assertGreater(capacity["bad"], 0.97 * after, run.said())

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
