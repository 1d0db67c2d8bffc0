//! The check that every producer number arrived.

use marquee_audit::{AcknowledgedGap, InvalidGap, Problem, acknowledge};
use marquee_lake::zone::Zone;

use crate::lake::{DATE, Lake, NEXT, Sent, broken, key_of, play, play_at};

async fn gap(lake: &Lake) -> Option<(u64, Vec<(u64, u64)>)> {
    gap_on(lake, DATE).await
}

async fn gap_on(lake: &Lake, date: &str) -> Option<(u64, Vec<(u64, u64)>)> {
    let audit = lake.audit_of(date).await;
    audit.problems.iter().find_map(|problem| match problem {
        Problem::ProducerGap { missing, gaps, .. } => Some((*missing, gaps.clone())),
        _ => None,
    })
}

#[tokio::test]
async fn only_units_without_a_number_explain_a_gap() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1), play(2), broken(3), play(7)])])
        .await;
    assert_eq!(gap(&lake).await, Some((3, vec![(4, 6)])));
    // Two units without a number explain two of three missing numbers.
    let junk = ["x".to_owned(), "y".to_owned()];
    lake.deliver(&[Sent::new(2, &junk)]).await;
    assert_eq!(gap(&lake).await, Some((3, vec![(4, 6)])));
    lake.deliver(&[Sent::new(3, &["z".to_owned()])]).await;
    assert_eq!(gap(&lake).await, None);
    assert!(lake.audit().await.balanced);
}

#[tokio::test]
async fn the_longest_gaps_are_named() {
    let lake = Lake::new();
    let lines: Vec<String> = (1..60).filter(|n| n % 2 == 0).map(play).collect();
    lake.deliver(&[Sent::new(1, &lines), Sent::new(2, &[play(70)])])
        .await;
    let (missing, gaps) = gap(&lake).await.unwrap();
    assert_eq!((missing, gaps.len()), (40, 10));
    assert_eq!(gaps[..2], [(59, 69), (1, 1)]);
}

#[tokio::test]
async fn numbers_are_checked_over_all_dates() {
    let lake = Lake::new();
    let play_before = |number| play_at(number, "2026-02-27T09:00:00Z");
    let before = Sent::new(1, &[play_before(1), play_before(2)]).at("2026-02-27T10:00:00Z");
    let receipt = lake.deliver(&[before]).await;
    lake.deliver(&[Sent::new(2, &[play(3), play(6)])]).await;
    assert_eq!(gap(&lake).await, Some((2, vec![(4, 5)])));
    // Number 4 arrives late, 5 never. Number 9 and the gap before it count on the next date.
    let after = Sent::new(3, &[play(4), play(9)]).at("2026-03-02T00:00:10Z");
    lake.deliver(&[after]).await;
    assert_eq!(gap(&lake).await, Some((1, vec![(5, 5)])));
    let line = &lake.audit().await.ingest.producers["p"];
    assert_eq!((line.up_to, line.late), (6, 1));

    // The numbers of a date are cached: the audit does not read its objects again …
    lake.remove(&key_of(&receipt, Zone::Processed)).await;
    assert_eq!(gap(&lake).await, Some((1, vec![(5, 5)])));
    // … until the date has another receipt.
    let again = Sent::new(9, &[play_before(2)]).at("2026-02-27T10:00:01Z");
    lake.deliver(&[again]).await;
    assert_eq!(gap(&lake).await, Some((2, vec![(1, 1), (5, 5)])));
}

#[tokio::test]
async fn a_unit_of_the_first_hour_after_midnight_explains_a_gap() {
    let lake = Lake::new();
    let last = Sent::new(1, &[play(1), play(3)]).at(&format!("{DATE}T23:59:59Z"));
    lake.deliver(&[last]).await;
    assert_eq!(gap(&lake).await, Some((1, vec![(2, 2)])));
    let junk = |sequence, at| Sent::new(sequence, &["x".to_owned()]).at(at);
    lake.deliver(&[junk(2, "2026-03-02T01:00:00Z")]).await;
    assert_eq!(
        gap(&lake).await,
        Some((1, vec![(2, 2)])),
        "one hour after midnight is too late"
    );
    lake.deliver(&[junk(3, "2026-03-02T00:59:59Z")]).await;
    assert_eq!(gap(&lake).await, None);
}

#[tokio::test]
async fn units_of_a_batch_that_spans_midnight_count_by_their_arrival() {
    let lake = Lake::new();
    let junk = || "x".to_owned();
    let before = Sent::new(1, &[play(1), play(2)]).at(&format!("{DATE}T23:00:00Z"));
    let after = Sent::new(2, &[junk(), play(4)]).at(&format!("{NEXT}T03:00:00Z"));
    lake.deliver(&[before, after]).await;
    assert_eq!(gap(&lake).await, None);
    let line = &lake.audit().await.ingest.producers["p"];
    assert_eq!((line.up_to, line.present, line.late), (2, 2, 0));
    let next = lake.audit_of(NEXT).await;
    assert_eq!(next.problems, []);
    let line = &next.ingest.producers["p"];
    assert_eq!((line.up_to, line.present, line.missing), (4, 3, 1));
    assert_eq!(next.ingest.unnumbered, 1);

    // A lost number is missing on the date whose numbers exceed it, not on an earlier one.
    lake.deliver(&[Sent::new(3, &[play(6)]).at(&format!("{NEXT}T05:00:00Z"))])
        .await;
    assert_eq!(gap(&lake).await, None);
    let both = vec![(3, 3), (5, 5)];
    assert_eq!(gap_on(&lake, NEXT).await, Some((2, both)));
}

#[tokio::test]
async fn a_redelivered_unit_explains_one_missing_number() {
    let lake = Lake::new();
    let first = Sent::new(1, &[play(1)]).at(&format!("{DATE}T23:59:59Z"));
    let again = Sent::new(2, &["x".to_owned()]).at(&format!("{NEXT}T00:00:01Z"));
    let last = Sent::new(3, &[play(4)]).at(&format!("{NEXT}T00:00:02Z"));
    // The unit is in two batches with different ingest dates.
    lake.deliver(&[first, again.clone()]).await;
    lake.deliver(&[again, last]).await;
    assert_eq!(gap_on(&lake, NEXT).await, Some((2, vec![(2, 3)])));
}

/// Returns an event with a number of another producer.
fn play_of(producer: &str, number: u64) -> String {
    play(number).replace(r#""id":"p""#, &format!(r#""id":"{producer}""#))
}

#[tokio::test]
async fn one_event_cannot_make_dates_unbalanced() {
    let lake = Lake::new();
    let highest = (1 << 53) - 1;
    let units = [play(1), play(2), play(highest)];
    lake.deliver(&[Sent::new(1, &units)]).await;
    let audit = lake.audit().await;
    assert_eq!(audit.problems, []);
    let line = &audit.ingest.producers["p"];
    assert_eq!((line.up_to, line.present, line.implausible), (2, 2, 1));

    // The numbers of the next date are counted as before.
    let next = Sent::new(2, &[play(3), play(5)]).at(&format!("{NEXT}T12:00:00Z"));
    lake.deliver(&[next]).await;
    assert_eq!(gap_on(&lake, NEXT).await, Some((1, vec![(4, 4)])));
}

#[tokio::test]
async fn a_long_gap_is_plausible_once_enough_numbers_follow_it() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1), play(3_000)])]).await;
    assert_eq!(gap(&lake).await, None, "one number claims a gap of 2,998");
    lake.deliver(&[Sent::new(2, &[play(3_001), play(3_002)])])
        .await;
    assert_eq!(gap(&lake).await, Some((2_998, vec![(2, 2_999)])));
}

#[tokio::test]
async fn junk_of_one_producer_excuses_no_other() {
    let lake = Lake::new();
    let junk = || "x".to_owned();
    let lossy = Sent::new(1, &[play(1), play(3)]);
    let noisy = Sent::new(2, &[play_of("q", 1), junk(), junk()]);
    lake.deliver(&[lossy, noisy]).await;
    assert_eq!(gap(&lake).await, Some((1, vec![(2, 2)])));
    // A record of junk only in a shard of two producers can be of either.
    lake.deliver(&[Sent::new(3, &[junk()])]).await;
    assert_eq!(gap(&lake).await, Some((1, vec![(2, 2)])));
    // Junk in a record of the producer itself explains its gap.
    lake.deliver(&[Sent::new(4, &[play(4), junk()])]).await;
    assert_eq!(gap(&lake).await, None);
    let audit = lake.audit().await;
    let excused = |producer: &str| audit.ingest.producers[producer].excused;
    assert_eq!(
        (excused("p"), excused("q"), audit.ingest.unnumbered),
        (1, 2, 4)
    );
}

#[tokio::test]
async fn junk_in_another_shard_excuses_no_producer() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1), play(3)])]).await;
    let junk = Sent::new(2, &["x".to_owned()]);
    lake.deliver(&[junk.in_shard(1)]).await;
    assert_eq!(gap(&lake).await, Some((1, vec![(2, 2)])));
}

#[tokio::test]
async fn an_acknowledged_gap_is_not_reported() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1), play(5), play(9)])])
        .await;
    assert_eq!(gap(&lake).await, Some((6, vec![(2, 4), (6, 8)])));
    let acknowledged = AcknowledgedGap {
        producer_id: "p".into(),
        from: 2,
        to: 5,
        by: "ada".into(),
        reason: "the device was reset".into(),
    };
    let key = acknowledge(&*lake.store, &acknowledged).await.unwrap();
    assert_eq!(
        acknowledge(&*lake.store, &acknowledged).await.unwrap(),
        key,
        "acknowledging is idempotent"
    );
    assert_eq!(gap(&lake).await, Some((3, vec![(6, 8)])));
    let line = &lake.audit().await.ingest.producers["p"];
    assert_eq!((line.present, line.missing, line.acknowledged), (3, 3, 3));
    // The object has who and why.
    let object = lake.get(&key).await;
    let object: serde_json::Value = serde_json::from_slice(&object).unwrap();
    assert_eq!(
        (&object["by"], &object["reason"]),
        (&"ada".into(), &"the device was reset".into())
    );

    let rest = AcknowledgedGap {
        from: 6,
        to: 8,
        ..acknowledged
    };
    acknowledge(&*lake.store, &rest).await.unwrap();
    assert!(lake.audit().await.balanced);
}

#[test]
fn a_gap_without_a_range_or_a_reason_is_refused() {
    let gap = AcknowledgedGap {
        producer_id: "p".into(),
        from: 2,
        to: 5,
        by: "ada".into(),
        reason: "lost".into(),
    };
    assert_eq!(gap.check(), Ok(()));
    for (from, to) in [(0, 5), (6, 5), (1, 1 << 53)] {
        let gap = AcknowledgedGap {
            from,
            to,
            ..gap.clone()
        };
        assert!(matches!(gap.check(), Err(InvalidGap::Range { .. })));
    }
    for reason in ["", " ", "a\nb", &"x".repeat(1_001)] {
        let gap = AcknowledgedGap {
            reason: reason.into(),
            ..gap.clone()
        };
        assert_eq!(gap.check(), Err(InvalidGap::Text { name: "reason" }));
    }
}
