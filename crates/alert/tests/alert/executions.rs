//! What EventBridge says of executions.

use insta::assert_snapshot;
use marquee_alert::report::Report;

use crate::fixture::{execution_failed, execution_timed_out, page, with};

#[test]
fn an_execution_that_failed() {
    assert_snapshot!(page(&execution_failed()), @"
    [Marquee: marquee-prod-daily failed]
    marquee-prod-daily failed.

    Why: 2026-01-05 is held: events_unique found 3 rows that break it (DatesHeld)
    Since: 2026-01-06 02:00 UTC
    How bad: What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn an_execution_that_took_too_long() {
    assert_snapshot!(page(&execution_timed_out()), @"
    [Marquee: marquee-prod-backfill took longer than it may, and was ended]
    marquee-prod-backfill took longer than it may, and was ended.

    Since: 2026-01-06 02:00 UTC
    How bad: Readers have the older tables, which are whole. Dates that are due stay due.
    What to do: Look at the execution which step it is in, and at that function's log.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-backfill:january
    Runbook: Execution late, https://example.com/docs/OPERATIONS.md#execution-late
    ");
}

#[test]
fn an_execution_that_was_stopped() {
    let stopped = with(execution_timed_out(), "/detail/status", "ABORTED");
    assert_snapshot!(page(&stopped), @"
    [Marquee: marquee-prod-backfill was stopped by hand]
    marquee-prod-backfill was stopped by hand.

    Since: 2026-01-06 02:00 UTC
    How bad: What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-backfill:january
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn an_execution_that_another_started() {
    let child = serde_json::json!({
        "ExecutionArn": "arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:2026-01",
        "Status": "FAILED",
        "Error": "Lambda.Unknown",
        "Cause": "The cause could not be determined because Lambda did not return an error type. Returned payload: {\"errorMessage\":\"2026-01-06T02:42:19.181Z d53c5f6b Task timed out after 900.01 seconds\"}",
    });
    let event = with(execution_failed(), "/detail/error", "States.TaskFailed");
    assert_snapshot!(page(&with(event, "/detail/cause", child.to_string())), @"
    [Marquee: marquee-prod-daily failed]
    marquee-prod-daily failed.

    Why: 2026-01-06T02:42:19.181Z d53c5f6b Task timed out after 900.01 seconds (Lambda.Unknown)
    Hint: It took longer than it may: give the function more memory, which is also more CPU, or more time.
    Since: 2026-01-06 02:00 UTC
    How bad: What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Started execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:2026-01
    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn an_execution_that_runs_or_is_done_is_nothing_to_hear_of() {
    for status in ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"] {
        let event = with(execution_failed(), "/detail/status", status);
        assert!(matches!(Report::read(&event), Report::Fine(_)), "{status}");
    }
}
