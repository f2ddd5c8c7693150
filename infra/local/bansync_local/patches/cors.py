"""CORS of an HTTP API from the template.

MiniStack stores `CorsConfiguration` with the template's spelling (AllowOrigins) and looks it up with the API's
(allowOrigins), so a browser is refused.
"""


def apply() -> None:
    from bansync_local.patches import resources

    resources.after("AWS::ApiGatewayV2::Api", _respell)


def _respell(api_id: str, properties: dict) -> None:
    from ministack.services import apigateway

    wanted = properties.get("CorsConfiguration")
    if wanted:
        spelled = {name[0].lower() + name[1:]: value for name, value in wanted.items()}
        apigateway._apis[api_id]["corsConfiguration"] = spelled
