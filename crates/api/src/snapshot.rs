//! A snapshot of a published generation.

use std::collections::HashMap;
use std::sync::Arc;

use marquee_event::Date;
use marquee_lake::generation::Generation;
use marquee_lake::rows::RowBatch;
use marquee_lake::{LakeError, title_catalog};
use marquee_recommend::{Interaction, Model, Neighbour, Reception, Viewer};
use object_store::ObjectStore;

use crate::table::{self, Column, files};
use crate::user_table::UserTable;

/// The columns to read from `user_genre_affinity`.
const TASTE_COLUMNS: [&str; 2] = ["genre", "share"];
/// The columns to read from `user_title`.
const HISTORY_COLUMNS: [&str; 5] = [
    "title_id",
    "views",
    "completion_rate",
    "completed",
    "rating",
];

/// A snapshot of a published generation: the recommendation model and popular titles
/// in memory, and handles to the tables by user.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The newest published date.
    pub(crate) event_date: Date,
    /// The generation of this date.
    pub(crate) generation: u32,
    /// The generation's key and run; the run distinguishes generations of equal number.
    key: String,
    run: String,
    /// The recommendation model.
    pub(crate) model: Model,
    /// The popular titles, by rank.
    pub(crate) popular: Vec<PopularTitle>,
    /// The prefix of the ids of all known users, if they have one.
    pub(crate) user_prefix: Option<String>,
    tastes: UserTable,
    histories: UserTable,
}

/// A row of `title_popularity`.
#[derive(Debug)]
pub(crate) struct PopularTitle {
    pub(crate) rank: i64,
    pub(crate) title_id: String,
    pub(crate) viewers: u64,
    pub(crate) watch_ms: i64,
    pub(crate) completions: i64,
}

impl Snapshot {
    /// Loads a generation. A missing table counts as empty: an older generation may
    /// lack it.
    pub(crate) async fn load(
        store: &Arc<dyn ObjectStore>,
        generation: &Generation,
    ) -> Result<Self, LakeError> {
        let titles = async {
            match &generation.title_catalog {
                Some(version) => title_catalog::load_version(&**store, version).await,
                None => Ok(Vec::new()),
            }
        };
        let (titles, popular, ratings, near, tastes, histories) = tokio::try_join!(
            titles,
            table::read(&**store, files(generation, "title_popularity")),
            table::read(&**store, files(generation, "title_rating")),
            table::read(&**store, files(generation, "title_neighbour")),
            UserTable::open(
                store,
                files(generation, "user_genre_affinity"),
                &TASTE_COLUMNS
            ),
            UserTable::open(store, files(generation, "user_title"), &HISTORY_COLUMNS),
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
            user_prefix: histories.user_prefix(),
            tastes,
            histories,
        })
    }

    /// Returns `true` if this is a snapshot of the generation.
    pub(crate) fn is_of(&self, generation: &Generation) -> bool {
        self.key == generation.key() && self.run == generation.run
    }

    /// Reads a viewer's taste and history, both empty for an unknown user.
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

fn popularity(rows: &[RowBatch]) -> Result<Vec<PopularTitle>, LakeError> {
    let mut popular = Vec::new();
    for rows in rows {
        let ranks = Column::of(rows, "popularity_rank", RowBatch::long)?;
        let titles = Column::of(rows, "title_id", RowBatch::text)?;
        let viewers = Column::of(rows, "viewers", RowBatch::long)?;
        let watch = Column::of(rows, "watch_ms", RowBatch::long)?;
        let completions = Column::of(rows, "completions", RowBatch::long)?;
        for row in 0..rows.num_rows() {
            popular.push(PopularTitle {
                rank: ranks.required(row)?,
                title_id: titles.required(row)?.to_owned(),
                viewers: viewers.count(row)?,
                watch_ms: watch.required(row)?,
                completions: completions.required(row)?,
            });
        }
    }
    popular.sort_by_key(|title| title.rank);
    Ok(popular)
}

fn reception(
    popular: &[PopularTitle],
    ratings: &[RowBatch],
) -> Result<HashMap<String, Reception>, LakeError> {
    let mut reception: HashMap<String, Reception> = HashMap::new();
    for title in popular {
        let known = reception.entry(title.title_id.clone()).or_default();
        known.viewers = title.viewers;
    }
    for rows in ratings {
        let titles = Column::of(rows, "title_id", RowBatch::text)?;
        let stars = Column::of(rows, "weighted_rating", RowBatch::double)?;
        for row in 0..rows.num_rows() {
            let known = reception.entry(titles.required(row)?.to_owned());
            known.or_default().weighted_rating = Some(stars.required(row)?);
        }
    }
    Ok(reception)
}

fn neighbours(rows: &[RowBatch]) -> Result<Vec<Neighbour<'_>>, LakeError> {
    let mut neighbours = Vec::new();
    for rows in rows {
        let works = Column::of(rows, "work_id", RowBatch::text)?;
        let others = Column::of(rows, "neighbour_id", RowBatch::text)?;
        let similarities = Column::of(rows, "similarity", RowBatch::double)?;
        for row in 0..rows.num_rows() {
            neighbours.push(Neighbour {
                work_id: works.required(row)?,
                neighbour_id: others.required(row)?,
                similarity: similarities.required(row)?,
            });
        }
    }
    Ok(neighbours)
}

fn taste(rows: &[RowBatch]) -> Result<Vec<(String, f64)>, LakeError> {
    let mut taste = Vec::new();
    for rows in rows {
        let genres = Column::of(rows, "genre", RowBatch::text)?;
        let shares = Column::of(rows, "share", RowBatch::double)?;
        for row in 0..rows.num_rows() {
            taste.push((genres.required(row)?.to_owned(), shares.required(row)?));
        }
    }
    Ok(taste)
}

fn history(rows: &[RowBatch]) -> Result<Vec<Interaction>, LakeError> {
    let mut history = Vec::new();
    for rows in rows {
        let titles = Column::of(rows, "title_id", RowBatch::text)?;
        let views = Column::of(rows, "views", RowBatch::long)?;
        let rates = Column::of(rows, "completion_rate", RowBatch::float)?;
        let ratings = Column::of(rows, "rating", RowBatch::float)?;
        let completed = Column::of(rows, "completed", RowBatch::boolean)?;
        for row in 0..rows.num_rows() {
            history.push(Interaction {
                title_id: titles.required(row)?.to_owned(),
                views: views.required(row)?,
                completion_rate: rates.optional(row),
                completed: completed.required(row)?,
                rating: ratings.optional(row),
            });
        }
    }
    Ok(history)
}
