//! The table `title_neighbour`, row by row, as its SQL says it, but for how many users
//! are asked. What a user did with a work is one view here.

use std::collections::{BTreeMap, HashMap};

/// How many works of a user count, the last liked first.
const WORKS: usize = 20;
/// How many users more each work has that like nothing else.
const MORE: f64 = 10.0;
/// How many users must agree.
const USERS: u32 = 2;
/// How many neighbours a work has at most.
const NEIGHBOURS: usize = 50;

/// What a user did with a work.
#[derive(Debug)]
pub struct Liked<'w> {
    /// The work.
    pub work_id: &'w str,
    /// The stars it was given.
    pub rating: Option<f32>,
    /// How far the user came.
    pub completion_rate: Option<f32>,
}

impl Liked<'_> {
    fn is_liked(&self) -> bool {
        match (self.rating, self.completion_rate) {
            (Some(rating), _) => rating >= 3.5,
            (None, rate) => rate.is_some_and(|rate| rate >= 0.5),
        }
    }
}

/// Works, their neighbours and how similar they are. `users` have what each did, the
/// latest first.
pub fn of<'w, U, W>(users: U) -> Vec<(&'w str, &'w str, f64)>
where
    U: IntoIterator<Item = W>,
    W: IntoIterator<Item = Liked<'w>>,
{
    let mut counts: HashMap<&str, f64> = HashMap::new();
    let mut pairs: HashMap<(&str, &str), u32> = HashMap::new();
    for user in users {
        let liked = user.into_iter().filter(Liked::is_liked);
        let works: Vec<&str> = liked.map(|liked| liked.work_id).take(WORKS).collect();
        for one in &works {
            *counts.entry(one).or_default() += 1.0;
            for other in works.iter().filter(|other| *other != one) {
                *pairs.entry((one, other)).or_default() += 1;
            }
        }
    }
    let mut neighbours: BTreeMap<&str, Vec<(f64, &str)>> = BTreeMap::new();
    for ((one, other), users) in pairs.into_iter().filter(|(_, users)| *users >= USERS) {
        let both = (counts[one] + MORE) * (counts[other] + MORE);
        let similarity = f64::from(users) / both.sqrt();
        neighbours.entry(one).or_default().push((similarity, other));
    }
    let nearest = |(work, mut near): (&'w str, Vec<(f64, &'w str)>)| {
        near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
        near.truncate(NEIGHBOURS);
        near.into_iter()
            .map(move |(similarity, other)| (work, other, similarity))
    };
    neighbours.into_iter().flat_map(nearest).collect()
}
