"""Transitions that S3 skips: by default it moves no object under 128 KB to another storage class (S3 User Guide, "Transitioning objects
using Amazon S3 Lifecycle"). A rule that says nothing of sizes looks as if it moved all.
"""

from collections.abc import Iterator

ADVICE = (
    "Write down what is moved: ObjectSizeGreaterThan: 131072 in the rule, or TransitionDefaultMinimumObjectSize: all_storage_classes_128K."
)
CLASS = "GLACIER_IR"
SMALLEST = 131_072


def of_stack(stack) -> Iterator[tuple[str, str]]:
    for name, properties in stack.of_type("AWS::S3::Bucket"):
        lifecycle = properties.get("LifecycleConfiguration", {})
        if lifecycle.get("TransitionDefaultMinimumObjectSize") == "all_storage_classes_128K":
            continue
        for rule in lifecycle.get("Rules", []):
            transitions = [*rule.get("Transitions", []), rule.get("Transition", {})]
            moved = any(transition.get("StorageClass") == CLASS for transition in transitions)
            if moved and int(rule.get("ObjectSizeGreaterThan", 0)) < SMALLEST:
                yield name, f"rule {rule.get('Id', 'without an id')} moves objects to {CLASS}, but S3 skips those under {SMALLEST} bytes"
