"""What is done to a subscription is judged by its topic.

MiniStack judges Unsubscribe and the like by the resource `*`, so a role that may do so on its own topic is refused. The Service
Authorization Reference ("Actions, resources, and condition keys for Amazon SNS") names no resource for them either; yet AWS itself, where
it refuses, names the topic: "… is not authorized to perform: SNS:Unsubscribe on resource: arn:aws:sns:REGION:ACCOUNT:TOPIC". So it also
refuses a role that names the ARNs of subscriptions.
"""

ACTIONS = ("Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes")


def apply() -> None:
    from ministack.core import iam_actions

    resource_of = iam_actions.extract_resource_arn

    def topic_of(service, method, path, headers, body, query, region, account):
        if service == "sns" and iam_actions._query_param(query, "Action") in ACTIONS:
            return iam_actions._query_param(query, "SubscriptionArn").rpartition(":")[0] or "*"
        return resource_of(service, method, path, headers, body, query, region, account)

    iam_actions.extract_resource_arn = topic_of
