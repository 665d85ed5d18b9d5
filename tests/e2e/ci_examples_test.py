"""The examples for CI systems in scenarios/README.md call only what there is."""
import re
import shlex
import unittest

import yaml

from support import SOURCE, SquallTest

BLOCK = re.compile(r"^```yaml\n(# \.git.*?)^```", re.S | re.M)
# What else a CI's shell may be asked for.
PLAIN = {"rm", "cp"}


def commands_of(job):
    """Every command of a job, of whichever system, as a list of words."""
    lines = [step["run"] for step in job.get("steps", []) if "run" in step]
    script = job.get("script", [])
    lines += [script] if isinstance(script, str) else script
    for line in lines:
        for part in re.split(r"&&|\n", line):
            yield shlex.split(part)


class CiExamples(SquallTest):
    def help_of(self, *command):
        done = self.squall(*command, "--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check_squall(self, words):
        command = words[0]
        self.assertRegex(self.help_of(), rf"(?m)^  {command} ")
        known = set(re.findall(r"--[a-z-]+", self.help_of(command)))
        for word in words[1:]:
            if word.startswith("-"):
                self.assertIn(word.split("=")[0], known, f"squall {command}")
            if word.endswith(".yaml"):
                ours = SOURCE / "scenarios" / "library" / word.rsplit("/", 1)[-1]
                self.assertTrue(ours.exists(), f"{word} stands for a scenario of the library")
                self.check_sets(ours, words)

    def check_sets(self, scenario, words):
        """What the example sets is there to be set."""
        for word, value in zip(words, words[1:]):
            if word != "--set":
                continue
            part = yaml.safe_load(scenario.read_text())
            for key in value.split("=")[0].split("."):
                part = part[int(key) if isinstance(part, list) else key]
            done = self.squall("validate", scenario, "--set", value)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check_make(self, words):
        targets = re.findall(r"(?m)^([a-z-]+):", (SOURCE / "Makefile").read_text())
        for word in words:
            if "=" not in word:
                self.assertIn(word, targets)

    def test_they_call_only_commands_and_options_that_there_are(self):
        blocks = BLOCK.findall((SOURCE / "scenarios" / "README.md").read_text())
        self.assertEqual(len(blocks), 2)
        for block in blocks:
            document = yaml.safe_load(block)
            jobs = document.get("jobs", document)
            called = set()
            for job in jobs.values():
                for words in commands_of(job):
                    called.add(words[0])
                    if words[0] == "squall":
                        self.check_squall(words[1:])
                    elif words[0] == "make":
                        self.check_make(words[1:])
                    else:
                        self.assertIn(words[0], PLAIN)
            self.assertIn("squall", called, block)


if __name__ == "__main__":
    unittest.main()
