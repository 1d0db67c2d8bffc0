//! Suggestions for misspelt names.

use datafusion::common::utils::datafusion_strsim::normalized_levenshtein;

use crate::MartsError;
use crate::engine::Engine;

/// The minimum similarity, from 0 to 1, of a suggested name.
const SIMILAR: f64 = 0.5;
/// The minimum length of a name, in bytes, for suggesting a table whose name contains it.
const CONTAINED_BYTES: usize = 4;

/// Returns the table whose name is the most similar to `name`; `None` if none is similar.
///
/// # Errors
/// If the head of a file in `sql/marts` is malformed.
pub fn nearest_table(name: &str) -> Result<Option<String>, MartsError> {
    Ok(nearest(&name.to_ascii_lowercase(), Engine::tables()?))
}

fn nearest(name: &str, tables: Vec<String>) -> Option<String> {
    let similarity = |table: &str| match normalized_levenshtein(name, table) {
        similarity if similarity >= SIMILAR => similarity,
        // A name that contains it ranks below every similar spelling.
        similarity if name.len() >= CONTAINED_BYTES && table.contains(name) => similarity * SIMILAR,
        _ => 0.0,
    };
    tables
        .into_iter()
        .map(|table| (similarity(&table), table))
        .filter(|(similarity, _)| *similarity > 0.0)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, table)| table)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_table_is_suggested() {
        for (name, table) in [
            ("event", Some("events")),
            ("EVENTS", Some("events")),
            ("raw_event", Some("raw_events")),
            ("view", Some("fact_view")),
            ("toptitles", Some("top_titles")),
            ("zzzzzzz", None),
            ("", None),
        ] {
            assert_eq!(nearest_table(name).unwrap().as_deref(), table, "{name}");
        }
    }
}
