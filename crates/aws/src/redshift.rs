//! Redshift's Data API as the [`Warehouse`] that generations are loaded into.

use std::error::Error as StdError;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::types::{Field, SqlParameter, StatementStatusString, StatusString};
use marquee_warehouse::port::{Batch, Failure, Progress, Rows, Warehouse, may_pass, name_of};
use marquee_warehouse::{WarehouseError, port};

use crate::sdk_error::describe;

/// What the Data API says of an id that it does not know, or not any more.
const NOT_FOUND: &str = "ResourceNotFoundException";
/// What does not pass when it is asked again.
const REFUSED: [&str; 6] = [
    NOT_FOUND,
    "ValidationException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
];

/// A serverless workgroup's database, through the Data API.
///
/// A batch is one `BatchExecuteStatement`: one transaction, in a session of its
/// own. Each statement begins with its name as a comment, so that the warehouse's
/// own history has it, and failures are told by it.
///
/// # Rights
/// `redshift-data:BatchExecuteStatement` on the workgroup,
/// `redshift-data:DescribeStatement` and `GetStatementResult` of own statements,
/// `secretsmanager:GetSecretValue` on the secret.
#[derive(Debug, Clone)]
pub struct DataApi {
    client: Client,
    workgroup: String,
    database: String,
    secret: String,
}

impl DataApi {
    /// The database of that workgroup, entered by the secret of that ARN.
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
    async fn submit(&self, batch: &Batch) -> Result<String, WarehouseError> {
        let action = || format!("run {}", batch.name);
        let mut parameters = Vec::new();
        for (name, value) in &batch.parameters {
            let parameter = SqlParameter::builder().name(name).value(value).build();
            parameters.push(parameter.map_err(|error| WarehouseError::Refused {
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
        answer.id.ok_or_else(|| WarehouseError::Answer {
            what: format!("no id for {}", batch.name),
        })
    }

    async fn poll(&self, id: &str) -> Result<Progress, WarehouseError> {
        let answer = self.client.describe_statement().id(id).send().await;
        match answer {
            Ok(answer) => Ok(progress(&answer)),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(Progress::Unknown),
            Err(error) => Err(failed(format!("describe statement {id}"), &error)),
        }
    }

    async fn rows(&self, id: &str, statement: usize) -> Result<Rows, WarehouseError> {
        // The Data API counts the statements of a batch from 1.
        let id = format!("{id}:{}", statement + 1);
        let mut rows = Rows::new();
        let mut page = None;
        loop {
            let answer = self
                .client
                .get_statement_result()
                .id(&id)
                .set_next_token(page)
                .send()
                .await
                .map_err(|error| failed(format!("give the rows of {id}"), &error))?;
            for record in answer.records {
                rows.push(record.iter().map(text).collect::<Result<_, _>>()?);
            }
            page = answer.next_token.filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn progress(answer: &DescribeStatementOutput) -> Progress {
    match answer.status() {
        Some(StatusString::Finished) => Progress::Done,
        Some(StatusString::Failed) => Progress::Failed(failure(answer)),
        Some(StatusString::Aborted) => Progress::Failed(Failure {
            statement: None,
            words: "it was stopped by a user".to_owned(),
            may_pass: false,
        }),
        _ => Progress::Running,
    }
}

/// Which statement failed and why: the Data API tells both with the statement,
/// and the last also with the batch.
fn failure(answer: &DescribeStatementOutput) -> Failure {
    let failed = answer
        .sub_statements()
        .iter()
        .find(|sub| sub.status() == Some(&StatementStatusString::Failed));
    let words = failed
        .and_then(|sub| sub.error())
        .or(answer.error())
        .unwrap_or("nothing")
        .to_owned();
    let text = failed.and_then(|sub| sub.query_string());
    Failure {
        statement: text.and_then(name_of).map(str::to_owned),
        may_pass: may_pass(&words),
        words,
    }
}

/// A value as text; `None` is null.
fn text(field: &Field) -> Result<Option<String>, WarehouseError> {
    Ok(match field {
        Field::IsNull(_) => None,
        Field::StringValue(text) => Some(text.clone()),
        Field::LongValue(number) => Some(number.to_string()),
        Field::DoubleValue(number) => Some(number.to_string()),
        Field::BooleanValue(value) => Some(value.to_string()),
        other => {
            return Err(WarehouseError::Answer {
                what: format!("a value {other:?}"),
            });
        }
    })
}

/// A failed call: refused, or worth another.
fn failed<E>(action: String, error: &SdkError<E>) -> WarehouseError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let cause = describe(error);
    match error.code().is_some_and(|code| REFUSED.contains(&code)) {
        true => WarehouseError::Refused { action, cause },
        false => WarehouseError::Unavailable { action, cause },
    }
}
