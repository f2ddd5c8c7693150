//! One configuration for all clients: region, credentials and endpoint from the environment, ring for TLS.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{Builder, tls};
use std::time::Duration;

/// What the clients of one function are made from. Make it once, at start.
pub struct Aws {
    config: SdkConfig,
}

impl Aws {
    pub async fn from_env() -> Self {
        Self::with_attempts_of(Duration::from_secs(5)).await
    }

    /// For callers that nobody waits for in turn, such as tests on a busy machine: an attempt may take a minute.
    pub async fn patient() -> Self {
        Self::with_attempts_of(Duration::from_secs(60)).await
    }

    async fn with_attempts_of(longest: Duration) -> Self {
        let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
        // Three tries with exponential backoff are the SDK's default. A call that hangs costs more than one that is tried again.
        let timeouts = TimeoutConfig::builder().connect_timeout(longest * 2 / 5).operation_attempt_timeout(longest).build();
        Self { config: aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts).load().await }
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    pub(crate) fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.config)
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        // An endpoint of somebody's own, such as the local AWS, has no host name a bucket.
        let by_path = self.config.endpoint_url().is_some();
        aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(&self.config).force_path_style(by_path).build())
    }

    pub(crate) fn scheduler(&self) -> aws_sdk_scheduler::Client {
        aws_sdk_scheduler::Client::new(&self.config)
    }

    pub(crate) fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.config)
    }
}
