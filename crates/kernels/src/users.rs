//! Rows by user.

use crate::error::TableError;
use crate::intern::NONE;
use crate::rows::Rows;

/// Where the rows of each user are, users in the order of their ids.
pub(crate) struct ByUser {
    /// The users' numbers, in the order of their ids.
    users: Vec<u32>,
    events: Groups,
    dropped: Groups,
}

/// One user's rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User<'a> {
    pub(crate) number: u32,
    /// Places among the events, in the order they were read.
    pub(crate) events: &'a [u32],
    /// Places among the dropped.
    pub(crate) dropped: &'a [u32],
}

impl ByUser {
    /// Sorts the rows, which must name nothing but what was taken in with them.
    pub(crate) fn of(rows: &Rows) -> Result<Self, TableError> {
        rows.check()?;
        let mut users: Vec<u32> = (0..rows.users.len() as u32).collect();
        users.sort_unstable_by_key(|user| rows.users.get(*user));
        let mut ranks = vec![0u32; users.len()];
        for (rank, user) in (0..).zip(&users) {
            if let Some(place) = ranks.get_mut(*user as usize) {
                *place = rank;
            }
        }
        let rank = |user: u32| ranks.get(user as usize).copied().unwrap_or_default();
        let contexts: Vec<u32> = rows
            .contexts
            .items()
            .iter()
            .map(|context| rank(context.user))
            .collect();
        let of_context = |context: u32| contexts.get(context as usize).copied().unwrap_or(NONE);
        let events = rows.rows.iter().map(|row| of_context(row.context));
        let dropped = rows.dropped.iter().map(|row| rank(row.user));
        Ok(Self {
            events: Groups::of(events, users.len()),
            dropped: Groups::of(dropped, users.len()),
            users,
        })
    }

    /// Every user with the user's rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = User<'_>> {
        self.users.iter().enumerate().map(|(rank, user)| User {
            number: *user,
            events: self.events.get(rank),
            dropped: self.dropped.get(rank),
        })
    }
}

/// Places by group: a counting sort.
struct Groups {
    /// Where each group ends in `places`.
    ends: Vec<u32>,
    places: Vec<u32>,
}

impl Groups {
    /// Of that many groups, the group of each place; the order within a group
    /// stays.
    fn of(groups: impl Iterator<Item = u32> + Clone, count: usize) -> Self {
        // Until the places are filled in, where the next of each group goes.
        let mut ends = vec![0u32; count + 1];
        let mut total = 0;
        for group in groups.clone() {
            if let Some(after) = ends.get_mut(group as usize + 1) {
                *after += 1;
            }
            total += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut places = vec![0u32; total];
        for (place, group) in (0..).zip(groups) {
            if let Some(next) = ends.get_mut(group as usize) {
                if let Some(slot) = places.get_mut(*next as usize) {
                    *slot = place;
                }
                *next += 1;
            }
        }
        ends.truncate(count);
        Self { ends, places }
    }

    fn get(&self, group: usize) -> &[u32] {
        let end = self.ends.get(group).copied().unwrap_or_default();
        let start = match group {
            0 => 0,
            _ => self.ends.get(group - 1).copied().unwrap_or_default(),
        };
        self.places
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}
