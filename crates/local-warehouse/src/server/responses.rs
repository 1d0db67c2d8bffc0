//! The bodies of the wire protocol's responses.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Account;
use crate::data_api::{Execution, SubStatement};
use crate::engine::{QueryResult, ResultColumn};

/// Creates the response to ExecuteStatement and BatchExecuteStatement.
pub(super) fn accepted(id: &str, account: &Account) -> Value {
    json!({
        "Id": id,
        "CreatedAt": seconds(SystemTime::now()),
        "Database": account.database,
        "WorkgroupName": account.workgroup,
        "SecretArn": account.secret,
    })
}

/// Creates the response to DescribeStatement.
pub(super) fn description(execution: &Execution, account: &Account) -> Value {
    let mut body = json!({
        "Id": execution.id,
        "Status": execution.status.name(),
        "Database": account.database,
        "WorkgroupName": account.workgroup,
        "SecretArn": account.secret,
        "CreatedAt": seconds(execution.created),
        "UpdatedAt": seconds(execution.updated),
        "Duration": -1,
        "HasResultSet": execution.sub_statements.iter().any(|sub| sub.result.columns.is_some()),
        "ResultRows": execution.sub_statements.last().map_or(-1, rows),
        "ResultSize": -1,
        "RedshiftPid": 0,
        "RedshiftQueryId": 0,
    });
    if let Some(error) = &execution.error {
        body["Error"] = json!(error);
    }
    if !execution.request.parameters.is_empty() {
        body["QueryParameters"] = execution
            .request
            .parameters
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
    }
    match execution.request.is_batch {
        true => {
            let numbered = (1..).zip(execution.sub_statements.iter().zip(&execution.request.sqls));
            body["SubStatements"] = numbered
                .map(|(number, (sub, sql))| sub_statement(execution, number, sub, sql))
                .collect();
        }
        false => body["QueryString"] = json!(execution.request.sqls.first()),
    }
    body
}

fn sub_statement(execution: &Execution, number: usize, sub: &SubStatement, sql: &str) -> Value {
    let mut body = json!({
        "Id": format!("{}:{number}", execution.id),
        "Status": sub.status.name(),
        "QueryString": sql,
        "CreatedAt": seconds(execution.created),
        "UpdatedAt": seconds(execution.updated),
        "Duration": -1,
        "HasResultSet": sub.result.columns.is_some(),
        "ResultRows": rows(sub),
        "ResultSize": -1,
        "RedshiftQueryId": 0,
    });
    if let Some(error) = &sub.error {
        body["Error"] = json!(error);
    }
    body
}

fn rows(sub: &SubStatement) -> i64 {
    match sub.status.is_over() {
        true => i64::try_from(sub.result.affected).unwrap_or(i64::MAX),
        false => -1,
    }
}

/// Creates a page of the response to GetStatementResult, from row `from` on.
///
/// # Errors
/// A message if a value is not of its column's type.
pub(super) fn result_page(
    result: &QueryResult,
    from: usize,
    page_size: usize,
) -> Result<Value, String> {
    let columns = result.columns.as_deref().unwrap_or_default();
    let to = from.saturating_add(page_size).min(result.rows.len());
    let rows = result.rows.get(from..to).unwrap_or_default();
    let records: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| {
            let fields = row.iter().zip(columns);
            fields.map(|(value, column)| field(value, column)).collect()
        })
        .collect::<Result<_, String>>()?;
    let mut body = json!({
        "Records": records,
        "ColumnMetadata": columns.iter().map(metadata).collect::<Vec<_>>(),
        "TotalNumRows": result.rows.len(),
    });
    if to < result.rows.len() {
        body["NextToken"] = json!(to.to_string());
    }
    Ok(body)
}

fn field(value: &Option<String>, column: &ResultColumn) -> Result<Value, String> {
    let Some(value) = value else {
        return Ok(json!({"isNull": true}));
    };
    let ResultColumn {
        name, type_name, ..
    } = column;
    let invalid = || format!("value {value:?} of column {name} is not of type {type_name}");
    Ok(match type_name.as_str() {
        "int2" | "int4" | "int8" => {
            json!({"longValue": value.parse::<i64>().map_err(|_| invalid())?})
        }
        "float4" | "float8" => {
            json!({"doubleValue": value.parse::<f64>().map_err(|_| invalid())?})
        }
        "bool" => match value.as_str() {
            "t" => json!({"booleanValue": true}),
            "f" => json!({"booleanValue": false}),
            _ => return Err(invalid()),
        },
        _ => json!({"stringValue": value}),
    })
}

fn metadata(column: &ResultColumn) -> Value {
    json!({"name": column.name, "label": column.name, "typeName": column.type_name, "nullable": 1})
}

/// Creates a page of the response to ListStatements, from index `from` on.
pub(super) fn list_page(executions: &[Execution], from: usize, page_size: usize) -> Value {
    let to = from.saturating_add(page_size).min(executions.len());
    let page = executions.get(from..to).unwrap_or_default();
    let statements: Vec<Value> = page
        .iter()
        .map(|execution| {
            let mut body = json!({
                "Id": execution.id,
                "Status": execution.status.name(),
                "CreatedAt": seconds(execution.created),
                "UpdatedAt": seconds(execution.updated),
                "IsBatchStatement": execution.request.is_batch,
            });
            match execution.request.is_batch {
                true => body["QueryStrings"] = json!(execution.request.sqls),
                false => body["QueryString"] = json!(execution.request.sqls.first()),
            }
            if let Some(name) = &execution.request.name {
                body["StatementName"] = json!(name);
            }
            body
        })
        .collect();
    let mut body = json!({"Statements": statements});
    if to < executions.len() {
        body["NextToken"] = json!(to.to_string());
    }
    body
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_cannot_be_parsed_is_an_error() {
        let column = |type_name: &str| ResultColumn {
            name: "n".to_owned(),
            type_name: type_name.to_owned(),
        };
        let read = |value: &str, type_name| field(&Some(value.to_owned()), &column(type_name));
        assert_eq!(read("7", "int8").unwrap(), json!({"longValue": 7}));
        assert_eq!(read("1.5", "float8").unwrap(), json!({"doubleValue": 1.5}));
        assert_eq!(read("f", "bool").unwrap(), json!({"booleanValue": false}));
        for type_name in ["int2", "int8", "float8", "bool"] {
            assert_eq!(
                read("x", type_name).unwrap_err(),
                format!("value \"x\" of column n is not of type {type_name}")
            );
        }
    }
}
