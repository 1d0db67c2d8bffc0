//! The tables of the warehouse, parsed from `sql/redshift/ddl`.

use marquee_sql::{Mart, Partition};

use crate::error::WarehouseError;
use crate::files;

/// The columns that the warehouse adds to those of a table's files.
const WAREHOUSE_COLUMNS: [&str; 4] = ["event_date", "valid_from", "valid_to", "is_current"];

/// The effect of loading a generation into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// The table has rows of every date. A generation replaces the rows of its date.
    Date,
    /// The table has the state of the newest date. A generation replaces all rows.
    Latest,
    /// The table keeps the history of its rows, as versions with the dates of their
    /// validity.
    History,
}

impl LoadMode {
    /// Returns the name of the file in `sql/redshift/load` that loads such a table.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Latest => "latest",
            Self::History => "history",
        }
    }
}

/// A column type of Redshift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text, with the maximum length in bytes.
    Varchar(u32),
    /// 64 bits.
    Bigint,
    /// 32 bits.
    Integer,
    /// 32 bits.
    Real,
    /// 64 bits.
    Double,
    /// A truth value.
    Boolean,
    /// A date.
    Date,
    /// A date and time in UTC, with microseconds.
    Timestamp,
}

impl ColumnType {
    fn parse(text: &str) -> Option<Self> {
        let bytes = text
            .strip_prefix("VARCHAR(")
            .and_then(|rest| rest.strip_suffix(')'));
        if let Some(bytes) = bytes {
            return bytes.parse().ok().map(Self::Varchar);
        }
        Some(match text {
            "BIGINT" => Self::Bigint,
            "INTEGER" => Self::Integer,
            "REAL" => Self::Real,
            "DOUBLE PRECISION" => Self::Double,
            "BOOLEAN" => Self::Boolean,
            "DATE" => Self::Date,
            "TIMESTAMP" => Self::Timestamp,
            _ => return None,
        })
    }

    /// Returns the type as in DDL.
    pub fn sql(self) -> String {
        match self {
            Self::Varchar(bytes) => format!("VARCHAR({bytes})"),
            Self::Bigint => "BIGINT".into(),
            Self::Integer => "INTEGER".into(),
            Self::Real => "REAL".into(),
            Self::Double => "DOUBLE PRECISION".into(),
            Self::Boolean => "BOOLEAN".into(),
            Self::Date => "DATE".into(),
            Self::Timestamp => "TIMESTAMP".into(),
        }
    }

    /// Returns the type as in `information_schema.columns`, without the length.
    pub fn schema_name(self) -> &'static str {
        match self {
            Self::Varchar(_) => "character varying",
            Self::Bigint => "bigint",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Double => "double precision",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp without time zone",
        }
    }

    /// Returns true if COPY loads a file's column of the table catalog's type `lake`
    /// into a column of this type.
    pub fn accepts(self, lake: &str) -> bool {
        match self {
            Self::Varchar(_) => lake == "string",
            Self::Bigint => lake == "bigint",
            Self::Integer => lake == "int",
            Self::Real => lake == "float",
            Self::Double => lake == "double",
            Self::Boolean => lake == "boolean",
            Self::Date => lake == "date",
            Self::Timestamp => lake == "timestamp",
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
    /// True if the column may be null.
    pub nullable: bool,
}

/// The definition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// The name, which is that of the curated table.
    pub table: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnDefinition>,
    /// The effect of loading a generation.
    pub load_mode: LoadMode,
    /// The statement that creates the table.
    pub create: String,
}

impl TableDefinition {
    /// Parses the file `{table}.sql`. `marts` are the marts of `sql/marts`, which
    /// define whether a table has rows of every date; other tables have.
    ///
    /// # Errors
    /// [`WarehouseError::File`] unless the file is one CREATE TABLE with one column
    /// per line and known column types.
    pub fn parse(table: &str, text: &str, marts: &[Mart]) -> Result<Self, WarehouseError> {
        let fault = |fault: String| WarehouseError::File {
            file: format!("ddl/{table}"),
            fault,
        };
        let begin = format!("CREATE TABLE IF NOT EXISTS marquee.{table} (\n");
        let create = text
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect::<Vec<_>>()
            .join("\n");
        let create = create.trim().trim_end_matches(';').to_owned();
        let columns = create
            .strip_prefix(&begin)
            .and_then(|rest| rest.split_once("\n)\n"))
            .map(|(columns, _)| columns)
            .ok_or_else(|| {
                fault(format!(
                    "the file must be {:?}, one column per line, and a line with `)`",
                    begin.trim_end()
                ))
            })?;
        let columns = columns
            .lines()
            .map(|line| column(line).ok_or_else(|| fault(unknown_column(line))))
            .collect::<Result<Vec<_>, _>>()?;
        let load_mode = load_mode(table, &columns, marts);
        Ok(Self {
            table: table.to_owned(),
            columns,
            load_mode,
            create,
        })
    }

    /// Returns the column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnDefinition> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns true if the table has the column `event_date`.
    pub fn has_date(&self) -> bool {
        self.column("event_date").is_some()
    }

    /// Returns the columns that are loaded from the files.
    pub fn loaded_columns(&self) -> impl Iterator<Item = &ColumnDefinition> {
        let is_loaded =
            |column: &&ColumnDefinition| !WAREHOUSE_COLUMNS.contains(&column.name.as_str());
        self.columns.iter().filter(is_loaded)
    }
}

/// Returns the definitions of all tables, by name.
///
/// # Errors
/// As [`TableDefinition::parse`]; [`WarehouseError::Head`] for a file of `sql/marts`.
pub fn definitions() -> Result<Vec<TableDefinition>, WarehouseError> {
    let marts = marquee_sql::marts()?;
    let parse = |(table, text): &(&str, &str)| TableDefinition::parse(table, text, &marts);
    files::TABLES.iter().map(parse).collect()
}

fn column(line: &str) -> Option<ColumnDefinition> {
    let line = line.trim().trim_end_matches(',');
    let (name, rest) = line.split_once(' ')?;
    let (column_type, nullable) = match rest.strip_suffix(" NOT NULL") {
        Some(column_type) => (column_type, false),
        None => (rest, true),
    };
    Some(ColumnDefinition {
        name: name.to_owned(),
        column_type: ColumnType::parse(column_type)?,
        nullable,
    })
}

fn unknown_column(line: &str) -> String {
    format!(
        "{:?} is not a column. Write `name TYPE` or `name TYPE NOT NULL`, where TYPE is \
         VARCHAR(bytes), BIGINT, INTEGER, REAL, DOUBLE PRECISION, BOOLEAN, DATE or TIMESTAMP",
        line.trim()
    )
}

fn load_mode(table: &str, columns: &[ColumnDefinition], marts: &[Mart]) -> LoadMode {
    if columns.iter().any(|column| column.name == "valid_from") {
        return LoadMode::History;
    }
    let mart = marts.iter().find(|mart| mart.name == table);
    match mart {
        Some(mart) if mart.partition == Partition::None || !mart.is_for_every_date() => {
            LoadMode::Latest
        }
        _ => LoadMode::Date,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The reserved words of Redshift that could be column names.
    const RESERVED: [&str; 40] = [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "as",
        "between",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "column",
        "constraint",
        "default",
        "delta",
        "desc",
        "distinct",
        "end",
        "explicit",
        "for",
        "from",
        "grant",
        "group",
        "identity",
        "interval",
        "language",
        "limit",
        "new",
        "offset",
        "old",
        "open",
        "order",
        "percent",
        "primary",
        "raw",
        "snapshot",
        "system",
        "tag",
        "user",
    ];

    #[test]
    fn every_file_defines_a_table_of_the_lake() {
        let definitions = definitions().unwrap();
        let mut tables: Vec<String> = marquee_sql::marts()
            .unwrap()
            .into_iter()
            .map(|mart| mart.name)
            .collect();
        let core = [
            "events",
            "dropped_events",
            "fact_session",
            "fact_view",
            "audit",
        ];
        tables.extend(core.map(str::to_owned));
        tables.sort();
        let defined: Vec<&str> = definitions.iter().map(|d| d.table.as_str()).collect();
        assert_eq!(defined, tables);
        for definition in &definitions {
            for column in &definition.columns {
                assert!(
                    !RESERVED.contains(&column.name.as_str()),
                    "{}.{} is a reserved word of Redshift",
                    definition.table,
                    column.name
                );
            }
            assert!(
                definition.create.contains("DIST") && definition.create.contains("SORTKEY"),
                "{} has no keys",
                definition.table
            );
        }
    }

    #[test]
    fn load_modes_follow_from_the_marts() {
        let definitions = definitions().unwrap();
        let load_mode = |table: &str| {
            definitions
                .iter()
                .find(|d| d.table == table)
                .unwrap()
                .load_mode
        };
        assert_eq!(load_mode("events"), LoadMode::Date);
        assert_eq!(load_mode("title_daily"), LoadMode::Date);
        assert_eq!(load_mode("title_rating"), LoadMode::Latest);
        assert_eq!(load_mode("dim_date"), LoadMode::Latest);
        assert_eq!(load_mode("dim_title"), LoadMode::History);
    }

    #[test]
    fn the_tables_of_compaction_match_their_definitions() {
        use arrow_schema::{DataType, Schema};
        use marquee_tables::curated;
        let definitions = definitions().unwrap();
        let files: [(&str, arrow_schema::SchemaRef); 5] = [
            ("events", curated::events()),
            ("dropped_events", curated::dropped_events()),
            ("fact_session", curated::fact_session()),
            ("fact_view", curated::fact_view()),
            ("audit", curated::audit()),
        ];
        let word = |column_type: &DataType| match column_type {
            DataType::Utf8 => "string",
            DataType::Int64 => "bigint",
            DataType::Int32 => "int",
            DataType::Float32 => "float",
            DataType::Boolean => "boolean",
            DataType::Timestamp(..) => "timestamp",
            other => panic!("{other}"),
        };
        let fits = |schema: &Schema, definition: &TableDefinition| {
            let loaded_columns: Vec<&ColumnDefinition> = definition.loaded_columns().collect();
            assert_eq!(
                schema.fields().len(),
                loaded_columns.len(),
                "{}",
                definition.table
            );
            for (field, column) in schema.fields().iter().zip(loaded_columns) {
                assert_eq!(*field.name(), column.name, "{}", definition.table);
                assert!(
                    column.column_type.accepts(word(field.data_type())),
                    "{column:?}"
                );
                assert_eq!(field.is_nullable(), column.nullable, "{column:?}");
            }
        };
        for (table, schema) in files {
            fits(
                &schema,
                definitions.iter().find(|d| d.table == table).unwrap(),
            );
        }
    }

    #[test]
    fn an_invalid_definition_is_reported() {
        let fault = |text: &str| {
            TableDefinition::parse("t", text, &[])
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            fault("CREATE TABLE t (a INTEGER);"),
            "sql/redshift/ddl/t.sql: the file must be \"CREATE TABLE IF NOT EXISTS marquee.t (\", \
             one column per line, and a line with `)`"
        );
        let error = fault("CREATE TABLE IF NOT EXISTS marquee.t (\n    a TEXT\n)\nDISTSTYLE ALL;");
        assert!(error.contains("\"a TEXT\" is not a column"), "{error}");
    }
}
