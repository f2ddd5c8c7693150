"""A schedule is judged by the group it is in.

MiniStack judges every one as if it were in the group `default`, so a role that may make schedules in its own group is
refused.
"""

import json


def apply() -> None:
    from ministack.core import iam_actions

    resource_of = iam_actions.extract_resource_arn

    def with_group(service, method, path, headers, body, query, region, account):
        arn = resource_of(service, method, path, headers, body, query, region, account)
        if service != "scheduler" or ":schedule/default/" not in arn:
            return arn
        group = json.loads(body or b"{}").get("GroupName") or (query.get("groupName") or ["default"])[0]
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    iam_actions.extract_resource_arn = with_group
