//! A Glue database as the [`Catalog`] of published tables.

mod failure;
mod input;
mod parameters;

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Partition, Table};
use marquee_lake::zone::CURATED;
use marquee_table_catalog::{Projection, TableCatalog, TableCatalogError};

use self::failure::{
    ALREADY_EXISTS, CONCURRENT_MODIFICATION, ENTITY_NOT_FOUND, WriteOutcome, code, empty_response,
    found, write_outcome,
};
use crate::sdk_error::describe;

/// Delays before each retry after a concurrent write. One of the competing writers
/// succeeds in each round, so seven retries suffice for many writers.
const RETRY_DELAYS: [Duration; 7] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// The curated tables in a Glue database, as Athena, Redshift and Spark read them.
///
/// A table is external and stored as Parquet. Its only partition key is `event_date`
/// of type `date`; some tables have no partitions. A partition's location is the
/// directory of one run, and the partition contains exactly the files in it.
/// Parameters store the version for comparison and the details that people look up:
///
/// | on | parameter | value |
/// |---|---|---|
/// | a partition | `marquee.generation` | the generation of its date |
/// | an unpartitioned table | `marquee.version` | the date and the generation, `2026-03-01/7` |
/// | both | `marquee.directory` | the directory of the files in the lake |
/// | both | `marquee.rows` | the number of rows |
///
/// An entry without a version parameter is older than every generation. A partition
/// is replaced as a whole. An existing table changes only where it must: missing
/// columns are appended and, in an unpartitioned table, the location and these
/// parameters are replaced. Comments, descriptions and other parameters stay as they
/// are.
///
/// # Concurrency
/// The first writer creates a table or a partition. `UpdateTable` is conditional on
/// the version that was read (`VersionId`). A writer that loses reads the entry and
/// tries again. `UpdatePartition` has no such condition, so the adapter reads the
/// partition back and writes again if an older generation replaced it.
///
/// One race remains. A run may read the partition, stall, and write its generation
/// after a newer one was written and read back; it then sees its own generation only.
/// Readers get that date's older generation, complete, until the newer one is written
/// again. After an update, the caller should therefore read the lake's current
/// generation once more and update the catalog again if it is a different one.
///
/// # Permissions
/// `glue:GetTable`, `CreateTable`, `UpdateTable`, `GetPartition`, `CreatePartition`
/// and `UpdatePartition` on the catalog, the database and its tables. Terraform
/// creates the database.
#[derive(Debug, Clone)]
pub struct GlueCatalog {
    client: Client,
    database: String,
    /// The lake's URL, without a trailing slash.
    location: String,
}

impl GlueCatalog {
    /// Creates the catalog of the lake at `location` (`s3://bucket` or
    /// `s3://bucket/prefix`) in the given database.
    pub fn new(client: Client, database: impl Into<String>, location: &str) -> Self {
        Self {
            client,
            database: database.into(),
            location: location.trim_end_matches('/').to_owned(),
        }
    }

    /// Creates the catalog with a client from the process's configuration.
    pub fn connect(config: &SdkConfig, database: impl Into<String>, location: &str) -> Self {
        Self::new(Client::new(config), database, location)
    }

    /// Reads the table and its partition once and makes the writes that are due.
    async fn update_once(
        &self,
        projection: &Projection,
    ) -> Result<WriteOutcome, TableCatalogError> {
        let table = match self.get_table(projection).await? {
            None => self.create_table(projection).await?,
            Some(table) => self.update_table(projection, table).await?,
        };
        match (projection.event_date, table) {
            (Some(date), WriteOutcome::Current) => {
                self.update_partition_once(projection, &date.to_string())
                    .await
            }
            (_, table) => Ok(table),
        }
    }

    async fn update_partition_once(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<WriteOutcome, TableCatalogError> {
        let Some(partition) = self.get_partition(projection, date).await? else {
            return self.create_partition(projection, date).await;
        };
        if parameters::is_current(partition.parameters(), projection) {
            return Ok(WriteOutcome::Current);
        }
        if let conflict @ WriteOutcome::Conflict(_) =
            self.update_partition(projection, date).await?
        {
            return Ok(conflict);
        }
        let after = self.get_partition(projection, date).await?;
        let parameters = after.as_ref().and_then(Partition::parameters);
        if parameters::is_current(parameters, projection) {
            return Ok(WriteOutcome::Current);
        }
        Ok(WriteOutcome::Conflict(TableCatalogError::Service {
            action: self.partition_action("update", projection, date),
            cause: format!(
                "other writers replaced generation {} with an older one after each of {} attempts",
                projection.version.generation,
                RETRY_DELAYS.len() + 1
            )
            .into(),
        }))
    }

    async fn get_table(&self, projection: &Projection) -> Result<Option<Table>, TableCatalogError> {
        let call = self.client.get_table().database_name(&self.database);
        let answer = call.name(&projection.table).send().await;
        let action = self.table_action("get", projection);
        match found(&action, answer)? {
            None => Ok(None),
            Some(answer) => answer.table.map(Some).ok_or_else(|| empty_response(action)),
        }
    }

    async fn create_table(
        &self,
        projection: &Projection,
    ) -> Result<WriteOutcome, TableCatalogError> {
        let action = self.table_action("create", projection);
        let input = input::new_table(projection, self.table_location(projection))?;
        let call = self.client.create_table().database_name(&self.database);
        let answer = call.table_input(input).send().await;
        match answer {
            // CreateTable reports a missing entity only for the database.
            Err(error) if code(&error) == Some(ENTITY_NOT_FOUND) => Err(TableCatalogError::Service {
                action,
                cause: format!(
                    "{}; Glue database {} does not exist in this account and region. Apply the \
                     Terraform configuration, which creates it, or name the database that it created",
                    describe(&error),
                    self.database
                )
                .into(),
            }),
            answer => write_outcome(action, answer, &[ALREADY_EXISTS, CONCURRENT_MODIFICATION]),
        }
    }

    async fn update_table(
        &self,
        projection: &Projection,
        table: Table,
    ) -> Result<WriteOutcome, TableCatalogError> {
        let version = table.version_id.clone();
        let location = self.table_location(projection);
        let Some(input) = input::updated_table(table, projection, location)? else {
            return Ok(WriteOutcome::Current);
        };
        let call = self.client.update_table().database_name(&self.database);
        let call = call.table_input(input).set_version_id(version);
        let action = self.table_action("update", projection);
        let conflicts = [CONCURRENT_MODIFICATION, ENTITY_NOT_FOUND];
        write_outcome(action, call.send().await, &conflicts)
    }

    async fn get_partition(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<Option<Partition>, TableCatalogError> {
        let call = self.client.get_partition().database_name(&self.database);
        let call = call.table_name(&projection.table).partition_values(date);
        let action = self.partition_action("get", projection, date);
        match found(&action, call.send().await)? {
            None => Ok(None),
            Some(answer) => answer
                .partition
                .map(Some)
                .ok_or_else(|| empty_response(action)),
        }
    }

    async fn create_partition(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<WriteOutcome, TableCatalogError> {
        let input = input::partition(projection, date, self.locate(&projection.directory))?;
        let call = self.client.create_partition().database_name(&self.database);
        let call = call.table_name(&projection.table).partition_input(input);
        let action = self.partition_action("create", projection, date);
        write_outcome(action, call.send().await, &[ALREADY_EXISTS])
    }

    async fn update_partition(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<WriteOutcome, TableCatalogError> {
        let input = input::partition(projection, date, self.locate(&projection.directory))?;
        let call = self.client.update_partition().database_name(&self.database);
        let call = call.table_name(&projection.table).partition_input(input);
        let call = call.partition_value_list(date);
        let action = self.partition_action("update", projection, date);
        write_outcome(action, call.send().await, &[ENTITY_NOT_FOUND])
    }

    /// Returns the URL of a directory of the lake. It ends with a slash, because the
    /// name may be a prefix of another directory's name.
    fn locate(&self, directory: &str) -> String {
        format!("{}/{directory}/", self.location)
    }

    /// The table's own location: where its files are or, when it has
    /// partitions, theirs.
    fn table_location(&self, projection: &Projection) -> String {
        match projection.event_date {
            Some(_) => self.locate(&format!("{CURATED}/{}", projection.table)),
            None => self.locate(&projection.directory),
        }
    }

    fn table_action(&self, verb: &str, projection: &Projection) -> String {
        format!("{verb} table {}.{}", self.database, projection.table)
    }

    fn partition_action(&self, verb: &str, projection: &Projection, date: &str) -> String {
        format!(
            "{verb} partition event_date={date} of table {}.{}",
            self.database, projection.table
        )
    }
}

#[async_trait]
impl TableCatalog for GlueCatalog {
    async fn advance(&self, projection: &Projection) -> Result<(), TableCatalogError> {
        let mut delays = RETRY_DELAYS.into_iter();
        while let WriteOutcome::Conflict(error) = self.update_once(projection).await? {
            match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
        Ok(())
    }
}
