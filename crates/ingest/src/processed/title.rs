//! The columns of the title, with the enrichment from the title catalog.

use marquee_encode::{Chunk, EncodeError, IntColumn, TextColumn, Width, Zstd};

use crate::titles::Titles;

/// The columns of the title: its id, and its enrichment.
pub(super) struct TitleColumns<'t> {
    titles: &'t Titles,
    title_ids: TextColumn,
    series_ids: TextColumn,
    genres: TextColumn,
    runtimes: IntColumn,
    /// The enrichment of each title of this file, by the title's number in the dictionary of
    /// its column. Each title is looked up once.
    known: Vec<Known>,
    /// The title of each session's last event, by the session's number.
    watched: Vec<u32>,
}

/// The enrichment of a title: its runtime, and the numbers of its words in the dictionaries
/// of their columns.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    runtime_ms: Option<i64>,
    series: Word,
    genres: Word,
}

/// The way to append a word of the enrichment.
#[derive(Debug, Clone, Copy, Default)]
enum Word {
    /// The title has no such word.
    #[default]
    Null,
    /// By its number in the dictionary.
    Number(u32),
    /// By its value, because the dictionary was full.
    LookUp,
}

/// The finished columns.
pub(super) struct TitleChunks {
    pub(super) title_ids: Chunk,
    pub(super) series_ids: Chunk,
    pub(super) genres: Chunk,
    pub(super) runtimes: Chunk,
}

impl<'t> TitleColumns<'t> {
    /// Creates columns without rows that are enriched from `titles`.
    pub(super) fn new(titles: &'t Titles) -> Self {
        Self {
            titles,
            title_ids: TextColumn::new(true),
            series_ids: TextColumn::new(true),
            genres: TextColumn::new(true),
            runtimes: IntColumn::new(Width::W64, true),
            known: Vec::new(),
            watched: Vec::new(),
        }
    }

    /// Reserves capacity for `rows` more rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.title_ids.reserve(rows);
        self.series_ids.reserve(rows);
        self.genres.reserve(rows);
        self.runtimes.reserve(rows);
    }

    /// Appends a title of a session. Returns the title's runtime.
    #[inline]
    pub(super) fn push(
        &mut self,
        title_id: Option<&str>,
        session: Option<u32>,
        zstd: &mut Zstd,
    ) -> Result<Option<i64>, EncodeError> {
        let runtime = self.push_words(title_id, session, zstd)?;
        self.runtimes.push_optional(runtime, zstd)?;
        Ok(runtime)
    }

    #[inline]
    fn push_words(
        &mut self,
        title_id: Option<&str>,
        session: Option<u32>,
        zstd: &mut Zstd,
    ) -> Result<Option<i64>, EncodeError> {
        let Some(title_id) = title_id else {
            self.title_ids.push_null(zstd)?;
            self.series_ids.push_null(zstd)?;
            self.genres.push_null(zstd)?;
            return Ok(None);
        };
        let number = self.push_id(title_id, session, zstd)?;
        let known = number.and_then(|number| self.known.get(number as usize).copied());
        if let Some(known) = known {
            let enrichment = || self.titles.get(title_id);
            let series = || enrichment().and_then(|title| title.series_id.as_deref());
            push_word(&mut self.series_ids, known.series, series, zstd)?;
            let genres = || enrichment().and_then(|title| title.genres.as_deref());
            push_word(&mut self.genres, known.genres, genres, zstd)?;
            return Ok(known.runtime_ms);
        }
        let enrichment = self.titles.get(title_id);
        let series = enrichment.and_then(|title| title.series_id.as_deref());
        let genres = enrichment.and_then(|title| title.genres.as_deref());
        let known = Known {
            runtime_ms: enrichment.and_then(|title| title.runtime_ms),
            series: push_first(&mut self.series_ids, series, zstd)?,
            genres: push_first(&mut self.genres, genres, zstd)?,
        };
        if number.is_some() {
            self.known.push(known);
        }
        Ok(known.runtime_ms)
    }

    /// Appends the id. It is most likely that of the session's previous event. Returns its
    /// number; `None` if the dictionary is full.
    #[inline]
    fn push_id(
        &mut self,
        title_id: &str,
        session: Option<u32>,
        zstd: &mut Zstd,
    ) -> Result<Option<u32>, EncodeError> {
        let title_id = title_id.as_bytes();
        let Some(session) = session.map(|number| number as usize) else {
            return self.title_ids.push_near(title_id, 0, zstd);
        };
        if self.watched.len() <= session {
            self.watched.resize(session + 1, 0);
        }
        let before = self.watched.get(session).copied().unwrap_or_default();
        let number = self.title_ids.push_near(title_id, before, zstd)?;
        if let (Some(watched), Some(number)) = (self.watched.get_mut(session), number) {
            *watched = number;
        }
        Ok(number)
    }

    pub(super) fn finish(self, zstd: &mut Zstd) -> Result<TitleChunks, EncodeError> {
        Ok(TitleChunks {
            title_ids: self.title_ids.finish(zstd)?,
            series_ids: self.series_ids.finish(zstd)?,
            genres: self.genres.finish(zstd)?,
            runtimes: self.runtimes.finish(zstd)?,
        })
    }
}

/// Appends a word of a title for the first time in this file.
fn push_first(
    column: &mut TextColumn,
    word: Option<&str>,
    zstd: &mut Zstd,
) -> Result<Word, EncodeError> {
    let Some(word) = word else {
        column.push_null(zstd)?;
        return Ok(Word::Null);
    };
    let pushed = column.push(word.as_bytes(), zstd)?;
    Ok(pushed.map_or(Word::LookUp, |(number, _)| Word::Number(number)))
}

/// Appends a word of a title again.
#[inline]
fn push_word<'a>(
    column: &mut TextColumn,
    word: Word,
    look_up: impl FnOnce() -> Option<&'a str>,
    zstd: &mut Zstd,
) -> Result<(), EncodeError> {
    match word {
        Word::Null => column.push_null(zstd),
        Word::Number(number) => column.push_number(number, zstd),
        Word::LookUp => column.push_optional(look_up().map(str::as_bytes), zstd),
    }
}
