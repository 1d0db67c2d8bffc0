//! What was taken, and what came of it.

use std::time::SystemTime;

use tokio::task::AbortHandle;

use super::Request;
use crate::engine::{Answer, Failed};

/// How far a statement, or all of a batch, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits.
    Submitted,
    /// It runs.
    Started,
    /// It is done; a batch is committed.
    Finished,
    /// It was stopped by a user.
    Aborted,
    /// It failed.
    Failed,
}

impl Status {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Started => "STARTED",
            Self::Finished => "FINISHED",
            Self::Aborted => "ABORTED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether nothing more comes of it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Aborted | Self::Failed)
    }
}

/// A statement of what was taken.
#[derive(Debug, Clone)]
pub struct Sub {
    /// How far it is.
    pub status: Status,
    /// What it gave.
    pub answer: Answer,
    /// Why it failed.
    pub error: Option<String>,
}

/// What was taken.
#[derive(Debug, Clone)]
pub struct Record {
    /// How many were taken before it.
    pub number: usize,
    /// Its id.
    pub id: String,
    /// What it was.
    pub request: Request,
    /// How far it is.
    pub status: Status,
    /// Why it failed.
    pub error: Option<String>,
    /// Its statements.
    pub subs: Vec<Sub>,
    /// When it was taken.
    pub created: SystemTime,
    /// When that changed last.
    pub updated: SystemTime,
    pub(super) task: Option<AbortHandle>,
}

impl Record {
    pub(super) fn new(number: usize, id: String, request: Request) -> Self {
        let sub = Sub {
            status: Status::Submitted,
            answer: Answer::default(),
            error: None,
        };
        let now = SystemTime::now();
        Self {
            number,
            id,
            subs: vec![sub; request.sqls.len()],
            request,
            status: Status::Submitted,
            error: None,
            created: now,
            updated: now,
            task: None,
        }
    }

    pub(super) fn start(&mut self) {
        self.status = Status::Started;
        self.updated = SystemTime::now();
    }

    pub(super) fn end(&mut self, status: Status, error: Option<String>) {
        if self.status.is_over() {
            return;
        }
        self.status = status;
        self.error = error;
        self.updated = SystemTime::now();
        for sub in &mut self.subs {
            if !sub.status.is_over() {
                sub.status = Status::Aborted;
            }
        }
    }

    pub(super) fn start_sub(&mut self, number: usize) {
        if let Some(sub) = self.subs.get_mut(number) {
            sub.status = Status::Started;
        }
    }

    pub(super) fn end_sub(&mut self, number: usize, answer: &Result<Answer, Failed>) {
        let Some(sub) = self.subs.get_mut(number) else {
            return;
        };
        match answer {
            Ok(answer) => {
                sub.status = Status::Finished;
                sub.answer = answer.clone();
            }
            Err(Failed(words)) => {
                sub.status = Status::Failed;
                sub.error = Some(words.clone());
            }
        }
    }
}
