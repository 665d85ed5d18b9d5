"""Each command in the documentation works as it stands there.

A block fenced as ```sh is run by bash, in a copy of the source tree's layout, with the program at
build/squall. Blocks fenced otherwise are for reading.
"""
import os
import pathlib
import re
import subprocess
import unittest

from support import SOURCE, SQUALL, SquallTest

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.S | re.M)


def documents():
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=SOURCE, capture_output=True, text=True)
    names = listed.stdout.split() or [str(p.relative_to(SOURCE)) for p in SOURCE.rglob("README.md")
                                      if "node_modules" not in p.parts and "build" not in p.parts]
    return [SOURCE / name for name in names]


class Documents(SquallTest):
    def test_every_command_in_the_documentation_works(self):
        (self.folder / "build").mkdir()
        (self.folder / "build" / "squall").symlink_to(pathlib.Path(SQUALL).resolve())
        for name in ("scenarios", "reports", "tests", "Makefile"):
            if (SOURCE / name).exists():
                (self.folder / name).symlink_to(SOURCE / name)
        blocks = 0
        for document in documents():
            for block in BLOCK.findall(document.read_text()):
                blocks += 1
                with self.subTest(f"{document.relative_to(SOURCE)}: {block[:60]}"):
                    # timeout(1) makes a process group and ends it whole.
                    done = subprocess.run(["timeout", "-s", "KILL", "60", "bash", "-euo",
                                           "pipefail", "-c", block],
                                          cwd=self.folder, env=self.environment, text=True,
                                          capture_output=True)
                    self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")
        self.assertGreater(blocks, 0)

    def test_every_link_in_the_documentation_leads_somewhere(self):
        for document in documents():
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
                if re.match(r"[a-z]+:", target):
                    continue
                self.assertTrue(os.path.exists(document.parent / target), f"{document}: {target}")


if __name__ == "__main__":
    unittest.main()
