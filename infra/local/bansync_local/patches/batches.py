"""A batch call of SQS is allowed by the permission for the single call.

IAM knows no `sqs:SendMessageBatch`: `sqs:SendMessage` allows both (Service Authorization Reference, Amazon SQS).
MiniStack asks for the batch's own name, which no correct policy has.
"""

SINGLE = {
    f"sqs:{operation}Batch": f"sqs:{operation}" for operation in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def apply() -> None:
    from ministack.core import iam_actions

    action_of = iam_actions.extract_iam_action

    def known_action(*request):
        action = action_of(*request)
        return SINGLE.get(action, action)

    iam_actions.extract_iam_action = known_action
