//! The steps outside a date's pipeline: replay, rebuild, sweep.

use std::time::{Duration, SystemTime};

use marquee_event::{Date, DateRange, Reason};
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_repair::{ReplayOptions, rebuild, replay};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Steps, to_json};
use crate::sweep;

/// The input of `replay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayInput {
    date: Option<Date>,
    reason: Option<String>,
    limit: Option<u64>,
    #[serde(default)]
    dry_run: bool,
}

/// The input of `rebuild`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RebuildInput {
    from: Date,
    to: Date,
}

impl Steps {
    pub(super) async fn replay(&self, input: ReplayInput) -> Result<Value, StepError> {
        let reason = match input.reason {
            None => None,
            Some(name) => {
                let reason = Reason::ALL.into_iter().find(|known| known.name() == name);
                let known = || Reason::ALL.map(Reason::name).join(", ");
                Some(reason.ok_or_else(|| {
                    StepError::input(
                        "replay",
                        format!("unknown reason {name:?}; the reasons are {}", known()),
                    )
                })?)
            }
        };
        let options = ReplayOptions {
            date: input.date,
            reason,
            limit: input.limit,
            dry_run: input.dry_run,
        };
        let settings = self.settings.transform;
        let mut report = replay(&self.store, &options, settings).await?;
        // The size of a state machine's state is limited, so the answer has the number of
        // receipts in place of their keys.
        let receipts = report.receipts.len();
        report.receipts.clear();
        match to_json(report)? {
            Value::Object(mut fields) => {
                fields.insert("receipts".into(), receipts.into());
                Ok(fields.into())
            }
            other => Err(StepError::new(
                StepErrorKind::Failed,
                &format!("the report of the replay is not a JSON object but {other}"),
            )),
        }
    }

    pub(super) async fn rebuild(&self, input: RebuildInput) -> Result<Value, StepError> {
        let RebuildInput { from, to } = input;
        if from > to {
            return Err(StepError::input(
                "rebuild",
                format!("`from` {from} is after `to` {to}"),
            ));
        }
        let settings = self.settings.transform;
        let report = rebuild(&self.store, DateRange { from, to }, settings).await?;
        for fault in &report.faults {
            tracing::error!(?fault, "{fault}");
        }
        Ok(json!({
            "receipts": report.receipts,
            "intact": report.intact,
            "restored": report.restored.len(),
            "faults": report.faults.len(),
        }))
    }

    pub(super) async fn sweep(&self, now: i64) -> Result<Value, StepError> {
        let since_epoch = u64::try_from(now)
            .map_err(|_| StepError::input("sweep", format!("the time {now} is before 1970")))?;
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(since_epoch);
        let swept = sweep::sweep(&*self.store, now, self.settings.keep).await?;
        Ok(json!({ "objects": swept.objects, "bytes": swept.bytes }))
    }
}
