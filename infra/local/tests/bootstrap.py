# The smallest Lambda runtime: appended to a test's `handle`, it is the whole function.
import http.client, json, os, traceback  # noqa: E401

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def ask(method, path, body=None):
    connection.request(method, f"/2018-06-01/runtime/invocation/{path}", body)
    answer = connection.getresponse()
    return answer.headers, answer.read()


while True:
    headers, event = ask("GET", "next")
    request = headers["Lambda-Runtime-Aws-Request-Id"]
    # As the runtimes of AWS do; its SDKs send it with every call.
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if trace := headers.get("Lambda-Runtime-Trace-Id"):
        os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        ask("POST", f"{request}/response", json.dumps(handle(json.loads(event))))  # noqa: F821
    except Exception as error:
        traceback.print_exc()
        ask("POST", f"{request}/error", json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}))
