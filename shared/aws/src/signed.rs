//! Signed requests to services of which one operation is used. The SDK crate of such a service takes up to a minute to compile.
//!
//! The parts are the SDK's: its orchestrator retries and keeps the time-outs, its signer signs
//! ([Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html)). Region, credentials, endpoint, HTTP
//! client, retries and time-outs are those of [`crate::Aws`]. FIPS and dual-stack hosts and `AWS_ENDPOINT_URL_<SERVICE>` are not
//! supported.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::ErrorMetadata;
use serde::de::DeserializeOwned;
use std::fmt;

/// HTTP statuses that are retried, whatever the error code.
const TRANSIENT: &[u16] = &[429, 500, 502, 503, 504];

/// A client for one operation of a service, such as GetParameters of `ssm`. Make it once, at start.
pub(crate) struct Call {
    operation: Operation<Request, Answer, ErrorMetadata>,
}

/// A request before it is signed. `Debug` leaves its body out.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Percent-encoded; begins with a slash.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Vec<u8>,
}

/// The body of a successful answer. `Debug` leaves it out: it may hold secrets.
pub(crate) struct Answer(Vec<u8>);

/// Why a request failed, after all retries.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The service answered with an error: its code, such as `ConflictException`, and message.
    #[error(transparent)]
    Refused(ErrorMetadata),
    /// No connection, a time-out, no credentials or no region.
    #[error("no answer from AWS")]
    Unanswered(#[source] BoxError),
}

impl Call {
    /// `service`: its name in signatures and host names.
    pub(crate) fn new(config: &SdkConfig, service: &'static str, operation: &'static str) -> Self {
        Self::at(&base_url(config, service, None), config, service, operation, SigningOptions::default())
    }

    /// An operation of S3 on an object in `bucket`; a request's path is the object's key.
    pub(crate) fn in_bucket(config: &SdkConfig, bucket: &str, operation: &'static str) -> Self {
        Self::at(&base_url(config, "s3", Some(bucket)), config, "s3", operation, s3_signing())
    }

    fn at(url: &str, config: &SdkConfig, service: &'static str, operation: &'static str, signing_options: SigningOptions) -> Self {
        let region = config.region().cloned().map(Into::into);
        let mut layer = Layer::new("signed");
        layer.store_put(SigV4OperationSigningConfig { region, name: Some(service.into()), signing_options, ..Default::default() });
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SensitiveOutput);
        let mut components = RuntimeComponentsBuilder::new("signed")
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
            .with_http_client(config.http_client())
            .with_identity_cache(config.identity_cache())
            .with_sleep_impl(config.sleep_impl())
            .with_time_source(config.time_source());
        if let Some(credentials) = config.credentials_provider() {
            components.set_identity_resolver(SCHEME_ID, credentials);
        }
        let operation = Operation::builder()
            .service_name(service)
            .operation_name(operation)
            .runtime_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components))
            .endpoint_url(url)
            .standard_retry(&config.retry_config().cloned().unwrap_or_else(RetryConfig::standard))
            .timeout_config(config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled))
            .retry_classifier(HttpStatusCodeClassifier::new_from_codes(TRANSIENT))
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .with_connection_poisoning() // a retry after a transient error takes a new connection
            .serializer(write)
            .deserializer(read)
            .build();
        Self { operation }
    }

    /// Signs and sends `request`; retries what may pass: no connection, time-outs, [`TRANSIENT`] statuses, codes of throttling.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        self.operation.invoke(request).await.map_err(|error| match error {
            SdkError::ServiceError(error) => Failure::Refused(error.into_err()),
            // The source only: the error may hold the response, and prints it.
            error => Failure::Unanswered(error.into_source().unwrap_or_else(|error| error.to_string().into())),
        })
    }
}

impl Answer {
    /// The body from JSON. serde's error is dropped: it quotes values.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.0).map_err(|_| anyhow::anyhow!("the answer from AWS cannot be read"))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes)", self.0.len())
    }
}

/// The URL that paths are appended to: the configured endpoint, or the service's host in the region
/// ([source](https://docs.aws.amazon.com/general/latest/gr/rande.html);
/// [China](https://docs.amazonaws.cn/en_us/general/latest/gr/rande.html); the European Sovereign Cloud by the SDK's table of partitions).
/// At AWS a bucket is [part of the host](https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html); a custom endpoint,
/// such as the local AWS, takes it in the path. Without a region the host is void, and the signer refuses to sign.
fn base_url(config: &SdkConfig, service: &str, bucket: Option<&str>) -> String {
    let region = config.region().map_or("", AsRef::as_ref);
    let suffix = match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    match (config.endpoint_url(), bucket) {
        (Some(endpoint), None) => endpoint.to_owned(),
        (Some(endpoint), Some(bucket)) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        (None, None) => format!("https://{service}.{region}.{suffix}"),
        (None, Some(bucket)) => format!("https://{bucket}.{service}.{region}.{suffix}"),
    }
}

/// S3 requires the body's hash in a header, and signs the path as it is sent: not encoded again, not normalised
/// ([source](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html)).
fn s3_signing() -> SigningOptions {
    let mut options = SigningOptions::default();
    options.content_sha256_header = true;
    options.double_uri_encode = false;
    options.normalize_uri_path = false;
    options
}

fn write(request: Request) -> Result<HttpRequest, BoxError> {
    let mut http = HttpRequest::new(SdkBody::from(request.body));
    http.set_method(request.method)?;
    http.set_uri(request.path)?;
    for (name, value) in request.headers {
        http.headers_mut().insert(name, value);
    }
    Ok(http)
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(Answer(body.to_vec()));
    }
    let header = response.headers().get("x-amzn-errortype");
    Err(OrchestratorError::operation(refusal(response.status().as_u16(), header, &String::from_utf8_lossy(body))))
}

/// The error code is in the header or the body: JSON has `code` or `__type`, maybe with a namespace before and a URL behind
/// ([source](https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization)); the XML of S3 has an element
/// ([source](https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)).
fn refusal(status: u16, header: Option<&str>, body: &str) -> ErrorMetadata {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| json[name].as_str();
    let element = |name: &str| Some(body.split_once(&format!("<{name}>"))?.1.split_once("</")?.0);
    let code = header.or_else(|| text("code")).or_else(|| text("__type")).or_else(|| element("Code")).map(bare);
    let code = code.map_or_else(|| format!("HTTP status {status}"), str::to_owned);
    let message = text("message").or_else(|| text("Message")).or_else(|| element("Message"));
    ErrorMetadata::builder().code(code).message(message.unwrap_or_default()).build()
}

/// Without namespace and URL.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, answer, config, run};
    use aws_config::Region;
    use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
    use aws_smithy_async::time::StaticTimeSource;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn request() -> Request {
        Request { method: "POST", path: "/".into(), headers: vec![("x-amz-target", "Service.Ask")], body: b"secret".to_vec() }
    }

    fn ask(server: &Loopback) -> Result<Answer, Failure> {
        run(Call::new(&server.aws.config, "ssm", "Ask").send(request()))
    }

    fn code(answer: Result<Answer, Failure>) -> String {
        match answer {
            Err(Failure::Refused(error)) => error.code().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_is_signed_for_its_service_and_region_with_the_session_token() {
        let server = Loopback::answering([answer(200, "", "{}")]);
        assert_eq!(ask(&server).unwrap().0, b"{}");
        let [asked] = &*server.asked() else { panic!("not one request") };
        assert!(asked.head.starts_with("POST / HTTP/1.1\r\n"), "{}", asked.head);
        assert_eq!(asked.body, b"secret");
        assert_eq!(asked.header("x-amz-target"), Some("Service.Ask"));
        assert_eq!(asked.header("x-amz-security-token"), Some("TOKENEXAMPLE"));
        let authorization = asked.header("authorization").unwrap();
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
        assert!(authorization.contains("/eu-north-1/ssm/aws4_request, SignedHeaders=host;x-amz-date;"), "{authorization}");
    }

    /// The example "PUT Object" of <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
    #[test]
    fn the_signature_of_an_object_is_that_of_the_documentation() {
        let server = Loopback::answering([answer(200, "", "")]);
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, None, "the documentation");
        let config = config()
            .into_builder()
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .time_source(StaticTimeSource::from_secs(1_369_353_600)) // 2013-05-24T00:00:00Z
            .build();
        let request = Request {
            method: "PUT",
            path: "/test%24file.text".into(),
            headers: vec![
                ("host", "examplebucket.s3.amazonaws.com"),
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            body: b"Welcome to Amazon S3.".to_vec(),
        };
        run(Call::at(&server.url, &config, "s3", "PutObject", s3_signing()).send(request)).unwrap();
        let [asked] = &*server.asked() else { panic!("not one request") };
        let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        assert_eq!(asked.header("x-amz-content-sha256"), Some(hash));
        let signature = "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        let authorization = asked.header("authorization").unwrap();
        assert!(authorization.ends_with(signature), "{authorization}");
    }

    #[test]
    fn each_service_has_its_host_in_its_partition_unless_an_endpoint_is_configured() {
        let check = |region: &'static str, endpoint: Option<&str>, service, bucket, url: &str| {
            let mut config = config().into_builder().region(Region::new(region));
            config.set_endpoint_url(endpoint.map(str::to_owned));
            assert_eq!(base_url(&config.build(), service, bucket), url);
        };
        check("eu-north-1", None, "ssm", None, "https://ssm.eu-north-1.amazonaws.com");
        check("us-east-1", None, "scheduler", None, "https://scheduler.us-east-1.amazonaws.com");
        check("us-east-1", None, "s3", Some("attic"), "https://attic.s3.us-east-1.amazonaws.com");
        check("us-gov-west-1", None, "ssm", None, "https://ssm.us-gov-west-1.amazonaws.com");
        check("cn-north-1", None, "ssm", None, "https://ssm.cn-north-1.amazonaws.com.cn");
        check("cn-northwest-1", None, "s3", Some("attic"), "https://attic.s3.cn-northwest-1.amazonaws.com.cn");
        check("eusc-de-east-1", None, "scheduler", None, "https://scheduler.eusc-de-east-1.amazonaws.eu");
        check("eu-north-1", Some("http://127.0.0.1:4566"), "ssm", None, "http://127.0.0.1:4566");
        check("cn-north-1", Some("http://127.0.0.1:4566/"), "s3", Some("attic"), "http://127.0.0.1:4566/attic");
    }

    #[test]
    fn transient_errors_are_retried_up_to_three_attempts() {
        let throttled = r#"{"__type": "com.amazonaws.ssm#ThrottlingException", "message": "Rate exceeded"}"#;
        let passing = [
            None,
            answer(429, "", ""),
            answer(500, "", "<html>"),
            answer(503, "", "<Error><Code>SlowDown</Code></Error>"),
            answer(400, "", throttled),
            answer(400, "x-amzn-errortype: ThrottlingException:http://internal\r\n", "{}"),
            answer(400, "", "<Error><Code>RequestTimeout</Code></Error>"),
        ];
        for first in passing {
            let server = Loopback::answering([first.clone(), first.clone(), answer(200, "", "taken")]);
            assert_eq!(ask(&server).unwrap().0, b"taken", "{first:?}");
            let bodies: Vec<_> = server.asked().into_iter().map(|asked| asked.body).collect();
            assert_eq!(bodies, [b"secret", b"secret", b"secret"], "{first:?}");
            let server = Loopback::answering([first.clone(), first.clone(), first.clone(), answer(200, "", "too late")]);
            ask(&server).unwrap_err();
            assert_eq!(server.asked().len(), 3, "{first:?}");
        }
    }

    #[test]
    fn other_errors_are_not_retried_and_have_their_code() {
        let check = |status, headers, body, expected: &str| {
            let server = Loopback::answering([answer(status, headers, body), answer(200, "", "too late")]);
            assert_eq!(code(ask(&server)), expected);
        };
        check(409, "x-amzn-errortype: ConflictException\r\n", r#"{"Message": "There is one."}"#, "ConflictException");
        check(400, "", r#"{"__type": "com.amazonaws.ssm#ParameterNotFound"}"#, "ParameterNotFound");
        check(400, "", r#"{"code": "ValidationException:http://internal"}"#, "ValidationException");
        check(404, "", "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchBucket</Code><Message>No.</Message></Error>", "NoSuchBucket");
        check(403, "", "", "HTTP status 403");
        check(400, "", "[]", "HTTP status 400");
    }

    #[test]
    fn an_error_prints_code_and_message() {
        let told = |body| refusal(400, None, body).to_string();
        let expected = r#"Error { code: "Denied", message: "Not you." }"#;
        assert_eq!(told(r#"{"__type": "Denied", "message": "Not you."}"#), expected);
        assert_eq!(told(r#"{"__type": "Denied", "Message": "Not you."}"#), expected);
        assert_eq!(told("<Error><Code>Denied</Code><Message>Not you.</Message></Error>"), expected);
    }

    #[test]
    fn a_refused_connection_and_missing_credentials_or_region_are_named() {
        let told = |config: &SdkConfig| {
            let failure = run(Call::new(config, "ssm", "Ask").send(request())).unwrap_err();
            format!("{:#}", anyhow::Error::from(failure))
        };
        let server = Loopback::answering([]);
        while TcpStream::connect(server.url.trim_start_matches("http://")).is_ok() {}
        let deaf = told(&server.aws.config);
        assert!(deaf.starts_with("no answer from AWS: ") && deaf.contains("refused"), "{deaf}");
        let mut unknown = server.aws.config.clone().into_builder();
        unknown.set_credentials_provider(None);
        let unknown = told(&unknown.build());
        assert!(unknown.contains("identity_resolvers"), "{unknown}");
        let mut nowhere = server.aws.config.clone().into_builder();
        nowhere.set_region(None::<Region>);
        let nowhere = told(&nowhere.build());
        assert!(nowhere.contains("missing signing region"), "{nowhere}");
    }

    #[test]
    fn an_attempt_ends_at_its_time_out() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // connections are made, and nobody reads them
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(10)).build();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let config = config().into_builder().endpoint_url(url).timeout_config(timeouts).build();
        let call = Call::new(&config, "ssm", "Ask");
        let failure = run(async { tokio::time::timeout(PATIENCE, call.send(request())).await.expect("waits for ever") }).unwrap_err();
        let told = format!("{:#}", anyhow::Error::from(failure));
        assert!(told.contains("timeout"), "{told}");
    }

    #[test]
    fn bodies_are_not_printed() {
        let answer = Answer(br#""secret""#.to_vec());
        for printed in [format!("{:?}", request()), format!("{answer:?}"), format!("{:#?}", answer.json::<u8>().unwrap_err())] {
            assert!(!printed.contains("secret"), "{printed}");
        }
    }
}
