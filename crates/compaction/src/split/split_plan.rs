//! The plan of a split: which inputs form a chunk, and which chunks form a part.

use serde::{Deserialize, Serialize};

use crate::task::{CompactSettings, InputObject};

/// A size in rows and bytes, such as the size from which a chunk or a part is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit {
    /// The number of rows of the date.
    pub rows_of_date: u64,
    /// The bytes of the objects.
    pub bytes: u64,
}

/// Consecutive inputs that the split processes together. It writes one object for each
/// bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitChunk<'i> {
    /// The index of the first input among all inputs of the date.
    pub first: usize,
    /// The inputs.
    pub inputs: &'i [InputObject],
}

impl SplitChunk<'_> {
    /// Returns the name of the chunk's directory. It contains the range of inputs, so a split
    /// into other chunks writes other keys.
    pub fn name(&self) -> String {
        format!("inputs-{:06}-{}", self.first, self.inputs.len())
    }
}

/// The plan of a split: for every part, the number of inputs of each of its chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SplitPlan(Vec<Vec<usize>>);

impl SplitPlan {
    /// Plans chunks by `settings`, and parts that are closed when they reach `part`. Without
    /// inputs, the plan has no parts.
    pub fn new(inputs: &[InputObject], settings: &CompactSettings, part: SizeLimit) -> Self {
        let chunks = chunks(inputs, settings);
        let parts = groups(&chunks, |chunk| SizeLimit::sum_of(chunk.inputs), part);
        let counts =
            |chunks: &[SplitChunk<'_>]| chunks.iter().map(|chunk| chunk.inputs.len()).collect();
        Self(parts.into_iter().map(counts).collect())
    }

    /// Returns the number of parts.
    pub fn parts(&self) -> u32 {
        // The bound is unreachable: a part has at least one input in memory.
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Returns true if the number of inputs is that of the plan.
    pub fn covers(&self, inputs: &[InputObject]) -> bool {
        count(&self.0) == inputs.len()
    }

    /// Returns the chunks of a part, or `None` if the plan has no such part or there are fewer
    /// inputs than planned.
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

/// Groups the inputs, in order, into chunks that are closed when they reach the rows or
/// bytes of `settings`.
pub(super) fn chunks<'i>(
    inputs: &'i [InputObject],
    settings: &CompactSettings,
) -> Vec<SplitChunk<'i>> {
    let limit = SizeLimit {
        rows_of_date: settings.split_chunk_rows,
        bytes: settings.split_chunk_bytes,
    };
    let chunks = groups(
        inputs,
        |input| SizeLimit::sum_of(std::slice::from_ref(input)),
        limit,
    );
    let mut first = 0;
    let chunk = |inputs: &'i [InputObject]| {
        let chunk = SplitChunk { first, inputs };
        first += inputs.len();
        chunk
    };
    chunks.into_iter().map(chunk).collect()
}

/// Returns the number of inputs of the given parts.
fn count(parts: &[Vec<usize>]) -> usize {
    let lengths = parts.iter().flatten();
    lengths.fold(0, |sum, length| sum.saturating_add(*length))
}

/// Groups the items, in order, into slices that are closed when they reach the limit.
fn groups<T>(items: &[T], size: impl Fn(&T) -> SizeLimit, limit: SizeLimit) -> Vec<&[T]> {
    let mut groups = Vec::new();
    let (mut rest, mut length, mut sum) = (items, 0, SizeLimit::ZERO);
    for item in items {
        length += 1;
        sum = sum.plus(size(item));
        if sum.rows_of_date >= limit.rows_of_date || sum.bytes >= limit.bytes {
            let (group, others) = rest.split_at(length);
            groups.push(group);
            (rest, length, sum) = (others, 0, SizeLimit::ZERO);
        }
    }
    if !rest.is_empty() {
        groups.push(rest);
    }
    groups
}

impl SizeLimit {
    const ZERO: Self = Self {
        rows_of_date: 0,
        bytes: 0,
    };

    fn sum_of(inputs: &[InputObject]) -> Self {
        inputs.iter().fold(Self::ZERO, |sum, input| {
            sum.plus(Self {
                rows_of_date: input.rows_of_date,
                bytes: input.bytes,
            })
        })
    }

    fn plus(self, more: Self) -> Self {
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
        let planned = |part| SplitPlan::new(&inputs, &settings(5, u64::MAX), part).0;
        assert_eq!(planned(ALL), [vec![2, 2, 2]]);
        let rows = |rows_of_date| SizeLimit {
            rows_of_date,
            ..ALL
        };
        assert_eq!(planned(rows(7)), [vec![2, 2], vec![2]]);
        assert_eq!(planned(rows(0)), [[2], [2], [2]]);
        assert_eq!(planned(SizeLimit { bytes: 5, ..ALL }), [vec![2, 2, 2]]);
        assert_eq!(
            planned(SizeLimit { bytes: 4, ..ALL }),
            [vec![2, 2], vec![2]]
        );
        assert!(SplitPlan::new(&[], &settings(0, 0), ALL).0.is_empty());
    }

    #[test]
    fn all_parts_together_have_all_chunks() {
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
    fn a_plan_for_other_inputs_is_detected_by_their_number() {
        let inputs = inputs([(1, 1), (1, 1), (1, 1)]);
        let plan = SplitPlan(vec![vec![1], vec![1, usize::MAX], vec![1]]);
        assert!(plan.chunks(0, &inputs).is_some());
        assert_eq!(plan.chunks(1, &inputs), None);
        assert_eq!(plan.chunks(2, &inputs), None);
        assert!(!plan.covers(&inputs));
        assert!(!SplitPlan(vec![vec![1], vec![1]]).covers(&inputs));
        assert!(SplitPlan(vec![vec![1], vec![2]]).covers(&inputs));
    }
}
