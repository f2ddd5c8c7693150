"""The throttles of an HTTP API's stage, which MiniStack stores and does not keep.

API Gateway counts requests by a token bucket: `ThrottlingBurstLimit` tokens at most, `ThrottlingRateLimit` new ones a second. A request that
finds none is answered 429 (API Gateway Developer Guide, "Throttle requests to your HTTP APIs"). Each route has a bucket of its own.

The settings of a route replace the stage's `DefaultRouteSettings` as a whole: what they leave out is the account's limit, not the
stage's (terraform-aws-apigateway-v2, pull request 80). Settings for a route that the API lacks are refused, by the words that pull
request quotes.
"""

import contextvars
import functools
import json
import time

from bansync_local.patches import resources

STAGE = "AWS::ApiGatewayV2::Stage"
# The quotas of an account in most regions: requests a second, and at once.
ACCOUNT_RATE, ACCOUNT_BURST = 10_000, 5_000

# The stage whose request is being answered; None outside of one.
_stage = contextvars.ContextVar("stage", default=None)
# (API, stage, route key) → tokens left, and when that was (monotonic seconds).
_buckets: dict[tuple[str, str, str], tuple[float, float]] = {}


class TooManyRequests(Exception):
    pass


def apply() -> None:
    from ministack.services import apigateway

    resources.before(STAGE, _check)
    resources.after(STAGE, _respell)
    answer, match = apigateway._handle_execute_in_scope, apigateway._match_route

    @functools.wraps(answer)
    async def throttled(api_id, stage, *rest, **named):
        token = _stage.set(stage)
        try:
            return await answer(api_id, stage, *rest, **named)
        except TooManyRequests:
            return 429, {"Content-Type": "application/json"}, json.dumps({"message": "Too Many Requests"}).encode()
        finally:
            _stage.reset(token)

    @functools.wraps(match)
    def matched(api_id, method, path):
        route, stage = match(api_id, method, path), _stage.get()
        if route and stage:
            _take_token(apigateway._stages.get(api_id, {}).get(stage) or {}, (api_id, stage, route["routeKey"]))
        return route

    apigateway._handle_execute_in_scope, apigateway._match_route = throttled, matched


def _take_token(stage: dict, place: tuple[str, str, str]) -> None:
    settings = (stage.get("routeSettings") or {}).get(place[2]) or stage.get("defaultRouteSettings") or {}
    if "throttlingBurstLimit" not in settings and "throttlingRateLimit" not in settings:
        return
    burst, rate = settings.get("throttlingBurstLimit", ACCOUNT_BURST), settings.get("throttlingRateLimit", ACCOUNT_RATE)
    now = time.monotonic()
    left, then = _buckets.get(place, (burst, now))
    left = min(burst, left + (now - then) * rate)
    taken = left >= 1
    _buckets[place] = (left - 1 if taken else left, now)
    if not taken:
        raise TooManyRequests


def _check(_stage_name: str | None, properties: dict) -> None:
    from ministack.services import apigateway

    routes = {route["routeKey"] for route in apigateway._routes.get(properties.get("ApiId"), {}).values()}
    for key in properties.get("RouteSettings") or {}:
        if key not in routes:
            raise ValueError(f"NotFoundException: Unable to find Route by key {key} within the provided RouteSettings")


def _respell(name: str, properties: dict) -> None:
    """The settings as the API spells them; MiniStack keeps the template's spelling."""
    from ministack.services import apigateway

    stage = apigateway._stages[properties["ApiId"]][properties.get("StageName", "$default")]
    stage["defaultRouteSettings"] = _spelled(properties.get("DefaultRouteSettings") or {})
    stage["routeSettings"] = {key: _spelled(settings) for key, settings in (properties.get("RouteSettings") or {}).items()}


def _spelled(settings: dict) -> dict:
    # A parameter's number arrives as text.
    kinds = {"ThrottlingBurstLimit": int, "ThrottlingRateLimit": float}
    return {name[0].lower() + name[1:]: kinds.get(name, lambda value: value)(value) for name, value in settings.items()}
