//! S3: what leaves the store for good is written here before it is forgotten.

use crate::Aws;
use crate::signed::{Call, Request};
use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use std::io::Write;

/// Objects written at a time.
const AT_A_TIME: usize = 16;

/// The bucket to write to.
pub struct Archive {
    put_object: Call,
}

/// An object to be written, before it is compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub text: String,
}

impl Archive {
    pub fn new(aws: &Aws, bucket: String) -> Self {
        Self { put_object: aws.put_object(&bucket) }
    }

    /// Writes `objects`, gzipped, some at a time; the answers in their order. What has the same key is overwritten.
    pub async fn put_all(&self, objects: &[Object]) -> Vec<anyhow::Result<()>> {
        let puts: Vec<_> = objects.iter().map(|object| self.put(object)).collect();
        stream::iter(puts).buffered(AT_A_TIME).collect().await
    }

    async fn put(&self, object: &Object) -> anyhow::Result<()> {
        self.put_object.send(request(object)?).await.context("writing to the archive")?;
        Ok(())
    }
}

/// [PutObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html). S3 checks the body by the hash in the signature; a
/// checksum header (`Content-MD5`, `x-amz-checksum-*`) is required only for buckets with Object Lock.
fn request(object: &Object) -> anyhow::Result<Request> {
    Ok(Request { method: "PUT", path: path(&object.key), headers: vec![("content-type", "application/gzip")], body: gzip(&object.text)? })
}

/// The path of an object: its key, percent-encoded but for letters, digits, `-._~` and slashes, as S3 signs it
/// ([source](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html)).
fn path(key: &str) -> String {
    let encoded = key.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    format!("/{}", encoded.collect::<String>())
}

/// The same text gives the same bytes: the header has no time.
fn gzip(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes()).context("compressing")?;
    gzip.finish().context("compressing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, answer, run};
    use std::io::Read;

    #[test]
    fn what_is_compressed_is_read_back_and_the_same_text_gives_the_same_bytes() {
        let text = "{\"a\": 1}\n".repeat(100);
        let bytes = gzip(&text).unwrap();
        assert_eq!(bytes, gzip(&text).unwrap());
        assert_eq!(gunzip(&bytes), text);
    }

    fn gunzip(bytes: &[u8]) -> String {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn an_object_is_put_under_its_key_in_the_bucket() {
        let server = Loopback::answering([answer(200, "etag: \"1\"\r\n", "")]);
        let archive = Archive::new(&server.aws, "attic".into());
        let object = Object { key: "bans/date=2026-01-01/0 ä.jsonl.gz".into(), text: "{}\n".into() };
        let [answer] = &*run(archive.put_all(&[object])) else { panic!("not one answer") };
        answer.as_ref().unwrap();
        let [asked] = &*server.asked() else { panic!("not one request") };
        assert!(asked.head.starts_with("PUT /attic/bans/date%3D2026-01-01/0%20%C3%A4.jsonl.gz HTTP/1.1\r\n"), "{}", asked.head);
        assert_eq!(asked.header("content-type"), Some("application/gzip"));
        assert_eq!(gunzip(&asked.body), "{}\n");
        let authorization = asked.header("authorization").unwrap();
        assert!(authorization.contains("/s3/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;"), "{authorization}");
    }

    #[test]
    fn each_object_has_its_own_answer() {
        let denied = "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>";
        let server = Loopback::answering([answer(403, "", denied), answer(200, "", "")]);
        let archive = Archive::new(&server.aws, "attic".into());
        let object = |key: &str| Object { key: key.into(), text: "{}\n".into() };
        let first = run(archive.put_all(&[object("a")])).pop().unwrap().unwrap_err();
        assert!(format!("{first:#}").contains("AccessDenied"), "{first:#}");
        run(archive.put_all(&[object("b")])).pop().unwrap().unwrap();
    }

    #[test]
    fn a_key_is_encoded_but_for_its_slashes() {
        for (key, expected) in [
            ("bans/date=2026-01-01/a-b_c.d~e", "/bans/date%3D2026-01-01/a-b_c.d~e"),
            ("test$file.text", "/test%24file.text"),
            ("a+b c%d?e#f", "/a%2Bb%20c%25d%3Fe%23f"),
            ("a//b/../ä", "/a//b/../%C3%A4"),
        ] {
            assert_eq!(path(key), expected);
        }
    }
}
