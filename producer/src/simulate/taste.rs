//! What people like: genres, and what is popular within them.

use super::dice::Dice;

/// A genre, and its share of the works made and of the hearts won.
#[derive(Debug)]
pub(super) struct Genre {
    pub(super) name: &'static str,
    pub(super) weight: u32,
}

const fn genre(name: &'static str, weight: u32) -> Genre {
    Genre { name, weight }
}

pub(super) const GENRES: &[Genre] = &[
    genre("Drama", 18),
    genre("Comedy", 15),
    genre("Crime", 11),
    genre("Thriller", 10),
    genre("Action", 10),
    genre("Romance", 8),
    genre("Science Fiction", 7),
    genre("Documentary", 7),
    genre("Animation", 6),
    genre("Adventure", 6),
    genre("Mystery", 5),
    genre("Fantasy", 5),
    genre("Horror", 5),
    genre("Family", 4),
    genre("History", 3),
    genre("Music", 2),
];

/// What one profile likes: three genres, the dearest first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taste([u8; 3]);

impl Taste {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self([(); 3].map(|()| any_genre(dice) as u8))
    }

    /// The genre somebody is in the mood for: half the time the dearest, now
    /// and then something else altogether.
    pub(super) fn mood(self, dice: &mut Dice) -> usize {
        let [first, second, third] = self.0.map(usize::from);
        match dice.below(100) {
            0..50 => first,
            50..73 => second,
            73..87 => third,
            _ => any_genre(dice),
        }
    }

    /// How many of a work's genres are among the liked ones.
    pub(super) fn affinity(self, genres: &[usize]) -> u32 {
        genres
            .iter()
            .filter(|&&genre| self.0.map(usize::from).contains(&genre))
            .count() as u32
    }
}

fn any_genre(dice: &mut Dice) -> usize {
    dice.weighted(GENRES.iter().map(|genre| genre.weight))
}

/// Works to draw from by Zipf's law: the one of rank r (from 0 over the whole
/// catalogue) weighs 1 / (r + [`FLATTEN`]), in integers.
#[derive(Debug)]
pub(super) struct Shelf {
    /// The sum of the weights up to and including each work, and the work.
    sums: Vec<(u64, u32)>,
}

/// Mandelbrot's correction: how flat the very top of the ranking is.
const FLATTEN: u64 = 3;
/// The weight's unit: fine enough for a million ranks.
const UNIT: u64 = 1 << 32;

impl Shelf {
    /// A shelf of (work, rank, depth); a work for which this shelf's genre is
    /// only the second or third (its depth) weighs so much less here.
    pub(super) fn new(works: impl Iterator<Item = (u32, u64, u64)>) -> Self {
        let mut sum = 0;
        let sums = works
            .map(|(work, rank, depth)| {
                sum += UNIT / ((rank + FLATTEN) * depth);
                (sum, work)
            })
            .collect();
        Self { sums }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// A work; `None` only of an empty shelf.
    pub(super) fn draw(&self, dice: &mut Dice) -> Option<u32> {
        let &(total, _) = self.sums.last()?;
        let at = dice.below_wide(total);
        let place = self.sums.partition_point(|&(sum, _)| sum <= at);
        self.sums.get(place).map(|&(_, work)| work)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::simulate::dice::Purpose;

    #[test]
    fn popularity_follows_the_rank() {
        let shelf = Shelf::new((0..100).map(|place| (place, u64::from(place), 1)));
        let mut dice = Dice::new(3, Purpose::Trial, 0, 0);
        let mut seen = [0_u32; 100];
        for _ in 0..200_000 {
            seen[shelf.draw(&mut dice).unwrap() as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 0));
        // Ranks 0 and 9 weigh 1/3 and 1/12.
        let ratio = f64::from(seen[0]) / f64::from(seen[9]);
        assert!((3.6..4.4).contains(&ratio), "{ratio}");
        assert_eq!(Shelf::new(std::iter::empty()).draw(&mut dice), None);
    }

    #[test]
    fn moods_follow_the_taste() {
        let taste = Taste([4, 7, 12]);
        let mut dice = Dice::new(3, Purpose::Trial, 0, 1);
        let mut seen = [0; 16];
        for _ in 0..10_000 {
            seen[taste.mood(&mut dice)] += 1;
        }
        assert!(
            seen[4] > 4_800 && seen[7] > 2_000 && seen[12] > 1_200,
            "{seen:?}"
        );
        assert!(seen.iter().all(|&n| n > 0));
        assert_eq!(taste.affinity(&[7, 1, 4]), 2);
    }
}
