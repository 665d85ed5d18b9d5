#!/usr/bin/env python3
"""A long load over HTTP/3 on a path that loses 1 % of the datagrams each way.

h3_loss.py [--squall PROGRAM] [--seconds 120] [--rate 5000] [--loss 1%]

The server is gtlsserver (package ngtcp2-server), before it stands a relay of squall's own, so that no
privileges are needed. Exits with 1 when a request had no answer, or the agent's memory grew by more
than a tenth after the first quarter of the run.
"""
import argparse
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from programs import find, tree_of  # noqa: E402

SCENARIO = """squall: 1
name: h3-loss
services:
  web:
    command: [{server}, --quiet, --htdocs={folder}, 127.0.0.1, "{port}", {folder}/key.pem, {folder}/cert.pem]
targets:
  edge:
    url: https://127.0.0.1:{port}
    protocol: h3
    connections: 20
    timeout: 5s
    tls: {{ca: {folder}/cert.pem}}
load:
  browse:
    target: edge
    open: {{stages: [{{rate: {rate}/s, for: {seconds}s}}]}}
    requests: [{{get: /index.html}}]
faults:
  lossy: {{at: 0s, for: {seconds}s, link: {{target: edge, loss: "{loss}"}}}}
objectives:
  answered: {{load: browse, good: status < 500, goal: 100%}}
"""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def resident_kib(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS:")), 0)


def agent_of(pid):
    """The process that offers the load."""
    for one in tree_of(pid):
        try:
            words = pathlib.Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[1:2] == [b"agent"]:
            return one
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--squall", default="build/squall")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--loss", default="1%")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="squall-h3-") as folder:
        place = pathlib.Path(folder)
        (place / "index.html").write_text("hello\n")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", place / "key.pem",
             "-out", place / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
        (place / "run.yaml").write_text(SCENARIO.format(
            server=find("gtlsserver"), folder=folder, port=free_port(), rate=options.rate,
            seconds=options.seconds, loss=options.loss))
        run = subprocess.Popen([options.squall, "run", place / "run.yaml", "--quiet",
                                "--out", place / "out"])
        memory = []
        began = time.monotonic()
        while run.poll() is None:
            agent = agent_of(run.pid)
            if agent is not None and (size := resident_kib(agent)) > 0:
                memory.append((time.monotonic() - began, size))
            time.sleep(1)
        results = json.loads((place / "out/results.json").read_text())
    load = results["load"]["browse"]
    quarter = [size for at, size in memory if at > options.seconds / 4]
    calm = [size for at, size in memory if options.seconds / 4 < at < options.seconds / 2]
    latency = load["latency_ms"]["response"]
    print(f"verdict {results['verdict']}, exit code {run.returncode}")
    print(f"due {load['due']}, ok {load['ok']}, errors {load['errors']}, unsent {load['unsent']}")
    print(f"response p50 {latency['p50']} ms, p99 {latency['p99']} ms, p99.9 {latency['p99.9']} ms, "
          f"max {latency['max']} ms")
    print(f"connections {load['connections']}, datagrams {load.get('datagrams')}")
    print(f"path {load['path']}")
    for key in ("rtt_ms", "window_bytes", "packets_lost"):
        known = [value for value in load["series"][key] if value is not None]
        print(f"by second, {key}: {min(known)} to {max(known)}")
    print(f"memory of the agent: {quarter[0]} KiB after a quarter, {max(quarter)} KiB at most, "
          f"{quarter[-1]} KiB at the end")
    whole = load["ok"] == load["due"] and load["unsent"] == 0
    flat = max(quarter) <= 1.1 * max(calm)
    print("every request was answered" if whole else "NOT every request was answered")
    print("memory was flat" if flat else "memory was NOT flat")
    return 0 if whole and flat else 1


if __name__ == "__main__":
    sys.exit(main())
