//! The metrics that alarms evaluate, out of all metrics of a flush.

use serde_json::Value;

/// The metrics that infra/alarms.tf evaluates, by `Environment` alone.
const ALARMED: [&str; 6] = [
    "AuditImbalance",
    "FailedBatches",
    "Freshness",
    "HeldDates",
    "Quarantined",
    "Received",
];

/// Withholds all metrics without an alarm from CloudWatch. `lines` are EMF documents, one
/// per line.
///
/// Every document stays in the log with all its values. A document without such a metric
/// loses its `_aws` field, so CloudWatch treats it as a log line.
pub(crate) fn publish_alarmed(lines: &str) -> String {
    let mut published = String::with_capacity(lines.len());
    for line in lines.lines() {
        match serde_json::from_str(line) {
            Ok(mut document) => {
                if !keep_alarmed(&mut document) {
                    document.as_object_mut().map(|fields| fields.remove("_aws"));
                }
                published += &document.to_string();
            }
            Err(_) => published += line,
        }
        published.push('\n');
    }
    published
}

/// Removes the metrics without an alarm from a document's declaration. Returns `true` if a
/// metric remains.
fn keep_alarmed(document: &mut Value) -> bool {
    let Some(declaration) = document.pointer_mut("/_aws/CloudWatchMetrics/0") else {
        return false;
    };
    if declaration.get("Dimensions") != Some(&serde_json::json!([["Environment"]])) {
        return false;
    }
    let metrics = declaration.get_mut("Metrics").and_then(Value::as_array_mut);
    let Some(metrics) = metrics else {
        return false;
    };
    metrics.retain(|metric| {
        let name = metric["Name"].as_str();
        name.is_some_and(|name| ALARMED.contains(&name))
    });
    !metrics.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn document(dimensions: &[&str], metrics: &[&str]) -> Value {
        let declared = metrics.iter().map(|name| serde_json::json!({"Name": name}));
        let mut document = serde_json::json!({
            "_aws": {"Timestamp": 1, "CloudWatchMetrics": [{
                "Namespace": "Marquee",
                "Dimensions": [dimensions],
                "Metrics": declared.collect::<Vec<_>>(),
            }]},
            "Environment": "dev",
        });
        for name in metrics {
            document[name] = 3.into();
        }
        document
    }

    fn published(document: &Value) -> Value {
        serde_json::from_str(&publish_alarmed(&format!("{document}\n"))).unwrap()
    }

    #[test]
    fn only_metrics_with_an_alarm_are_declared() {
        let found = published(&document(&["Environment"], &["Bytes", "Received"]));
        let declared = &found["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(*declared, serde_json::json!([{"Name": "Received"}]));
        assert_eq!(
            (&found["Bytes"], &found["Received"]),
            (&3.into(), &3.into())
        );
    }

    #[test]
    fn a_document_without_an_alarmed_metric_is_a_log_line() {
        for (dimensions, metrics) in [
            (&["Environment"][..], &["Bytes"][..]),
            (&["Environment", "Reason"], &["Quarantined"]),
        ] {
            let found = published(&document(dimensions, metrics));
            assert!(found.get("_aws").is_none(), "{found}");
            assert_eq!(found[metrics[0]], 3);
        }
    }

    #[test]
    fn other_lines_are_unchanged() {
        for line in ["{}\n", "not JSON\n", "[1,2]\n{\"a\":1}\n", ""] {
            assert_eq!(publish_alarmed(line), line);
        }
    }

    #[test]
    fn the_alarmed_metrics_are_those_of_terraform() {
        let alarms = include_str!("../../../infra/alarms.tf");
        let mut evaluated = BTreeSet::new();
        for resource in alarms.split("\nresource ").skip(1) {
            if !resource.contains("= var.metrics_namespace") {
                continue;
            }
            for line in resource.lines().map(str::trim) {
                let names = line.strip_prefix("metric_name").or_else(|| {
                    let names = line.strip_prefix("for_each = toset([")?;
                    names.strip_suffix("])")
                });
                let texts = names.unwrap_or_default().split('"');
                evaluated.extend(texts.skip(1).step_by(2));
            }
        }
        // A resource names the metrics of `found_alarms` by its key.
        let (_, found) = alarms.split_once("found_alarms = {").unwrap();
        let (found, _) = found.split_once("\n  }\n").unwrap();
        let found = found.lines().filter(|line| line.contains("metric = "));
        evaluated.extend(found.map(|line| line.split('"').nth(1).unwrap()));
        assert_eq!(evaluated, BTreeSet::from(ALARMED));
    }
}
