//! The reason why no date is due.

use std::collections::BTreeMap;

use indicatif::HumanCount;
use marquee_lake::{LakeError, generation, receipt};
use object_store::ObjectStore;

use crate::counted::counted;

/// Returns the sentence for a lake in which no date is due.
///
/// Reads the receipts only if no date is published: a published date has events, so not
/// everything was rejected.
pub(super) async fn reason(store: &dyn ObjectStore) -> Result<String, LakeError> {
    if generation::newest(store).await?.is_some() {
        return Ok("no date is due".to_owned());
    }
    let mut processed = 0;
    let mut rejected: BTreeMap<String, u64> = BTreeMap::new();
    for receipt in receipt::list(store, None).await? {
        processed += receipt.processed;
        for (reason, units) in receipt.reasons {
            *rejected.entry(reason).or_default() += units;
        }
    }
    Ok(text(processed, &rejected))
}

fn text(processed: u64, rejected: &BTreeMap<String, u64>) -> String {
    if processed > 0 {
        return "no date is due".to_owned();
    }
    let mut reasons: Vec<(&String, &u64)> = rejected.iter().collect();
    if reasons.is_empty() {
        return "no date is due: no event has arrived. Process a stream with `marquee run`"
            .to_owned();
    }
    reasons.sort_by_key(|(_, units)| std::cmp::Reverse(**units));
    let all = rejected.values().sum();
    let arrived = match all {
        1 => "the only unit that arrived was rejected".to_owned(),
        _ => format!(
            "all {} that arrived were rejected",
            counted(all, "unit", "units")
        ),
    };
    let listed: Vec<String> = reasons
        .iter()
        .map(|(reason, units)| format!("{reason} {}", HumanCount(**units)))
        .collect();
    format!(
        "no date is due: {arrived} ({}). List them with `marquee query \"SELECT reason, field, \
         value, detail FROM quarantine LIMIT 10\"`",
        listed.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_are_listed_by_number() {
        let rejected = |units: &[(&str, u64)]| {
            let units = units.iter().map(|(reason, n)| ((*reason).to_owned(), *n));
            text(0, &units.collect())
        };
        assert!(
            rejected(&[("invalid_json", 2), ("missing_field", 1_200)]).starts_with(
                "no date is due: all 1,202 units that arrived were rejected (missing_field 1,200, \
             invalid_json 2). List them with `marquee query "
            )
        );
        assert!(rejected(&[("invalid_json", 1)]).starts_with(
            "no date is due: the only unit that arrived was rejected (invalid_json 1)."
        ));
        assert_eq!(
            rejected(&[]),
            "no date is due: no event has arrived. Process a stream with `marquee run`"
        );
        assert_eq!(text(1, &BTreeMap::new()), "no date is due");
    }
}
