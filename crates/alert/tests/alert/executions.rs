//! Messages about executions, from EventBridge.

use insta::assert_snapshot;
use marquee_alert::input::AlertInput;

use crate::fixture::{execution_failed, execution_timed_out, message, with};

#[test]
fn an_execution_that_failed() {
    assert_snapshot!(message(&execution_failed()), @"
    [Marquee: marquee-prod-daily failed]
    marquee-prod-daily failed.

    Cause: 2026-01-05 is held: 3 rows violate the check events_unique (DatesHeld)
    Since: 2026-01-06 02:00 UTC
    Impact: Published dates stay available. Dates that failed stay due: the next run processes them.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn an_execution_that_timed_out() {
    assert_snapshot!(message(&execution_timed_out()), @"
    [Marquee: marquee-prod-backfill timed out]
    marquee-prod-backfill timed out.

    Since: 2026-01-06 02:00 UTC
    Impact: Readers see older tables, which are complete. Due dates stay due.
    Action: Open the execution, find the current step, and read the log of that step's function.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-backfill:january
    Runbook: Execution late, https://example.com/docs/OPERATIONS.md#execution-late
    ");
}

#[test]
fn an_execution_that_was_aborted() {
    let aborted = with(execution_timed_out(), "/detail/status", "ABORTED");
    assert_snapshot!(message(&aborted), @"
    [Marquee: marquee-prod-backfill was aborted]
    marquee-prod-backfill was aborted.

    Since: 2026-01-06 02:00 UTC
    Impact: Published dates stay available. Dates that failed stay due: the next run processes them.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-backfill:january
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn a_failed_child_execution() {
    let child = serde_json::json!({
        "ExecutionArn": "arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:2026-01",
        "Status": "FAILED",
        "Error": "Lambda.Unknown",
        "Cause": "The cause could not be determined because Lambda did not return an error type. Returned payload: {\"errorMessage\":\"2026-01-06T02:42:19.181Z d53c5f6b Task timed out after 900.01 seconds\"}",
    });
    let event = with(execution_failed(), "/detail/error", "States.TaskFailed");
    assert_snapshot!(message(&with(event, "/detail/cause", child.to_string())), @"
    [Marquee: marquee-prod-daily failed]
    marquee-prod-daily failed.

    Cause: 2026-01-06T02:42:19.181Z d53c5f6b Task timed out after 900.01 seconds (Lambda.Unknown)
    Hint: The call exceeded its time limit. Give the function more memory (Lambda adds CPU with memory) or more time.
    Since: 2026-01-06 02:00 UTC
    Impact: Published dates stay available. Dates that failed stay due: the next run processes them.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Child execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:2026-01
    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn running_and_succeeded_executions_send_no_message() {
    for status in ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"] {
        let event = with(execution_failed(), "/detail/status", status);
        assert!(
            matches!(AlertInput::parse(&event), AlertInput::Ignored(_)),
            "{status}"
        );
    }
}
