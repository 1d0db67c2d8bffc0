//! Responses of the API over a lake in memory.
#![allow(clippy::unwrap_used, missing_docs)]

mod lake;

use std::sync::Arc;
use std::time::Duration;

use arrow_array::StringArray;
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
    let response = api.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
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

/// Returns the ids of the recommended titles.
fn recommended(answer: &Value) -> Vec<&str> {
    let all = answer["recommendations"].as_array().unwrap();
    let titles = all.iter().map(|one| &one["title"]["title_id"]);
    titles.map(|id| id.as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_viewer_gets_personal_recommendations() {
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
    // The movie that bob began and the series are not recommended.
    assert_eq!(recommended(&answer), ["heat", "gone"]);
    let heat = &answer["recommendations"][0];
    assert_eq!(heat["rank"], 1);
    assert_eq!(heat["genres"], json!(["Crime", "Drama"]));
    assert_eq!(
        (&heat["popularity"], &heat["rating"]),
        (&json!(1.0), &json!(1.0))
    );
    // The cosine of bob's taste (0.8, 0.6) and the genres (1, 1) is 1.4 / √2.
    let taste = heat["taste"].as_f64().unwrap();
    assert!((taste - 1.4 / 2_f64.sqrt()).abs() < 1e-9, "{taste}");
    // The episode that bob rated 4.5 contributes more than the movie at 25 %.
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
async fn an_unknown_viewer_gets_popular_titles() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let nobody = answer(&api, "/v1/users/no%20body%2F%C3%A9/recommendations?limit=2").await;
    assert_eq!(nobody["user_id"], "no body/é");
    assert_eq!(nobody["basis"], "popular");
    assert_eq!(nobody["continue_watching"], json!([]));
    assert_eq!(recommended(&nobody), ["heat", "gone"]);
    assert_eq!(nobody["recommendations"][0]["taste"], Value::Null);
    // A viewer with a history but no taste gets no title from that history.
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

/// Returns the tables with these two users instead of `bob` and `eve`.
fn tables_of(bob: &str, eve: &str) -> Vec<(&'static str, crate::lake::Columns)> {
    let mut tables = tables();
    let (_, histories) = tables
        .iter_mut()
        .find(|(name, _)| *name == "user_title")
        .unwrap();
    let users = StringArray::from_iter_values([bob, bob, eve]);
    histories[0] = ("user_id", Arc::new(users));
    tables
}

#[tokio::test]
async fn an_id_without_the_prefix_of_all_known_ids_is_not_a_user() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables_of("ml-1", "ml-610")).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let known = answer(&api, "/v1/users/ml-1/recommendations").await;
    assert_eq!(known["basis"], "history");
    let new = answer(&api, "/v1/users/ml-611/recommendations").await;
    assert_eq!(new["basis"], "popular");
    for user in ["1", "ml", "ML-1"] {
        let (status, error) = ask(&api, &format!("/v1/users/{user}/recommendations")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let message = format!(
            "no user \"{user}\" is known: the id of every known user starts with \"ml-\", \
             as in \"ml-{user}\""
        );
        assert_eq!(
            error,
            json!({"error": {"code": "unknown_user", "message": message}})
        );
    }
}

#[tokio::test]
async fn ids_without_a_common_prefix_reject_no_user() {
    for (bob, eve) in [
        ("ml-1", "u-1"),
        ("ml-1", "zoe"),
        // The ids of one user say nothing about those of others.
        ("ml-1", "ml-1"),
        ("bob", "bobby"),
        ("-1", "-2"),
        ("0192-1", "0192-2"),
    ] {
        let lake = Lake::new().await;
        lake.publish(DATE, 1, tables_of(bob, eve)).await;
        let api = marquee_api::router(lake.store.clone(), NEVER);
        let answer = answer(&api, "/v1/users/1/recommendations").await;
        assert_eq!(answer["basis"], "popular", "{bob} {eve}");
    }
}

#[tokio::test]
async fn an_empty_user_id_is_not_found() {
    let lake = Lake::new().await;
    lake.publish(DATE, 1, tables()).await;
    let api = marquee_api::router(lake.store.clone(), NEVER);
    let (status, answer) = ask(&api, "/v1/users//recommendations").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    assert_eq!(answer["error"]["code"], "not_found");
}

#[tokio::test]
async fn the_error_of_a_bad_request_names_the_fault() {
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
            "unsupported query parameters: only limit is allowed, at most once",
        ),
        (
            "/v1/users/bob/recommendations?top=1",
            "unsupported query parameters: only limit is allowed, at most once",
        ),
        (
            "/v1/users/%FF/recommendations",
            "user_id is not percent-encoded UTF-8",
        ),
        (&long, "user_id must have at most 128 bytes and no U+0000"),
        (
            "/v1/users/%00/recommendations",
            "user_id must have at most 128 bytes and no U+0000",
        ),
    ] {
        let (status, answer) = ask(&api, path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
        let error = json!({"error": {"code": "bad_request", "message": message}});
        assert_eq!(answer, error, "{path}");
    }
    let (status, body) = send(&api, Method::DELETE, "/health").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(body.starts_with(b"{\"error\":{\"code\":\"method_not_allowed\""));
    let (status, body) = send(&api, Method::HEAD, "/health").await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn the_root_and_unknown_paths_list_the_routes() {
    // The list needs no published date.
    let api = marquee_api::router(Lake::new().await.store.clone(), NEVER);
    let index = answer(&api, "/").await;
    let routes: Vec<&str> = index["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["route"].as_str().unwrap())
        .collect();
    assert_eq!(routes.len(), 3);
    for route in &routes {
        let path = route.strip_prefix("GET ").unwrap();
        let (status, _) = ask(&api, &path.replace("{user_id}", "bob")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{route}");
    }
    for path in ["/v1/users", "/v2", "/health/"] {
        let (status, answer) = ask(&api, path).await;
        let message = "unknown route; the routes are GET /v1/users/{user_id}/recommendations, \
                       GET /v1/titles/popular, GET /health";
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let error = json!({"error": {"code": "not_found", "message": message}});
        assert_eq!(answer, error, "{path}");
    }
    let (status, _) = send(&api, Method::POST, "/").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_newer_state_is_served_after_the_refresh_interval() {
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
    // A generation without tables counts as empty.
    let answer = answer(&eager, "/v1/users/bob/recommendations").await;
    assert_eq!(answer["basis"], "popular");
    assert_eq!(answer["recommendations"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_state_with_swept_files_is_replaced_at_once() {
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
    // Without a newer state, the request fails and the client does not see the cause.
    lake.sweep(DATE, 2).await;
    let (status, answer) = ask(&api, "/v1/users/bob/recommendations").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let message = "cannot read the lake; the log of the API has the cause";
    let error = json!({"code": "lake", "message": message});
    assert_eq!(answer["error"], error);
}

#[tokio::test]
async fn the_old_state_is_served_while_the_newer_one_cannot_be_loaded() {
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
async fn a_request_waits_at_most_ten_seconds_for_a_newer_state() {
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
    // While one request refreshes, others do not wait.
    let began = Instant::now();
    assert_eq!(answer(&api, "/health").await["generation"], 1);
    assert_eq!(began.elapsed(), Duration::ZERO);
    // The refresh completes in the background.
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(answer(&api, "/health").await["generation"], 2);
}

#[tokio::test]
async fn a_missing_column_is_an_error() {
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
