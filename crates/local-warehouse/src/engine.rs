//! The engine: PostgreSQL sessions that run Redshift's statements.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::copy::{self, CopySource};
use crate::dialect::{self, TranslatedStatement};
use crate::postgres::{Postgres, Role, StartError};

/// The functions that Redshift has and PostgreSQL lacks.
const FUNCTIONS: &str = "CREATE OR REPLACE FUNCTION public.getdate() RETURNS timestamp \
                         LANGUAGE sql VOLATILE \
                         AS $$SELECT CAST(clock_timestamp() AT TIME ZONE 'UTC' AS timestamp)$$";

/// Creates the role of queries. It can read all tables. It cannot read the server's files,
/// because it is not a superuser. Only the owner of the database creates objects.
const READER_ROLE: &str = "DO $$ BEGIN \
     IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'marquee_reader') THEN \
         CREATE ROLE marquee_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; \
         GRANT pg_read_all_data TO marquee_reader; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
         REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; \
     END IF; END $$";

/// A PostgreSQL server that accepts Redshift's statements.
pub struct Engine {
    postgres: Arc<Postgres>,
    lake: CopySource,
}

/// An error of a statement or a session, with the server's message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct StatementError(pub String);

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// The column's name.
    pub name: String,
    /// PostgreSQL's short name of the type, such as `int8` or `varchar`.
    pub type_name: String,
}

/// The result of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryResult {
    /// The columns of the rows; `None` for a statement that returns no rows.
    pub columns: Option<Vec<ResultColumn>>,
    /// The rows, each value as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// The number of rows that the statement returned or changed.
    pub affected: u64,
}

impl Engine {
    /// Starts an engine that copies from `lake`. It stores its data in `data`, or in
    /// a temporary directory for `None`.
    ///
    /// # Errors
    /// [`StartError`] if PostgreSQL is not installed or does not start.
    pub async fn start(lake: CopySource, data: Option<&Path>) -> Result<Self, StartError> {
        let postgres = Postgres::start(data).await?;
        let engine = Self {
            postgres: Arc::new(postgres),
            lake,
        };
        let start_error = |error: StatementError| StartError::Server(error.0);
        let session = engine.session().await.map_err(start_error)?;
        for setup in [FUNCTIONS, READER_ROLE] {
            session.run_postgres(setup).await.map_err(start_error)?;
        }
        Ok(engine)
    }

    /// Updates the planner's statistics, as Redshift does by itself after a load. The
    /// server ends with the command, before autovacuum would do so.
    ///
    /// # Errors
    /// [`StatementError`] if the server cannot be reached.
    pub async fn analyze(&self) -> Result<(), StatementError> {
        self.session().await?.run_postgres("ANALYZE").await?;
        Ok(())
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`StatementError`] if the server cannot be reached.
    pub async fn session(&self) -> Result<SqlSession, StatementError> {
        self.session_as(Role::Owner).await
    }

    /// Runs one query in Redshift's dialect, as a role that can only read, in a read-only
    /// transaction, for at most `time_limit`.
    ///
    /// The server prepares the text before it runs it. It thus decides itself that the text is
    /// one statement, whatever quotes the text has.
    ///
    /// # Errors
    /// [`StatementError`] with the message of the translation or the server; `None` instead of
    /// a result for a statement that returns no rows.
    pub async fn query(
        &self,
        sql: &str,
        time_limit: Duration,
    ) -> Result<Option<QueryResult>, StatementError> {
        let sql = match dialect::translate(sql, &BTreeMap::new()).map_err(StatementError)? {
            TranslatedStatement::Sql(sql) => sql,
            TranslatedStatement::Copy(_) => return Ok(None),
        };
        let session = self.session_as(Role::Reader).await?;
        let limit = format!("SET statement_timeout = {}", time_limit.as_millis());
        session.run_postgres(&limit).await?;
        session
            .run_postgres("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .await?;
        let columns = session.columns(&sql).await?;
        let result = session.run_postgres(&sql).await?;
        Ok((!columns.is_empty()).then_some(QueryResult {
            columns: Some(columns),
            ..result
        }))
    }

    async fn session_as(&self, role: Role) -> Result<SqlSession, StatementError> {
        let connected = self.postgres.connect(role).await;
        let (client, driver) = connected.map_err(|error| StatementError(server_message(&error)))?;
        Ok(SqlSession {
            client,
            driver,
            lake: self.lake.clone(),
            _server: Arc::clone(&self.postgres),
        })
    }
}

/// A session. Dropping it rolls back an open transaction.
pub struct SqlSession {
    client: Client,
    driver: JoinHandle<()>,
    lake: CopySource,
    /// Keeps the server running while a session is open.
    _server: Arc<Postgres>,
}

impl Drop for SqlSession {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl SqlSession {
    /// Begins a transaction at Redshift's isolation level. Its snapshot is taken by
    /// the first statement that reads data, not by a LOCK.
    ///
    /// # Errors
    /// [`StatementError`] if the session is lost.
    pub async fn begin(&self) -> Result<(), StatementError> {
        self.run_postgres("BEGIN ISOLATION LEVEL REPEATABLE READ")
            .await?;
        Ok(())
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// [`StatementError`] with the server's message.
    pub async fn commit(&self) -> Result<(), StatementError> {
        self.run_postgres("COMMIT").await?;
        Ok(())
    }

    /// Runs a statement in Redshift's dialect.
    ///
    /// # Errors
    /// [`StatementError`] with the message of the translation or the server.
    pub async fn run(
        &self,
        sql: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<QueryResult, StatementError> {
        match dialect::translate(sql, parameters).map_err(StatementError)? {
            TranslatedStatement::Copy(copy) => {
                let copied = copy::run(&self.client, &self.lake, &copy).await;
                Ok(QueryResult {
                    affected: copied.map_err(StatementError)?,
                    ..QueryResult::default()
                })
            }
            TranslatedStatement::Sql(sql) => {
                let first = sql.split_whitespace().next().unwrap_or_default();
                let returns_rows = ["SELECT", "WITH", "SHOW", "("]
                    .iter()
                    .any(|word| first.to_uppercase().starts_with(word));
                let mut result = self.run_postgres(&sql).await?;
                result.columns = match returns_rows {
                    true => Some(self.columns(&sql).await?),
                    false => None,
                };
                Ok(result)
            }
        }
    }

    async fn columns(&self, sql: &str) -> Result<Vec<ResultColumn>, StatementError> {
        let prepared = self.client.prepare(sql).await;
        let prepared = prepared.map_err(|error| StatementError(server_message(&error)))?;
        let columns = prepared.columns().iter().map(|column| ResultColumn {
            name: column.name().to_owned(),
            type_name: column.type_().name().to_owned(),
        });
        Ok(columns.collect())
    }

    /// Runs a statement in PostgreSQL's dialect.
    async fn run_postgres(&self, sql: &str) -> Result<QueryResult, StatementError> {
        let messages = self.client.simple_query(sql).await;
        let messages = messages.map_err(|error| StatementError(server_message(&error)))?;
        let mut result = QueryResult::default();
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|column| row.get(column).map(str::to_owned));
                    result.rows.push(values.collect());
                }
                SimpleQueryMessage::CommandComplete(affected) => result.affected = affected,
                _ => {}
            }
        }
        Ok(result)
    }
}

/// Returns the server's error message, or that of a lost connection if the error is
/// not the server's.
pub(crate) fn server_message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => {
            let detail = error.detail().map(|detail| format!("\n  Detail: {detail}"));
            format!(
                "{}: {}{}",
                error.severity(),
                error.message(),
                detail.unwrap_or_default()
            )
        }
        None => format!("ERROR: the connection was lost: {error}"),
    }
}
