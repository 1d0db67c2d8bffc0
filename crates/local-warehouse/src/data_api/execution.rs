//! The state of an accepted request.

use std::time::SystemTime;

use tokio::task::AbortHandle;

use super::ExecuteRequest;
use crate::engine::{QueryResult, StatementError};

/// The status of a statement or a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// It has not started.
    Submitted,
    /// It runs.
    Started,
    /// It succeeded; a batch is committed.
    Finished,
    /// A user cancelled it.
    Aborted,
    /// It failed.
    Failed,
}

impl ExecutionStatus {
    /// Returns the status's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Started => "STARTED",
            Self::Finished => "FINISHED",
            Self::Aborted => "ABORTED",
            Self::Failed => "FAILED",
        }
    }

    /// Returns whether the status is final.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Aborted | Self::Failed)
    }
}

/// The state of one statement of a request.
#[derive(Debug, Clone)]
pub struct SubStatement {
    /// The statement's status.
    pub status: ExecutionStatus,
    /// The statement's result; empty until it has finished.
    pub result: QueryResult,
    /// The server's error if the statement failed.
    pub error: Option<String>,
}

/// The state of an accepted request.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The number of requests accepted before it.
    pub number: usize,
    /// The id by which callers ask for it.
    pub id: String,
    /// The request.
    pub request: ExecuteRequest,
    /// The status of the whole request.
    pub status: ExecutionStatus,
    /// The server's error if the request failed.
    pub error: Option<String>,
    /// The statements' states, in the request's order.
    pub sub_statements: Vec<SubStatement>,
    /// The time at which the request was accepted.
    pub created: SystemTime,
    /// The time of the last change of status.
    pub updated: SystemTime,
    pub(super) task: Option<AbortHandle>,
}

impl Execution {
    pub(super) fn new(number: usize, id: String, request: ExecuteRequest) -> Self {
        let sub = SubStatement {
            status: ExecutionStatus::Submitted,
            result: QueryResult::default(),
            error: None,
        };
        let now = SystemTime::now();
        Self {
            number,
            id,
            sub_statements: vec![sub; request.sqls.len()],
            request,
            status: ExecutionStatus::Submitted,
            error: None,
            created: now,
            updated: now,
            task: None,
        }
    }

    pub(super) fn start(&mut self) {
        self.status = ExecutionStatus::Started;
        self.updated = SystemTime::now();
    }

    pub(super) fn end(&mut self, status: ExecutionStatus, error: Option<String>) {
        if self.status.is_over() {
            return;
        }
        self.status = status;
        self.error = error;
        self.updated = SystemTime::now();
        for sub in &mut self.sub_statements {
            if !sub.status.is_over() {
                sub.status = ExecutionStatus::Aborted;
            }
        }
    }

    pub(super) fn start_sub(&mut self, number: usize) {
        if let Some(sub) = self.sub_statements.get_mut(number) {
            sub.status = ExecutionStatus::Started;
        }
    }

    pub(super) fn end_sub(&mut self, number: usize, result: &Result<QueryResult, StatementError>) {
        let Some(sub) = self.sub_statements.get_mut(number) else {
            return;
        };
        match result {
            Ok(result) => {
                sub.status = ExecutionStatus::Finished;
                sub.result = result.clone();
            }
            Err(StatementError(message)) => {
                sub.status = ExecutionStatus::Failed;
                sub.error = Some(message.clone());
            }
        }
    }
}
