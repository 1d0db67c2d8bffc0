//! What people type when they look for something.

use super::dice::Dice;

/// Searches for things the service does not have.
const ABSENT: &[&str] = &[
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

/// What somebody types who looks for a work of that name: all of it, or as much
/// as people have the patience for.
pub(super) fn query_for(name: &str, dice: &mut Dice) -> String {
    let name = name.to_lowercase();
    let bare = name.strip_prefix("the ").unwrap_or(&name);
    let sought = match dice.below(10) {
        0..4 => name.as_str(),
        4..7 => bare,
        7..9 => up_to(bare, bare.match_indices(' ').nth(1).map(|(end, _)| end)),
        _ => up_to(bare, bare.char_indices().nth(6).map(|(end, _)| end)),
    };
    sought.trim().to_owned()
}

/// The name before a place in it; all of it if there is no such place.
fn up_to(name: &str, end: Option<usize>) -> &str {
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

/// The query as it is typed in a hurry: one letter left out, doubled, or
/// changed for its neighbour's place.
pub(super) fn mistyped(query: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = query.chars().collect();
    // The first letter is seldom the wrong one.
    let at = 1 + dice.below((letters.len() as u32).saturating_sub(2)) as usize;
    if at + 1 < letters.len() {
        match dice.below(3) {
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

/// A search that cannot be answered.
pub(super) fn absent(dice: &mut Dice) -> String {
    dice.word(ABSENT).to_owned()
}

/// How many titles a search finds: a matter of the query alone, so that the
/// same search always finds the same; few or none when it was mistyped.
pub(super) fn results(query: &str, mistyped: bool) -> u32 {
    let hash = fnv1a(query.as_bytes());
    if mistyped {
        ((hash >> 32) % 5).saturating_sub(2) as u32
    } else {
        1 + ((hash >> 32) % 24) as u32
    }
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::simulate::dice::Purpose;

    #[test]
    fn queries_are_parts_of_the_name() {
        let mut dice = Dice::new(1, Purpose::Trial, 0, 0);
        for name in [
            "The Silent Harbour",
            "서울의 밤",
            "Zoë",
            "Żółty dom 2",
            "A",
            "",
        ] {
            for _ in 0..50 {
                let query = query_for(name, &mut dice);
                assert!(name.to_lowercase().contains(&query), "{name}: {query}");
                let typed = mistyped(&query, &mut dice);
                assert!(typed.chars().count().abs_diff(query.chars().count()) <= 1);
            }
        }
    }

    #[test]
    fn a_search_finds_the_same_again() {
        assert_eq!(
            results("silent harbour", false),
            results("silent harbour", false)
        );
        assert!(results("silent harbour", false) > 0);
        let mut dice = Dice::new(1, Purpose::Trial, 0, 1);
        let typos: Vec<_> = (0..200)
            .map(|_| mistyped("silent harbour", &mut dice))
            .collect();
        let empty = typos.iter().filter(|typo| results(typo, true) == 0).count();
        assert!((40..180).contains(&empty), "{empty}");
    }
}
