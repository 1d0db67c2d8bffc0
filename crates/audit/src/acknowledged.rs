//! Gaps in producer numbers that an operator has acknowledged: the numbers are lost for good, or
//! were never sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use marquee_event::bounds;
use marquee_lake::{digest, document};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::AuditError;
use crate::intervals::Intervals;
use crate::object::READERS;

/// The prefix of the acknowledged gaps.
const PREFIX: &str = "ledger/acknowledged_gaps";

/// The maximum length of `by` and `reason`, in bytes.
const MAX_TEXT: usize = 1_000;

/// A gap in the numbers of a producer that the audit does not report any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgedGap {
    /// The producer.
    pub producer_id: String,
    /// The first number of the gap.
    pub from: u64,
    /// The last number of the gap.
    pub to: u64,
    /// The person who acknowledged the gap.
    pub by: String,
    /// The reason.
    pub reason: String,
}

/// The fault of a gap that cannot be acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidGap {
    /// The range is empty or out of bounds.
    #[error(
        "cannot acknowledge {from}..{to}: give a first and a last number from 1 to {most}, in this order"
    )]
    Range {
        /// The first number.
        from: u64,
        /// The last number.
        to: u64,
        /// The highest number of an event.
        most: i64,
    },
    /// A text is empty, too long, or has control characters.
    #[error(
        "cannot acknowledge a gap with this {name}: give 1 to {MAX_TEXT} bytes without control characters"
    )]
    Text {
        /// The name of the field.
        name: &'static str,
    },
}

impl AcknowledgedGap {
    /// Checks the range and the texts.
    ///
    /// # Errors
    /// [`InvalidGap`].
    pub fn check(&self) -> Result<(), InvalidGap> {
        let Self {
            producer_id,
            from,
            to,
            by,
            reason,
        } = self;
        let most = bounds::PRODUCER_SEQ;
        if *from == 0 || from > to || *to > most.unsigned_abs() {
            return Err(InvalidGap::Range {
                from: *from,
                to: *to,
                most,
            });
        }
        for (name, text) in [
            ("producer", producer_id),
            ("person", by),
            ("reason", reason),
        ] {
            let is_valid = !text.trim().is_empty()
                && text.len() <= MAX_TEXT
                && !text.contains(char::is_control);
            if !is_valid {
                return Err(InvalidGap::Text { name });
            }
        }
        Ok(())
    }

    /// Returns the key of the gap's object. Another person or reason gives another object.
    fn key(&self) -> Path {
        let Self {
            producer_id,
            from,
            to,
            by,
            reason,
        } = self;
        let content = format!("{producer_id}\n{from}\n{to}\n{by}\n{reason}");
        Path::from(format!("{PREFIX}/{}.json", digest::of(content.as_bytes())))
    }
}

/// Records the gap in the lake, after [`AcknowledgedGap::check`]. Returns the key of its object.
///
/// # Errors
/// If the lake cannot be written.
pub async fn acknowledge(
    store: &dyn ObjectStore,
    gap: &AcknowledgedGap,
) -> Result<String, AuditError> {
    let key = gap.key();
    document::create(store, &key, gap).await?;
    Ok(key.to_string())
}

/// Returns the acknowledged numbers of each producer.
pub(crate) async fn acknowledged(
    store: &Arc<dyn ObjectStore>,
) -> Result<BTreeMap<String, Intervals>, AuditError> {
    let objects = store.list(Some(&Path::from(PREFIX)));
    let gaps: Vec<AcknowledgedGap> = objects
        .map_err(AuditError::from)
        .map_ok(|object| async move {
            let gap = document::read(&**store, &object.location).await?;
            Ok::<_, AuditError>(gap)
        })
        .try_buffer_unordered(READERS)
        .try_collect()
        .await?;
    let mut ranges: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for gap in gaps.into_iter().filter(|gap| gap.check().is_ok()) {
        let of_producer = ranges.entry(gap.producer_id).or_default();
        of_producer.push((gap.from, gap.to));
    }
    let sets = ranges.into_iter();
    Ok(sets
        .map(|(producer, ranges)| (producer, Intervals::of_ranges(ranges)))
        .collect())
}
