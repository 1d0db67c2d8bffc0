//! Runs the built function against a Lambda Runtime API, an S3 server and a local
//! warehouse behind the Data API's HTTP interface.

use std::sync::Arc;
use std::time::Duration;

use marquee_local_warehouse::data_api::Fault;
use marquee_local_warehouse::server::{Account, DataApiServer};
use marquee_local_warehouse::{Engine, FakeDataApi};
use marquee_runtime_api::{InvocationResult, RuntimeApi, function};
use marquee_s3_stand_in::StandIn;
use serde_json::{Value, json};

use crate::Postgresql;
use crate::bucket::{self, Bucket, DATE, ROLE, URL};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:warehouse";

/// Starts a warehouse with its HTTP interface.
async fn warehouse(s3: &Arc<StandIn>) -> DataApiServer {
    let lake = marquee_local_warehouse::copy::CopySource {
        store: Arc::new(Bucket(Arc::clone(s3))),
        url: URL.to_owned(),
        role: ROLE.to_owned(),
    };
    let data_api = FakeDataApi::new(Engine::start(lake, None).await.unwrap());
    let account = Account {
        workgroup: "marquee".into(),
        database: "marquee".into(),
        secret: SECRET.into(),
    };
    let server = DataApiServer::start(data_api, account).await.unwrap();
    // One row per page, so that every result has several pages.
    server.set_page_rows(1);
    server
}

async fn call(api: &mut RuntimeApi, what: &Value) -> Result<Value, String> {
    match api.invoke(&what.to_string()).await {
        InvocationResult::Response(answer) => Ok(serde_json::from_str(&answer).unwrap()),
        InvocationResult::Error(error) => Err(error),
    }
}

/// Starts a load and polls it to its end.
async fn load(api: &mut RuntimeApi, generation: u32) -> Value {
    let start = json!({"step": "start", "event_date": DATE, "generation": generation});
    let mut answer = call(api, &start).await.unwrap();
    for _ in 0..1_000 {
        if answer["status"] != "running" {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let poll = json!({"step": "poll", "load": answer["load"]});
        answer = call(api, &poll).await.unwrap();
    }
    panic!("the load does not end: {answer}");
}

pub(crate) async fn a_generation_is_loaded_through_the_data_api(_: Postgresql) {
    let s3 = Arc::new(StandIn::start(["lake"]).await);
    let server = warehouse(&s3).await;
    let mut api = RuntimeApi::start().await;
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api.address()),
        ("AWS_ENDPOINT_URL", s3.endpoint()),
        ("AWS_ENDPOINT_URL_REDSHIFT_DATA", server.endpoint()),
        ("MARQUEE_BUCKET", "lake"),
        ("MARQUEE_S3_PATH_STYLE", "true"),
        ("MARQUEE_WORKGROUP", "marquee"),
        ("MARQUEE_WAREHOUSE_DATABASE", "marquee"),
        ("MARQUEE_SECRET_ARN", SECRET),
        ("MARQUEE_COPY_ROLE_ARN", ROLE),
    ];
    let _running = function(env!("CARGO_BIN_EXE_load"), &variables).start();

    let rows = bucket::publish(&s3, 1, &[3, 4]);
    // The SDK retries a throttled call.
    server.fail_next(400, "ThrottlingException");
    let answer = load(&mut api, 1).await;
    assert_eq!(answer["status"], "loaded", "{answer}");
    assert_eq!(bucket::loaded(server.data_api()).await, rows);
    let book = s3
        .object(
            "lake",
            &format!("ledger/days/event_date={DATE}/audit/warehouse.json"),
        )
        .unwrap();
    let book: Value = serde_json::from_slice(&book).unwrap();
    assert_eq!(book["balanced"], true);
    assert_eq!(book["tables"]["retention"]["warehouse"], 7);

    // A lost session is retried; a failure reports the engine's message.
    let rows = bucket::publish(&s3, 2, &[5]);
    server.data_api().inject(Fault::LoseSession {
        name: "load-retention".into(),
        after: 6,
    });
    assert_eq!(load(&mut api, 2).await["status"], "loaded");
    assert_eq!(bucket::loaded(server.data_api()).await, rows);
    bucket::publish(&s3, 3, &[2]);
    bucket::damage(&s3, 3);
    let answer = load(&mut api, 3).await;
    assert_eq!(answer["status"], "failed");
    let cause = answer["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("cannot load retention: the statement \"copy the files\" failed: ERROR:"),
        "{cause}"
    );
    assert_eq!(bucket::loaded(server.data_api()).await, rows);

    // An unreachable warehouse is an error that the state machine retries.
    for _ in 0..5 {
        server.fail_next(500, "InternalServerException");
    }
    let start = json!({"step": "start", "event_date": DATE, "generation": 1});
    let error = call(&mut api, &start).await.unwrap_err();
    assert!(error.contains("\"Store\""), "{error}");
    let start = json!({"step": "start", "event_date": DATE, "generation": 77});
    let error = call(&mut api, &start).await.unwrap_err();
    assert!(error.contains("no generation 77"), "{error}");
}
