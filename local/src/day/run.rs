//! The steps of a day, one after the other, as the state machine has them on
//! AWS: plan, compact, check, marts, check, the event book, publish.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use marquee_day::audit::{self, Closing, EventBook};
use marquee_day::catalog::{self, Catalog};
use marquee_day::compact::CompactSettings;
use marquee_day::facts::{self, Facts};
use marquee_day::plan::{self, DateTask, Definitions, Plan, Selection, Why};
use marquee_day::publish::{self, Outcome, Ready};
use marquee_day::{Date, projected};
use marquee_ingest::titles::Titles;
use marquee_lake::catalogue::{self, Pointer};
use marquee_lake::document;
use marquee_lake::generation::{self, FileEntry, Generation, TableFiles};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::zone::curated_directory;
use marquee_marts::{CheckResult, DateInputs, DateRun};
use marquee_sql::{After, Mart};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

/// How often a date is planned again that another run was quicker with.
const ROUNDS: usize = 20;
/// Tables that are made side by side.
const MARTS_SIDE_BY_SIDE: usize = 2;
/// The tables that marts read.
const READ: [&str; 3] = ["events", "fact_session", "fact_view"];

/// What makes days.
pub struct Days {
    store: Arc<dyn ObjectStore>,
    catalog: Arc<dyn Catalog>,
    definitions: Definitions,
    settings: Settings,
}

/// How days are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which dates are due, and how they are divided.
    pub plan: plan::Settings,
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
    /// What it looks back at is as it was: nothing to do.
    Unchanged,
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
    Compacted(&'a DateTask, &'a Facts),
    /// A date is done.
    Done(&'a DateTask, &'a DateOutcome),
    /// Another run published the date first.
    Lost(&'a DateTask),
}

impl Days {
    /// Days of the lake in `store`, shown to engines through `catalog`.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        catalog: Arc<dyn Catalog>,
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
    /// plans again where another run was quicker.
    ///
    /// # Errors
    /// When the lake cannot be read or written. What was published stands; the
    /// rest is as it was, and due.
    pub async fn run(
        &self,
        selection: &Selection,
        observe: &(dyn Fn(Step<'_>) + Sync),
    ) -> anyhow::Result<BTreeMap<String, DateOutcome>> {
        self.catch_up().await?;
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
                match self.finish(task, &facts).await? {
                    Some(outcome) => {
                        observe(Step::Done(task, &outcome));
                        outcomes.insert(task.event_date.clone(), outcome);
                    }
                    None => {
                        observe(Step::Lost(task));
                        is_lost = true;
                    }
                }
            }
            if !is_lost {
                return Ok(outcomes);
            }
        }
        anyhow::bail!("other runs published the same dates {ROUNDS} times over: run again later")
    }

    /// Shows engines what was published by runs that broke off, or may have been
    /// overtaken while they did.
    async fn catch_up(&self) -> anyhow::Result<()> {
        for behind in projected::behind(&*self.store).await? {
            let date = behind.current.event_date.clone();
            self.project(behind.current).await?;
            for generation in behind.unmarked {
                projected::mark(&*self.store, &date, generation).await?;
            }
        }
        Ok(())
    }

    /// The events and facts of every planned date, dates side by side.
    async fn facts<'p>(
        &self,
        plan: &'p Plan,
        observe: &(dyn Fn(Step<'_>) + Sync),
    ) -> anyhow::Result<Vec<(&'p DateTask, Facts)>> {
        let titles = self.titles(plan).await?;
        let compact = |task: &'p DateTask| {
            let titles = Arc::clone(&titles);
            async move {
                let facts = facts::make(&self.store, &titles, task, &self.settings.compact).await?;
                observe(Step::Compacted(task, &facts));
                anyhow::Ok((task, facts))
            }
            .boxed()
        };
        let dates: Vec<_> = plan.tasks.iter().map(compact).collect();
        futures::stream::iter(dates)
            .buffered(self.settings.jobs.max(1))
            .try_collect()
            .await
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
    async fn finish(&self, task: &DateTask, facts: &Facts) -> anyhow::Result<Option<DateOutcome>> {
        let date: Date = task.event_date.parse()?;
        let current = generation::current(&*self.store).await?;
        let looked_back = plan::looked_back(&self.definitions, date, task.newest, &current);
        if is_unchanged(task, facts, &self.definitions, &looked_back) && self.is_whole(task).await?
        {
            return Ok(Some(DateOutcome::Unchanged));
        }
        let run = publish::run_of(task, facts, &self.definitions, &looked_back);
        let earlier = looked_back.keys().filter_map(|date| current.get(date));
        let mut inputs = DateInputs {
            event_date: task.event_date.clone(),
            run: run.clone(),
            catalogue: task.catalogue.clone(),
            receipts: self.arrived(date).await?,
            tables: tables(task, facts, earlier),
        };
        let date_run = DateRun::open(Arc::clone(&self.store), inputs.clone()).await?;
        let mut checks = self.checks(&date_run, After::Compact).await?;
        let mut marts = BTreeMap::new();
        if !checks.iter().any(CheckResult::stops) {
            marts = self.marts(date_run, task).await?;
            for (name, files) in &marts {
                let of_date = [(task.event_date.clone(), files.files.clone())];
                inputs.tables.insert(name.clone(), of_date.into());
            }
            let date_run = DateRun::open(Arc::clone(&self.store), inputs).await?;
            checks.extend(self.checks(&date_run, After::Marts).await?);
        }
        document::write(
            &*self.store,
            &publish::belonging(&task.event_date, "checks", &run),
            &checks,
        )
        .await?;
        if checks.iter().any(CheckResult::stops) {
            return Ok(Some(DateOutcome::Held { checks, book: None }));
        }

        let book = self.book(task, facts).await?;
        document::write(
            &*self.store,
            &publish::belonging(&task.event_date, "audit", &run),
            &book,
        )
        .await?;
        if !book.balanced {
            let book = Some(book);
            return Ok(Some(DateOutcome::Held { checks, book }));
        }
        let (rows, content) = audit::table(&book)?;
        let directory = curated_directory("audit", Some(&task.event_date), &run);
        let table = publish::write_table(&*self.store, &directory, rows, content).await?;
        marts.insert("audit".to_owned(), table);

        let ready = Ready {
            task,
            facts,
            marts,
            definitions: self.definitions.digest(),
            looked_back,
            run,
        };
        let Outcome::Published(generation) = publish::publish(&*self.store, ready).await? else {
            return Ok(None);
        };
        let generation = *generation;
        self.project(generation.clone()).await?;
        projected::mark(&*self.store, &task.event_date, generation.generation).await?;
        Ok(Some(DateOutcome::Published(Box::new(Published {
            generation,
            book,
            checks,
        }))))
    }

    /// Whether the files of the date's generation are there; only a date that is
    /// made anew is looked at.
    async fn is_whole(&self, task: &DateTask) -> anyhow::Result<bool> {
        let Some(parent) = task.parent.as_ref().filter(|_| task.why == Why::Asked) else {
            return Ok(true);
        };
        for file in parent.tables.values().flat_map(|table| &table.files) {
            match self.store.head(&Path::from(file.key.as_str())).await {
                Ok(found) if found.size == file.bytes => {}
                Ok(_) | Err(object_store::Error::NotFound { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Where the date's events went.
    async fn book(&self, task: &DateTask, facts: &Facts) -> anyhow::Result<EventBook> {
        let receipts =
            audit::receipts_at(&*self.store, task.covered.iter().map(String::as_str)).await?;
        Ok(EventBook::close(Closing {
            event_date: &task.event_date,
            covered: task.covered.len(),
            receipt_rows: task.receipt_rows,
            receipts: &receipts,
            counts: &facts.counts,
            tables: &facts.tables,
        }))
    }

    async fn checks(&self, run: &DateRun, after: After) -> anyhow::Result<Vec<CheckResult>> {
        let mut results = Vec::new();
        for check in self
            .definitions
            .checks
            .iter()
            .filter(|check| check.after == after)
        {
            results.push(run.check(check).await?);
        }
        Ok(results)
    }

    /// The receipts of what arrived on the date, and on the days before it that
    /// checks look back at.
    async fn arrived(&self, date: Date) -> anyhow::Result<Vec<Receipt>> {
        let checks = self.definitions.checks.iter();
        let looks_back = checks.map(|check| check.looks_back).max().unwrap_or(0);
        let mut receipts = Vec::new();
        for days in (0..=looks_back).rev() {
            let ingest_date = date.before(days).to_string();
            receipts.extend(receipt::list(&*self.store, Some(&ingest_date)).await?);
        }
        Ok(receipts)
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

    /// Shows engines the generation, and what was published of its date
    /// meanwhile: the last look comes after the last write.
    async fn project(&self, mut generation: Generation) -> anyhow::Result<()> {
        loop {
            self.show(&generation).await?;
            let date = &generation.event_date;
            match generation::current_of(&*self.store, date).await? {
                Some(newer) if newer.generation > generation.generation => generation = newer,
                _ => return Ok(()),
            }
        }
    }

    async fn show(&self, generation: &Generation) -> anyhow::Result<()> {
        let undated = |table: &str| self.definitions.is_undated(table);
        for projection in catalog::projections(&*self.store, generation, undated).await? {
            let shown = self.catalog.bring_forward(&projection).await;
            shown.with_context(|| {
                format!(
                    "{} is published, but engines do not see all of it yet; \
                     the next run brings the catalogue forward",
                    generation.event_date
                )
            })?;
        }
        Ok(())
    }
}

/// Whether what the date was made from is what its generation was made from.
fn is_unchanged(
    task: &DateTask,
    facts: &Facts,
    definitions: &Definitions,
    looked_back: &BTreeMap<String, String>,
) -> bool {
    let Some(parent) = &task.parent else {
        return false;
    };
    let is_as_before = looked_back
        .iter()
        .all(|(date, facts)| parent.looked_back.get(date) == Some(facts));
    let version = |pointer: &Pointer| pointer.version.clone();
    is_as_before
        && parent.facts == facts.digest
        && parent.counts == facts.counts
        && parent.receipts == task.covered.len() as u64
        && parent.newest >= task.newest
        && parent.definitions == definitions.digest()
        && parent.catalogue == task.catalogue.as_ref().map(version)
}

/// The files that marts and checks read, by table and date.
fn tables<'g>(
    task: &DateTask,
    facts: &Facts,
    earlier: impl Iterator<Item = &'g Generation>,
) -> BTreeMap<String, BTreeMap<String, Vec<FileEntry>>> {
    let mut tables: BTreeMap<String, BTreeMap<String, Vec<FileEntry>>> = BTreeMap::new();
    let mut add = |date: &str, of_date: &BTreeMap<String, TableFiles>| {
        for table in READ {
            if let Some(files) = of_date.get(table) {
                let dates = tables.entry(table.to_owned()).or_default();
                dates.insert(date.to_owned(), files.files.clone());
            }
        }
    };
    for generation in earlier {
        add(&generation.event_date, &generation.tables);
    }
    add(&task.event_date, &facts.tables);
    tables
}
