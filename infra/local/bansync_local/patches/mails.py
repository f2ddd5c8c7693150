"""What SNS would mail is kept for tests, who read it by `GET /_bansync/mails`; MiniStack mails nothing and keeps nothing.

A mail is `{"to", "kind", "subject", "text"}`, of the kind "confirmation" (then with the "token") or "notification". Its text is the entry
"email" of a message by protocol, or else "default" (SNS API Reference, "Publish", MessageStructure), without the footer by which people
unsubscribe; `email-json` gets the whole document. Filter policies count.
"""

import collections
import threading

PROTOCOLS = ("email", "email-json")
# More than any test sends; a local AWS that runs for days takes no more memory than these.
MOST = 1000
# What SNS writes over a message that has no subject.
NO_SUBJECT = "AWS Notification Message"

_lock = threading.Lock()
_mails: collections.deque[dict] = collections.deque(maxlen=MOST)


def apply() -> None:
    from ministack.services import sns

    fan_out = sns._fanout

    def fan_out_and_mail(topic_arn, message_id, message, subject, message_structure="", message_attributes=None, **named):
        fan_out(topic_arn, message_id, message, subject, message_structure, message_attributes, **named)
        topic, attributes = sns._topic_by_arn_any_scope(topic_arn), message_attributes or {}
        for subscription in list(topic["subscriptions"] if topic else ()):
            protocol = subscription["protocol"]
            if protocol not in PROTOCOLS or not subscription["confirmed"]:
                continue
            text = sns._resolve_message_for_protocol(message, message_structure, protocol)
            if not sns._matches_filter_policy(subscription, attributes, text):
                continue
            if protocol == "email-json":
                text = sns._build_envelope(topic_arn, message_id, text, subject, attributes, raw=False)
            keep(subscription["endpoint"], "notification", subject or NO_SUBJECT, text)

    sns._fanout = fan_out_and_mail


def keep(to: str, kind: str, subject: str, text: str, token: str | None = None) -> None:
    mail = {"to": to, "kind": kind, "subject": subject, "text": text}
    with _lock:
        _mails.append(mail if token is None else {**mail, "token": token})


def listed() -> list[dict]:
    """The newest of them, oldest first."""
    with _lock:
        return list(_mails)
