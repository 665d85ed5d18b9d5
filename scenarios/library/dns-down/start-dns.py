#!/usr/bin/env python3
"""A name server for tests on 127.0.0.1:PORT, UDP: every name has the address 127.0.0.1 for a second.
  start-dns.py PORT"""
import socket
import sys

TYPE_A = 1


def answer(query):
    """The answer to a question (RFC 1035 §4.1), or None when there is none to be made out."""
    end = query.find(b"\0", 12)
    if len(query) < 17 or end < 0 or len(query) < end + 5 or query[4:6] != b"\0\1":
        return None
    question = query[12:end + 5]
    is_a = int.from_bytes(query[end + 1:end + 3], "big") == TYPE_A
    # A recursive answer without errors, with one question and an address or none.
    head = query[:2] + b"\x81\x80" + b"\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0"
    address = b"\xc0\x0c\0\1\0\1" + (1).to_bytes(4, "big") + b"\0\4" + socket.inet_aton("127.0.0.1")
    return head + question + (address if is_a else b"")


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", int(sys.argv[1])))
        while True:
            query, sender = server.recvfrom(4096)
            if reply := answer(query):
                server.sendto(reply, sender)


main()
