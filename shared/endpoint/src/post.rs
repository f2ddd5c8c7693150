//! The one call that is made to an endpoint.

use crate::address::{Also, is_allowed};
use crate::{secret, url};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// How long an endpoint may take.
const TIME_OUT: Duration = Duration::from_secs(5);

/// What is posted.
pub struct Letter<'a> {
    /// The same for the same message, however often it is posted.
    pub id: &'a str,
    /// When it is posted, Unix seconds.
    pub at: i64,
    /// JSON.
    pub body: &'a str,
}

/// Why an endpoint did not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It says that nothing is to come any more: 410 (Standard Webhooks, "Response status").
    #[error("the endpoint is gone (410)")]
    Gone,
    /// Redirections are not followed: they would lead where nobody has looked.
    #[error("the endpoint redirects")]
    Redirects,
    #[error("the endpoint refused it")]
    Status,
    #[error("the endpoint did not answer within 5 seconds")]
    Late,
    #[error("the endpoint cannot be reached, or is in a private network")]
    NotReached,
    /// Its URL or its secret cannot be used.
    #[error("the endpoint cannot be called")]
    NotCalled,
}

/// Calls endpoints. Made once.
#[derive(Clone)]
pub struct Poster {
    client: Client,
    also: Also,
}

/// Looks names up, and finds only what may be called: what is looked at is what is connected to.
struct Guarded(Also);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let also = self.0;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match found.iter().all(|address| is_allowed(address.ip(), also)) {
                true => Ok(Box::new(found.into_iter()) as Addrs),
                false => Err("a private network".into()),
            }
        })
    }
}

impl Poster {
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(also: Also) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(TIME_OUT)
            .redirect(Policy::none())
            .https_only(also == Also::Nothing)
            .no_proxy()
            .dns_resolver(Arc::new(Guarded(also)))
            .user_agent("bansync")
            .build()?;
        Ok(Self { client, also })
    }

    /// Posts a letter, signed by each secret. The answer's body is not read.
    ///
    /// # Errors
    /// The endpoint did not take it: any answer but 2xx, or none.
    pub async fn post(&self, endpoint: &str, secrets: &[&str], letter: &Letter<'_>) -> Result<(), Refused> {
        let url = url::read(endpoint, self.also).map_err(|_| Refused::NotCalled)?;
        let signatures = secret::signatures(secrets, letter.id, letter.at, letter.body).map_err(|_| Refused::NotCalled)?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", letter.id)
            .header("webhook-timestamp", letter.at)
            .header("webhook-signature", signatures)
            .body(letter.body.to_owned());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) if answer.status() == StatusCode::GONE => Err(Refused::Gone),
            Ok(answer) if answer.status().is_redirection() => Err(Refused::Redirects),
            Ok(_) => Err(Refused::Status),
            Err(error) if error.is_timeout() => Err(Refused::Late),
            Err(_) => Err(Refused::NotReached),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn answers(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        url
    }

    async fn post(also: Also, url: &str) -> Result<(), Refused> {
        let letter = Letter { id: "id", at: 0, body: "{}" };
        Poster::new(also).unwrap().post(url, &[&secret::random().unwrap()], &letter).await
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn what_an_endpoint_answers_is_told_apart_and_a_redirection_is_not_followed() {
        block_on(async {
            for (answer, expected) in [
                ("HTTP/1.1 204 No Content\r\n\r\n", Ok(())),
                ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Err(Refused::Gone)),
                ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", Err(Refused::Redirects)),
                ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", Err(Refused::Status)),
                ("", Err(Refused::NotReached)),
            ] {
                assert_eq!(post(Also::Loopback, &answers(answer).await).await, expected, "{answer}");
            }
        });
    }

    #[test]
    fn a_name_that_stands_for_a_private_address_is_not_called() {
        block_on(async {
            assert_eq!(post(Also::Nothing, "https://localhost/").await, Err(Refused::NotReached));
            assert_eq!(post(Also::Nothing, &answers("").await).await, Err(Refused::NotCalled));
        });
    }
}
