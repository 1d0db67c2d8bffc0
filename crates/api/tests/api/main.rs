//! The API's answers, over a lake in memory.
#![allow(clippy::unwrap_used, missing_docs)]

mod lake;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::lake::{Lake, tables};

const NEVER: Duration = Duration::from_secs(3_600);
const DATE: &str = "2026-03-09";

async fn send(api: &Router, method: Method, path: &str) -> (StatusCode, Vec<u8>) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let answer = api.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, body.to_vec())
}

async fn ask(api: &Router, path: &str) -> (StatusCode, Value) {
    let (status, body) = send(api, Method::GET, path).await;
    (status, serde_json::from_slice(&body).unwrap())
}

async fn answer(api: &Router, path: &str) -> Value {
    let (status, answer) = ask(api, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    answer
}

/// The ids of recommended titles.
fn recommended(answer: &Value) -> Vec<&str> {
    let all = answer["recommendations"].as_array().unwrap();
    let titles = all.iter().map(|one| &one["title"]["title_id"]);
    titles.map(|id| id.as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_viewer_gets_what_is_theirs() {
    let lake = Lake::new().await;
    lake.publish(DATE, 3, tables()).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let answer = answer(&api, "/v1/users/bob/recommendations").await;

    assert_eq!(answer["user_id"], "bob");
    assert_eq!(answer["event_date"], DATE);
    assert_eq!(answer["generation"], 3);
    assert_eq!(answer["basis"], "history");
    assert_eq!(
        answer["continue_watching"],
        json!([
            {
                "title": {"title_id": "fog", "name": "The fog", "kind": "movie",
                          "genres": ["Crime"], "runtime_ms": 5_400_000},
                "reason": "resume",
                "completion_rate": 0.25,
            },
            {
                "title": {"title_id": "e2", "name": "The e2", "kind": "episode",
                          "series_id": "series", "season": 1, "episode": 2,
                          "genres": ["Drama"], "runtime_ms": 5_400_000},
                "reason": "next_episode",
                "after": "e1",
            },
        ])
    );
    // Neither the movie that was begun nor the series.
    assert_eq!(recommended(&answer), ["heat", "gone"]);
    let heat = &answer["recommendations"][0];
    assert_eq!(heat["rank"], 1);
    assert_eq!(heat["genres"], json!(["Crime", "Drama"]));
    assert_eq!(
        (&heat["popularity"], &heat["rating"]),
        (&json!(1.0), &json!(1.0))
    );
    // Taste (0.8, 0.6) and the title's (1, 1): 1.4 / √2.
    let taste = heat["taste"].as_f64().unwrap();
    assert!((taste - 1.4 / 2_f64.sqrt()).abs() < 1e-9, "{taste}");
    // The episode that bob rated 4.5, and the movie of which he saw a quarter.
    assert_eq!(
        (&heat["nearness"], &heat["because"]),
        (&json!(1.0), &json!("e1"))
    );
    let score = heat["score"].as_f64().unwrap();
    assert!(
        (score - (0.4 + 0.15 * taste + 0.25 + 0.2)).abs() < 1e-9,
        "{score}"
    );
    assert_eq!(answer["recommendations"][1]["taste"], 0.0);
    assert_eq!(answer["recommendations"][1]["nearness"], 0.0);
    assert_eq!(answer["recommendations"][1].get("because"), None);
    assert_eq!(answer["recommendations"][1]["genres"], json!([]));
}

#[tokio::test]
async fn whom_nobody_knows_gets_what_is_popular() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let nobody = answer(&api, "/v1/users/no%20body%2F%C3%A9/recommendations?limit=2").await;
    assert_eq!(nobody["user_id"], "no body/é");
    assert_eq!(nobody["basis"], "popular");
    assert_eq!(nobody["continue_watching"], json!([]));
    assert_eq!(recommended(&nobody), ["heat", "gone"]);
    assert_eq!(nobody["recommendations"][0]["taste"], Value::Null);
    // Somebody with a history and no taste is not offered what they have seen.
    let eve = answer(&api, "/v1/users/eve/recommendations?limit=2").await;
    assert_eq!(eve["basis"], "popular");
    assert_eq!(recommended(&eve), ["gone", "e1"]);

    let popular = answer(&api, "/v1/titles/popular?limit=1").await;
    assert_eq!(
        popular,
        json!({
            "event_date": DATE,
            "generation": 1,
            "titles": [{
                "rank": 1,
                "title": {"title_id": "heat", "name": "The heat", "kind": "movie",
                          "genres": ["Crime", "Drama"], "runtime_ms": 5_400_000},
                "viewers": 7, "watch_ms": 700, "completions": 5,
            }],
        })
    );
}

#[tokio::test]
async fn a_bad_question_is_told_what_is_bad_about_it() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let long = format!("/v1/users/{}/recommendations", "u".repeat(129));
    for (path, message) in [
        (
            "/v1/titles/popular?limit=0",
            "limit=0 is not a whole number from 1 to 100",
        ),
        (
            "/v1/titles/popular?limit=101",
            "limit=101 is not a whole number from 1 to 100",
        ),
        (
            "/v1/titles/popular?limit=ten",
            "limit=ten is not a whole number from 1 to 100",
        ),
        (
            "/v1/titles/popular?limit=1&limit=2",
            "limit, once, is the only parameter",
        ),
        (
            "/v1/users/bob/recommendations?top=1",
            "limit, once, is the only parameter",
        ),
        (
            "/v1/users/%FF/recommendations",
            "the user_id is no percent-encoded UTF-8",
        ),
        (&long, "a user_id has at most 128 bytes, and no U+0000"),
        (
            "/v1/users/%00/recommendations",
            "a user_id has at most 128 bytes, and no U+0000",
        ),
    ] {
        let (status, answer) = ask(&api, path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
        let error = json!({"error": {"code": "bad_request", "message": message}});
        assert_eq!(answer, error, "{path}");
    }
    let (status, answer) = ask(&api, "/v1/users").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    let (status, body) = send(&api, Method::DELETE, "/health").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(body.starts_with(b"{\"error\":{\"code\":\"method_not_allowed\""));
    let (status, body) = send(&api, Method::HEAD, "/health").await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn a_newer_state_is_seen_when_it_is_looked_for() {
    let lake = Lake::new().await;
    let eager = marquee_api::router(lake.store.clone(), Duration::ZERO);
    let patient = marquee_api::router(lake.store.clone(), NEVER);
    for api in [&eager, &patient] {
        let (status, answer) = ask(api, "/health").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer["error"]["code"], "nothing_published");
    }
    lake.publish(DATE, 1, tables()).await;
    let health = |date: &str, generation: u32| json!({"status": "ok", "event_date": date, "generation": generation});
    for api in [&eager, &patient] {
        assert_eq!(answer(api, "/health").await, health(DATE, 1));
    }
    lake.publish(DATE, 2, tables()).await;
    lake.publish("2026-03-10", 1, vec![]).await;
    assert_eq!(answer(&eager, "/health").await, health("2026-03-10", 1));
    assert_eq!(answer(&patient, "/health").await, health(DATE, 1));
    // A generation without the tables answers, with nothing.
    let answer = answer(&eager, "/v1/users/bob/recommendations").await;
    assert_eq!(answer["basis"], "popular");
    assert_eq!(answer["recommendations"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_state_whose_files_were_swept_is_replaced_at_once() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    assert_eq!(answer(&api, "/health").await["generation"], 1);
    lake.publish(DATE, 2, tables()).await;
    lake.sweep(DATE, 1).await;
    let bob = answer(&api, "/v1/users/bob/recommendations").await;
    assert_eq!(
        (&bob["generation"], &bob["basis"]),
        (&json!(2), &json!("history"))
    );
    // With nothing newer to read, it is an error, whose cause is not the asker's.
    lake.sweep(DATE, 2).await;
    let (status, answer) = ask(&api, "/v1/users/bob/recommendations").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({"code": "lake", "message": "the lake could not be read"});
    assert_eq!(answer["error"], error);
}

#[tokio::test]
async fn a_newer_state_that_cannot_be_loaded_stops_nobody() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let api = marquee_api::router(lake.store.clone(), Duration::ZERO);
    assert_eq!(answer(&api, "/health").await["generation"], 1);
    let key = Path::from(format!("ledger/days/event_date={DATE}/000002.json"));
    lake.store.put(&key, "{".into()).await.unwrap();
    assert_eq!(answer(&api, "/health").await["generation"], 1);
    let bob = answer(&api, "/v1/users/bob/recommendations").await;
    assert_eq!(
        (&bob["generation"], &bob["basis"]),
        (&json!(1), &json!("history"))
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_patience_for_a_newer_state() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let slow = Arc::new(ThrottledStore::new(
        lake.store.clone(),
        ThrottleConfig::default(),
    ));
    let api = marquee_api::router(slow.clone(), Duration::from_secs(60));
    assert_eq!(answer(&api, "/health").await["generation"], 1);

    lake.publish(DATE, 2, tables()).await;
    slow.config_mut(|config| config.wait_get_per_call = Duration::from_secs(20));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let began = Instant::now();
    assert_eq!(answer(&api, "/health").await["generation"], 1);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    // While it is being loaded, others do not wait at all.
    let began = Instant::now();
    assert_eq!(answer(&api, "/health").await["generation"], 1);
    assert_eq!(began.elapsed(), Duration::ZERO);
    // It goes on being loaded.
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(answer(&api, "/health").await["generation"], 2);
}

#[tokio::test]
async fn a_table_of_other_columns_is_an_error() {
    let lake = Lake::new().await;
    let mut tables = tables();
    tables[0].1.remove(2);
    lake.publish(DATE, 1, tables).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let (status, answer) = ask(&api, "/health").await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &json!("lake"))
    );
}
