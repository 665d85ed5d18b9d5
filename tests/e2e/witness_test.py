"""The witness of a fleet's agent: it tells of the end of that process, of no other, and only of its end."""
import datetime
import json
import os
import pathlib
import re
import signal
import time
import unittest

import peers
from support import SquallTest, children_of, free_port, processes_with, stat_of, wait_for

LEASE = 5  # The default.
WITNESSED = "its process has ended, a witness on its machine says"
# On a busy machine; what is told without a witness takes longer.
AT_ONCE = LEASE - 1.5


def is_gone(pid):
    return (stat_of(pid) or "Z")[0] in "ZX"


class Witnesses(SquallTest):
    def setUp(self):
        super().setUp()
        self.fleet = self.folder / "fleet"
        self.squall("certs", "init", self.fleet)
        self.squall("certs", "coordinator", self.fleet)
        self.port, self.web = free_port(), free_port()
        self.log = self.start_nginx(self.web)
        self.agents = {}

    def credentials(self, who):
        return ("--ca", self.fleet / "ca.pem", "--cert", self.fleet / f"{who}.pem", "--key", self.fleet / f"{who}.key")

    def start_fleet(self, names, rest="", seconds=9):
        for name in names:
            self.squall("certs", "agent", self.fleet, "--name", name)
            self.agents[name] = self.start("agent", "--join", f"127.0.0.1:{self.port}", *self.credentials(f"agent-{name}"))
        path = self.scenario(f"""
squall: 1
name: witnessed
{rest}
targets:
  web: {{url: "http://127.0.0.1:{self.web + 1}/", protocol: h2c, connections: 3}}
load:
  browse:
    target: web
    open: {{stages: [{{rate: 60/s, for: {seconds}s}}]}}
    requests: [{{get: "/index.html?n=${{seq}}"}}]
""")
        run = self.start("run", path, "--out", self.folder / "out", "--listen", f"127.0.0.1:{self.port}", "--expect",
                         str(len(names)), "--wait", "20s", *self.credentials("coordinator-main"))
        wait_for(lambda: self.log.read_text().count("?n=") > 30, within=30)
        return run

    def witness_of(self, name):
        mine = [pid for pid in processes_with(f"witness {name} ") if pid in children_of(self.agents[name].pid)]
        self.assertEqual(len(mine), 1, name)
        return mine[0]

    def said_by(self, process, within=40):
        stdout, stderr = process.communicate(timeout=within)
        return process.returncode, stdout + stderr

    def results(self):
        return json.loads((self.folder / "out" / "results.json").read_text())

    def events(self, kind):
        return [(event["subject"], event["detail"]) for event in self.results()["events"] if event["kind"] == kind]

    def await_gone(self, *pids, within=LEASE):
        wait_for(lambda: all(is_gone(pid) for pid in pids), within=within)

    def kill(self, name):
        """As whoever ends all that the agent's terminal has."""
        os.killpg(self.agents[name].pid, signal.SIGKILL)
        killed = time.time()
        # Nobody who waits for the end of what it says waits for its witness.
        self.agents[name].communicate(timeout=AT_ONCE)
        return killed

    def test_has_nothing_of_the_agents_but_what_it_needs(self):
        run = self.start_fleet(["a"], seconds=2)
        witness = self.witness_of("a")
        kinds = {int(fd.name): re.sub(r"[^a-z/_]", "", os.readlink(fd))
                 for fd in pathlib.Path(f"/proc/{witness}/fd").iterdir()}
        self.assertEqual([kinds[fd] for fd in range(3)], ["/dev/null"] * 3)
        self.assertEqual(set(kinds), set(range(6)), kinds)
        self.assertTrue(kinds[3].startswith("socket") and "pidfd" in kinds[4] and "testimony" in kinds[5], kinds)
        self.assertEqual(os.getsid(witness), witness)
        rollup = pathlib.Path(f"/proc/{witness}/smaps_rollup").read_text()
        kib = {word: int(value) for word, value in re.findall(r"^(\w+): +(\d+) kB", rollup, re.M)}
        print(f"a witness: {kib['Rss']} KiB resident, {kib['Pss']} its share of that, {kib['Anonymous']} its own")
        code, said = self.said_by(run)
        self.assertIn(code, (0, 4), said)  # A busy machine may not have let the generator run in time.
        self.assertEqual(self.said_by(self.agents["a"])[0], 0)
        self.assertTrue(is_gone(witness))
        self.assertEqual(self.events("agent.lost"), [])

    def test_has_the_share_of_a_dead_agent_taken_up_long_before_its_lease_lapses(self):
        run = self.start_fleet(["a", "b"], "agents: {lost: continue}")
        witness = self.witness_of("b")
        killed = self.kill("b")
        code, said = self.said_by(run)
        results = self.results()
        self.assertEqual(self.events("agent.lost"), [("b", WITNESSED)], said)
        self.assertIn("b was lost: its later figures are missing", results["reasons"])
        taken_up = self.events("load.taken_up")
        self.assertEqual([subject for subject, _ in taken_up], ["browse"], said)
        from_s = float(taken_up[0][1].rsplit("from ", 1)[1].split()[0])
        started = datetime.datetime.fromisoformat(results["started"].replace("Z", "+00:00")).timestamp()
        print(f"taken up {started + from_s - killed:.2f} s after it was killed")
        self.assertLess(started + from_s - killed, AT_ONCE)
        # All that the schedule had is due or missing, nothing was sent twice, and of what the dead one did only what
        # it had no time to tell is in the server's log alone.
        browse = results["load"]["browse"]
        self.assertAlmostEqual(browse["due"] + browse["missing"], 60 * 9, delta=6, msg=said)
        self.assertLess(browse["missing"], 30 * (AT_ONCE + 1.5), said)
        seen = [line.split()[1] for line in self.log.read_text().splitlines() if "?n=" in line]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertGreaterEqual(len(seen), browse["sent"])
        self.assertLessEqual(len(seen) - browse["sent"], browse["missing"] + 6)
        self.assertEqual(code, 4, said)
        self.assertEqual(self.said_by(self.agents["a"])[0], 0)
        self.await_gone(witness)

    def test_ends_a_run_at_once_that_cannot_go_on_without_the_dead_agent(self):
        run = self.start_fleet(["a", "b"], seconds=30)
        killed = self.kill("b")
        code, said = self.said_by(run)
        self.assertEqual(code, 7, said)
        self.assertLess(time.time() - killed, AT_ONCE + 1)
        self.assertIn(f"b was lost: {WITNESSED}", said)

    def test_says_nothing_of_an_agent_that_is_only_stopped(self):
        run = self.start_fleet(["a", "b"], "agents: {lost: continue}", seconds=5)
        self.agents["b"].send_signal(signal.SIGSTOP)
        time.sleep(2)
        self.agents["b"].send_signal(signal.SIGCONT)
        said = self.said_by(run)
        self.assertEqual(self.events("agent.lost"), [], said)
        self.assertEqual({agent["state"] for agent in self.results()["agents"].values()}, {"done"})

    def test_leaves_it_to_the_lease_when_it_was_killed_first(self):
        run = self.start_fleet(["a", "b"], "agents: {lost: continue}\nsafety: {lease: 1s}", seconds=5)
        os.kill(self.witness_of("b"), signal.SIGKILL)
        time.sleep(0.2)
        self.assertIsNone(self.agents["b"].poll())
        self.kill("b")
        said = self.said_by(run)
        lost = self.events("agent.lost")
        self.assertEqual([name for name, _ in lost], ["b"], said)
        self.assertIn("it has not answered for", lost[0][1])

    def test_gives_up_when_the_coordinator_has_gone_too(self):
        run = self.start_fleet(["a"])
        witness = self.witness_of("a")
        run.kill()
        self.kill("a")
        self.assertFalse(is_gone(witness))
        self.await_gone(witness, within=LEASE + 5)

    def test_goes_with_an_agent_that_is_told_to_end(self):
        run = self.start_fleet(["a", "b"], "agents: {lost: continue}", seconds=5)
        witness = self.witness_of("b")
        os.kill(witness, signal.SIGTERM)  # As one who ends all processes of a service does.
        self.agents["b"].terminate()
        self.assertEqual(self.said_by(self.agents["b"])[0], 0)
        self.assertTrue(is_gone(witness))
        said = self.said_by(run)
        self.assertEqual(self.events("agent.lost"), [("b", "a signal told it to end")], said)

    def tell(self, hello, who):
        """What the coordinator answers to these words by this certificate."""
        with peers.shake_hands(self.port, *self.credentials(who)[1::2]) as stream:
            peers.call(stream)
            return peers.say(stream, peers.field(1, hello))

    def test_is_believed_of_its_own_process_alone(self):
        run = self.start_fleet(["a", "b"], "agents: {lost: continue}", seconds=20)
        testimony = pathlib.Path(f"/proc/{self.witness_of('a')}/fd/5").read_bytes()
        hello = peers.fields(testimony)[2]
        said = peers.fields(hello)
        self.assertIn(b"a witness of agent b tells of another process", self.tell(hello, "agent-b"))
        def changed(number, value):
            return b"".join(peers.field(*one) for one in (said | {number: value}).items())
        self.assertIn(b"a witness of agent a tells of another process", self.tell(changed(6, bytes(16)), "agent-a"))
        self.assertIn(b"a witness of agent a tells of another run", self.tell(changed(4, b"other"), "agent-a"))
        with self.assertRaises(OSError):
            self.tell(hello, "coordinator-main")
        time.sleep(0.5)
        self.assertEqual(self.squall("ctl", self.folder / "out", "stop").returncode, 0)
        code, words = self.said_by(run)
        self.assertIn(code, (3, 4), words)  # As above.
        self.assertEqual(self.events("agent.lost"), [], words)
        self.assertIn("refused", words)
        self.assertEqual({agent["state"] for agent in self.results()["agents"].values()}, {"done"})

    def test_is_believed_by_the_very_words_that_others_said_in_vain(self):
        run = self.start_fleet(["a", "b"], "agents: {lost: continue}", seconds=4)
        hello = peers.fields(pathlib.Path(f"/proc/{self.witness_of('b')}/fd/5").read_bytes())[2]
        self.assertNotIn(b"witness", self.tell(hello, "agent-b"))
        said = self.said_by(run)
        self.assertEqual(self.events("agent.lost"), [("b", WITNESSED)], said)


if __name__ == "__main__":
    unittest.main()
