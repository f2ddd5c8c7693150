"""A subscription by HTTP or e-mail waits until its owner confirms it.

MiniStack delivers to any e-mail address at once. Over HTTP it does ask, but nobody notices a program that is wrong about the waiting. By
SNS (API Reference, "Subscribe", "ConfirmSubscription", "ListSubscriptionsByTopic"; Developer Guide, "HTTP/HTTPS headers" and "HTTP/HTTPS
subscription confirmation JSON format")

- the answer is "pending confirmation" until then, unless `ReturnSubscriptionArn` is true; lists say `PendingConfirmation`;
- the endpoint gets a token by POST, with headers that name the topic and the message; an address gets it by mail: see `mails`;
- whoever opens the `SubscribeURL`, or calls ConfirmSubscription with the token, confirms, as often as he likes; another token is refused
  (text and repetition are LocalStack's);
- who subscribes the same endpoint again meanwhile has it asked again, by the same token (AWS documents neither);
- one that waits cannot be given up (hashicorp/terraform-provider-aws looks for the words, and its page of aws_sns_topic_subscription says
  so); nor can the "pending confirmation" that is no ARN (hashicorp/terraform, issue 2776). It goes with its topic, or after two days (AWS,
  "What's New", May 2023); here it stays.

A template's AWS::SNS::Subscription waits as well. Signatures are none.
"""

import base64
import datetime
import json
import logging
import os
import re
import secrets
import threading
import urllib.parse
import urllib.request
import uuid

from bansync_local.patches import mails, resources

logger = logging.getLogger("sns")

POSTED = ("http", "https")
# Seconds that an endpoint has to answer. AWS leaves it more, for which no test waits, and tries again; here it is asked once.
PATIENCE = 5
PENDING = "Cannot unsubscribe a subscription that is pending confirmation"
SHOWN_ARN = re.compile(rb"(?<=<SubscriptionArn>)[^<]+(?=</SubscriptionArn>)")


def apply() -> None:
    from ministack.services import sns

    sns._http_post_sync = post
    _subscribe()
    _confirm()
    _unsubscribe()
    sns._list_subscriptions = _without_pending(sns._list_subscriptions)
    sns._list_subscriptions_by_topic = _without_pending(sns._list_subscriptions_by_topic)
    resources.after("AWS::SNS::Subscription", _of_template)


def find(arn: str) -> dict | None:
    from ministack.services import sns

    return sns._find_subscription(arn.rpartition(":")[0], arn)


def _subscribe() -> None:
    from ministack.services import sns

    subscribe = sns._subscribe

    async def send_nothing(*_) -> None:
        """MiniStack would ask a second time."""

    def subscribe_pending(params):
        known = _same(params)
        answer = subscribe(params)
        subscription = _same(params)
        if answer[0] != 200 or not _asks(subscription):
            return answer
        if known is None:
            _let_wait(subscription)
        if subscription["confirmed"]:
            return answer
        _ask(subscription)
        arn = subscription["arn"] if sns._p(params, "ReturnSubscriptionArn") == "true" else "pending confirmation"
        return sns._xml(200, "SubscribeResponse", f"<SubscribeResult><SubscriptionArn>{arn}</SubscriptionArn></SubscribeResult>")

    sns._subscribe, sns._send_subscription_confirmation = subscribe_pending, send_nothing


def _same(params: dict) -> dict | None:
    """The topic's subscription of this protocol and endpoint."""
    from ministack.services import sns

    topic = sns._topic_by_arn_any_scope(sns._normalize_arn(sns._p(params, "TopicArn")))
    wanted = (sns._p(params, "Protocol"), sns._p(params, "Endpoint"))
    return next((one for one in topic["subscriptions"] if (one["protocol"], one["endpoint"]) == wanted), None) if topic else None


def _asks(subscription: dict) -> bool:
    return subscription["protocol"] in POSTED + mails.PROTOCOLS


def _let_wait(subscription: dict) -> None:
    subscription.update(confirmed=False, token=secrets.token_hex(144))
    subscription["attributes"].update(PendingConfirmation="true", ConfirmationWasAuthenticated="false")


def _of_template(arn: str, _properties: dict) -> None:
    subscription = find(arn)
    # One that was asked has a token; MiniStack's templates give none.
    if subscription and _asks(subscription) and "token" not in subscription:
        _let_wait(subscription)
        _ask(subscription)


def _ask(subscription: dict) -> None:
    """Send the endpoint its token."""
    document = _confirmation(subscription["topic_arn"], subscription["token"])
    text, endpoint = json.dumps(document), subscription["endpoint"]
    if subscription["protocol"] in POSTED:
        # Its owner may confirm before he answers, so nothing here may wait for him.
        threading.Thread(target=_try_to_post, args=(endpoint, text, document["Type"]), daemon=True).start()
        return
    if subscription["protocol"] == "email":
        text = f"{document['Message']}\n\n{document['SubscribeURL']}"
    mails.keep(endpoint, "confirmation", "AWS Notification - Subscription Confirmation", text, document["Token"])


def _confirmation(topic: str, token: str) -> dict:
    question = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token}
    now = datetime.datetime.now(datetime.UTC)
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": str(uuid.uuid4()),
        "Token": token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": f"{os.environ['AWS_ENDPOINT_URL']}/?{urllib.parse.urlencode(question, safe=':')}",
        "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "1",
        "Signature": "none",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-none.pem",
    }


def _try_to_post(endpoint: str, text: str, kind: str) -> None:
    try:
        post(endpoint, text, kind)
    except Exception as error:  # Whatever is wrong with somebody's server is no fault of this one.
        logger.warning("%s to %s failed: %s", kind, endpoint, error)


def post(endpoint: str, text: str, kind: str) -> int:
    """POST a document, or a raw message, to an endpoint; its status. MiniStack delivers notifications by this too."""
    headers = {"Content-Type": "text/plain; charset=UTF-8", "User-Agent": "Amazon Simple Notification Service Agent"}
    headers["x-amz-sns-message-type"] = kind
    document = _document(text)
    # A raw message is whatever somebody published.
    if document.get("Type") == kind and {"MessageId", "TopicArn"} <= document.keys():
        headers |= {"x-amz-sns-message-id": document["MessageId"], "x-amz-sns-topic-arn": document["TopicArn"]}
    parts = urllib.parse.urlsplit(endpoint)
    if parts.username is not None:
        credentials = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    with urllib.request.urlopen(urllib.request.Request(url, text.encode(), headers), timeout=PATIENCE) as answer:
        return answer.status


def _document(text: str) -> dict:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _confirm() -> None:
    from ministack.core import iam_evaluator
    from ministack.services import sns

    def confirm(params):
        topic, refusal = sns._get_topic(sns._p(params, "TopicArn"))
        if refusal is not None:
            return refusal
        token = sns._p(params, "Token")
        subscription = next((one for one in topic["subscriptions"] if token and one.get("token") == token), None)
        if subscription is None:
            return sns._error("InvalidParameter", "Invalid parameter: Token", 400)
        if not subscription["confirmed"]:
            subscription["confirmed"] = True
            signed = "false" if iam_evaluator._anonymous.get() else "true"
            subscription["attributes"].update(PendingConfirmation="false", ConfirmationWasAuthenticated=signed)
        result = f"<ConfirmSubscriptionResult><SubscriptionArn>{subscription['arn']}</SubscriptionArn></ConfirmSubscriptionResult>"
        return sns._xml(200, "ConfirmSubscriptionResponse", result)

    sns._confirm_subscription = confirm


def _unsubscribe() -> None:
    from ministack.services import sns

    unsubscribe = sns._unsubscribe

    def unsubscribe_confirmed(params):
        arn = sns._p(params, "SubscriptionArn")
        subscription, parts = find(arn), len(arn.split(":"))
        reason = ""
        if parts < 6:
            # Such as "pending confirmation", as Subscribe has it. The wording is LocalStack's; that of issue 2776 is older.
            reason = f"An ARN must have at least 6 elements, not {parts}"
        elif subscription and not subscription["confirmed"]:
            reason = PENDING
        if reason:
            return sns._error("InvalidParameter", f"Invalid parameter: SubscriptionArn Reason: {reason}", 400)
        return unsubscribe(params)

    sns._unsubscribe = unsubscribe_confirmed


def _without_pending(answer):
    """A list that tells the ARNs of confirmed subscriptions only."""

    def shown(match) -> bytes:
        subscription = find(match[0].decode())
        return b"PendingConfirmation" if subscription and not subscription["confirmed"] else match[0]

    def listed(params):
        status, headers, body = answer(params)
        return status, headers, SHOWN_ARN.sub(shown, body)

    return listed
