"""References to resources that are not there: CloudFormation refuses the stack where a Ref, Fn::GetAtt or Fn::Sub names a resource whose
condition is false ("Unresolved resource dependencies"). Only the combination of parameters that makes it so shows it.
"""

from collections.abc import Iterator

from bansync_local.template import references

ADVICE = "Give what refers the same condition, or choose by !If."


def of_stack(stack) -> Iterator[tuple[str, str]]:
    places = {name: resource.get("Properties", {}) for name, resource in stack.resources.items()}
    places |= {f"output {name}": output for name, output in stack.outputs.items()}
    for name, value in places.items():
        for reference in sorted(set(references(value)) & stack.absent):
            yield name, f"it refers to {reference}, which is not there"
