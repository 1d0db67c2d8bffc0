//! The Data API's wire protocol: AWS JSON 1.1 over HTTP, on a free loopback port.
//!
//! The server does not check signatures. It uses no AWS crate, so that it cannot
//! share a bug with the client under test.

mod responses;

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

use crate::data_api::{ExecuteRequest, Execution, ExecutionStatus, FakeDataApi};

/// The prefix of an operation in the `x-amz-target` header.
const TARGET_PREFIX: &str = "RedshiftData.";
/// The maximum number of statements in a page of ListStatements.
const MAX_LISTED: usize = 100;
/// The statuses by which ListStatements can filter.
const LISTED_STATUSES: [&str; 7] = [
    "SUBMITTED",
    "PICKED",
    "STARTED",
    "FINISHED",
    "ABORTED",
    "FAILED",
    "ALL",
];

/// The names that a caller must give to be authorized.
#[derive(Debug, Clone)]
pub struct Account {
    /// The serverless workgroup.
    pub workgroup: String,
    /// The workgroup's database.
    pub database: String,
    /// The ARN of the credentials' secret.
    pub secret: String,
}

/// A running server. Dropping it stops it.
pub struct DataApiServer {
    endpoint: String,
    data_api: FakeDataApi,
    state: Arc<ServerState>,
    task: JoinHandle<()>,
}

struct ServerState {
    data_api: FakeDataApi,
    account: Account,
    page_rows: AtomicUsize,
    injected_errors: Mutex<Vec<ApiError>>,
}

/// An error response in AWS's format.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The id of a missing resource.
    resource: Option<String>,
}

impl ApiError {
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

impl IntoResponse for ApiError {
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

impl DataApiServer {
    /// Starts to serve the API to callers that give `account`'s names.
    ///
    /// # Errors
    /// If no loopback port is free.
    pub async fn start(data_api: FakeDataApi, account: Account) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(ServerState {
            data_api: data_api.clone(),
            account,
            page_rows: AtomicUsize::new(1_000),
            injected_errors: Mutex::default(),
        });
        let router = Router::new()
            .route("/", post(handle))
            .with_state(Arc::clone(&state));
        let task = tokio::spawn(async move {
            // Dropping the server aborts this task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            endpoint,
            data_api,
            state,
            task,
        })
    }

    /// Returns the server's URL, for `AWS_ENDPOINT_URL_REDSHIFT_DATA`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the served API.
    pub fn data_api(&self) -> &FakeDataApi {
        &self.data_api
    }

    /// Sets the maximum number of rows in a page of GetStatementResult.
    pub fn set_page_rows(&self, rows: usize) {
        self.state.page_rows.store(rows.max(1), Ordering::Relaxed);
    }

    /// Makes the next call fail with this HTTP status and error code, such as
    /// `ThrottlingException`. Several errors apply to successive calls.
    pub fn fail_next(&self, status: u16, code: &'static str) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let error = ApiError::new(status, code, "injected error");
        self.state.injected_errors().push(error);
    }
}

impl Drop for DataApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ServerState {
    fn injected_errors(&self) -> std::sync::MutexGuard<'_, Vec<ApiError>> {
        self.injected_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks the workgroup and the database of a call.
    fn authorize(&self, workgroup: Option<&str>, database: Option<&str>) -> Result<(), ApiError> {
        if workgroup != Some(self.account.workgroup.as_str()) {
            return Err(ApiError::validation(
                "Redshift endpoint doesn't exist in this region.",
            ));
        }
        match database {
            Some(database) if database == self.account.database => Ok(()),
            _ => Err(ApiError::validation("Database name is missing or unknown")),
        }
    }

    /// Returns the request with this id, which may be a sub-statement's.
    fn execution(&self, id: &str) -> Result<Execution, ApiError> {
        let batch = id.split(':').next().unwrap_or(id);
        self.data_api
            .execution(batch)
            .ok_or_else(|| ApiError::not_found(id, format!("Query {id} does not exist.")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExecuteBody {
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
struct IdBody {
    id: String,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListBody {
    statement_name: Option<String>,
    status: Option<String>,
    workgroup_name: Option<String>,
    database: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

async fn handle(
    State(state): State<Arc<ServerState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let error = {
        let mut injected_errors = state.injected_errors();
        (!injected_errors.is_empty()).then(|| injected_errors.remove(0))
    };
    let result = match error {
        Some(error) => Err(error),
        None => dispatch(&state, &headers, &body),
    };
    match result {
        Ok(response) => (json_headers(), response.to_string()).into_response(),
        Err(error) => error.into_response(),
    }
}

fn dispatch(state: &ServerState, headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::bad(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ));
    }
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.strip_prefix(TARGET_PREFIX)) {
        Some("ExecuteStatement") => execute(state, read(body)?, false),
        Some("BatchExecuteStatement") => execute(state, read(body)?, true),
        Some("DescribeStatement") => {
            let request: IdBody = read(body)?;
            Ok(responses::description(
                &state.execution(&request.id)?,
                &state.account,
            ))
        }
        Some("GetStatementResult") => result(state, read(body)?),
        Some("ListStatements") => list(state, &read(body)?),
        Some("CancelStatement") => {
            let request: IdBody = read(body)?;
            let execution = state.execution(&request.id)?;
            match state.data_api.cancel(&execution.id) {
                true => Ok(json!({"Status": true})),
                false => Err(ApiError::validation(format!(
                    "Could not cancel a query that is already in {} state.",
                    execution.status.name()
                ))),
            }
        }
        _ => Err(ApiError::bad(
            "UnknownOperationException",
            format!("{target:?}"),
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::validation(error.to_string()))
}

fn execute(state: &ServerState, request: ExecuteBody, is_batch: bool) -> Result<Value, ApiError> {
    state.authorize(
        request.workgroup_name.as_deref(),
        request.database.as_deref(),
    )?;
    if request.secret_arn.as_deref() != Some(state.account.secret.as_str()) {
        return Err(ApiError::validation(
            "Invalid secret: the provided secret does not exist or cannot be read",
        ));
    }
    let sqls = match is_batch {
        true => request.sqls,
        false => request.sql.into_iter().collect(),
    };
    let execute = ExecuteRequest {
        sqls,
        parameters: request
            .parameters
            .into_iter()
            .map(|parameter| (parameter.name, parameter.value))
            .collect(),
        token: request.client_token,
        name: request.statement_name,
        is_batch,
    };
    let id = state
        .data_api
        .execute(execute)
        .map_err(ApiError::validation)?;
    Ok(responses::accepted(&id, &state.account))
}

fn result(state: &ServerState, request: IdBody) -> Result<Value, ApiError> {
    let execution = state.execution(&request.id)?;
    let number = match request.id.split_once(':') {
        Some((_, number)) => number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
        // The result of a batch needs the id of a sub-statement.
        None => (!execution.request.is_batch).then_some(0),
    };
    let sub = number.and_then(|number| execution.sub_statements.get(number));
    let sub = sub.ok_or_else(|| {
        ApiError::not_found(&request.id, format!("Query {} does not exist.", request.id))
    })?;
    if execution.status != ExecutionStatus::Finished || sub.result.columns.is_none() {
        return Err(ApiError::not_found(
            &request.id,
            "Query does not have result. Please check query status with DescribeStatement.",
        ));
    }
    let from = parse_offset(request.next_token.as_deref())?;
    let rows = state.page_rows.load(Ordering::Relaxed);
    responses::result_page(&sub.result, from, rows).map_err(|error| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerException",
            error,
        )
    })
}

/// Parses a page token: the index of the page's first row.
fn parse_offset(token: Option<&str>) -> Result<usize, ApiError> {
    token.map_or(Ok(0), |token| {
        token
            .parse()
            .map_err(|_| ApiError::validation("Invalid NextToken"))
    })
}

fn list(state: &ServerState, request: &ListBody) -> Result<Value, ApiError> {
    let page_size = match request.max_results {
        None | Some(0) => MAX_LISTED,
        Some(max) if max <= MAX_LISTED => max,
        Some(max) => {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{max}' at 'maxResults' failed to satisfy \
                 constraint: Member must have value less than or equal to {MAX_LISTED}"
            )));
        }
    };
    let wanted = request.status.as_deref().unwrap_or("FINISHED");
    if !LISTED_STATUSES.contains(&wanted) {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{wanted}' at 'status' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            LISTED_STATUSES.join(", ")
        )));
    }
    let prefix = request.statement_name.as_deref().unwrap_or_default();
    let account = &state.account;
    let is_account = request
        .workgroup_name
        .as_ref()
        .is_none_or(|name| *name == account.workgroup)
        && request
            .database
            .as_ref()
            .is_none_or(|name| *name == account.database);
    let mut executions = state.data_api.executions();
    executions.retain(|execution| {
        let name = execution.request.name.as_deref().unwrap_or_default();
        is_account
            && (wanted == "ALL" || execution.status.name() == wanted)
            && name.starts_with(prefix)
    });
    let from = parse_offset(request.next_token.as_deref())?;
    Ok(responses::list_page(&executions, from, page_size))
}
