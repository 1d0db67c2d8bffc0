//! A batch of messages from a dead letter queue.

use serde_json::Value;

use super::{AlertInput, text};
use crate::arn::Arn;
use crate::clock::parse_timestamp;
use crate::incident::{DeadLetter, DiscardedBatch, Incident};

/// A message without an id or a queue. SQS always sends both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDeadLetter {
    /// The message id, if present.
    pub id: Option<String>,
}

/// Parses a batch that the event source mapping of an SQS queue delivers. Returns
/// `None` if the input is not one.
pub(super) fn parse(input: &Value) -> Option<Vec<Result<DeadLetter, InvalidDeadLetter>>> {
    let records = input.get("Records")?.as_array()?;
    let is_sqs = |record: &Value| text(record, "/eventSource") == Some("aws:sqs");
    (!records.is_empty() && records.iter().all(is_sqs))
        .then(|| records.iter().map(parse_record).collect())
}

fn parse_record(record: &Value) -> Result<DeadLetter, InvalidDeadLetter> {
    let id = text(record, "/messageId").map(str::to_owned);
    let queue = text(record, "/eventSourceARN").and_then(Arn::parse);
    let (Some(queue), Some(id)) = (queue, id.clone()) else {
        return Err(InvalidDeadLetter { id });
    };
    let body = text(record, "/body").unwrap_or_default().to_owned();
    let sent = text(record, "/attributes/SentTimestamp");
    let mut letter = DeadLetter {
        queue,
        id,
        since: sent.and_then(parse_millis),
        error: delivery_error(record),
        target: ["TARGET_ARN", "SCHEDULE_ARN", "RULE_ARN"]
            .iter()
            .find_map(|name| attribute(record, name))
            .map(str::to_owned),
        incident: None,
        body,
    };
    if let Ok(body) = serde_json::from_str::<Value>(&letter.body) {
        parse_body(&body, &mut letter);
    }
    Ok(letter)
}

/// Parses the body: either the undelivered event itself, or Lambda's record of a failed
/// asynchronous call, which contains the event.
fn parse_body(body: &Value, letter: &mut DeadLetter) {
    let called = text(body, "/requestContext/functionArn");
    if let Some(function) = called {
        letter.target.get_or_insert_with(|| function.to_owned());
        let error = text(body, "/responsePayload/errorMessage")
            .or_else(|| text(body, "/requestContext/condition"));
        if letter.error.is_empty() {
            letter.error = error.unwrap_or_default().to_owned();
        }
    }
    if let Some(batch) = parse_discarded_batch(body) {
        letter.incident = Some(Incident::Batch(batch));
        return;
    }
    let event = match called {
        Some(_) => body.get("requestPayload"),
        None => Some(body),
    };
    if let Some(AlertInput::Incident(incident)) = event.and_then(AlertInput::parse_event) {
        letter.incident = Some(*incident);
    }
}

/// Parses the record that the event source mapping of a stream sends for a batch that it
/// discards.
fn parse_discarded_batch(body: &Value) -> Option<DiscardedBatch> {
    let batch = body.get("KinesisBatchInfo")?;
    Some(DiscardedBatch {
        shard_id: text(batch, "/shardId")?.to_owned(),
        first: text(batch, "/startSequenceNumber")
            .unwrap_or_default()
            .to_owned(),
        records: batch.get("batchSize")?.as_u64()?,
        since: text(batch, "/approximateArrivalOfFirstRecord").and_then(parse_timestamp),
        condition: text(body, "/requestContext/condition")
            .unwrap_or_default()
            .to_owned(),
        function: text(body, "/requestContext/functionArn").and_then(Arn::parse),
    })
}

/// Returns the delivery error from the message attributes. EventBridge and its scheduler
/// use other attribute names than Lambda.
fn delivery_error(record: &Value) -> String {
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

/// Parses milliseconds into UTC microseconds.
fn parse_millis(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(1_000)
}
