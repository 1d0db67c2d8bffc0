//! DataFusion's configuration and table registration.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::ObjectStore;

use crate::MartsError;
use crate::table::{ObjectTable, PartitionColumns, TableObjects};

pub(crate) const CATALOG: &str = "marquee";
pub(crate) const SCHEMA: &str = "lake";
const STORE: &str = "lake://marquee";

/// Creates the environment that queries over a store share: the cache of Parquet footers
/// and the memory pool.
///
/// With a limit of `memory_bytes`, grouping and sorting beyond it spill to the system's
/// temporary directory.
pub(crate) fn runtime(
    store: Arc<dyn ObjectStore>,
    memory_bytes: Option<usize>,
) -> Result<Arc<RuntimeEnv>, MartsError> {
    let mut runtime = RuntimeEnvBuilder::new();
    if let Some(bytes) = memory_bytes {
        runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(bytes)));
    }
    let runtime = runtime.build()?;
    runtime.register_object_store(ObjectStoreUrl::parse(STORE)?.as_ref(), store);
    Ok(Arc::new(runtime))
}

/// Creates a context without tables, in which a query uses `threads` threads.
pub(crate) fn context(threads: usize, runtime: Arc<RuntimeEnv>) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(true);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".into());
    // String views multiply the memory of a query that does not filter them.
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // Errors report their position in the SQL.
    options.sql_parser.collect_spans = true;
    SessionContext::new_with_config_rt(config, runtime)
}

/// Registers a table over exactly these objects.
pub(crate) fn register(
    context: &SessionContext,
    name: &str,
    schema: SchemaRef,
    partitions: PartitionColumns,
    objects: &TableObjects,
) -> Result<(), MartsError> {
    let table = object_table(schema, partitions, objects)?;
    context.register_table(name, Arc::new(table))?;
    Ok(())
}

/// Creates a table over exactly these objects.
pub(crate) fn object_table(
    schema: SchemaRef,
    partitions: PartitionColumns,
    objects: &TableObjects,
) -> Result<ObjectTable, MartsError> {
    let store = ObjectStoreUrl::parse(STORE)?;
    ObjectTable::new(store, schema, partitions.fields(), objects)
}

/// Registers a table over rows in memory.
pub(crate) fn register_rows(
    context: &SessionContext,
    name: &str,
    rows: RecordBatch,
) -> Result<(), MartsError> {
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
    context.register_table(name, Arc::new(table))?;
    Ok(())
}
