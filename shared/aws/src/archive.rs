//! S3: what leaves the store for good is written here before it is forgotten.

use crate::Aws;
use anyhow::Context;
use aws_sdk_s3::primitives::ByteStream;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use std::io::Write;

/// Objects written at a time.
const AT_A_TIME: usize = 16;

/// The bucket to write to.
pub struct Archive {
    client: aws_sdk_s3::Client,
    bucket: String,
}

/// An object to be written, before it is compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub text: String,
}

impl Archive {
    pub fn new(aws: &Aws, bucket: String) -> Self {
        Self { client: aws.s3(), bucket }
    }

    /// Writes `objects`, gzipped, some at a time; the answers in their order. What has the same key is overwritten.
    pub async fn put_all(&self, objects: &[Object]) -> Vec<anyhow::Result<()>> {
        let puts: Vec<_> = objects.iter().map(|object| self.put(object)).collect();
        stream::iter(puts).buffered(AT_A_TIME).collect().await
    }

    async fn put(&self, object: &Object) -> anyhow::Result<()> {
        let body = ByteStream::from(gzip(&object.text)?);
        let put = self.client.put_object().bucket(&self.bucket).key(&object.key).content_type("application/gzip").body(body);
        put.send().await.context("writing to the archive")?;
        Ok(())
    }
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
    use std::io::Read;

    #[test]
    fn what_is_compressed_is_read_back_and_the_same_text_gives_the_same_bytes() {
        let text = "{\"a\": 1}\n".repeat(100);
        let bytes = gzip(&text).unwrap();
        assert_eq!(bytes, gzip(&text).unwrap());
        let mut read = String::new();
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    }
}
