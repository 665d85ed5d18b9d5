#!/usr/bin/env python3
"""Fails where scenario.schema.json and the loader disagree about a scenario file.

schema_agrees.py LOADER SCHEMA GOLDEN [LIBRARY]: scenarios in GOLDEN/good and LIBRARY must be good
for both, those in GOLDEN/bad bad for both, those in GOLDEN/bad-beyond-schema bad for the loader.
"""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's core types, as the loader of squall has them: no dates, no 'on' that is true."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"^(~|null|Null|NULL|)$", "~nN\0"),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$", "-+0123456789."),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern),
                                 list(first) if tag != "null" else ["~", "n", "N", ""])


def schema_accepts(validator, file: pathlib.Path) -> str:
    """Why the schema refuses the file; empty when it accepts."""
    try:
        scenario = yaml.load(file.read_bytes(), Loader)
    except (yaml.YAMLError, UnicodeError, RecursionError) as problem:
        return f"not YAML: {problem}"
    error = jsonschema.exceptions.best_match(validator.iter_errors(scenario))
    return "" if error is None else f"{error.json_path}: {error.message[:200]}"


def loader_accepts(loader: str, file: pathlib.Path) -> str:
    """What the loader says against the file; empty when it accepts."""
    done = subprocess.run([str(pathlib.Path(loader).resolve()), file.name], cwd=file.parent, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return f"crashed with {done.returncode}"
    return done.stdout.strip() if done.returncode else ""


def main(loader: str, schema: str, golden: str, library: str = "") -> int:
    rules = json.loads(pathlib.Path(schema).read_text())
    jsonschema.Draft202012Validator.check_schema(rules)
    validator = jsonschema.Draft202012Validator(rules)
    wrong = count = 0
    folders = [(pathlib.Path(golden) / "good", True, True), (pathlib.Path(golden) / "bad", False, False),
               (pathlib.Path(golden) / "bad-beyond-schema", None, False), (pathlib.Path(library), True, None)]
    for folder, by_schema, by_loader in folders:
        for file in sorted(folder.glob("*.yaml")) if str(folder) != "." else []:
            count += 1
            for who, expected, against in (("schema", by_schema, schema_accepts(validator, file)),
                                           ("loader", by_loader, loader_accepts(loader, file))):
                if expected is not None and expected != (not against):
                    print(f"{file}: the {who} {'accepts it' if not against else 'refuses it: ' + against}")
                    wrong += 1
    print(f"{count} scenarios, {wrong} disagreements")
    return 1 if wrong or count < 50 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
