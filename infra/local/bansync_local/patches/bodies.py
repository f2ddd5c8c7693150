"""The OpenAPI definition (`Body`) of an HTTP API, which MiniStack ignores.

SAM's `AWS::Serverless::HttpApi` turns into an `AWS::ApiGatewayV2::Api` whose routes, integrations and authorizers are all in
its `Body`. API Gateway imports it when the API is created, and replaces everything by it when it changes (API Gateway Developer
Guide, "Use OpenAPI definitions for HTTP APIs" and "OpenAPI extensions for API Gateway"; ReimportApi of its version 2 API).

An import that fails changes nothing. With `FailOnWarnings` a warning fails it as well. The words of errors and warnings are ours, not AWS's.

CORS is refused: MiniStack answers every preflight itself, where API Gateway gives it to an `ANY` route and its authorizer ("Configure CORS
for HTTP APIs"), so what works here would not there.

Security at the document's root is ignored: of HTTP APIs nothing is documented, and a route that is open here and closed on AWS is
noticed, the other way round it is not.
"""

import functools
import re
import uuid

from bansync_local.patches import resources

API = "AWS::ApiGatewayV2::Api"
ANY_METHOD = "x-amazon-apigateway-any-method"
# OpenAPI's other fields of a path (parameters, summary, …) are no operations.
METHODS = {name: name.upper() for name in ("get", "put", "post", "delete", "options", "head", "patch", "trace")}
METHODS[ANY_METHOD] = "ANY"
# Both spellings of the catch-all route: SAM's and that of API Gateway's export.
CATCH_ALL = ("$default", "/$default")
# "HTTP APIs only support Lambda proxy and HTTP proxy integrations": others are a warning.
INTEGRATION_TYPES = ("AWS_PROXY", "HTTP_PROXY")
INTEGRATIONS = "#/components/x-amazon-apigateway-integrations/"
# SAM's name for no authorizer, which it leaves in the document without a scheme of that name.
NOBODY = "NONE"
# Fields of an integration that are called the same in OpenAPI and in CloudFormation.
SAME_NAMES = ("timeoutInMillis", "connectionType", "connectionId", "description", "requestParameters", "responseParameters")
AUTHORIZATION_TYPES = {"request": "CUSTOM", "jwt": "JWT"}


def apply() -> None:
    from ministack.services import apigateway
    from ministack.services.cloudformation import provisioners

    resources.before(API, lambda _api_id, properties: _definition(properties))
    resources.after(API, _import)

    handlers = provisioners._RESOURCE_HANDLERS[API]
    delete = handlers["delete"]

    @functools.wraps(delete)
    def deleted(api_id, properties):
        delete(api_id, properties)
        apigateway._authorizers.pop(api_id, None)

    handlers["delete"] = deleted


def _import(api_id: str, properties: dict) -> None:
    from ministack.services import apigateway

    if definition := _definition(properties):
        api = apigateway._apis[api_id]
        api.update(definition.api)
        apigateway._authorizers[api_id] = definition.authorizers
        apigateway._integrations[api_id] = definition.integrations
        apigateway._routes[api_id] = definition.routes


def _definition(properties: dict) -> "Definition | None":
    """What an API's properties define; ValueError where API Gateway refuses the import."""
    if not properties.get("Body"):
        return None
    definition = Definition(properties["Body"])
    if definition.warnings and str(properties.get("FailOnWarnings")).lower() == "true":
        raise _refused("Warnings found during import", definition.warnings)
    return definition


class Definition:
    """The records MiniStack keeps of an API, by their ids, from an OpenAPI document."""

    def __init__(self, document: dict):
        self.warnings, self.errors = [], []
        self.authorizers, self.integrations, self.routes = {}, {}, {}
        if document.get("x-amazon-apigateway-cors"):
            self.errors.append("CORS is not imported by the local AWS.")
        if not str(document.get("openapi", "")).startswith("3.0"):
            self.errors.append("Unable to parse the document: HTTP APIs are imported from OpenAPI 3.0.")
        self._components = document.get("components") or {}
        # A security scheme's name → what a route that it guards says of it.
        self._schemes = {}
        self.api = _about(document)
        for name, scheme in (self._components.get("securitySchemes") or {}).items():
            self._add_scheme(name, scheme)
        for path, item in (document.get("paths") or {}).items():
            for method in METHODS.keys() & item.keys():
                self._add_route("$default" if path in CATCH_ALL else f"{METHODS[method]} {path}", item[method])
        if self.errors:
            raise _refused("Errors found during import", self.errors)

    def _add_scheme(self, name: str, scheme: dict) -> None:
        if scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
            self._schemes[name] = {"AuthorizationType": "AWS_IAM"}
        if not (authorizer := scheme.get("x-amazon-apigateway-authorizer")):
            return
        kind = authorizer.get("type", "")
        if kind not in AUTHORIZATION_TYPES:
            self.errors.append(f"Unable to create authorizer '{name}': its type must be request or jwt for an HTTP API.")
            return
        if kind == "request" and not authorizer.get("authorizerPayloadFormatVersion"):
            self.errors.append(f"Unable to create authorizer '{name}': authorizerPayloadFormatVersion is required.")
        sources = authorizer.get("identitySource") or []
        identifier = _identifier()
        self.authorizers[identifier] = {
            "authorizerId": identifier,
            "authorizerType": kind.upper(),
            "name": name,
            "identitySource": re.split(r"\s*,\s*", sources) if isinstance(sources, str) else sources,
            "jwtConfiguration": authorizer.get("jwtConfiguration") or {},
            "authorizerUri": authorizer.get("authorizerUri", ""),
            "authorizerPayloadFormatVersion": str(authorizer.get("authorizerPayloadFormatVersion", "")),
            "authorizerResultTtlInSeconds": authorizer.get("authorizerResultTtlInSeconds"),
            "enableSimpleResponses": str(authorizer.get("enableSimpleResponses")).lower() == "true",
            "authorizerCredentialsArn": authorizer.get("authorizerCredentials", ""),
        }
        self._schemes[name] = {"AuthorizationType": AUTHORIZATION_TYPES[kind], "AuthorizerId": identifier}

    def _add_route(self, key: str, operation: dict) -> None:
        from ministack.services.cloudformation import provisioners

        properties = {"RouteKey": key, "OperationName": operation.get("operationId", ""), **self._security(key, operation)}
        if integration := self._integration(key, operation):
            properties["Target"] = f"integrations/{integration}"
        identifier = _identifier()
        self.routes[identifier] = {"routeId": identifier, **provisioners._apigw_v2_route_props(properties)}

    def _security(self, key: str, operation: dict) -> dict:
        """A route has one authorizer at most: the first that its operation names."""
        named = [scheme for wanted in operation.get("security") or [] for scheme in wanted.items()]
        name, scopes = named[0] if named else (NOBODY, [])
        if name == NOBODY:
            return {}
        if name not in self._schemes:
            self.errors.append(f"Unable to create route '{key}': no authorizer is defined for the security scheme '{name}'.")
            return {}
        return {**self._schemes[name], "AuthorizationScopes": scopes or []}

    def _integration(self, key: str, operation: dict) -> str | None:
        """The id of an operation's integration, one for all operations that say the same."""
        from ministack.services.cloudformation import provisioners

        wanted = operation.get("x-amazon-apigateway-integration") or {}
        if reference := wanted.get("$ref", ""):
            shared = self._components.get("x-amazon-apigateway-integrations") or {}
            wanted = shared.get(reference.removeprefix(INTEGRATIONS)) or {}
        if not wanted:
            self.warnings.append(f"No integration is defined for route '{key}'.")
            return None
        kind = wanted.get("type", "").upper()
        if kind not in INTEGRATION_TYPES:
            self.warnings.append(f"The integration type of route '{key}' is not supported for HTTP APIs: {kind}. Ignoring.")
            return None
        if kind == "AWS_PROXY" and str(wanted.get("payloadFormatVersion")) not in ("1.0", "2.0"):
            self.errors.append(f"Unable to create the integration of route '{key}': payloadFormatVersion must be 1.0 or 2.0.")
        record = provisioners._apigw_v2_integration_props({
            "IntegrationType": kind,
            "IntegrationUri": wanted.get("uri", ""),
            "IntegrationMethod": wanted.get("httpMethod", "POST"),
            "PayloadFormatVersion": str(wanted.get("payloadFormatVersion", "1.0")),
            **{name[0].upper() + name[1:]: wanted[name] for name in SAME_NAMES if name in wanted},
        })  # fmt: skip
        for identifier, existing in self.integrations.items():
            if existing == {"integrationId": identifier, **record}:
                return identifier
        identifier = _identifier()
        self.integrations[identifier] = {"integrationId": identifier, **record}
        return identifier


def _about(document: dict) -> dict:
    """What a document says of the API itself."""
    about = document.get("info") or {}
    told = {"name": about.get("title"), "version": about.get("version"), "description": about.get("description")}
    return {name: value for name, value in told.items() if value}


def _identifier() -> str:
    return uuid.uuid4().hex[:8]


def _refused(what: str, reasons: list[str]) -> ValueError:
    return ValueError(f"BadRequestException: {what}:\n" + "\n".join(f"\t{reason}" for reason in reasons))
