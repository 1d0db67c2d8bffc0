//! The titles of a watch log, with their runtimes: the file of `--titles`.

use std::collections::{HashMap, HashSet};

use marquee_event::{Title, TitleKind, bounds};
use xxhash_rust::xxh3::xxh3_64;

use super::ndjson::Lines;
use super::spool::SpooledFile;
use super::table::Table;
use super::{SourceError, detect};

const COLUMNS: [&str; 2] = ["show_name", "runtime_minutes"];

/// Titles, found by name.
#[derive(Debug, Default)]
pub(super) struct Titles {
    /// The file's name; empty without a file.
    pub(super) file: String,
    /// The titles in the order of the file.
    pub(super) titles: Vec<Title>,
    /// The indexes of the titles with each name.
    by_name: HashMap<String, Vec<usize>>,
}

impl Titles {
    /// Reads a title catalog in NDJSON, or CSV with the columns `show_name` and
    /// `runtime_minutes`.
    pub(super) fn read(mut file: SpooledFile) -> Result<Self, SourceError> {
        let first = detect::first_line(&mut file)?;
        file.rewind()?;
        let mut titles = Self {
            file: file.name.clone(),
            ..Self::default()
        };
        match first {
            None => {}
            Some(line) if line.starts_with('{') => titles.read_ndjson(&file)?,
            Some(_) => titles.read_csv(file)?,
        }
        if titles.titles.is_empty() {
            return Err(SourceError::NoTitle { name: titles.file });
        }
        Ok(titles)
    }

    /// Returns the indexes of the titles with this name.
    pub(super) fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn read_ndjson(&mut self, file: &SpooledFile) -> Result<(), SourceError> {
        let mut lines = Lines::new(file)?;
        let mut ids = HashSet::new();
        while let Some(line) = lines.next()? {
            let number = line.number;
            let invalid = |problem| SourceError::line(&file.name, number, problem);
            let title: Title = serde_json::from_slice(line.bytes)
                .map_err(|error| invalid(without_line(&error)))?;
            title
                .validate()
                .map_err(|error| invalid(error.to_string()))?;
            if !ids.insert(title.title_id.clone()) {
                return Err(invalid(format!("title {:?} occurs twice", title.title_id)));
            }
            self.add(title);
        }
        Ok(())
    }

    fn read_csv(&mut self, file: SpooledFile) -> Result<(), SourceError> {
        let mut table = Table::open(file, COLUMNS)?;
        while let Some(row) = table.next()? {
            let [name, minutes] = row.fields;
            let mut title = show(name);
            if title.validate().is_err() {
                return Err(row.unexpected(0, "a name of 1 to 1024 bytes"));
            }
            if !self.named(name).is_empty() {
                return Err(row.unexpected(0, "a name that occurs once in the file"));
            }
            let runtime_ms = minutes_to_ms(minutes).filter(|ms| *ms > 0);
            title.runtime_ms = Some(
                runtime_ms
                    .ok_or_else(|| row.unexpected(1, "minutes above 0 and up to 10080 (a week)"))?
                    .into(),
            );
            self.add(title);
        }
        Ok(())
    }

    fn add(&mut self, title: Title) {
        let same_name = self.by_name.entry(title.name.clone()).or_default();
        same_name.push(self.titles.len());
        self.titles.push(title);
    }
}

/// Parses minutes from 0 to a week as milliseconds.
pub(super) fn minutes_to_ms(minutes: &str) -> Option<u32> {
    let ms = minutes.parse::<f64>().ok()? * 60_000.0;
    // The range does not contain NaN.
    (0.0..=bounds::POSITION_MS as f64)
        .contains(&ms)
        .then_some(ms.round() as u32)
}

/// Creates a show that is known by its name only.
pub(super) fn show(name: &str) -> Title {
    Title {
        title_id: title_id(name),
        name: name.to_owned(),
        kind: TitleKind::Show,
        series_id: None,
        season: None,
        episode: None,
        genres: Vec::new(),
        runtime_ms: None,
        runtime_estimated: false,
        release_date: None,
    }
}

/// Derives a show's id from its name: a slug, and a hash that distinguishes `Dark` from
/// `DARK`.
fn title_id(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if slug.len() >= 60 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let hash = xxh3_64(name.as_bytes()) >> 32;
    if slug.is_empty() {
        format!("show-{hash:08x}")
    } else {
        format!("show-{slug}-{hash:08x}")
    }
}

/// Formats a parse error without its line number, which is always 1.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((problem, column)) => format!("{problem} (column {column})"),
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_minutes_within_a_week() {
        assert_eq!(minutes_to_ms("90"), Some(5_400_000));
        assert_eq!(minutes_to_ms("0.5"), Some(30_000));
        assert_eq!(minutes_to_ms("10080"), Some(604_800_000));
        for bad in ["", "-1", "NaN", "inf", "10081", "1h"] {
            assert_eq!(minutes_to_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn show_ids_are_readable_and_distinct() {
        assert!(title_id("The Crown: Season 2!").starts_with("show-the-crown-season-2-"));
        assert_ne!(title_id("Dark"), title_id("DARK"));
        assert_ne!(title_id("千と千尋"), title_id("風の谷"));
        assert!(title_id(&"x".repeat(1_000)).len() <= bounds::ID_BYTES);
    }
}
