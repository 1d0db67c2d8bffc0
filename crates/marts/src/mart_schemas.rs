//! The columns of the marts, for the checks that read marts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use marquee_sql::Mart;

use crate::MartsError;
use crate::curated;

/// The marts of `sql/` and their columns. The columns depend on `sql/` alone, so a process
/// plans each mart at most once to derive them.
pub(crate) struct MartSchemas {
    marts: Vec<Mart>,
    schemas: Mutex<BTreeMap<String, SchemaRef>>,
}

impl MartSchemas {
    /// Reads the definitions of the marts. It does not plan any mart yet.
    pub(crate) fn new() -> Result<Self, MartsError> {
        Ok(Self {
            marts: marquee_sql::marts()?,
            schemas: Mutex::default(),
        })
    }

    /// Returns the mart of that name.
    pub(crate) fn mart(&self, name: &str) -> Option<&Mart> {
        self.marts.iter().find(|mart| mart.name == name)
    }

    /// Returns the state tables.
    pub(crate) fn states(&self) -> impl Iterator<Item = &Mart> {
        self.marts.iter().filter(|mart| mart.is_state())
    }

    /// Returns the mart's columns; `context` must have the tables that the mart reads.
    pub(crate) async fn schema_of(
        &self,
        mart: &Mart,
        context: &SessionContext,
    ) -> Result<SchemaRef, MartsError> {
        let known = self.known(&mart.name);
        if let Some(schema) = known {
            return Ok(schema);
        }
        let schema = curated::schema_of(mart, context).await?;
        self.keep(mart, &schema);
        Ok(schema)
    }

    /// Keeps the columns of a planned mart, if `sql/` defines that mart.
    pub(crate) fn keep(&self, mart: &Mart, schema: &SchemaRef) {
        if self.mart(&mart.name) == Some(mart) {
            let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
            schemas.insert(mart.name.clone(), Arc::clone(schema));
        }
    }

    fn known(&self, name: &str) -> Option<SchemaRef> {
        let schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.get(name).cloned()
    }
}
