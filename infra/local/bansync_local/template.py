"""The SAM template as a value: read from YAML, and translated to what CloudFormation is given.

Functions stand in their long form (`{"Fn::GetAtt": ["Bans", "Arn"]}`) as in JSON templates. A translation is made in the order that AWS
applies the transforms: AWS::LanguageExtensions by MiniStack's module, then AWS::Serverless by AWS's own aws-sam-translator.
"""

import copy
import functools
import importlib.util
import logging
import os
import pathlib
import re
import sys
from collections.abc import Iterator

import yaml

# A variable of `Fn::Sub`, which is not `${!Literal}`.
VARIABLE = re.compile(r"\$\{(?!!)([^}]+)\}")
# Resources have names of letters and digits; what AWS defines holds colons.
RESOURCE = re.compile(r"\$\{(\w+)(?:\.[\w.]+)?\}")
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
# The SAM translator takes code only from a bucket; `sam deploy` uploads it first.
UPLOADED = "s3://code/code.zip"


class Loader(yaml.SafeLoader):
    """CloudFormation's YAML, its short forms as long ones."""


def _long_form(loader: Loader, name: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        argument = node.value.split(".", 1) if name == "GetAtt" else node.value
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": argument}


Loader.add_multi_constructor("!", _long_form)


def parse(text: str) -> dict:
    return yaml.load(text, Loader)


def read(path: str | pathlib.Path) -> dict:
    return parse(pathlib.Path(path).read_text())


def translated(template: dict, parameters: dict[str, str] | None = None) -> dict:
    """The template after its transforms, for these values of its parameters (left out: their defaults)."""
    values = defaults(template) | (parameters or {})
    return by_sam(expanded(template, values), values)


def defaults(template: dict) -> dict[str, str]:
    return {name: str(of["Default"]) for name, of in template.get("Parameters", {}).items() if "Default" in of}


def expanded(template: dict, values: dict[str, str]) -> dict:
    """The template after AWS::LanguageExtensions, with all loops written out."""
    result = copy.deepcopy(template)
    transforms = listed(result.pop("Transform", []))
    return _language_extensions().apply(result, values) if LANGUAGE_EXTENSIONS in transforms else result


def by_sam(template: dict, values: dict[str, str]) -> dict:
    """The expanded template after AWS::Serverless. The template itself is changed on the way."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = UPLOADED
    # It warns of metrics that a service of AWS would have wanted.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # The translator asks botocore for a region.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    try:
        return transform(template, dict(values), _NoManagedPolicies())
    except InvalidDocumentException as error:
        sys.exit("SAM refuses the template:\n" + "\n".join(cause.message for cause in error.causes))


class _NoManagedPolicies:
    """The translator wants the ARNs of AWS's managed policies, which a template that names none of them does not need."""

    def load(self) -> dict:
        return {}


@functools.cache
def _language_extensions():
    """MiniStack's module by its file: to import the package that it belongs to loads all services, which takes seconds."""
    folder = importlib.util.find_spec("ministack.services.cloudformation").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("language_extensions", pathlib.Path(folder, "language_extensions.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def flat(value) -> str:
    """A value as the text of a `Fn::Sub` that would give it: `{"Fn::GetAtt": ["Bans", "Arn"]}` is `${Bans.Arn}`."""
    match value:
        case {"Ref": name}:
            return "${" + name + "}"
        case {"Fn::GetAtt": [*parts]} if all(isinstance(part, str) for part in parts):
            return "${" + ".".join(parts) + "}"
        case {"Fn::GetAtt": str(path)}:
            return "${" + path + "}"
        case {"Fn::Sub": [str(text), dict(variables)]}:
            return VARIABLE.sub(lambda match: flat(variables[match[1]]) if match[1] in variables else match[0], text)
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(flat(part) for part in parts)
    return str(value)


def named(value) -> str | None:
    """The resource that a value is about: `Bans` for its name, its ARN, or the ARN of an index of it."""
    found = RESOURCE.search(flat(value))
    return found[1] if found else None


def references(value) -> Iterator[str]:
    """Names of all resources and parameters that a value refers to, at any depth."""
    match value:
        case list():
            for item in value:
                yield from references(item)
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(path)}:
            yield path.split(".")[0]
        case {"Fn::Sub": str() | list() as argument}:
            text, variables = argument if isinstance(argument, list) else (argument, {})
            yield from (name.split(".")[0] for name in VARIABLE.findall(text) if name not in variables)
            yield from references(variables)
        case dict():
            for item in value.values():
                yield from references(item)
