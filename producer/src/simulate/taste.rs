//! Preferences: genres, and the popularity of works within them.

use super::rng::SeededRng;

/// A genre, with its weight among works and among preferences.
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

/// The taste of a profile: three genres, the favourite first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taste([u8; 3]);

impl Taste {
    pub(super) fn new(rng: &mut SeededRng) -> Self {
        Self([(); 3].map(|()| any_genre(rng) as u8))
    }

    /// Draws the genre of the next choice: the favourite in half of the cases, sometimes
    /// any genre.
    pub(super) fn draw_genre(self, rng: &mut SeededRng) -> usize {
        let [first, second, third] = self.0.map(usize::from);
        match rng.below(100) {
            0..50 => first,
            50..73 => second,
            73..87 => third,
            _ => any_genre(rng),
        }
    }

    /// Counts a work's genres that are part of the taste.
    pub(super) fn affinity(self, genres: &[usize]) -> u32 {
        genres
            .iter()
            .filter(|&&genre| self.0.map(usize::from).contains(&genre))
            .count() as u32
    }
}

fn any_genre(rng: &mut SeededRng) -> usize {
    rng.weighted(GENRES.iter().map(|genre| genre.weight))
}

/// Works with popularities by the Zipf–Mandelbrot law: the work of rank r, from 0 over
/// the whole catalog, has the weight 1 / (r + [`RANK_OFFSET`]), in integers.
#[derive(Debug)]
pub(super) struct WeightedWorks {
    /// The cumulative weight up to and including each work, and the work's index.
    sums: Vec<(u64, u32)>,
}

/// Mandelbrot's offset, which flattens the top of the ranking.
const RANK_OFFSET: u64 = 3;
/// The unit of weights, fine enough for a million ranks.
const UNIT: u64 = 1 << 32;

impl WeightedWorks {
    /// Creates the set from tuples of a work's index, its popularity rank and the rank,
    /// from 1, of the set's genre among the work's genres. The weight is divided by the
    /// latter.
    pub(super) fn new(works: impl Iterator<Item = (u32, u64, u64)>) -> Self {
        let mut sum = 0;
        let sums = works
            .map(|(work, rank, genre_rank)| {
                sum += UNIT / ((rank + RANK_OFFSET) * genre_rank);
                (sum, work)
            })
            .collect();
        Self { sums }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Draws a work by its weight; `None` if the set is empty.
    pub(super) fn draw(&self, rng: &mut SeededRng) -> Option<u32> {
        let &(total, _) = self.sums.last()?;
        let at = rng.below_u64(total);
        let index = self.sums.partition_point(|&(sum, _)| sum <= at);
        self.sums.get(index).map(|&(_, work)| work)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::simulate::rng::RngPurpose;

    #[test]
    fn popularity_follows_the_rank() {
        let works = WeightedWorks::new((0..100).map(|index| (index, u64::from(index), 1)));
        let mut rng = SeededRng::new(3, RngPurpose::Trial, 0, 0);
        let mut seen = [0_u32; 100];
        for _ in 0..200_000 {
            seen[works.draw(&mut rng).unwrap() as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 0));
        // Ranks 0 and 9 weigh 1/3 and 1/12.
        let ratio = f64::from(seen[0]) / f64::from(seen[9]);
        assert!((3.6..4.4).contains(&ratio), "{ratio}");
        assert_eq!(WeightedWorks::new(std::iter::empty()).draw(&mut rng), None);
    }

    #[test]
    fn genres_are_drawn_by_taste() {
        let taste = Taste([4, 7, 12]);
        let mut rng = SeededRng::new(3, RngPurpose::Trial, 0, 1);
        let mut seen = [0; 16];
        for _ in 0..10_000 {
            seen[taste.draw_genre(&mut rng)] += 1;
        }
        assert!(
            seen[4] > 4_800 && seen[7] > 2_000 && seen[12] > 1_200,
            "{seen:?}"
        );
        assert!(seen.iter().all(|&n| n > 0));
        assert_eq!(taste.affinity(&[7, 1, 4]), 2);
    }
}
