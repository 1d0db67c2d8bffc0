//! The routes and their parameters.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use marquee_event::bounds::ID_BYTES;
use object_store::ObjectStore;

use crate::error::ApiError;
use crate::index;
use crate::response::{
    Basis, HealthBody, PopularTitlesBody, PublishedState, RankedTitle, Recommendation,
    RecommendationsBody,
};
use crate::snapshot_cache::SnapshotCache;

/// The default and the maximum of `limit`, the number of titles to return.
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// Creates the API over the lake in this store.
///
/// The first request at least `refresh` after the last check looks for a newer
/// published state.
pub fn router(store: Arc<dyn ObjectStore>, refresh: Duration) -> Router {
    Router::new()
        .route("/v1/users/{user_id}/recommendations", get(recommendations))
        .route("/v1/titles/popular", get(popular))
        .route("/health", get(health))
        .fallback(index::respond)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .with_state(Arc::new(SnapshotCache::new(store, refresh)))
}

async fn recommendations(
    State(cache): State<Arc<SnapshotCache>>,
    user_id: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let user_id = parse_user_id(user_id)?;
    let limit = parse_limit(parameters)?;
    let (snapshot, viewer) = cache.viewer(&user_id).await?;
    if let Some(prefix) = &snapshot.user_prefix
        && !user_id.starts_with(prefix)
    {
        return Err(ApiError::UnknownUser {
            prefix: prefix.clone(),
            user_id,
        });
    }
    let model = &snapshot.model;
    let continued = model.continue_watching(&viewer);
    Ok(Json(RecommendationsBody {
        user_id: &user_id,
        published: PublishedState::of(&snapshot),
        basis: match model.can_personalize(&viewer) {
            true => Basis::History,
            false => Basis::Popular,
        },
        continue_watching: continued.into_iter().map(Into::into).collect(),
        recommendations: Recommendation::ranked(model.recommend(&viewer, limit)),
    })
    .into_response())
}

async fn popular(
    State(cache): State<Arc<SnapshotCache>>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let limit = parse_limit(parameters)?;
    let snapshot = cache.snapshot().await?;
    let titles = snapshot.popular.iter().take(limit);
    Ok(Json(PopularTitlesBody {
        published: PublishedState::of(&snapshot),
        titles: titles
            .map(|title| RankedTitle::of(title, &snapshot))
            .collect(),
    })
    .into_response())
}

async fn health(State(cache): State<Arc<SnapshotCache>>) -> Result<Response, ApiError> {
    let snapshot = cache.snapshot().await?;
    Ok(Json(HealthBody {
        status: "ok",
        published: PublishedState::of(&snapshot),
    })
    .into_response())
}

fn parse_user_id(user_id: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    let Ok(Path(user_id)) = user_id else {
        return bad_request("user_id is not percent-encoded UTF-8");
    };
    if user_id.is_empty() {
        return Err(ApiError::NotFound);
    }
    match user_id.len() <= ID_BYTES && !user_id.contains('\0') {
        true => Ok(user_id),
        false => bad_request(&format!(
            "user_id must have at most {ID_BYTES} bytes and no U+0000"
        )),
    }
}

fn parse_limit(parameters: Parameters) -> Result<usize, ApiError> {
    let Ok(Query(parameters)) = parameters else {
        return bad_request("the query parameters are not percent-encoded UTF-8");
    };
    match &parameters[..] {
        [] => Ok(DEFAULT_LIMIT),
        [(name, value)] if name == "limit" => match value.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            _ => bad_request(&format!(
                "limit={value} is not a whole number from 1 to {MAX_LIMIT}"
            )),
        },
        _ => bad_request("unsupported query parameters: only limit is allowed, at most once"),
    }
}

fn bad_request<T>(message: &str) -> Result<T, ApiError> {
    Err(ApiError::BadRequest(message.to_owned()))
}
