//! One configuration for all clients: region, credentials and endpoint from the environment, ring for TLS.

use crate::secrets::Kept;
use crate::signed::Call;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{Builder, tls};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What the clients of one function are made from, and the secrets that it keeps. Make it once, at start.
#[derive(Clone)]
pub struct Aws {
    pub(crate) config: SdkConfig,
    pub(crate) kept: Arc<Mutex<Vec<Kept>>>,
}

impl Aws {
    pub async fn from_env() -> Self {
        Self::with_attempts_of(Duration::from_secs(5), None).await
    }

    /// For callers that nobody waits for in turn, such as tests on a busy machine: an attempt may take a minute.
    pub async fn patient() -> Self {
        Self::with_attempts_of(Duration::from_secs(60), None).await
    }

    /// As [`Aws::patient`], at an endpoint that is not the environment's.
    pub async fn patient_at(endpoint: &str) -> Self {
        Self::with_attempts_of(Duration::from_secs(60), Some(endpoint)).await
    }

    async fn with_attempts_of(longest: Duration, endpoint: Option<&str>) -> Self {
        let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
        // Three tries with exponential backoff are the SDK's default. A call that hangs costs more than one that is tried again.
        let timeouts = TimeoutConfig::builder().connect_timeout(longest * 2 / 5).operation_attempt_timeout(longest).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts);
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        Self::of(loader.load().await)
    }

    pub(crate) fn of(config: SdkConfig) -> Self {
        Self { config, kept: Arc::default() }
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    pub(crate) fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config)
    }

    pub(crate) fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.config)
    }

    pub(crate) fn get_parameters(&self) -> Call {
        Call::new(&self.config, "ssm", "GetParameters")
    }

    pub(crate) fn create_schedule(&self) -> Call {
        Call::new(&self.config, "scheduler", "CreateSchedule")
    }

    pub(crate) fn put_object(&self, bucket: &str) -> Call {
        Call::in_bucket(&self.config, bucket, "PutObject")
    }
}
