//! The OpenAPI description of all concerns, made from the code of their handlers. `cargo xtask openapi` writes it, with examples, to
//! infra/openapi.json.

mod examples;
mod token;

use crate::changes::IDEMPOTENCY_KEY;
use crate::error::{ErrorBody, RefusalBody};
use crate::health::Health;
use crate::{analytics, audit, bans, notifications, subscriptions, sync, telegram_calls, users};
use domain::access::{Concern, Right, Scope};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi as _, ToSchema};

/// What the program is called with to print the description instead of serving.
pub const ARGUMENT: &str = "openapi";

/// Name of the way to authenticate: a token or an API key.
const BEARER: &str = "bearer";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Bansync",
        description = "Ban synchronisation for Telegram. Ids of people and chats are Telegram's; moments are Unix seconds, UTC. \
            Lists come in pages: give `next_cursor` as `cursor` for the next one. Each operation names the scopes that it needs. Whatever \
            is changed is noted: see `GET /api/v1/audit`."
    ),
    components(schemas(ErrorBody, RefusalBody, Health)),
    servers((url = "/", description = "The stack's output `ApiUrl`"))
)]
struct Head;

/// Errors that any operation may answer, and what is said of each. Those of `true` may come from API Gateway, which says less.
const COMMON: [(&str, &str, bool); 6] = [
    ("400", "The request cannot be read.", false),
    ("401", "No token, or none that is known.", true),
    ("403", "The token is refused, or has not the scope.", true),
    ("413", "The body is too large.", true),
    ("429", "Too many requests; see Retry-After.", true),
    ("503", "Something that this needs does not answer now; try again.", true),
];

/// The description as JSON, with a line's end.
pub fn text() -> Result<String, serde_json::Error> {
    let mut document = document();
    examples::add(&mut document)?;
    Ok(document.to_pretty_json()? + "\n")
}

fn document() -> OpenApi {
    let mut document = Head::openapi();
    document.merge(token::document());
    for (concern, routes) in concerns() {
        document.merge(tagged(routes, concern));
        document.paths.paths.extend(health(concern));
    }
    document
}

/// Each concern's own description.
fn concerns() -> [(Concern, OpenApi); 8] {
    [
        (Concern::Subscriptions, subscriptions::routes().into_openapi()),
        (Concern::Users, users::routes().into_openapi()),
        (Concern::Bans, bans::routes().into_openapi()),
        (Concern::Sync, sync::routes().into_openapi()),
        (Concern::Telegram, telegram_calls::routes().into_openapi()),
        (Concern::Notifications, notifications::routes().into_openapi()),
        (Concern::Analytics, analytics::routes().into_openapi()),
        (Concern::Audit, audit::routes().into_openapi()),
    ]
}

/// Operations of a concern carry its name, the scopes that they need, and the errors that all have.
fn tagged(mut routes: OpenApi, concern: Concern) -> OpenApi {
    for (name, path) in &mut routes.paths.paths {
        if let Some(operation) = &mut path.get {
            need(operation, Scope { concern, right: Right::Read });
        }
        for operation in [&mut path.post, &mut path.put, &mut path.patch, &mut path.delete].into_iter().flatten() {
            need(operation, Scope { concern, right: Right::Write });
        }
        if let Some(operation) = &mut path.post {
            may_repeat(operation);
        }
        for operation in operations(path) {
            operation.tags = Some(vec![concern.name().to_owned()]);
            for (status, said, by_gateway) in COMMON {
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| error(said, by_gateway));
            }
            if name.contains('{') {
                let said =
                    "`not_found`: there is no such path; a slash or backslash in a parameter, even an encoded one, makes it another.";
                operation.responses.responses.entry("404".to_owned()).or_insert_with(|| error(said, false));
            }
            if operation.request_body.is_some() {
                operation.responses.responses.insert("415".to_owned(), error("The body is not application/json.", false));
            }
            let has_cursor = operation
                .parameters
                .iter()
                .flatten()
                .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "cursor"));
            if has_cursor {
                let said = "`bad_cursor`: it is not one of this list; or what else the operation says.";
                operation.responses.responses.entry("422".to_owned()).or_insert_with(|| error(said, false));
            }
        }
    }
    let components = routes.components.get_or_insert_default();
    let scheme =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token of POST /api/v1/auth/token, or an API key.")).build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    routes
}

/// The operation needs this scope, or those that it names itself; its description says so.
fn need(operation: &mut Operation, scope: Scope) {
    let named = operation.security.get_or_insert_with(|| vec![SecurityRequirement::new(BEARER, [scope.to_string()])]);
    let scopes: Vec<String> =
        serde_json::to_value(named).ok().and_then(|named| serde_json::from_value(named[0][BEARER].clone()).ok()).unwrap_or_default();
    let scopes = scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let said = operation.description.take().map(|said| said + "\n\n").unwrap_or_default();
    operation.description = Some(format!("{said}Scope: {scopes}."));
}

/// The operation takes an `Idempotency-Key`.
fn may_repeat(operation: &mut Operation) {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!#-~]+$")).build();
    let said = "A name of your own for this request, such as a UUID. The same request under the same key is answered as the first time for \
        24 hours, and not carried out again; see the IETF draft \"The Idempotency-Key HTTP Header Field\".";
    let header =
        ParameterBuilder::new().name(IDEMPOTENCY_KEY.as_str()).parameter_in(ParameterIn::Header).description(Some(said)).schema(Some(key));
    operation.parameters.get_or_insert_default().push(header.build().into());
    for (status, said) in [
        ("409", "`request_in_progress`: the first request with this `Idempotency-Key` is being carried out."),
        ("422", "`idempotency_key_reused`: this `Idempotency-Key` was used for another request."),
    ] {
        match operation.responses.responses.get_mut(status) {
            Some(RefOr::T(response)) => response.description = format!("{} {said}", response.description),
            _ => {
                operation.responses.responses.insert(status.to_owned(), error(said, false));
            }
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete].into_iter().flatten()
}

fn error(said: &str, by_gateway: bool) -> RefOr<utoipa::openapi::Response> {
    let name = if by_gateway { RefusalBody::name() } else { ErrorBody::name() };
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    ResponseBuilder::new().description(said).content("application/json", body).build().into()
}

/// The health routes are not made by the routers' macros: they are the same for every concern.
fn health(concern: Concern) -> impl Iterator<Item = (String, PathItem)> {
    ["", "/live", "/ready"].into_iter().map(move |which| {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(Health::name()))).build();
        let ok = ResponseBuilder::new().description("It is.").content("application/json", body).build();
        let operation = OperationBuilder::new()
            .operation_id(Some(format!("{concern}_health{}", which.replace('/', "_"))))
            .tag(concern.name())
            .summary(Some(if which == "/live" { "Can it answer at all?" } else { "Can it work: does its store answer?" }))
            .response("200", ok)
            .response("503", error("It cannot.", false));
        (format!("/{concern}/health{which}"), PathItemBuilder::new().operation(HttpMethod::Get, operation.build()).build())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == text().unwrap(), "infra/openapi.json is not what the code says: run `cargo xtask openapi`");
    }

    /// A field with words of its own and an inlined type becomes `allOf` of that type and an object, which nothing is.
    #[test]
    fn what_has_the_same_name_in_two_concerns_is_the_same() {
        let mut schemas = std::collections::BTreeMap::new();
        for (concern, routes) in concerns() {
            for (name, schema) in routes.components.unwrap_or_default().schemas {
                let schema = serde_json::to_value(schema).unwrap();
                if let Some((other, before)) = schemas.insert(name.clone(), (concern, schema.clone())) {
                    assert_eq!(before, schema, "{name} of {other} and of {concern}: the description has room for one");
                }
            }
        }
    }

    #[test]
    fn no_value_is_to_be_of_two_types() {
        fn look(at: &Value, path: &str, wrong: &mut Vec<String>) {
            let parts = at["allOf"].as_array().into_iter().flatten();
            if parts.filter_map(|part| part["type"].as_str()).collect::<BTreeSet<_>>().len() > 1 {
                wrong.push(path.to_owned());
            }
            match at {
                Value::Object(fields) => fields.iter().for_each(|(name, value)| look(value, &format!("{path}/{name}"), wrong)),
                Value::Array(items) => items.iter().for_each(|item| look(item, path, wrong)),
                _ => {}
            }
        }
        let mut wrong = Vec::new();
        look(&serde_json::from_str(&text().unwrap()).unwrap(), "", &mut wrong);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_says_which_errors_it_answers() {
        let mut document = document();
        let mut ids = BTreeSet::new();
        for path in document.paths.paths.values_mut() {
            for operation in operations(path) {
                let id = operation.operation_id.clone().unwrap();
                assert!(operation.responses.responses.contains_key("503"), "{id}");
                assert!(operation.summary.as_ref().is_some_and(|summary| summary.ends_with(['.', '?'])), "{id}: {:?}", operation.summary);
                assert!(ids.insert(id.clone()), "{id} twice");
            }
        }
        assert!(ids.len() > 20, "{ids:?}");
    }

    #[test]
    fn every_operation_behind_a_token_names_its_scopes_and_has_a_sentence_that_helps() {
        let mut document = document();
        for (name, path) in &mut document.paths.paths {
            for operation in operations(path).filter(|operation| operation.security.is_some()) {
                let id = operation.operation_id.clone().unwrap();
                let said = operation.description.clone().unwrap();
                let (help, scopes) = said.rsplit_once("\n\nScope: ").unwrap_or_else(|| panic!("{name} {id}: {said}"));
                assert!(help.len() > 20 && help.ends_with('.'), "{id}: {help}");
                for scope in scopes.trim_end_matches('.').split(", ") {
                    assert!(scope.trim_matches('`').parse::<Scope>().is_ok(), "{id}: {scope}");
                }
            }
        }
    }
}
