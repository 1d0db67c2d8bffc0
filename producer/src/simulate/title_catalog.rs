//! The catalogue of an invented service.

use marquee_event::{Title, TitleKind, format_utc};

use super::Simulation;
use super::dice::{Dice, Purpose};
use super::names::Namer;
use super::taste::{GENRES, Shelf};

const DAY_US: i64 = 86_400_000_000;

/// Something people choose to watch: a movie, a show, or a whole series.
#[derive(Debug)]
pub(super) struct Work {
    /// What people search for.
    pub(super) name: String,
    /// Its first row of the catalogue.
    pub(super) first: u32,
    /// How many rows it has: the episodes of a series, else 1.
    pub(super) rows: u32,
    /// Indices into [`GENRES`], the chief one first.
    pub(super) genres: Vec<usize>,
}

/// What a viewer's player needs to know of a title.
#[derive(Debug, Clone, Copy)]
pub(super) struct Playable {
    pub(super) runtime_ms: u32,
    /// Index of the work it is (a part of).
    pub(super) work: u32,
}

/// The titles, and how they are found.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) titles: Vec<Title>,
    pub(super) playables: Vec<Playable>,
    pub(super) works: Vec<Work>,
    /// The works of each genre, in the order of [`GENRES`].
    by_genre: Vec<Shelf>,
    /// All works.
    whole: Shelf,
}

impl Catalogue {
    pub(super) fn new(simulation: &Simulation) -> Self {
        let mut writer = Writer {
            dice: Dice::new(simulation.seed, Purpose::Catalogue, 0, 0),
            namer: Namer::default(),
            opens: simulation.start,
            wanted: simulation.titles as usize,
            titles: Vec::with_capacity(simulation.titles as usize),
            works: Vec::new(),
        };
        while writer.titles.len() < writer.wanted {
            writer.add_work();
        }
        let Writer {
            mut dice,
            titles,
            works,
            ..
        } = writer;
        let ranked = shuffled(works.len(), &mut dice);
        let rank_of = |place: usize| ranked.get(place).copied().unwrap_or(0);
        let by_genre = (0..GENRES.len())
            .map(|genre| {
                Shelf::new(works.iter().enumerate().filter_map(|(place, work)| {
                    let depth = work.genres.iter().position(|&g| g == genre)?;
                    Some((place as u32, rank_of(place), depth as u64 + 1))
                }))
            })
            .collect();
        let whole = Shelf::new((0..works.len()).map(|place| (place as u32, rank_of(place), 1)));
        let mut playables = Vec::with_capacity(titles.len());
        for (place, work) in works.iter().enumerate() {
            for title in titles
                .iter()
                .skip(work.first as usize)
                .take(work.rows as usize)
            {
                playables.push(Playable {
                    runtime_ms: title.runtime_ms.unwrap_or(1) as u32,
                    work: place as u32,
                });
            }
        }
        Self {
            titles,
            playables,
            works,
            by_genre,
            whole,
        }
    }

    /// The work of a row.
    pub(super) fn work_of(&self, row: u32) -> Option<&Work> {
        let playable = self.playables.get(row as usize)?;
        self.works.get(playable.work as usize)
    }

    /// The row that follows within a series.
    pub(super) fn next_episode(&self, row: u32) -> Option<u32> {
        let work = self.work_of(row)?;
        (row + 1 < work.first + work.rows).then_some(row + 1)
    }

    /// A work of that genre, the popular ones likelier; of any genre where the
    /// catalogue has none of it.
    pub(super) fn draw(&self, genre: usize, dice: &mut Dice) -> Option<&Work> {
        let shelf = self.by_genre.get(genre).filter(|shelf| !shelf.is_empty());
        let place = shelf.unwrap_or(&self.whole).draw(dice)?;
        self.works.get(place as usize)
    }
}

/// Fills the rows, work by work.
struct Writer {
    dice: Dice,
    namer: Namer,
    /// When the simulation begins; nothing is released later.
    opens: i64,
    wanted: usize,
    titles: Vec<Title>,
    works: Vec<Work>,
}

impl Writer {
    fn add_work(&mut self) {
        let name = self.namer.name(&mut self.dice);
        let genres = self.genres();
        let first = self.titles.len();
        let number = self.works.len() + 1;
        match self.dice.below(100) {
            0..80 => {
                let runtime = self.dice.between(80, 150);
                self.add_single(
                    TitleKind::Movie,
                    format!("mv-{number:05}"),
                    &name,
                    &genres,
                    runtime,
                );
            }
            80..83 => {
                let runtime = self.dice.between(28, 58);
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
        self.works.push(Work {
            name,
            first: first as u32,
            rows: (self.titles.len() - first) as u32,
            genres,
        });
    }

    fn genres(&mut self) -> Vec<usize> {
        let how_many = self.dice.rather_low(1, 3);
        let mut genres = Vec::with_capacity(how_many as usize);
        for _ in 0..how_many {
            let genre = self.dice.weighted(GENRES.iter().map(|genre| genre.weight));
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
        let days_ago = self.dice.rather_low(20, 40 * 365);
        let runtime_ms = self.runtime_ms(minutes);
        self.titles.push(Title {
            title_id,
            name: name.to_owned(),
            kind,
            series_id: None,
            season: None,
            episode: None,
            genres: words(genres),
            runtime_ms: Some(runtime_ms),
            release_date: Some(date(self.opens - i64::from(days_ago) * DAY_US)),
        });
    }

    /// A series of a few seasons a year apart, its episodes a week apart; cut
    /// short where the catalogue has its number of rows.
    fn add_series(&mut self, number: usize, name: &str, genres: &[usize]) {
        let seasons = self.dice.rather_low(1, 6);
        let episodes = self.dice.between(6, 12);
        let minutes = self.dice.pick(&[22, 28, 42, 48, 55]).copied().unwrap_or(45);
        let days_ago = i64::from(seasons) * 365 + i64::from(self.dice.rather_low(20, 12 * 365));
        for season in 1..=seasons {
            for episode in 1..=episodes {
                if self.titles.len() == self.wanted {
                    return;
                }
                let minutes = self.dice.between(minutes - 2, minutes + 3);
                let since = i64::from((season - 1) * 365 + (episode - 1) * 7);
                let runtime_ms = self.runtime_ms(minutes);
                self.titles.push(Title {
                    title_id: format!("ep-{number:05}-s{season:02}e{episode:02}"),
                    name: format!("{name} S{season:02}E{episode:02}"),
                    kind: TitleKind::Episode,
                    series_id: Some(format!("sr-{number:05}")),
                    season: Some(season as i32),
                    episode: Some(episode as i32),
                    genres: words(genres),
                    runtime_ms: Some(runtime_ms),
                    release_date: Some(date(self.opens - (days_ago - since) * DAY_US)),
                });
            }
        }
    }

    /// Minutes and some odd seconds.
    fn runtime_ms(&mut self, minutes: u32) -> i64 {
        i64::from(minutes * 60 + self.dice.below(60)) * 1000
    }
}

fn words(genres: &[usize]) -> Vec<String> {
    genres
        .iter()
        .filter_map(|&genre| GENRES.get(genre))
        .map(|genre| genre.name.to_owned())
        .collect()
}

/// `YYYY-MM-DD` of an instant.
fn date(micros: i64) -> String {
    let mut text = Vec::with_capacity(32);
    format_utc(micros, &mut text);
    text.truncate(10);
    String::from_utf8_lossy(&text).into_owned()
}

/// The ranks `0..n` in a random order (Fisher and Yates), so that a title's id
/// says nothing of its popularity.
fn shuffled(n: usize, dice: &mut Dice) -> Vec<u64> {
    let mut ranks: Vec<u64> = (0..n as u64).collect();
    for last in (1..n).rev() {
        ranks.swap(last, dice.below(last as u32 + 1) as usize);
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
    fn every_row_validates_and_has_its_own_id() {
        for titles in [1, 2, 7, 500, 2_000] {
            let rows = simulation(titles).catalogue();
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
    fn it_holds_every_kind_and_nothing_from_the_future() {
        let simulation = simulation(2_000);
        let rows = simulation.catalogue();
        for kind in [TitleKind::Movie, TitleKind::Episode, TitleKind::Show] {
            let share = rows.iter().filter(|row| row.kind == kind).count();
            assert!(share > 5, "{kind:?}: {share}");
        }
        let today = date(simulation.start);
        assert!(
            rows.iter()
                .all(|row| row.release_date.as_deref() < Some(today.as_str()))
        );
    }

    #[test]
    fn episodes_follow_each_other_within_their_series() {
        let catalogue = Catalogue::new(&simulation(2_000));
        for row in 0..catalogue.titles.len() as u32 {
            let title = &catalogue.titles[row as usize];
            if let Some(next) = catalogue.next_episode(row) {
                let next = &catalogue.titles[next as usize];
                assert_eq!(title.series_id, next.series_id);
                assert!((title.season, title.episode) < (next.season, next.episode));
            }
        }
    }

    #[test]
    fn the_seed_decides_the_catalogue() {
        let rows = simulation(300).catalogue();
        assert_eq!(rows, simulation(300).catalogue());
        assert_ne!(
            rows,
            Simulation {
                seed: 99,
                titles: 300,
                ..Simulation::default()
            }
            .catalogue()
        );
    }
}
