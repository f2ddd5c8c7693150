"""What MiniStack works out anew in every call, at a fraction of the cost.

All of the tests wait for this one process, and a system call in it costs more than itself: it lets go of Python's lock, and has to wait
for it again.
"""

import copy
import functools
import marshal
import os
import random
import types

# The same few expressions and policies come again and again.
remembered = functools.lru_cache(4096)


def apply() -> None:
    from ministack.core import iam_evaluator
    from ministack.services import dynamodb

    os.urandom = quick_random()
    dynamodb._condition_syntax_error = remembered(dynamodb._condition_syntax_error)
    dynamodb._tokenize = copies_of(remembered(dynamodb._tokenize))
    iam_evaluator.parse_policy_document = of_texts(iam_evaluator.parse_policy_document)
    dynamodb.copy = types.SimpleNamespace(copy=copy.copy, deepcopy=deep_copy)


def quick_random():
    """Random bytes as of `os.urandom`, which is asked once.

    Each call of AWS takes three random ids. Nobody has to be unable to guess one here, and keys and secrets come from `secrets`, which
    has its own way to the system.
    """
    return random.Random(os.urandom(32)).randbytes


def copies_of(function):
    """The list that `function` returns is the caller's own."""
    return functools.wraps(function)(lambda argument: list(function(argument)))


def of_texts(parse):
    """Remembers what `parse` makes of texts; a document that is a dict may change."""
    of_text = remembered(parse)
    return lambda document: list((of_text if isinstance(document, str) else parse)(document))


def deep_copy(value):
    """As `copy.deepcopy`; items are plain JSON, which `marshal` copies in C."""
    try:
        return marshal.loads(marshal.dumps(value))
    except ValueError:
        return copy.deepcopy(value)
