//! URLs that are taken as endpoints.

use crate::address::{Also, is_allowed};
use reqwest::Url;
use std::net::IpAddr;

/// The longest URL that is taken, in bytes.
pub const LONGEST: usize = 512;

/// Why a URL is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEndpoint {
    #[error("it is no URL of at most {LONGEST} characters")]
    NoUrl,
    #[error("it must be https")]
    NotHttps,
    #[error("it must have no user and no password in it")]
    HasUser,
    #[error("it is an address in a private or special network")]
    Private,
}

/// An endpoint's URL. Where its host is a name, what that stands for is looked at when it is called.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str, also: Also) -> Result<Url, NoEndpoint> {
    if text.len() > LONGEST {
        return Err(NoEndpoint::NoUrl);
    }
    let url = Url::parse(text).map_err(|_| NoEndpoint::NoUrl)?;
    let host = url.host_str().ok_or(NoEndpoint::NoUrl)?;
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let is_here = also == Also::Loopback && address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => return Err(NoEndpoint::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NoEndpoint::HasUser);
    }
    match address {
        Some(address) if !is_allowed(address, also) => Err(NoEndpoint::Private),
        _ => Ok(url),
    }
}

/// The host of a URL, with its port where it is not the usual one.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_and_in_no_private_network_however_its_address_is_written() {
        for (url, expected) in [
            ("https://example.org/hook?a=1", None),
            ("https://8.8.8.8:8443/", None),
            ("http://example.org/", Some(NoEndpoint::NotHttps)),
            ("http://127.0.0.1/", Some(NoEndpoint::NotHttps)),
            ("ftp://example.org/", Some(NoEndpoint::NotHttps)),
            ("https://user@example.org/", Some(NoEndpoint::HasUser)),
            ("https://user:secret@example.org/", Some(NoEndpoint::HasUser)),
            ("https://169.254.169.254/latest/meta-data", Some(NoEndpoint::Private)),
            ("https://2130706433/", Some(NoEndpoint::Private)),
            ("https://0x7f.1/", Some(NoEndpoint::Private)),
            ("https://[::ffff:10.0.0.1]/", Some(NoEndpoint::Private)),
            ("https://[fd00::1]/", Some(NoEndpoint::Private)),
            ("example.org", Some(NoEndpoint::NoUrl)),
            ("https://", Some(NoEndpoint::NoUrl)),
            (&format!("https://example.org/{}", "x".repeat(LONGEST)), Some(NoEndpoint::NoUrl)),
        ] {
            assert_eq!(read(url, Also::Nothing).err(), expected, "{url}");
        }
    }

    #[test]
    fn a_host_is_named_with_its_port_where_that_is_not_the_usual_one() {
        for (url, expected) in [
            ("https://Example.org:443/a", "example.org"),
            ("https://example.org:8443/", "example.org:8443"),
            ("https://[2606:4700::1]/", "[2606:4700::1]"),
        ] {
            assert_eq!(authority(&read(url, Also::Nothing).unwrap()), expected);
        }
    }

    #[test]
    fn this_machine_is_called_without_tls_only_where_that_is_said() {
        assert!(read("http://127.0.0.1:8000/", Also::Loopback).is_ok());
        assert_eq!(read("http://localhost:8000/", Also::Loopback), Err(NoEndpoint::NotHttps));
        assert_eq!(read("http://10.0.0.1/", Also::Loopback), Err(NoEndpoint::NotHttps));
        assert_eq!(read("https://10.0.0.1/", Also::Loopback), Err(NoEndpoint::Private));
    }
}
