//! The JSON bodies of successful responses.

use marquee_event::{Date, Title};
use marquee_recommend::{ContinueReason, ContinuedTitle, RecommendedWork};
use serde::Serialize;

use crate::snapshot::{PopularTitle, Snapshot};

/// The recommendations for a viewer.
#[derive(Debug, Serialize)]
pub(crate) struct RecommendationsBody<'s> {
    pub(crate) user_id: &'s str,
    #[serde(flatten)]
    pub(crate) published: PublishedState,
    pub(crate) basis: Basis,
    pub(crate) continue_watching: Vec<ContinueWatching<'s>>,
    pub(crate) recommendations: Vec<Recommendation<'s>>,
}

/// The published state that a response is based on.
#[derive(Debug, Serialize)]
pub(crate) struct PublishedState {
    event_date: Date,
    generation: u32,
}

impl PublishedState {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self {
            event_date: snapshot.event_date,
            generation: snapshot.generation,
        }
    }
}

/// The basis of the recommendations.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    /// The viewer's taste or history.
    History,
    /// The popularity and ratings by all viewers, because the viewer's taste is
    /// unknown.
    Popular,
}

/// A title to continue.
#[derive(Debug, Serialize)]
pub(crate) struct ContinueWatching<'s> {
    title: &'s Title,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_rate: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'s str>,
}

impl<'s> From<ContinuedTitle<'s>> for ContinueWatching<'s> {
    fn from(continued: ContinuedTitle<'s>) -> Self {
        let (reason, completion_rate, after) = match continued.reason {
            ContinueReason::Resume { completion_rate } => ("resume", Some(completion_rate), None),
            ContinueReason::NextEpisode { after } => ("next_episode", None, Some(after)),
        };
        Self {
            title: continued.title,
            reason,
            completion_rate,
            after,
        }
    }
}

/// A recommended work.
#[derive(Debug, Serialize)]
pub(crate) struct Recommendation<'s> {
    rank: usize,
    title: &'s Title,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearness: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taste: Option<f64>,
    genres: Vec<&'s str>,
    popularity: f64,
    rating: f64,
}

impl<'s> Recommendation<'s> {
    /// Numbers the recommendations with ranks from 1.
    pub(crate) fn ranked(recommended: Vec<RecommendedWork<'s>>) -> Vec<Self> {
        (1..)
            .zip(recommended)
            .map(|(rank, one)| Self {
                rank,
                title: one.title,
                score: one.score,
                nearness: one.nearness,
                because: one.because.map(|title| title.title_id.as_str()),
                taste: one.taste,
                genres: one.genres,
                popularity: one.popularity,
                rating: one.rating,
            })
            .collect()
    }
}

/// The titles with the most viewers.
#[derive(Debug, Serialize)]
pub(crate) struct PopularTitlesBody<'s> {
    #[serde(flatten)]
    pub(crate) published: PublishedState,
    pub(crate) titles: Vec<RankedTitle<'s>>,
}

/// A popular title with its rank.
#[derive(Debug, Serialize)]
pub(crate) struct RankedTitle<'s> {
    rank: i64,
    title: TitleOrId<'s>,
    viewers: u64,
    watch_ms: i64,
    completions: i64,
}

/// A title, or only its id if the title catalog does not contain it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum TitleOrId<'s> {
    Title(&'s Title),
    Id { title_id: &'s str },
}

impl<'s> RankedTitle<'s> {
    pub(crate) fn of(popular: &'s PopularTitle, snapshot: &'s Snapshot) -> Self {
        let title_id = popular.title_id.as_str();
        let title = snapshot.model.title(title_id);
        Self {
            rank: popular.rank,
            title: title.map_or(TitleOrId::Id { title_id }, TitleOrId::Title),
            viewers: popular.viewers,
            watch_ms: popular.watch_ms,
            completions: popular.completions,
        }
    }
}

/// The health of the API.
#[derive(Debug, Serialize)]
pub(crate) struct HealthBody {
    pub(crate) status: &'static str,
    #[serde(flatten)]
    pub(crate) published: PublishedState,
}
