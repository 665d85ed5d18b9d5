"""The embedded target as a server to measure against: where nginx does not speak the protocol."""
import os
import signal
import subprocess
import time

from nginx import free_ports, listens
from programs import CannotRun, find


class EmbeddedTarget:
    """`squall target` on core 1, HTTP/3 and HTTP/2 on one port; every answer has six bytes."""

    def __init__(self, squall, core=1):
        self.port = free_ports(1)[0]
        self.process = subprocess.Popen(
            [find("taskset"), "-c", str(core), squall, "target", "--listen",
             f"127.0.0.1:{self.port}", "--protocol", "h2,h3", "--behaviour", "/: body 6B"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    def __enter__(self):
        deadline = time.monotonic() + 10
        while not listens(self.port):  # UDP's port is bound before TCP's is listened on for long.
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise CannotRun("the embedded target does not start")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
