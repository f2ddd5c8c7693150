"""What SNS refuses, and who has to confirm before it delivers."""

import http.server
import json
import threading
import time
import unittest
import urllib.parse
from unittest import mock

import botocore.exceptions

from bansync_local.patches import subscriptions
from tests.support import eventually, local_aws
from tests.test_grants import ACCOUNT, unused

LARGEST = 262_144
ATTRIBUTE = {"k": {"DataType": "String", "StringValue": "v"}}  # 8 bytes with its name and its type
BANS = {"FilterPolicy": json.dumps({"kind": ["ban"]})}
PENDING = "Cannot unsubscribe a subscription that is pending confirmation"

# Calls SNS as it is told, and tells the answer, or how it was refused.
CALLS_SNS = """
import boto3, botocore.exceptions
def handle(event):
    try:
        return getattr(boto3.client("sns"), event["operation"])(**event["parameters"]).get("SubscriptionArn")
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
"""


class Endpoint:
    """An HTTP server that keeps what it is sent."""

    def __init__(self, test: unittest.TestCase, seconds: float = 0):
        self.received = received = []

        class Keeps(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                received.append((self.headers, json.loads(text)))
                time.sleep(seconds)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeps)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/told"

    def got(self, number: int) -> tuple:
        """Headers and document of the message with this number."""
        eventually(lambda: len(self.received) > number)
        return self.received[number]


class Topic:
    def __init__(self, machine):
        self.machine, self.sns = machine, machine.client("sns")
        self.arn = self.sns.create_topic(Name=unused("sns"))["TopicArn"]

    def subscribe(self, protocol: str, endpoint: str, **more) -> str:
        return self.sns.subscribe(TopicArn=self.arn, Protocol=protocol, Endpoint=endpoint, **more)["SubscriptionArn"]

    def publish(self, message: str = "m", kind: str | None = None, **more) -> None:
        attributes = {"kind": {"DataType": "String", "StringValue": kind}} if kind else {}
        self.sns.publish(TopicArn=self.arn, Message=message, MessageAttributes=attributes, **more)

    def listed(self) -> list[str]:
        subscriptions = self.sns.list_subscriptions_by_topic(TopicArn=self.arn)["Subscriptions"]
        return [subscription["SubscriptionArn"] for subscription in subscriptions]

    def confirm(self, token: str) -> str:
        return self.sns.confirm_subscription(TopicArn=self.arn, Token=token)["SubscriptionArn"]

    def attributes(self, arn: str) -> dict[str, str]:
        return self.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

    def mails(self, to: str) -> list[dict]:
        return [mail for mail in self.machine.control("GET", "mails") if mail["to"] == to]


def address() -> str:
    return f"{unused('somebody')}@example.org"


def refusal(call, **parameters) -> str:
    """Code and text; "" where there is none."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return ""


class Publishing(unittest.TestCase):
    def refused(self, topic: Topic, cases: list[tuple[dict, str]]) -> None:
        for parameters, expected in cases:
            with self.subTest(keys=list(parameters), expected=expected):
                found = refusal(topic.sns.publish, TopicArn=topic.arn, **parameters)
                self.assertIn(expected, found) if expected else self.assertEqual(found, "")

    def test_without_the_patch_any_subject_is_taken(self):
        topic = Topic(local_aws("sizes"))
        self.refused(topic, [({"Message": "m", "Subject": subject}, "") for subject in ("", "x" * 200, "two\nlines", "\u0431\u0430\u043d")])

    def test_a_subject_is_one_short_line_of_ascii(self):
        refused = "InvalidParameter: Invalid parameter: Subject"
        well = ["x", "x" * 99, "A ban: 1 of 2!", "[1] ~"]
        wrong = ["", "x" * 100, "two\nlines", "line\n", "a\tb", " x", "\u0431\u0430\u043d", "caf\u00e9", "\x7f"]
        expected = {**dict.fromkeys(well, ""), **dict.fromkeys(wrong, refused)}
        cases = [({"Message": "m", "Subject": subject}, text) for subject, text in expected.items()]
        self.refused(Topic(local_aws()), [({"Message": "m"}, ""), *cases])

    def test_a_message_has_256_kib_with_its_attributes(self):
        """MiniStack refuses these itself."""
        long = "InvalidParameter: Invalid parameter: Message too long"
        self.refused(Topic(local_aws()), [
            ({"Message": "x" * LARGEST}, ""),
            ({"Message": "x" * (LARGEST + 1)}, long),
            ({"Message": "\u20ac" * (LARGEST // 3 + 1)}, long),
            ({"Message": "x" * (LARGEST - 8), "MessageAttributes": ATTRIBUTE}, ""),
            ({"Message": "x" * (LARGEST - 7), "MessageAttributes": ATTRIBUTE}, long),
        ])  # fmt: skip


class Filters(unittest.TestCase):
    def filled(self, machine) -> tuple[Topic, list[str]]:
        """A topic with 200 filter policies."""
        topic = Topic(machine)
        return topic, [topic.subscribe("sqs", self.queue(number), Attributes=BANS) for number in range(200)]

    def queue(self, number: int) -> str:
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:none-{number}"

    def test_without_the_patch_a_topic_has_any_number_of_them(self):
        topic, _ = self.filled(local_aws("sizes"))
        topic.subscribe("sqs", self.queue(200), Attributes=BANS)

    def test_a_topic_has_200_of_them(self):
        topic, arns = self.filled(local_aws())
        Topic(local_aws()).subscribe("sqs", self.queue(0), Attributes=BANS)
        with self.assertRaises(topic.sns.exceptions.FilterPolicyLimitExceededException) as refused:
            topic.subscribe("sqs", self.queue(200), Attributes={"RawMessageDelivery": "true", **BANS})
        answer = refused.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), ("FilterPolicyLimitExceeded", 403))
        unfiltered = topic.subscribe("sqs", self.queue(201), Attributes={"RawMessageDelivery": "true", "FilterPolicy": "{}"})
        change = {"AttributeName": "FilterPolicy", "AttributeValue": BANS["FilterPolicy"]}
        set_attribute = topic.sns.set_subscription_attributes
        self.assertIn("FilterPolicyLimitExceeded: ", refusal(set_attribute, SubscriptionArn=unfiltered, **change))
        # Who has one changes it, or asks for it again.
        set_attribute(SubscriptionArn=arns[0], **change)
        self.assertEqual(topic.subscribe("sqs", self.queue(1), Attributes=BANS), arns[1])
        set_attribute(SubscriptionArn=arns[0], AttributeName="FilterPolicy", AttributeValue="{}")
        set_attribute(SubscriptionArn=unfiltered, **change)


class WithoutThePatch(unittest.TestCase):
    def setUp(self):
        self.topic = Topic(local_aws("subscriptions"))

    def test_an_address_gets_messages_that_nobody_confirmed(self):
        to = address()
        self.assertTrue(self.topic.subscribe("email", to).startswith(self.topic.arn))
        self.topic.publish("m")
        self.assertEqual([mail["kind"] for mail in self.topic.mails(to)], ["notification"])

    def test_what_waits_is_shown_and_given_up_like_any_other(self):
        endpoint = Endpoint(self)
        self.topic.subscribe("http", endpoint.url)
        headers, _ = endpoint.got(0)
        self.assertNotIn("x-amz-sns-message-id", headers)
        [arn] = self.topic.listed()
        self.topic.sns.unsubscribe(SubscriptionArn=arn)
        self.assertEqual(self.topic.listed(), [])


class OverHttp(unittest.TestCase):
    def setUp(self):
        self.machine, self.topic = local_aws(), Topic(local_aws())
        self.endpoint = Endpoint(self)

    def confirmed(self, **attributes) -> str:
        self.topic.subscribe("http", self.endpoint.url, Attributes=attributes)
        return self.topic.confirm(self.endpoint.got(0)[1]["Token"])

    def test_an_endpoint_is_asked_first(self):
        self.assertEqual(self.topic.subscribe("http", self.endpoint.url), "pending confirmation")
        headers, document = self.endpoint.got(0)
        self.assertEqual(document["Type"], "SubscriptionConfirmation")
        fields = "MessageId Message Signature SignatureVersion SigningCertURL SubscribeURL Timestamp Token TopicArn Type"
        self.assertEqual(set(document), set(fields.split()))
        self.assertRegex(document["Timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        told = {name: headers[f"x-amz-sns-{name}"] for name in ("message-type", "message-id", "topic-arn")}
        self.assertEqual(told, {"message-type": document["Type"], "message-id": document["MessageId"], "topic-arn": self.topic.arn})
        self.assertEqual(headers["Content-Type"], "text/plain; charset=UTF-8")

    def test_it_is_pending_until_somebody_opens_the_url(self):
        arn = self.topic.subscribe("http", self.endpoint.url, ReturnSubscriptionArn=True)
        self.assertTrue(arn.startswith(f"{self.topic.arn}:"))
        self.assertEqual(self.topic.listed(), ["PendingConfirmation"])
        pages = self.topic.sns.get_paginator("list_subscriptions").paginate()
        everywhere = {one["Endpoint"]: one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]}
        self.assertEqual(everywhere[self.endpoint.url], "PendingConfirmation")
        self.assertEqual(self.topic.attributes(arn)["PendingConfirmation"], "true")
        self.topic.publish("lost")

        _, document = self.endpoint.got(0)
        url = urllib.parse.urlsplit(document["SubscribeURL"])
        self.assertEqual(f"{url.scheme}://{url.netloc}", self.machine.endpoint)
        query = {"Action": "ConfirmSubscription", "TopicArn": self.topic.arn, "Token": document["Token"]}
        self.assertEqual(dict(urllib.parse.parse_qsl(url.query)), query)
        # Whoever opens it signs nothing, and may open it again.
        for _ in range(2):
            status, _, text = self.machine.request("GET", f"{url.path}?{url.query}")
            self.assertEqual((status, arn in text), (200, True))
        self.assertEqual(self.topic.listed(), [arn])
        attributes = self.topic.attributes(arn)
        self.assertEqual((attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]), ("false", "false"))
        self.topic.publish("told")
        self.assertEqual(self.endpoint.got(1)[1]["Message"], "told")

    def test_a_token_confirms_its_own_subscription(self):
        other = Endpoint(self)
        self.topic.subscribe("http", self.endpoint.url)
        self.topic.subscribe("http", other.url)
        token = self.endpoint.got(0)[1]["Token"]
        for wrong in ("x", "", token[:-1]):
            found = refusal(self.topic.sns.confirm_subscription, TopicArn=self.topic.arn, Token=wrong)
            self.assertEqual(found, "InvalidParameter: Invalid parameter: Token")
        query = urllib.parse.urlencode({"Action": "ConfirmSubscription", "TopicArn": self.topic.arn, "Token": "x"})
        self.assertEqual(self.machine.request("GET", f"/?{query}")[0], 400)
        arn = self.topic.confirm(token)
        self.assertEqual(self.topic.listed(), [arn, "PendingConfirmation"])
        self.assertEqual(self.topic.attributes(arn)["Endpoint"], self.endpoint.url)
        self.assertEqual(self.topic.attributes(arn)["ConfirmationWasAuthenticated"], "true")

    def test_who_subscribes_again_is_asked_again_until_he_has_confirmed(self):
        self.topic.subscribe("http", self.endpoint.url)
        self.assertEqual(self.topic.subscribe("http", self.endpoint.url), "pending confirmation")
        self.assertEqual(self.endpoint.got(1)[1]["Type"], "SubscriptionConfirmation")
        arn = self.topic.confirm(self.endpoint.got(0)[1]["Token"])
        self.assertEqual(self.topic.listed(), [arn])
        self.assertEqual(self.topic.subscribe("http", self.endpoint.url), arn)
        self.topic.publish("m")
        self.assertEqual(self.endpoint.got(2)[1]["Type"], "Notification")

    def test_notifications_go_by_filter_and_protocol(self):
        self.confirmed(**BANS)
        self.topic.publish("another", kind="report")
        self.topic.publish("none")
        message = json.dumps({"default": '{"id": 1}', "email": "for people"})
        self.topic.publish(message, kind="ban", MessageStructure="json", Subject="A ban")
        headers, document = self.endpoint.got(1)
        told = {name: document[name] for name in ("Type", "TopicArn", "Subject", "Message")}
        self.assertEqual(told, {"Type": "Notification", "TopicArn": self.topic.arn, "Subject": "A ban", "Message": '{"id": 1}'})
        self.assertEqual(document["MessageAttributes"], {"kind": {"Type": "String", "Value": "ban"}})
        self.assertEqual(headers["x-amz-sns-message-type"], "Notification")
        self.assertEqual((headers["x-amz-sns-message-id"], headers["x-amz-sns-topic-arn"]), (document["MessageId"], self.topic.arn))

    def test_a_raw_message_comes_as_it_is(self):
        self.confirmed(RawMessageDelivery="true")
        self.topic.publish('{"Type": "Notification"}')
        headers, document = self.endpoint.got(1)
        self.assertEqual((document, headers["x-amz-sns-message-id"]), ({"Type": "Notification"}, None))

    def test_a_name_and_a_password_are_sent_apart_from_the_url(self):
        self.topic.subscribe("http", self.endpoint.url.replace("://", "://a%40b:c@"))
        headers, _ = self.endpoint.got(0)
        self.assertEqual((headers["Authorization"], headers["Host"]), ("Basic YUBiOmM=", urllib.parse.urlsplit(self.endpoint.url).netloc))

    def test_nobody_waits_for_an_endpoint(self):
        slow = Endpoint(self, seconds=30)

        def waited(number: int) -> float:
            begun = time.monotonic()
            self.topic.subscribe("http", f"{slow.url}/{number}")
            return time.monotonic() - begun

        # On a busy machine one may take its time, and not all of them.
        self.assertLess(min(map(waited, range(3))), subscriptions.PATIENCE)
        self.topic.confirm(slow.got(0)[1]["Token"])

    def test_an_endpoint_that_does_not_answer_is_left(self):
        with mock.patch.object(subscriptions, "PATIENCE", 0.1), self.assertRaises(TimeoutError):
            subscriptions.post(Endpoint(self, seconds=30).url, "{}", "Notification")

    def test_what_is_pending_cannot_be_given_up(self):
        unsubscribe = self.topic.sns.unsubscribe
        given = self.topic.subscribe("http", self.endpoint.url)
        reason = "InvalidParameter: Invalid parameter: SubscriptionArn Reason: "
        self.assertEqual(refusal(unsubscribe, SubscriptionArn=given), f"{reason}An ARN must have at least 6 elements, not 1")
        arn = self.topic.subscribe("http", self.endpoint.url, ReturnSubscriptionArn=True)
        self.assertEqual(refusal(unsubscribe, SubscriptionArn=arn), reason + PENDING)
        self.topic.confirm(self.endpoint.got(0)[1]["Token"])
        # The second time there is none: that is no error.
        for _ in range(2):
            unsubscribe(SubscriptionArn=arn)
        self.assertEqual(self.topic.listed(), [])


class ByMail(unittest.TestCase):
    def setUp(self):
        self.topic, self.to = Topic(local_aws()), address()

    def test_an_address_is_asked_first_and_then_gets_what_its_filter_lets_through(self):
        self.assertEqual(self.topic.subscribe("email", self.to, Attributes=BANS), "pending confirmation")
        self.topic.publish("lost", kind="ban")
        [asked] = self.topic.mails(self.to)
        self.assertEqual((asked["kind"], asked["subject"]), ("confirmation", "AWS Notification - Subscription Confirmation"))
        self.assertIn(f"/?Action=ConfirmSubscription&TopicArn={self.topic.arn}&Token={asked['token']}", asked["text"])
        self.topic.confirm(asked["token"])
        self.topic.publish("another", kind="report")
        self.topic.publish("plain", kind="ban")
        parted = json.dumps({"default": "for programs", "email": "for people"})
        self.topic.publish(parted, kind="ban", MessageStructure="json", Subject="A ban")
        self.topic.publish(json.dumps({"default": "for all"}), kind="ban", MessageStructure="json")
        mail = {"to": self.to, "kind": "notification"}
        self.assertEqual(self.topic.mails(self.to)[1:], [
            {**mail, "subject": "AWS Notification Message", "text": "plain"},
            {**mail, "subject": "A ban", "text": "for people"},
            {**mail, "subject": "AWS Notification Message", "text": "for all"},
        ])  # fmt: skip

    def test_an_address_is_pending_until_it_has_confirmed(self):
        def counted() -> tuple[str, str]:
            counts = self.topic.sns.get_topic_attributes(TopicArn=self.topic.arn)["Attributes"]
            return counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]

        def told() -> tuple[str, str]:
            attributes = self.topic.attributes(arn)
            return attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]

        arn = self.topic.subscribe("email", self.to, ReturnSubscriptionArn=True)
        self.assertEqual((self.topic.listed(), counted(), told()), (["PendingConfirmation"], ("1", "0"), ("true", "false")))
        self.assertEqual(self.topic.confirm(self.topic.mails(self.to)[0]["token"]), arn)
        self.assertEqual((self.topic.listed(), counted(), told()), ([arn], ("0", "1"), ("false", "true")))

    def test_a_program_gets_documents(self):
        self.topic.subscribe("email-json", self.to)
        [asked] = self.topic.mails(self.to)
        self.assertEqual(json.loads(asked["text"])["Token"], asked["token"])
        self.topic.confirm(asked["token"])
        self.topic.publish("m")
        document = json.loads(self.topic.mails(self.to)[1]["text"])
        self.assertEqual((document["Type"], document["Message"]), ("Notification", "m"))

    def test_without_the_patch_nobody_knows_what_is_mailed(self):
        topic = Topic(local_aws("mails"))
        topic.subscribe("email", self.to)
        topic.confirm(topic.mails(self.to)[0]["token"])
        topic.publish("m")
        self.assertEqual([mail["kind"] for mail in topic.mails(self.to)], ["confirmation"])

    def test_the_newest_thousand_are_kept(self):
        self.topic.subscribe("email", self.to)
        self.topic.confirm(self.topic.mails(self.to)[0]["token"])
        for first in range(0, 1000, 10):
            entries = [{"Id": str(number), "Message": str(number)} for number in range(first, first + 10)]
            self.topic.sns.publish_batch(TopicArn=self.topic.arn, PublishBatchRequestEntries=entries)
        kept = [mail["text"] for mail in self.topic.machine.control("GET", "mails")]
        self.assertEqual(kept, [str(number) for number in range(1000)])

    def test_an_address_of_a_template_is_asked_too(self):
        for without, wanted in (("subscriptions",), []), ((), ["confirmation"]):
            topic, name = Topic(local_aws(*without)), unused("told")
            properties = {"TopicArn": topic.arn, "Protocol": "email", "Endpoint": self.to}
            topic.machine.deploy(name, {"S": {"Type": "AWS::SNS::Subscription", "Properties": properties}})
            with self.subTest(without=without):
                self.assertEqual([mail["kind"] for mail in topic.mails(self.to)], wanted)
                self.assertEqual(topic.listed() == ["PendingConfirmation"], bool(wanted))


class OfFunctions(unittest.TestCase):
    def calling(self, topic: Topic, actions: list[str], on: str):
        """Calls SNS as a function whose role allows the actions on the resource."""
        name = unused("calls-sns")
        topic.machine.function(name, CALLS_SNS, may=actions, on=(on,))

        def call(operation: str, **parameters) -> str:
            asked = json.dumps({"operation": operation, "parameters": parameters})
            return json.load(topic.machine.client("lambda").invoke(FunctionName=name, Payload=asked)["Payload"])

        return name, call

    def used(self, machine, function: str) -> list[tuple[str, str]]:
        return [(used["action"], used["resource"]) for used in machine.control("GET", "permissions") if used["function"] == function]

    def test_without_the_patch_a_role_that_names_its_topic_cannot_unsubscribe(self):
        topic = Topic(local_aws("topics"))
        arn = topic.subscribe("sqs", f"arn:aws:sqs:us-east-1:{ACCOUNT}:none")
        _, call = self.calling(topic, ["sns:Unsubscribe"], topic.arn)
        self.assertEqual(call("unsubscribe", SubscriptionArn=arn), "AuthorizationError")

    def test_a_role_that_names_its_topic_may_do_all_of_it_and_it_is_known(self):
        topic = Topic(local_aws())
        actions = ["GetSubscriptionAttributes", "SetSubscriptionAttributes", "Subscribe", "Unsubscribe"]
        name, call = self.calling(topic, [f"sns:{action}" for action in actions], topic.arn)
        arn = call("subscribe", TopicArn=topic.arn, Protocol="email", Endpoint=(to := address()), ReturnSubscriptionArn=True)
        self.assertEqual(topic.confirm(topic.mails(to)[0]["token"]), arn)
        one = {"SubscriptionArn": arn}
        self.assertIsNone(call("get_subscription_attributes", **one))
        self.assertIsNone(call("set_subscription_attributes", **one, AttributeName="FilterPolicy", AttributeValue="{}"))
        self.assertIsNone(call("unsubscribe", **one))
        self.assertEqual(topic.listed(), [])
        self.assertEqual(self.used(topic.machine, name), [(f"sns:{action}", topic.arn) for action in actions])

    def test_one_that_names_subscriptions_or_another_topic_may_not(self):
        topic = Topic(local_aws())
        arn = topic.subscribe("sqs", f"arn:aws:sqs:us-east-1:{ACCOUNT}:none")
        for on in (f"{topic.arn}:*", Topic(local_aws()).arn):
            name, call = self.calling(topic, ["sns:Unsubscribe"], on)
            self.assertEqual(call("unsubscribe", SubscriptionArn=arn), "AuthorizationError")
            self.assertEqual(self.used(topic.machine, name), [])
        self.assertEqual(topic.listed(), [arn])
