//! The steps of a day, one after the other, as the state machine has them on
//! AWS: plan, compact, check, marts, check, the event book, publish.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _};
use marquee_audit::EventBook;
use marquee_compaction::CompactSettings;
use marquee_compaction::{CompactedTables, compact_date};
use marquee_console as console;
use marquee_curation::close::{self, Closed};
use marquee_curation::plan::{self, DateTask, Definitions, Plan, Selection};
use marquee_curation::prepare::{self, Prepared};
use marquee_curation::publish::{self, Outcome, Ready};
use marquee_curation::show;
use marquee_event::Date;
use marquee_ingest::titles::Titles;
use marquee_lake::catalogue;
use marquee_lake::generation::{Generation, TableFiles};
use marquee_marts::DateRun;
use marquee_sql::{CheckResult, Mart, Phase};
use marquee_table_catalog::TableCatalog;
use object_store::ObjectStore;

/// How often a date is planned again that another run was quicker with.
const ROUNDS: usize = 20;
/// Tables that are made side by side.
const MARTS_SIDE_BY_SIDE: usize = 2;

/// What makes days.
pub struct Days {
    store: Arc<dyn ObjectStore>,
    catalog: Arc<dyn TableCatalog>,
    definitions: Definitions,
    settings: Settings,
}

/// How days are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which dates are due, and how they are divided.
    pub plan: plan::PlanSettings,
    /// Memory and the size of files.
    pub compact: CompactSettings,
    /// How many dates are compacted side by side.
    pub jobs: usize,
}

/// What became of a date.
#[derive(Debug, Clone)]
pub enum DateOutcome {
    /// It has a new generation.
    Published(Box<Published>),
    /// An expectation was broken, or the book does not balance; its generation,
    /// if it had one, is still current.
    Held {
        /// What was checked.
        checks: Vec<CheckResult>,
        /// The book, if it came so far.
        book: Option<EventBook>,
    },
    /// It could not be made; its generation, if it had one, is still current, and
    /// the date is still due.
    Failed {
        /// Why.
        cause: String,
    },
    /// What it looks back at is as it was: nothing to do.
    Unchanged,
}

impl DateOutcome {
    /// Whether the date is as it should be.
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Published(_) | Self::Unchanged)
    }
}

/// A date that was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its generation.
    pub generation: Generation,
    /// Where its events went.
    pub book: EventBook,
    /// What was checked.
    pub checks: Vec<CheckResult>,
}

/// What a run is doing, for whoever shows it.
#[derive(Debug)]
pub enum Step<'a> {
    /// So many dates are to be made.
    Planned(&'a Plan),
    /// A date's events and facts are there.
    Compacted(&'a DateTask, &'a CompactedTables),
    /// A date's events and facts could not be made.
    Failed(&'a DateTask),
    /// A date is done.
    Done(&'a DateTask, &'a DateOutcome),
    /// Another run published the date first.
    Lost(&'a DateTask),
}

impl Days {
    /// Days of the lake in `store`, shown to engines through `catalog`.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        catalog: Arc<dyn TableCatalog>,
        definitions: Definitions,
        settings: Settings,
    ) -> Self {
        Self {
            store,
            catalog,
            definitions,
            settings,
        }
    }

    /// Makes every date of the selection that needs it, earlier dates first;
    /// plans again where another run was quicker. A date that cannot be made stops
    /// no other.
    ///
    /// # Errors
    /// When what is due cannot be planned. What was published stands; the rest is
    /// as it was, and due.
    pub async fn run(
        &self,
        selection: &Selection,
        observe: &(dyn Fn(Step<'_>) + Sync),
    ) -> anyhow::Result<BTreeMap<Date, DateOutcome>> {
        show::catch_up(&*self.store, &*self.catalog, &self.definitions).await?;
        let mut outcomes = BTreeMap::new();
        for _ in 0..ROUNDS {
            let plan = plan::plan(
                &*self.store,
                &self.definitions,
                &self.settings.plan,
                selection,
            )
            .await?;
            observe(Step::Planned(&plan));
            let mut is_lost = false;
            for (task, facts) in self.facts(&plan, observe).await? {
                let made = match facts {
                    Ok(facts) => self.finish(task, &facts).await,
                    Err(error) => Err(error),
                };
                let outcome = match made {
                    Ok(Some(outcome)) => outcome,
                    Ok(None) => {
                        observe(Step::Lost(task));
                        is_lost = true;
                        continue;
                    }
                    Err(error) => DateOutcome::Failed {
                        cause: console::format_error(&error),
                    },
                };
                observe(Step::Done(task, &outcome));
                outcomes.insert(task.event_date, outcome);
            }
            if !is_lost {
                return Ok(outcomes);
            }
        }
        anyhow::bail!("other runs published the same dates {ROUNDS} times over: run again later")
    }

    /// The events and facts of every planned date, or why it has none, dates side
    /// by side.
    async fn facts<'p>(
        &self,
        plan: &'p Plan,
        observe: &(dyn Fn(Step<'_>) + Sync),
    ) -> anyhow::Result<Vec<(&'p DateTask, anyhow::Result<CompactedTables>)>> {
        let titles = self.titles(plan).await?;
        let compact = |task: &'p DateTask| {
            let titles = Arc::clone(&titles);
            async move {
                let made = compact_date(
                    &self.store,
                    &titles,
                    task.compaction_task(),
                    &self.settings.compact,
                )
                .await;
                observe(match &made {
                    Ok(facts) => Step::Compacted(task, facts),
                    Err(_) => Step::Failed(task),
                });
                (task, made.map_err(anyhow::Error::from))
            }
            .boxed()
        };
        let dates: Vec<_> = plan.tasks.iter().map(compact).collect();
        let dates = futures::stream::iter(dates).buffered(self.settings.jobs.max(1));
        Ok(dates.collect().await)
    }

    /// The titles of the catalogue that the plan pins, which is one for all.
    async fn titles(&self, plan: &Plan) -> anyhow::Result<Arc<Titles>> {
        let pointer = plan.tasks.iter().find_map(|task| task.catalogue.as_ref());
        let titles = match pointer {
            Some(pointer) => {
                let titles = catalogue::load(&*self.store, pointer).await?;
                Titles::new(Some(pointer.version.clone()), titles)
            }
            None => Titles::default(),
        };
        Ok(Arc::new(titles))
    }

    /// From a date's facts to its generation; `None` when another run was first.
    async fn finish(
        &self,
        task: &DateTask,
        facts: &CompactedTables,
    ) -> anyhow::Result<Option<DateOutcome>> {
        let store = &*self.store;
        let Prepared::Ready(inputs) =
            prepare::prepare(store, &self.definitions, task, facts).await?
        else {
            return Ok(Some(DateOutcome::Unchanged));
        };
        let date_run = DateRun::open(Arc::clone(&self.store), (*inputs).clone()).await?;
        let mut checks = self.checks(&date_run, Phase::Date).await?;
        let mut marts = BTreeMap::new();
        if !checks.iter().any(CheckResult::stops) {
            marts = self.marts(date_run, task).await?;
            let date_run =
                DateRun::open(Arc::clone(&self.store), inputs.clone().with_marts(&marts)).await?;
            checks.extend(self.checks(&date_run, Phase::Window).await?);
        }
        self.definitions.sort(&mut checks);
        let closed = close::close(store, task, facts, &inputs, &checks, marts).await?;
        let (book, marts) = match closed {
            Closed::Held { book, .. } => {
                let book = book.map(|book| *book);
                return Ok(Some(DateOutcome::Held { checks, book }));
            }
            Closed::Balanced { book, tables } => (*book, tables),
        };
        let ready = Ready {
            task,
            facts,
            marts,
            definitions: self.definitions.digest(),
            looked_back: inputs.looked_back,
            run: inputs.run,
        };
        let Outcome::Published(generation) = publish::publish(store, ready).await? else {
            return Ok(None);
        };
        show::show_and_mark(store, &*self.catalog, &self.definitions, &generation).await?;
        Ok(Some(DateOutcome::Published(Box::new(Published {
            generation: *generation,
            book,
            checks,
        }))))
    }

    async fn checks(&self, run: &DateRun, phase: Phase) -> anyhow::Result<Vec<CheckResult>> {
        let mut results = Vec::new();
        for check in self.definitions.checks_in(phase) {
            results.push(run.check(check).await?);
        }
        Ok(results)
    }

    /// Every table that SQL makes of the date.
    async fn marts(
        &self,
        run: DateRun,
        task: &DateTask,
    ) -> anyhow::Result<BTreeMap<String, TableFiles>> {
        let marts: Vec<Mart> = self.definitions.marts_for(task.newest).cloned().collect();
        Ok(Arc::new(run).build_all(marts, MARTS_SIDE_BY_SIDE).await?)
    }
}
