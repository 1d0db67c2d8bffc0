//! The Data API's wire: AWS JSON 1.1 over HTTP, on a free loopback port.
//!
//! It checks no signature, and stands on no AWS crate, so that a misunderstanding
//! of the SDK is not repeated here.

mod answers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::data_api::{FakeDataApi, Record, Request, Status};

/// The target of a call begins so.
const TARGET: &str = "RedshiftData.";
/// How many statements a page lists at most.
const MAX_LISTED: usize = 100;
/// What statements can be listed by.
const LISTED: [&str; 7] = [
    "SUBMITTED",
    "PICKED",
    "STARTED",
    "FINISHED",
    "ABORTED",
    "FAILED",
    "ALL",
];

/// What a caller must name to be let in.
#[derive(Debug, Clone)]
pub struct Account {
    /// The serverless workgroup.
    pub workgroup: String,
    /// Its database.
    pub database: String,
    /// The ARN of the secret.
    pub secret: String,
}

/// A running server; it stops when dropped.
pub struct Server {
    endpoint: String,
    data_api: FakeDataApi,
    state: Arc<Served>,
    task: JoinHandle<()>,
}

struct Served {
    data_api: FakeDataApi,
    account: Account,
    page_rows: AtomicUsize,
    refusals: Mutex<Vec<Refusal>>,
}

/// An error as AWS gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// What is not there.
    resource: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            resource: None,
        }
    }

    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn validation(message: impl Into<String>) -> Self {
        Self::bad("ValidationException", message)
    }

    fn not_found(id: &str, message: impl Into<String>) -> Self {
        Self {
            resource: Some(id.to_owned()),
            ..Self::bad("ResourceNotFoundException", message)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"__type": self.code, "Message": self.message});
        if let Some(resource) = self.resource {
            body["ResourceId"] = json!(resource);
        }
        (self.status, json_headers(), body.to_string()).into_response()
    }
}

fn json_headers() -> [(header::HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, "application/x-amz-json-1.1")]
}

impl Server {
    /// Serves the API to callers who name that account.
    ///
    /// # Errors
    /// When no loopback port is free.
    pub async fn start(data_api: FakeDataApi, account: Account) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Served {
            data_api: data_api.clone(),
            account,
            page_rows: AtomicUsize::new(1_000),
            refusals: Mutex::default(),
        });
        let router = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&state));
        let task = tokio::spawn(async move {
            // It ends when the server is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            endpoint,
            data_api,
            state,
            task,
        })
    }

    /// Where it answers, as `AWS_ENDPOINT_URL_REDSHIFT_DATA` wants it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What is behind the wire.
    pub fn data_api(&self) -> &FakeDataApi {
        &self.data_api
    }

    /// Bounds the rows of a page of a result.
    pub fn set_page_rows(&self, rows: usize) {
        self.state.page_rows.store(rows.max(1), Ordering::Relaxed);
    }

    /// Refuses the next call with that code, `ThrottlingException`, say; several
    /// in turn.
    pub fn refuse_next(&self, status: u16, code: &'static str) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let refusal = Refusal::new(status, code, "as it was told to");
        self.state.refusals().push(refusal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    fn refusals(&self) -> std::sync::MutexGuard<'_, Vec<Refusal>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn let_in(&self, workgroup: Option<&str>, database: Option<&str>) -> Result<(), Refusal> {
        if workgroup != Some(self.account.workgroup.as_str()) {
            return Err(Refusal::validation(
                "Redshift endpoint doesn't exist in this region.",
            ));
        }
        match database {
            Some(database) if database == self.account.database => Ok(()),
            _ => Err(Refusal::validation("Database name is missing or unknown")),
        }
    }

    fn record(&self, id: &str) -> Result<Record, Refusal> {
        let batch = id.split(':').next().unwrap_or(id);
        self.data_api
            .record(batch)
            .ok_or_else(|| Refusal::not_found(id, format!("Query {id} does not exist.")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Execute {
    sql: Option<String>,
    #[serde(default)]
    sqls: Vec<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    workgroup_name: Option<String>,
    database: Option<String>,
    secret_arn: Option<String>,
    statement_name: Option<String>,
    client_token: Option<String>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ById {
    id: String,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    statement_name: Option<String>,
    status: Option<String>,
    workgroup_name: Option<String>,
    database: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

async fn answer(State(served): State<Arc<Served>>, headers: HeaderMap, body: Bytes) -> Response {
    let refusal = {
        let mut refusals = served.refusals();
        (!refusals.is_empty()).then(|| refusals.remove(0))
    };
    let answered = match refusal {
        Some(refusal) => Err(refusal),
        None => dispatch(&served, &headers, &body),
    };
    match answered {
        Ok(answer) => (json_headers(), answer.to_string()).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn dispatch(served: &Served, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(Refusal::bad(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ));
    }
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.strip_prefix(TARGET)) {
        Some("ExecuteStatement") => execute(served, read(body)?, false),
        Some("BatchExecuteStatement") => execute(served, read(body)?, true),
        Some("DescribeStatement") => {
            let asked: ById = read(body)?;
            Ok(answers::description(
                &served.record(&asked.id)?,
                &served.account,
            ))
        }
        Some("GetStatementResult") => result(served, read(body)?),
        Some("ListStatements") => list(served, &read(body)?),
        Some("CancelStatement") => {
            let asked: ById = read(body)?;
            let record = served.record(&asked.id)?;
            match served.data_api.cancel(&record.id) {
                true => Ok(json!({"Status": true})),
                false => Err(Refusal::validation(format!(
                    "Could not cancel a query that is already in {} state.",
                    record.status.name()
                ))),
            }
        }
        _ => Err(Refusal::bad(
            "UnknownOperationException",
            format!("{target:?}"),
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::validation(error.to_string()))
}

fn execute(served: &Served, asked: Execute, is_batch: bool) -> Result<Value, Refusal> {
    served.let_in(asked.workgroup_name.as_deref(), asked.database.as_deref())?;
    if asked.secret_arn.as_deref() != Some(served.account.secret.as_str()) {
        return Err(Refusal::validation(
            "Invalid secret: the provided secret does not exist or cannot be read",
        ));
    }
    let sqls = match is_batch {
        true => asked.sqls,
        false => asked.sql.into_iter().collect(),
    };
    let request = Request {
        sqls,
        parameters: asked
            .parameters
            .into_iter()
            .map(|parameter| (parameter.name, parameter.value))
            .collect(),
        token: asked.client_token,
        name: asked.statement_name,
        is_batch,
    };
    let id = served.data_api.take(request).map_err(Refusal::validation)?;
    Ok(answers::taken(&id, &served.account))
}

fn result(served: &Served, asked: ById) -> Result<Value, Refusal> {
    let record = served.record(&asked.id)?;
    let number = match asked.id.split_once(':') {
        Some((_, number)) => number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
        // The result of a batch is asked for a statement at a time.
        None => (!record.request.is_batch).then_some(0),
    };
    let sub = number.and_then(|number| record.subs.get(number));
    let sub = sub.ok_or_else(|| {
        Refusal::not_found(&asked.id, format!("Query {} does not exist.", asked.id))
    })?;
    if record.status != Status::Finished || sub.answer.columns.is_none() {
        return Err(Refusal::not_found(
            &asked.id,
            "Query does not have result. Please check query status with DescribeStatement.",
        ));
    }
    let from = place(asked.next_token.as_deref())?;
    let rows = served.page_rows.load(Ordering::Relaxed);
    Ok(answers::page(&sub.answer, from, rows))
}

/// Where a page begins.
fn place(token: Option<&str>) -> Result<usize, Refusal> {
    token.map_or(Ok(0), |token| {
        token
            .parse()
            .map_err(|_| Refusal::validation("Invalid NextToken"))
    })
}

fn list(served: &Served, asked: &List) -> Result<Value, Refusal> {
    let most = match asked.max_results {
        None | Some(0) => MAX_LISTED,
        Some(most) if most <= MAX_LISTED => most,
        Some(most) => {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{most}' at 'maxResults' failed to satisfy \
                 constraint: Member must have value less than or equal to {MAX_LISTED}"
            )));
        }
    };
    let wanted = asked.status.as_deref().unwrap_or("FINISHED");
    if !LISTED.contains(&wanted) {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{wanted}' at 'status' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            LISTED.join(", ")
        )));
    }
    let prefix = asked.statement_name.as_deref().unwrap_or_default();
    let account = &served.account;
    let is_here = asked
        .workgroup_name
        .as_ref()
        .is_none_or(|name| *name == account.workgroup)
        && asked
            .database
            .as_ref()
            .is_none_or(|name| *name == account.database);
    let mut records = served.data_api.records();
    records.retain(|record| {
        let name = record.request.name.as_deref().unwrap_or_default();
        is_here && (wanted == "ALL" || record.status.name() == wanted) && name.starts_with(prefix)
    });
    let from = place(asked.next_token.as_deref())?;
    Ok(answers::list(&records, from, most))
}
