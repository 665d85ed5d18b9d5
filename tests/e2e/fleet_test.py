"""Agents that dial in: joined by mutual TLS, known by what their certificates pin, and waited for."""
import collections
import datetime
import json
import math
import os
import pathlib
import signal
import subprocess
import time
import unittest

from support import Run, SquallTest, children_of, free_port, processes_with, program, wait_for


def is_pressing(agent):
    """Whether a fault of pressure is in force that this agent injects."""
    def parent(pid):
        try:
            return f"\nPPid:\t{agent.pid}\n" in pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return False
    return any(parent(pid) for pid in processes_with(" pressure "))


class Fleet(SquallTest):
    def setUp(self):
        super().setUp()
        self.fleet = self.folder / "fleet"
        self.squall("certs", "init", self.fleet)
        self.squall("certs", "coordinator", self.fleet)
        self.port = free_port()
        self.target_port = free_port()

    def credentials(self, who, fleet=None):
        fleet = fleet or self.fleet
        return ("--ca", fleet / "ca.pem", "--cert", fleet / f"{who}.pem", "--key", fleet / f"{who}.key")

    def agent(self, name, *words, labels=(), join=None):
        pinned = [word for label in labels for word in ("--label", label)]
        self.squall("certs", "agent", self.fleet, "--name", name, *pinned)
        return self.start("agent", "--join", join or f"127.0.0.1:{self.port}", *self.credentials(f"agent-{name}"),
                          *words)

    def run_fleet(self, expect, *words, wait="15s", rate=100, seconds=2, start=False, extra="",
                  target=None):
        target = target or f'{{url: "http://127.0.0.1:{self.target_port}", protocol: h1, connections: 4, timeout: 500ms}}'
        path = self.scenario(f"""
squall: 1
name: fleet
targets:
  edge: {target}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: {rate}/s, for: {seconds}s}}]}}
    requests: [{{get: /}}]
objectives:
  available: {{load: browse, good: status < 500, goal: 99%}}
{extra}
""")
        words = ("--listen", f"127.0.0.1:{self.port}", "--expect", expect, "--wait", wait,
                 *self.credentials("coordinator-main"), *words)
        if start:
            return self.start("run", path, "--out", self.folder / "out", *words)
        return self.run_scenario(path, *words)

    def start_target(self):
        self.start("target", "--listen", f"127.0.0.1:{self.target_port}")

    def said_by(self, process):
        stdout, stderr = process.communicate(timeout=15)
        return process.returncode, stdout + stderr

    def test_collects_its_agents_and_splits_the_rate_among_them(self):
        self.start_target()
        # They dial out before there is anybody, and say of themselves what is pinned otherwise.
        agents = [self.agent("fra-1", "--name", "other", "--label", "zone=ams", labels=["zone=fra", "role=edge"]),
                  self.agent("ams-1", "--label", "zone=ams", labels=["role=edge"])]
        run = self.run_fleet("role=edge:2")
        self.assertEqual(run.code, 0, run.said())
        for agent in agents:
            code, said = self.said_by(agent)
            self.assertEqual(code, 0, said)
        results = run.results
        self.assertEqual({name: agent["labels"] for name, agent in results["agents"].items()},
                         {"fra-1": {"zone": "fra", "role": "edge"}, "ams-1": {"zone": "ams", "role": "edge"}})
        self.assertEqual({agent["state"] for agent in results["agents"].values()}, {"done"})
        self.assertEqual(results["load"]["browse"]["due"], 200)
        self.assert_adds_up(results["load"]["browse"])

    def test_says_who_is_missing_and_starts_nothing(self):
        agent = self.agent("a", labels=["role=edge"])
        began = time.monotonic()
        run = self.run_fleet("role=edge:2,role=load", wait="3s")  # One, where no number is given.
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("not all agents joined within 3 s: role=edge: 1 of 2, role=load: 0 of 1", run.stdout)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(run.results["load"]["browse"]["due"], 0)
        self.assertIsNone(agent.poll())  # It goes on asking.
        agent.terminate()
        self.assertEqual(self.said_by(agent)[0], 0)

    def test_takes_nobody_of_another_authority(self):
        other = self.folder / "other"
        self.squall("certs", "init", other)
        self.squall("certs", "agent", other, "--name", "a")
        join = ("agent", "--join", f"127.0.0.1:{self.port}")
        both = self.folder / "both.pem"  # Else it would see by itself that nobody believes it.
        both.write_text((self.fleet / "ca.pem").read_text() + (other / "ca.pem").read_text())
        strangers = {
            "the coordinator's certificate is not of the authority in --ca":
                self.start(*join, *self.credentials("agent-a", other)),
            "it closes the connection: this agent's certificate may be of another authority":
                self.start(*join, "--ca", both, *self.credentials("agent-a", other)[2:])}
        run = self.run_fleet("1", wait="3s")
        self.assertEqual(run.code, 7, run.said())
        self.assertRegex(" ".join(run.results["reasons"]), "connections? ended before an agent said who it is: is the authority")
        for why, stranger in strangers.items():
            self.assertIsNone(stranger.poll())  # The coordinator may be mended.
            stranger.terminate()
            code, said = self.said_by(stranger)
            self.assertEqual(code, 0, said)
            self.assertIn(why, said)

    def test_an_agent_that_is_told_to_end_undoes_its_fault_and_the_others_take_up_its_share(self):
        self.start_target()
        policy = self.folder / "policy.yaml"
        policy.write_text("faults: {kinds: [cpu]}\n")
        agents = {name: self.agent(name, "--policy", policy, labels=[f"role={name}"]) for name in "ab"}
        run = self.run_fleet("2", seconds=5, start=True, extra="agents: {lost: continue}\nsafety: {lease: 1s}\n"
                             "faults: {f: {at: 300ms, for: 4s, on: {agents: {role: b}}, cpu: {share: 5%, workers: 1}}}")
        wait_for(lambda: is_pressing(agents["b"]), within=20)
        self.end_in_order(agents["b"])
        said = self.said_by(run)
        results = self.results()
        self.assertEqual({name: agent["state"] for name, agent in results["agents"].items()}, {"a": "done", "b": "lost"})
        events = [(event["kind"], event["subject"]) for event in results["events"]]
        self.assertIn(("agent.lost", "b"), events)
        self.assertIn(("load.taken_up", "browse"), events)
        self.assertEqual(results["faults"]["f"]["state"], "undone", said)
        self.assertEqual([event for event in events if event[0] in ("agent.cut", "agent.back")], [])
        browse = results["load"]["browse"]
        # Some tenths of a second of its half are missing, not the seconds that were left; what it did is told of.
        self.assertGreater(browse["due"], 440, said)
        self.assert_adds_up(browse)
        self.assertIn("b was lost: its later figures are missing", results["reasons"])
        self.assertEqual(self.said_by(agents["a"])[0], 0)

    def test_an_agent_that_is_told_to_end_ends_the_run_that_cannot_go_on_without_it(self):
        self.start_target()
        agent = self.agent("b")
        run = self.run_fleet("1", seconds=20, start=True)
        wait_for(lambda: "no open load" in self.squall("ctl", self.folder / "out", "rate", "none", "1/s").stderr, within=20)
        self.end_in_order(agent)
        code, said = self.said_by(run)
        self.assertEqual(code, 7, said)
        self.assertIn("b ended its part early: a signal told it to end", said)
        self.assert_adds_up(self.results()["load"]["browse"])

    def end_in_order(self, agent):
        began = time.monotonic()
        agent.terminate()
        code, said = self.said_by(agent)
        self.assertEqual(code, 0, said)
        self.assertLess(time.monotonic() - began, 4, said)  # A second or two, on a busy machine.
        self.assertIn("a signal told it to end: load stops, faults are undone", said)
        self.assertNotIn("dialled again", said)

    def results(self):
        return json.loads((self.folder / "out" / "results.json").read_text())

    def test_an_agent_takes_orders_only_from_the_coordinators_it_was_told_of(self):
        policy = self.folder / "policy.yaml"
        policy.write_text("coordinators: [night]\n")
        agent = self.agent("a", "--policy", policy)
        run = self.run_fleet("1", wait="15s")
        self.assertEqual(run.code, 7, run.said())
        code, said = self.said_by(agent)
        self.assertEqual(code, 7)
        why = "take orders from coordinator main, whom the policy does not name"
        self.assertIn(why, said)
        # It was the only one, so that the run had mostly begun to share out its work.
        self.assertRegex(" ".join(run.results["reasons"]), f"a (ended its part early|left): {why}")

    def test_says_why_those_who_came_did_not_stay(self):
        policy = self.folder / "policy.yaml"
        policy.write_text("coordinators: [night]\n")
        agents = [self.agent("a", "--policy", policy), self.agent("b")]
        run = self.run_fleet("3", wait="6s")
        self.assertEqual(run.code, 7, run.said())
        why = "take orders from coordinator main, whom the policy does not name"
        self.assertIn("not all agents joined within 6 s: agents: 1 of 3; a left: " + why, run.results["reasons"])
        left = [event["detail"] for event in run.results["events"] if event["kind"] == "agent.left"]
        self.assertIn("before the run began: " + why, left)
        self.assertEqual(self.said_by(agents[0])[0], 7)
        agents[1].terminate()
        self.assertEqual(self.said_by(agents[1])[0], 0)

    def test_an_agent_that_ends_before_anybody_answers_says_so(self):
        agent = self.agent("a")
        time.sleep(0.5)
        self.assertIsNone(agent.poll())
        agent.terminate()
        code, said = self.said_by(agent)
        self.assertEqual(code, 0, said)
        self.assertIn("it was told to end, and had no work", said)
        # One that was started by a coordinator, whose socket is not there yet.
        child = self.start("agent", "--join", f"unix:{self.folder}/none")
        time.sleep(0.5)
        child.terminate()
        code, said = self.said_by(child)
        self.assertIn("it was told to end", said)
        self.assertNotIn("canceled", said)

    def test_a_weight_that_is_none_is_told_before_anybody_is_asked(self):
        key, own = self.fleet / "heavy.key", self.fleet / "heavy.pem"
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=URI:urn:squall:agent:heavy,URI:urn:squall:label:weight=1000\n")
        request = subprocess.run([program("openssl"), "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                  "-subj", "/CN=heavy", "-keyout", key], capture_output=True, check=True)
        subprocess.run([program("openssl"), "x509", "-req", "-CA", self.fleet / "ca.pem", "-CAkey", self.fleet / "ca.key",
                        "-days", "2", "-out", own, "-extfile", extensions], input=request.stdout, capture_output=True, check=True)
        done = self.squall("agent", "--join", f"127.0.0.1:{self.port}", *self.credentials("heavy"))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(f"{own}: label weight=1000: expected a whole number from 1 to 100", done.stderr)

    def test_an_agent_does_not_do_what_its_policy_forbids(self):
        self.start_target()
        agents = [self.agent("a", labels=["role=edge"]), self.agent("b", labels=["role=load"])]
        run = self.run_fleet("2", extra="faults: {f: {at: 1s, for: 1s, on: {agents: {role: edge}}, "
                             "cpu: {share: 10%, workers: 1}}}")
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("the policy of this agent forbids it: fault f: faults of kind cpu", run.stdout)
        self.assertEqual(run.results["load"]["browse"]["sent"], 0)
        for agent in agents:
            self.assertEqual(self.said_by(agent)[0], 0)

    def test_a_quic_fault_tells_of_the_connections_of_all_agents(self):
        self.start("target", "--listen", f"127.0.0.1:{self.target_port}", "--protocol", "h2,h3")
        policy = self.folder / "policy.yaml"
        policy.write_text("faults: {kinds: [quic]}\n")
        agents = [self.agent(name, "--policy", policy, labels=["role=load"]) for name in ("a", "b")]
        run = self.run_fleet(
            "2", seconds=3, extra="faults: {f: {at: 1s, for: 1s, on: {agents: {role: load}}, "
            "quic: {load: browse, rebind: {every: 5s}}}}",
            target=f'{{url: "https://127.0.0.1:{self.target_port}", protocol: h3, connections: 3, tls: {{verify: false}}}}')
        self.assertEqual(run.code, 0, run.said())
        for agent in agents:
            self.assertEqual(self.said_by(agent)[0], 0)
        fault = run.results["faults"]["f"]
        self.assertEqual(fault["state"], "undone", run.said())
        self.assertEqual(fault["connections"]["disturbed"], 6)
        self.assertEqual(fault["connections"]["survived"], 6)
        self.assertTrue(0 < fault["connections"]["mean_gap_ms"] <= fault["connections"]["longest_gap_ms"], fault)
        for words in ("6 of 6 connections survived in all", "a: 3 of 3", "b: 3 of 3"):
            self.assertIn(words, fault["verified"]["seen"])

    def scenario_that_goes_on(self, rate, seconds, rest=""):
        return self.scenario(f"""
squall: 1
name: goes-on
agents: {{lost: continue}}
{rest}
targets:
  web: {{url: "http://127.0.0.1:{self.target_port + 1}/", protocol: h2c, connections: 3}}
data:
  users: {{file: users.csv, order: once}}
load:
  browse:
    target: web
    open: {{stages: [{{rate: {rate}/s, for: {seconds}s}}]}}
    requests: [{{get: "/index.html?n=${{seq}}"}}]
  users:
    target: web
    open: {{stages: [{{rate: 30/s, for: {seconds}s}}]}}
    requests: [{{get: "/index.html?u=${{data.users.id}}"}}]
""")

    def check_what_was_taken_up(self, run, log, lost, rate, seconds):
        """The others went on with what the lost one left, nothing was sent twice, and what is missing is counted."""
        results = run.results
        self.assertEqual({name: agent["state"] for name, agent in results["agents"].items()}[lost], "lost", run.said())
        seen = [line.split()[1] for line in log.read_text().splitlines()]
        self.assertEqual([path for path, times in collections.Counter(seen).items() if times > 1], [])
        taken_up = {event["subject"]: float(event["detail"].rsplit("from ", 1)[1].split()[0])
                    for event in results["events"] if event["kind"] == "load.taken_up"}
        self.assertEqual(set(taken_up), {"browse", "users"}, run.said())
        self.assertFalse([event for event in results["events"] if event["kind"] == "load.less"])
        for name, per_second, mark in (("browse", rate, "?n="), ("users", 30, "?u=")):
            load = results["load"][name]
            # Of the lost one's last second not all is known.
            self.assertLessEqual(load["sent"] + load["unsent"] + load["shed"], load["due"])
            self.assertAlmostEqual(load["due"] + load["missing"], per_second * seconds, delta=6, msg=run.said())
            self.assertAlmostEqual(load["missing_share"], load["missing"] / (load["due"] + load["missing"]))
            self.assertGreater(load["missing_share"], 0.01)
            self.assertIn(f"{name}: {load['missing']} requests that fell due by its schedule are missing",
                          " ".join(results["reasons"]))
            there = len([path for path in seen if mark in path])
            self.assertGreaterEqual(there, load["sent"])
            self.assertLessEqual(there - load["sent"], load["missing"] + 6)
            due = dict(zip(load["series"]["t_s"], load["series"]["due"]))
            # On a machine that is busy beyond measure it may be taken up in the last second.
            for second in range(math.ceil(taken_up[name]), seconds):
                self.assertGreaterEqual(due[second], 0.95 * per_second, due)
        self.assertEqual(run.code, 4, run.said())
        return max(taken_up.values())

    def test_what_a_lost_agent_leaves_is_taken_up_and_what_is_missing_is_counted(self):
        log = self.start_nginx(self.target_port)
        (self.folder / "users.csv").write_text("id\n" + "".join(f"{row}\n" for row in range(1500)))
        agents = {name: self.agent(name) for name in ("a", "b", "c")}
        path = self.scenario_that_goes_on(90, 5, "safety: {lease: 1s}")
        run = self.start("run", path, "--out", self.folder / "out", "--listen", f"127.0.0.1:{self.port}", "--expect", "3",
                         "--wait", "15s", *self.credentials("coordinator-main"))
        wait_for(lambda: log.read_text().count("?n=") > 100, within=20)
        agents["c"].kill()
        code, said = self.said_by(run)
        self.check_what_was_taken_up(Run(code, said, "", self.folder / "out"), log, "c", 90, 5)
        for name in ("a", "b"):
            self.assertEqual(self.said_by(agents[name])[0], 0)

    def kill_local_agents(self, run, log, *names):
        wait_for(lambda: log.read_text().count("?n=") > 40, within=20)
        agents = [pid for name in names for pid in processes_with(f"--name {name}") if pid in children_of(run.pid)]
        self.assertEqual(len(agents), len(names))
        for agent in agents:
            os.kill(agent, signal.SIGKILL)

    def test_nobody_is_said_to_go_on_where_all_are_lost(self):
        log = self.start_nginx(self.target_port)
        (self.folder / "users.csv").write_text("id\n1\n2\n")
        run = self.start("run", self.scenario_that_goes_on(60, 3), "--out", self.folder / "out", "--agents", "2")
        # The first is lost first, when the other one is not known to be so yet.
        self.kill_local_agents(run, log, "agent-1", "agent-2")
        code, said = self.said_by(run)
        self.assertEqual(code, 7, said)
        kinds = [event["kind"] for event in Run(code, said, "", self.folder / "out").results["events"]]
        self.assertNotIn("load.taken_up", kinds)
        self.assertEqual(kinds.count("agent.lost"), 2)

    def test_a_local_agent_that_dies_is_known_at_once_whatever_its_lease(self):
        log = self.start_nginx(self.target_port)
        (self.folder / "users.csv").write_text("id\n" + "".join(f"{row}\n" for row in range(1500)))
        run = self.start("run", self.scenario_that_goes_on(60, 3), "--out", self.folder / "out", "--agents", "2")
        self.kill_local_agents(run, log, "agent-2")
        killed = time.time()
        code, said = self.said_by(run)
        run = Run(code, said, "", self.folder / "out")
        from_s = self.check_what_was_taken_up(run, log, "agent-2", 60, 3)
        started = datetime.datetime.fromisoformat(run.results["started"].replace("Z", "+00:00")).timestamp()
        self.assertLess(started + from_s - killed, 2)

    def test_a_coordinator_that_stands_still_holds_up_no_load_and_misses_nothing(self):
        self.start_target()
        for name in "ab":
            self.agent(name)
        run = self.run_fleet("2", seconds=6, start=True, extra="safety: {lease: 12s}\n",
                             target=f'{{url: "http://127.0.0.1:{self.target_port}", protocol: h1, connections: 4}}')
        wait_for(lambda: "there is no open load of this name" in
                 self.squall("ctl", self.folder / "out", "rate", "none", "1/s").stderr, within=30)
        os.kill(run.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(run.pid, signal.SIGCONT)
        said = self.said_by(run)
        results = self.results()
        browse = results["load"]["browse"]
        self.assertEqual((browse["due"], browse["sent"], browse["ok"]), (600, 600, 600), said)
        self.assert_adds_up(browse)
        # A load that was held up has a second without any.
        sent = dict(zip(browse["series"]["t_s"], browse["series"]["sent"]))
        self.assertEqual([second for second in range(6) if sent[second] == 0], [], sent)
        kinds = {event["kind"] for event in results["events"]}
        self.assertEqual(kinds & {"agent.lost", "agent.cut", "load.less", "load.taken_up"}, set())
        self.assertEqual({agent["state"] for agent in results["agents"].values()}, {"done"})

    def test_labels_that_nobody_has_end_it_before_it_begins(self):
        agent = self.agent("a", labels=["role=edge"])
        run = self.run_fleet("1", extra="faults: {f: {at: 1s, for: 1s, on: {agents: {role: load}}, "
                             "cpu: {share: 10%, workers: 1}}}")
        self.assertEqual(run.code, 7, run.said())
        self.assertIn("fault f: no agent has role=load", run.stdout)
        self.assertIsNone(agent.poll())

    def test_nothing_is_said_in_the_clear_off_this_machine(self):
        scenario = self.scenario("squall: 1\nname: n\ntargets: {t: {url: 'http://127.0.0.1:1', protocol: h1}}\nload: "
                                 "{l: {target: t, open: {stages: [{rate: 1/s, for: 1s}]}, requests: [{get: /}]}}\n")
        for words, said in (
                (("agent", "--join", "192.0.2.1:7400"), "--join 192.0.2.1:7400: needs --ca, --cert and --key"),
                (("agent", "--join", "192.0.2.1:7400", "--ca", "x"), "--ca requires"),
                (("agent", "--join", "127.0.0.1"), "--join 127.0.0.1: there is no port: expected HOST:PORT"),
                (("agent", "--join", "127.0.0.1:99999"), 'port "99999": expected a number from 1 to 65535'),
                (("agent", "--join", "127.0.0.1:7400", *self.credentials("coordinator-main")),
                 "the certificate is that of coordinator main, expected an agent's"),
                (("agent", "--join", "127.0.0.1:7400", "--label", "a b=c"), "--label a b=c: expected key=value, of letters"),
                (("agent", "--join", "127.0.0.1:7400", "--label", "a="), "--label a=: expected key=value, of letters"),
                (("agent", "--join", "127.0.0.1:7400", "--label", "a=b", "--label", "a=c"), "--label a: given twice"),
                (("agent", "--join", "127.0.0.1:7400", "--name", ""), '--name "": expected 1 to 63 letters'),
                (("agent", "--join", "127.0.0.1:7400", "--name", "a b"), "--name a b: expected 1 to 63 letters"),
                (("run", scenario, "--wait", "3s"), "--wait is for agents of other machines: it needs --listen or --place"),
                (("run", scenario, *self.credentials("coordinator-main")), "they need --listen"),
                (("run", scenario, "--listen", "0.0.0.0:7400"), "--listen requires --expect"),
                (("agent", "--join", "h:1", "--ca", "x", "--cert", "x", "--key", "x"), "read x: No such file")):
            with self.subTest(words):
                done = self.squall(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(said, done.stderr)
        run = self.run_fleet("role", wait="1s")
        self.assertEqual(run.code, 2, run.said())
        self.assertIn("--expect: role: expected key=value:number", run.stderr)
        self.port = 99999
        run = self.run_fleet("1", wait="1s")
        self.assertEqual(run.code, 2, run.said())
        self.assertIn('--listen 127.0.0.1:99999: port "99999": expected a number from 1 to 65535', run.stderr)

    def test_a_signal_ends_the_wait(self):
        run = self.run_fleet("1", wait="30s", start=True)
        wait_for(lambda: (self.folder / "out" / "running").exists())
        time.sleep(0.3)
        run.terminate()
        self.assertEqual(self.said_by(run)[0], 3)


if __name__ == "__main__":
    unittest.main()
