"""Peers that mean no good: bytes of HTTP/2 by hand, silent connections, wrong certificates."""
import contextlib
import socket
import ssl
import struct
import subprocess

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
FRAME_MOST = 16384


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def shake_hands(port, ca, cert, key):
    """A TLS connection as an agent makes it; an OSError where the other end does not want it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2"])
    context.check_hostname = False
    stream = context.wrap_socket(connect(port))
    # With TLS 1.3 a client learns only now that its certificate was refused.
    stream.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
    if not stream.recv(65536):
        raise ConnectionResetError("it was closed")
    return stream


def client_hello():
    """What an agent says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    said = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said).do_handshake()
    return said.read()


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def call(stream):
    """Opens the call that agents make."""
    def field(name, value):
        return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
    block = b"".join(field(*one) for one in (
        (b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/squall.wire.Coordinator/Attend"),
        (b":authority", b"coordinator.squall.internal"), (b"content-type", b"application/grpc"), (b"te", b"trailers")))
    stream.sendall(frame(HEADERS, 0x4, 1, block))


def send_message(stream, size):
    """Sends one message of so many zero bytes, as far as the other end lets it; how many it took."""
    stream.settimeout(5)
    window = {0: 65535, 1: 65535}
    sent, buffer = 0, b""
    prefix = b"\0" + struct.pack(">I", size)
    total = len(prefix) + size
    try:
        while sent < total:
            room = min(window[0], window[1], FRAME_MOST, total - sent)
            if room > 0:
                payload = (prefix[sent:] if sent < len(prefix) else b"")[:room]
                stream.sendall(frame(DATA, 0, 1, payload + bytes(room - len(payload))))
                sent += room
                window[0] -= room
                window[1] -= room
                continue
            more = stream.recv(65536)
            if not more:
                break
            buffer += more
            while len(buffer) >= 9:
                length = int.from_bytes(buffer[:3], "big")
                if len(buffer) < 9 + length:
                    break
                kind, flags = buffer[3], buffer[4]
                of = int.from_bytes(buffer[5:9], "big") & 0x7FFFFFFF
                payload, buffer = buffer[9:9 + length], buffer[9 + length:]
                if kind == WINDOW_UPDATE:
                    window[of] += int.from_bytes(payload, "big")
                elif kind == SETTINGS and not flags & 1:
                    for at in range(0, length, 6):
                        if payload[at:at + 2] == b"\0\4":  # SETTINGS_INITIAL_WINDOW_SIZE
                            window[1] += int.from_bytes(payload[at + 2:at + 6], "big") - 65535
                    stream.sendall(frame(SETTINGS, 1, 0, b""))
                elif kind == PING and not flags & 1:
                    stream.sendall(frame(PING, 1, 0, payload))
                elif kind in (3, 7):  # RST_STREAM, GOAWAY: it has had enough.
                    return sent
                elif kind == HEADERS and flags & 1:  # The call is over.
                    return sent
    except OSError:
        pass
    return sent


def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number, value):
    """A field of a message, as protobuf has it: bytes, or a whole number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(message):
    """The fields of a message by their numbers, each once."""
    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value
    found, at = {}, 0
    while at < len(message):
        key = number()
        value = number()
        if key & 7 == 2:
            value, at = message[at:at + value], at + value
        found[key >> 3] = value
    return found


def say(stream, message):
    """Sends one message and gives all that comes back, frames and all, until the call is over or nobody says more."""
    stream.settimeout(2)
    stream.sendall(frame(DATA, 0, 1, b"\0" + struct.pack(">I", len(message)) + message))
    answer = b""
    with contextlib.suppress(TimeoutError):
        while more := stream.recv(65536):
            answer += more
    return answer


def expired(folder, name, like):
    """A certificate like another of the fleet's authority, which ended yesterday; its path."""
    request, end = folder / f"{name}.csr", folder / f"{name}.pem"
    key = like.with_suffix(".key")
    subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=expired", "-out", request], check=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                    "-CAcreateserial", "-days", "-1", "-out", end], check=True, stderr=subprocess.DEVNULL)
    return end
