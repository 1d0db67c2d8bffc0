//! The list of routes, for a client that does not know them yet.

use axum::Json;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;

/// A route and its response.
#[derive(Debug, Serialize)]
pub(crate) struct IndexEntry {
    route: &'static str,
    returns: &'static str,
}

/// The routes of [`crate::router`]. A test of `tests/tidy` compares them.
const ROUTES: [IndexEntry; 3] = [
    IndexEntry {
        route: "GET /v1/users/{user_id}/recommendations",
        returns: "titles for that viewer to continue, and titles to start",
    },
    IndexEntry {
        route: "GET /v1/titles/popular",
        returns: "the titles with the most viewers in the last seven days",
    },
    IndexEntry {
        route: "GET /health",
        returns: "the state of the API",
    },
];

#[derive(Debug, Serialize)]
struct IndexBody {
    routes: &'static [IndexEntry],
}

/// Answers a request that matches no route: `/` with the list of routes, any other path
/// with an error that lists them.
///
/// `/` is not a route of its own: it has no data, and API Gateway rejects it without a
/// call of the function, as it rejects unknown paths.
pub(crate) async fn respond(method: Method, uri: Uri) -> Response {
    match (uri.path(), method) {
        ("/", Method::GET | Method::HEAD) => Json(IndexBody { routes: &ROUTES }).into_response(),
        ("/", _) => ApiError::MethodNotAllowed.into_response(),
        _ => ApiError::NotFound.into_response(),
    }
}

/// Returns the routes, separated by commas.
pub(crate) fn route_list() -> String {
    ROUTES.map(|entry| entry.route).join(", ")
}
