//! Figures of the books, each a row of a table.
//!
//! The tables `audit` and `audit_books` have the same columns, so that they are
//! read and held against each other alike.

use std::borrow::Cow;

use bytes::Bytes;
use marquee_tables::curated;
use marquee_tables::encode::{
    EncodeError, FileLayout, IntColumn, TextColumn, Width, Zstd, write_file,
};

/// Which book a figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Book {
    /// What arrived on the date.
    Ingest,
    /// What happened on it.
    Event,
    /// Both: how the date stands.
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

/// One row.
#[derive(Debug)]
struct Figure<'b> {
    book: Book,
    scope: &'static str,
    name: Cow<'b, str>,
    figure: Cow<'b, str>,
    value: u64,
}

/// Figures in the order that they are written in.
#[derive(Debug, Default)]
pub(crate) struct Figures<'b>(Vec<Figure<'b>>);

impl<'b> Figures<'b> {
    /// What was counted of one thing: its kind (`scope`), which it is (`name`), and
    /// each figure by what it counts.
    pub(crate) fn line<F: Into<Cow<'b, str>>>(
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

    /// As a file: how many rows, and its bytes, which the same figures always have.
    ///
    /// # Errors
    /// When the file cannot be encoded.
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
            values.push(i64::try_from(figure.value).unwrap_or(i64::MAX), &mut zstd)?;
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
