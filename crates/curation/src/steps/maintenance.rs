//! The steps outside a date's pipeline: replay, rebuild, sweep.

use std::time::{Duration, SystemTime};

use marquee_event::{Date, DateRange, Reason};
use marquee_lake::step::StepError;
use marquee_repair::{ReplayOptions, rebuild, replay};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Steps, answer};
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
    pub(super) async fn replay(&self, of: ReplayInput) -> Result<Value, StepError> {
        let reason = match of.reason {
            None => None,
            Some(name) => {
                let reason = Reason::ALL.into_iter().find(|known| known.name() == name);
                let known = || Reason::ALL.map(Reason::name).join(", ");
                Some(reason.ok_or_else(|| {
                    StepError::input(
                        "replay",
                        format!("{name:?} is no reason, which are {}", known()),
                    )
                })?)
            }
        };
        let options = ReplayOptions {
            date: of.date,
            reason,
            limit: of.limit,
            dry_run: of.dry_run,
        };
        let settings = self.settings.transform;
        let mut report = replay(&self.store, &options, settings).await?;
        // The state of a state machine is bounded; the receipts are in the lake.
        let receipts = report.receipts.len();
        report.receipts.clear();
        let mut answer = answer(report);
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("receipts".into(), receipts.into());
        }
        Ok(answer)
    }

    pub(super) async fn rebuild(&self, of: RebuildInput) -> Result<Value, StepError> {
        let RebuildInput { from, to } = of;
        if from > to {
            return Err(StepError::input(
                "rebuild",
                format!("`from` {from} is after `to` {to}"),
            ));
        }
        let settings = self.settings.transform;
        let report = rebuild(&self.store, DateRange { from, to }, settings).await?;
        for fault in &report.faults {
            tracing::error!(?fault, "a batch could not be made anew");
        }
        Ok(json!({
            "receipts": report.receipts,
            "intact": report.intact,
            "restored": report.restored.len(),
            "faults": report.faults.len(),
        }))
    }

    pub(super) async fn sweep(&self, now: i64) -> Result<Value, StepError> {
        let since = Duration::from_micros(u64::try_from(now).unwrap_or(0));
        let now = SystemTime::UNIX_EPOCH + since;
        let swept = sweep::sweep(&*self.store, now, self.settings.keep).await?;
        Ok(json!({ "objects": swept.objects, "bytes": swept.bytes }))
    }
}
