//! The runbook page has each heading to which messages link.

use marquee_alert::runbook::Runbook;

const OPERATIONS: &str = include_str!("../../../../docs/OPERATIONS.md");

#[test]
fn the_page_has_every_heading_once() {
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

/// A Markdown anchor is the heading in lower case, with hyphens for spaces.
#[test]
fn anchors_follow_markdown() {
    let anchor = |heading: &str| heading.to_lowercase().replace(' ', "-");
    for runbook in Runbook::ALL {
        assert_eq!(runbook.anchor(), anchor(runbook.heading()));
        assert!(
            runbook
                .heading()
                .chars()
                .all(|c| c.is_ascii_alphabetic() || c == ' '),
            "{:?} has a character that anchors omit",
            runbook.heading()
        );
    }
}
