#!/usr/bin/env python3
"""harness/setup/packages is run against a Debian of ours: an apt and a dpkg-query with memory, in PATH.

What the real ones do was tried on real bookworm and trixie; here is what must hold for ever: nothing
is touched when nothing is missing, and every refusal is named with what to do.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SETUP = pathlib.Path(__file__).resolve().parents[2] / "harness/setup"
LIST = """# comment
build any      alpha
build bookworm beta  version>=1.0 from=bookworm-backports
build trixie   gamma
build any      delta unless=sh
test  any      epsilon
"""
COMMANDS = {
    "id": "#!/bin/sh\necho ${FAKE_UID:-0}\n",
    "dpkg-query": '#!/bin/sh\ncat "$STATE/installed"\n',
    "apt-get": """#!/bin/sh
case " $* " in
  *" indextargets "*) cat "$STATE/sources" ;;
  *" $REFUSE "*) echo "E: apt says no"; exit 100 ;;
esac
case $1 in indextargets) ;; *) echo "$*" >> "$STATE/apt" ;; esac
""",
    "sudo": '#!/bin/sh\necho "sudo: a password is required" >&2; exit 1\n',
}


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = pathlib.Path(folder.name)
        # The script, as in the tree, so that its log lands here.
        (self.state / "harness/setup").mkdir(parents=True)
        shutil.copy(SETUP / "packages", self.state / "harness/setup/packages")
        self.write("harness/setup/packages.list", LIST)
        self.write("sources", "bookworm http://debian.example/debian/\nbookworm-backports http://debian.example/debian/\n")
        self.write("os-release", "ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME='Debian 12'\n")
        self.installed("alpha 1 installed", "beta 1.2 installed", "epsilon 1 installed")
        (self.state / "bin").mkdir()
        for name, text in COMMANDS.items():
            self.write(f"bin/{name}", text)
            (self.state / "bin" / name).chmod(0o755)

    def write(self, path, text):
        (self.state / path).write_text(text)

    def installed(self, *lines):
        self.write("installed", "".join(line + "\n" for line in lines))

    def run_for(self, *needs, **environment):
        """Answers the exit code, what it said, and the calls of apt that change something."""
        path = f"{self.state}/bin:{os.environ['PATH']}"
        done = subprocess.run([self.state / "harness/setup/packages", *needs], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL,
                              env={**os.environ, "SETUP": "", "PATH": path, "STATE": str(self.state), "REFUSE": "nothing",
                                   "SQUALL_OS_RELEASE": str(self.state / "os-release"),
                                   "SQUALL_POLICY": str(self.state / "policy-rc.d"), **environment})
        calls = self.state / "apt"
        return done.returncode, done.stdout + done.stderr, calls.read_text() if calls.exists() else ""

    def test_touches_nothing_when_nothing_is_missing(self):
        self.assertEqual(self.run_for("build", "test"), (0, "", ""))

    def test_installs_only_what_is_missing_and_only_for_the_need(self):
        self.installed("beta 1.2 installed")
        code, said, calls = self.run_for("build")
        self.assertEqual(code, 0, said)
        self.assertRegex(calls, r"update\n.*install --no-install-recommends --no-remove alpha\n$")

    def test_takes_a_package_that_is_too_old_from_the_named_suite(self):
        self.installed("alpha 1 installed", "beta 0.12 installed")
        self.assertRegex(self.run_for("build")[2], r" beta/bookworm-backports\n$")

    def test_counts_a_removed_package_whose_settings_stayed_as_missing(self):
        self.installed("alpha 1 config-files", "beta 1.2 installed")
        self.assertRegex(self.run_for("build")[2], r" alpha\n$")

    def test_installs_what_the_release_calls_it(self):
        self.write("os-release", "ID=debian\nVERSION_CODENAME=trixie\n")
        self.installed("alpha 1 installed")
        self.assertRegex(self.run_for("build")[2], r" gamma\n$")

    def test_leaves_no_policy_behind_and_keeps_one_that_was_there(self):
        self.installed("beta 1.2 installed")
        self.run_for("build")
        self.assertFalse((self.state / "policy-rc.d").exists())
        self.write("policy-rc.d", "theirs")
        self.run_for("build")
        self.assertEqual((self.state / "policy-rc.d").read_text(), "theirs")

    def test_leaves_no_policy_behind_when_apt_refuses(self):
        self.installed("beta 1.2 installed")
        self.run_for("build", REFUSE="install")
        self.assertFalse((self.state / "policy-rc.d").exists())

    def assert_refuses(self, *words, needs=("build",), **environment):
        code, said, _ = self.run_for(*needs, **environment)
        self.assertEqual(code, 1, said)
        for word in words:
            self.assertIn(word, said)

    def test_names_a_refused_update_and_a_refused_install_with_the_words_of_apt(self):
        self.installed("beta 1.2 installed")
        self.assert_refuses("E: apt says no", "apt-get update failed", "Check the network", REFUSE="update")
        self.assert_refuses("E: apt says no", "could not install: alpha", REFUSE="install")

    def test_names_what_is_missing_when_there_is_no_right_to_install(self):
        self.installed("beta 1.2 installed")
        self.assert_refuses("missing: alpha", "sudo refused", "As root, run:", FAKE_UID="1000")

    def test_names_another_distribution_and_what_to_install_there(self):
        self.write("os-release", "ID=fedora\nPRETTY_NAME='Fedora 43'\n")
        self.assert_refuses("this is Fedora 43", "alpha gamma", "SETUP=no")

    def test_installs_nothing_when_told_not_to(self):
        self.installed("beta 1.2 installed")
        code, said, calls = self.run_for("build", SETUP="no")
        self.assertEqual((code, calls), (0, ""))
        self.assertIn("alpha", said)

    def test_knows_no_need_that_the_list_does_not_have(self):
        self.assert_refuses("unknown need 'biuld'", "build test", needs=("biuld",))

    def test_the_real_list_has_every_package_once_for_a_need_and_release(self):
        seen = set()
        for line in (SETUP / "packages.list").read_text().splitlines():
            if line and not line.startswith("#"):
                need, release, package, *_ = line.split()
                self.assertIn(need, {"build", "test", "check", "fuzz", "bench"})
                self.assertIn(release, {"any", "bookworm", "trixie"})
                self.assertNotIn((need, release, package), seen)
                seen.add((need, release, package))


if __name__ == "__main__":
    unittest.main()
