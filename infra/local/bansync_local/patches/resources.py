"""Changing what MiniStack's CloudFormation does for one resource type."""

import functools


def before(resource_type: str, action) -> None:
    """Run `action(physical_id, properties)` before each create (None is its id) and update of the type: an error of it fails the stack."""
    _around(resource_type, before=action)


def after(resource_type: str, action) -> None:
    """Run `action(physical_id, properties)` after each create and update of the type."""
    _around(resource_type, after=action)


def _nothing(physical_id: str | None, properties: dict) -> None:
    pass


def _around(resource_type: str, before=_nothing, after=_nothing) -> None:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    # `wraps` keeps the signatures, which the engine inspects.
    @functools.wraps(create)
    def created(logical_id, properties, stack, *rest, **named):
        before(None, properties)
        result = create(logical_id, properties, stack, *rest, **named)
        after(result[0], properties)
        return result

    @functools.wraps(update)
    def updated(physical_id, old, new, stack, *rest, **named):
        before(physical_id, new)
        result = update(physical_id, old, new, stack, *rest, **named)
        after(result[0], new)
        return result

    handlers["create"], handlers["update"] = created, updated
