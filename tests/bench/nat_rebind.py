#!/usr/bin/env python3
"""A NAT between a QUIC client and a server, which gives the flow another port once: do the answers follow it?

    tests/bench/nat_rebind.py --server 8443 --listen 9443 &
    timeout 12 gtlsclient -q --exit-on-all-streams-close 127.0.0.1 9443 https://localhost:9443/large

Says how many datagrams of the server went to the new port, and how many still to the old one, in 8 s.
"""
import argparse
import select
import socket
import time

SIZE = 65_535


def to_server(port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.connect(("127.0.0.1", port))
    return one


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", type=int, required=True, help="its port on 127.0.0.1")
    parser.add_argument("--listen", type=int, required=True, help="the port for the client")
    parser.add_argument("--after", type=int, default=200, help="datagrams of the server until the new port")
    options = parser.parse_args()
    inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inside.bind(("127.0.0.1", options.listen))
    outside, old, client = to_server(options.server), None, None
    answers = to_new = to_old = 0
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ready, _, _ = select.select([one for one in (inside, outside, old) if one], [], [], 0.5)
        for one in ready:
            try:
                datagram, sender = one.recvfrom(SIZE)
            except ConnectionRefusedError:
                continue
            if one is inside:
                client = sender
                outside.send(datagram)
            elif one is old:
                to_old += 1  # Swallowed, as behind a NAT.
            else:
                inside.sendto(datagram, client)
                answers += 1
                to_new += 1 if old else 0
                if not old and answers == options.after:
                    old, outside = outside, to_server(options.server)
                    until = time.monotonic() + 8
    print(f"of the server's datagrams after the new port {to_new} went there, and {to_old} to the old one")


if __name__ == "__main__":
    main()
