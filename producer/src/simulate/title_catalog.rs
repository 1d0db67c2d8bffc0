//! The simulated title catalog.

use marquee_event::{Date, MICROS_PER_DAY, Title, TitleKind};

use super::Simulation;
use super::names::Namer;
use super::rng::{RngPurpose, SeededRng};
use super::taste::{GENRES, WeightedWorks};

/// A work: a movie, a show, or a whole series.
#[derive(Debug)]
pub(super) struct CatalogWork {
    /// The name, for which users search.
    pub(super) name: String,
    /// The work's first row in the catalog.
    pub(super) first: u32,
    /// The number of rows: the episodes of a series, else 1.
    pub(super) rows: u32,
    /// The indexes of its genres in [`GENRES`], the main one first.
    pub(super) genres: Vec<usize>,
}

/// The properties of a title that playback needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Playable {
    pub(super) runtime_ms: u32,
    /// The index of the title's work.
    pub(super) work: u32,
}

/// The title catalog, with indexes for drawing works.
#[derive(Debug)]
pub(super) struct TitleCatalog {
    pub(super) titles: Vec<Title>,
    pub(super) playables: Vec<Playable>,
    pub(super) works: Vec<CatalogWork>,
    /// The works of each genre, in the order of [`GENRES`].
    by_genre: Vec<WeightedWorks>,
    /// All works.
    whole: WeightedWorks,
}

impl TitleCatalog {
    pub(super) fn new(simulation: &Simulation) -> Self {
        let mut builder = CatalogBuilder {
            rng: SeededRng::new(simulation.seed, RngPurpose::TitleCatalog, 0, 0),
            namer: Namer::default(),
            start: simulation.start,
            wanted: simulation.titles as usize,
            titles: Vec::with_capacity(simulation.titles as usize),
            playables: Vec::with_capacity(simulation.titles as usize),
            works: Vec::new(),
        };
        while builder.titles.len() < builder.wanted {
            builder.add_work();
        }
        let CatalogBuilder {
            mut rng,
            titles,
            playables,
            works,
            ..
        } = builder;
        let ranked = shuffled(works.len(), &mut rng);
        let rank_of = |index: usize| ranked[index];
        let by_genre = (0..GENRES.len())
            .map(|genre| {
                WeightedWorks::new(works.iter().enumerate().filter_map(|(index, work)| {
                    let genre_rank = work.genres.iter().position(|&g| g == genre)?;
                    Some((index as u32, rank_of(index), genre_rank as u64 + 1))
                }))
            })
            .collect();
        let whole =
            WeightedWorks::new((0..works.len()).map(|index| (index as u32, rank_of(index), 1)));
        Self {
            titles,
            playables,
            works,
            by_genre,
            whole,
        }
    }

    /// Returns the work of a row.
    pub(super) fn work_of(&self, row: u32) -> &CatalogWork {
        &self.works[self.playables[row as usize].work as usize]
    }

    /// Returns the row of the next episode of a series.
    pub(super) fn next_episode(&self, row: u32) -> Option<u32> {
        let work = self.work_of(row);
        (row + 1 < work.first + work.rows).then_some(row + 1)
    }

    /// Draws a work of a genre by its popularity, or of any genre if the catalog has
    /// none of this genre.
    pub(super) fn draw(&self, genre: usize, rng: &mut SeededRng) -> Option<&CatalogWork> {
        let of_genre = self.by_genre.get(genre).filter(|works| !works.is_empty());
        let index = of_genre.unwrap_or(&self.whole).draw(rng)?;
        self.works.get(index as usize)
    }
}

/// A builder that adds works until the catalog has its number of rows.
struct CatalogBuilder {
    rng: SeededRng,
    namer: Namer,
    /// The start of the simulation; all titles were released before it.
    start: i64,
    wanted: usize,
    titles: Vec<Title>,
    /// The playable part of each title.
    playables: Vec<Playable>,
    works: Vec<CatalogWork>,
}

impl CatalogBuilder {
    fn add_work(&mut self) {
        let name = self.namer.name(&mut self.rng);
        let genres = self.genres();
        let first = self.titles.len();
        let number = self.works.len() + 1;
        match self.rng.below(100) {
            0..80 => {
                let runtime = self.rng.between(80, 150);
                self.add_single(
                    TitleKind::Movie,
                    format!("mv-{number:05}"),
                    &name,
                    &genres,
                    runtime,
                );
            }
            80..83 => {
                let runtime = self.rng.between(28, 58);
                self.add_single(
                    TitleKind::Show,
                    format!("sh-{number:05}"),
                    &name,
                    &genres,
                    runtime,
                );
            }
            _ => self.add_series(number, &name, &genres),
        }
        self.works.push(CatalogWork {
            name,
            first: first as u32,
            rows: (self.titles.len() - first) as u32,
            genres,
        });
    }

    fn genres(&mut self) -> Vec<usize> {
        let how_many = self.rng.low_biased(1, 3);
        let mut genres = Vec::with_capacity(how_many as usize);
        for _ in 0..how_many {
            let genre = self.rng.weighted(GENRES.iter().map(|genre| genre.weight));
            if !genres.contains(&genre) {
                genres.push(genre);
            }
        }
        genres
    }

    fn add_single(
        &mut self,
        kind: TitleKind,
        title_id: String,
        name: &str,
        genres: &[usize],
        minutes: u32,
    ) {
        let days_ago = self.rng.low_biased(20, 40 * 365);
        let runtime_ms = self.add_playable(minutes);
        self.titles.push(Title {
            title_id,
            name: name.to_owned(),
            kind,
            series_id: None,
            season: None,
            episode: None,
            genres: genre_names(genres),
            runtime_ms: Some(runtime_ms),
            runtime_estimated: false,
            release_date: Some(
                Date::of(self.start - i64::from(days_ago) * MICROS_PER_DAY).to_string(),
            ),
        });
    }

    /// Adds a series with seasons a year apart and episodes a week apart. Stops when the
    /// catalog has its number of rows.
    fn add_series(&mut self, number: usize, name: &str, genres: &[usize]) {
        let seasons = self.rng.low_biased(1, 6);
        let episodes = self.rng.between(6, 12);
        let minutes = self.rng.pick(&[22, 28, 42, 48, 55]).copied().unwrap_or(45);
        let days_ago = i64::from(seasons) * 365 + i64::from(self.rng.low_biased(20, 12 * 365));
        for season in 1..=seasons {
            for episode in 1..=episodes {
                if self.titles.len() == self.wanted {
                    return;
                }
                let minutes = self.rng.between(minutes - 2, minutes + 3);
                let since = i64::from((season - 1) * 365 + (episode - 1) * 7);
                let runtime_ms = self.add_playable(minutes);
                self.titles.push(Title {
                    title_id: format!("ep-{number:05}-s{season:02}e{episode:02}"),
                    name: format!("{name} S{season:02}E{episode:02}"),
                    kind: TitleKind::Episode,
                    series_id: Some(format!("sr-{number:05}")),
                    season: Some(season as i32),
                    episode: Some(episode as i32),
                    genres: genre_names(genres),
                    runtime_ms: Some(runtime_ms),
                    runtime_estimated: false,
                    release_date: Some(
                        Date::of(self.start - (days_ago - since) * MICROS_PER_DAY).to_string(),
                    ),
                });
            }
        }
    }

    /// Draws a runtime of `minutes` and some seconds, and adds the playable part of the
    /// next title. Returns the runtime in milliseconds.
    fn add_playable(&mut self, minutes: u32) -> i64 {
        let runtime_ms = (minutes * 60 + self.rng.below(60)) * 1000;
        self.playables.push(Playable {
            runtime_ms,
            work: self.works.len() as u32,
        });
        i64::from(runtime_ms)
    }
}

fn genre_names(genres: &[usize]) -> Vec<String> {
    genres
        .iter()
        .map(|&genre| GENRES[genre].name.to_owned())
        .collect()
}

/// Returns the ranks `0..n` in a random order (Fisher–Yates shuffle), so that a title's
/// id does not reveal its popularity.
fn shuffled(n: usize, rng: &mut SeededRng) -> Vec<u64> {
    let mut ranks: Vec<u64> = (0..n as u64).collect();
    for last in (1..n).rev() {
        ranks.swap(last, rng.below(last as u32 + 1) as usize);
    }
    ranks
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn simulation(titles: u32) -> Simulation {
        Simulation {
            titles,
            ..Simulation::default()
        }
    }

    #[test]
    fn every_row_is_valid_and_has_a_unique_id() {
        for titles in [1, 2, 7, 500, 2_000] {
            let rows = simulation(titles).title_catalog();
            assert_eq!(rows.len(), titles as usize);
            for row in &rows {
                row.validate().unwrap();
                assert!(!row.genres.is_empty());
            }
            let ids: BTreeSet<_> = rows.iter().map(|row| &row.title_id).collect();
            assert_eq!(ids.len(), rows.len());
        }
    }

    #[test]
    fn the_catalog_has_every_kind_and_no_future_release() {
        let simulation = simulation(2_000);
        let rows = simulation.title_catalog();
        for kind in [TitleKind::Movie, TitleKind::Episode, TitleKind::Show] {
            let share = rows.iter().filter(|row| row.kind == kind).count();
            assert!(share > 5, "{kind:?}: {share}");
        }
        let today = Date::of(simulation.start).to_string();
        assert!(
            rows.iter()
                .all(|row| row.release_date.as_deref() < Some(today.as_str()))
        );
    }

    #[test]
    fn episodes_follow_each_other_within_their_series() {
        let title_catalog = TitleCatalog::new(&simulation(2_000));
        for row in 0..title_catalog.titles.len() as u32 {
            let title = &title_catalog.titles[row as usize];
            if let Some(next) = title_catalog.next_episode(row) {
                let next = &title_catalog.titles[next as usize];
                assert_eq!(title.series_id, next.series_id);
                assert!((title.season, title.episode) < (next.season, next.episode));
            }
        }
    }

    #[test]
    fn the_seed_determines_the_catalog() {
        let rows = simulation(300).title_catalog();
        assert_eq!(rows, simulation(300).title_catalog());
        assert_ne!(
            rows,
            Simulation {
                seed: 99,
                titles: 300,
                ..Simulation::default()
            }
            .title_catalog()
        );
    }
}
