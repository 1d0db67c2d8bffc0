//! The port to a warehouse: named SQL statements, submitted as one transaction and
//! polled until it ends.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::WarehouseError;

/// The maximum number of statements in a transaction: the limit of the Data API.
pub const MAX_STATEMENTS: usize = 40;

/// A SQL statement with a name for error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The purpose of the statement, in a few words.
    pub name: String,
    /// The SQL. `:name` stands for a parameter.
    pub sql: String,
}

impl Statement {
    /// Returns the SQL with the name as a leading comment, as it is sent to the
    /// warehouse. The warehouse's query history then shows the name.
    pub fn text(&self) -> String {
        format!("/* {} */\n{}", self.name, self.sql)
    }
}

/// Returns the name in a [text](Statement::text); `None` if it has none.
pub fn statement_name(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("/* ")?.split_once(" */")?;
    Some(name)
}

/// Statements that run as one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementBatch {
    /// The name of the batch, in letters, digits and hyphens.
    pub name: String,
    /// The idempotency token, at most 64 characters. Submitting the batch again with
    /// the same token does not run it again.
    pub token: String,
    /// The statements: 1 to [`MAX_STATEMENTS`].
    pub statements: Vec<Statement>,
    /// The values of the parameters. Each must be used, and none may be empty.
    pub parameters: BTreeMap<String, String>,
}

/// The state of a submitted batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchProgress {
    /// The batch has not ended.
    Running,
    /// The transaction is committed.
    Done,
    /// The transaction is rolled back.
    Failed(BatchFailure),
    /// The warehouse does not know the batch, or not any more. The transaction may
    /// be committed or not.
    Unknown,
}

/// The failure of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFailure {
    /// The name of the failed statement; `None` if it is unknown.
    pub statement: Option<String>,
    /// The engine's error message.
    pub message: String,
    /// True if a concurrent transaction or a lost connection caused the failure, so
    /// that a retry may succeed.
    pub is_transient: bool,
}

/// The rows of a result, each value as text; `None` is SQL NULL.
pub type ResultRows = Vec<Vec<Option<String>>>;

/// A warehouse that runs batches asynchronously.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// Submits a batch and returns its id.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`] and [`WarehouseError::Rejected`]. The warehouse
    /// may have accepted the batch nevertheless. To find out, submit it again with
    /// the same token.
    async fn submit(&self, batch: &StatementBatch) -> Result<String, WarehouseError>;

    /// Returns the state of the batch with this id.
    ///
    /// # Errors
    /// As [`Warehouse::submit`]. A failed batch is not an error.
    async fn poll(&self, id: &str) -> Result<BatchProgress, WarehouseError>;

    /// Returns the rows of a statement of a committed batch. Statements count from 0.
    ///
    /// # Errors
    /// As [`Warehouse::submit`].
    async fn rows(&self, id: &str, statement: usize) -> Result<ResultRows, WarehouseError>;
}

/// Returns true if the engine's error message reports a conflict with another
/// transaction or a lost session, so that a retry may succeed.
pub fn is_transient_failure(message: &str) -> bool {
    // Messages of Redshift first, then those of PostgreSQL.
    const TRANSIENT: [&str; 9] = [
        "serializable isolation violation",
        "snapshot isolation violation",
        "concurrent transaction",
        "conflict with concurrent",
        "deadlock detected",
        "could not serialize access",
        "due to concurrent",
        "connection was lost",
        "connection reset",
    ];
    let message = message.to_lowercase();
    TRANSIENT.iter().any(|known| message.contains(known))
}
