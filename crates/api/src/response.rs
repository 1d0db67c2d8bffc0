//! Answers, as JSON has them.

use marquee_event::{Date, Title};
use marquee_recommend::{Continued, Reason, Recommended};
use serde::Serialize;

use crate::snapshot::{Popular, Snapshot};

/// What a viewer may want to watch.
#[derive(Debug, Serialize)]
pub(crate) struct Recommendations<'s> {
    pub(crate) user_id: &'s str,
    #[serde(flatten)]
    pub(crate) state: State,
    pub(crate) basis: Basis,
    pub(crate) continue_watching: Vec<ToContinue<'s>>,
    pub(crate) recommendations: Vec<Recommendation<'s>>,
}

/// Which published state answered.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    event_date: Date,
    generation: u32,
}

impl State {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self {
            event_date: snapshot.event_date,
            generation: snapshot.generation,
        }
    }
}

/// What recommendations stand on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    /// The viewer's own.
    History,
    /// Everybody's: nothing is known of the viewer's taste.
    Popular,
}

#[derive(Debug, Serialize)]
pub(crate) struct ToContinue<'s> {
    title: &'s Title,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_rate: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'s str>,
}

impl<'s> From<Continued<'s>> for ToContinue<'s> {
    fn from(continued: Continued<'s>) -> Self {
        let (reason, completion_rate, after) = match continued.reason {
            Reason::Resume { completion_rate } => ("resume", Some(completion_rate), None),
            Reason::NextEpisode { after } => ("next_episode", None, Some(after)),
        };
        Self {
            title: continued.title,
            reason,
            completion_rate,
            after,
        }
    }
}

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
    /// The recommendations with their ranks, from 1.
    pub(crate) fn ranked(recommended: Vec<Recommended<'s>>) -> Vec<Self> {
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
pub(crate) struct PopularTitles<'s> {
    #[serde(flatten)]
    pub(crate) state: State,
    pub(crate) titles: Vec<PopularTitle<'s>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PopularTitle<'s> {
    rank: i64,
    title: Named<'s>,
    viewers: i64,
    watch_ms: i64,
    completions: i64,
}

/// A title, as far as the catalogue knows it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Named<'s> {
    Known(&'s Title),
    Unknown { title_id: &'s str },
}

impl<'s> PopularTitle<'s> {
    pub(crate) fn of(popular: &'s Popular, snapshot: &'s Snapshot) -> Self {
        let title_id = popular.title_id.as_str();
        let title = snapshot.model.title(title_id);
        Self {
            rank: popular.rank,
            title: title.map_or(Named::Unknown { title_id }, Named::Known),
            viewers: popular.viewers,
            watch_ms: popular.watch_ms,
            completions: popular.completions,
        }
    }
}

/// That there is something to answer from.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    pub(crate) status: &'static str,
    #[serde(flatten)]
    pub(crate) state: State,
}
