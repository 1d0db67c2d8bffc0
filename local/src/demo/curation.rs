//! The demo's dates: curated as by `marquee day`, and the queries over their tables.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use marquee_audit::{Audit, StreamCount};
use marquee_console as console;
use marquee_curation::driver::{DateOutcome, DriverSettings};
use marquee_curation::pipeline;
use marquee_curation::plan::Selection;
use marquee_event::Date;
use marquee_lake::generation;
use marquee_marts::Engine;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use super::rows::rows;
use crate::day;

const ENGAGEMENT: &str = include_str!("../../../sql/demo/engagement.sql");
const RETENTION: &str = include_str!("../../../sql/demo/retention.sql");
const TOP_TITLES: &str = include_str!("../../../sql/demo/top_titles.sql");
const TOP_SEARCHES: &str = include_str!("../../../sql/demo/top_searches.sql");

/// The result of the curation.
#[derive(Debug, Default)]
pub(super) struct Curation {
    pub(super) took: Duration,
    pub(super) days: Vec<CuratedDay>,
    pub(super) engagement: Vec<Engagement>,
    pub(super) retention: Vec<Retention>,
    pub(super) top_titles: Vec<TopTitle>,
    pub(super) top_searches: Vec<TopSearch>,
}

/// A curated date.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CuratedDay {
    pub(super) event_date: Date,
    pub(super) generation: u32,
    pub(super) curated_events: u64,
    pub(super) duplicates: u64,
    pub(super) conflicts: u64,
    pub(super) redelivered: u64,
    pub(super) tables: usize,
    pub(super) files: usize,
    pub(super) bytes: u64,
    pub(super) audit: Audit,
}

/// The engagement of a date.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Engagement {
    pub(super) event_date: String,
    pub(super) viewers: u64,
    pub(super) sessions: u64,
    pub(super) hours: f64,
    /// The share of binge sessions, 0 to 1.
    pub(super) binge_share: f64,
    /// The mean completion rate of the views, 0 to 1.
    pub(super) completion: Option<f64>,
    /// The mean engagement score of the views, 0 to 1.
    pub(super) engagement: Option<f64>,
}

/// The retention of users.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Retention {
    /// The date of the return.
    pub(super) event_date: String,
    /// The number of days since the users were seen.
    pub(super) days: u64,
    pub(super) users: u64,
    pub(super) returned: u64,
    pub(super) retention: f64,
}

/// One of the most watched titles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TopTitle {
    pub(super) title: String,
    pub(super) hours: f64,
    pub(super) viewers: u64,
    pub(super) completions: u64,
}

/// One of the most frequent searches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TopSearch {
    pub(super) query: String,
    pub(super) searches: u64,
    pub(super) viewers: u64,
}

impl Curation {
    /// Curates every due date of `lake` and queries its tables. `arrivals` are the
    /// stream's own counts.
    pub(super) async fn run(
        lake: Arc<dyn ObjectStore>,
        settings: DriverSettings,
        arrivals: &BTreeMap<Date, StreamCount>,
    ) -> anyhow::Result<Self> {
        let began = Instant::now();
        let driver = day::driver(Arc::clone(&lake), settings)?;
        for (event_date, outcome) in driver.run(&Selection::Due, &|_| {}).await? {
            if let DateOutcome::Failed { error } = outcome {
                let cause = console::format_error(&anyhow::Error::from(error));
                bail!("{event_date}: {cause}");
            }
        }
        let took = began.elapsed();
        let mut days = Vec::new();
        for (event_date, generation) in generation::current(&*lake).await? {
            let tables = generation.tables.values();
            let counted = arrivals.get(&event_date);
            let audit = pipeline::audit(&lake, event_date, counted).await?;
            days.push(CuratedDay {
                audit,
                event_date,
                generation: generation.generation,
                curated_events: generation.counts.curated,
                duplicates: generation.counts.duplicates,
                conflicts: generation.counts.conflicts,
                redelivered: generation.counts.redelivered,
                tables: generation.tables.len(),
                files: tables.clone().map(|table| table.files.len()).sum(),
                bytes: tables.map(|table| table.bytes()).sum(),
            });
        }
        let engine = Engine::open(lake).await?;
        let engagement: Vec<Engagement> = rows(&engine, ENGAGEMENT).await?;
        let engaged_dates = engagement.iter().map(|row| row.event_date.clone());
        let published_dates = days.iter().map(|day| day.event_date.to_string());
        ensure!(
            published_dates.eq(engaged_dates),
            "fact_session does not have the same dates as the published generations"
        );
        Ok(Self {
            took,
            days,
            engagement,
            retention: rows(&engine, RETENTION).await?,
            top_titles: rows(&engine, TOP_TITLES).await?,
            top_searches: rows(&engine, TOP_SEARCHES).await?,
        })
    }

    /// Returns the number of curated events.
    pub(super) fn curated_events(&self) -> u64 {
        self.days.iter().map(|day| day.curated_events).sum()
    }

    /// Returns the number of dropped duplicates.
    pub(super) fn duplicates(&self) -> u64 {
        self.days.iter().map(|day| day.duplicates).sum()
    }

    /// Returns the number of redelivered rows.
    pub(super) fn redelivered(&self) -> u64 {
        self.days.iter().map(|day| day.redelivered).sum()
    }
}
