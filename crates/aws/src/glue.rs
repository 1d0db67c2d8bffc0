//! Glue as the [`Catalog`] of published tables.

mod failure;
mod input;
mod shown;

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Partition, Table};
use marquee_lake::zone::CURATED;
use marquee_table_catalog::{Projection, TableCatalog, TableCatalogError};

use self::failure::{
    ALREADY_EXISTS, CONCURRENT_MODIFICATION, ENTITY_NOT_FOUND, Written, code, found, written,
};
use crate::refusal::refusal;

/// What passes before each further look, after others wrote in between. One of
/// those who meet always gets through, so these are enough for many.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// The curated tables in a Glue database, as Athena, Redshift and Spark see
/// them.
///
/// A table is external, in Parquet, with the partition key `event_date` of type
/// `date` unless it has no partitions. What a partition shows are the files in
/// its location, the directory of one run, all of them and no others. What it
/// is compared by, and what people look for, are parameters:
///
/// | of | parameter | what |
/// |---|---|---|
/// | a partition | `marquee.generation` | the generation of its date that it shows |
/// | a table without | `marquee.version` | the same with the date, `2026-03-01/7` |
/// | both | `marquee.directory` | where the files lie in the lake |
/// | both | `marquee.rows` | how many rows they have |
///
/// One without the first is older than every generation. A partition is written
/// as a whole. Of a table that is there, only what must change is changed: the
/// columns that it lacks are added and, when it has no partitions, its location
/// and these parameters are moved; comments, descriptions and other parameters
/// stay as somebody left them.
///
/// # Two at once
/// A table or a partition is created by whoever comes first, and a table is
/// updated only as the version that was read (`VersionId`); the others look
/// again. `UpdatePartition` has no such condition: what it wrote is read back,
/// and written again when an older generation has gone over it. One race is
/// left. A run may read the partition, stall, and write its generation after a
/// newer one was written and read back; it sees only its own then. Readers get
/// that date's older generation, whole, until the newer one is brought forward
/// again. So whoever has brought a generation forward should look once more
/// which one is the lake's current, and bring that forward if it is another.
///
/// # Rights
/// `glue:GetTable`, `CreateTable`, `UpdateTable`, `GetPartition`,
/// `CreatePartition` and `UpdatePartition` on the catalogue, the database and
/// its tables. The database itself is Terraform's.
#[derive(Debug, Clone)]
pub struct GlueCatalog {
    client: Client,
    database: String,
    /// Of the lake, without a slash at the end.
    location: String,
}

impl GlueCatalog {
    /// The catalogue of the lake at `location`, `s3://bucket` or
    /// `s3://bucket/prefix`, in that database.
    pub fn new(client: Client, database: impl Into<String>, location: &str) -> Self {
        Self {
            client,
            database: database.into(),
            location: location.trim_end_matches('/').to_owned(),
        }
    }

    /// The same under the process's configuration.
    pub fn connect(config: &SdkConfig, database: impl Into<String>, location: &str) -> Self {
        Self::new(Client::new(config), database, location)
    }

    /// One look at the table and its partition, with the writes that it calls
    /// for.
    async fn step(&self, projection: &Projection) -> Result<Written, TableCatalogError> {
        let table = match self.get_table(projection).await? {
            None => self.create_table(projection).await?,
            Some(table) => self.update_table(projection, table).await?,
        };
        match (projection.event_date, table) {
            (Some(date), Written::Done) => self.partition_step(projection, &date.to_string()).await,
            (_, table) => Ok(table),
        }
    }

    async fn partition_step(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<Written, TableCatalogError> {
        let Some(partition) = self.get_partition(projection, date).await? else {
            return self.create_partition(projection, date).await;
        };
        if shown::is_current(partition.parameters(), projection) {
            return Ok(Written::Done);
        }
        if let overtaken @ Written::Overtaken(_) = self.update_partition(projection, date).await? {
            return Ok(overtaken);
        }
        let after = self.get_partition(projection, date).await?;
        let parameters = after.as_ref().and_then(Partition::parameters);
        if shown::is_current(parameters, projection) {
            return Ok(Written::Done);
        }
        Ok(Written::Overtaken(TableCatalogError::Service {
            action: self.partition_action("update", projection, date),
            cause: format!(
                "others wrote over generation {} with an older one, again and again",
                projection.version.generation
            )
            .into(),
        }))
    }

    async fn get_table(&self, projection: &Projection) -> Result<Option<Table>, TableCatalogError> {
        let call = self.client.get_table().database_name(&self.database);
        let answer = call.name(&projection.table).send().await;
        let action = self.table_action("get", projection);
        Ok(found(action, answer)?.and_then(|answer| answer.table))
    }

    async fn create_table(&self, projection: &Projection) -> Result<Written, TableCatalogError> {
        let action = self.table_action("create", projection);
        let input = input::new_table(projection, self.table_location(projection))?;
        let call = self.client.create_table().database_name(&self.database);
        let answer = call.table_input(input).send().await;
        match answer {
            // All that a new table can miss is its database.
            Err(error) if code(&error) == Some(ENTITY_NOT_FOUND) => {
                Err(TableCatalogError::Service {
                    action,
                    cause: format!(
                        "{}; there is no Glue database {} in this account and region: Terraform \
                     makes it, so apply the configuration, or name the database that it made",
                        refusal(&error),
                        self.database
                    )
                    .into(),
                })
            }
            answer => written(action, answer, &[ALREADY_EXISTS, CONCURRENT_MODIFICATION]),
        }
    }

    async fn update_table(
        &self,
        projection: &Projection,
        table: Table,
    ) -> Result<Written, TableCatalogError> {
        let version = table.version_id.clone();
        let location = self.table_location(projection);
        let Some(input) = input::table_brought_forward(table, projection, location)? else {
            return Ok(Written::Done);
        };
        let call = self.client.update_table().database_name(&self.database);
        let call = call.table_input(input).set_version_id(version);
        let action = self.table_action("update", projection);
        let overtaken = [CONCURRENT_MODIFICATION, ENTITY_NOT_FOUND];
        written(action, call.send().await, &overtaken)
    }

    async fn get_partition(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<Option<Partition>, TableCatalogError> {
        let call = self.client.get_partition().database_name(&self.database);
        let call = call.table_name(&projection.table).partition_values(date);
        let action = self.partition_action("get", projection, date);
        Ok(found(action, call.send().await)?.and_then(|answer| answer.partition))
    }

    async fn create_partition(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<Written, TableCatalogError> {
        let input = input::partition(projection, date, self.locate(&projection.directory))?;
        let call = self.client.create_partition().database_name(&self.database);
        let call = call.table_name(&projection.table).partition_input(input);
        let action = self.partition_action("create", projection, date);
        written(action, call.send().await, &[ALREADY_EXISTS])
    }

    async fn update_partition(
        &self,
        projection: &Projection,
        date: &str,
    ) -> Result<Written, TableCatalogError> {
        let input = input::partition(projection, date, self.locate(&projection.directory))?;
        let call = self.client.update_partition().database_name(&self.database);
        let call = call.table_name(&projection.table).partition_input(input);
        let call = call.partition_value_list(date);
        let action = self.partition_action("update", projection, date);
        written(action, call.send().await, &[ENTITY_NOT_FOUND])
    }

    /// Where a directory of the lake is. Its name may be what another's begins
    /// with, so it ends with a slash.
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
    async fn bring_forward(&self, projection: &Projection) -> Result<(), TableCatalogError> {
        let mut pauses = PAUSES.into_iter();
        while let Written::Overtaken(error) = self.step(projection).await? {
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
        Ok(())
    }
}
