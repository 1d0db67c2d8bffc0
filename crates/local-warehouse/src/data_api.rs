//! The Data API without its wire protocol: it accepts statements, runs each request
//! in a session of its own in the background, and reports on it by id.

mod execution;
mod fault;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use marquee_warehouse::WarehouseError;
use marquee_warehouse::port::{
    self, BatchFailure, BatchProgress, MAX_STATEMENTS, ResultRows, StatementBatch, Warehouse,
};

use crate::dialect;
use crate::engine::{Engine, QueryResult, StatementError};

pub use execution::{Execution, ExecutionStatus, SubStatement};
pub use fault::Fault;

/// The Data API's limit on a statement, in bytes.
const MAX_STATEMENT_BYTES: usize = 100 << 10;
/// The Data API's limit on a client token, in bytes.
const MAX_TOKEN_BYTES: usize = 64;

/// A request to run statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecuteRequest {
    /// The statements.
    pub sqls: Vec<String>,
    /// The statements' named parameters.
    pub parameters: Vec<(String, String)>,
    /// The client token, which makes the request idempotent.
    pub token: Option<String>,
    /// The statement name, by which requests can be listed.
    pub name: Option<String>,
    /// True if the request is a BatchExecuteStatement.
    pub is_batch: bool,
}

/// The Data API within a process.
#[derive(Clone)]
pub struct FakeDataApi {
    engine: Arc<Engine>,
    state: Arc<Mutex<ApiState>>,
}

#[derive(Default)]
struct ApiState {
    executions: BTreeMap<String, Execution>,
    /// The id and the request of each client token.
    tokens: BTreeMap<String, (String, ExecuteRequest)>,
    faults: Vec<Fault>,
    pace: Duration,
    /// The number of accepted requests, forgotten ones included.
    accepted: usize,
}

impl FakeDataApi {
    /// Creates an API that runs statements on `engine`.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine: Arc::new(engine),
            state: Arc::default(),
        }
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets the pause before each statement of requests accepted from now on. A
    /// pause makes requests that are submitted together overlap.
    pub fn set_pace(&self, pace: Duration) {
        self.state().pace = pace;
    }

    /// Injects a fault into the next batch with its name.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Returns all accepted requests except forgotten ones, oldest first.
    pub fn executions(&self) -> Vec<Execution> {
        let mut executions: Vec<Execution> = self.state().executions.values().cloned().collect();
        executions.sort_by_key(|execution| execution.number);
        executions
    }

    /// Returns the request with this id.
    pub fn execution(&self, id: &str) -> Option<Execution> {
        self.state().executions.get(id).cloned()
    }

    /// Accepts a request, starts it in the background and returns its id. A repeated
    /// client token returns the first request's id.
    ///
    /// # Errors
    /// The message of a validation error.
    pub fn execute(&self, request: ExecuteRequest) -> Result<String, String> {
        validate(&request)?;
        let mut state = self.state();
        if let Some(token) = &request.token
            && let Some((id, before)) = state.tokens.get(token)
        {
            return match *before == request {
                true => Ok(id.clone()),
                false => Err("The client token was used before, with other statements".to_owned()),
            };
        }
        let number = state.accepted;
        state.accepted += 1;
        let id = format!("{:08x}-5000-4000-8000-{number:012x}", std::process::id());
        let fault = fault::take(&mut state.faults, request.name.as_deref());
        let pace = state.pace;
        if let Some(token) = &request.token {
            let accepted = (id.clone(), request.clone());
            state.tokens.insert(token.clone(), accepted);
        }
        if let Some(Fault::Forget { .. }) = fault {
            return Ok(id);
        }
        state
            .executions
            .insert(id.clone(), Execution::new(number, id.clone(), request));
        drop(state);
        let data_api = self.clone();
        let running = id.clone();
        let task = tokio::spawn(async move { data_api.run(&running, fault, pace).await });
        self.change(&id, |execution| execution.task = Some(task.abort_handle()));
        Ok(id)
    }

    /// Cancels the request with this id. Returns whether it was still running.
    pub fn cancel(&self, id: &str) -> bool {
        let mut state = self.state();
        let Some(execution) = state.executions.get_mut(id) else {
            return false;
        };
        if execution.status.is_over() {
            return false;
        }
        if let Some(task) = execution.task.take() {
            task.abort();
        }
        execution.end(ExecutionStatus::Aborted, None);
        true
    }

    async fn run(&self, id: &str, fault: Option<Fault>, pace: Duration) {
        let Some(execution) = self.execution(id) else {
            return;
        };
        self.change(id, |execution| execution.start());
        let outcome = self.transaction(&execution, fault, pace).await;
        self.change(id, |execution| match outcome {
            Ok(()) => execution.end(ExecutionStatus::Finished, None),
            Err(StatementError(message)) => execution.end(ExecutionStatus::Failed, Some(message)),
        });
    }

    async fn transaction(
        &self,
        execution: &Execution,
        fault: Option<Fault>,
        pace: Duration,
    ) -> Result<(), StatementError> {
        let id = &execution.id;
        let parameters: BTreeMap<String, String> =
            execution.request.parameters.iter().cloned().collect();
        let session = self.engine.session().await?;
        let lose_after = match fault {
            Some(Fault::LoseSession { after, .. }) => Some(after),
            _ => None,
        };
        let lost = StatementError("ERROR: the connection was lost".to_owned());
        session.begin().await?;
        for (number, sql) in execution.request.sqls.iter().enumerate() {
            if lose_after == Some(number) {
                return Err(lost);
            }
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            self.change(id, |execution| execution.start_sub(number));
            let result = session.run(sql, &parameters).await;
            self.change(id, |execution| execution.end_sub(number, &result));
            result?;
        }
        if lose_after == Some(execution.request.sqls.len()) {
            return Err(lost);
        }
        session.commit().await
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Execution)) {
        if let Some(execution) = self.state().executions.get_mut(id) {
            change(execution);
        }
    }

    fn state(&self) -> MutexGuard<'_, ApiState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks a request as the Data API does before it accepts one.
///
/// # Errors
/// The API's message.
fn validate(request: &ExecuteRequest) -> Result<(), String> {
    let count = request.sqls.len();
    if count == 0 || count > MAX_STATEMENTS {
        return Err(format!(
            "1 validation error detected: Value at 'sqls' failed to satisfy constraint: Member \
             must have length between 1 and {MAX_STATEMENTS}, it has {count}"
        ));
    }
    let is_too_long = |sql: &&String| sql.len() > MAX_STATEMENT_BYTES;
    if let Some(sql) = request.sqls.iter().find(is_too_long) {
        return Err(format!(
            "A SQL statement has {} bytes, the maximum is {MAX_STATEMENT_BYTES}",
            sql.len()
        ));
    }
    if let Some(token) = &request.token
        && (token.is_empty() || token.len() > MAX_TOKEN_BYTES)
    {
        return Err(format!(
            "1 validation error detected: Value at 'clientToken' failed to satisfy constraint: \
             Member must have length between 1 and {MAX_TOKEN_BYTES}"
        ));
    }
    let mut used: Vec<String> = Vec::new();
    for sql in &request.sqls {
        used.extend(dialect::parameters(sql));
    }
    for (name, value) in &request.parameters {
        if value.is_empty() {
            return Err(format!(
                "1 validation error detected: Value of parameter {name} failed to satisfy \
                 constraint: Member must have length greater than or equal to 1"
            ));
        }
        if !used.contains(name) {
            return Err(format!(
                "Parameters list contains unused parameters: {name}"
            ));
        }
    }
    let given = |name: &String| request.parameters.iter().any(|(given, _)| given == name);
    match used.iter().find(|name| !given(name)) {
        Some(name) => Err(format!("Parameter {name} is used, but was not given")),
        None => Ok(()),
    }
}

#[async_trait]
impl Warehouse for FakeDataApi {
    async fn submit(&self, batch: &StatementBatch) -> Result<String, WarehouseError> {
        let request = ExecuteRequest {
            sqls: batch.statements.iter().map(|s| s.text()).collect(),
            parameters: batch.parameters.clone().into_iter().collect(),
            token: Some(batch.token.clone()),
            name: Some(batch.name.clone()),
            is_batch: true,
        };
        self.execute(request)
            .map_err(|cause| WarehouseError::Rejected {
                action: format!("run {}", batch.name),
                cause,
            })
    }

    async fn poll(&self, id: &str) -> Result<BatchProgress, WarehouseError> {
        let Some(execution) = self.execution(id) else {
            return Ok(BatchProgress::Unknown);
        };
        Ok(match execution.status {
            ExecutionStatus::Submitted | ExecutionStatus::Started => BatchProgress::Running,
            ExecutionStatus::Finished => BatchProgress::Done,
            ExecutionStatus::Failed | ExecutionStatus::Aborted => {
                let failed = execution
                    .sub_statements
                    .iter()
                    .zip(&execution.request.sqls)
                    .find(|(sub, _)| sub.status == ExecutionStatus::Failed);
                let message = execution
                    .error
                    .unwrap_or_else(|| "cancelled by a user".to_owned());
                BatchProgress::Failed(BatchFailure {
                    statement: failed
                        .and_then(|(_, sql)| Some(port::statement_name(sql)?.to_owned())),
                    is_transient: port::is_transient_failure(&message),
                    message,
                })
            }
        })
    }

    async fn rows(&self, id: &str, statement: usize) -> Result<ResultRows, WarehouseError> {
        let result: Option<QueryResult> = self
            .execution(id)
            .and_then(|execution| Some(execution.sub_statements.get(statement)?.result.clone()));
        match result {
            Some(result) => Ok(result.rows),
            None => Err(WarehouseError::Rejected {
                action: format!("read the rows of {id}:{}", statement + 1),
                cause: "Query does not have result".to_owned(),
            }),
        }
    }
}
