"""What is in harness/deploy, held to the tools that it is for: systemd, kustomize, and squall's own
command line."""
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import unittest

import yaml

import support
from support import SOURCE, SquallTest, program

DEPLOY = SOURCE / "harness/deploy"
FAULT_CAPABILITIES = {"NET_ADMIN", "NET_RAW", "KILL", "SYS_PTRACE", "SYS_ADMIN", "SYS_RESOURCE",
                      "DAC_OVERRIDE"}


def squall_options(command):
    """The long options that a command of squall's has."""
    shown = subprocess.run([support.SQUALL, command, "--help"], capture_output=True, text=True,
                           check=True).stdout
    return set(re.findall(r"(--[a-z][a-z-]*)", shown))


class Deploy(SquallTest):
    def assert_is_understood(self, words):
        """Each option of a command line of squall's is one that it has."""
        known = squall_options(words[0])
        for word in words[1:]:
            if word.startswith("--"):
                self.assertIn(word.split("=")[0], known, words)


class Units(Deploy):
    def units(self):
        return sorted((DEPLOY / "systemd").glob("*.service"))

    def test_systemd_understands_them(self):
        for unit in self.units():
            # The program is where the test has it, as systemd looks whether it is there.
            copy = self.folder / unit.name
            copy.write_text(unit.read_text().replace("/usr/bin/squall", support.SQUALL))
            done = subprocess.run([program("systemd-analyze"), "verify", "--man=no", str(copy)],
                                  capture_output=True, text=True, check=False)
            mine = [line for line in done.stderr.splitlines() if unit.name in line]
            self.assertEqual(mine, [], done.stderr)

    def test_squall_understands_their_commands(self):
        for unit in self.units():
            commands = re.findall(r"^Exec\w+=/usr/bin/squall (.*)$", unit.read_text(), re.M)
            self.assertEqual(len(commands), 2, unit)
            for command in commands:
                self.assert_is_understood(shlex.split(command))

    def test_they_undo_whatever_ended_the_agent(self):
        for unit in self.units():
            self.assertIn("\nExecStopPost=/usr/bin/squall recover\n", unit.read_text())

    def test_they_are_hardened(self):
        for unit, most in (("squall-agent.service", 50), ("squall-load-agent.service", 15)):
            done = subprocess.run(
                [program("systemd-analyze"), "security", "--offline=true", f"--threshold={most}",
                 str(DEPLOY / "systemd" / unit)], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-1500:] + done.stderr)


class Manifests(Deploy):
    def kustomized(self, overlay):
        """What `kubectl kustomize` makes of an overlay with certificates, a scenario and a policy."""
        folder = self.folder / "kubernetes"
        if not folder.exists():
            shutil.copytree(DEPLOY / "kubernetes", folder)
        certs = folder / overlay / "certs"
        for words in () if certs.exists() else (("init", certs), ("coordinator", certs),
                      ("agent", certs, "--name", "load", "--label", "role=load"),
                      ("agent", certs, "--name", "edge", "--label", "role=edge")):
            self.assertEqual(self.squall("certs", *words).returncode, 0)
        shutil.copy(SOURCE / "scenarios/library/first.yaml", folder / overlay / "scenario.yaml")
        shutil.copy(DEPLOY / "policy.yaml", folder / overlay / "policy.yaml")
        done = subprocess.run([program("kubectl"), "kustomize", str(folder / overlay)],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(yaml.safe_load_all(done.stdout))

    @staticmethod
    def pod_of(found, kind, name):
        spec = next(one for one in found if one["kind"] == kind and one["metadata"]["name"] == name)["spec"]
        if kind == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        return spec, spec["template"]["spec"]

    def test_each_overlay_has_what_a_fleet_needs(self):
        for overlay, job in (("once", "Job"), ("game-day", "CronJob")):
            found = self.kustomized(overlay)
            self.assertEqual(sorted(one["kind"] for one in found),
                             sorted(["Namespace", "Service", "DaemonSet", job, job, "ConfigMap",
                                     "ConfigMap", "Secret", "Secret", "Secret"]))
            load, _ = self.pod_of(found, job, "load-agents")
            self.assertEqual(load["completionMode"], "Indexed")
            self.assertEqual(load["completions"], load["parallelism"])

    def held_to_the_schema(self, manifests):
        return subprocess.run([support.NODE, str(SOURCE / "tests/e2e/kubernetes_schema.mjs")], text=True,
                              input=json.dumps(manifests, default=str), capture_output=True, check=False)

    def test_kubernetes_has_a_schema_that_they_fit(self):
        for overlay in ("once", "game-day"):
            done = self.held_to_the_schema(self.kustomized(overlay))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wrong = self.kustomized("once")
        next(one for one in wrong if one["kind"] == "Job")["spec"]["backoffLimit"] = "none"
        done = self.held_to_the_schema(wrong)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("data/spec/backoffLimit must be integer", done.stdout)

    def test_squall_understands_every_command_in_them(self):
        for overlay, job in (("once", "Job"), ("game-day", "CronJob")):
            found = self.kustomized(overlay)
            for kind, name in ((job, "coordinator"), (job, "load-agents"), ("DaemonSet", "fault-agents")):
                _, pod = self.pod_of(found, kind, name)
                for container in pod.get("initContainers", []) + pod["containers"]:
                    self.assert_is_understood(container["args"])

    def test_every_volume_is_there_and_every_mount_has_one(self):
        found = self.kustomized("once")
        made = {one["metadata"]["name"] for one in found if one["kind"] in ("Secret", "ConfigMap")}
        for kind, name in (("Job", "coordinator"), ("Job", "load-agents"), ("DaemonSet", "fault-agents")):
            _, pod = self.pod_of(found, kind, name)
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            for container in pod.get("initContainers", []) + pod["containers"]:
                for mount in container["volumeMounts"]:
                    self.assertIn(mount["name"], volumes)
            for volume in volumes.values():
                source = volume.get("secret", {}).get("secretName") or volume.get("configMap", {}).get("name")
                if source:
                    self.assertIn(source, made)

    def test_only_fault_agents_are_privileged_and_no_more_than_needed(self):
        found = self.kustomized("once")
        for name in ("coordinator", "load-agents"):
            _, pod = self.pod_of(found, "Job", name)
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertNotIn("hostNetwork", pod)
            for container in pod["containers"]:
                self.assertEqual(container["securityContext"]["capabilities"], {"drop": ["ALL"]})
        _, pod = self.pod_of(found, "DaemonSet", "fault-agents")
        for container in pod["initContainers"] + pod["containers"]:
            context = container["securityContext"]
            self.assertNotIn("privileged", context)
            self.assertEqual(set(context["capabilities"]["add"]), FAULT_CAPABILITIES)
            self.assertEqual(context["capabilities"]["drop"], ["ALL"])
        unit = (DEPLOY / "systemd/squall-agent.service").read_text()
        bounding = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M).group(1).split()
        self.assertEqual({one.removeprefix("CAP_") for one in bounding}, FAULT_CAPABILITIES)

    def test_the_authoritys_key_stays_at_home(self):
        for one in self.kustomized("once"):
            if one["kind"] == "Secret":
                self.assertNotIn("ca.key", one["data"])

    def test_the_coordinator_listens_where_the_agents_dial(self):
        found = self.kustomized("once")
        service = next(one for one in found if one["kind"] == "Service")
        name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
        _, coordinator = self.pod_of(found, "Job", "coordinator")
        self.assertIn(f"--listen=0.0.0.0:{port}", coordinator["containers"][0]["args"])
        for kind, agents in (("Job", "load-agents"), ("DaemonSet", "fault-agents")):
            _, pod = self.pod_of(found, kind, agents)
            self.assertIn(f"--join={name}.squall.svc:{port}", pod["containers"][0]["args"])


class SamplePolicy(Deploy):
    SAMPLE = DEPLOY / "policy.yaml"

    def said_of(self, policy):
        """What an agent with this policy says before it dials: a mistake in it, or else that it has no certificate."""
        done = self.squall("agent", "--join", "192.0.2.1:7400", "--policy", policy)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_squall_reads_it_with_all_that_it_has_in_comments(self):
        no_mistake = "--join 192.0.2.1:7400: needs --ca, --cert and --key"
        self.assertIn(no_mistake, self.said_of(self.SAMPLE))
        text = self.SAMPLE.read_text()
        widened = self.folder / "widened.yaml"
        widened.write_text(re.sub(r"^  # (\w+: (\[.*\]|\S+))$", r"  \1", text, flags=re.M))
        for key in ("kinds", "interfaces", "processes", "longest", "delay", "loss", "rate"):
            self.assertIn(f"\n  {key}: ", widened.read_text())
        self.assertIn(no_mistake, self.said_of(widened))
        wrong = self.folder / "wrong.yaml"
        wrong.write_text(text.replace("# kinds: [network,", "kinds: [netwrk,"))
        self.assertIn("wrong.yaml:", self.said_of(wrong))


def instructions(containerfile):
    """(WORD, rest) of each instruction, lines that are continued put together, as Docker's reference has it."""
    text = "\n".join(line for line in containerfile.read_text().splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


class Container(Deploy):
    FILE = DEPLOY / "container/Containerfile"
    WORDS = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "VOLUME", "ENTRYPOINT"}

    def stages(self):
        """The instructions of each stage, by its name or its number."""
        stages = {}
        for word, rest in instructions(self.FILE):
            self.assertIn(word, self.WORDS)
            if word == "FROM":
                named = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest)
                self.assertTrue(named, rest)
                stages[named.group(2) or str(len(stages))] = []
            list(stages.values())[-1].append((word, rest))
        return stages

    def test_its_stages_stand_on_a_debian_that_squall_is_for(self):
        setup = (SOURCE / "harness/setup/packages").read_text()
        for stage in self.stages().values():
            word, base = stage[0]
            release = re.fullmatch(r"debian:(\w+)-slim(?: AS \w+)?", base).group(1)
            self.assertEqual(word, "FROM")
            self.assertIn(f"$release != {release}", setup)

    def test_whatever_it_copies_is_there(self):
        made = {}  # The files that a stage's commands make.
        for name, stage in self.stages().items():
            commands = " ".join(rest for word, rest in stage if word == "RUN")
            made[name] = set(re.findall(r"(?:> |-o )(/\w+)", commands))
            for rest in (rest for word, rest in stage if word == "COPY"):
                words = shlex.split(rest)
                source = re.fullmatch(r"--from=(\w+)", words[0])
                for path in words[1 if source else 0:-1]:
                    if source:
                        self.assertIn(path, made[source.group(1)], rest)
                    else:
                        self.assertTrue((SOURCE / path).exists(), rest)
        self.assertIn("/squall", made["build"])

    def test_its_shell_commands_and_its_entry_are_well_formed(self):
        stages = self.stages()
        for rest in (rest for stage in stages.values() for word, rest in stage if word == "RUN"):
            done = subprocess.run(["sh", "-n", "-c", rest], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, rest + done.stderr)
        entry = [rest for word, rest in list(stages.values())[-1] if word == "ENTRYPOINT"]
        self.assertEqual([json.loads(one) for one in entry], [["/usr/bin/squall"]])
        makefile = (SOURCE / "Makefile").read_text()
        targets = [words[1] for words in self.commands() if words[0] == "make"]
        self.assertGreater(len(targets), 0)
        for target in targets:
            self.assertRegex(makefile, rf"(?m)^{target}:")

    def commands(self):
        """The words of each command of its RUNs that stands by itself."""
        runs = [rest for stage in self.stages().values() for word, rest in stage if word == "RUN"]
        return [one.split() for run in runs for one in run.split("&&")]

    def test_debian_has_each_package_that_it_names(self):
        installs = [words[words.index("install") + 1:] for words in self.commands() if "install" in words]
        self.assertEqual(len(installs), 2)
        named = {word for words in installs for word in words if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", word)}
        self.assertIn("ca-certificates", named)
        if not list(pathlib.Path("/var/lib/apt/lists").glob("*_Packages*")):
            return  # Nobody has asked what Debian has.
        for package in named:
            known = subprocess.run(["apt-cache", "show", "--no-all-versions", package], capture_output=True, text=True,
                                   check=False)
            self.assertEqual(known.returncode, 0, package + known.stderr)

    def test_debian_has_a_package_for_each_library_of_the_program(self):
        # As the Containerfile asks for them; one without a package would end the build there.
        self.assertIn('dpkg -S "$library" || dpkg -S "/usr$library" || exit 1',
                      (DEPLOY / "container/Containerfile").read_text())
        listed = subprocess.run(["ldd", support.SQUALL], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("not found", listed)
        libraries = set(re.findall(r"=> (/\S+)", listed))
        self.assertGreater(len(libraries), 10, listed)
        owned = subprocess.run(["dpkg", "-S", *libraries, *("/usr" + library for library in libraries)],
                               capture_output=True, text=True, check=False).stdout
        for library in libraries:
            self.assertRegex(owned, rf": (/usr)?{re.escape(library)}\n")


if __name__ == "__main__":
    unittest.main()
