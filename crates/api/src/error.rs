//! What goes wrong with a question, and what the asker is told.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use marquee_lake::LakeError;
use serde::Serialize;
use thiserror::Error;

/// What goes wrong with a question.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The question is at fault.
    #[error("{0}")]
    BadRequest(String),
    /// There is no such route.
    #[error("there is no such route: docs/API.md lists them")]
    NotFound,
    /// The route is there, the method is not.
    #[error("only GET and HEAD are answered")]
    MethodNotAllowed,
    /// No date has been published.
    #[error("no date has been published yet")]
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
            // Keys and causes are for whoever runs it.
            Self::Lake(error) => {
                tracing::error!(kind = ?error.kind(), "{error}");
                "the lake could not be read".to_owned()
            }
            told => told.to_string(),
        };
        let error = Body { code, message };
        (status, Json(Envelope { error })).into_response()
    }
}
