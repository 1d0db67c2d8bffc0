//! The driver of curation in one process: plan, compact, and the [pipeline](crate::pipeline)
//! of each date.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _};
use marquee_audit::{Audit, EventBook, StreamCount};
use marquee_compaction::{CompactSettings, CompactedTables, compact_date};
use marquee_event::Date;
use marquee_ingest::titles::Titles;
use marquee_lake::generation::Generation;
use marquee_lake::staging::StagingDir;
use marquee_lake::title_catalog;
use marquee_sql::{CheckResult, Phase};
use marquee_table_catalog::TableCatalog;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::close::Closed;
use crate::error::CurationError;
use crate::pipeline::{self, DateEnd, DateSql, HandOver, Next, Stage, StageAnswer};
use crate::plan::{self, DateTask, Definitions, Plan, PlanSettings, Selection};
use crate::projection;
use crate::publish::PublishOutcome;
use crate::unaudited::unaudited;

/// The maximum number of plans of one call of [`Driver::run`]. If another run publishes a date
/// first, the driver plans again.
const MAX_PLANS: usize = 20;

/// The name of the plan in the hand-over, which stays in memory.
const PLAN_NAME: &str = "driver";

/// Curates the dates of one lake, in one process.
pub struct Driver {
    lake: Arc<dyn ObjectStore>,
    table_catalog: Arc<dyn TableCatalog>,
    sql: Arc<dyn DateSql>,
    definitions: Definitions,
    settings: DriverSettings,
}

/// Settings of a driver.
#[derive(Debug, Clone)]
pub struct DriverSettings {
    /// Settings of the plan.
    pub plan: PlanSettings,
    /// Settings of compaction: memory, and the size of files.
    pub compact: CompactSettings,
    /// The number of dates that the driver compacts in parallel.
    pub jobs: usize,
}

/// The outcome of a date.
#[derive(Debug, Clone)]
pub enum DateOutcome {
    /// The date has a new generation.
    Published(Box<PublishedDate>),
    /// A check is violated, or the event book does not balance. The date's previous
    /// generation, if any, is still current.
    Held {
        /// The results of the checks.
        checks: Vec<CheckResult>,
        /// The event book; `None` if a check stopped the date before its book was closed.
        book: Option<EventBook>,
    },
    /// A stage failed. The date's previous generation, if any, is still current, and the date
    /// is still due.
    Failed {
        /// The failure.
        error: Arc<CurationError>,
    },
    /// The inputs equal those of the date's current generation.
    Unchanged,
}

impl DateOutcome {
    /// Returns whether the date is published or unchanged.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Published(_) | Self::Unchanged)
    }
}

/// A date that was published.
#[derive(Debug, Clone)]
pub struct PublishedDate {
    /// The new generation.
    pub generation: Generation,
    /// The event book of the generation.
    pub book: EventBook,
    /// The results of the checks.
    pub checks: Vec<CheckResult>,
}

/// A progress event of [`Driver::run`], for an observer.
#[derive(Debug)]
pub enum DriverEvent<'a> {
    /// The dates are planned.
    Planned(&'a Plan),
    /// A date is compacted.
    Compacted(&'a DateTask, &'a CompactedTables),
    /// The compaction of a date failed.
    NotCompacted(&'a DateTask),
    /// A date is done.
    Done(&'a DateTask, &'a DateOutcome),
    /// Another run published the date first.
    Lost(&'a DateTask),
}

/// A function that receives the progress events of [`Driver::run`].
pub type Observer<'o> = &'o (dyn Fn(DriverEvent<'_>) + Sync);

impl Driver {
    /// Creates a driver of the lake in `lake`, which keeps `table_catalog` up to date.
    pub fn new(
        lake: Arc<dyn ObjectStore>,
        table_catalog: Arc<dyn TableCatalog>,
        sql: Arc<dyn DateSql>,
        definitions: Definitions,
        settings: DriverSettings,
    ) -> Self {
        Self {
            lake,
            table_catalog,
            sql,
            definitions,
            settings,
        }
    }

    /// Curates every selected date that needs it, earlier dates first. Plans again if another
    /// run published a date first. The failure of a date does not stop the other dates.
    ///
    /// # Errors
    /// If the dates cannot be planned, or [`CurationError::Overtaken`] if other runs published
    /// them first every time. Dates that this call published stay published; the others are
    /// still due.
    pub async fn run(
        &self,
        selection: &Selection,
        observe: Observer<'_>,
    ) -> Result<BTreeMap<Date, DateOutcome>, CurationError> {
        projection::catch_up(&*self.lake, &*self.table_catalog, &self.definitions).await?;
        let mut outcomes = BTreeMap::new();
        for _ in 0..MAX_PLANS {
            let settings = &self.settings.plan;
            let plan = plan::plan(&*self.lake, &self.definitions, settings, selection).await?;
            observe(DriverEvent::Planned(&plan));
            let mut is_lost = false;
            for (task, compacted) in self.compact(&plan, observe).await? {
                let published = match compacted {
                    Ok(compacted) => self.publish(task, compacted).await,
                    Err(error) => Err(error),
                };
                let outcome = match published {
                    Ok(Some(outcome)) => outcome,
                    Ok(None) => {
                        observe(DriverEvent::Lost(task));
                        is_lost = true;
                        continue;
                    }
                    Err(error) => DateOutcome::Failed {
                        error: Arc::new(error),
                    },
                };
                observe(DriverEvent::Done(task, &outcome));
                outcomes.insert(task.event_date, outcome);
            }
            if !is_lost {
                return Ok(outcomes);
            }
        }
        Err(CurationError::Overtaken(MAX_PLANS))
    }

    /// Audits every published date whose current generation has no audit, ascending: the
    /// dates that [`Driver::run`] published, and those whose run ended before its audit.
    /// `streams` has the stream's own count for the dates where it is known.
    ///
    /// # Errors
    /// If the lake cannot be read or written.
    pub async fn audit(
        &self,
        streams: &BTreeMap<Date, StreamCount>,
    ) -> Result<Vec<Audit>, CurationError> {
        let mut audits = Vec::new();
        for event_date in unaudited(&*self.lake).await? {
            let stream = streams.get(&event_date);
            audits.push(pipeline::audit(&self.lake, event_date, stream).await?);
        }
        Ok(audits)
    }

    /// Compacts every planned date, several dates in parallel.
    async fn compact<'p>(
        &self,
        plan: &'p Plan,
        observe: Observer<'_>,
    ) -> Result<Vec<(&'p DateTask, Result<CompactedTables, CurationError>)>, CurationError> {
        // A plan pins one title catalog for all its dates.
        let pointer = plan
            .tasks
            .iter()
            .find_map(|task| task.title_catalog.as_ref());
        let titles = Arc::new(load_titles(&*self.lake, pointer).await?);
        let compact = |task: &'p DateTask| {
            let titles = Arc::clone(&titles);
            async move {
                let settings = &self.settings.compact;
                let compacted =
                    compact_date(&self.lake, &titles, task.compaction_task(), settings).await;
                observe(match &compacted {
                    Ok(compacted) => DriverEvent::Compacted(task, compacted),
                    Err(_) => DriverEvent::NotCompacted(task),
                });
                (task, compacted.map_err(CurationError::from))
            }
            .boxed()
        };
        let dates: Vec<_> = plan.tasks.iter().map(compact).collect();
        let dates = futures::stream::iter(dates).buffered(self.settings.jobs.max(1));
        Ok(dates.collect().await)
    }

    /// Runs the stages of a compacted date. Returns `None` if another run published the date
    /// first.
    async fn publish(
        &self,
        task: &DateTask,
        compacted: CompactedTables,
    ) -> Result<Option<DateOutcome>, CurationError> {
        let dir = StagingDir::new(PLAN_NAME, task.event_date);
        let mut date = DateState {
            hand_over: HandOver::new(Arc::new(InMemory::new()), dir),
            checks: Vec::new(),
            book: None,
            generation: None,
        };
        date.hand_over.put_task(task).await?;
        let (lake, definitions) = (&*self.lake, &self.definitions);
        pipeline::begin(lake, definitions, &date.hand_over, task, &compacted).await?;
        drop(compacted);
        let mut stage = Stage::FIRST;
        let mut is_stopped = false;
        let end = loop {
            let answer = self.run_stage(stage, &mut date).await?;
            is_stopped |= answer == StageAnswer::Stopped;
            match stage.next(answer, is_stopped) {
                Next::Stage(next) => stage = next,
                Next::End(end) => break end,
            }
        };
        let outcome = match (end, date.generation, date.book) {
            (DateEnd::Lost, ..) => return Ok(None),
            (DateEnd::Published, Some(generation), Some(book)) => {
                DateOutcome::Published(Box::new(PublishedDate {
                    generation,
                    book,
                    checks: date.checks,
                }))
            }
            (DateEnd::Published, ..) => {
                return Err(CurationError::Incomplete(task.event_date));
            }
            (DateEnd::Held, _, book) => DateOutcome::Held {
                checks: date.checks,
                book,
            },
            (DateEnd::Unchanged, ..) => DateOutcome::Unchanged,
        };
        Ok(Some(outcome))
    }

    async fn run_stage(
        &self,
        stage: Stage,
        date: &mut DateState,
    ) -> Result<StageAnswer, CurationError> {
        let (lake, definitions, sql) = (&*self.lake, &self.definitions, &*self.sql);
        let hand_over = &date.hand_over;
        match stage {
            Stage::CheckDate => {
                let found = pipeline::check(sql, definitions, hand_over, Phase::Date).await?;
                if found.iter().any(CheckResult::stops) {
                    return Ok(StageAnswer::Stopped);
                }
            }
            Stage::Prepare => match pipeline::prepare(lake, definitions, hand_over).await? {
                Some(of_run) => date.hand_over = of_run,
                None => return Ok(StageAnswer::Unchanged),
            },
            Stage::Marts => {
                pipeline::marts(sql, definitions, hand_over).await?;
            }
            Stage::CheckWindow => {
                pipeline::check(sql, definitions, hand_over, Phase::Window).await?;
            }
            Stage::Book => {
                let booked = pipeline::book(lake, definitions, hand_over).await?;
                date.checks = booked.checks;
                match booked.closed {
                    Closed::Balanced { book, .. } => date.book = Some(*book),
                    Closed::Held { book, .. } => {
                        date.book = book.map(|book| *book);
                        return Ok(StageAnswer::Held);
                    }
                }
            }
            Stage::Publish => {
                let catalog = &*self.table_catalog;
                match pipeline::publish(lake, definitions, catalog, hand_over).await? {
                    PublishOutcome::Published(generation) => date.generation = Some(*generation),
                    PublishOutcome::Lost => return Ok(StageAnswer::Lost),
                }
            }
            // `Driver::audit` runs the audits when every date is done: it has the stream's own
            // counts, and also audits the dates of runs that ended early.
            Stage::Audit => {}
        }
        Ok(StageAnswer::Done)
    }
}

/// The state of a date between two stages.
struct DateState {
    hand_over: HandOver,
    checks: Vec<CheckResult>,
    book: Option<EventBook>,
    generation: Option<Generation>,
}

/// Loads the version of the title catalog that a plan pins. Without a pointer, returns an
/// empty title catalog.
pub(crate) async fn load_titles(
    lake: &dyn ObjectStore,
    pointer: Option<&title_catalog::TitleCatalogPointer>,
) -> Result<Titles, CurationError> {
    Ok(match pointer {
        Some(pointer) => {
            let titles = title_catalog::load(lake, pointer).await?;
            Titles::new(Some(pointer.version.clone()), titles)
        }
        None => Titles::default(),
    })
}
