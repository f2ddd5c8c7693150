"""Changing what MiniStack's CloudFormation does for one resource type."""

import functools


def after(resource_type: str, action) -> None:
    """Run `action(physical_id, properties)` after each create and update of the type."""
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    # `wraps` keeps the signatures, which the engine inspects.
    @functools.wraps(create)
    def created(logical_id, properties, stack, *rest, **named):
        result = create(logical_id, properties, stack, *rest, **named)
        action(result[0], properties)
        return result

    @functools.wraps(update)
    def updated(physical_id, old, new, stack, *rest, **named):
        result = update(physical_id, old, new, stack, *rest, **named)
        action(result[0], new)
        return result

    handlers["create"], handlers["update"] = created, updated


def before(resource_type: str, check) -> None:
    """Run `check(properties)` before each create and update of the type; an exception of it fails the resource, and nothing is made."""
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    @functools.wraps(create)
    def checked_create(logical_id, properties, stack, *rest, **named):
        check(properties)
        return create(logical_id, properties, stack, *rest, **named)

    @functools.wraps(update)
    def checked_update(physical_id, old, new, stack, *rest, **named):
        check(new)
        return update(physical_id, old, new, stack, *rest, **named)

    handlers["create"], handlers["update"] = checked_create, checked_update
