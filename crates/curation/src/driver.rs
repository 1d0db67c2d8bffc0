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
use crate::publish::Outcome;
use crate::show;
use crate::unaudited::unaudited;

/// The number of plans of a run at most: a date that another run published first is
/// planned again.
const PLANS: usize = 20;

/// The name of the plan in the directories of the hand-over, which stays in memory.
const PLAN: &str = "driver";

/// Makes the dates of one lake, in one process.
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
    /// Which dates are due, and the number of their buckets.
    pub plan: PlanSettings,
    /// Memory and the size of files.
    pub compact: CompactSettings,
    /// The number of dates that are compacted side by side.
    pub jobs: usize,
}

/// The outcome of a date.
#[derive(Debug, Clone)]
pub enum DateOutcome {
    /// The date has a new generation.
    Published(Box<PublishedDate>),
    /// A check is broken, or the event book does not balance. The date's generation, if it
    /// had one, is still current.
    Held {
        /// The results of the checks.
        checks: Vec<CheckResult>,
        /// The event book, where no check stopped the date before.
        book: Option<EventBook>,
    },
    /// A stage failed. The date's generation, if it had one, is still current, and the date
    /// is still due.
    Failed {
        /// The failure.
        error: Arc<CurationError>,
    },
    /// The date is as its current generation has it.
    Unchanged,
}

impl DateOutcome {
    /// Returns whether the date needs nobody's attention.
    pub fn is_well(&self) -> bool {
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

/// An event of a run, for an observer.
#[derive(Debug)]
pub enum DriverEvent<'a> {
    /// The dates are planned.
    Planned(&'a Plan),
    /// The events and facts of a date are made.
    Compacted(&'a DateTask, &'a CompactedTables),
    /// The events and facts of a date could not be made.
    NotCompacted(&'a DateTask),
    /// A date is done.
    Done(&'a DateTask, &'a DateOutcome),
    /// Another run published the date first.
    Lost(&'a DateTask),
}

/// A function that a run tells its events.
pub type Observer<'o> = &'o (dyn Fn(DriverEvent<'_>) + Sync);

impl Driver {
    /// Creates a driver of the lake in `lake`, which brings `table_catalog` forward.
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

    /// Makes every date of the selection that needs it, earlier dates first. Plans again
    /// where another run published a date first. A date that fails stops no other.
    ///
    /// # Errors
    /// When the dates cannot be planned, or other runs keep publishing them first. What was
    /// published stands; the rest is still due.
    pub async fn run(
        &self,
        selection: &Selection,
        observe: Observer<'_>,
    ) -> Result<BTreeMap<Date, DateOutcome>, CurationError> {
        show::catch_up(&*self.lake, &*self.table_catalog, &self.definitions).await?;
        let mut outcomes = BTreeMap::new();
        for _ in 0..PLANS {
            let settings = &self.settings.plan;
            let plan = plan::plan(&*self.lake, &self.definitions, settings, selection).await?;
            observe(DriverEvent::Planned(&plan));
            let mut is_lost = false;
            for (task, compacted) in self.compact(&plan, observe).await? {
                let made = match compacted {
                    Ok(compacted) => self.publish(task, compacted).await,
                    Err(error) => Err(error),
                };
                let outcome = match made {
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
        Err(CurationError::Overtaken(PLANS))
    }

    /// Audits every published date whose current generation has no audit, ascending: the
    /// dates of this run, and those whose run was killed before its audit. `streams` has
    /// the stream's own count of a date, where it is known.
    ///
    /// # Errors
    /// When the lake cannot be read or written.
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

    /// Makes the events and facts of every planned date, dates side by side.
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
        let titles = Arc::new(title_catalog(&*self.lake, pointer).await?);
        let compact = |task: &'p DateTask| {
            let titles = Arc::clone(&titles);
            async move {
                let settings = &self.settings.compact;
                let made =
                    compact_date(&self.lake, &titles, task.compaction_task(), settings).await;
                observe(match &made {
                    Ok(compacted) => DriverEvent::Compacted(task, compacted),
                    Err(_) => DriverEvent::NotCompacted(task),
                });
                (task, made.map_err(CurationError::from))
            }
            .boxed()
        };
        let dates: Vec<_> = plan.tasks.iter().map(compact).collect();
        let dates = futures::stream::iter(dates).buffered(self.settings.jobs.max(1));
        Ok(dates.collect().await)
    }

    /// Takes a compacted date through the stages; `None` when another run
    /// published it first.
    async fn publish(
        &self,
        task: &DateTask,
        compacted: CompactedTables,
    ) -> Result<Option<DateOutcome>, CurationError> {
        let dir = StagingDir::new(PLAN, task.event_date);
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
        Ok(match (end, date.generation, date.book) {
            (DateEnd::Lost, ..) => None,
            (DateEnd::Published, Some(generation), Some(book)) => {
                Some(DateOutcome::Published(Box::new(PublishedDate {
                    generation,
                    book,
                    checks: date.checks,
                })))
            }
            (DateEnd::Held | DateEnd::Published, _, book) => Some(DateOutcome::Held {
                checks: date.checks,
                book,
            }),
            (DateEnd::Unchanged, ..) => Some(DateOutcome::Unchanged),
        })
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
                    Outcome::Published(generation) => date.generation = Some(*generation),
                    Outcome::Lost => return Ok(StageAnswer::Lost),
                }
            }
            // [`Driver::audit`] runs the audits when every date is done: it has the stream's
            // own counts, and also audits the dates of runs that were killed.
            Stage::Audit => {}
        }
        Ok(StageAnswer::Done)
    }
}

/// The state of a date on its way through the stages.
struct DateState {
    hand_over: HandOver,
    checks: Vec<CheckResult>,
    book: Option<EventBook>,
    generation: Option<Generation>,
}

/// Loads the title catalog that a plan pins; without a pointer, an empty one.
pub(crate) async fn title_catalog(
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
