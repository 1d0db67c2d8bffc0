//! Search queries.

use super::rng::SeededRng;

/// Queries without results in the title catalog.
const QUERIES_WITHOUT_RESULTS: &[&str] = &[
    "live football",
    "weather tomorrow",
    "karaoke",
    "cartoons",
    "yoga 30 minutes",
    "news today",
    "wedding video",
    "asdf",
    "how to cancel",
    "free movies",
    "кино",
    "ラーメン",
];

/// Draws a query for a work's name: the whole name, or a prefix of it.
pub(super) fn query_for(name: &str, rng: &mut SeededRng) -> String {
    let name = name.to_lowercase();
    let bare = name.strip_prefix("the ").unwrap_or(&name);
    let sought = match rng.below(10) {
        0..4 => name.as_str(),
        4..7 => bare,
        7..9 => prefix(bare, bare.match_indices(' ').nth(1).map(|(end, _)| end)),
        _ => prefix(bare, bare.char_indices().nth(6).map(|(end, _)| end)),
    };
    sought.trim().to_owned()
}

/// Returns the name up to `end`, or the whole name.
fn prefix(name: &str, end: Option<usize>) -> &str {
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

/// Returns the query with a typing error: a letter omitted, doubled or swapped with its
/// neighbour.
pub(super) fn mistyped(query: &str, rng: &mut SeededRng) -> String {
    let mut letters: Vec<char> = query.chars().collect();
    // The first letter is never wrong.
    let at = 1 + rng.below((letters.len() as u32).saturating_sub(2)) as usize;
    if at + 1 < letters.len() {
        match rng.below(3) {
            0 => drop(letters.remove(at)),
            1 => letters.swap(at, at + 1),
            _ => {
                if let Some(&letter) = letters.get(at) {
                    letters.insert(at, letter);
                }
            }
        }
    }
    letters.into_iter().collect()
}

/// Draws a query without results.
pub(super) fn query_without_results(rng: &mut SeededRng) -> String {
    rng.pick_word(QUERIES_WITHOUT_RESULTS).to_owned()
}

/// Returns the number of results of a query: 1 to 24, or 0 to 2 for a mistyped one. It
/// depends only on the query.
pub(super) fn results(query: &str, mistyped: bool) -> u32 {
    let hash = fnv1a(query.as_bytes());
    if mistyped {
        ((hash >> 32) % 5).saturating_sub(2) as u32
    } else {
        1 + ((hash >> 32) % 24) as u32
    }
}

/// Computes the 64-bit FNV-1a hash (Fowler, Noll, Vo).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::simulate::rng::RngPurpose;

    #[test]
    fn queries_are_parts_of_the_name() {
        let mut rng = SeededRng::new(1, RngPurpose::Trial, 0, 0);
        for name in [
            "The Silent Harbour",
            "서울의 밤",
            "Zoë",
            "Żółty dom 2",
            "A",
            "",
        ] {
            for _ in 0..50 {
                let query = query_for(name, &mut rng);
                assert!(name.to_lowercase().contains(&query), "{name}: {query}");
                let typed = mistyped(&query, &mut rng);
                assert!(typed.chars().count().abs_diff(query.chars().count()) <= 1);
            }
        }
    }

    #[test]
    fn equal_queries_have_equal_results() {
        assert_eq!(
            results("silent harbour", false),
            results("silent harbour", false)
        );
        assert!(results("silent harbour", false) > 0);
        let mut rng = SeededRng::new(1, RngPurpose::Trial, 0, 1);
        let typos: Vec<_> = (0..200)
            .map(|_| mistyped("silent harbour", &mut rng))
            .collect();
        let empty = typos.iter().filter(|typo| results(typo, true) == 0).count();
        assert!((40..180).contains(&empty), "{empty}");
    }
}
