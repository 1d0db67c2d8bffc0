//! The index of rows by user.

use crate::bucket_rows::BucketRows;
use crate::error::TableError;

/// The indices of each user's rows, with the users in the order of their ids.
pub(crate) struct RowsByUser {
    /// The users' numbers, in the order of their ids. A user's rank is its index here.
    users: Vec<u32>,
    events: GroupedIndices,
    dropped: GroupedIndices,
}

/// The rows of one user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserRows<'a> {
    pub(crate) number: u32,
    /// Indices into [`BucketRows::events`], in the order in which they were read.
    pub(crate) events: &'a [u32],
    /// Indices into [`BucketRows::dropped`].
    pub(crate) dropped: &'a [u32],
}

impl RowsByUser {
    /// Checks and indexes the rows.
    ///
    /// # Errors
    /// [`TableError::DanglingReference`].
    pub(crate) fn new(rows: &BucketRows) -> Result<Self, TableError> {
        const DANGLING_USER: TableError = TableError::DanglingReference("user");
        rows.check()?;
        let mut users: Vec<u32> = (0..rows.users.len() as u32).collect();
        users.sort_unstable_by_key(|user| rows.users.get(*user));
        let mut ranks = vec![0u32; users.len()];
        for (rank, user) in (0..).zip(&users) {
            *ranks.get_mut(*user as usize).ok_or(DANGLING_USER)? = rank;
        }
        let rank_of = |user: u32| ranks.get(user as usize).copied().ok_or(DANGLING_USER);
        let context_ranks = rows
            .contexts
            .items()
            .iter()
            .map(|context| rank_of(context.user))
            .collect::<Result<Vec<u32>, TableError>>()?;
        let events = rows.events.iter().map(|row| {
            let rank = context_ranks.get(row.context as usize).copied();
            rank.ok_or(TableError::DanglingReference("context"))
        });
        let dropped = rows.dropped.iter().map(|row| rank_of(row.user));
        Ok(Self {
            events: GroupedIndices::new(events, users.len())?,
            dropped: GroupedIndices::new(dropped, users.len())?,
            users,
        })
    }

    /// Returns each user's rows, in the order of the users' ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Result<UserRows<'_>, TableError>> {
        self.users.iter().enumerate().map(|(rank, user)| {
            Ok(UserRows {
                number: *user,
                events: self.events.get(rank)?,
                dropped: self.dropped.get(rank)?,
            })
        })
    }
}

/// Row indices grouped by a counting sort.
struct GroupedIndices {
    /// The end of each group in `indices`.
    ends: Vec<u32>,
    indices: Vec<u32>,
}

const DANGLING_GROUP: TableError = TableError::DanglingReference("user's rank");

impl GroupedIndices {
    /// Groups the indices of rows, given the group of each row and the number of groups.
    /// The sort is stable.
    fn new(
        groups: impl Iterator<Item = Result<u32, TableError>> + Clone,
        count: usize,
    ) -> Result<Self, TableError> {
        // First the size of each group, shifted by one; then its start; and at the end of
        // the second loop its end.
        let mut ends = vec![0u32; count + 1];
        let mut total = 0;
        for group in groups.clone() {
            let size = ends.get_mut(group? as usize + 1);
            *size.ok_or(DANGLING_GROUP)? += 1;
            total += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut indices = vec![0u32; total];
        for (index, group) in (0..).zip(groups) {
            let next = ends.get_mut(group? as usize).ok_or(DANGLING_GROUP)?;
            let slot = indices.get_mut(*next as usize).ok_or(DANGLING_GROUP)?;
            *slot = index;
            *next += 1;
        }
        ends.truncate(count);
        Ok(Self { ends, indices })
    }

    fn get(&self, group: usize) -> Result<&[u32], TableError> {
        let end_of = |group: usize| self.ends.get(group).copied().ok_or(DANGLING_GROUP);
        let end = end_of(group)?;
        let start = match group.checked_sub(1) {
            None => 0,
            Some(previous) => end_of(previous)?,
        };
        let indices = self.indices.get(start as usize..end as usize);
        indices.ok_or(DANGLING_GROUP)
    }
}
