"""squall certs makes an authority and certificates that OpenSSL verifies, and writes over nothing."""
import stat
import subprocess
import unittest

from support import SquallTest


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
                (("init", self.fleet / "ca.pem"), "make the folder"),
                ((), "A subcommand is required")):
            with self.subTest(words):
                done = self.squall("certs", *words)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(said, done.stderr)
        self.assertEqual([f.name for f in self.fleet.glob("agent-*")], [])


if __name__ == "__main__":
    unittest.main()
