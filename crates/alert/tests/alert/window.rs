//! One incident is one message; and none is lost for it.

use std::sync::Arc;

use futures::future::join_all;
use marquee_alert::AlertError;
use marquee_alert::window::{self, Told};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::Value;

use crate::fixture::{
    alarm_execution, alarm_held, alarm_metric, caught_audit, caught_book, caught_step,
    execution_failed, execution_timed_out, incident, over, with,
};
use crate::newsroom::Newsroom;
use crate::window::broken::{Broken, Fault};

mod broken;

const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:";

async fn told(newsroom: &Newsroom, input: &Value) -> Option<Told> {
    let fingerprint = incident(input).fingerprint();
    window::read(&*newsroom.store, &fingerprint).await.unwrap()
}

#[tokio::test]
async fn the_same_is_told_again_after_the_window_with_what_was_not_told() {
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&caught_step()).await, 1);
    for _ in 0..2 {
        newsroom.pass(20);
        assert_eq!(newsroom.hear(&caught_step()).await, 0);
    }
    let known = told(&newsroom, &caught_step()).await.unwrap();
    assert_eq!((known.untold, known.reports), (2, 3));
    assert_eq!(known.told_at, "2026-01-06T02:15:00Z");
    newsroom.pass(20);
    assert_eq!(newsroom.hear(&caught_step()).await, 1);
    let again = newsroom.published().pop().unwrap();
    assert!(
        again.body.contains(
            "Before: reported 2 times more since the last message, 2026-01-06 02:15 UTC\n"
        ),
        "{}",
        again.body
    );
    let known = told(&newsroom, &caught_step()).await.unwrap();
    assert_eq!((known.untold, known.reports), (0, 4));
}

#[tokio::test]
async fn another_date_step_or_finding_is_another_incident() {
    let newsroom = Newsroom::new();
    for input in [
        caught_step(),
        with(caught_step(), "/event_date", "2026-01-04"),
        with(caught_step(), "/step", "marts"),
        caught_book(),
        caught_audit(),
    ] {
        assert_eq!(newsroom.hear(&input).await, 1, "{input}");
    }
    // The next execution fails in the same way.
    let next = with(
        caught_step(),
        "/execution",
        format!("{EXECUTION}another").as_str(),
    );
    assert_eq!(newsroom.hear(&next).await, 0);
}

/// A step tells of its failure; that the execution has failed is no news then,
/// however long it took.
#[tokio::test]
async fn a_step_and_its_execution_are_one_incident() {
    let newsroom = Newsroom::new();
    let plan = with(caught_step(), "/event_date", Value::Null);
    assert_eq!(newsroom.hear(&plan).await, 1);
    newsroom.pass(5 * 60);
    assert_eq!(newsroom.hear(&execution_failed()).await, 0);
    let runtimes = with(execution_failed(), "/detail/error", "States.Runtime");
    assert_eq!(newsroom.hear(&runtimes).await, 0);
}

/// Also when the step itself was not told, being one that people know.
#[tokio::test]
async fn an_execution_whose_step_is_known_is_known() {
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&caught_step()).await, 1);
    let another = format!("{EXECUTION}another");
    let next = with(caught_step(), "/execution", another.as_str());
    assert_eq!(newsroom.hear(&next).await, 0);
    let ended = with(execution_failed(), "/detail/executionArn", another.as_str());
    assert_eq!(newsroom.hear(&ended).await, 0);
}

#[tokio::test]
async fn an_execution_that_nobody_told_of_is_told_once() {
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&execution_failed()).await, 1);
    assert_eq!(newsroom.hear(&execution_failed()).await, 0);
    assert_eq!(newsroom.hear(&execution_timed_out()).await, 1);
}

/// Every date that is held or failed is told, and that the execution fails in the end
/// is settled by them. What Step Functions itself breaks off is not.
#[tokio::test]
async fn dates_that_are_held_or_failed_settle_their_execution_only() {
    for (error, sent) in [
        ("DatesHeld", 0),
        ("States.DataLimitExceeded", 1),
        ("States.Runtime", 1),
    ] {
        let newsroom = Newsroom::new();
        assert_eq!(newsroom.hear(&caught_book()).await, 1);
        let another = with(caught_book(), "/event_date", "2026-01-04");
        assert_eq!(newsroom.hear(&another).await, 1);
        let ended = with(execution_failed(), "/detail/error", error);
        assert_eq!(newsroom.hear(&ended).await, sent, "{error}");
    }
    for step in ["compact", "load"] {
        let newsroom = Newsroom::new();
        let of_date = with(caught_step(), "/step", step);
        assert_eq!(newsroom.hear(&of_date).await, 1);
        assert_eq!(newsroom.hear(&execution_failed()).await, 0, "{step}");
        let runtimes = with(execution_failed(), "/detail/error", "States.Runtime");
        let another = format!("{EXECUTION}another");
        let next = with(of_date, "/execution", another.as_str());
        assert_eq!(newsroom.hear(&next).await, 0);
        let runtimes = with(runtimes, "/detail/executionArn", another.as_str());
        assert_eq!(newsroom.hear(&runtimes).await, 1, "after {step} it goes on");
    }
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&caught_book()).await, 1);
    let stopped = with(execution_failed(), "/detail/status", "ABORTED");
    assert_eq!(newsroom.hear(&stopped).await, 1);
}

/// Of two dates that failed, one's alert could not be sent: the execution's end tells
/// of it, whatever was told.
#[tokio::test]
async fn what_an_execution_could_not_tell_its_end_tells() {
    let untold = with(execution_failed(), "/detail/error", "Marquee.Untold");
    for (told, error, sent) in [
        (caught_step(), "Marquee.Incomplete", 0),
        (caught_step(), "Marquee.Untold", 1),
        (caught_book(), "Marquee.Untold", 1),
        (
            with(caught_step(), "/event_date", Value::Null),
            "Marquee.Untold",
            1,
        ),
    ] {
        let newsroom = Newsroom::new();
        assert_eq!(newsroom.hear(&told).await, 1);
        let ended = with(untold.clone(), "/detail/error", error);
        assert_eq!(newsroom.hear(&ended).await, sent, "{error} after {told}");
        assert_eq!(newsroom.hear(&ended).await, 0, "once");
    }
}

/// A step of no date that could not be told is not settled by a date that was.
#[tokio::test]
async fn a_step_is_settled_by_what_was_said_of_itself() {
    let ended = with(execution_failed(), "/detail/error", "Marquee.StepFailed");
    let sweep = with(
        with(caught_step(), "/step", "sweep"),
        "/event_date",
        Value::Null,
    );
    // A backfill's step is a month, and it ends with it.
    let month = with(caught_step(), "/step", "daily");
    for (told, sent) in [(caught_step(), 1), (sweep, 0), (month, 0)] {
        let newsroom = Newsroom::new();
        assert_eq!(newsroom.hear(&told).await, 1);
        assert_eq!(newsroom.hear(&ended).await, sent, "after {told}");
    }
}

/// An alarm that says by a metric what a step has said is no news, nor is its
/// end. Where nobody said it, it is.
#[tokio::test]
async fn an_alarm_repeats_what_was_told() {
    for (input, alarm) in [
        (caught_book(), alarm_held()),
        (caught_book(), alarm_execution()),
        (caught_step(), alarm_execution()),
        (caught_audit(), alarm_execution()),
        (execution_failed(), alarm_execution()),
    ] {
        let newsroom = Newsroom::new();
        assert_eq!(newsroom.hear(&input).await, 1);
        newsroom.pass(90);
        assert_eq!(newsroom.hear(&alarm).await, 0, "{alarm}");
        assert_eq!(newsroom.hear(&over(alarm)).await, 0);
    }
    for (input, alarm) in [
        (caught_step(), alarm_held()),
        (caught_book(), alarm_metric()),
        (execution_timed_out(), alarm_execution()),
    ] {
        let newsroom = Newsroom::new();
        assert_eq!(newsroom.hear(&input).await, 1);
        assert_eq!(newsroom.hear(&alarm).await, 1, "{alarm}");
        assert_eq!(newsroom.hear(&over(alarm)).await, 1);
    }
    // Long after.
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&caught_book()).await, 1);
    newsroom.pass(4 * 60);
    assert_eq!(newsroom.hear(&alarm_held()).await, 1);
}

/// What people were told is over is told when it begins anew, window or not.
#[tokio::test]
async fn an_alarm_is_told_at_its_beginning_and_its_end() {
    let newsroom = Newsroom::new();
    let at = |alarm: Value, minute: u32| {
        let time = format!("2026-01-06T18:{minute:02}:00.000+0000");
        with(alarm, "/detail/state/timestamp", time.as_str())
    };
    let began = |minute| at(alarm_metric(), minute);
    let ended = |minute| at(over(alarm_metric()), minute);
    for (input, sent) in [
        (began(1), 1),
        (began(1), 0),
        (ended(2), 1),
        (ended(2), 0),
        (began(3), 1),
        // EventBridge brings an end late.
        (ended(2), 0),
        (ended(4), 1),
        // And a beginning.
        (began(3), 0),
    ] {
        assert_eq!(newsroom.hear(&input).await, sent, "{input}");
    }
}

#[tokio::test]
async fn the_end_of_what_nobody_was_told_of() {
    // Its beginning was told, and that is not known any more.
    let newsroom = Newsroom::new();
    assert_eq!(newsroom.hear(&over(alarm_metric())).await, 1);
    // An alarm that has just been made.
    let newsroom = Newsroom::new();
    let made = with(
        over(alarm_metric()),
        "/detail/previousState/value",
        "INSUFFICIENT_DATA",
    );
    assert_eq!(newsroom.hear(&made).await, 0);
    assert_eq!(
        newsroom.hear(&alarm_metric()).await,
        0,
        "older than its end"
    );
    let later = with(
        alarm_metric(),
        "/detail/state/timestamp",
        "2026-01-06T19:00:00.000+0000",
    );
    assert_eq!(newsroom.hear(&later).await, 1);
}

/// Sent first, entered then: what was not sent is not known.
#[tokio::test]
async fn a_topic_that_refuses_fails_the_call_and_marks_nothing() {
    let newsroom = Newsroom::new();
    newsroom.refuse([true]);
    let error = newsroom.fail(&caught_step()).await;
    assert!(matches!(error, AlertError::Topic(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "the message could not be published to board: it is closed"
    );
    assert_eq!(newsroom.keys().await, [""; 0]);
    // Nor is its execution.
    assert_eq!(newsroom.hear(&execution_failed()).await, 1);
    assert_eq!(newsroom.hear(&caught_step()).await, 1);
}

/// Any number at once: somebody is told, everything is counted.
#[tokio::test]
async fn reports_at_the_same_time_are_told_and_counted() {
    let newsroom = Newsroom::new();
    let input = caught_step();
    let sent: u32 = join_all((0..4).map(|_| newsroom.alert.handle(&input)))
        .await
        .into_iter()
        .map(|answer| match answer.unwrap() {
            marquee_alert::Answer::Sent { sent } => sent,
            other => panic!("{other:?}"),
        })
        .sum();
    assert!((1..=4).contains(&sent), "{sent}");
    assert_eq!(told(&newsroom, &input).await.unwrap().reports, 4);
    assert_eq!(newsroom.hear(&input).await, 0);
}

/// Entered only in place of what was read: of two that read the same, the second
/// looks again, and neither forgets the other.
#[tokio::test]
async fn reports_that_overtake_each_other_in_the_lake_are_counted() {
    let lake = Arc::new(Broken::new(Fault::Reads, 0));
    let newsroom = Newsroom::on(Arc::clone(&lake) as Arc<dyn ObjectStore>);
    let input = caught_step();
    for reports in [4, 8] {
        join_all((0..4).map(|_| newsroom.alert.handle(&input)))
            .await
            .into_iter()
            .for_each(|answer| assert!(answer.is_ok()));
        assert_eq!(told(&newsroom, &input).await.unwrap().reports, reports);
    }
    assert_eq!(told(&newsroom, &input).await.unwrap().untold, 4);
    assert!(lake.overtaken() > 0, "nobody was overtaken");
}

/// A lake that is down silences nothing.
#[tokio::test]
async fn a_lake_that_cannot_be_used_does_not_silence_an_alert() {
    for fault in [Fault::Reads, Fault::Writes] {
        let broken = Broken::new(fault, usize::MAX);
        let newsroom = Newsroom::on(Arc::new(broken));
        for _ in 0..2 {
            assert_eq!(newsroom.hear(&caught_step()).await, 1, "{fault:?}");
        }
    }
}

/// A letter's queue forgets it, so a lake that cannot keep it sends it back.
#[tokio::test]
async fn a_letter_that_cannot_be_kept_stays_in_its_queue() {
    let newsroom = Newsroom::on(Arc::new(Broken::new(Fault::Writes, 1)));
    let answer = newsroom.alert.handle(&crate::fixture::letters()).await;
    let answer = serde_json::to_string(&answer.unwrap()).unwrap();
    assert_eq!(
        answer,
        r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661975830a7d"}]}"#
    );
    assert_eq!(newsroom.published().len(), 1);
}

#[tokio::test]
async fn an_object_that_says_nothing_is_replaced() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let newsroom = Newsroom::on(Arc::clone(&store));
    let key = window::key(&incident(&caught_step()).fingerprint());
    let options = object_store::PutOptions::default();
    store
        .put_opts(&key, "nonsense".into(), options)
        .await
        .unwrap();
    assert_eq!(newsroom.hear(&caught_step()).await, 1);
    assert_eq!(newsroom.hear(&caught_step()).await, 0);
}
