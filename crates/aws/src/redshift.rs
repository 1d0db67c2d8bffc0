//! Redshift's Data API as the [`Warehouse`] that generations are loaded into.

use std::error::Error as StdError;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::types::{Field, SqlParameter, StatementStatusString, StatusString};
use marquee_warehouse::port::{
    BatchFailure, BatchProgress, ResultRows, StatementBatch, Warehouse, is_transient_failure,
    statement_name,
};
use marquee_warehouse::{WarehouseError, port};

use crate::sdk_error::describe;

/// The error code for an unknown or expired statement id.
const NOT_FOUND: &str = "ResourceNotFoundException";
/// Error codes of calls that fail again when they are retried.
const PERMANENT_CODES: [&str; 6] = [
    NOT_FOUND,
    "ValidationException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
];

/// The database of a Redshift Serverless workgroup, through the Data API.
///
/// A batch is one `BatchExecuteStatement`: one transaction in its own session. Each
/// statement begins with its name as a comment. The warehouse's query history then
/// shows the name, and a failure reports it.
///
/// # Permissions
/// `redshift-data:BatchExecuteStatement` on the workgroup,
/// `redshift-data:DescribeStatement` and `GetStatementResult` on the caller's own
/// statements, `secretsmanager:GetSecretValue` on the secret.
#[derive(Debug, Clone)]
pub struct DataApi {
    client: Client,
    workgroup: String,
    database: String,
    secret: String,
}

impl DataApi {
    /// Creates the adapter for a database of the workgroup. `secret` is the ARN of
    /// the secret with its credentials.
    pub fn connect(
        config: &SdkConfig,
        workgroup: String,
        database: String,
        secret: String,
    ) -> Self {
        Self {
            client: Client::new(config),
            workgroup,
            database,
            secret,
        }
    }
}

#[async_trait]
impl Warehouse for DataApi {
    async fn submit(&self, batch: &StatementBatch) -> Result<String, WarehouseError> {
        let action = || format!("submit batch {}", batch.name);
        let mut parameters = Vec::new();
        for (name, value) in &batch.parameters {
            let parameter = SqlParameter::builder().name(name).value(value).build();
            parameters.push(parameter.map_err(|error| WarehouseError::Rejected {
                action: action(),
                cause: error.to_string(),
            })?);
        }
        let sqls = batch.statements.iter().map(port::Statement::text).collect();
        let answer = self
            .client
            .batch_execute_statement()
            .workgroup_name(&self.workgroup)
            .database(&self.database)
            .secret_arn(&self.secret)
            .statement_name(&batch.name)
            .client_token(&batch.token)
            .set_sqls(Some(sqls))
            .set_parameters((!parameters.is_empty()).then_some(parameters))
            .send()
            .await
            .map_err(|error| failed(action(), &error))?;
        answer.id.ok_or_else(|| {
            WarehouseError::InvalidResponse(format!("batch {} has no id", batch.name))
        })
    }

    async fn poll(&self, id: &str) -> Result<BatchProgress, WarehouseError> {
        let answer = self.client.describe_statement().id(id).send().await;
        match answer {
            Ok(answer) => progress(id, &answer),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(BatchProgress::Unknown),
            Err(error) => Err(failed(format!("poll batch {id}"), &error)),
        }
    }

    async fn rows(&self, id: &str, statement: usize) -> Result<ResultRows, WarehouseError> {
        // The Data API numbers the statements of a batch from 1.
        let id = format!("{id}:{}", statement + 1);
        let mut rows = ResultRows::new();
        let mut page = None;
        loop {
            let answer = self
                .client
                .get_statement_result()
                .id(&id)
                .set_next_token(page)
                .send()
                .await
                .map_err(|error| failed(format!("read the rows of statement {id}"), &error))?;
            for record in answer.records {
                rows.push(record.iter().map(value_text).collect::<Result<_, _>>()?);
            }
            page = answer.next_token.filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn progress(id: &str, answer: &DescribeStatementOutput) -> Result<BatchProgress, WarehouseError> {
    Ok(match answer.status() {
        Some(StatusString::Submitted | StatusString::Picked | StatusString::Started) => {
            BatchProgress::Running
        }
        Some(StatusString::Finished) => BatchProgress::Done,
        Some(StatusString::Failed) => BatchProgress::Failed(failure(answer)),
        Some(StatusString::Aborted) => BatchProgress::Failed(BatchFailure {
            statement: None,
            message: "a user cancelled the batch".to_owned(),
            is_transient: false,
        }),
        other => {
            let status = other.map_or("missing", StatusString::as_str);
            return Err(WarehouseError::InvalidResponse(format!(
                "the status of batch {id} is {status}"
            )));
        }
    })
}

/// Describes the failed statement. The Data API reports the error with the statement
/// and, for the last statement, also with the batch.
fn failure(answer: &DescribeStatementOutput) -> BatchFailure {
    let failed = answer
        .sub_statements()
        .iter()
        .find(|sub| sub.status() == Some(&StatementStatusString::Failed));
    let message = failed
        .and_then(|sub| sub.error())
        .or(answer.error())
        .unwrap_or("the Data API returned no error message")
        .to_owned();
    let text = failed.and_then(|sub| sub.query_string());
    BatchFailure {
        statement: text.and_then(statement_name).map(str::to_owned),
        is_transient: is_transient_failure(&message),
        message,
    }
}

/// Returns the value as text; `None` for SQL NULL.
fn value_text(field: &Field) -> Result<Option<String>, WarehouseError> {
    Ok(match field {
        Field::IsNull(_) => None,
        Field::StringValue(text) => Some(text.clone()),
        Field::LongValue(number) => Some(number.to_string()),
        Field::DoubleValue(number) => Some(number.to_string()),
        Field::BooleanValue(value) => Some(value.to_string()),
        other => {
            return Err(WarehouseError::InvalidResponse(format!(
                "a result has the value {other:?}"
            )));
        }
    })
}

/// Classifies a failed call as permanent or worth a retry.
fn failed<E>(action: String, error: &SdkError<E>) -> WarehouseError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let cause = describe(error);
    match error
        .code()
        .is_some_and(|code| PERMANENT_CODES.contains(&code))
    {
        true => WarehouseError::Rejected { action, cause },
        false => WarehouseError::Unavailable { action, cause },
    }
}
