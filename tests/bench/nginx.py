"""The server that squall and its peers are measured against."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

from programs import CannotRun, find


class Nginx:
    """nginx with one worker on core 1, that answers everything with six bytes.

    HTTP/2 over TLS, in clear text, and HTTP/1.1 over TLS; one TLS version and cipher for all, so
    that nobody's is dearer.
    """

    def __init__(self, folder, core=1):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.h2, self.h2c, self.h1 = free_ports(3)
        self._certificate()
        (self.folder / "nginx.conf").write_text(self._conf())
        log = str(self.folder / "error.log")
        self.process = subprocess.Popen(
            [find("taskset"), "-c", str(core), find("nginx"), "-e", log,
             "-c", str(self.folder / "nginx.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        self._wait_until_it_listens(log)

    def _wait_until_it_listens(self, log):
        deadline = time.monotonic() + 10
        while not all(map(listens, (self.h2, self.h2c, self.h1))):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = pathlib.Path(log).read_text() if os.path.exists(log) else ""
                self.stop()
                raise CannotRun(f"nginx does not start: {said.strip()[-300:]}")
            time.sleep(0.02)

    def _certificate(self):
        subprocess.run([find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"],
                       check=True, capture_output=True)

    def _conf(self):
        temp = "\n".join(f"  {kind}_temp_path {self.folder}/tmp-{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
pid {self.folder}/nginx.pid;
events {{ worker_connections 12000; }}
http {{
{temp}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  http2_max_concurrent_streams 1000;
  server {{
    listen 127.0.0.1:{self.h2} ssl http2 backlog=8192;
    listen 127.0.0.1:{self.h2c} http2;
    listen 127.0.0.1:{self.h1} ssl;
    ssl_certificate {self.folder}/cert.pem;
    ssl_certificate_key {self.folder}/key.pem;
    ssl_protocols TLSv1.2;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;
    location / {{ return 200 'hello\\n'; }}
  }}
}}
"""

    def signal(self, number):
        """To the master and its worker."""
        os.killpg(self.process.pid, number)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
        self.process.wait()


def free_ports(count):
    """Ports of 127.0.0.1 on which nobody listens at this moment, and none that outgoing connections
    are given: a load may have thousands."""
    found = set()
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                found.add(port)
            except OSError:
                pass
    return sorted(found)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False
