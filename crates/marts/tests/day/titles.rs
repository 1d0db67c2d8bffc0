//! The marts of users and titles, over a few handwritten views.

use std::collections::BTreeSet;
use std::sync::Arc;

use marquee_tables::curated;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::days::Days;
use crate::facts::{self, date};
use crate::{rows, shown};

/// The number of the date of the run.
const TODAY: i64 = 405;

/// Parses a line of a table as a view and returns its date's number with it. The
/// column `day` is relative to today; every view ends at noon.
fn view(columns: &[&str], line: &str) -> (i64, Value) {
    let mut view = json!({
        "series_id": "sr-of-then",
        "events": 1,
        "pauses": 0,
        "seeks": 0,
        "engagement_score": 0.5,
    });
    for (column, cell) in columns.iter().zip(line.split_whitespace()) {
        let value = serde_json::from_str(cell).unwrap_or_else(|_| json!(cell));
        view[column] = if cell == "-" { Value::Null } else { value };
    }
    let day = TODAY + view["day"].as_i64().unwrap();
    let noon = format!("{}T12:00:00Z", date(day as usize));
    view["started_at"] = json!(noon);
    view["ended_at"] = json!(noon);
    view.as_object_mut().unwrap().remove("day");
    (day, view)
}

/// Builds a mart for today over these views, a table with a line of column names, and
/// returns its rows.
async fn build(mart: &str, views: &str) -> Vec<String> {
    let is_row = |line: &&str| !line.trim().is_empty() && !line.contains("--");
    let mut lines = views.lines().filter(is_row);
    let columns: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let views: Vec<(i64, Value)> = lines.map(|line| view(&columns, line)).collect();

    let mut days = Days::new(Arc::new(InMemory::new()), 0).await;
    let numbers: BTreeSet<i64> = views.iter().map(|(day, _)| *day).collect();
    for day in numbers {
        let of_date = views.iter().filter(|(date, _)| *date == day);
        let of_date: Vec<Value> = of_date.map(|(_, view)| view.clone()).collect();
        let batch = facts::rows(curated::fact_view(), &of_date);
        days.add("fact_view", &date(day as usize), &batch).await;
    }
    let wanted = |found: &marquee_sql::Mart| found.name == mart;
    let mart = marquee_sql::marts().unwrap().into_iter().find(wanted);
    let run = days.run(&date(TODAY as usize)).await;
    let table = run.build(&mart.unwrap()).await.unwrap();
    shown(&rows(days.store.as_ref(), &table).await)
}

#[tokio::test]
async fn user_title_has_one_row_per_user_and_title() {
    let views = "
        user_id session_id title_id day watch_ms completion_rate completed rating
        -- Completed and rated, then restarted and rated again, then opened only.
        ann     s1         t-1      -9  900      1.0             true      5.0
        ann     s2         t-1      -5  90       0.25            false     2.5
        ann     s3         t-1      -4  0        0.5             false     -
        -- Only rated.
        ann     s1         t-0      -9  0        0.0             false     4.0
        -- Two ratings at the same time: that of the last session counts.
        ann     s9         t-3      0   10       0.5             false     3.0
        ann     s8         t-3      0   10       0.5             false     1.0
        -- Seen at the same time.
        ann     s9         t-2      0   10       0.5             false     -
        -- The completion rate is unknown for all views, and known for one.
        bob     s4         t-12     -1  70       -               false     -
        bob     s4         t-5      -2  70       -               false     -
        bob     s5         t-5      -3  70       0.75            false     -
        -- The first date of the look-back window, the date before it, and tomorrow.
        bob     s0         t-6      -399 1       -               false     -
        bob     s0         t-7      -400 1       -               false     -
        bob     s6         t-5      1   1        -               false     0.5";
    assert_eq!(
        build("user_title", views).await,
        [
            "user_id title_id series_id last_seen_at views watch_ms completion_rate completed rating",
            "ann t-2 sr-2 2027-03-13T12:00:00Z 1 10 0.5 false ",
            "ann t-3  2027-03-13T12:00:00Z 2 20 0.5 false 3.0",
            "ann t-1 sr-1 2027-03-09T12:00:00Z 2 990 1.0 true 2.5",
            "ann t-0  2027-03-04T12:00:00Z 0 0 0.0 false 4.0",
            "bob t-12  2027-03-12T12:00:00Z 1 70  false ",
            "bob t-5 sr-2 2027-03-11T12:00:00Z 2 140 0.75 false ",
            "bob t-6  2026-02-07T12:00:00Z 1 1  false ",
        ]
    );
}

#[tokio::test]
async fn popularity_counts_each_user_once() {
    let views = "
        user_id session_id title_id day watch_ms completed engagement_score rating
        -- The most watch time, by one user who completed it twice.
        ann     s1         t-1      0   9000     true      0.5              -
        ann     s2         t-1      -1  9000     true      0.5              -
        -- Two viewers; a third user only opened it, which does not affect the score.
        ann     s1         t-2      -6  10       false     0.25             -
        bob     s4         t-2      0   20       true      0.75             -
        eve     s5         t-2      0   0        false     0.0              -
        -- A tie; one title is not in the catalog.
        bob     s4         t-3      0   20       false     0.5              -
        eve     s5         t-12     0   20       false     0.5              -
        -- Only rated.
        eve     s5         t-4      0   0        false     0.2              5.0
        -- The date before the look-back window, and tomorrow.
        eve     s0         t-6      -7  99000    true      1.0              -
        eve     s6         t-7      1   99000    true      1.0              -";
    assert_eq!(
        build("title_popularity", views).await,
        [
            "popularity_rank title_id name viewers watch_ms completions engagement_score",
            "1 t-2 The 2th “Name” 2 30 1 0.5",
            "2 t-1 The 1th “Name” 1 18000 1 0.5",
            "3 t-12  1 20 0 0.5",
            "4 t-3 The 3th “Name” 1 20 0 0.5",
            "5 t-4 The 4th “Name” 0 0 0 ",
        ]
    );
}

#[tokio::test]
async fn two_users_who_like_the_same_works_make_them_neighbours() {
    let views = "
        user_id session_id title_id series_id day watch_ms completion_rate completed rating
        -- Two titles of a series are one work; a rating takes precedence over completion.
        ann     s1         t-1      sr-1      0   900      0.5             false     -
        ann     s2         t-4      sr-1      -9  900      1.0             true      -
        ann     s2         t-0      -         -9  90       0.25            false     3.5
        bob     s3         t-4      sr-1      -29 0        -               false     5.0
        bob     s4         t-0      -         -1  900      0.75            false     -
        -- Only one user likes both t-9 and the series.
        cat     s5         t-1      sr-1      0   900      1.0             true      -
        cat     s5         t-9      -         0   900      1.0             true      -
        -- Seen but not liked, not half seen, too long ago, and tomorrow.
        eve     s6         t-1      sr-1      0   900      1.0             true      3.0
        eve     s6         t-0      -         0   900      0.49            false     -
        eve     s0         t-0      -         -30 900      1.0             true      -
        eve     s7         t-0      -         1   900      1.0             true      -";
    assert_eq!(
        build("title_neighbour", views).await,
        [
            "work_id neighbour_rank neighbour_id users similarity",
            "sr-1 1 t-0 2 0.16012815380508713",
            "t-0 1 sr-1 2 0.16012815380508713",
        ]
    );
}

/// Returns the similarity of two works with `both` common users, and `one` and `other`
/// users each.
fn similarity(both: f64, one: f64, other: f64) -> f64 {
    both / ((one + 10.0) * (other + 10.0)).sqrt()
}

#[tokio::test]
async fn the_most_similar_are_nearest() {
    let views = "
        user_id session_id title_id series_id day watch_ms completion_rate completed rating
        ann     s1         t-0      -         0   900      0.5             false     -
        ann     s1         t-3      -         0   900      0.5             false     -
        ann     s1         t-6      -         0   900      0.5             false     -
        ann     s1         t-9      -         0   900      0.5             false     -
        -- No other user likes it.
        ann     s1         t-12     -         0   900      0.5             false     -
        -- A second view that does not count does not revoke the first.
        bob     s2         t-0      -         0   900      0.5             false     -
        bob     s3         t-0      -         -1  900      0.5             false     2.0
        bob     s2         t-3      -         0   900      0.5             false     -
        bob     s2         t-6      -         0   900      0.5             false     -
        cat     s4         t-3      -         0   900      0.5             false     -
        cat     s4         t-6      -         0   900      0.5             false     -
        -- Two users like it, but no other work has both of them.
        dan     s5         t-9      -         0   900      0.5             false     -
        -- Neither a completion rate nor a rating.
        dan     s5         t-0      -         0   900      -               false     -";
    let (strong, weak) = (similarity(3.0, 3.0, 3.0), similarity(2.0, 2.0, 3.0));
    assert_eq!(
        build("title_neighbour", views).await,
        [
            "work_id neighbour_rank neighbour_id users similarity".to_owned(),
            format!("t-0 1 t-3 2 {weak}"),
            format!("t-0 2 t-6 2 {weak}"),
            format!("t-3 1 t-6 3 {strong}"),
            format!("t-3 2 t-0 2 {weak}"),
            format!("t-6 1 t-3 3 {strong}"),
            format!("t-6 2 t-0 2 {weak}"),
        ]
    );
}

#[tokio::test]
async fn the_last_twenty_liked_works_of_a_user_count() {
    for (later, rows) in [(18, 2), (19, 0)] {
        let mut views = "
            user_id session_id title_id series_id day watch_ms completion_rate completed rating
            ann     s1         t-0      -         -3  900      1.0             true      -
            ann     s1         t-1      -         -2  900      1.0             true      -
            bob     s2         t-0      -         0   900      1.0             true      -
            bob     s2         t-1      -         0   900      1.0             true      -"
            .to_owned();
        // Each is seen twice and counts as one work.
        for number in 0..later {
            views += &format!("\nann s3 w-{number} - -1 900 1.0 true -");
            views += &format!("\nann s4 w-{number} - 0 900 1.0 true -");
        }
        // A work that is not liked does not count.
        views += "\nann s5 w-less - 0 900 0.25 false -";
        let found = build("title_neighbour", &views).await;
        assert_eq!(found.len(), 1 + rows, "{later} later: {found:?}");
    }
}

#[tokio::test]
async fn only_users_of_the_last_week_count() {
    for (last, rows) in [(-6, 2), (-7, 0)] {
        let mut views = "
            user_id session_id title_id series_id day watch_ms completion_rate completed rating"
            .to_owned();
        for user in ["ann", "bob"] {
            views += &format!("\n{user} s1 t-0 - -29 900 1.0 true -");
            views += &format!("\n{user} s2 t-1 - {last} 900 1.0 true -");
        }
        let found = build("title_neighbour", &views).await;
        assert_eq!(found.len(), 1 + rows, "{last}: {found:?}");
    }
}
