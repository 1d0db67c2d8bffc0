//! Errors of a request, and their HTTP responses.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use marquee_lake::LakeError;
use serde::Serialize;
use thiserror::Error;

use crate::index;

/// An error of a request.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The request is invalid.
    #[error("{0}")]
    BadRequest(String),
    /// The path matches no route.
    #[error("unknown route; the routes are {}", index::route_list())]
    NotFound,
    /// The ids of all known users have a prefix that this id lacks.
    #[error(
        "no user {user_id:?} is known: the id of every known user starts with {prefix:?}, as in {:?}",
        format!("{prefix}{user_id}")
    )]
    UnknownUser {
        /// The requested id.
        user_id: String,
        /// The common prefix of the known ids.
        prefix: String,
    },
    /// The route does not support the method.
    #[error("method not allowed; use GET or HEAD")]
    MethodNotAllowed,
    /// No date is published.
    #[error("no date is published yet")]
    NothingPublished,
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

#[derive(Serialize)]
struct Envelope {
    error: Body,
}

#[derive(Serialize)]
struct Body {
    code: &'static str,
    message: String,
}

impl ApiError {
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::UnknownUser { .. } => (StatusCode::NOT_FOUND, "unknown_user"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::NothingPublished => (StatusCode::SERVICE_UNAVAILABLE, "nothing_published"),
            Self::Lake(_) => (StatusCode::INTERNAL_SERVER_ERROR, "lake"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let message = match &self {
            // Object keys and causes go to the log, not to the client.
            Self::Lake(error) => {
                tracing::error!(kind = ?error.kind(), "{error}");
                "cannot read the lake; the log of the API has the cause".to_owned()
            }
            error => error.to_string(),
        };
        let error = Body { code, message };
        (status, Json(Envelope { error })).into_response()
    }
}
