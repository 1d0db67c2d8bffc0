//! Messages about the steps of a state machine.

use insta::assert_snapshot;
use marquee_alert::incident::{Finding, Incident};
use serde_json::{Value, json};

use crate::fixture::{
    incident, message, step_anomalies, step_failed, step_held, step_unbalanced, with,
};

#[test]
fn a_step_that_failed() {
    assert_snapshot!(message(&step_failed()), @"
    [Marquee: compact failed for 2026-01-05 (marquee-prod-daily)]
    Compact failed for 2026-01-05 (marquee-prod-daily).

    Date: 2026-01-05
    Cause: input object processed/events/ingest_date=2026-01-05/ingest_hour=07/a.parquet is missing. Run `marquee rebuild 2026-01-05..2026-01-05` (DayError)
    Since: 2026-01-06 02:00 UTC
    Impact: Published dates stay available. Dates that failed stay due: the next run processes them.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-compact
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn a_date_that_is_held() {
    assert_snapshot!(message(&step_held()), @"
    [Marquee: 2026-01-05 is held (marquee-prod-daily)]
    2026-01-05 is held (marquee-prod-daily).

    Date: 2026-01-05
    Cause: 3 rows violate the check events_unique, the first: event_id=01936f2e-5c00-7000-8000-000000000001
    Since: 2026-01-06 02:00 UTC
    Impact: No data is lost. Readers keep the previous generation of the date, if it has one. The date stays held until the cause is fixed.
    Action: Read the report in ledger/days/event_date=2026-01-05/checks/: it shows the rows that violate a check. Fix the data or the check, then run the date again.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-book
    Runbook: Held dates, https://example.com/docs/OPERATIONS.md#held-dates
    ");
}

#[test]
fn an_audit_that_does_not_balance() {
    assert_snapshot!(message(&step_unbalanced()), @"
    [Marquee: the audit of 2026-01-05 does not balance (marquee-prod-daily)]
    The audit of 2026-01-05 does not balance (marquee-prod-daily).

    Date: 2026-01-05
    Problem: 5 records of shardId-000000000006 were discarded and are in no object that a receipt names: aws/lambda/8f5a/shardId-000000000006/x
    Since: 2026-01-06 02:00 UTC
    Impact: The date is published, but the audit cannot account for every event. Do not rely on its figures until the audit balances.
    Action: Follow the advice of each problem in ledger/days/event_date=2026-01-05/audit/books.json, then audit the date again.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-audit
    Runbook: Audit imbalance, https://example.com/docs/OPERATIONS.md#audit-imbalance
    ");
}

#[test]
fn a_date_with_anomalies() {
    assert_snapshot!(message(&step_anomalies()), @"
    [Marquee: 2026-01-05 is unusual (marquee-prod-daily)]
    2026-01-05 is unusual (marquee-prod-daily).

    Date: 2026-01-05
    Anomaly: 3500 events, 65 % fewer than the usual 10000
    Anomaly: country FR has no events, usually 1000 (10.0 %)
    Since: 2026-01-06 02:00 UTC
    Impact: The date is published, and every event is accounted for. Figures may be wrong where producers send too little, too much or other data.
    Action: Compare the numbers with what happened on the date: a release, a removed title, an outage, a new version of a producer. If nothing explains them, look for the producer that stopped or changed.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-audit
    Runbook: Anomalies, https://example.com/docs/OPERATIONS.md#anomalies
    ");
}

#[test]
fn a_step_without_a_date_and_a_cause_without_a_message() {
    let plan = with(step_failed(), "/step", "plan");
    let plan = with(plan, "/event_date", Value::Null);
    let plan = with(
        plan,
        "/cause",
        json!({"Error": "States.Timeout", "Cause": ""}),
    );
    assert_snapshot!(message(&plan), @"
    [Marquee: plan failed (marquee-prod-daily)]
    Plan failed (marquee-prod-daily).

    Cause: States.Timeout
    Hint: The call exceeded its time limit. Give the function more memory (Lambda adds CPU with memory) or more time.
    Since: 2026-01-06 02:00 UTC
    Impact: No date is processed. Published dates stay available, and due dates stay due.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-plan
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn a_source_alone_is_enough_for_a_message() {
    assert_snapshot!(message(&json!({"source": "marquee.state_machine"})), @"
    [Marquee: a step failed]
    A step failed.

    Cause: not stated
    Impact: Published dates stay available. Dates that failed stay due: the next run processes them.
    Action: Fix the cause, then start the daily state machine again: it processes every date that is still due.

    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

/// The message stays bounded when an audit finds many problems.
#[test]
fn further_problems_are_counted() {
    let problems: Vec<String> = (0..25)
        .map(|n| format!("{n} {}", "x".repeat(5_000)))
        .collect();
    let text = message(&with(step_unbalanced(), "/cause/problems", problems));
    assert!(text.contains("More problems: 15\n"), "{text}");
    assert!(text.len() < 10_000, "{}", text.len());
}

/// A state machine may pass the responses of `book` and `audit` in several forms.
#[test]
fn findings_are_parsed_in_all_forms() {
    let finding = |input: Value, cause: Value| match incident(&with(input, "/cause", cause)) {
        Incident::Step(report) => report.finding,
        other => panic!("{other:?}"),
    };
    let held = Finding::Held("too few".into());
    for cause in [
        json!("too few"),
        json!({"outcome": "held", "cause": "too few"}),
        json!({"Error": "DateHeld", "Cause": "too few"}),
    ] {
        assert_eq!(finding(step_held(), cause), held);
    }
    for (cause, problems) in [
        (json!("no sum"), vec!["no sum"]),
        (
            json!({"balanced": false, "problems": 3}),
            vec!["problems found: 3"],
        ),
        (
            json!({"balanced": false, "problems": [{"sentence": "no sum"}]}),
            vec!["no sum"],
        ),
        (
            json!({"Error": "AuditUnbalanced", "Cause": "no sum"}),
            vec!["no sum"],
        ),
        (json!({"balanced": false}), vec![]),
    ] {
        let problems = problems.into_iter().map(str::to_owned).collect();
        assert_eq!(
            finding(step_unbalanced(), cause),
            Finding::Unbalanced(problems)
        );
    }
    // A failure of the step's function is not a finding.
    for input in [step_held(), step_unbalanced()] {
        let cause = json!({"Error": "DayError", "Cause": "{\"errorMessage\":\"no\",\"errorType\":\"DayError\"}"});
        assert!(matches!(finding(input, cause), Finding::Failed(_)));
    }
}
