//! What holds of every estimate.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_cost::{BadWorkload, Estimate, Group, Mode, Packing, Records, Workload, measured};

const RATES: [f64; 7] = [1.0, 100.0, 1e4, 1e6, 1e8, 1e10, 1e12];

/// A service in every way that it can be set up.
fn every_way(events_per_day: f64) -> Vec<Workload> {
    let mut ways = Vec::new();
    for mode in [Mode::Provisioned, Mode::OnDemand] {
        for (aggregate, compress) in [(true, true), (true, false), (false, true), (false, false)] {
            for raw in [true, false] {
                let base = Workload::new(events_per_day);
                let packing = Packing {
                    aggregate,
                    compress,
                    ..base.packing
                };
                ways.push(Workload {
                    mode,
                    packing,
                    raw,
                    ..base
                });
            }
        }
    }
    ways
}

#[test]
fn lines_add_up_to_the_whole() {
    for rate in RATES {
        for workload in every_way(rate) {
            let estimate = Estimate::of(&workload).unwrap();
            let lines: f64 = estimate.lines.iter().map(|line| line.dollars).sum();
            let groups: f64 = Group::ALL
                .map(|group| estimate.of_group(group))
                .iter()
                .sum();
            for sum in [lines, groups] {
                let whole = estimate.making + estimate.keeping;
                assert!((sum - whole).abs() <= whole * 1e-12, "{sum} and {whole}");
            }
            for line in &estimate.lines {
                assert!(line.dollars.is_finite() && line.quantity > 0.0, "{line:?}");
                assert!((line.dollars - line.quantity * line.price).abs() <= line.dollars * 1e-12);
            }
        }
    }
}

#[test]
fn more_events_cost_more_and_each_costs_less() {
    for way in 0..every_way(1.0).len() {
        let mut last = Estimate::of(&every_way(1.0)[way]).unwrap();
        // Up to where the objects of splits, chunks times buckets, are what costs.
        for rate in &RATES[1..5] {
            let next = Estimate::of(&every_way(*rate)[way]).unwrap();
            assert!(next.making > last.making, "{way} at {rate}");
            assert!(next.per_million < last.per_million, "{way} at {rate}");
            last = next;
        }
    }
}

#[test]
fn fewer_fuller_records_are_where_the_money_is() {
    let of = |workload: &Workload| Estimate::of(workload).unwrap().of_group(Group::Stream);
    for mode in [Mode::Provisioned, Mode::OnDemand] {
        let base = Workload {
            mode,
            ..Workload::new(86.4e6)
        };
        let packed = |aggregate, compress| {
            let packing = Packing {
                aggregate,
                compress,
                ..base.packing
            };
            of(&Workload { packing, ..base })
        };
        assert!(packed(true, true) < packed(true, false));
        assert!(packed(true, false) < packed(false, false));
    }
}

/// The producer's records, as they were counted, within a twentieth.
#[test]
fn records_are_as_many_as_the_producer_made() {
    for (linger_s, records) in [
        (2.0, 37_014.0),
        (5.0, 16_249.0),
        (10.0, 8_412.0),
        (20.0, 4_305.0),
    ] {
        let base = Workload::new(298_440.0);
        let packing = Packing {
            buckets: 1.0,
            linger_s,
            ..base.packing
        };
        let made = Records::of(&Workload { packing, ..base }).per_second * 86_400.0;
        assert!(
            (made / records - 1.0).abs() < 0.05,
            "{made:.0} and {records}"
        );
    }
}

#[test]
fn bytes_are_as_many_as_the_producer_made() {
    let base = Workload::new(298_440.0);
    for (compress, linger_s, bytes) in [(true, 10.0, 22_653_469.0), (false, 10.0, 111_945_712.0)] {
        let packing = Packing {
            buckets: 1.0,
            linger_s,
            compress,
            ..base.packing
        };
        let made = Records::of(&Workload { packing, ..base }).bytes_per_second() * 86_400.0;
        assert!((made / bytes - 1.0).abs() < 0.02, "{made:.0} and {bytes}");
    }
}

#[test]
fn compression_was_measured_downwards() {
    for pair in measured::COMPRESSED.windows(2) {
        assert!(pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1, "{pair:?}");
    }
}

#[test]
fn a_record_never_outgrows_its_unit_while_it_holds_several() {
    for rate in RATES {
        for workload in every_way(rate) {
            let records = Records::of(&workload);
            assert!(records.events >= 1.0);
            assert!(records.bytes <= 25_600.0 + 1e-6, "{records:?}");
        }
    }
}

#[test]
fn what_no_month_has_is_refused() {
    let base = Workload::new(1e6);
    let faults = [
        Workload {
            events_per_day: 0.0,
            ..base
        },
        Workload {
            events_per_day: f64::NAN,
            ..base
        },
        Workload {
            events_per_day: f64::INFINITY,
            ..base
        },
        Workload {
            avg_bytes: -1.0,
            ..base
        },
        Workload {
            refused: 1.1,
            ..base
        },
        Workload { peak: 0.5, ..base },
        Workload {
            stream_hours: 23.0,
            ..base
        },
        Workload {
            window_s: 301.0,
            ..base
        },
        Workload {
            packing: Packing {
                producers: 0.0,
                ..base.packing
            },
            ..base
        },
        Workload {
            packing: Packing {
                buckets: 0.0,
                ..base.packing
            },
            ..base
        },
    ];
    for workload in faults {
        let error = Estimate::of(&workload).unwrap_err();
        assert!(matches!(error, BadWorkload::OutOfRange { .. }), "{error}");
    }
    let error = Estimate::of(&Workload {
        window_s: 301.0,
        ..base
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "seconds of a batch's window: 301 is not between 0 and 300"
    );
    let on_demand = Workload {
        mode: Mode::OnDemand,
        shards: Some(2),
        ..base
    };
    assert_eq!(Estimate::of(&on_demand), Err(BadWorkload::ShardsOnDemand));
    let plain = Packing {
        aggregate: false,
        compress: false,
        ..base.packing
    };
    let narrow = Workload {
        mode: Mode::Provisioned,
        shards: Some(2),
        packing: plain,
        ..Workload::new(86.4e6)
    };
    assert_eq!(
        Estimate::of(&narrow).unwrap_err().to_string(),
        "2 shards do not carry the peak, which needs 3: give as many, or none"
    );
}

#[test]
fn it_is_one_json_object() {
    let estimate = Estimate::of(&Workload::new(86.4e6)).unwrap();
    let json = serde_json::to_value(&estimate).unwrap();
    assert_eq!(
        json["lines"].as_array().unwrap().len(),
        estimate.lines.len()
    );
    assert_eq!(json["lines"][0]["group"], "stream");
    assert_eq!(json["workload"]["mode"], "provisioned");
}
