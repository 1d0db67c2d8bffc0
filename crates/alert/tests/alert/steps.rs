//! What a state machine's steps report.

use insta::assert_snapshot;
use marquee_alert::incident::{Finding, Incident};
use serde_json::{Value, json};

use crate::fixture::{caught_audit, caught_book, caught_step, incident, page, with};

#[test]
fn a_step_that_failed() {
    assert_snapshot!(page(&caught_step()), @"
    [Marquee: compact failed for 2026-01-05 (marquee-prod-daily)]
    Compact failed for 2026-01-05 (marquee-prod-daily).

    Date: 2026-01-05
    Why: processed/events/ingest_date=2026-01-05/ingest_hour=07/a.parquet is gone, which a date is to be made from: `marquee rebuild FROM..TO` over the dates that it is of makes it anew from raw (DayError)
    Since: 2026-01-06 02:00 UTC
    How bad: What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-compact
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn a_date_that_is_held() {
    assert_snapshot!(page(&caught_book()), @"
    [Marquee: 2026-01-05 is held back (marquee-prod-daily)]
    2026-01-05 is held back (marquee-prod-daily).

    Date: 2026-01-05
    Why: events_unique found 3 rows that break it, the first: event_id=01936f2e-5c00-7000-8000-000000000001
    Since: 2026-01-06 02:00 UTC
    How bad: Nothing is lost: readers keep the generation that the date had before, if it had one. It stays held until its cause is mended.
    What to do: The report in ledger/days/event_date=2026-01-05/checks/ shows the rows that break an expectation. Mend them or the expectation, then run the date again.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-book
    Runbook: Held dates, https://example.com/docs/OPERATIONS.md#held-dates
    ");
}

#[test]
fn an_audit_that_does_not_balance() {
    assert_snapshot!(page(&caught_audit()), @"
    [Marquee: the books of 2026-01-05 do not balance (marquee-prod-daily)]
    The books of 2026-01-05 do not balance (marquee-prod-daily).

    Date: 2026-01-05
    Problem: 5 records of shardId-000000000006 were given up and are in no receipted object: aws/lambda/8f5a/shardId-000000000006/x
    Since: 2026-01-06 02:00 UTC
    How bad: The date is published, but not everything that arrived can be accounted for: doubt its figures until it balances.
    What to do: Each problem in ledger/days/event_date=2026-01-05/audit/books.json has an advice: follow it, and audit the date again.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-audit
    Runbook: Audit imbalance, https://example.com/docs/OPERATIONS.md#audit-imbalance
    ");
}

#[test]
fn a_step_without_a_date_and_a_cause_without_words() {
    let plan = with(caught_step(), "/step", "plan");
    let plan = with(plan, "/event_date", Value::Null);
    let plan = with(
        plan,
        "/cause",
        json!({"Error": "States.Timeout", "Cause": ""}),
    );
    assert_snapshot!(page(&plan), @"
    [Marquee: plan failed (marquee-prod-daily)]
    Plan failed (marquee-prod-daily).

    Why: States.Timeout
    Hint: It took longer than it may: give the function more memory, which is also more CPU, or more time.
    Since: 2026-01-06 02:00 UTC
    How bad: No date is made. What was published stands, and what is due stays due.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Execution: https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:marquee-prod-daily:4b7c2e1f-9a1d-4f3e-8a52-0c6f6f0f1d11
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-plan
    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

#[test]
fn nothing_but_a_source_is_still_a_message() {
    assert_snapshot!(page(&json!({"source": "marquee.state_machine"})), @"
    [Marquee: a step failed]
    A step failed.

    Why: no cause was given
    How bad: What was published stands, and readers keep it. The dates that were not made stay due: the next run makes them.
    What to do: Mend the cause, then start the daily machine again: it makes what is still due.

    Runbook: Execution failed, https://example.com/docs/OPERATIONS.md#execution-failed
    ");
}

/// What is said when an audit finds a lot is bounded.
#[test]
fn many_problems_are_counted() {
    let problems: Vec<String> = (0..25)
        .map(|n| format!("{n} {}", "x".repeat(5_000)))
        .collect();
    let page = page(&with(caught_audit(), "/cause/problems", problems));
    assert!(page.contains("And: 15 more problems"), "{page}");
    assert!(page.len() < 10_000, "{}", page.len());
}

/// However a machine hands over what `book` and `audit` found.
#[test]
fn findings_are_read_in_all_their_forms() {
    let finding = |input: Value, cause: Value| match incident(&with(input, "/cause", cause)) {
        Incident::Caught(caught) => caught.finding,
        other => panic!("{other:?}"),
    };
    let held = Finding::Held("too few".into());
    for cause in [
        json!("too few"),
        json!({"outcome": "held", "cause": "too few"}),
        json!({"Error": "DateHeld", "Cause": "too few"}),
    ] {
        assert_eq!(finding(caught_book(), cause), held);
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
            finding(caught_audit(), cause),
            Finding::Unbalanced(problems)
        );
    }
    // The function of the step failing is not what the step finds.
    for input in [caught_book(), caught_audit()] {
        let cause = json!({"Error": "DayError", "Cause": "{\"errorMessage\":\"no\",\"errorType\":\"DayError\"}"});
        assert!(matches!(finding(input, cause), Finding::Failed(_)));
    }
}
