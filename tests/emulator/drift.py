"""What Terraform would change right after an apply: on AWS nothing."""

from report import expect

# What the emulator does not give back as it was given, by type: attributes, and why.
KNOWN = {
    "aws_cloudwatch_metric_alarm": (
        {"actions_enabled", "alarm_actions", "alarm_description", "dimensions", "evaluate_low_sample_count_percentiles",
         "extended_statistic", "period", "statistic", "treat_missing_data"},
        "alarms are read back without most of their settings",
    ),
    "aws_kinesis_stream": ({"tags_all"}, "tags are not read back"),
    "aws_s3_object": ({"tags_all"}, "tags are not read back"),
    "aws_sfn_state_machine": ({"tracing_configuration"}, "tracing is not read back"),
    "aws_lambda_event_source_mapping": ({"metrics_config"}, "metrics of a mapping are read back though none were asked"),
}


def judge(changes, is_aws):
    """Words about the changes; those that are not known fail."""
    unknown, known = [], {}
    for address, kind, attributes in changes:
        allowed, why = KNOWN.get(kind, (set(), ""))
        if is_aws or not set(attributes) <= allowed or not attributes:
            unknown.append(f"{address} ({', '.join(attributes)})")
        else:
            known[why] = known.get(why, 0) + 1
    expect(not unknown, "it would change " + "; ".join(unknown))
    return "; ".join(f"{why} ({count})" for why, count in known.items()) or "nothing to change"
