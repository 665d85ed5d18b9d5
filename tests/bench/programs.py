"""Starts programs on a chosen core, and measures what they, and all that they start, cost."""
import ctypes
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class CannotRun(Exception):
    """Why a row cannot be measured here."""


def find(name):
    """The path of an installed program."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise CannotRun(f"{name} is not installed")
    return path


def adopt_orphans():
    """Makes this process the parent of what its children leave behind, so that it is waited for,
    and with that its CPU time counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children_of(pid):
    """Living children of a process, all its threads'."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def tree_of(pid):
    """A process and all that descends from it."""
    tree = [pid]
    for one in tree:
        tree += children_of(one)
    return tree


def peak_kib(pid):
    """The process's greatest resident size so far (VmHWM); 0 when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


@dataclass
class Measured:
    """What became of a program."""

    code: int
    output: str
    cpu_s: float  # User and system, of the whole tree.
    wall_s: float
    peak_kib: int = 0  # Of the process that `memory_of` chose.
    deeds: list = field(default_factory=list)  # When each was done, in time.monotonic().


def measure(command, core=0, within=120, memory_of=None, deeds=()):
    """Runs a command on one core to its end.

    `memory_of` chooses, by its command line, the process of the tree whose peak is wanted; `deeds`
    are (seconds after the start, what to do), done by this process.
    """
    others = set(children_of(os.getpid()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([find("taskset"), "-c", str(core), *map(str, command)],
                                   stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        timer = threading.Timer(within, process.kill)
        timer.start()
        done, peak = [], 0
        try:
            for at, deed in deeds:
                time.sleep(max(0.0, began + at - time.monotonic()))
                deed()
                done.append(time.monotonic())
            while memory_of is not None and process.poll() is None:
                chosen = [pid for pid in tree_of(process.pid) if memory_of(command_of(pid))]
                peak = max([peak, *map(peak_kib, chosen)])
                time.sleep(0.05)
            process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
        wall = time.monotonic() - began
        wait_for_orphans(others)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        text = output.read().decode(errors="replace")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(process.returncode, text, cpu, wall, peak, done)


def wait_for_orphans(others, within=10):
    """Waits for all children but `others`."""
    deadline = time.monotonic() + within
    while left := set(children_of(os.getpid())) - others:
        if time.monotonic() > deadline:
            raise CannotRun(f"processes {sorted(left)} of an ended program do not end")
        for pid in left:
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
