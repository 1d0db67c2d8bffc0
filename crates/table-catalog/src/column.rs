//! Columns of a table, and schema evolution.

use arrow_schema::{DataType, Schema, TimeUnit};

use crate::error::{ProjectionError, TableCatalogError};

/// A column of a table in the table catalog.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type, as Glue and Athena name it: `string`, `bigint`, `int`, `float`, `double`,
    /// `boolean`, `timestamp`, `date`, `binary`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Returns the columns that a table needs for files with the columns `new`; `None` if the
/// columns `old` are enough.
///
/// A schema evolves by new columns at the end only. Files of an older program, which lack
/// the last columns, need no change.
///
/// # Errors
/// [`TableCatalogError::Schema`] if one list of columns is not a prefix of the other.
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
                    "column {} {} became {} {}",
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
                .starts_with("table t: column b string became b bigint; only new"),
            "{error}"
        );
    }

    /// A table of an older version gets the columns of the fields that were added later.
    #[test]
    fn events_gain_the_columns_of_added_fields() {
        let new = columns_of("events", &marquee_tables::curated::events()).unwrap();
        let (old, added) = new.split_at(new.len() - ADDED_FIELDS.len());
        assert!(added.iter().all(|column| {
            let name = Some(column.name.as_str());
            ADDED_FIELDS.iter().any(|field| field.column == name)
        }));
        assert_eq!(evolve("events", old, &new).unwrap(), Some(new.clone()));
        // An older program does not remove them.
        assert_eq!(evolve("events", &new, old).unwrap(), None);
    }
}
