//! Deduplication: one incident sends one message, and no incident is lost.

use std::sync::Arc;

use futures::future::join_all;
use marquee_alert::AlertError;
use marquee_alert::dedup::{self, AlertRecord};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::Value;

use crate::dedup::faulty_store::{Fault, FaultyStore};
use crate::fixture::{
    alarm_execution, alarm_held, alarm_metric, execution_failed, execution_timed_out, incident,
    resolved, step_anomalies, step_failed, step_held, step_unbalanced, with,
};
use crate::harness::Harness;

mod faulty_store;

const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:";

async fn record(harness: &Harness, input: &Value) -> Option<AlertRecord> {
    let fingerprint = incident(input).fingerprint();
    dedup::read(&*harness.store, &fingerprint).await.unwrap()
}

/// Each run that adds late events to a date finds its anomalies again, with other numbers.
#[tokio::test]
async fn the_anomalies_of_a_date_are_sent_once() {
    let harness = Harness::new();
    assert_eq!(harness.report(&step_anomalies()).await, 1);
    harness.advance_minutes(3 * 24 * 60);
    let sentence = "/cause/anomalies/0/sentence";
    let later = with(step_anomalies(), sentence, "3600 events, 64 % fewer");
    assert_eq!(harness.report(&later).await, 0);
    let other = with(step_anomalies(), "/cause/anomalies/1/subject", "title t-7");
    assert_eq!(harness.report(&other).await, 1);
    // They do not end the execution, so they suppress no message about its end.
    assert_eq!(incident(&step_anomalies()).suppresses(), []);
    assert_eq!(harness.report(&execution_failed()).await, 1);
}

#[tokio::test]
async fn after_the_window_a_message_counts_the_unsent_reports() {
    let harness = Harness::new();
    assert_eq!(harness.report(&step_failed()).await, 1);
    for _ in 0..2 {
        harness.advance_minutes(20);
        assert_eq!(harness.report(&step_failed()).await, 0);
    }
    let recorded = record(&harness, &step_failed()).await.unwrap();
    assert_eq!((recorded.unsent, recorded.reports), (2, 3));
    assert_eq!(recorded.notified_at, "2026-01-06T02:15:00Z");
    harness.advance_minutes(20);
    assert_eq!(harness.report(&step_failed()).await, 1);
    let again = harness.published().pop().unwrap();
    assert!(
        again
            .body
            .contains("Repeats: 2 more reports since the last message, 2026-01-06 02:15 UTC\n"),
        "{}",
        again.body
    );
    let recorded = record(&harness, &step_failed()).await.unwrap();
    assert_eq!((recorded.unsent, recorded.reports), (0, 4));
}

#[tokio::test]
async fn another_date_step_or_finding_is_another_incident() {
    let harness = Harness::new();
    for input in [
        step_failed(),
        with(step_failed(), "/event_date", "2026-01-04"),
        with(step_failed(), "/step", "marts"),
        step_held(),
        step_unbalanced(),
    ] {
        assert_eq!(harness.report(&input).await, 1, "{input}");
    }
    // The next execution fails in the same way.
    let next = with(
        step_failed(),
        "/execution",
        format!("{EXECUTION}another").as_str(),
    );
    assert_eq!(harness.report(&next).await, 0);
}

/// The message about a step suppresses the one about its execution, however long the
/// execution took.
#[tokio::test]
async fn a_step_and_its_execution_are_one_incident() {
    let harness = Harness::new();
    let plan = with(step_failed(), "/event_date", Value::Null);
    assert_eq!(harness.report(&plan).await, 1);
    harness.advance_minutes(5 * 60);
    assert_eq!(harness.report(&execution_failed()).await, 0);
    let runtime_error = with(execution_failed(), "/detail/error", "States.Runtime");
    assert_eq!(harness.report(&runtime_error).await, 0);
}

/// The execution is also suppressed when its step was not sent, because it was known.
#[tokio::test]
async fn a_known_step_suppresses_its_execution() {
    let harness = Harness::new();
    assert_eq!(harness.report(&step_failed()).await, 1);
    let another = format!("{EXECUTION}another");
    let next = with(step_failed(), "/execution", another.as_str());
    assert_eq!(harness.report(&next).await, 0);
    let ended = with(execution_failed(), "/detail/executionArn", another.as_str());
    assert_eq!(harness.report(&ended).await, 0);
}

#[tokio::test]
async fn an_execution_without_a_step_report_is_sent_once() {
    let harness = Harness::new();
    assert_eq!(harness.report(&execution_failed()).await, 1);
    assert_eq!(harness.report(&execution_failed()).await, 0);
    assert_eq!(harness.report(&execution_timed_out()).await, 1);
}

/// Each held or failed date sends a message and suppresses the failure at the end of its
/// own execution. An error of Step Functions itself is not suppressed.
#[tokio::test]
async fn held_and_failed_dates_suppress_only_the_end_of_their_execution() {
    for (error, sent) in [
        ("DatesHeld", 0),
        ("States.DataLimitExceeded", 1),
        ("States.Runtime", 1),
    ] {
        let harness = Harness::new();
        assert_eq!(harness.report(&step_held()).await, 1);
        let another = with(step_held(), "/event_date", "2026-01-04");
        assert_eq!(harness.report(&another).await, 1);
        let ended = with(execution_failed(), "/detail/error", error);
        assert_eq!(harness.report(&ended).await, sent, "{error}");
    }
    for step in ["compact", "load"] {
        let harness = Harness::new();
        let failed_date = with(step_failed(), "/step", step);
        assert_eq!(harness.report(&failed_date).await, 1);
        assert_eq!(harness.report(&execution_failed()).await, 0, "{step}");
        let runtime_error = with(execution_failed(), "/detail/error", "States.Runtime");
        let another = format!("{EXECUTION}another");
        let next = with(failed_date, "/execution", another.as_str());
        assert_eq!(harness.report(&next).await, 0);
        let runtime_error = with(runtime_error, "/detail/executionArn", another.as_str());
        assert_eq!(
            harness.report(&runtime_error).await,
            1,
            "the execution continues after {step}"
        );
    }
    let harness = Harness::new();
    assert_eq!(harness.report(&step_held()).await, 1);
    let aborted = with(execution_failed(), "/detail/status", "ABORTED");
    assert_eq!(harness.report(&aborted).await, 1);
}

/// Two dates failed, and the alert of one could not be delivered. The end of the
/// execution sends a message, whatever was sent before.
#[tokio::test]
async fn an_undelivered_alert_is_reported_at_the_end_of_the_execution() {
    let undelivered = with(execution_failed(), "/detail/error", "Marquee.Untold");
    for (first, error, sent) in [
        (step_failed(), "Marquee.Incomplete", 0),
        (step_failed(), "Marquee.Untold", 1),
        (step_held(), "Marquee.Untold", 1),
        (
            with(step_failed(), "/event_date", Value::Null),
            "Marquee.Untold",
            1,
        ),
    ] {
        let harness = Harness::new();
        assert_eq!(harness.report(&first).await, 1);
        let ended = with(undelivered.clone(), "/detail/error", error);
        assert_eq!(harness.report(&ended).await, sent, "{error} after {first}");
        assert_eq!(harness.report(&ended).await, 0, "once");
    }
}

/// A failed step without a date is suppressed by its own message, not by that of a date.
#[tokio::test]
async fn only_a_steps_own_message_suppresses_its_execution() {
    let ended = with(execution_failed(), "/detail/error", "Marquee.StepFailed");
    let sweep = with(
        with(step_failed(), "/step", "sweep"),
        "/event_date",
        Value::Null,
    );
    // The step of a backfill is a month; a failed month ends the backfill.
    let month = with(step_failed(), "/step", "daily");
    for (first, sent) in [(step_failed(), 1), (sweep, 0), (month, 0)] {
        let harness = Harness::new();
        assert_eq!(harness.report(&first).await, 1);
        assert_eq!(harness.report(&ended).await, sent, "after {first}");
    }
}

/// The message about a step suppresses the alarm on the same failure, and the alarm's
/// resolution. Other alarms are sent.
#[tokio::test]
async fn an_alarm_that_repeats_a_message_is_suppressed() {
    for (input, alarm) in [
        (step_held(), alarm_held()),
        (step_held(), alarm_execution()),
        (step_failed(), alarm_execution()),
        (step_unbalanced(), alarm_execution()),
        (execution_failed(), alarm_execution()),
    ] {
        let harness = Harness::new();
        assert_eq!(harness.report(&input).await, 1);
        harness.advance_minutes(90);
        assert_eq!(harness.report(&alarm).await, 0, "{alarm}");
        assert_eq!(harness.report(&resolved(alarm)).await, 0);
    }
    for (input, alarm) in [
        (step_failed(), alarm_held()),
        (step_held(), alarm_metric()),
        (execution_timed_out(), alarm_execution()),
    ] {
        let harness = Harness::new();
        assert_eq!(harness.report(&input).await, 1);
        assert_eq!(harness.report(&alarm).await, 1, "{alarm}");
        assert_eq!(harness.report(&resolved(alarm)).await, 1);
    }
    // Long after the message.
    let harness = Harness::new();
    assert_eq!(harness.report(&step_held()).await, 1);
    harness.advance_minutes(4 * 60);
    assert_eq!(harness.report(&alarm_held()).await, 1);
}

/// An alarm that starts again after its resolution sends a message even within the
/// window.
#[tokio::test]
async fn an_alarm_sends_a_message_when_it_starts_and_when_it_resolves() {
    let harness = Harness::new();
    let at = |alarm: Value, minute: u32| {
        let time = format!("2026-01-06T18:{minute:02}:00.000+0000");
        with(alarm, "/detail/state/timestamp", time.as_str())
    };
    let began = |minute| at(alarm_metric(), minute);
    let ended = |minute| at(resolved(alarm_metric()), minute);
    for (input, sent) in [
        (began(1), 1),
        (began(1), 0),
        (ended(2), 1),
        (ended(2), 0),
        (began(3), 1),
        // EventBridge delivers a resolution late.
        (ended(2), 0),
        (ended(4), 1),
        // EventBridge delivers a start late.
        (began(3), 0),
    ] {
        assert_eq!(harness.report(&input).await, sent, "{input}");
    }
}

#[tokio::test]
async fn a_resolution_without_a_recorded_start() {
    // The alarm was in `ALARM` before, but its record is missing.
    let harness = Harness::new();
    assert_eq!(harness.report(&resolved(alarm_metric())).await, 1);
    // A new alarm goes to `OK` for the first time.
    let harness = Harness::new();
    let created = with(
        resolved(alarm_metric()),
        "/detail/previousState/value",
        "INSUFFICIENT_DATA",
    );
    assert_eq!(harness.report(&created).await, 0);
    assert_eq!(
        harness.report(&alarm_metric()).await,
        0,
        "older than the resolution"
    );
    let later = with(
        alarm_metric(),
        "/detail/state/timestamp",
        "2026-01-06T19:00:00.000+0000",
    );
    assert_eq!(harness.report(&later).await, 1);
}

/// The record is written after the message: a message that was not sent has no record.
#[tokio::test]
async fn a_rejecting_topic_fails_the_call_and_leaves_no_record() {
    let harness = Harness::new();
    harness.reject([true]);
    let error = harness.report_failing(&step_failed()).await;
    assert!(matches!(error, AlertError::Topic(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "cannot publish the alert to fake topic: access denied"
    );
    assert_eq!(harness.keys().await, [""; 0]);
    // The execution has no record either.
    assert_eq!(harness.report(&execution_failed()).await, 1);
    assert_eq!(harness.report(&step_failed()).await, 1);
}

/// Concurrent reports send at least one message, and each is counted.
#[tokio::test]
async fn concurrent_reports_are_sent_and_counted() {
    let harness = Harness::new();
    let input = step_failed();
    let sent: u32 = join_all((0..4).map(|_| harness.handler.handle(&input)))
        .await
        .into_iter()
        .map(|answer| match answer.unwrap() {
            marquee_alert::AlertResponse::Sent { sent } => sent,
            other => panic!("{other:?}"),
        })
        .sum();
    assert!((1..=4).contains(&sent), "{sent}");
    assert_eq!(record(&harness, &input).await.unwrap().reports, 4);
    assert_eq!(harness.report(&input).await, 0);
}

/// Writes are conditional: of two calls that read the same version, the second reads
/// again, so that no report is lost.
#[tokio::test]
async fn conflicting_writes_are_retried_and_counted() {
    let lake = Arc::new(FaultyStore::new(Fault::Reads, 0));
    let harness = Harness::on(Arc::clone(&lake) as Arc<dyn ObjectStore>);
    let input = step_failed();
    for reports in [4, 8] {
        join_all((0..4).map(|_| harness.handler.handle(&input)))
            .await
            .into_iter()
            .for_each(|answer| assert!(answer.is_ok()));
        assert_eq!(record(&harness, &input).await.unwrap().reports, reports);
    }
    assert_eq!(record(&harness, &input).await.unwrap().unsent, 4);
    assert!(lake.conflicts() > 0, "no write conflicted");
}

/// An unavailable lake suppresses no message.
#[tokio::test]
async fn an_unavailable_lake_does_not_suppress_messages() {
    for fault in [Fault::Reads, Fault::Writes] {
        let store = FaultyStore::new(fault, usize::MAX);
        let harness = Harness::on(Arc::new(store));
        for _ in 0..2 {
            assert_eq!(harness.report(&step_failed()).await, 1, "{fault:?}");
        }
    }
}

/// The queue deletes a handled message. If the lake cannot store it, the response asks
/// the queue to keep it.
#[tokio::test]
async fn a_dead_letter_that_cannot_be_stored_stays_in_its_queue() {
    let harness = Harness::on(Arc::new(FaultyStore::new(Fault::Writes, 1)));
    let answer = harness
        .handler
        .handle(&crate::fixture::dead_letters())
        .await;
    let answer = serde_json::to_string(&answer.unwrap()).unwrap();
    assert_eq!(
        answer,
        r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661975830a7d"}]}"#
    );
    assert_eq!(harness.published().len(), 1);
}

#[tokio::test]
async fn an_invalid_record_is_replaced() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let harness = Harness::on(Arc::clone(&store));
    let key = dedup::key(&incident(&step_failed()).fingerprint());
    let options = object_store::PutOptions::default();
    store
        .put_opts(&key, "nonsense".into(), options)
        .await
        .unwrap();
    assert_eq!(harness.report(&step_failed()).await, 1);
    assert_eq!(harness.report(&step_failed()).await, 0);
}
