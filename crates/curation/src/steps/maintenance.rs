//! The steps that stand alone: audit, replay, rebuild, sweep.

use std::time::{Duration, SystemTime};

use marquee_audit::{self as audit, Status};
use marquee_event::{Date, DateRange, Reason};
use marquee_lake::step::StepError;
use marquee_repair::{ReplayOptions, rebuild, replay};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::{Steps, answer};
use crate::sweep;

/// What `audit` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToAudit {
    event_date: Date,
}

/// What `replay` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToReplay {
    date: Option<Date>,
    reason: Option<String>,
    limit: Option<u64>,
    #[serde(default)]
    dry_run: bool,
}

/// What `rebuild` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToRebuild {
    from: Date,
    to: Date,
}

/// What `audit` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditAnswer {
    /// The date.
    pub event_date: Date,
    /// Whether every sum adds up.
    pub balanced: bool,
    /// Whether the books may still change.
    pub status: Status,
    /// How much is wrong; what, stands in the books.
    pub problems: usize,
}

impl Steps {
    pub(super) async fn audit(&self, of: ToAudit) -> Result<AuditAnswer, StepError> {
        let audit = audit::full(&self.store, of.event_date, None).await?;
        audit::keep(&*self.store, &audit).await?;
        metrics::histogram!("AuditImbalance").record(audit.problems.len() as f64);
        if !audit.balanced {
            let problems: Vec<String> = audit.problems.iter().map(ToString::to_string).collect();
            tracing::error!(
                event.date = %audit.date,
                ?problems,
                "the books do not balance"
            );
        }
        Ok(AuditAnswer {
            event_date: audit.date,
            balanced: audit.balanced,
            status: audit.status,
            problems: audit.problems.len(),
        })
    }

    pub(super) async fn replay(&self, of: ToReplay) -> Result<Value, StepError> {
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
        // A state machine's state is small; the receipts say the rest.
        let receipts = report.receipts.len();
        report.receipts.clear();
        let mut answer = answer(report);
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("receipts".into(), receipts.into());
        }
        Ok(answer)
    }

    pub(super) async fn rebuild(&self, of: ToRebuild) -> Result<Value, StepError> {
        let ToRebuild { from, to } = of;
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
