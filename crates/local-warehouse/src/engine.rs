//! Sessions that run Redshift's statements.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::copy::{self, Lake};
use crate::dialect::{self, Translated};
use crate::postgres::{Postgres, StartError};

/// What Redshift has as a function and PostgreSQL has not.
const FUNCTIONS: &str = "CREATE OR REPLACE FUNCTION public.getdate() RETURNS timestamp \
                         LANGUAGE sql VOLATILE \
                         AS $$SELECT CAST(clock_timestamp() AT TIME ZONE 'UTC' AS timestamp)$$";

/// A small Redshift.
pub struct Engine {
    postgres: Arc<Postgres>,
    lake: Lake,
}

/// A statement, or a session, failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Failed(pub String);

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, in PostgreSQL's short words: `int8`, `varchar`.
    pub kind: String,
}

/// What a statement gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The columns of its rows; `None` for a statement that gives none.
    pub columns: Option<Vec<Column>>,
    /// The rows, each value as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows it gave or changed.
    pub affected: u64,
}

impl Engine {
    /// Starts one that copies from `lake`, with its data in `data`, or nowhere
    /// for long.
    ///
    /// # Errors
    /// When PostgreSQL does not start, or is not there.
    pub async fn start(lake: Lake, data: Option<&Path>) -> Result<Self, StartError> {
        let postgres = Postgres::start(data).await?;
        let engine = Self {
            postgres: Arc::new(postgres),
            lake,
        };
        let said = |error: Failed| StartError::Said(error.0);
        let session = engine.session().await.map_err(said)?;
        session.plain(FUNCTIONS).await.map_err(said)?;
        Ok(engine)
    }

    /// A session of its own.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn session(&self) -> Result<Session, Failed> {
        let connected = self.postgres.connect().await;
        let (client, driver) = connected.map_err(|error| Failed(words(&error)))?;
        Ok(Session {
            client,
            driver,
            lake: self.lake.clone(),
            _server: Arc::clone(&self.postgres),
        })
    }
}

/// A session; what is not committed goes with it.
pub struct Session {
    client: Client,
    driver: JoinHandle<()>,
    lake: Lake,
    /// No server goes before its sessions.
    _server: Arc<Postgres>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Begins a transaction at Redshift's isolation: it sees what was committed
    /// before its first look at data, for which a LOCK does not count.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn begin(&self) -> Result<(), Failed> {
        self.plain("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        Ok(())
    }

    /// Commits it.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn commit(&self) -> Result<(), Failed> {
        self.plain("COMMIT").await?;
        Ok(())
    }

    /// Runs a statement of Redshift's.
    ///
    /// # Errors
    /// [`Failed`] in the engine's words.
    pub async fn run(
        &self,
        sql: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Answer, Failed> {
        match dialect::translate(sql, parameters).map_err(Failed)? {
            Translated::Copy(copy) => {
                let copied = copy::run(&self.client, &self.lake, &copy).await;
                Ok(Answer {
                    affected: copied.map_err(Failed)?,
                    ..Answer::default()
                })
            }
            Translated::Sql(sql) => {
                let first = sql.split_whitespace().next().unwrap_or_default();
                let gives_rows = ["SELECT", "WITH", "SHOW", "("]
                    .iter()
                    .any(|word| first.to_uppercase().starts_with(word));
                let mut answer = self.plain(&sql).await?;
                answer.columns = match gives_rows {
                    true => Some(self.columns(&sql).await?),
                    false => None,
                };
                Ok(answer)
            }
        }
    }

    async fn columns(&self, sql: &str) -> Result<Vec<Column>, Failed> {
        let prepared = self.client.prepare(sql).await;
        let prepared = prepared.map_err(|error| Failed(words(&error)))?;
        let columns = prepared.columns().iter().map(|column| Column {
            name: column.name().to_owned(),
            kind: column.type_().name().to_owned(),
        });
        Ok(columns.collect())
    }

    /// Runs a statement of PostgreSQL's.
    async fn plain(&self, sql: &str) -> Result<Answer, Failed> {
        let messages = self.client.simple_query(sql).await;
        let messages = messages.map_err(|error| Failed(words(&error)))?;
        let mut answer = Answer::default();
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|place| row.get(place).map(str::to_owned));
                    answer.rows.push(values.collect());
                }
                SimpleQueryMessage::CommandComplete(affected) => answer.affected = affected,
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// An error in the server's words, or, where it said nothing, as a lost session.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => {
            let detail = said.detail().map(|detail| format!("\n  Detail: {detail}"));
            format!(
                "{}: {}{}",
                said.severity(),
                said.message(),
                detail.unwrap_or_default()
            )
        }
        None => format!("ERROR: the connection was lost: {error}"),
    }
}
