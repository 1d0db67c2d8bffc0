//! The Data API without its wire: statements are taken, run in sessions of their
//! own while others do something else, and asked for by an id.

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
use crate::engine::{Answer, Engine, Failed};

pub use execution::{Record, Status, Sub};
pub use fault::Fault;

/// The Data API's bound on a statement.
const MAX_BYTES: usize = 100 << 10;
/// The Data API's bound on a client token.
const MAX_TOKEN: usize = 64;

/// What is to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The statements.
    pub sqls: Vec<String>,
    /// Their parameters.
    pub parameters: Vec<(String, String)>,
    /// The client token.
    pub token: Option<String>,
    /// The statements' name.
    pub name: Option<String>,
    /// Whether it came as a batch.
    pub is_batch: bool,
}

/// The Data API in a process.
#[derive(Clone)]
pub struct FakeDataApi {
    engine: Arc<Engine>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<String, Record>,
    tokens: BTreeMap<String, (String, Request)>,
    faults: Vec<Fault>,
    pace: Duration,
    /// How many were taken, also of those that are forgotten.
    taken: usize,
}

impl FakeDataApi {
    /// Takes statements for that engine.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine: Arc::new(engine),
            state: Arc::default(),
        }
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits so long between two statements of every batch that is taken from now on,
    /// so that batches which are handed over together run together.
    pub fn set_pace(&self, pace: Duration) {
        self.state().pace = pace;
    }

    /// Does so to the next batch that it concerns.
    pub fn meet(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Everything that was taken, oldest first.
    pub fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = self.state().records.values().cloned().collect();
        records.sort_by_key(|record| record.number);
        records
    }

    /// What was taken under that id.
    pub fn record(&self, id: &str) -> Option<Record> {
        self.state().records.get(id).cloned()
    }

    /// Takes statements; the same id for the same token.
    ///
    /// # Errors
    /// The words of a validation error.
    pub fn take(&self, request: Request) -> Result<String, String> {
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
        let number = state.taken;
        state.taken += 1;
        let id = format!("{:08x}-5000-4000-8000-{number:012x}", std::process::id());
        let fault = fault::take(&mut state.faults, request.name.as_deref());
        let pace = state.pace;
        if let Some(token) = &request.token {
            let taken = (id.clone(), request.clone());
            state.tokens.insert(token.clone(), taken);
        }
        if let Some(Fault::Forget { .. }) = fault {
            return Ok(id);
        }
        state
            .records
            .insert(id.clone(), Record::new(number, id.clone(), request));
        drop(state);
        let data_api = self.clone();
        let running = id.clone();
        let task = tokio::spawn(async move { data_api.run(&running, fault, pace).await });
        self.change(&id, |record| record.task = Some(task.abort_handle()));
        Ok(id)
    }

    /// Stops what was taken under that id; whether it was running.
    pub fn cancel(&self, id: &str) -> bool {
        let mut state = self.state();
        let Some(record) = state.records.get_mut(id) else {
            return false;
        };
        if record.status.is_over() {
            return false;
        }
        if let Some(task) = record.task.take() {
            task.abort();
        }
        record.end(Status::Aborted, None);
        true
    }

    async fn run(&self, id: &str, fault: Option<Fault>, pace: Duration) {
        let Some(record) = self.record(id) else {
            return;
        };
        self.change(id, |record| record.start());
        let outcome = self.transaction(&record, fault, pace).await;
        self.change(id, |record| match outcome {
            Ok(()) => record.end(Status::Finished, None),
            Err(Failed(words)) => record.end(Status::Failed, Some(words)),
        });
    }

    async fn transaction(
        &self,
        record: &Record,
        fault: Option<Fault>,
        pace: Duration,
    ) -> Result<(), Failed> {
        let id = &record.id;
        let parameters: BTreeMap<String, String> =
            record.request.parameters.iter().cloned().collect();
        let session = self.engine.session().await?;
        let lose_after = match fault {
            Some(Fault::LoseSession { after, .. }) => Some(after),
            _ => None,
        };
        let lost = Failed("ERROR: the connection was lost".to_owned());
        session.begin().await?;
        for (number, sql) in record.request.sqls.iter().enumerate() {
            if lose_after == Some(number) {
                return Err(lost);
            }
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            self.change(id, |record| record.start_sub(number));
            let answer = session.run(sql, &parameters).await;
            self.change(id, |record| record.end_sub(number, &answer));
            answer?;
        }
        if lose_after == Some(record.request.sqls.len()) {
            return Err(lost);
        }
        session.commit().await
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.state().records.get_mut(id) {
            change(record);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the Data API refuses at once.
fn validate(request: &Request) -> Result<(), String> {
    let count = request.sqls.len();
    if count == 0 || count > MAX_STATEMENTS {
        return Err(format!(
            "1 validation error detected: Value at 'sqls' failed to satisfy constraint: Member \
             must have length between 1 and {MAX_STATEMENTS}, it has {count}"
        ));
    }
    if let Some(sql) = request.sqls.iter().find(|sql| sql.len() > MAX_BYTES) {
        return Err(format!(
            "A SQL statement has {} bytes, the maximum is {MAX_BYTES}",
            sql.len()
        ));
    }
    if let Some(token) = &request.token
        && (token.is_empty() || token.len() > MAX_TOKEN)
    {
        return Err(format!(
            "1 validation error detected: Value at 'clientToken' failed to satisfy constraint: \
             Member must have length between 1 and {MAX_TOKEN}"
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
        let request = Request {
            sqls: batch.statements.iter().map(|s| s.text()).collect(),
            parameters: batch.parameters.clone().into_iter().collect(),
            token: Some(batch.token.clone()),
            name: Some(batch.name.clone()),
            is_batch: true,
        };
        self.take(request)
            .map_err(|cause| WarehouseError::Rejected {
                action: format!("run {}", batch.name),
                cause,
            })
    }

    async fn poll(&self, id: &str) -> Result<BatchProgress, WarehouseError> {
        let Some(record) = self.record(id) else {
            return Ok(BatchProgress::Unknown);
        };
        Ok(match record.status {
            Status::Submitted | Status::Started => BatchProgress::Running,
            Status::Finished => BatchProgress::Done,
            Status::Failed | Status::Aborted => {
                let failed = record
                    .subs
                    .iter()
                    .zip(&record.request.sqls)
                    .find(|(sub, _)| sub.status == Status::Failed);
                let words = record
                    .error
                    .unwrap_or_else(|| "it was stopped by a user".to_owned());
                BatchProgress::Failed(BatchFailure {
                    statement: failed
                        .and_then(|(_, sql)| Some(port::statement_name(sql)?.to_owned())),
                    is_transient: port::is_transient_failure(&words),
                    message: words,
                })
            }
        })
    }

    async fn rows(&self, id: &str, statement: usize) -> Result<ResultRows, WarehouseError> {
        let answer: Option<Answer> = self
            .record(id)
            .and_then(|record| Some(record.subs.get(statement)?.answer.clone()));
        match answer {
            Some(answer) => Ok(answer.rows),
            None => Err(WarehouseError::Rejected {
                action: format!("give the rows of {id}:{}", statement + 1),
                cause: "Query does not have result".to_owned(),
            }),
        }
    }
}
