"""What the end-to-end tests share: the program, free ports, nginx, and looking at processes."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

SQUALL = os.environ.get("SQUALL", "build/squall")
SOURCE = pathlib.Path(os.environ.get("SQUALL_SOURCE", pathlib.Path(__file__).parents[2]))
NODE = os.environ.get("NODE", "node")


def free_port():
    """A port of 127.0.0.1 that was free a moment ago. It is below those that the system gives to
    outgoing connections, of which a load beside this test may have thousands."""
    for _ in range(1000):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def program(name):
    """The path of an installed program; a missing one fails the test, it does not skip it."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise AssertionError(f"{name} is not installed: make test installs it")
    return path


def wait_for(what, within=10.0, every=0.02):
    """Asks `what()` until it answers something true, and gives that."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        answer = what()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"did not happen within {within} s")


def stat_of(pid):
    """(state, start ticks) of a process, or None when there is none."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[19])


def processes_with(text):
    """Living processes whose command line contains `text`, this one left out."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state = stat_of(entry.name)
        if text in line and state and state[0] not in "ZX":
            found.append(int(entry.name))
    return found


def children_of(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(word) for word in words]


class Run:
    """A finished run: its exit code, what it printed and its folder."""

    def __init__(self, code, stdout, stderr, out):
        self.code, self.stdout, self.stderr, self.out = code, stdout, stderr, pathlib.Path(out)

    @property
    def results(self):
        return json.loads((self.out / "results.json").read_text())

    def said(self):
        return f"exit code {self.code}\n{self.stdout}\n{self.stderr}"


class SquallTest(unittest.TestCase):
    """A test with a folder of its own, in which journals are kept too."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="squall-e2e-"))
        self.folder.chmod(0o755)  # nginx's workers are another user.
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = dict(os.environ, SQUALL_STATE_DIR=str(self.folder / "state"))

    def scenario(self, text, name="scenario.yaml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def start(self, *arguments):
        """Starts squall and gives the process; it is killed at the end if it is still there."""
        process = subprocess.Popen([SQUALL, *map(str, arguments)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment,
                                   cwd=self.folder, start_new_session=True)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()

    def squall(self, *arguments, within=120):
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=within)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def run_scenario(self, path, *arguments, within=120):
        out = self.folder / "out"
        done = self.squall("run", path, "--out", out, "--quiet", *arguments, within=within)
        return Run(done.returncode, done.stdout, done.stderr, out)

    def assert_adds_up(self, load):
        """Every request that was due is accounted for, exactly once."""
        errors = sum(load["errors"].values())
        self.assertEqual(load["due"], load["sent"] + load["unsent"] + load["shed"])
        self.assertEqual(load["sent"], load["completed"])
        self.assertEqual(load["sent"], load["ok"] + errors)
        self.assertEqual(load["latency_ms"]["response"]["count"], load["completed"])

    def start_nginx(self, port, workers=1):
        """nginx with HTTP/2 over TLS and in clear text (port + 1), and an access log."""
        folder = self.folder / f"nginx-{port}"
        conf = nginx_conf(folder, port, workers)
        process = subprocess.Popen([program("nginx"), "-e", "stderr", "-c", str(conf)],
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self._end_group, process)
        wait_for(lambda: can_connect(port))
        return folder / "access.log"

    @staticmethod
    def _end_group(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def nginx_conf(folder, port, workers=1):
    """Makes `folder` with a page, a certificate and an nginx.conf for them, and gives its path."""
    (folder / "html").mkdir(parents=True)
    for path in (folder, folder / "html"):
        path.chmod(0o755)
    (folder / "html" / "index.html").write_text("it works\n")
    subprocess.run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    temp = "\n".join(f"  {kind}_temp_path {folder}/tmp-{kind};"
                     for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = folder / "nginx.conf"
    conf.write_text(f"""
daemon off;
user root;
worker_processes {workers};
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
{temp}
  log_format line '$request $status';
  access_log {folder}/access.log line;
  keepalive_requests 100000000;
  http2_max_concurrent_streams 1000;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    listen 127.0.0.1:{port + 1} http2;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {folder}/html;
    location /upload {{ client_max_body_size 10m; return 200 'taken'; }}
  }}
}}
""")
    return conf
