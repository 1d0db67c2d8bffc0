//! Columns of a table, and their evolution.

use arrow_schema::{DataType, Schema, TimeUnit};

use crate::error::{ProjectionError, TableCatalogError};

/// A column, with its type in the words of Glue and Athena.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `string`, `bigint`, `int`, `float`, `double`, `boolean`, `timestamp`,
    /// `date`, `binary`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The columns that a table is to have after `new` was written: `None` when it
/// has them already.
///
/// # Errors
/// [`TableCatalogError::Schema`] unless `new` has the old columns, in their order and
/// with their types, and perhaps more at the end; or the same or fewer, as an
/// older program writes.
pub fn evolve(
    table: &str,
    old: &[Column],
    new: &[Column],
) -> Result<Option<Vec<Column>>, TableCatalogError> {
    for (old, new) in old.iter().zip(new) {
        if old != new {
            return Err(TableCatalogError::Schema {
                table: table.to_owned(),
                change: format!(
                    "where column {} {} was there is {} {}",
                    old.name, old.kind, new.name, new.kind
                ),
            });
        }
    }
    Ok((new.len() > old.len()).then(|| new.to_vec()))
}

/// Returns the columns of a file's schema.
pub(crate) fn columns_of(key: &str, schema: &Schema) -> Result<Vec<Column>, ProjectionError> {
    let fields = schema.fields().iter();
    fields
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
                DataType::Int64 => "bigint",
                DataType::Int32 => "int",
                DataType::Float32 => "float",
                DataType::Float64 => "double",
                DataType::Boolean => "boolean",
                DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Millisecond, _) => {
                    "timestamp"
                }
                DataType::Date32 => "date",
                DataType::Binary => "binary",
                other => {
                    return Err(ProjectionError::Type {
                        key: key.to_owned(),
                        column: field.name().clone(),
                        found: other.clone(),
                    });
                }
            };
            Ok(Column {
                name: field.name().clone(),
                kind: kind.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_event::ADDED_FIELDS;

    use super::*;

    fn columns(text: &str) -> Vec<Column> {
        let column = |text: &str| {
            let (name, kind) = text.split_once(' ').unwrap();
            Column {
                name: name.into(),
                kind: kind.into(),
            }
        };
        text.split(", ").map(column).collect()
    }

    #[test]
    fn columns_are_only_added() {
        let old = columns("a int, b string");
        assert_eq!(evolve("t", &old, &old).unwrap(), None);
        assert_eq!(evolve("t", &old, &columns("a int")).unwrap(), None);
        let more = columns("a int, b string, c date");
        assert_eq!(evolve("t", &old, &more).unwrap(), Some(more));
        let error = evolve("t", &old, &columns("a int, b bigint")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("table t: where column b string was there is b bigint; only new"),
            "{error}"
        );
    }

    /// The table of before gets the columns of the fields that were added since.
    #[test]
    fn events_gain_the_columns_of_added_fields() {
        let new = columns_of("events", &marquee_tables::curated::events()).unwrap();
        let (old, added) = new.split_at(new.len() - ADDED_FIELDS.len());
        assert!(added.iter().all(|column| {
            let name = Some(column.name.as_str());
            ADDED_FIELDS.iter().any(|field| field.column == name)
        }));
        assert_eq!(evolve("events", old, &new).unwrap(), Some(new.clone()));
        // A program of before does not take them away.
        assert_eq!(evolve("events", &new, old).unwrap(), None);
    }
}
