//! What a warehouse can do, in the words of those who load it.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::WarehouseError;

/// How many statements a transaction may have: the Data API's bound.
pub const MAX_STATEMENTS: usize = 40;

/// A statement with a name that errors can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it does, in a few words.
    pub name: String,
    /// The SQL; `:name` stands for a parameter.
    pub sql: String,
}

impl Statement {
    /// The SQL under its name, as a warehouse is given it: so the name stands
    /// wherever the statement is told of.
    pub fn text(&self) -> String {
        format!("/* {} */\n{}", self.name, self.sql)
    }
}

/// The name in a [text](Statement::text).
pub fn name_of(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("/* ")?.split_once(" */")?;
    Some(name)
}

/// Statements that are run as one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What it is about, in letters, digits and hyphens.
    pub name: String,
    /// Handing the batch over again under the same token runs it once. At most
    /// 64 characters.
    pub token: String,
    /// 1 to [`MAX_STATEMENTS`] of them.
    pub statements: Vec<Statement>,
    /// The values of the parameters: each is used, and none is empty.
    pub parameters: BTreeMap<String, String>,
}

/// What became of a batch so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is not done yet.
    Running,
    /// It is committed.
    Done,
    /// Nothing of it stands.
    Failed(Failure),
    /// The warehouse does not know it, or not any more: it may stand or not.
    Unknown,
}

/// Why a batch failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the statement that failed, where it is known.
    pub statement: Option<String>,
    /// The engine's own words.
    pub words: String,
    /// Whether it stopped because of others, or of its connection, and may well
    /// succeed when it is tried again.
    pub may_pass: bool,
}

/// The rows of a result, each value as text; `None` is null.
pub type Rows = Vec<Vec<Option<String>>>;

/// A warehouse, which works while others do something else.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// Hands a batch over, and returns the id to ask for it by.
    ///
    /// # Errors
    /// [`WarehouseError::Unavailable`] and [`WarehouseError::Refused`]. The batch
    /// may have been taken all the same: the same token finds out.
    async fn submit(&self, batch: &Batch) -> Result<String, WarehouseError>;

    /// What became of the batch of that id.
    ///
    /// # Errors
    /// As [`Warehouse::submit`]. A batch that failed is no error.
    async fn poll(&self, id: &str) -> Result<Progress, WarehouseError>;

    /// The rows that a statement of a batch that is done gave, the statement
    /// counted from 0.
    ///
    /// # Errors
    /// As [`Warehouse::submit`].
    async fn rows(&self, id: &str, statement: usize) -> Result<Rows, WarehouseError>;
}

/// Whether the engine's words are of a kind that may pass: another transaction
/// was in the way, or the session was lost.
pub fn may_pass(words: &str) -> bool {
    // Redshift's words first, then PostgreSQL's.
    const PASSING: [&str; 9] = [
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
    let words = words.to_lowercase();
    PASSING.iter().any(|passing| words.contains(passing))
}
