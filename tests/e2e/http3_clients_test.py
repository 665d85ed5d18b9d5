"""The embedded target as a server of HTTP/3, asked by clients that are not squall's: gtlsclient
(ngtcp2) and Chromium."""
import json
import re
import subprocess
import unittest

import support
from support import NODE, SOURCE, SquallTest, free_port, program, wait_for

BIG = 10_000_000


class Http3Clients(SquallTest):
    def serve(self, *options):
        """Starts a target that speaks HTTP/3, and gives its port."""
        port = free_port()
        self.certificate = self.folder / "target.pem"
        self.start("target", "--listen", f"127.0.0.1:{port}", "--protocol", "h1,h2,h3",
                   "--write-cert", self.certificate, "--behaviour", f"/big: body {BIG}B",
                   "--behaviour", "/: body 2KiB", *options)
        wait_for(lambda: support.can_connect(port))
        return port

    def gtlsclient(self, port, path, *options):
        """What gtlsclient printed of its requests; it must end well."""
        done = subprocess.run(
            [program("gtlsclient"), "--exit-on-all-streams-close", *map(str, options), "127.0.0.1",
             str(port), f"https://127.0.0.1:{port}{path}"],
            capture_output=True, timeout=60, cwd=self.folder, check=False)
        said = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, 0, said[-2000:])
        return said

    def assert_answers(self, said, count):
        self.assertEqual(re.findall(r":status: (\d+)", said), ["200"] * count, said[-2000:])

    def test_answers_every_request_of_several_connections(self):
        port = self.serve()
        for streams in (1, 20, 90):
            self.assert_answers(self.gtlsclient(port, "/", "-n", streams), streams)

    def test_sends_10_megabytes_whole_although_datagrams_are_lost(self):
        port = self.serve()
        down = self.folder / "down"
        down.mkdir()
        for loss in ("0", "0.01"):
            self.gtlsclient(port, "/big", "--quiet", "-t", loss, "-r", loss, f"--download={down}")
            self.assertEqual((down / "big").stat().st_size, BIG)
            (down / "big").unlink()

    def test_takes_an_upload(self):
        port = self.serve()
        body = self.folder / "body"
        body.write_bytes(bytes(1_000_000))
        said = self.gtlsclient(port, "/upload", "--no-quic-dump", "-m", "POST", "-d", body, "-n", 3)
        self.assert_answers(said, 3)

    def test_sends_a_retry_first_where_it_is_told_to(self):
        said = self.gtlsclient(self.serve("--retry"), "/")
        self.assertIn("type=Retry", said)
        self.assertIn("retry_source_connection_id", said)
        self.assert_answers(said, 1)

    def test_takes_early_data_where_it_is_told_to(self):
        port = self.serve("--early-data")
        tickets = [f"--session-file={self.folder / 'session'}", f"--tp-file={self.folder / 'tp'}"]
        self.assert_answers(self.gtlsclient(port, "/", "--wait-for-ticket", *tickets), 1)
        said = self.gtlsclient(port, "/", *tickets)
        self.assert_answers(said, 1)
        request = r"frm tx \d+ {} STREAM\(0x[0-9a-f]+\) id=0x0 fin=1 "
        self.assertRegex(said, request.format("0RTT"))
        self.assertNotRegex(said, request.format("1RTT"), "it was rejected and sent again")

    def test_follows_a_client_whose_port_and_keys_change(self):
        said = self.gtlsclient(self.serve(), "/big", "--no-http-dump", "--change-local-addr=100ms",
                               "--nat-rebinding", "--key-update=50ms", "--delay-stream=300ms", "-n", 5)
        self.assertIn("Local address is now", said)
        self.assertIn("Initiate key update", said)
        self.assertRegex(said, r"frm rx \d+ 1RTT PATH_CHALLENGE")
        self.assert_answers(said, 5)

    def test_is_a_server_to_chromium(self):
        port = self.serve()
        done = subprocess.run(
            [NODE, SOURCE / "tests/e2e/page/quic_client.mjs", f"https://127.0.0.1:{port}/",
             self.certificate], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        seen = json.loads(done.stdout)
        # The page, 40 of its requests, the download and the upload; the icon that it asks for by
        # itself may be among them.
        self.assertEqual(set(seen["protocols"]), {"h3"}, seen)
        self.assertGreaterEqual(len(seen["protocols"]), 43)
        self.assertEqual(seen["statuses"], [200] * 40)
        self.assertEqual(seen["bytes"], BIG)
        self.assertEqual(seen["uploaded"], 200)


if __name__ == "__main__":
    unittest.main()
