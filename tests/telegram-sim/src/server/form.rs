//! The parameters of a request, in all the ways the Bot API takes them ("Making requests").

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use crate::bot_api::Params;
use crate::control::Document;
use crate::world::ApiError;

pub async fn params(query: Option<String>, headers: &HeaderMap, body: Bytes) -> Result<Params, ApiError> {
    let mut params = Params::default();
    params.add_urlencoded(query.as_deref().unwrap_or_default());
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/json") && !body.is_empty() {
        let json: Value = serde_json::from_slice(&body).map_err(|_| ApiError::bad_request("can't parse JSON object"))?;
        params.add_json(json);
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        params.add_urlencoded(&String::from_utf8_lossy(&body));
    } else if content_type.starts_with("multipart/form-data") {
        let broken = |()| ApiError::bad_request("can't parse multipart form data");
        add_multipart(&mut params, content_type, body).await.map_err(broken)?;
    }
    Ok(params)
}

/// Every part with a file name is a file; Telegram looks at nothing else.
async fn add_multipart(params: &mut Params, content_type: &str, body: Bytes) -> Result<(), ()> {
    let request = Request::builder().header(CONTENT_TYPE, content_type).body(Body::from(body)).map_err(drop)?;
    let mut form = Multipart::from_request(request, &()).await.map_err(drop)?;
    while let Some(part) = form.next_field().await.map_err(drop)? {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            Some(file) => params.add_file(name, Document::new(&file, &part.bytes().await.map_err(drop)?)),
            None => params.add_text(name, part.text().await.map_err(drop)?),
        }
    }
    Ok(())
}
