//! Computes the mart `title_neighbour` in Rust, as its SQL defines it, except for the
//! minimum number of users. A user has one view per work here.

use std::collections::{BTreeMap, HashMap};

/// The number of works of a user that count, the most recently liked first.
const WORKS_PER_USER: usize = 20;
/// The users that are added to each work's count to damp the similarity of rare
/// works.
const DAMPING: f64 = 10.0;
/// The minimum number of users that like both works of a pair.
const MIN_USERS: u32 = 2;
/// The maximum number of neighbours of a work.
const MAX_NEIGHBOURS: usize = 50;

/// A user's view of a work.
#[derive(Debug)]
pub struct WatchedWork<'w> {
    /// The work.
    pub work_id: &'w str,
    /// The rating in stars.
    pub rating: Option<f32>,
    /// The share of the work that the user watched.
    pub completion_rate: Option<f32>,
}

impl WatchedWork<'_> {
    fn is_liked(&self) -> bool {
        match (self.rating, self.completion_rate) {
            (Some(rating), _) => rating >= 3.5,
            (None, rate) => rate.is_some_and(|rate| rate >= 0.5),
        }
    }
}

/// Returns pairs of a work and its neighbour with their similarity. `users` yields
/// each user's works, the latest first.
pub fn title_neighbours<'w, U, W>(users: U) -> Vec<(&'w str, &'w str, f64)>
where
    U: IntoIterator<Item = W>,
    W: IntoIterator<Item = WatchedWork<'w>>,
{
    let mut counts: HashMap<&str, f64> = HashMap::new();
    let mut pairs: HashMap<(&str, &str), u32> = HashMap::new();
    for user in users {
        let watched = user.into_iter().filter(WatchedWork::is_liked);
        let works: Vec<&str> = watched
            .map(|watched| watched.work_id)
            .take(WORKS_PER_USER)
            .collect();
        for one in &works {
            *counts.entry(one).or_default() += 1.0;
            for other in works.iter().filter(|other| *other != one) {
                *pairs.entry((one, other)).or_default() += 1;
            }
        }
    }
    let mut neighbours: BTreeMap<&str, Vec<(f64, &str)>> = BTreeMap::new();
    for ((one, other), users) in pairs.into_iter().filter(|(_, users)| *users >= MIN_USERS) {
        let both = (counts[one] + DAMPING) * (counts[other] + DAMPING);
        let similarity = f64::from(users) / both.sqrt();
        neighbours.entry(one).or_default().push((similarity, other));
    }
    let nearest = |(work, mut near): (&'w str, Vec<(f64, &'w str)>)| {
        near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
        near.truncate(MAX_NEIGHBOURS);
        near.into_iter()
            .map(move |(similarity, other)| (work, other, similarity))
    };
    neighbours.into_iter().flat_map(nearest).collect()
}
