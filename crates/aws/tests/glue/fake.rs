//! An in-memory Glue catalog behind a mocked client. It returns Glue's errors as they
//! come over the wire and can interleave other writers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use aws_sdk_glue::Client;
use aws_sdk_glue::config::http::HttpResponse;
use aws_sdk_glue::operation::create_partition::CreatePartitionOutput;
use aws_sdk_glue::operation::create_table::CreateTableOutput;
use aws_sdk_glue::operation::get_partition::GetPartitionOutput;
use aws_sdk_glue::operation::get_table::GetTableOutput;
use aws_sdk_glue::operation::update_partition::UpdatePartitionOutput;
use aws_sdk_glue::operation::update_table::UpdateTableOutput;
use aws_sdk_glue::types::{Partition, PartitionInput, Table, TableInput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};

/// The only database, unless `has_no_database` is set.
pub(crate) const DATABASE: &str = "marquee";

/// A call with the input of its write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    GetTable,
    CreateTable(TableInput),
    UpdateTable(TableInput),
    GetPartition,
    CreatePartition(PartitionInput),
    UpdatePartition(PartitionInput),
}

impl Call {
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::GetTable => "GetTable",
            Self::CreateTable(_) => "CreateTable",
            Self::UpdateTable(_) => "UpdateTable",
            Self::GetPartition => "GetPartition",
            Self::CreatePartition(_) => "CreatePartition",
            Self::UpdatePartition(_) => "UpdatePartition",
        }
    }
}

type Meanwhile = Box<dyn Fn(&mut Contents) + Send>;

/// The contents of the catalog.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) has_no_database: bool,
    pub(crate) tables: BTreeMap<String, Table>,
    /// Keyed by table and `event_date`.
    pub(crate) partitions: BTreeMap<(String, String), Partition>,
    /// If set, every call fails with this code and message.
    pub(crate) refuses: Option<(&'static str, &'static str)>,
    calls: Vec<Call>,
    meanwhile: HashMap<(&'static str, usize), Meanwhile>,
}

struct FakeError(&'static str, String);

impl Contents {
    /// Records the call and runs the writers that come before it.
    fn called(&mut self, database: Option<&str>, call: Call) -> Result<(), FakeError> {
        let operation = call.operation();
        self.calls.push(call);
        let calls = self.calls.iter();
        let number = calls.filter(|call| call.operation() == operation).count();
        if let Some(meanwhile) = self.meanwhile.remove(&(operation, number)) {
            meanwhile(self);
        }
        if let Some((code, message)) = self.refuses {
            return Err(FakeError(code, message.to_owned()));
        }
        if self.has_no_database || database != Some(DATABASE) {
            return Err(not_found("Database marquee not found."));
        }
        Ok(())
    }

    fn table(&mut self, name: Option<&str>) -> Result<&mut Table, FakeError> {
        let table = self.tables.get_mut(name.unwrap_or_default());
        table.ok_or_else(|| not_found("Entity Not Found"))
    }

    /// Stores the table as its next version.
    pub(crate) fn put_table(&mut self, input: TableInput) {
        let old = self.tables.get(&input.name).and_then(Table::version_id);
        let version: u32 = old.map_or(0, |old| old.parse::<u32>().unwrap() + 1);
        let table = Table::builder()
            .name(&input.name)
            .version_id(version.to_string())
            .set_description(input.description)
            .set_owner(input.owner)
            .set_last_access_time(input.last_access_time)
            .set_last_analyzed_time(input.last_analyzed_time)
            .retention(input.retention)
            .set_storage_descriptor(input.storage_descriptor)
            .set_partition_keys(input.partition_keys)
            .set_view_original_text(input.view_original_text)
            .set_view_expanded_text(input.view_expanded_text)
            .set_table_type(input.table_type)
            .set_parameters(input.parameters)
            .build()
            .unwrap();
        self.tables.insert(input.name, table);
    }

    pub(crate) fn put_partition(&mut self, table: &str, input: PartitionInput) {
        let date = input.values().first().unwrap().clone();
        let partition = Partition::builder()
            .set_values(input.values)
            .set_storage_descriptor(input.storage_descriptor)
            .set_parameters(input.parameters)
            .build();
        self.partitions.insert((table.to_owned(), date), partition);
    }
}

fn not_found(message: &str) -> FakeError {
    FakeError("EntityNotFoundException", message.to_owned())
}

fn already_exists(message: &str) -> FakeError {
    FakeError("AlreadyExistsException", message.to_owned())
}

/// The catalog, which tests can read and change.
#[derive(Clone, Default)]
pub(crate) struct FakeGlue(Arc<Mutex<Contents>>);

impl FakeGlue {
    pub(crate) fn contents(&self) -> std::sync::MutexGuard<'_, Contents> {
        self.0.lock().unwrap()
    }

    /// Runs `meanwhile` immediately before the call of `operation` with this number.
    /// Numbers count from 1 since [`calls`](Self::calls) was last called.
    pub(crate) fn before(
        &self,
        operation: &'static str,
        number: usize,
        meanwhile: impl Fn(&mut Contents) + Send + 'static,
    ) {
        let meanwhile = Box::new(meanwhile);
        let mut contents = self.contents();
        contents.meanwhile.insert((operation, number), meanwhile);
    }

    /// Returns the calls since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.contents().calls)
    }

    /// Returns the operations of [`calls`](Self::calls).
    pub(crate) fn operations(&self) -> Vec<&'static str> {
        self.calls().iter().map(Call::operation).collect()
    }

    fn answer<O, E>(
        &self,
        answer: impl FnOnce(&mut Contents) -> Result<O, FakeError>,
    ) -> MockResponse<O, E> {
        match answer(&mut self.contents()) {
            Ok(output) => MockResponse::Output(output),
            Err(FakeError(code, message)) => {
                let body = format!(r#"{{"__type":"{code}","Message":"{message}"}}"#);
                let status = 400.try_into().unwrap();
                MockResponse::Http(HttpResponse::new(status, body.into()))
            }
        }
    }

    /// Returns a client of this catalog.
    pub(crate) fn client(&self) -> Client {
        let glue = self.clone();
        let get_table = mock!(Client::get_table).then_compute_response(move |input| {
            glue.answer(|glue| {
                glue.called(input.database_name(), Call::GetTable)?;
                let table = glue.table(input.name())?.clone();
                Ok(GetTableOutput::builder().table(table).build())
            })
        });
        let glue = self.clone();
        let create_table = mock!(Client::create_table).then_compute_response(move |input| {
            glue.answer(|glue| {
                let table = input.table_input().unwrap().clone();
                glue.called(input.database_name(), Call::CreateTable(table.clone()))?;
                if glue.tables.contains_key(&table.name) {
                    return Err(already_exists("Table already exists."));
                }
                glue.put_table(table);
                Ok(CreateTableOutput::builder().build())
            })
        });
        let glue = self.clone();
        let update_table = mock!(Client::update_table).then_compute_response(move |input| {
            glue.answer(|glue| {
                let table = input.table_input().unwrap().clone();
                glue.called(input.database_name(), Call::UpdateTable(table.clone()))?;
                let current = glue.table(Some(&table.name))?.version_id();
                if input.version_id().is_some() && input.version_id() != current {
                    let message = "Update table failed due to concurrent modifications.";
                    return Err(FakeError("ConcurrentModificationException", message.into()));
                }
                glue.put_table(table);
                Ok(UpdateTableOutput::builder().build())
            })
        });
        let glue = self.clone();
        let get_partition = mock!(Client::get_partition).then_compute_response(move |input| {
            glue.answer(|glue| {
                glue.called(input.database_name(), Call::GetPartition)?;
                glue.table(input.table_name())?;
                let key = key(input.table_name(), input.partition_values());
                let partition = glue.partitions.get(&key);
                let partition = partition.ok_or_else(|| not_found("Cannot find partition."))?;
                let partition = partition.clone();
                Ok(GetPartitionOutput::builder().partition(partition).build())
            })
        });
        let glue = self.clone();
        let create_partition =
            mock!(Client::create_partition).then_compute_response(move |input| {
                glue.answer(|glue| {
                    let partition = input.partition_input().unwrap().clone();
                    let call = Call::CreatePartition(partition.clone());
                    glue.called(input.database_name(), call)?;
                    glue.table(input.table_name())?;
                    let key = key(input.table_name(), partition.values());
                    if glue.partitions.contains_key(&key) {
                        return Err(already_exists("Partition already exists."));
                    }
                    glue.put_partition(&key.0, partition);
                    Ok(CreatePartitionOutput::builder().build())
                })
            });
        let glue = self.clone();
        let update_partition =
            mock!(Client::update_partition).then_compute_response(move |input| {
                glue.answer(|glue| {
                    let partition = input.partition_input().unwrap().clone();
                    let call = Call::UpdatePartition(partition.clone());
                    glue.called(input.database_name(), call)?;
                    assert_eq!(input.partition_value_list(), partition.values());
                    let key = key(input.table_name(), input.partition_value_list());
                    if !glue.partitions.contains_key(&key) {
                        return Err(not_found("Cannot find partition."));
                    }
                    glue.put_partition(&key.0, partition);
                    Ok(UpdatePartitionOutput::builder().build())
                })
            });
        let rules = [
            &get_table,
            &create_table,
            &update_table,
            &get_partition,
            &create_partition,
            &update_partition,
        ];
        mock_client!(aws_sdk_glue, RuleMode::MatchAny, rules)
    }
}

fn key(table: Option<&str>, values: &[String]) -> (String, String) {
    let [date] = values else {
        panic!("a partition has one value, not {values:?}")
    };
    (table.unwrap_or_default().to_owned(), date.clone())
}
