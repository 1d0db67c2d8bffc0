//! The runbook's page has what messages send people to.

use marquee_alert::runbook::Runbook;

const OPERATIONS: &str = include_str!("../../../../docs/OPERATIONS.md");

#[test]
fn every_heading_is_one_of_the_page() {
    let headings: Vec<&str> = OPERATIONS
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    for runbook in Runbook::ALL {
        let found = headings
            .iter()
            .filter(|heading| **heading == runbook.heading());
        assert_eq!(found.count(), 1, "{:?} in {headings:?}", runbook.heading());
    }
}

/// A link leads to a heading by its words, in small letters and with hyphens.
#[test]
fn anchors_are_made_as_pages_make_them() {
    let anchor = |heading: &str| heading.to_lowercase().replace(' ', "-");
    for runbook in Runbook::ALL {
        assert_eq!(runbook.anchor(), anchor(runbook.heading()));
        assert!(
            runbook
                .heading()
                .chars()
                .all(|c| c.is_ascii_alphabetic() || c == ' '),
            "{:?} has what anchors leave out",
            runbook.heading()
        );
    }
}
