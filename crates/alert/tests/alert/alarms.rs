//! What CloudWatch's alarms say.

use insta::assert_snapshot;
use marquee_alert::report::Report;
use marquee_alert::runbook::Runbook;

use crate::fixture::{
    alarm_composite, alarm_execution, alarm_expression, alarm_held, alarm_metric, incident, over,
    page, with,
};

#[test]
fn an_alarm_of_a_metric() {
    assert_snapshot!(page(&alarm_metric()), @"
    [Marquee: Iterator age (marquee-prod-transform-iterator-age)]
    Iterator age (marquee-prod-transform-iterator-age).

    Alarm: The transform is more than 5 minutes behind the stream.
    Why: Threshold Crossed: 1 out of the last 1 datapoints [412000.0 (06/01/26 16:59:00)] was greater than the threshold (300000.0) (minimum 1 datapoint for OK -> ALARM transition).
    Since: 2026-01-06 17:04 UTC
    How bad: Tables get later. Nothing is lost while the records are younger than the stream's retention; what is older than that is gone.
    What to do: See in the transform's log whether it fails. If it does not, it needs more shards, a higher parallelization factor, or more memory.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/marquee-prod-transform-iterator-age
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-transform
    Runbook: Iterator age, https://example.com/docs/OPERATIONS.md#iterator-age
    ");
}

#[test]
fn an_alarm_that_is_over() {
    assert_snapshot!(page(&over(alarm_metric())), @"
    [Marquee: over: Iterator age (marquee-prod-transform-iterator-age)]
    Over: Iterator age (marquee-prod-transform-iterator-age).

    Alarm: The transform is more than 5 minutes behind the stream.
    Why: Threshold Crossed: 1 out of the last 1 datapoints [412000.0 (06/01/26 16:59:00)] was greater than the threshold (300000.0) (minimum 1 datapoint for OK -> ALARM transition).
    Since: 2026-01-06 17:31 UTC
    What to do: Nothing: it has gone back to normal.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/marquee-prod-transform-iterator-age
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-transform
    ");
}

/// That no more dates are found held does not say that those are published.
#[test]
fn an_alarm_whose_end_mends_nothing() {
    assert_snapshot!(page(&over(alarm_held())), @"
    [Marquee: not again: Held dates (marquee-prod-held-dates)]
    Not again: Held dates (marquee-prod-held-dates).

    Alarm: A date is held back: a check or its book stops it. Runbook: Held dates
    Why: Threshold Crossed: 1 out of the last 1 datapoints [1.0 (06/01/26 16:00:00)] was greater than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).
    Since: 2026-01-06 17:31 UTC
    What to do: It was not found again. What was found before stands until it is mended, as the runbook says.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/marquee-prod-held-dates
    ");
}

#[test]
fn an_alarm_is_about_what_its_maker_says() {
    let alarm = incident(&alarm_execution());
    assert_eq!(alarm.runbook(), Some(Runbook::ExecutionFailed));
    let silent = with(alarm_execution(), "/detail/configuration/description", "");
    assert_eq!(incident(&silent).runbook(), Some(Runbook::ExecutionFailed));
    let nameless = with(silent, "/detail/alarmName", "nameless");
    assert_eq!(incident(&nameless).runbook(), Some(Runbook::ExecutionLate));
}

#[test]
fn an_alarm_of_several_metrics_is_about_the_one_that_is_known() {
    let alarm = incident(&alarm_expression());
    assert_eq!(alarm.runbook(), Some(Runbook::QuarantineRate));
}

#[test]
fn an_alarm_that_the_runbook_does_not_know() {
    assert_snapshot!(page(&alarm_composite()), @"
    [Marquee: alarm (everything)]
    Alarm (everything).

    Why: arn:aws:cloudwatch:eu-west-1:123456789012:alarm:marquee-prod-transform-iterator-age transitioned to ALARM at Tuesday 06 January, 2026 15:57:45 UTC
    Since: 2026-01-06 15:57 UTC
    What to do: The runbook does not know this alarm: look at what it watches, and write a heading for it.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/everything
    ");
}

#[test]
fn an_alarm_without_data_is_nothing_to_hear_of() {
    let event = with(alarm_metric(), "/detail/state/value", "INSUFFICIENT_DATA");
    assert!(matches!(Report::read(&event), Report::Fine(_)));
}
