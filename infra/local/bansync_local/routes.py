"""The routes of a stack's HTTP APIs, whether they stand in the template as resources or in an OpenAPI definition (as SAM writes them)."""

import dataclasses
from collections.abc import Iterator

from bansync_local.stack import Stack
from bansync_local.template import flat, named

ANY_METHOD = "x-amazon-apigateway-any-method"


@dataclasses.dataclass(frozen=True)
class Route:
    # The resource of the template that has it.
    resource: str
    # As a text with variables: `${Api}`.
    api: str
    # `GET /health`, `ANY /api/{proxy+}`, or `$default`.
    key: str
    function: str | None
    # The gateway calls the function by a role instead of the function's own policy.
    by_role: bool
    # An authorizer is asked first.
    protected: bool

    @property
    def method(self) -> str:
        return "ANY" if self.key == "$default" else self.key.split(" ", 1)[0]

    @property
    def path(self) -> str:
        return self.key.rpartition(" ")[2]


def routes(stack: Stack) -> Iterator[Route]:
    integrations = dict(stack.of_type("AWS::ApiGatewayV2::Integration"))
    for name, properties in stack.of_type("AWS::ApiGatewayV2::Route"):
        integration = integrations.get(named(properties.get("Target")), {})
        function, by_role = named(integration.get("IntegrationUri")), "CredentialsArn" in integration
        protected = properties.get("AuthorizationType", "NONE") != "NONE"
        yield Route(name, flat(properties["ApiId"]), properties["RouteKey"], function, by_role, protected)
    for name, properties in stack.of_type("AWS::ApiGatewayV2::Api"):
        yield from _of_definition(name, properties.get("Body") or {})


def _of_definition(name: str, body: dict) -> Iterator[Route]:
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            # Beside methods, a path may have `parameters` or `summary`.
            if not isinstance(operation, dict) or "x-amazon-apigateway-integration" not in operation:
                continue
            integration = _pointed_to(body, operation["x-amazon-apigateway-integration"])
            key = "$default" if path.lstrip("/") == "$default" else f"{'ANY' if method == ANY_METHOD else method.upper()} {path}"
            # SAM writes `Authorizer: NONE` as a scheme of that name.
            schemes = {scheme for needed in operation.get("security", body.get("security", [])) for scheme in needed} - {"NONE"}
            yield Route(name, "${" + name + "}", key, named(integration.get("uri")), "credentials" in integration, bool(schemes))


def _pointed_to(body: dict, value: dict) -> dict:
    """The value, or what its `$ref` (`#/components/…`) is about."""
    if "$ref" not in value:
        return value
    found = body
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
