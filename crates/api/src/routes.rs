//! The routes, and what their questions may say.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use marquee_event::bounds::ID_BYTES;
use object_store::ObjectStore;

use crate::answer::{self, Basis, Health, PopularTitle, PopularTitles, Recommendation};
use crate::current::Current;
use crate::error::ApiError;

/// How many titles are given where nothing is said, and at most.
const LIMIT: usize = 20;
const MOST: usize = 100;

type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The API over that lake. A newer state is looked for by the first question that
/// comes `refresh` or more after the last look.
pub fn router(store: Arc<dyn ObjectStore>, refresh: Duration) -> Router {
    Router::new()
        .route("/v1/users/{user_id}/recommendations", get(recommendations))
        .route("/v1/titles/popular", get(popular))
        .route("/health", get(health))
        .fallback(|| async { ApiError::NotFound })
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .with_state(Arc::new(Current::new(store, refresh)))
}

async fn recommendations(
    State(current): State<Arc<Current>>,
    user_id: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let user_id = user(user_id)?;
    let limit = limit(parameters)?;
    let (snapshot, viewer) = current.viewer(&user_id).await?;
    let model = &snapshot.model;
    let continued = model.continue_watching(&viewer);
    Ok(Json(answer::Recommendations {
        user_id: &user_id,
        state: answer::State::of(&snapshot),
        basis: match model.knows(&viewer) {
            true => Basis::History,
            false => Basis::Popular,
        },
        continue_watching: continued.into_iter().map(Into::into).collect(),
        recommendations: Recommendation::ranked(model.recommend(&viewer, limit)),
    })
    .into_response())
}

async fn popular(
    State(current): State<Arc<Current>>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let limit = limit(parameters)?;
    let snapshot = current.snapshot().await?;
    let titles = snapshot.popular.iter().take(limit);
    Ok(Json(PopularTitles {
        state: answer::State::of(&snapshot),
        titles: titles
            .map(|title| PopularTitle::of(title, &snapshot))
            .collect(),
    })
    .into_response())
}

async fn health(State(current): State<Arc<Current>>) -> Result<Response, ApiError> {
    let snapshot = current.snapshot().await?;
    Ok(Json(Health {
        status: "ok",
        state: answer::State::of(&snapshot),
    })
    .into_response())
}

fn user(user_id: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    let Ok(Path(user_id)) = user_id else {
        return bad("the user_id is no percent-encoded UTF-8");
    };
    match user_id.len() <= ID_BYTES && !user_id.contains('\0') {
        true => Ok(user_id),
        false => bad(&format!(
            "a user_id has at most {ID_BYTES} bytes, and no U+0000"
        )),
    }
}

fn limit(parameters: Parameters) -> Result<usize, ApiError> {
    let Ok(Query(parameters)) = parameters else {
        return bad("the parameters are no percent-encoded UTF-8");
    };
    match &parameters[..] {
        [] => Ok(LIMIT),
        [(name, value)] if name == "limit" => match value.parse() {
            Ok(limit) if (1..=MOST).contains(&limit) => Ok(limit),
            _ => bad(&format!(
                "limit={value} is not a whole number from 1 to {MOST}"
            )),
        },
        _ => bad("limit, once, is the only parameter"),
    }
}

fn bad<T>(message: &str) -> Result<T, ApiError> {
    Err(ApiError::BadRequest(message.to_owned()))
}
