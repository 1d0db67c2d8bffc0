//! The problems that an audit finds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use marquee_event::Date;
use marquee_event::date::date_in;
use marquee_lake::zone::Zone;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A problem of the lake or of a book. It displays as a sentence; [`advice`](Self::advice)
/// returns what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// An object that a receipt or a generation names is missing.
    MissingObject {
        /// The object's key.
        key: String,
        /// The key of the receipt or the generation.
        named_by: String,
    },
    /// An object has another digest than its entry states.
    ContentDiffers {
        /// The object's key.
        key: String,
        /// The key of the receipt or the generation.
        named_by: String,
        /// The size in the entry.
        expected_bytes: u64,
        /// The size of the object.
        found_bytes: u64,
    },
    /// An object has another number of rows than its entry states.
    RowsDiffer {
        /// The object's key.
        key: String,
        /// The key of the receipt or the generation.
        named_by: String,
        /// The number of rows in the entry.
        expected: u64,
        /// The number of rows of the object.
        found: u64,
    },
    /// An object cannot be read as a file of its table.
    Unreadable {
        /// The object's key.
        key: String,
        /// The key of the receipt or the generation; `None` for an orphan.
        named_by: Option<String>,
        /// The reason.
        cause: String,
    },
    /// The figures of a receipt contradict each other or its objects.
    ReceiptUnbalanced {
        /// The receipt's key.
        receipt: String,
        /// The figures that differ, as a sentence.
        sum: String,
    },
    /// A receipt that a generation covers is missing.
    ReceiptRemoved {
        /// The receipt's key.
        receipt: String,
        /// The generation's key.
        generation: String,
    },
    /// An object that no receipt names has units that are in no object that a receipt names.
    Orphan {
        /// The object's key.
        key: String,
        /// The number of units that are in no object that a receipt names.
        uncovered: u64,
        /// The number of all units of the object.
        units: u64,
    },
    /// A failed batch has open records.
    FailedOpen {
        /// The key of the failed batch.
        key: String,
        /// The batch's shard.
        shard_id: String,
        /// The number of open records.
        records: u64,
    },
    /// An object at the on-failure destination is not a failed batch.
    FailedUnreadable {
        /// The object's key.
        key: String,
        /// The reason.
        cause: String,
    },
    /// The stream's own count of records differs from the lake's.
    ShardDiffers {
        /// The shard.
        shard_id: String,
        /// The stream's own count.
        stream: u64,
        /// The records that the lake accounts for: seen, blank and failed.
        accounted: u64,
    },
    /// Producer numbers are missing, and the units without a readable number are too few to
    /// explain them.
    ProducerGap {
        /// The producer.
        producer_id: String,
        /// The count of missing numbers.
        missing: u64,
        /// The longest gaps, as first and last missing number.
        gaps: Vec<(u64, u64)>,
        /// The count of missing numbers that units without a readable number can explain.
        excused: u64,
    },
    /// The sums of a book do not agree.
    Unbalanced {
        /// The book's date.
        date: Date,
        /// The figures that differ, as a sentence.
        sum: String,
    },
    /// Identities of the date in covered objects are in neither `events` nor
    /// `dropped_events`.
    Lost {
        /// The date.
        date: Date,
        /// The number of identities.
        identities: u64,
        /// The key of a receipt with some of them.
        example: String,
    },
    /// Curated tables have identities that no covered object has.
    Unknown {
        /// The date of the tables.
        date: Date,
        /// The number of identities.
        identities: u64,
    },
}

impl Problem {
    /// Returns the kind, as JSON names it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::MissingObject { .. } => "missing_object",
            Self::ContentDiffers { .. } => "content_differs",
            Self::RowsDiffer { .. } => "rows_differ",
            Self::Unreadable { .. } => "unreadable",
            Self::ReceiptUnbalanced { .. } => "receipt_unbalanced",
            Self::ReceiptRemoved { .. } => "receipt_removed",
            Self::Orphan { .. } => "orphan",
            Self::FailedOpen { .. } => "failed_open",
            Self::FailedUnreadable { .. } => "failed_unreadable",
            Self::ShardDiffers { .. } => "shard_differs",
            Self::ProducerGap { .. } => "producer_gap",
            Self::Unbalanced { .. } => "unbalanced",
            Self::Lost { .. } => "lost",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Returns what to do about the problem.
    pub fn advice(&self) -> Cow<'static, str> {
        let advice = match self {
            Self::MissingObject { key, named_by }
            | Self::ContentDiffers { key, named_by, .. }
            | Self::RowsDiffer { key, named_by, .. } => return advice_on(key, Some(named_by)),
            Self::Unreadable { key, named_by, .. } => return advice_on(key, named_by.as_deref()),
            Self::Unbalanced { date, .. }
            | Self::Lost { date, .. }
            | Self::Unknown { date, .. } => {
                return format!(
                    "run `marquee rebuild {date}`; if the problem returns, report a defect"
                )
                .into();
            }
            Self::ReceiptUnbalanced { .. } => {
                "the program never replaces a receipt: find out what wrote it, and restore it from a copy of the bucket"
            }
            Self::ReceiptRemoved { .. } => {
                "restore the receipt from a copy of the bucket, or deliver its records again"
            }
            Self::Orphan { .. } => {
                "if the transform is running, audit again when it has finished; otherwise deliver the records again while the stream retains them"
            }
            Self::FailedOpen { .. } => {
                "fix the cause of the failure, then invoke the transform with the object's `payload`"
            }
            Self::FailedUnreadable { .. } => {
                "only the event source mapping writes there: repair the object, or move it elsewhere"
            }
            Self::ShardDiffers { .. } => {
                "if the transform is still reading the stream, audit again when it has finished; otherwise deliver the shard's records again while the stream retains them"
            }
            Self::ProducerGap { .. } => {
                "find in the producer's log whether it sent the numbers; compare the shards' counts to see whether they reached the stream; if they cannot be delivered any more, acknowledge the gap"
            }
        };
        advice.into()
    }
}

/// Returns what to do about an object of a zone, or a file of the curated tables.
fn advice_on(key: &str, named_by: Option<&str>) -> Cow<'static, str> {
    let zone = zone_of(key);
    if zone == Some(Zone::Raw) {
        return "raw cannot be rebuilt: restore the object from a copy of the bucket, such as an older version of the object".into();
    }
    let effect = match zone {
        Some(_) => "to restore it from raw",
        None => "to make the date's curated tables from scratch",
    };
    // The key of a table without partitions has no date; the key of its generation has one.
    let date = date_in(key).or_else(|| named_by.and_then(date_in));
    match date {
        Some(date) => format!("run `marquee rebuild {date}` {effect}").into(),
        None => format!("run `marquee rebuild` with the date of this audit {effect}").into(),
    }
}

fn zone_of(key: &str) -> Option<Zone> {
    Zone::ALL
        .into_iter()
        .find(|zone| key.starts_with(&zone.prefix()))
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingObject { key, named_by } => {
                write!(f, "{key} is missing, but {named_by} names it")
            }
            Self::ContentDiffers {
                key,
                named_by,
                expected_bytes,
                found_bytes,
            } if expected_bytes == found_bytes => write!(
                f,
                "{key} has other content than {named_by} states, with the same size of {found_bytes} bytes"
            ),
            Self::ContentDiffers {
                key,
                named_by,
                expected_bytes,
                found_bytes,
            } => write!(
                f,
                "{key} has other content than {named_by} states: {found_bytes} bytes, expected {expected_bytes}"
            ),
            Self::RowsDiffer {
                key,
                named_by,
                expected,
                found,
            } => write!(
                f,
                "{key} has {found} rows, but {expected} according to {named_by}"
            ),
            Self::Unreadable { key, cause, .. } => write!(f, "{key} cannot be read: {cause}"),
            Self::ReceiptUnbalanced { receipt, sum } => {
                write!(f, "{receipt} contradicts itself or its objects: {sum}")
            }
            Self::ReceiptRemoved {
                receipt,
                generation,
            } => write!(f, "{receipt} is missing, but {generation} covers it"),
            Self::Orphan {
                key,
                uncovered,
                units,
            } => write!(
                f,
                "no receipt names {key}, and {uncovered} of its {units} units are in no object that a receipt names"
            ),
            Self::FailedOpen {
                key,
                shard_id,
                records,
            } => write!(
                f,
                "{records} records of {shard_id} in the failed batch {key} are in no object that a receipt names"
            ),
            Self::FailedUnreadable { key, cause } => {
                write!(f, "{key} is not a failed batch: {cause}")
            }
            Self::ShardDiffers {
                shard_id,
                stream,
                accounted,
            } => write!(
                f,
                "{stream} records arrived in {shard_id}, but {accounted} are accounted for"
            ),
            Self::ProducerGap {
                producer_id,
                missing,
                gaps,
                excused,
            } => {
                write!(
                    f,
                    "{missing} numbers of producer {producer_id:?} are missing ("
                )?;
                for (index, (from, to)) in gaps.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    match from == to {
                        true => write!(f, "{comma}{from}")?,
                        false => write!(f, "{comma}{from} to {to}")?,
                    }
                }
                let counted: u64 = gaps.iter().map(|(from, to)| to - from + 1).sum();
                let more = if counted < *missing { ", …" } else { "" };
                write!(
                    f,
                    "{more}); units without a readable number can explain {excused}"
                )
            }
            Self::Unbalanced { sum, .. } => f.write_str(sum),
            Self::Lost {
                identities,
                example,
                ..
            } => write!(
                f,
                "{identities} events of the date are in covered objects but not in the curated tables; some are of {example}"
            ),
            Self::Unknown { identities, .. } => write!(
                f,
                "the curated tables have {identities} events that are in no covered object"
            ),
        }
    }
}

/// Returns the number of problems of each kind.
pub(crate) fn count_by_kind(problems: &[Problem]) -> BTreeMap<&'static str, u64> {
    let mut kinds = BTreeMap::new();
    for problem in problems {
        *kinds.entry(problem.kind()).or_default() += 1;
    }
    kinds
}

/// Serializes problems, each with its sentence and its advice.
pub(crate) fn serialize_with_advice<S: Serializer>(
    problems: &[Problem],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    struct WithAdvice<'p>(&'p Problem);
    impl Serialize for WithAdvice<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("sentence", &self.0.to_string())?;
            map.serialize_entry("advice", &self.0.advice())?;
            map.serialize_entry("problem", self.0)?;
            map.end()
        }
    }
    serializer.collect_seq(problems.iter().map(WithAdvice))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_its_name_in_json() {
        let date: Date = "2026-03-01".parse().unwrap();
        let (key, named_by) = (String::new, String::new);
        let problems = [
            Problem::MissingObject {
                key: key(),
                named_by: named_by(),
            },
            Problem::ContentDiffers {
                key: key(),
                named_by: named_by(),
                expected_bytes: 1,
                found_bytes: 2,
            },
            Problem::RowsDiffer {
                key: key(),
                named_by: named_by(),
                expected: 1,
                found: 2,
            },
            Problem::Unreadable {
                key: key(),
                named_by: None,
                cause: String::new(),
            },
            Problem::ReceiptUnbalanced {
                receipt: key(),
                sum: String::new(),
            },
            Problem::ReceiptRemoved {
                receipt: key(),
                generation: key(),
            },
            Problem::Orphan {
                key: key(),
                uncovered: 1,
                units: 2,
            },
            Problem::FailedOpen {
                key: key(),
                shard_id: String::new(),
                records: 1,
            },
            Problem::FailedUnreadable {
                key: key(),
                cause: String::new(),
            },
            Problem::ShardDiffers {
                shard_id: String::new(),
                stream: 1,
                accounted: 2,
            },
            Problem::ProducerGap {
                producer_id: String::new(),
                missing: 1,
                gaps: Vec::new(),
                excused: 0,
            },
            Problem::Unbalanced {
                date,
                sum: String::new(),
            },
            Problem::Lost {
                date,
                identities: 1,
                example: key(),
            },
            Problem::Unknown {
                date,
                identities: 1,
            },
        ];
        for problem in problems {
            let json = serde_json::to_value(&problem).unwrap();
            assert_eq!(json["kind"], problem.kind());
        }
    }
}
