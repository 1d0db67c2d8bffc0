//! DataFusion as curation's engine for SQL over one date.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use marquee_curation::pipeline::{DateSql, DateSqlError};
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::DateInputs;
use marquee_sql::{Check, CheckResult, Mart};
use object_store::ObjectStore;

use crate::mart_schemas::MartSchemas;
use crate::{DateRun, MartsError};

/// An engine that runs the files of `sql/` over the dates of one lake.
pub struct LakeSql {
    store: Arc<dyn ObjectStore>,
    settings: LakeSqlSettings,
    schemas: Arc<MartSchemas>,
}

/// Limits on the use of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LakeSqlSettings {
    /// The number of queries that run concurrently; 0 counts as 1.
    pub concurrency: usize,
    /// The memory limit of all queries of a call together, in bytes. Queries spill rows
    /// beyond it to disk. `None` sets no limit.
    pub memory_bytes: Option<usize>,
}

impl LakeSql {
    /// Creates the engine over the lake in `store`.
    ///
    /// # Errors
    /// [`MartsError::Head`] if the head of a file in `sql/` is malformed.
    pub fn new(store: Arc<dyn ObjectStore>, settings: LakeSqlSettings) -> Result<Self, MartsError> {
        Ok(Self {
            store,
            settings,
            schemas: Arc::new(MartSchemas::new()?),
        })
    }

    async fn date_run(&self, inputs: DateInputs) -> Result<Arc<DateRun>, MartsError> {
        let (store, schemas) = (Arc::clone(&self.store), Arc::clone(&self.schemas));
        let run = DateRun::with_schemas(store, inputs, schemas).await?;
        Ok(Arc::new(match self.settings.memory_bytes {
            Some(bytes) => run.with_memory_limit(bytes)?,
            None => run,
        }))
    }
}

#[async_trait]
impl DateSql for LakeSql {
    async fn check(
        &self,
        inputs: DateInputs,
        checks: &[&Check],
    ) -> Result<Vec<CheckResult>, DateSqlError> {
        let run = self.date_run(inputs).await?;
        let checks: Vec<Check> = checks.iter().copied().cloned().collect();
        Ok(run.check_all(checks, self.settings.concurrency).await?)
    }

    async fn build_marts(
        &self,
        inputs: DateInputs,
        marts: &[&Mart],
    ) -> Result<BTreeMap<String, TableFiles>, DateSqlError> {
        let run = self.date_run(inputs).await?;
        let marts: Vec<Mart> = marts.iter().copied().cloned().collect();
        Ok(run.build_all(marts, self.settings.concurrency).await?)
    }
}

impl From<MartsError> for DateSqlError {
    fn from(error: MartsError) -> Self {
        Self::new(error.kind(), error)
    }
}
