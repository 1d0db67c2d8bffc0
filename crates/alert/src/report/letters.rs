//! A batch of messages from a dead letter queue.

use serde_json::Value;

use super::{Report, text};
use crate::arn::Arn;
use crate::clock::instant;
use crate::incident::{Batch, Incident, Letter};

/// A message that lacks its number or its queue, as none of SQS' does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its number, when it has that.
    pub id: Option<String>,
}

/// Reads a batch that SQS' event source mapping delivers; `None` when it is
/// something else.
pub(super) fn read(input: &Value) -> Option<Vec<Result<Letter, Refused>>> {
    let records = input.get("Records")?.as_array()?;
    let is_queues = |record: &Value| text(record, "/eventSource") == Some("aws:sqs");
    (!records.is_empty() && records.iter().all(is_queues))
        .then(|| records.iter().map(letter).collect())
}

fn letter(record: &Value) -> Result<Letter, Refused> {
    let id = text(record, "/messageId").map(str::to_owned);
    let queue = text(record, "/eventSourceARN").and_then(Arn::parse);
    let (Some(queue), Some(id)) = (queue, id.clone()) else {
        return Err(Refused { id });
    };
    let body = text(record, "/body").unwrap_or_default().to_owned();
    let sent = text(record, "/attributes/SentTimestamp");
    let mut letter = Letter {
        queue,
        id,
        since: sent.and_then(millis),
        error: attributes_error(record),
        target: ["TARGET_ARN", "SCHEDULE_ARN", "RULE_ARN"]
            .iter()
            .find_map(|name| attribute(record, name))
            .map(str::to_owned),
        carries: None,
        body,
    };
    if let Ok(body) = serde_json::from_str::<Value>(&letter.body) {
        read_body(&body, &mut letter);
    }
    Ok(letter)
}

/// What a letter says is what could not be delivered; or Lambda's account of a
/// call that failed, with what could not be delivered in it.
fn read_body(body: &Value, letter: &mut Letter) {
    let called = text(body, "/requestContext/functionArn");
    if let Some(function) = called {
        letter.target.get_or_insert_with(|| function.to_owned());
        let said = text(body, "/responsePayload/errorMessage")
            .or_else(|| text(body, "/requestContext/condition"));
        if letter.error.is_empty() {
            letter.error = said.unwrap_or_default().to_owned();
        }
    }
    if let Some(batch) = batch(body) {
        letter.carries = Some(Incident::Batch(batch));
        return;
    }
    let event = match called {
        Some(_) => body.get("requestPayload"),
        None => Some(body),
    };
    if let Some(Report::Incident(incident)) = event.and_then(Report::event) {
        letter.carries = Some(*incident);
    }
}

/// A batch that a stream's event source mapping gave up, as it tells a queue.
fn batch(body: &Value) -> Option<Batch> {
    let batch = body.get("KinesisBatchInfo")?;
    Some(Batch {
        shard_id: text(batch, "/shardId")?.to_owned(),
        first: text(batch, "/startSequenceNumber")
            .unwrap_or_default()
            .to_owned(),
        records: batch.get("batchSize")?.as_u64()?,
        since: text(batch, "/approximateArrivalOfFirstRecord").and_then(instant),
        condition: text(body, "/requestContext/condition")
            .unwrap_or_default()
            .to_owned(),
        function: text(body, "/requestContext/functionArn").and_then(Arn::parse),
    })
}

/// Why it was not delivered: EventBridge, its scheduler and Lambda say so in
/// attributes, under names of their own.
fn attributes_error(record: &Value) -> String {
    let message = attribute(record, "ERROR_MESSAGE").or_else(|| attribute(record, "ErrorMessage"));
    let code = attribute(record, "ERROR_CODE").or_else(|| attribute(record, "ErrorCode"));
    match (code, message) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        (code, message) => message.or(code).unwrap_or_default().to_owned(),
    }
}

fn attribute<'v>(record: &'v Value, name: &str) -> Option<&'v str> {
    text(record, &format!("/messageAttributes/{name}/stringValue"))
}

fn millis(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(1_000)
}
