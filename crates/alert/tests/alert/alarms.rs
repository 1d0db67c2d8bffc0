//! Messages about CloudWatch alarms.

use insta::assert_snapshot;
use marquee_alert::input::AlertInput;
use marquee_alert::runbook::Runbook;

use crate::fixture::{
    alarm_composite, alarm_execution, alarm_expression, alarm_held, alarm_metric, incident,
    message, resolved, with,
};

#[test]
fn an_alarm_on_a_metric() {
    assert_snapshot!(message(&alarm_metric()), @"
    [Marquee: Iterator age (marquee-prod-transform-iterator-age)]
    Iterator age (marquee-prod-transform-iterator-age).

    Alarm: The transform is more than 5 minutes behind the stream.
    Reason: Threshold Crossed: 1 out of the last 1 datapoints [412000.0 (06/01/26 16:59:00)] was greater than the threshold (300000.0) (minimum 1 datapoint for OK -> ALARM transition).
    Since: 2026-01-06 17:04 UTC
    Impact: Tables are updated late. No data is lost while the records are younger than the stream's retention; older records are lost.
    Action: Check the transform's log for errors. If there are none, add shards, raise the parallelization factor, or give the function more memory.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/marquee-prod-transform-iterator-age
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-transform
    Runbook: Iterator age, https://example.com/docs/OPERATIONS.md#iterator-age
    ");
}

#[test]
fn a_resolved_alarm() {
    assert_snapshot!(message(&resolved(alarm_metric())), @"
    [Marquee: resolved: Iterator age (marquee-prod-transform-iterator-age)]
    Resolved: Iterator age (marquee-prod-transform-iterator-age).

    Alarm: The transform is more than 5 minutes behind the stream.
    Reason: Threshold Crossed: 1 out of the last 1 datapoints [412000.0 (06/01/26 16:59:00)] was greater than the threshold (300000.0) (minimum 1 datapoint for OK -> ALARM transition).
    Since: 2026-01-06 17:31 UTC
    Action: None: the alarm returned to OK.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/marquee-prod-transform-iterator-age
    Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fmarquee-prod-transform
    ");
}

/// The last run found no held date. That does not publish the dates that were held.
#[test]
fn an_alarm_that_resolves_without_a_fix() {
    assert_snapshot!(message(&resolved(alarm_held())), @"
    [Marquee: not detected again: Held dates (marquee-prod-held-dates)]
    Not detected again: Held dates (marquee-prod-held-dates).

    Alarm: A date is held: a check is violated, or its event book does not balance. Runbook: Held dates
    Reason: Threshold Crossed: 1 out of the last 1 datapoints [1.0 (06/01/26 16:00:00)] was greater than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).
    Since: 2026-01-06 17:31 UTC
    Action: The condition was not detected again. Fix what was detected before, as the runbook says: the alarm's return to OK does not fix it.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/marquee-prod-held-dates
    ");
}

#[test]
fn the_description_names_the_runbook_heading() {
    let alarm = incident(&alarm_execution());
    assert_eq!(alarm.runbook(), Some(Runbook::ExecutionFailed));
    let undescribed = with(alarm_execution(), "/detail/configuration/description", "");
    assert_eq!(
        incident(&undescribed).runbook(),
        Some(Runbook::ExecutionFailed)
    );
    let unnamed = with(undescribed, "/detail/alarmName", "unnamed");
    assert_eq!(incident(&unnamed).runbook(), Some(Runbook::ExecutionLate));
}

#[test]
fn the_first_known_metric_of_an_expression_selects_the_heading() {
    let alarm = incident(&alarm_expression());
    assert_eq!(alarm.runbook(), Some(Runbook::QuarantineRate));
}

#[test]
fn an_alarm_that_the_runbook_does_not_cover() {
    assert_snapshot!(message(&alarm_composite()), @"
    [Marquee: alarm (everything)]
    Alarm (everything).

    Reason: arn:aws:cloudwatch:eu-west-1:123456789012:alarm:marquee-prod-transform-iterator-age transitioned to ALARM at Tuesday 06 January, 2026 15:57:45 UTC
    Since: 2026-01-06 15:57 UTC
    Action: The runbook does not cover this alarm. Check the metric that it watches, then add a heading to the runbook.

    Alarm: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/everything
    ");
}

#[test]
fn an_alarm_with_insufficient_data_sends_no_message() {
    let event = with(alarm_metric(), "/detail/state/value", "INSUFFICIENT_DATA");
    assert!(matches!(AlertInput::parse(&event), AlertInput::Ignored(_)));
}
