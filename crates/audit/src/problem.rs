//! What an audit finds wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use marquee_event::Date;
use marquee_event::date::date_in;
use marquee_lake::zone::Zone;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Something that keeps the books from balancing. Shown, it is a sentence;
/// [`advice`](Self::advice) says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// An object that a receipt or a generation names is not there.
    MissingObject {
        /// Its key.
        key: String,
        /// The key of what names it.
        named_by: String,
    },
    /// An object's bytes are not those that were written.
    ContentDiffers {
        /// Its key.
        key: String,
        /// The key of what names it.
        named_by: String,
        /// Its size when it was written.
        expected_bytes: u64,
        /// Its size now.
        found_bytes: u64,
    },
    /// An object has another number of rows than was written.
    RowsDiffer {
        /// Its key.
        key: String,
        /// The key of what names it.
        named_by: String,
        /// Rows when it was written.
        expected: u64,
        /// Rows now.
        found: u64,
    },
    /// An object cannot be read as the table that it belongs to.
    Unreadable {
        /// Its key.
        key: String,
        /// The key of what names it; `None` of an orphan.
        named_by: Option<String>,
        /// Why.
        cause: String,
    },
    /// A receipt's own figures do not add up.
    ReceiptUnbalanced {
        /// Its key.
        receipt: String,
        /// Which figures, a sentence.
        sum: String,
    },
    /// A receipt that a generation covers is not there.
    ReceiptRemoved {
        /// Its key.
        receipt: String,
        /// The generation's key.
        generation: String,
    },
    /// An object that no receipt names holds units that are in no object that
    /// one does.
    Orphan {
        /// Its key.
        key: String,
        /// Units in no receipted object.
        uncovered: u64,
        /// All its units.
        units: u64,
    },
    /// The mapping gave up a batch, and its records are in no receipted object.
    FailedOpen {
        /// The key of what the mapping left.
        key: String,
        /// The batch's shard.
        shard_id: String,
        /// Records in no receipted object.
        records: u64,
    },
    /// What lies under `failed/` says nothing of a batch.
    FailedUnreadable {
        /// Its key.
        key: String,
        /// Why.
        cause: String,
    },
    /// The stream counted other records than the lake accounts for.
    ShardDiffers {
        /// The shard.
        shard_id: String,
        /// Records that arrived, by the stream's own count.
        stream: u64,
        /// Records seen and failed.
        accounted: u64,
    },
    /// Numbers that a producer gave are nowhere in the lake, and too few units
    /// are too broken to carry one.
    ProducerGap {
        /// The producer.
        producer_id: String,
        /// How many are missing.
        missing: u64,
        /// The longest of the gaps, from and to.
        gaps: Vec<(u64, u64)>,
        /// How many missing numbers, of all producers, the broken units excuse.
        excused: u64,
    },
    /// A sum of a book does not add up.
    Unbalanced {
        /// The book's date.
        date: Date,
        /// Which, a sentence.
        sum: String,
    },
    /// Identities of the date in covered objects are in neither `events` nor
    /// `dropped_events`.
    Lost {
        /// The date.
        date: Date,
        /// How many.
        identities: u64,
        /// An object with some of them.
        example: String,
    },
    /// Curated tables hold identities that no covered object has.
    Unknown {
        /// The tables' date.
        date: Date,
        /// How many.
        identities: u64,
    },
}

impl Problem {
    /// What to do about it.
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
                    "`marquee rebuild {date}` makes the date anew; if it comes again, it is a defect of this program"
                )
                .into();
            }
            Self::ReceiptUnbalanced { .. } => {
                "receipts are never replaced: look at who wrote it, and restore it from a copy"
            }
            Self::ReceiptRemoved { .. } => {
                "restore the receipt from a copy of the bucket; delivering its records again makes it anew"
            }
            Self::Orphan { .. } => {
                "if the transform is at work, ask again when it is done; else deliver the records again while the stream holds them"
            }
            Self::FailedOpen { .. } => {
                "mend the cause, then give the object's `payload` to the transform again"
            }
            Self::FailedUnreadable { .. } => {
                "only the event source mapping writes there: move the object elsewhere, or mend it"
            }
            Self::ShardDiffers { .. } => {
                "if the stream is still being read, ask again when it is done; else deliver the shard's records again while the stream holds them"
            }
            Self::ProducerGap { .. } => {
                "see in the producer's log whether it sent them; the shards' counts tell whether they reached the stream"
            }
        };
        advice.into()
    }
}

/// What to do about an object of a zone, or of the curated tables.
fn advice_on(key: &str, named_by: Option<&str>) -> Cow<'static, str> {
    let zone = zone_of(key);
    if zone == Some(Zone::Raw) {
        return "raw is where everything else is made from: restore the object from a copy of the bucket (its versions, if they are kept)".into();
    }
    let what = match zone {
        Some(_) => "makes it anew from raw",
        None => "makes the date's curated tables anew",
    };
    // The directory of an undated table has no date: its generation's does.
    let date = date_in(key).or_else(|| named_by.and_then(date_in));
    match date {
        Some(date) => format!("`marquee rebuild {date}` {what}").into(),
        None => format!("`marquee rebuild`, with the date of this audit, {what}").into(),
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
                write!(f, "{key} is not there, but {named_by} names it")
            }
            Self::ContentDiffers {
                key,
                named_by,
                expected_bytes,
                found_bytes,
            } if expected_bytes == found_bytes => write!(
                f,
                "{key} has another content than was written, as {named_by} says"
            ),
            Self::ContentDiffers {
                key,
                named_by,
                expected_bytes,
                found_bytes,
            } => write!(
                f,
                "{key} has {found_bytes} bytes, but {expected_bytes} were written, as {named_by} says"
            ),
            Self::RowsDiffer {
                key,
                named_by,
                expected,
                found,
            } => write!(
                f,
                "{key} has {found} rows, but {expected} were written, as {named_by} says"
            ),
            Self::Unreadable { key, cause, .. } => write!(f, "{key} cannot be read: {cause}"),
            Self::ReceiptUnbalanced { receipt, sum } => {
                write!(f, "{receipt} does not add up: {sum}")
            }
            Self::ReceiptRemoved {
                receipt,
                generation,
            } => write!(f, "{receipt} is not there, but {generation} covers it"),
            Self::Orphan {
                key,
                uncovered,
                units,
            } => write!(
                f,
                "{key} is named by no receipt, and {uncovered} of its {units} units are in no object that is"
            ),
            Self::FailedOpen {
                key,
                shard_id,
                records,
            } => write!(
                f,
                "{records} records of {shard_id} were given up and are in no receipted object: {key}"
            ),
            Self::FailedUnreadable { key, cause } => {
                write!(f, "{key} says nothing of a batch: {cause}")
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
                    "{more}); units too broken to carry a number excuse {excused} in all"
                )
            }
            Self::Unbalanced { sum, .. } => f.write_str(sum),
            Self::Lost {
                identities,
                example,
                ..
            } => write!(
                f,
                "{identities} events of the date are in covered objects but not in the curated tables: {example} has some of them"
            ),
            Self::Unknown { identities, .. } => write!(
                f,
                "the curated tables hold {identities} events that no covered object has"
            ),
        }
    }
}

/// How many problems of each kind there are.
pub(crate) fn by_kind(problems: &[Problem]) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for problem in problems {
        let form = serde_json::to_value(problem).unwrap_or_default();
        let kind = form["kind"].as_str().unwrap_or("unknown").to_owned();
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// Writes problems with their sentences and what to do about them.
pub(crate) fn in_words<S: Serializer>(
    problems: &[Problem],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    struct InWords<'p>(&'p Problem);
    impl Serialize for InWords<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("sentence", &self.0.to_string())?;
            map.serialize_entry("advice", &self.0.advice())?;
            map.serialize_entry("problem", self.0)?;
            map.end()
        }
    }
    serializer.collect_seq(problems.iter().map(InWords))
}
