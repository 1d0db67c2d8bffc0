#![allow(clippy::unwrap_used)]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

const SETTINGS: AnomalySettings = AnomalySettings {
    enabled: true,
    volume_percent: 50,
    rejected_points: 1,
    vanished_percent: 1,
    min_events: 1_000,
};

fn day() -> DayFigures {
    let counts = |counts: [(&str, u64); 2]| counts.map(|(name, n)| (name.to_owned(), n)).into();
    DayFigures {
        events: 10_000,
        received: 10_000,
        rejected: 20,
        countries: counts([("DE", 9_000), ("FR", 1_000)]),
        titles: counts([("t-1", 1_900), ("t-2", 100)]),
    }
}

fn sentences(day: &DayFigures, earlier: &[DayFigures]) -> Vec<String> {
    let anomalies = find_anomalies(day, earlier, &SETTINGS);
    anomalies.into_iter().map(|found| found.sentence).collect()
}

fn usual() -> Vec<DayFigures> {
    vec![day(); 4]
}

#[test]
fn an_anomaly_states_the_figure_and_the_usual_one() {
    let mut today = day();
    today.events = 3_500;
    today.rejected = 520;
    today.countries.remove("FR");
    today.titles.insert("t-2".to_owned(), 0);
    assert_eq!(
        sentences(&today, &usual()),
        [
            "3500 events, 65 % fewer than the usual 10000",
            "5.20 % of 10000 units rejected, usually 0.20 %",
            "country FR has no events, usually 1000 (10.0 %)",
            "title t-2 has no views, usually 100 (5.0 %)",
        ]
    );
    today = day();
    today.events = 15_001;
    let found = find_anomalies(&today, &usual(), &SETTINGS);
    assert_eq!(found[0].subject, "volume");
    assert_eq!(
        found[0].sentence,
        "15001 events, 50 % more than the usual 10000"
    );
}

#[test]
fn a_deviation_up_to_the_threshold_is_usual() {
    for events in [5_000, 15_000] {
        let today = DayFigures { events, ..day() };
        assert!(sentences(&today, &usual()).is_empty(), "{events}");
    }
    let rejected = |rejected| DayFigures { rejected, ..day() };
    assert!(sentences(&rejected(120), &usual()).is_empty());
    assert_eq!(sentences(&rejected(121), &usual()).len(), 1);
}

/// A holiday among the four dates does not change what is usual.
#[test]
fn one_unusual_week_changes_nothing() {
    let mut earlier = usual();
    earlier[1] = DayFigures::default();
    assert!(sentences(&day(), &earlier).is_empty());
    earlier[1].countries = [("XX".to_owned(), 5_000)].into();
    assert!(sentences(&day(), &earlier).is_empty());
}

#[test]
fn small_figures_and_new_lakes_are_not_compared() {
    let nothing = DayFigures {
        countries: [("DE".to_owned(), 1)].into(),
        titles: [("t-1".to_owned(), 1)].into(),
        ..DayFigures::default()
    };
    assert_eq!(sentences(&nothing, &usual()[..2]).len(), 3);
    assert!(sentences(&nothing, &usual()[..1]).is_empty());
    let mut small = usual();
    for day in &mut small {
        (day.events, day.received) = (999, 999);
        day.countries = [("FR".to_owned(), 999)].into();
        day.titles = [("t-2".to_owned(), 999)].into();
    }
    assert!(sentences(&nothing, &small).is_empty());
}

#[test]
fn the_largest_vanished_titles_are_reported() {
    let mut earlier = usual();
    for day in &mut earlier {
        let titles = (0..30).map(|n| (format!("gone-{n:02}"), 1_000 + n));
        day.titles.extend(titles);
    }
    let found = sentences(&day(), &earlier);
    assert_eq!(found.len(), MAX_VANISHED);
    assert!(found[0].starts_with("title gone-29 has no views, usually 1029"));
}

#[test]
fn one_switch_turns_everything_off() {
    let off = AnomalySettings {
        enabled: false,
        ..SETTINGS
    };
    assert!(find_anomalies(&DayFigures::default(), &usual(), &off).is_empty());
}

fn figures() -> impl Strategy<Value = DayFigures> {
    let counts = || btree_map("[a-e]", 0..5_000_u64, 0..5);
    (
        0..20_000_u64,
        0..20_000_u64,
        0..=100_u64,
        counts(),
        counts(),
    )
        .prop_map(
            |(events, received, percent, countries, titles)| DayFigures {
                events,
                received,
                rejected: received * percent / 100,
                countries,
                titles,
            },
        )
}

proptest! {
    #[test]
    fn a_date_like_all_others_is_usual(day in figures(), dates in 0..5_usize) {
        prop_assert_eq!(find_anomalies(&day, &vec![day.clone(); dates], &SETTINGS), vec![]);
    }

    #[test]
    fn the_order_of_the_weeks_does_not_matter(day in figures(), earlier in vec(figures(), 0..5)) {
        let found = find_anomalies(&day, &earlier, &SETTINGS);
        let reversed: Vec<_> = earlier.iter().rev().cloned().collect();
        prop_assert_eq!(&found, &find_anomalies(&day, &reversed, &SETTINGS));
    }

    #[test]
    fn subjects_are_unique_and_vanished_names_are_absent(
        day in figures(), earlier in vec(figures(), 0..5),
    ) {
        let found = find_anomalies(&day, &earlier, &SETTINGS);
        let mut subjects: Vec<_> = found.iter().map(|found| &found.subject).collect();
        for subject in &subjects {
            if let Some(country) = subject.strip_prefix("country ") {
                prop_assert_eq!(day.countries.get(country).copied().unwrap_or(0), 0);
            }
        }
        subjects.sort();
        subjects.dedup();
        prop_assert_eq!(subjects.len(), found.len());
        prop_assert!(found.len() <= 2 + 2 * MAX_VANISHED);
    }

    /// Wider thresholds report no more.
    #[test]
    fn wider_thresholds_report_a_part(day in figures(), earlier in vec(figures(), 0..5)) {
        let wide = AnomalySettings {
            volume_percent: 90,
            rejected_points: 20,
            vanished_percent: 30,
            ..SETTINGS
        };
        let narrow = AnomalySettings { vanished_percent: 20, ..SETTINGS };
        let found = find_anomalies(&day, &earlier, &narrow);
        for anomaly in find_anomalies(&day, &earlier, &wide) {
            prop_assert!(found.contains(&anomaly), "{anomaly:?}");
        }
    }
}
