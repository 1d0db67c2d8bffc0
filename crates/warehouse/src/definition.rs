//! The warehouse's tables, as the files of `sql/redshift/ddl` define them.

use marquee_sql::{Mart, Partition};

use crate::error::WarehouseError;
use crate::files;

/// What a loaded row has beside the columns of its file.
const OWN_COLUMNS: [&str; 4] = ["event_date", "valid_from", "valid_to", "is_current"];

/// How a table takes in a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It has rows of every date; a generation replaces its date's.
    Date,
    /// It says how things stand; a generation replaces all rows.
    Latest,
    /// It keeps what was, as versions with dates from and to.
    History,
}

impl Shape {
    /// The file of `sql/redshift/load` that loads it.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Latest => "latest",
            Self::History => "history",
        }
    }
}

/// A column's type, in Redshift's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of so many bytes at most.
    Varchar(u32),
    /// 64 bits.
    Bigint,
    /// 32 bits.
    Integer,
    /// 32 bits.
    Real,
    /// 64 bits.
    Double,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A day and time, UTC, of microseconds.
    Timestamp,
}

impl Kind {
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

    /// As it is written in DDL.
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

    /// As `information_schema.columns` names it, without the length.
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

    /// Whether COPY takes a file's column of that type, in the lake's words,
    /// into this one.
    pub fn takes(self, lake: &str) -> bool {
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

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
}

/// A table of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name, that of the curated table.
    pub table: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// How it takes in a generation.
    pub shape: Shape,
    /// The statement that makes it.
    pub create: String,
}

impl Definition {
    /// Reads the file `{table}.sql`. `marts` are those of `sql/marts`, which say
    /// whether a table has rows of every date; the others have.
    ///
    /// # Errors
    /// [`WarehouseError::File`] when it is not one CREATE TABLE with a column a
    /// line, of types that both sides know.
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
                    "it must be {:?}, a column a line, and a line with `)`",
                    begin.trim_end()
                ))
            })?;
        let columns = columns
            .lines()
            .map(|line| column(line).ok_or_else(|| fault(unknown_column(line))))
            .collect::<Result<Vec<_>, _>>()?;
        let shape = shape(table, &columns, marts);
        Ok(Self {
            table: table.to_owned(),
            columns,
            shape,
            create,
        })
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether the date of a row is a column of it.
    pub fn has_date(&self) -> bool {
        self.column("event_date").is_some()
    }

    /// The columns that come from the files.
    pub fn loaded(&self) -> impl Iterator<Item = &Column> {
        let is_own = |column: &&Column| !OWN_COLUMNS.contains(&column.name.as_str());
        self.columns.iter().filter(is_own)
    }
}

/// Every table, by name.
///
/// # Errors
/// As [`Definition::parse`]; [`WarehouseError::Head`] for a file of `sql/marts`.
pub fn definitions() -> Result<Vec<Definition>, WarehouseError> {
    let marts = marquee_sql::marts()?;
    let parse = |(table, text): &(&str, &str)| Definition::parse(table, text, &marts);
    files::TABLES.iter().map(parse).collect()
}

fn column(line: &str) -> Option<Column> {
    let line = line.trim().trim_end_matches(',');
    let (name, rest) = line.split_once(' ')?;
    let (kind, nullable) = match rest.strip_suffix(" NOT NULL") {
        Some(kind) => (kind, false),
        None => (rest, true),
    };
    Some(Column {
        name: name.to_owned(),
        kind: Kind::parse(kind)?,
        nullable,
    })
}

fn unknown_column(line: &str) -> String {
    format!(
        "{:?} is no column: write `name TYPE` or `name TYPE NOT NULL`, where TYPE is \
         VARCHAR(bytes), BIGINT, INTEGER, REAL, DOUBLE PRECISION, BOOLEAN, DATE or TIMESTAMP",
        line.trim()
    )
}

fn shape(table: &str, columns: &[Column], marts: &[Mart]) -> Shape {
    if columns.iter().any(|column| column.name == "valid_from") {
        return Shape::History;
    }
    let mart = marts.iter().find(|mart| mart.name == table);
    match mart {
        Some(mart) if mart.partition == Partition::None || !mart.is_for_every_date() => {
            Shape::Latest
        }
        _ => Shape::Date,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Redshift's reserved words that a column might be called by.
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
                    "{}.{} is a word that Redshift keeps for itself",
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
    fn shapes_follow_from_the_marts() {
        let definitions = definitions().unwrap();
        let shape = |table: &str| definitions.iter().find(|d| d.table == table).unwrap().shape;
        assert_eq!(shape("events"), Shape::Date);
        assert_eq!(shape("title_daily"), Shape::Date);
        assert_eq!(shape("title_rating"), Shape::Latest);
        assert_eq!(shape("dim_date"), Shape::Latest);
        assert_eq!(shape("dim_title"), Shape::History);
    }

    #[test]
    fn what_compaction_writes_fits() {
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
        let word = |kind: &DataType| match kind {
            DataType::Utf8 => "string",
            DataType::Int64 => "bigint",
            DataType::Int32 => "int",
            DataType::Float32 => "float",
            DataType::Boolean => "boolean",
            DataType::Timestamp(..) => "timestamp",
            other => panic!("{other}"),
        };
        let fits = |schema: &Schema, definition: &Definition| {
            let loaded: Vec<&Column> = definition.loaded().collect();
            assert_eq!(schema.fields().len(), loaded.len(), "{}", definition.table);
            for (field, column) in schema.fields().iter().zip(loaded) {
                assert_eq!(*field.name(), column.name, "{}", definition.table);
                assert!(column.kind.takes(word(field.data_type())), "{column:?}");
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
    fn what_is_no_definition_is_told() {
        let fault = |text: &str| Definition::parse("t", text, &[]).unwrap_err().to_string();
        assert_eq!(
            fault("CREATE TABLE t (a INTEGER);"),
            "sql/redshift/ddl/t.sql: it must be \"CREATE TABLE IF NOT EXISTS marquee.t (\", \
             a column a line, and a line with `)`"
        );
        let error = fault("CREATE TABLE IF NOT EXISTS marquee.t (\n    a TEXT\n)\nDISTSTYLE ALL;");
        assert!(error.contains("\"a TEXT\" is no column"), "{error}");
    }
}
