//! Tests of samples: their numbers, and the forms of their dates.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::*;

fn sample(rows: u64) -> WatchLogSample {
    WatchLogSample {
        rows,
        ..WatchLogSample::default()
    }
}

fn text(sample: &WatchLogSample, format: SampleFormat) -> String {
    let mut out = Vec::new();
    sample.write(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn minutes(row: &WatchLogRow) -> f64 {
    row.watch_duration_minutes.as_f64().unwrap()
}

#[test]
fn a_seed_determines_the_bytes() {
    let one = text(&sample(500), SampleFormat::Csv);
    assert_eq!(one, text(&sample(500), SampleFormat::Csv));
    let other = WatchLogSample {
        seed: 2,
        ..sample(500)
    };
    assert_ne!(one, text(&other, SampleFormat::Csv));
}

#[test]
fn both_formats_have_the_same_rows() {
    let sample = sample(300);
    let csv = text(&sample, SampleFormat::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        vec![
            "user_id",
            "show_name",
            "watch_duration_minutes",
            "watch_date"
        ]
    );
    let csv_rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let json_rows: Vec<Vec<String>> = text(&sample, SampleFormat::Json)
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let fields = ["user_id", "show_name"].map(|field| row[field].as_str().unwrap().into());
            let minutes = row["watch_duration_minutes"].to_string();
            let date = row["watch_date"].as_str().unwrap().to_owned();
            fields.into_iter().chain([minutes, date]).collect()
        })
        .collect();
    assert_eq!(csv_rows.len(), 300);
    assert_eq!(csv_rows, json_rows);
}

#[test]
fn the_numbers_are_those_of_a_service() {
    let sample = sample(20_000);
    let rows: Vec<WatchLogRow> = sample.rows().collect();
    assert_eq!(rows.len(), 20_000);
    assert!(rows.is_sorted_by_key(|row| row.watch_date.clone()));
    let days: HashSet<&str> = rows.iter().map(|row| row.watch_date.as_str()).collect();
    assert_eq!(days.len(), 30);
    assert!(days.contains("2026-01-05") && days.contains("2026-02-03"));
    let users: HashSet<&str> = rows.iter().map(|row| row.user_id.as_str()).collect();
    assert!((900..=1_000).contains(&users.len()), "{}", users.len());

    let runtimes: HashMap<&str, f64> = SHOWS
        .iter()
        .map(|show| (show.name, f64::from(show.runtime_minutes)))
        .collect();
    let share = |wanted: &dyn Fn(f64, f64) -> bool| {
        let found = rows
            .iter()
            .filter(|row| wanted(minutes(row), runtimes[row.show_name]));
        found.count() as f64 / rows.len() as f64
    };
    let complete = share(&|minutes, runtime| (runtime - 2.5..=runtime).contains(&minutes));
    assert!((0.75..0.90).contains(&complete), "{complete}");
    let left_on = share(&|minutes, runtime| minutes > runtime);
    assert!((0.001..0.02).contains(&left_on), "{left_on}");
    assert_eq!(share(&|minutes, _| minutes < 1.0), 0.0);

    let mut per_show = BTreeMap::new();
    for row in &rows {
        *per_show.entry(row.show_name).or_insert(0) += 1;
    }
    assert_eq!(per_show.len(), SHOWS.len());
    let (first, last) = (SHOWS.first().unwrap(), SHOWS.last().unwrap());
    assert!(per_show[first.name] > 4 * per_show[last.name]);
}

#[test]
fn some_users_watch_three_or_more_of_a_show_on_one_day() {
    let mut viewings = HashMap::new();
    for row in sample(20_000).rows() {
        let sitting = (row.user_id, row.show_name, row.watch_date);
        *viewings.entry(sitting).or_insert(0) += 1;
    }
    let binges = viewings.values().filter(|count| **count >= 3).count();
    assert!((1_000..3_000).contains(&binges), "{binges}");
}

#[test]
fn dates_have_the_chosen_form() {
    let first = |dates| {
        let sample = WatchLogSample {
            dates,
            ..sample(10)
        };
        sample.rows().next().unwrap().watch_date
    };
    let utc = first(DateForm::Utc);
    let without_zone = utc.strip_suffix('Z').unwrap();
    assert_eq!(first(DateForm::Space), without_zone.replace('T', " "));
    assert_eq!(
        first(DateForm::Date),
        without_zone.split_once('T').unwrap().0
    );
    let instant = marquee_event::parse_rfc3339;
    assert_eq!(instant(&first(DateForm::Offset)), instant(&utc));
    let mixed = WatchLogSample {
        dates: DateForm::Mixed,
        ..sample(100)
    };
    let lengths: HashSet<usize> = mixed.rows().map(|row| row.watch_date.len()).collect();
    assert_eq!(lengths, [10, 19, 20, 25].into());
}

#[test]
fn options_out_of_range_are_errors() {
    assert_eq!(
        sample(0).validate().unwrap_err().to_string(),
        "invalid number of rows 0: it must be from 1 to 1000000000"
    );
    let nobody = WatchLogSample {
        users: Some(0),
        ..sample(1)
    };
    assert_eq!(
        nobody.validate().unwrap_err().to_string(),
        "invalid number of users 0: it must be from 1 to 10000000"
    );
    assert_eq!(nobody.rows().count(), 0);
}
