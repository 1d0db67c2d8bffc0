//! Figures of the books: the rows of the tables `audit` and `audit_books`, which have the same
//! columns.

use std::borrow::Cow;

use bytes::Bytes;
use marquee_encode::{EncodeError, FileLayout, IntColumn, TextColumn, Width, Zstd, write_file};
use marquee_tables::curated;

/// The book that a figure belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Book {
    /// The ingest book.
    Ingest,
    /// The event book.
    Event,
    /// Both books: the status and the problems of the date.
    Both,
}

impl Book {
    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Event => "event",
            Self::Both => "both",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
struct Figure<'b> {
    book: Book,
    scope: &'static str,
    name: Cow<'b, str>,
    figure: Cow<'b, str>,
    value: u64,
}

/// The figures in the order of their rows.
#[derive(Debug, Default)]
pub(crate) struct Figures<'b>(Vec<Figure<'b>>);

impl<'b> Figures<'b> {
    /// Adds the figures of one subject, such as a shard: `scope` is its kind, `name`
    /// identifies it, and `figures` are pairs of a figure's name and value.
    pub(crate) fn add<F: Into<Cow<'b, str>>>(
        &mut self,
        book: Book,
        scope: &'static str,
        name: impl Into<Cow<'b, str>>,
        figures: impl IntoIterator<Item = (F, u64)>,
    ) {
        let name = name.into();
        self.0
            .extend(figures.into_iter().map(|(figure, value)| Figure {
                book,
                scope,
                name: name.clone(),
                figure: figure.into(),
                value,
            }));
    }

    /// Encodes the figures as a Parquet file. Returns the number of rows and the bytes. Equal
    /// figures give equal bytes.
    ///
    /// # Errors
    /// If the file cannot be encoded.
    pub(crate) fn file(&self) -> Result<(u64, Bytes), EncodeError> {
        let mut zstd = Zstd::new()?;
        let text = || TextColumn::new(false);
        let (mut books, mut scopes, mut names, mut figures) = (text(), text(), text(), text());
        let mut values = IntColumn::new(Width::W64, false);
        for figure in &self.0 {
            books.push(figure.book.name().as_bytes(), &mut zstd)?;
            scopes.push(figure.scope.as_bytes(), &mut zstd)?;
            names.push(figure.name.as_bytes(), &mut zstd)?;
            figures.push(figure.figure.as_bytes(), &mut zstd)?;
            let value = i64::try_from(figure.value);
            let value = value.map_err(|_| EncodeError::Row("its figure exceeds 64 bits"))?;
            values.push(value, &mut zstd)?;
        }
        let chunks = vec![
            books.finish(&mut zstd)?,
            scopes.finish(&mut zstd)?,
            names.finish(&mut zstd)?,
            figures.finish(&mut zstd)?,
            values.finish(&mut zstd)?,
        ];
        let content = write_file(&FileLayout::new(&curated::audit())?, chunks)?;
        Ok((self.0.len() as u64, content))
    }
}
