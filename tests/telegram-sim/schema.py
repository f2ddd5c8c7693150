"""Writes bot-api.json: what the Bot API's documentation says of the methods that the simulator knows, and of the objects in them.

    python3 schema.py api.json [METHOD ...]

`api.json` is the documentation in the form of https://github.com/PaulSonOfLars/telegram-bot-api-spec. The methods that bot-api.json has
already are read anew, and those that are named come to them. A field whose name ends in "?" may be left out.
"""

import json
import pathlib
import sys

TARGET = pathlib.Path(__file__).with_name("bot-api.json")


def fields(documented: dict) -> dict:
    """A field's name and its types."""
    def types(field):
        return "True" if field.get("always_true") else " | ".join(field["types"])

    return {field["name"] + ("" if field["required"] else "?"): types(field) for field in documented.get("fields", [])}


def reached(spec: dict, methods: list[str]) -> set[str]:
    """The objects of updates, of the methods' fields and of their answers."""
    found = set()
    new = ["Update"]
    for method in methods:
        documented = spec["methods"][method]
        new += documented["returns"] + [name for field in documented.get("fields", []) for name in field["types"]]
    while new:
        name = new.pop().split("Array of ")[-1]
        if name in spec["types"] and name not in found:
            found.add(name)
            documented = spec["types"][name]
            new += documented.get("subtypes", []) + [kind for field in documented.get("fields", []) for kind in field["types"]]
    return found


def main(source: str, more: list[str]) -> None:
    spec = json.loads(pathlib.Path(source).read_text())
    known = json.loads(TARGET.read_text())["methods"] if TARGET.exists() else {}
    methods = sorted({*known, *more})
    of_methods = {
        name: {"returns": " | ".join(spec["methods"][name]["returns"]), "fields": fields(spec["methods"][name])} for name in methods
    }
    of_types = {
        name: spec["types"][name].get("subtypes") or fields(spec["types"][name]) for name in sorted(reached(spec, methods))
    }
    # A line a method and an object, so that the next version's changes can be read.
    lines = [f'{{"version": {json.dumps(spec["version"])},']
    for title, documented in (("methods", of_methods), ("types", of_types)):
        rows = [f"{json.dumps(name)}: {json.dumps(what)}" for name, what in documented.items()]
        lines.append(f'"{title}": {{\n' + ",\n".join(rows) + "\n}" + ("," if title == "methods" else "}"))
    TARGET.write_text("\n".join(lines) + "\n")


main(sys.argv[1], sys.argv[2:])
