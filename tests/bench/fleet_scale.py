#!/usr/bin/env python3
"""What a coordinator costs by the number of its agents: `squall run --listen`, and simulated agents
(fleet_simulation.cc) that join it by mutual TLS and send what real ones do, each second.

Each row ends in comparing what the agents recorded with what results.json says of it: every
snapshot counted once, and percentiles those of the union of all samples.

    tests/bench/fleet_scale.py --agents 100,300,1000,2000 --seconds 60
"""
import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
LOADS = 4  # Each of five series: response, service, ttfb, lateness and ok responses.


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scenario(agents, requests, seconds):
    loads = "\n".join(f"""  load-{i}:
    target: edge
    open: {{stages: [{{rate: {agents * requests}/s, for: {seconds}s}}]}}
    requests: [{{get: /}}]""" for i in range(LOADS))
    return f"""
squall: 1
name: fleet-scale
targets:
  edge: {{url: "http://127.0.0.1:9", protocol: h1, connections: 4, timeout: 500ms}}
load:
{loads}
"""


class Watch(threading.Thread):
    """Samples a process: its CPU time, its threads and descriptors, while it is there."""

    def __init__(self, process, folder):
        super().__init__(daemon=True)
        self.proc = pathlib.Path(f"/proc/{process.pid}")
        self.process, self.folder = process, folder
        self.samples, self.peak_kib, self.threads, self.descriptors = [], 0, 0, 0
        self.start()

    def run(self):
        while self.process.poll() is None:
            try:
                fields = (self.proc / "stat").read_text().rsplit(")", 1)[1].split()
                status = (self.proc / "status").read_text()
                descriptors = len(os.listdir(self.proc / "fd"))
            except (OSError, IndexError):
                break
            self.samples.append((time.monotonic(), (int(fields[11]) + int(fields[12])) / TICKS))
            for line in status.splitlines():
                if line.startswith("VmHWM"):
                    self.peak_kib = int(line.split()[1])
                if line.startswith("Threads"):
                    self.threads = max(self.threads, int(line.split()[1]))
            self.descriptors = max(self.descriptors, descriptors)
            time.sleep(0.2)

    def cpu(self, last, seconds):
        """Share of a core over the load: of the `seconds` that end 2 s before `last`."""
        inside = [one for one in self.samples if last - seconds - 1 <= one[0] <= last - 2]
        if len(inside) < 2:
            return None
        return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


def differences(told, results):
    """What of the coordinator's account is not what the agents recorded; empty: all is."""
    wrong = []
    for load, recorded in told["loads"].items():
        merged = results["load"][load]
        for key in ("due", "ok"):
            if merged[key] != recorded[key]:
                wrong.append(f"{load}: {key} {merged[key]}, recorded {recorded[key]}")
        for metric, figures in recorded["latency_ms"].items():
            for name, value in figures.items():
                seen = merged["latency_ms"][metric][name]
                if abs(seen - value) > 1e-6 * max(1, abs(value)):
                    wrong.append(f"{load}: {metric} {name} {seen}, of the union {value}")
    return wrong


def measure(squall, simulation, agents, requests, seconds, keep=None):
    """One run; a dictionary of figures."""
    with tempfile.TemporaryDirectory(prefix="squall-scale-") as name:
        folder = pathlib.Path(keep or name)
        fleet = folder / "fleet"
        environment = dict(os.environ, SQUALL_STATE_DIR=str(folder / "state"))

        def call(*words):
            subprocess.run([squall, *map(str, words)], check=True, env=environment, stdout=subprocess.DEVNULL)

        call("certs", "init", fleet)
        call("certs", "coordinator", fleet)
        call("certs", "agent", fleet, "--name", "simulated")
        (folder / "scenario.yaml").write_text(scenario(agents, requests, seconds))
        address = f"127.0.0.1:{free_port()}"
        ca = fleet / "ca.pem"
        with open(folder / "stderr", "w") as stderr:
            run = subprocess.Popen(
                [squall, "run", folder / "scenario.yaml", "--out", folder / "out", "--quiet", "--listen", address,
                 "--expect", str(agents), "--wait", "300s", "--ca", ca, "--cert", fleet / "coordinator-main.pem",
                 "--key", fleet / "coordinator-main.key"],
                env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)
            watch = Watch(run, folder)
            began = time.monotonic()
            told = subprocess.run(
                [simulation, address, str(agents), str(requests), str(seconds), ca, fleet / "agent-simulated.pem",
                 fleet / "agent-simulated.key"], capture_output=True, text=True, check=False)
            agents_ended = time.monotonic()
            stdout, _ = run.communicate(timeout=600)
        watch.join()
        ended = time.monotonic()
        figures = {"agents": agents, "exit": run.returncode, "wall_s": round(ended - began, 1)}
        try:
            recorded = json.loads(told.stdout)
            results = json.loads((folder / "out" / "results.json").read_text())
        except (OSError, ValueError) as why:
            return figures | {"wrong": [str(why), stdout[-2000:], (folder / "stderr").read_text()[-2000:],
                                        told.stderr[-2000:]]}
        cpu = watch.cpu(agents_ended, seconds)
        return figures | {
            "verdict": results["verdict"], "reasons": results["reasons"][:3],
            "snapshots": recorded["snapshots"], "told_that_all_was_taken": recorded["done"],
            "not_taken": recorded["not_taken"], "waiting_at_the_end": recorded["waiting"],
            "cpu_of_a_core": cpu and round(cpu, 3),
            "memory_peak_mib": round(watch.peak_kib / 1024, 1), "threads": watch.threads,
            "descriptors": watch.descriptors, "merge_lateness_ms": results.get("merge_lateness_ms"),
            "report_s": round(ended - agents_ended, 1), "wrong": differences(recorded, results)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", type=pathlib.Path, default=SOURCE / "build/release")
    options.add_argument("--agents", default="1000", help="how many, for each row: 100,1000")
    options.add_argument("--requests", type=int, default=25, help="of each load, by each agent, a second")
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--keep", help="a folder for certificates and the report, instead of a temporary one")
    given = options.parse_args()
    is_right = True
    for agents in map(int, given.agents.split(",")):
        figures = measure(given.build / "bin/squall", given.build / "tests/bench/squall_fleet_simulation", agents,
                          given.requests, given.seconds, given.keep)
        print(json.dumps(figures), flush=True)
        is_right = is_right and not figures["wrong"]
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
