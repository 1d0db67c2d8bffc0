//! The books of intact lakes.

use marquee_audit::AuditError;
use marquee_audit::{self as audit, Status};
use marquee_lake::receipt::Receipt;

use crate::lake::{DATE, Lake, NEXT, Sent, broken, play, play_at, shard_id};

#[tokio::test]
async fn an_intact_lake_is_balanced() {
    let lake = Lake::new();
    let batch = [
        Sent::new(1, &[play(1), play(2), "<html>".to_owned()]),
        Sent::new(2, &[play(4)]),
    ];
    lake.deliver(&batch).await;
    let other = Sent::new(7, &[broken(5), play(6)]).in_shard(1);
    lake.deliver(&[other.at(&format!("{DATE}T13:00:00Z"))])
        .await;
    lake.publish().await;

    let audit = lake.audit_with(&[(0, 2), (1, 1)]).await;
    assert_eq!(audit.problems, []);
    assert!(audit.balanced);
    let book = &audit.ingest;
    assert_eq!((book.batches, book.records), (2, 3));
    assert_eq!((book.received, book.processed, book.quarantined), (6, 4, 2));
    assert_eq!((book.units.distinct, book.units.open), (6, 2));
    let shard = book.shards[&shard_id(0)];
    assert_eq!((shard.stream, shard.seen, shard.failed), (Some(2), 2, 0));
    assert_eq!(
        (book.hours[&12].received, book.hours[&13].quarantined),
        (4, 1)
    );
    let producer = &book.producers["p"];
    // Number 3 is missing; the unit without a readable number can explain it.
    assert_eq!(
        (producer.up_to, producer.present, producer.missing),
        (6, 5, 1)
    );
    assert_eq!(book.unnumbered, 1);
    let event = audit.event.unwrap();
    assert_eq!((event.found.rows, event.found.distinct), (4, 4));
    assert_eq!((event.found.curated, event.found.duplicates), (4, 0));
    assert_eq!(event.tables["events"].rows, 4);
}

#[tokio::test]
async fn a_repeated_event_is_redelivered_or_a_duplicate() {
    let lake = Lake::new();
    let (one, two, three) = (
        Sent::new(1, &[play(1)]),
        Sent::new(2, &[play(2), "x".to_owned()]),
        Sent::new(3, &[play(2)]),
    );
    lake.deliver(&[one, two.clone()]).await;
    // A retry cut the batches differently: record 2 is redelivered.
    lake.deliver(&[two, three]).await;
    lake.publish().await;

    let audit = lake.audit_with(&[(0, 3)]).await;
    assert_eq!(audit.problems, []);
    let units = audit.ingest.units;
    assert_eq!((units.rows, units.distinct, units.redelivered), (6, 4, 2));
    let found = audit.event.unwrap().found;
    assert_eq!((found.rows, found.redelivered), (4, 1));
    assert_eq!((found.distinct, found.curated, found.duplicates), (3, 2, 1));
}

#[tokio::test]
async fn records_are_counted_on_the_date_that_they_arrived() {
    let lake = Lake::new();
    let before = Sent::new(1, &[play(1)]).at("2026-02-28T23:59:59.9Z");
    let after = Sent::new(2, &[play(2)]).at(&format!("{DATE}T00:00:00Z"));
    let next = Sent::new(4, &[play(4)]).at("2026-03-02T00:00:00.1Z");
    let late = Sent::new(5, &[play(3)]).at(&format!("{DATE}T23:59:59.9Z"));
    let receipts = [
        lake.deliver(&[before, after]).await,
        // Arrival times are not monotonic within a shard.
        lake.deliver(&[next, late]).await,
    ];
    for form in ["current receipts", "receipts without arrival dates"] {
        let audit = lake.audit_with(&[(0, 2)]).await;
        assert_eq!(audit.problems, [], "{form}");
        assert_eq!(audit.ingest.batches, 0, "both have another ingest date");
        assert_eq!(audit.ingest.shards[&shard_id(0)].seen, 2);
        for receipt in &receipts {
            lake.put(&receipt.key(), without_arrival_dates(receipt))
                .await;
        }
    }
}

/// Returns the receipt in its older form, which has only the first and the last arrival.
fn without_arrival_dates(receipt: &Receipt) -> Vec<u8> {
    let mut form = serde_json::to_value(receipt).unwrap();
    form.as_object_mut().unwrap().remove("arrival_dates");
    serde_json::to_vec(&form).unwrap()
}

#[tokio::test]
async fn arrivals_within_a_batch_may_go_back_by_days() {
    let lake = Lake::new();
    // Neither the first nor the last record of the batch arrived on the date.
    lake.deliver(&[
        Sent::new(1, &[play(1)]).at("2026-03-03T23:00:00Z"),
        Sent::new(2, &[play(2)]),
        Sent::new(3, &[play(3), "x".to_owned()]),
        Sent::new(4, &[play(5)]).at("2026-03-03T23:00:01Z"),
    ])
    .await;
    let audit = lake.audit_with(&[(0, 2)]).await;
    assert_eq!(audit.problems, []);
    assert_eq!(audit.ingest.shards[&shard_id(0)].seen, 2);
    assert_eq!(
        (audit.ingest.units.processed, audit.ingest.units.open),
        (2, 1)
    );
    assert_eq!(audit.ingest.producers["p"].up_to, 3);
    // If the stream counts one more record, that record is lost.
    assert!(!lake.audit_with(&[(0, 3)]).await.balanced);
    let nothing = audit::audit_date(&lake.store, NEXT.parse().unwrap(), None).await;
    assert!(
        matches!(nothing, Err(AuditError::Nothing(_))),
        "no record arrived on the date between: {nothing:?}"
    );
}

#[tokio::test]
async fn records_without_units_are_accounted_for() {
    let lake = Lake::new();
    let blank = || Sent::new(2, &["\n \n".to_owned()]);
    lake.deliver(&[Sent::new(1, &[play(1)]), blank()]).await;
    let audit = lake.audit_with(&[(0, 2)]).await;
    assert_eq!(audit.problems, []);
    assert_eq!(audit.ingest.shards[&shard_id(0)].blank, 1);
    // Two overlapping batches count it, so it counts once or twice.
    lake.deliver(&[blank(), Sent::new(3, &[play(2)])]).await;
    assert!(lake.audit_with(&[(0, 3)]).await.balanced);
    assert!(!lake.audit_with(&[(0, 5)]).await.balanced);
}

#[tokio::test]
async fn records_without_units_count_on_their_date_of_arrival() {
    let lake = Lake::new();
    let blank = |sequence| Sent::new(sequence, &["\n".to_owned()]);
    lake.deliver(&[
        Sent::new(1, &[play(1)]).at(&format!("{DATE}T23:59:58Z")),
        blank(2).at(&format!("{DATE}T23:59:59Z")),
        blank(3).at(&format!("{NEXT}T00:00:00Z")),
        blank(4).at(&format!("{NEXT}T00:00:01Z")),
    ])
    .await;
    for (date, records) in [(DATE, 2), (NEXT, 2)] {
        for stream in 0..5 {
            let audit = lake.audit_of_with(date, &[(0, stream)]).await;
            assert_eq!(audit.balanced, stream == records, "{stream} on {date}");
        }
    }
}

#[tokio::test]
async fn batches_with_arrivals_in_another_order_do_not_overlap() {
    let lake = Lake::new();
    let blank = |sequence| Sent::new(sequence, &["\n".to_owned()]);
    let later = Sent::new(1, &[play(1)]).at(&format!("{NEXT}T00:00:10Z"));
    lake.deliver(&[later, blank(2)]).await;
    lake.deliver(&[Sent::new(3, &[play(2)]), blank(4)]).await;
    assert!(lake.audit_with(&[(0, 3)]).await.balanced);
    assert!(!lake.audit_with(&[(0, 2)]).await.balanced, "one was lost");
}

#[tokio::test]
async fn a_date_is_final_when_its_late_window_has_passed() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    let audit = lake.audit().await;
    assert_eq!(audit.status, Status::Provisional);
    assert_eq!(
        audit.provisional_because,
        [
            "its late window is open until a record arrives more than 3 days after it, and the newest arrival is of 2026-03-01",
            "its events are not curated yet",
        ]
    );
    lake.publish().await;
    let late = Sent::new(2, &[play_at(2, "2026-03-05T00:00:00Z")]).at("2026-03-05T00:00:00Z");
    lake.deliver(&[late]).await;
    let audit = lake.audit().await;
    assert_eq!(audit.provisional_because, Vec::<String>::new());
    assert_eq!(audit.status, Status::Final);

    let later = Sent::new(3, &[play(3)]).at("2026-03-06T00:00:00Z");
    lake.deliver(&[later]).await;
    let audit = lake.audit().await;
    assert_eq!(
        audit.provisional_because,
        ["1 events in 1 receipts wait for its next run"]
    );
    assert!(audit.balanced, "waiting events are not lost");
}

#[tokio::test]
async fn a_date_that_the_lake_does_not_have_is_an_error() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    let fault = |date: &'static str| {
        let store = lake.store.clone();
        async move {
            match audit::audit_date(&store, date.parse().unwrap(), None).await {
                Err(AuditError::Nothing(fault)) => fault,
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(
        fault("2026-03-02").await,
        "the lake has no records and no events of 2026-03-02; the dates of its arrivals are 2026-03-01, those of its events 2026-03-01"
    );
}
