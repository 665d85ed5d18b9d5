"""Hosts for the end-to-end tests: network namespaces joined by pairs of interfaces. Needs root."""
import os
import subprocess

import support
from support import SquallTest, program


class Hosts(SquallTest):
    """A test with a host `front`, in which squall runs, and a wire from it to each other host."""

    def setUp(self):
        super().setUp()
        self.front = self._host("front")

    def _host(self, name):
        space = f"squall-{name}-{os.getpid()}"
        ip("netns", "add", space)
        self.addCleanup(ip, "netns", "delete", space)
        ip("-n", space, "link", "set", "lo", "up")
        return space

    def host(self, name, number):
        """Makes a host with eth0 = 10.91.`number`.2, and 10.91.`number`.1 in front of it; gives the
        namespace's name."""
        space = self._host(name)
        ip("link", "add", f"to-{name}", "netns", self.front, "type", "veth",
           "peer", "name", "eth0", "netns", space)
        for where, interface, end in ((self.front, f"to-{name}", 1), (space, "eth0", 2)):
            ip("-n", where, "address", "add", f"10.91.{number}.{end}/24", "dev", interface)
            ip("-n", where, "link", "set", interface, "up")
        return space

    def inside(self, space, *command):
        return [program("ip"), "netns", "exec", space, *map(str, command)]

    def start(self, *arguments):
        return self.start_inside(self.front, support.SQUALL, *arguments)

    def start_inside(self, space, *command):
        process = subprocess.Popen(self.inside(space, *command), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment,
                                   cwd=self.folder, start_new_session=True)
        self.addCleanup(self._end, process)
        return process

    def state(self, space):
        """All that a network fault could leave behind in a host."""
        return "".join(
            subprocess.run(self.inside(space, *command), check=True, capture_output=True,
                           text=True).stdout
            for command in (("tc", "qdisc", "show"), ("tc", "class", "show", "dev", "eth0"),
                            ("nft", "list", "ruleset"), ("ip", "-o", "link", "show")))


def ip(*arguments):
    subprocess.run([program("ip"), *arguments], check=True)


def phases_of(load):
    return {phase["name"]: phase for phase in load["phases"]}
