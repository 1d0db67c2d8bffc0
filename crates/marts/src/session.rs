//! How DataFusion is set, and the names that a lake's tables have in it.

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
use crate::table::{ObjectTable, Objects, Partitions};

pub(crate) const CATALOG: &str = "marquee";
pub(crate) const SCHEMA: &str = "lake";
const STORE: &str = "lake://marquee";

/// What queries over that store share: the footers that were read, and their memory,
/// which may have a bound. Beyond it what is grouped or sorted is spilled to the
/// system's temporary directory.
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

/// Tables under one roof, without any yet; `partitions` threads answer one
/// question.
pub(crate) fn context(partitions: usize, runtime: Arc<RuntimeEnv>) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(partitions)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(true);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".into());
    // String views cost a naive query many times its memory.
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // So that an error can say where in the SQL it is.
    options.sql_parser.collect_spans = true;
    SessionContext::new_with_config_rt(config, runtime)
}

/// Makes exactly those objects a table.
pub(crate) fn register(
    context: &SessionContext,
    name: &str,
    schema: SchemaRef,
    partitions: Partitions,
    objects: &Objects,
) -> Result<(), MartsError> {
    let store = ObjectStoreUrl::parse(STORE)?;
    let table = ObjectTable::new(store, schema, partitions.fields(), objects)?;
    context.register_table(name, Arc::new(table))?;
    Ok(())
}

/// Makes rows that are at hand a table.
pub(crate) fn register_rows(
    context: &SessionContext,
    name: &str,
    rows: RecordBatch,
) -> Result<(), MartsError> {
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
    context.register_table(name, Arc::new(table))?;
    Ok(())
}
