//! Real input from a file to the processed zone: every rating of MovieLens.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use marquee_producer::input::{InputSettings, open};
use marquee_producer::{
    Clock, LocalTarget, Producer, SendSettings, SendSummary, StopFlag, feed, title_catalog,
};

/// The number of ratings in the file.
const RATINGS: u64 = 100_836;

/// Sends the ratings to a stream in `stream` as `marquee-producer send` does.
async fn send(data: &Path, stream: &Path) -> SendSummary {
    let settings = InputSettings {
        movies: Some(data.join("movies.csv")),
        ..InputSettings::default()
    };
    let input = open(&data.join("ratings.csv"), &settings).unwrap();
    assert_eq!(input.count, RATINGS);
    let target = LocalTarget::open(stream, NonZeroU32::new(4).unwrap()).unwrap();
    title_catalog::write(&stream.join("titles.ndjson"), &input.title_catalog.unwrap()).unwrap();
    let mut settings = SendSettings::new("movielens");
    settings.clock = Clock::Virtual;
    settings.in_flight = 1;
    settings.aggregate.linger_ms = 60_000;
    let producer = Producer::start(Arc::new(target), settings).unwrap();
    let fed = feed(producer, input.events, None, StopFlag::default())
        .await
        .unwrap();
    assert!(fed.source_error.is_none(), "{:?}", fed.source_error);
    fed.summary
}

/// Returns the counts of the file itself: ratings, users, films, half stars.
fn expected_counts(ratings: &Path) -> String {
    let text = fs::read_to_string(ratings).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    let distinct = |column: usize| {
        let mut values: Vec<&str> = rows.iter().map(|row| row[column]).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    let stars: f64 = rows.iter().map(|row| row[2].parse::<f64>().unwrap()).sum();
    let (count, users, films, halves) = (rows.len(), distinct(0), distinct(1), 2.0 * stars);
    assert_eq!(count as u64, RATINGS);
    format!("{count},{count},{users},{films},{halves}")
}

fn marquee(dir: &Path, line: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    let output = command.args(line).current_dir(dir).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{line:?}: {out}{err}");
    out
}

pub(crate) async fn every_rating_of_movielens_is_processed_once(data: PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let sent = send(&data, &dir.path().join("stream")).await;
    assert_eq!(
        (sent.accepted, sent.acknowledged.events),
        (RATINGS, RATINGS),
        "{sent}"
    );

    let out = marquee(dir.path(), &["run", "--drain"]);
    for line in [
        "received     100,836 events",
        "processed    100,836",
        "quarantined  0",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    let question = "SELECT count(*) AS ratings, count(DISTINCT event_id) AS events, \
                    count(DISTINCT user_id) AS users, count(DISTINCT title_id) AS films, \
                    CAST(sum(CAST(rating * 2 AS BIGINT)) AS BIGINT) AS halves \
                    FROM processed_events WHERE event_type = 'rate'";
    let out = marquee(dir.path(), &["query", "--format", "csv", question]);
    let expected = expected_counts(&data.join("ratings.csv"));
    assert_eq!(
        out,
        format!("ratings,events,users,films,halves\n{expected}\n")
    );
    let others = "SELECT count(*) AS others FROM processed_events WHERE event_type <> 'rate'";
    let out = marquee(dir.path(), &["query", "--format", "csv", others]);
    assert_eq!(out, "others\n0\n");
}
