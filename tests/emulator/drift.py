"""Changes that Terraform plans right after an apply: none on AWS."""

from report import expect

# Attributes that the emulator returns in another form, by resource type, with the reason.
KNOWN = {
    "aws_cloudwatch_metric_alarm": (
        {"actions_enabled", "alarm_actions", "alarm_description", "dimensions", "evaluate_low_sample_count_percentiles",
         "extended_statistic", "period", "statistic", "treat_missing_data"},
        "alarms are returned without most of their settings",
    ),
    "aws_kinesis_stream": ({"tags_all"}, "tags are not returned"),
    "aws_s3_object": ({"tags_all"}, "tags are not returned"),
    "aws_sfn_state_machine": ({"tracing_configuration"}, "tracing is not returned"),
    "aws_lambda_event_source_mapping": ({"metrics_config"}, "metrics of a mapping are returned although none were requested"),
}


def judge(changes, is_aws):
    """Describes the changes; fails for those that are not known."""
    unknown, known = [], {}
    for address, kind, attributes in changes:
        allowed, why = KNOWN.get(kind, (set(), ""))
        if is_aws or not set(attributes) <= allowed or not attributes:
            unknown.append(f"{address} ({', '.join(attributes)})")
        else:
            known[why] = known.get(why, 0) + 1
    expect(not unknown, "Terraform would change " + "; ".join(unknown))
    return "; ".join(f"{why} ({count})" for why, count in known.items()) or "no changes"
