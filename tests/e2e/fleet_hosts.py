"""Machines of its own for a fleet: network namespaces with an address each on one bridge, a coordinator
in one, agents in others, nginx in another. Needs root."""
import os
import subprocess

import support
from support import SquallTest, nginx_conf, program, wait_for


class FleetHosts(SquallTest):
    """A test with a machine `main` for the coordinator, `web` for nginx and one for each of AGENTS,
    which says their zones and roles."""
    AGENTS = {}
    WEIGHTS = {}

    def setUp(self):
        super().setUp()
        self.tag = f"sq{os.getpid()}"
        self.hosts = {}
        self.host("hub")
        self.ip("-n", self.space("hub"), "link", "add", "br0", "type", "bridge")
        self.ip("-n", self.space("hub"), "link", "set", "br0", "up")
        self.connect("main", "10.77.0.1")
        self.connect("web", "10.77.0.2")
        for number, name in enumerate(self.AGENTS):
            self.connect(name, f"10.77.0.{11 + number}")
        self.fleet = self.folder / "fleet"
        self.squall("certs", "init", self.fleet)
        self.squall("certs", "coordinator", self.fleet)
        self.policy = self.folder / "policy.yaml"
        self.policy.write_text("load: {to: [10.77.0.0/24]}\n"
                               "faults: {kinds: [network], interfaces: [eth0], longest: 5s}\n")

    def ip(self, *arguments):
        subprocess.run([program("ip"), *map(str, arguments)], check=True)

    def space(self, name):
        return f"{self.tag}-{name}"

    def host(self, name):
        self.ip("netns", "add", self.space(name))
        self.addCleanup(self.ip, "netns", "delete", self.space(name))
        self.ip("-n", self.space(name), "link", "set", "lo", "up")

    def connect(self, name, address):
        self.host(name)
        port = f"p{address.rsplit('.', 1)[1]}"
        self.ip("link", "add", port, "netns", self.space("hub"), "type", "veth", "peer", "name", "eth0", "netns",
                self.space(name))
        self.ip("-n", self.space("hub"), "link", "set", port, "master", "br0", "up")
        self.ip("-n", self.space(name), "address", "add", f"{address}/24", "dev", "eth0")
        self.ip("-n", self.space(name), "link", "set", "eth0", "up")

    def on(self, name, *command, stderr=subprocess.PIPE):
        """Starts a program on one of the machines; agents have their journals each for itself."""
        environment = dict(self.environment, SQUALL_STATE_DIR=str(self.folder / f"state-{name}"))
        process = subprocess.Popen([program("ip"), "netns", "exec", self.space(name), *map(str, command)],
                                   stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment,
                                   cwd=self.folder, start_new_session=True)
        self.addCleanup(self._end, process)
        return process

    def nft(self, name, text):
        subprocess.run([program("ip"), "netns", "exec", self.space(name), program("nft"), "-f", "-"], input=text,
                       text=True, check=True)

    def state(self, name):
        """All that a fault could leave behind on a machine."""
        return "".join(subprocess.run([program("ip"), "netns", "exec", self.space(name), *command], check=True,
                                      capture_output=True, text=True).stdout
                       for command in ((program("tc"), "qdisc", "show"), (program("nft"), "list", "ruleset")))

    def start_nginx_there(self):
        folder = self.folder / "nginx"
        conf = nginx_conf(folder, 8443)
        conf.write_text(conf.read_text().replace("listen 127.0.0.1:8444 http2;", "listen 10.77.0.2:8080;")
                        .replace("listen 127.0.0.1:8443 ssl http2;", "")
                        .replace("location /upload", "location /slow/ { alias " + str(folder / "html") +
                                 "/; limit_rate 100; }\n    location /upload")
                        .replace("'$request $status'", "'$remote_addr $msec $request $status'"))
        nginx = self.on("web", program("nginx"), "-e", "stderr", "-c", conf)
        self.addCleanup(self._end_group, nginx)
        wait_for(lambda: (folder / "nginx.pid").exists())
        return folder / "access.log"

    def credentials(self, who):
        return ("--ca", self.fleet / "ca.pem", "--cert", self.fleet / f"{who}.pem", "--key", self.fleet / f"{who}.key")

    def start_agents(self, names=None):
        agents = {}
        for name in names or self.AGENTS:
            zone, role = self.AGENTS[name]
            if not (self.fleet / f"agent-{name}.pem").exists():
                weight = ("--label", f"weight={self.WEIGHTS[name]}") if name in self.WEIGHTS else ()
                self.squall("certs", "agent", self.fleet, "--name", name, "--label", f"zone={zone}", "--label",
                            f"role={role}", *weight)
            agents[name] = self.on(name, support.SQUALL, "agent", "--join", "10.77.0.1:7400", "--policy",
                                   self.policy, *self.credentials(f"agent-{name}"))
        return agents

    def start_run(self, expect, rest="", seconds=3, rate=200):
        path = self.scenario(f"""
squall: 1
name: fleet
targets:
  web: {{url: "http://10.77.0.2:8080/", protocol: h1, connections: 4, timeout: 500ms}}
load:
  browse:
    target: web
    on: {{agents: {{role: load}}}}
    open: {{stages: [{{rate: {rate}/s, for: {seconds}s}}]}}
    requests: [{{get: /index.html}}]
{rest}
""")
        self.out = self.folder / "out"
        return self.on("main", support.SQUALL, "run", path, "--out", self.out, "--quiet", "--listen", "10.77.0.1:7400",
                       "--expect", expect, "--wait", "20s", *self.credentials("coordinator-main"))

    def finish(self, process, within=60):
        stdout, stderr = process.communicate(timeout=within)
        return support.Run(process.returncode, stdout, stderr, self.out)
