"""A stack whose first create was rolled back can only be deleted.

MiniStack lets CreateStack and a change set have it again, and refuses an update in words of its own. CloudFormation refuses all of them
(CloudFormation User Guide, "Stack status codes": such a stack can only be deleted); tools know it by its words, which aws-sam-cli's issue
1865 quotes for a change set.
"""

import functools

ROLLED_BACK = "ROLLBACK_COMPLETE"


def apply() -> None:
    from ministack.services.cloudformation import handlers

    for action in ("CreateStack", "UpdateStack", "CreateChangeSet"):
        handlers._ACTION_HANDLERS[action] = _guarded(action, handlers._ACTION_HANDLERS[action])


def _guarded(action: str, handle):
    @functools.wraps(handle)
    def guarded(parameters):
        from ministack.services.cloudformation import handlers, helpers

        name = helpers._p(parameters, "StackName")
        stack = handlers._resolve_stack(name) if name else None
        if not stack or stack.get("StackStatus") != ROLLED_BACK:
            return handle(parameters)
        kind = "CREATE" if action == "CreateStack" else helpers._p(parameters, "ChangeSetType", "UPDATE")
        if kind == "CREATE":
            return helpers._error("AlreadyExistsException", f"Stack [{stack['StackName']}] already exists")
        return helpers._error("ValidationError", f"Stack:{stack['StackId']} is in {ROLLED_BACK} state and can not be updated.")

    return guarded
