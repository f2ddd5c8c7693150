//! `POST /api/v1/auth/token`: described here, beside what its tokens open; answered by functions/authorizer, which alone can sign.

use crate::error::{ErrorBody, RefusalBody};
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};

/// An API key to exchange, where it is not in the header `Authorization: Bearer …`.
#[expect(dead_code, reason = "only described")]
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    #[schema(max_length = 200, example = "bsk_0a1b2c3d4e5f_…")]
    api_key: Option<String>,
    /// Fewer scopes than the key has; all that it has where left out: `<concern>:read` and `<concern>:write`.
    #[schema(min_items = 1, example = json!(["subscriptions:read"]))]
    scopes: Option<Vec<String>>,
}

/// A token for the header `Authorization: Bearer …`.
#[expect(dead_code, reason = "only described")]
#[derive(ToSchema)]
struct TokenBody {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: String,
    /// Seconds.
    #[schema(example = 900)]
    expires_in: i64,
    scopes: Vec<String>,
}

/// Exchange an API key for a token of 15 minutes.
#[utoipa::path(
    post,
    path = "/api/v1/auth/token",
    operation_id = "create_token",
    tag = "auth",
    request_body = Option<TokenRequest>,
    responses(
        (status = 200, description = "A token.", body = TokenBody),
        (status = 400, description = "The request cannot be read.", body = ErrorBody),
        (status = 401, description = "The key is not known, has expired, or was revoked.", body = ErrorBody),
        (status = 403, description = "The key has not all of these scopes.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 429, description = "Too many requests.", body = RefusalBody),
        (status = 503, description = "The keys cannot be read now; try again.", body = ErrorBody),
    )
)]
#[expect(dead_code, reason = "only described")]
fn create_token() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(create_token), components(schemas(TokenRequest, TokenBody)))]
struct Token;

/// The description of the one operation.
pub fn document() -> OpenApi {
    Token::openapi()
}
