//! Invariants of every estimate.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_cost::{BadWorkload, Estimate, Group, Mode, Packing, Records, Workload, measured};

const RATES: [f64; 7] = [1.0, 100.0, 1e4, 1e6, 1e8, 1e10, 1e12];

/// Returns workloads with every combination of the main settings.
fn combinations(events_per_day: f64) -> Vec<Workload> {
    let mut workloads = Vec::new();
    for mode in [Mode::Provisioned, Mode::OnDemand] {
        for (aggregate, compress) in [(true, true), (true, false), (false, true), (false, false)] {
            for raw in [true, false] {
                let base = Workload::new(events_per_day);
                let packing = Packing {
                    aggregate,
                    compress,
                    ..base.packing
                };
                workloads.push(Workload {
                    mode,
                    packing,
                    raw,
                    ..base
                });
            }
        }
    }
    workloads
}

#[test]
fn lines_add_up_to_the_whole() {
    for rate in RATES {
        for workload in combinations(rate) {
            let estimate = Estimate::of(&workload).unwrap();
            let lines: f64 = estimate.lines.iter().map(|line| line.dollars).sum();
            let groups: f64 = Group::ALL
                .map(|group| estimate.of_group(group))
                .iter()
                .sum();
            for sum in [lines, groups] {
                let total = estimate.processing + estimate.storage;
                assert!((sum - total).abs() <= total * 1e-12, "{sum} and {total}");
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
    for index in 0..combinations(1.0).len() {
        let mut last = Estimate::of(&combinations(1.0)[index]).unwrap();
        // At higher rates the split objects, chunks times buckets, dominate the cost.
        for rate in &RATES[1..5] {
            let next = Estimate::of(&combinations(*rate)[index]).unwrap();
            assert!(next.processing > last.processing, "{index} at {rate}");
            assert!(next.per_million < last.per_million, "{index} at {rate}");
            last = next;
        }
    }
}

#[test]
fn fewer_and_larger_records_cost_less() {
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

/// Compares with the counted records of the producer, within 5 %.
#[test]
fn the_number_of_records_is_that_of_the_producer() {
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
fn the_number_of_bytes_is_that_of_the_producer() {
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
fn the_compressed_share_falls_with_the_number_of_events() {
    for pair in measured::COMPRESSED.windows(2) {
        assert!(pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1, "{pair:?}");
    }
}

#[test]
fn a_record_never_exceeds_a_put_unit() {
    for rate in RATES {
        for workload in combinations(rate) {
            let records = Records::of(&workload);
            assert!(records.events >= 1.0);
            assert!(records.bytes <= 25_600.0 + 1e-6, "{records:?}");
        }
    }
}

#[test]
fn invalid_workloads_are_rejected() {
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
            rejected: 1.1,
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
        "batching window in seconds: 301 is not between 0 and 300"
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
        "2 shards are too few for the peak rate: set at least 3 or omit them"
    );
}

#[test]
fn the_json_has_its_field_names() {
    let estimate = Estimate::of(&Workload::new(86.4e6)).unwrap();
    let json = serde_json::to_value(&estimate).unwrap();
    for field in ["making", "keeping", "making_per_million", "per_million"] {
        assert!(json[field].is_number(), "{field}");
    }
    assert!(json["workload"]["kept"]["raw"].is_number());
    assert!(json["workload"]["refused"].is_number());
    assert_eq!(
        json["lines"].as_array().unwrap().last().unwrap()["group"],
        "kept"
    );
    assert_eq!(
        json["lines"].as_array().unwrap().len(),
        estimate.lines.len()
    );
    assert_eq!(json["lines"][0]["group"], "stream");
    assert_eq!(json["workload"]["mode"], "provisioned");
}
