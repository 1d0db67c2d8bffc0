//! What the wire answers.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Account;
use crate::data_api::{Record, Sub};
use crate::engine::{Answer, Column};

/// Statements were taken.
pub(super) fn taken(id: &str, account: &Account) -> Value {
    json!({
        "Id": id,
        "CreatedAt": seconds(SystemTime::now()),
        "Database": account.database,
        "WorkgroupName": account.workgroup,
        "SecretArn": account.secret,
    })
}

/// What became of them.
pub(super) fn description(record: &Record, account: &Account) -> Value {
    let mut told = json!({
        "Id": record.id,
        "Status": record.status.name(),
        "Database": account.database,
        "WorkgroupName": account.workgroup,
        "SecretArn": account.secret,
        "CreatedAt": seconds(record.created),
        "UpdatedAt": seconds(record.updated),
        "Duration": -1,
        "HasResultSet": record.subs.iter().any(|sub| sub.answer.columns.is_some()),
        "ResultRows": record.subs.last().map_or(-1, rows),
        "ResultSize": -1,
        "RedshiftPid": 0,
        "RedshiftQueryId": 0,
    });
    if let Some(error) = &record.error {
        told["Error"] = json!(error);
    }
    if !record.request.parameters.is_empty() {
        told["QueryParameters"] = record
            .request
            .parameters
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
    }
    match record.request.is_batch {
        true => {
            let numbered = (1..).zip(record.subs.iter().zip(&record.request.sqls));
            told["SubStatements"] = numbered
                .map(|(number, (sub, sql))| sub_statement(record, number, sub, sql))
                .collect();
        }
        false => told["QueryString"] = json!(record.request.sqls.first()),
    }
    told
}

fn sub_statement(record: &Record, number: usize, sub: &Sub, sql: &str) -> Value {
    let mut told = json!({
        "Id": format!("{}:{number}", record.id),
        "Status": sub.status.name(),
        "QueryString": sql,
        "CreatedAt": seconds(record.created),
        "UpdatedAt": seconds(record.updated),
        "Duration": -1,
        "HasResultSet": sub.answer.columns.is_some(),
        "ResultRows": rows(sub),
        "ResultSize": -1,
        "RedshiftQueryId": 0,
    });
    if let Some(error) = &sub.error {
        told["Error"] = json!(error);
    }
    told
}

fn rows(sub: &Sub) -> i64 {
    match sub.status.is_over() {
        true => i64::try_from(sub.answer.affected).unwrap_or(i64::MAX),
        false => -1,
    }
}

/// A page of a result.
pub(super) fn page(answer: &Answer, from: usize, most: usize) -> Value {
    let columns = answer.columns.as_deref().unwrap_or_default();
    let to = from.saturating_add(most).min(answer.rows.len());
    let rows = answer.rows.get(from..to).unwrap_or_default();
    let records: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| {
            let fields = row.iter().zip(columns);
            fields.map(|(value, column)| field(value, column)).collect()
        })
        .collect();
    let mut told = json!({
        "Records": records,
        "ColumnMetadata": columns.iter().map(metadata).collect::<Vec<_>>(),
        "TotalNumRows": answer.rows.len(),
    });
    if to < answer.rows.len() {
        told["NextToken"] = json!(to.to_string());
    }
    told
}

fn field(value: &Option<String>, column: &Column) -> Value {
    let Some(value) = value else {
        return json!({"isNull": true});
    };
    let number = |value: &str| value.parse::<i64>().ok();
    match column.kind.as_str() {
        "int2" | "int4" | "int8" => json!({"longValue": number(value)}),
        "float4" | "float8" => json!({"doubleValue": value.parse::<f64>().ok()}),
        "bool" => json!({"booleanValue": value == "t"}),
        _ => json!({"stringValue": value}),
    }
}

fn metadata(column: &Column) -> Value {
    json!({"name": column.name, "label": column.name, "typeName": column.kind, "nullable": 1})
}

/// A page of what was taken.
pub(super) fn list(records: &[Record], from: usize, most: usize) -> Value {
    let to = from.saturating_add(most).min(records.len());
    let page = records.get(from..to).unwrap_or_default();
    let statements: Vec<Value> = page
        .iter()
        .map(|record| {
            let mut told = json!({
                "Id": record.id,
                "Status": record.status.name(),
                "CreatedAt": seconds(record.created),
                "UpdatedAt": seconds(record.updated),
                "IsBatchStatement": record.request.is_batch,
            });
            match record.request.is_batch {
                true => told["QueryStrings"] = json!(record.request.sqls),
                false => told["QueryString"] = json!(record.request.sqls.first()),
            }
            if let Some(name) = &record.request.name {
                told["StatementName"] = json!(name);
            }
            told
        })
        .collect();
    let mut told = json!({"Statements": statements});
    if to < records.len() {
        told["NextToken"] = json!(to.to_string());
    }
    told
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs_f64() * 1000.0).round() / 1000.0
}
