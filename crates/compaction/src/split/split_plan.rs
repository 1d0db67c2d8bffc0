//! How the inputs of a date are divided: in parts, and these in chunks.

use serde::{Deserialize, Serialize};

use crate::task::{CompactSettings, InputObject};

/// How much is taken of inputs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit {
    /// Rows of the date.
    pub rows_of_date: u64,
    /// Bytes of the objects.
    pub bytes: u64,
}

/// Inputs, one after the other, of which there is one object a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitChunk<'i> {
    /// Which of the date's inputs the first is, from 0.
    pub first: usize,
    /// Its inputs.
    pub inputs: &'i [InputObject],
}

impl SplitChunk<'_> {
    /// A name for what is made of it. It says which of the run's inputs that is, so
    /// that whoever divides them otherwise has other names.
    pub fn name(&self) -> String {
        format!("inputs-{:06}-{}", self.first, self.inputs.len())
    }
}

/// How the inputs of a date are divided, for those who divide a part each: of every
/// part, how many inputs its chunks have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SplitPlan(Vec<Vec<usize>>);

impl SplitPlan {
    /// The chunks of a date's inputs in parts that are closed when they have as
    /// much as `part`; none where there are no inputs.
    pub fn new(inputs: &[InputObject], settings: &CompactSettings, part: SizeLimit) -> Self {
        let chunks = chunks(inputs, settings);
        let parts = groups(&chunks, |chunk| SizeLimit::of(chunk.inputs), part);
        let counts =
            |chunks: &[SplitChunk<'_>]| chunks.iter().map(|chunk| chunk.inputs.len()).collect();
        Self(parts.into_iter().map(counts).collect())
    }

    /// How many parts there are.
    pub fn parts(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Whether it is of so many inputs.
    pub fn is_of(&self, inputs: &[InputObject]) -> bool {
        count(&self.0) == inputs.len()
    }

    /// The chunks of a part; `None` where there is no such part, or the inputs are
    /// fewer than those that were divided.
    pub fn chunks<'i>(&self, part: u32, inputs: &'i [InputObject]) -> Option<Vec<SplitChunk<'i>>> {
        let (before, rest) = self.0.split_at_checked(part as usize)?;
        let mut first = count(before);
        let chunk = |length: &usize| {
            let end = first.checked_add(*length)?;
            let chunk = SplitChunk {
                first,
                inputs: inputs.get(first..end)?,
            };
            first = end;
            Some(chunk)
        };
        rest.first()?.iter().map(chunk).collect()
    }
}

/// The inputs, in their order, in chunks that are closed when they have as many
/// rows of the date, or bytes, as `settings` say.
pub(super) fn chunks<'i>(
    inputs: &'i [InputObject],
    settings: &CompactSettings,
) -> Vec<SplitChunk<'i>> {
    let most = SizeLimit {
        rows_of_date: settings.split_chunk_rows,
        bytes: settings.split_chunk_bytes,
    };
    let chunks = groups(
        inputs,
        |input| SizeLimit::of(std::slice::from_ref(input)),
        most,
    );
    let mut first = 0;
    let placed = |inputs: &'i [InputObject]| {
        let chunk = SplitChunk { first, inputs };
        first += inputs.len();
        chunk
    };
    chunks.into_iter().map(placed).collect()
}

/// How many inputs those parts have.
fn count(parts: &[Vec<usize>]) -> usize {
    let lengths = parts.iter().flatten();
    lengths.fold(0, |sum, length| sum.saturating_add(*length))
}

/// The items, in their order, in groups that are closed when they have as much.
fn groups<T>(items: &[T], size: impl Fn(&T) -> SizeLimit, most: SizeLimit) -> Vec<&[T]> {
    let mut groups = Vec::new();
    let (mut begin, mut has) = (0, SizeLimit::NONE);
    for (at, item) in items.iter().enumerate() {
        has = has.and(size(item));
        let is_full = has.rows_of_date >= most.rows_of_date || has.bytes >= most.bytes;
        if is_full || at + 1 == items.len() {
            groups.extend(items.get(begin..=at));
            (begin, has) = (at + 1, SizeLimit::NONE);
        }
    }
    groups
}

impl SizeLimit {
    const NONE: Self = Self {
        rows_of_date: 0,
        bytes: 0,
    };

    fn of(inputs: &[InputObject]) -> Self {
        inputs.iter().fold(Self::NONE, |sum, input| {
            sum.and(Self {
                rows_of_date: input.rows_of_date,
                bytes: input.bytes,
            })
        })
    }

    fn and(self, more: Self) -> Self {
        Self {
            rows_of_date: self.rows_of_date.saturating_add(more.rows_of_date),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs<const N: usize>(limits: [(u64, u64); N]) -> Vec<InputObject> {
        let input = |(at, (rows_of_date, bytes)): (usize, (u64, u64))| InputObject {
            key: at.to_string(),
            bytes,
            rows_of_date,
        };
        limits.into_iter().enumerate().map(input).collect()
    }

    fn settings(split_chunk_rows: u64, split_chunk_bytes: u64) -> CompactSettings {
        CompactSettings {
            split_chunk_rows,
            split_chunk_bytes,
            ..CompactSettings::default()
        }
    }

    const ALL: SizeLimit = SizeLimit {
        rows_of_date: u64::MAX,
        bytes: u64::MAX,
    };

    #[test]
    fn a_chunk_is_closed_when_it_is_full() {
        let inputs = inputs([(3, 1), (3, 1), (3, 1), (9, 1), (1, 70), (1, 20)]);
        let lengths = |rows, bytes| -> Vec<usize> {
            let chunks = chunks(&inputs, &settings(rows, bytes));
            let all: Vec<InputObject> = chunks
                .iter()
                .flat_map(|chunk| chunk.inputs.to_vec())
                .collect();
            assert_eq!(all, inputs);
            let mut end = 0;
            for chunk in &chunks {
                assert_eq!(chunk.first, end);
                end += chunk.inputs.len();
            }
            chunks.iter().map(|chunk| chunk.inputs.len()).collect()
        };
        assert_eq!(lengths(5, u64::MAX), [2, 2, 2]);
        assert_eq!(lengths(u64::MAX, 71), [5, 1]);
        assert_eq!(lengths(9, 70), [3, 1, 1, 1]);
        assert_eq!(lengths(0, u64::MAX), [1; 6]);
        assert_eq!(lengths(u64::MAX, u64::MAX), [6]);
        assert!(chunks(&[], &settings(0, 0)).is_empty());
    }

    #[test]
    fn a_part_has_chunks_until_it_is_full() {
        let inputs = inputs([(3, 1), (3, 1), (3, 1), (9, 1), (1, 70), (1, 20)]);
        let divided = |part| SplitPlan::new(&inputs, &settings(5, u64::MAX), part).0;
        assert_eq!(divided(ALL), [vec![2, 2, 2]]);
        let of_rows = |rows_of_date| SizeLimit {
            rows_of_date,
            ..ALL
        };
        assert_eq!(divided(of_rows(7)), [vec![2, 2], vec![2]]);
        assert_eq!(divided(of_rows(0)), [[2], [2], [2]]);
        assert_eq!(divided(SizeLimit { bytes: 5, ..ALL }), [vec![2, 2, 2]]);
        assert_eq!(
            divided(SizeLimit { bytes: 4, ..ALL }),
            [vec![2, 2], vec![2]]
        );
        assert!(SplitPlan::new(&[], &settings(0, 0), ALL).0.is_empty());
    }

    #[test]
    fn parts_have_between_them_the_chunks_of_the_whole() {
        let inputs = inputs([
            (1, 5),
            (2, 9),
            (7, 1),
            (0, 0),
            (3, 3),
            (2, 2),
            (9, 9),
            (1, 1),
        ]);
        for (chunk_rows, part_rows) in [(1, 1), (1, 4), (3, 3), (3, 8), (8, 2), (100, 100)] {
            let settings = settings(chunk_rows, u64::MAX);
            let part = SizeLimit {
                rows_of_date: part_rows,
                ..ALL
            };
            let plan = SplitPlan::new(&inputs, &settings, part);
            let parts = (0..plan.parts()).map(|part| plan.chunks(part, &inputs));
            let all: Vec<SplitChunk<'_>> = parts.flatten().flatten().collect();
            assert_eq!(all, chunks(&inputs, &settings), "{plan:?}");
            assert_eq!(plan.chunks(plan.parts(), &inputs), None);
            assert_eq!(plan.chunks(u32::MAX, &inputs), None);
        }
    }

    #[test]
    fn what_was_divided_is_known_by_its_length() {
        let inputs = inputs([(1, 1), (1, 1), (1, 1)]);
        let plan = SplitPlan(vec![vec![1], vec![1, usize::MAX], vec![1]]);
        assert!(plan.chunks(0, &inputs).is_some());
        assert_eq!(plan.chunks(1, &inputs), None);
        assert_eq!(plan.chunks(2, &inputs), None);
        assert!(!plan.is_of(&inputs));
        assert!(!SplitPlan(vec![vec![1], vec![1]]).is_of(&inputs));
        assert!(SplitPlan(vec![vec![1], vec![2]]).is_of(&inputs));
    }
}
