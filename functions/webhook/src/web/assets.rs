//! The page's files, in the binary: no bucket to fill at a deployment and no rights to it, and a file costs the few milliseconds of a request
//! that is answered from memory, once: browsers keep what has a version in its path.
//!
//! From S3 a file would cost a thirtieth, but of cents: ten thousand openings of the page are three requests each the first time, 3 cents by API
//! Gateway (1 $ a million) and Lambda, and later one each. For that there would be a bucket, a policy, a step to fill it that can fail by
//! itself, and a second address, which the content security policy and Telegram's settings had to name.

use crate::http::{Request, Response};
use domain::page::ADMIN;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::LazyLock;

/// The folder that pages name their files in. Its place is taken by one with the version of all of them.
const FOLDER: &str = "assets/";

/// Content security policy: nothing from elsewhere, nothing inline, and pictures that the page fetched itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";

/// Telegram's web clients show Mini Apps in a frame (Telegram, "Mini Apps"); nobody else may, and nobody the other page.
fn framed_by(path: &str) -> &'static str {
    if path == ADMIN { "https://web.telegram.org" } else { "'none'" }
}

/// A file as it was written.
struct Written {
    name: &'static str,
    text: &'static str,
}

macro_rules! written {
    ($($name:literal),* $(,)?) => {
        [$(Written { name: $name, text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $name)) }),*]
    };
}

/// Pages by their path, and what they are made of.
const PAGES: [(&str, Written); 2] = {
    let [index, operators] = written!["index.html", "operators.html"];
    [(ADMIN, index), ("operators", operators)]
};
const PARTS: [Written; 7] = written!["page.css", "app.js", "operators.js", "api.js", "telegram.js", "ui.js", "texts.js"];

/// A file as it is sent.
struct File {
    /// Path behind the prefix.
    path: String,
    content_type: &'static str,
    gzip: Vec<u8>,
    text: String,
    etag: String,
    is_page: bool,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let mut all = Sha256::new();
    for part in &PARTS {
        all.update(part.name);
        all.update(part.text);
    }
    let folder = format!("{FOLDER}{}/", hex(&all.finalize()));
    let pages = PAGES.iter().map(|(path, page)| File::new((*path).to_owned(), page.name, page.text.replace(FOLDER, &folder)));
    let parts = PARTS.iter().map(|part| File::new(format!("{folder}{}", part.name), part.name, part.text.to_owned()));
    pages.chain(parts).collect()
});

impl File {
    fn new(path: String, name: &str, text: String) -> Self {
        let content_type = match name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            _ => "text/javascript; charset=utf-8",
        };
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Into memory: it cannot fail.
        let gzip = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish()).unwrap_or_default();
        let etag = format!("\"{}\"", hex(&Sha256::digest(text.as_bytes())));
        Self { path, content_type, gzip, is_page: name.ends_with(".html"), text, etag }
    }
}

fn hex(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The file at a path behind the prefix.
pub fn answer(path: &str, request: &Request) -> Response {
    // A page of before a deployment may ask for a part of its own version, which is no more: it is told so, and its reader opens it again.
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return Response::new(404, "text/plain; charset=utf-8", "There is no such page.".to_owned());
    };
    let kept = if file.is_page { "no-cache" } else { "public, max-age=31536000, immutable" };
    let known = request.known_as().is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.etag));
    let response = if known {
        Response::new(304, file.content_type, String::new())
    } else if request.takes_gzip() && !file.gzip.is_empty() {
        Response::of_bytes(200, file.content_type, &file.gzip).with("content-encoding", "gzip")
    } else {
        Response::new(200, file.content_type, file.text.clone())
    };
    response
        .with("cache-control", kept)
        .with("etag", file.etag.clone())
        .with("vary", "accept-encoding")
        .with("content-security-policy", format!("{POLICY}; frame-ancestors {}", framed_by(&file.path)))
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
        .with("strict-transport-security", "max-age=31536000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_page_is_at_most_sixty_kilobytes_on_its_way() {
        let sizes: usize = FILES.iter().map(|file| file.gzip.len()).sum();
        assert!(sizes > 0 && sizes <= 60_000, "{sizes} bytes");
    }

    #[test]
    fn a_page_names_its_parts_where_they_are() {
        for page in FILES.iter().filter(|file| file.is_page) {
            let named: Vec<_> = page.text.split(['"', '\'']).filter(|text| text.starts_with(FOLDER)).collect();
            assert!(!named.is_empty(), "{}", page.path);
            for name in named {
                assert!(FILES.iter().any(|file| file.path == name), "{name}");
            }
        }
    }

    #[test]
    fn nothing_is_inline_and_nothing_from_elsewhere() {
        for file in FILES.iter() {
            let text = &file.text;
            for forbidden in ["style=\"", "onclick=", "javascript:", "innerHTML", "eval(", "new Function", "<script>"] {
                assert!(!text.contains(forbidden), "{} has {forbidden}", file.path);
            }
            if file.is_page {
                assert!(!text.contains("http://") && !text.contains("https://"), "{}", file.path);
            }
        }
    }
}
