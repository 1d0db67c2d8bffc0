//! A published state, as far as it answers questions.

use std::collections::HashMap;
use std::sync::Arc;

use marquee_event::Date;
use marquee_lake::generation::Generation;
use marquee_lake::rows::RowBatch;
use marquee_lake::{LakeError, catalogue};
use marquee_recommend::{Model, Neighbour, Reception, Seen, Viewer};
use object_store::ObjectStore;

use crate::table::{self, files, value};
use crate::user_table::UserTable;

/// What is read of `user_genre_affinity`.
const TASTE: [&str; 2] = ["genre", "share"];
/// What is read of `user_title`.
const HISTORY: [&str; 5] = [
    "title_id",
    "views",
    "completion_rate",
    "completed",
    "rating",
];

/// A published state: the titles and how they are received, and where viewers are.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The date that was the newest.
    pub(crate) event_date: Date,
    /// Its generation.
    pub(crate) generation: u32,
    /// The generation's key and run, which tell it from another of its number.
    key: String,
    run: String,
    /// What ranks.
    pub(crate) model: Model,
    /// The titles by how many viewers they have.
    pub(crate) popular: Vec<Popular>,
    tastes: UserTable,
    histories: UserTable,
}

/// A row of `title_popularity`.
#[derive(Debug)]
pub(crate) struct Popular {
    pub(crate) rank: i64,
    pub(crate) title_id: String,
    pub(crate) viewers: i64,
    pub(crate) watch_ms: i64,
    pub(crate) completions: i64,
}

impl Snapshot {
    /// Reads what that generation has. A table that it lacks is as good as one without
    /// rows.
    pub(crate) async fn load(
        store: &Arc<dyn ObjectStore>,
        generation: &Generation,
    ) -> Result<Self, LakeError> {
        Self::read(store, generation).await
    }

    async fn read(
        store: &Arc<dyn ObjectStore>,
        generation: &Generation,
    ) -> Result<Self, LakeError> {
        let titles = async {
            match &generation.catalogue {
                Some(version) => catalogue::load_version(&**store, version).await,
                None => Ok(Vec::new()),
            }
        };
        let (titles, popular, ratings, near, tastes, histories) = tokio::try_join!(
            titles,
            table::read(&**store, files(generation, "title_popularity")),
            table::read(&**store, files(generation, "title_rating")),
            table::read(&**store, files(generation, "title_neighbour")),
            UserTable::open(store, files(generation, "user_genre_affinity"), &TASTE),
            UserTable::open(store, files(generation, "user_title"), &HISTORY),
        )?;
        let popular = popularity(&popular)?;
        let reception = reception(&popular, &ratings)?;
        Ok(Self {
            event_date: generation.event_date,
            generation: generation.generation,
            key: generation.key(),
            run: generation.run.clone(),
            model: Model::new(titles, &reception, neighbours(&near)?),
            popular,
            tastes,
            histories,
        })
    }

    /// Whether it is of that generation.
    pub(crate) fn is_of(&self, generation: &Generation) -> bool {
        self.key == generation.key() && self.run == generation.run
    }

    /// What is known of a viewer; nothing of one that nobody has seen.
    pub(crate) async fn viewer(&self, user_id: &str) -> Result<Viewer, LakeError> {
        let (tastes, histories) = tokio::try_join!(
            self.tastes.rows_of(user_id),
            self.histories.rows_of(user_id)
        )?;
        Ok(Viewer {
            taste: taste(&tastes)?,
            history: history(&histories)?,
        })
    }
}

fn popularity(rows: &[RowBatch]) -> Result<Vec<Popular>, LakeError> {
    let mut popular = Vec::new();
    for rows in rows {
        let (ranks, titles) = (rows.long("popularity_rank")?, rows.text("title_id")?);
        let (viewers, watch) = (rows.long("viewers")?, rows.long("watch_ms")?);
        let completions = rows.long("completions")?;
        popular.extend((0..rows.num_rows()).filter_map(|row| {
            Some(Popular {
                rank: value(ranks, row)?,
                title_id: value(titles, row)?.to_owned(),
                viewers: value(viewers, row)?,
                watch_ms: value(watch, row)?,
                completions: value(completions, row)?,
            })
        }));
    }
    popular.sort_by_key(|title| title.rank);
    Ok(popular)
}

fn reception(
    popular: &[Popular],
    ratings: &[RowBatch],
) -> Result<HashMap<String, Reception>, LakeError> {
    let mut reception: HashMap<String, Reception> = HashMap::new();
    for title in popular {
        let known = reception.entry(title.title_id.clone()).or_default();
        known.viewers = u64::try_from(title.viewers).unwrap_or(0);
    }
    for rows in ratings {
        let (titles, stars) = (rows.text("title_id")?, rows.double("weighted_rating")?);
        for row in 0..rows.num_rows() {
            if let (Some(title), Some(stars)) = (value(titles, row), value(stars, row)) {
                let known = reception.entry(title.to_owned()).or_default();
                known.weighted_rating = Some(stars);
            }
        }
    }
    Ok(reception)
}

fn neighbours(rows: &[RowBatch]) -> Result<Vec<Neighbour<'_>>, LakeError> {
    let mut neighbours = Vec::new();
    for rows in rows {
        let (works, others) = (rows.text("work_id")?, rows.text("neighbour_id")?);
        let similarities = rows.double("similarity")?;
        neighbours.extend((0..rows.num_rows()).filter_map(|row| {
            Some(Neighbour {
                work_id: value(works, row)?,
                neighbour_id: value(others, row)?,
                similarity: value(similarities, row)?,
            })
        }));
    }
    Ok(neighbours)
}

fn taste(rows: &[RowBatch]) -> Result<Vec<(String, f64)>, LakeError> {
    let mut taste = Vec::new();
    for rows in rows {
        let (genres, shares) = (rows.text("genre")?, rows.double("share")?);
        taste.extend(
            (0..rows.num_rows())
                .filter_map(|row| Some((value(genres, row)?.to_owned(), value(shares, row)?))),
        );
    }
    Ok(taste)
}

fn history(rows: &[RowBatch]) -> Result<Vec<Seen>, LakeError> {
    let mut history = Vec::new();
    for rows in rows {
        let (titles, views) = (rows.text("title_id")?, rows.long("views")?);
        let (rates, ratings) = (rows.float("completion_rate")?, rows.float("rating")?);
        let completed = rows.boolean("completed")?;
        history.extend((0..rows.num_rows()).filter_map(|row| {
            Some(Seen {
                title_id: value(titles, row)?.to_owned(),
                views: value(views, row)?,
                completion_rate: value(rates, row),
                completed: value(completed, row)?,
                rating: value(ratings, row),
            })
        }));
    }
    Ok(history)
}
