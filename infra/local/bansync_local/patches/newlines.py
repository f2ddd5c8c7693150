"""A path with a line break in it is matched by `{proxy+}`, as by AWS.

MiniStack looks for it by an expression whose dot stands for all characters but that one, and answers 404 itself.
"""

STAND_IN = "\ue000"  # of Unicode's private use: no path of ours has it


def apply() -> None:
    from ministack.services import apigateway

    parameters_of = apigateway._extract_path_params

    def with_newlines(route_path, request_path):
        found = parameters_of(route_path, request_path.replace("\n", STAND_IN))
        return found and {name: value.replace(STAND_IN, "\n") for name, value in found.items()}

    apigateway._extract_path_params = with_newlines
