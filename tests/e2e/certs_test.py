"""squall certs makes an authority and certificates that OpenSSL verifies, and writes over nothing."""
import re
import stat
import subprocess
import unittest

from support import SOURCE, SquallTest, free_port


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)


class Certs(SquallTest):
    def setUp(self):
        super().setUp()
        self.fleet = self.folder / "fleet"
        done = self.squall("certs", "init", self.fleet)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.split(), [f"{self.fleet}/ca.pem", f"{self.fleet}/ca.key"])

    def verify(self, name, purpose):
        return openssl("verify", "-CAfile", self.fleet / "ca.pem", "-purpose", purpose,
                       self.fleet / f"{name}.pem").returncode == 0

    def test_makes_certificates_that_hold_for_their_purpose_alone(self):
        done = self.squall("certs", "agent", self.fleet, "--name", "fra-1", "--label", "zone=fra",
                           "--label", "role=edge")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.squall("certs", "coordinator", self.fleet).returncode, 0)
        self.assertTrue(self.verify("agent-fra-1", "sslclient"))
        self.assertFalse(self.verify("agent-fra-1", "sslserver"))
        self.assertTrue(self.verify("coordinator-main", "sslserver"))
        self.assertFalse(self.verify("coordinator-main", "sslclient"))
        names = openssl("x509", "-in", self.fleet / "agent-fra-1.pem", "-noout", "-ext",
                        "subjectAltName").stdout
        for name in ("urn:squall:agent:fra-1", "urn:squall:label:zone=fra",
                     "urn:squall:label:role=edge"):
            self.assertIn(name, names)

    def test_lets_nobody_else_read_a_key(self):
        self.squall("certs", "agent", self.fleet, "--name", "a")
        for name in ("ca", "agent-a"):
            self.assertEqual(stat.S_IMODE((self.fleet / f"{name}.key").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.fleet.stat().st_mode), 0o700)

    def test_writes_over_nothing(self):
        before = (self.fleet / "ca.key").read_bytes()
        again = self.squall("certs", "init", self.fleet)
        self.assertEqual(again.returncode, 2)
        self.assertIn(f"write {self.fleet}/ca.key: File exists", again.stderr)
        self.assertEqual((self.fleet / "ca.key").read_bytes(), before)
        (self.fleet / "agent-a.pem").write_text("mine")
        self.assertEqual(self.squall("certs", "agent", self.fleet, "--name", "a").returncode, 2)
        self.assertEqual((self.fleet / "agent-a.pem").read_text(), "mine")
        self.assertFalse((self.fleet / "agent-a.key").exists())

    def test_refuses_what_cannot_be(self):
        for words, said in (
                (("agent", self.fleet, "--name", "a/b"), "--name a/b: expected 1 to 63 letters"),
                (("agent", self.fleet, "--name", "a", "--label", "zone"), "--label zone: expected key=value"),
                (("agent", self.fleet, "--name", "a", "--label", "z=1", "--label", "z=2"), "--label z: given twice"),
                (("agent", self.fleet, "--name", "a", "--label", "weight=0"),
                 "--label weight=0: expected a whole number from 1 to 100"),
                (("agent", self.fleet), "--name is required"),
                (("agent", self.fleet, "--name", "a", "--days", "0"), "--days"),
                (("agent", self.folder, "--name", "a"), "squall certs init makes one"),
                (("init", self.folder / "x", "--name", "n" * 65), "--name: expected 1 to 64 bytes"),
                (("init", self.folder / "x", "--name", ""), "--name: expected 1 to 64 bytes"),
                (("coordinator", self.fleet, "--name", ""), "--name : expected 1 to 63 letters"),
                (("init", self.fleet / "ca.pem"), "make the folder"),
                ((), "A subcommand is required")):
            with self.subTest(words):
                done = self.squall("certs", *words)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(said, done.stderr)
        self.assertEqual([f.name for f in self.fleet.glob("agent-*")], [])


class OwnAuthority(SquallTest):
    """Certificates that squall did not make."""

    def setUp(self):
        super().setUp()
        # As it stands in the documentation.
        text = (SOURCE / "harness/deploy/README.md").read_text()
        block = re.search(r"^```sh\n(.*?)^```", text, re.S | re.M).group(1)
        subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=self.folder, check=True, capture_output=True)
        self.own = self.folder / "own"
        self.port = free_port()

    def credentials(self, who, ca=None):
        return ("--ca", ca or self.own / "ca.pem", "--cert", self.own / f"{who}.pem", "--key", self.own / f"{who}.key")

    def run_words(self, *words):
        target = free_port()
        self.start("target", "--listen", f"127.0.0.1:{target}")
        path = self.scenario(f"""
squall: 1
name: own
targets: {{edge: {{url: "http://127.0.0.1:{target}", protocol: h1}}}}
load: {{browse: {{target: edge, on: {{agents: {{role: edge}}}}, open: {{stages: [{{rate: 20/s, for: 1s}}]}}, requests: [{{get: /}}]}}}}
""")
        return (path, "--listen", f"127.0.0.1:{self.port}", "--expect", "role=edge:1", "--wait", "30s", *words)

    def test_serves_a_fleet_as_it_is_documented(self):
        agent = self.start("agent", "--join", f"127.0.0.1:{self.port}", *self.credentials("agent"))
        run = self.run_scenario(*self.run_words(*self.credentials("coordinator")))
        self.assertEqual(run.results["agents"]["fra-1"]["labels"], {"role": "edge"}, run.said())
        self.assertEqual(run.results["load"]["browse"]["ok"], 20, run.said())
        stdout, stderr = agent.communicate(timeout=15)
        self.assertEqual(agent.returncode, 0, stdout + stderr)

    def test_each_end_refuses_to_start_with_what_the_other_could_not_believe(self):
        self.squall("certs", "init", self.folder / "other")
        other = self.folder / "other/ca.pem"
        for words in (("agent", "--join", f"127.0.0.1:{self.port}", *self.credentials("agent", other)),
                      ("run", *self.run_words(*self.credentials("coordinator", other)))):
            done = self.squall(*words)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn(f"--ca {other}, --cert {self.own}/", done.stderr)
            self.assertIn("the certificate is not of this authority: ", done.stderr)
            self.assertNotIn("Invalid argument", done.stderr)

    def test_a_coordinator_without_the_name_that_agents_ask_for_is_told_so(self):
        request = self.folder / "nameless.csr"
        openssl("req", "-new", "-key", self.own / "coordinator.key", "-subj", "/CN=main", "-out", request)
        names = self.folder / "names"
        names.write_text("subjectAltName=URI:urn:squall:coordinator:main\n")
        done = openssl("x509", "-req", "-in", request, "-CA", self.own / "ca.pem", "-CAkey", self.own / "ca.key",
                       "-extfile", names, "-out", self.own / "coordinator.pem")
        self.assertEqual(done.returncode, 0, done.stderr)
        refused = self.squall("run", *self.run_words(*self.credentials("coordinator")))
        self.assertEqual(refused.returncode, 2, refused.stdout + refused.stderr)
        self.assertIn("must have the name DNS:coordinator.squall.internal", refused.stderr)


if __name__ == "__main__":
    unittest.main()
