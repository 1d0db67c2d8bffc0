//! Compares docs/COST.md with the model.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_cost::{
    Environment, Estimate, Group, Mode, Packing, Records, Retention, Workload, by_component,
    by_rate, by_setting, measured, prices, prices_table,
};

const PAGE: &str = include_str!("../../../docs/COST.md");
/// The events of a day at 1,000 events a second.
const DAY: f64 = 86_400_000.0;

/// Returns the workload of infra/'s defaults, but with an on-demand stream.
fn on_demand(events_per_day: f64) -> Workload {
    Workload {
        mode: Mode::OnDemand,
        ..Workload::new(events_per_day)
    }
}

#[track_caller]
fn says(text: &str) {
    assert!(
        PAGE.contains(text.trim_end()),
        "docs/COST.md does not contain:\n{text}"
    );
}

#[test]
fn the_prices_are_on_the_page() {
    says(&prices_table());
    says(prices::AS_OF);
}

#[test]
fn the_buckets_of_the_highest_rate_are_on_the_page() {
    let estimate = Estimate::of(&Workload::new(10.0 * DAY)).unwrap();
    let of_run = (of(&estimate, "state transitions").0 / prices::DAYS - 10.0) / 4.0;
    // 657 chunks give 42 parts of sixteen in a first run; 43 chunks give 3 in each later run.
    let parts = (42.0 + 3.0 * 3.0) / 4.0;
    let buckets = (of_run - 16.0) / 2.0 - parts;
    says(&format!("with {buckets:.0} buckets as with one"));
    let is_more = estimate.of_group(Group::Day) > estimate.of_group(Group::Stream);
    assert!(is_more && estimate.workload.mode == Mode::Provisioned);
    says("the day costs more than a provisioned stream");
}

#[test]
fn the_tables_by_rate_are_on_the_page() {
    let rates = [10.0, 100.0, 1_000.0, 10_000.0];
    says(&by_rate(&Workload::new(DAY), &rates).unwrap());
    says(&by_rate(&on_demand(DAY), &rates).unwrap());
}

#[test]
fn the_table_by_component_is_on_the_page() {
    says(&by_component(&Estimate::of(&Workload::new(DAY)).unwrap()));
}

#[test]
fn the_table_by_setting_is_on_the_page() {
    let base = Workload::new(DAY);
    let packed = |packing: Packing| Workload { packing, ..base };
    let retained = |retention: Retention| Workload { retention, ..base };
    let rows = [
        ("default", base),
        (
            "on-demand stream",
            Workload {
                mode: Mode::OnDemand,
                ..base
            },
        ),
        (
            "one event per record, uncompressed",
            packed(Packing {
                aggregate: false,
                compress: false,
                ..base.packing
            }),
        ),
        (
            "the same, on-demand stream",
            Workload {
                mode: Mode::OnDemand,
                ..packed(Packing {
                    aggregate: false,
                    compress: false,
                    ..base.packing
                })
            },
        ),
        (
            "aggregated, uncompressed",
            packed(Packing {
                compress: false,
                ..base.packing
            }),
        ),
        (
            "50 producers",
            packed(Packing {
                producers: 50.0,
                ..base.packing
            }),
        ),
        (
            "50 producers, linger of 10 s",
            packed(Packing {
                producers: 50.0,
                linger_s: 10.0,
                ..base.packing
            }),
        ),
        (
            "4 producer buckets",
            packed(Packing {
                buckets: 4.0,
                ..base.packing
            }),
        ),
        (
            "batching window of 5 s",
            Workload {
                window_s: 5.0,
                ..base
            },
        ),
        (
            "batching window of 300 s",
            Workload {
                window_s: 300.0,
                ..base
            },
        ),
        (
            "stream retention of 1 day",
            Workload {
                stream_hours: 24.0,
                ..base
            },
        ),
        ("no raw zone", Workload { raw: false, ..base }),
        (
            "current day processed hourly as well",
            base.with_current_day_runs(24.0),
        ),
        (
            "envs/prod.tfvars: on-demand, hourly, window of 300 s",
            Workload::of_environment(DAY, Environment::Prod),
        ),
        (
            "envs/dev.tfvars: half-hourly, one day in the stream, essential monitoring",
            Workload::of_environment(DAY, Environment::Dev),
        ),
        (
            "only the previous day is processed",
            Workload {
                dates_per_day: 1.0,
                ..base
            },
        ),
        (
            "curated retention of 90 days",
            retained(Retention {
                curated: 90.0,
                ..base.retention
            }),
        ),
        (
            "no alarms, metrics and dashboard",
            Workload {
                alarms: 0.0,
                metrics: 0.0,
                dashboards: 0.0,
                ..base
            },
        ),
    ];
    says(&by_setting(&rows).unwrap());
}

#[test]
fn the_table_by_environment_is_on_the_page() {
    let rows = [
        ("infra/variables.tf", Workload::new(1e5)),
        (
            "envs/dev.tfvars",
            Workload::of_environment(1e5, Environment::Dev),
        ),
        (
            "envs/prod.tfvars",
            Workload::of_environment(1e5, Environment::Prod),
        ),
    ];
    says(&by_setting(&rows).unwrap());
}

/// The fixed part of a development deployment.
#[test]
fn the_fixed_part_of_dev_by_hand() {
    let dev = Workload::of_environment(1e5, Environment::Dev);
    let estimate = Estimate::of(&dev).unwrap();
    let large: f64 = 730.0 * 0.015 + 6.0 * 0.30 + 13.0 * 0.10 + 1.0;
    says(&format!(
        "730 × $0.015 + 6 × $0.30 + 13 × $0.10 + $1 = ${large:.2}"
    ));
    says(&format!("${:.2} a month in `dev`", estimate.fixed));
    // 30 runs of dates with one bucket, and 49 executions a day.
    let transitions = (30.0 * 18.0 + 49.0 * 10.0) * prices::DAYS * 0.000_025;
    says(&format!(
        "(30 × 18 + 49 × 10) × 30.4 × $0.000025 = ${transitions:.2}"
    ));
    assert!((of(&estimate, "state transitions").1 - transitions).abs() < 1e-6);
    let rest = estimate.fixed - large - transitions;
    assert!(rest > 0.0 && rest < 1.0, "{rest}");
}

fn of(estimate: &Estimate, item: &str) -> (f64, f64) {
    let line = estimate.lines.iter().find(|line| line.item == item);
    let line = line.unwrap_or_else(|| panic!("no line {item}"));
    (line.quantity, line.dollars)
}

/// One event per record, on demand: the cost of a million by hand.
#[test]
fn a_million_records_by_hand() {
    let workload = Workload {
        mode: Mode::OnDemand,
        packing: Packing {
            aggregate: false,
            compress: false,
            ..Workload::new(1.0).packing
        },
        events_per_day: 1e6 / prices::DAYS,
        ..Workload::new(1.0)
    };
    let estimate = Estimate::of(&workload).unwrap();
    let (incoming, in_dollars) = of(&estimate, "data in");
    let (outgoing, out_dollars) = of(&estimate, "data out");
    assert!((incoming - 1e6 * 1_024.0 / 1_073_741_824.0).abs() < 1e-9);
    assert!((outgoing - 1e6 * 375.0 / 1_073_741_824.0).abs() < 1e-9);
    says(&format!(
        "1,000,000 × 1,024 / 2³⁰ = {incoming:.4} GB in, × $0.08 = ${in_dollars:.4}"
    ));
    says(&format!(
        "1,000,000 × 375 / 2³⁰ = {outgoing:.4} GB out, × $0.04 = ${out_dollars:.4}"
    ));
    let provisioned = Workload {
        mode: Mode::Provisioned,
        ..workload
    };
    let (units, dollars) = of(&Estimate::of(&provisioned).unwrap(), "PUT units");
    says(&format!(
        "{:.0} million PUT units, × $0.014 a million = ${dollars:.4}",
        units / 1e6
    ));
}

/// Full aggregates: the events in one PUT unit.
#[test]
fn a_full_unit_by_hand() {
    let full = |compress, avg_bytes| {
        let base = Workload {
            avg_bytes,
            ..Workload::new(1e12)
        };
        Records::of(&Workload {
            packing: Packing {
                compress,
                ..base.packing
            },
            ..base
        })
    };
    // (25,600 - 32) / (366 + 8), and 25,600 / (366 × 0.155).
    let plain = full(false, 366.0);
    assert!((plain.events - 25_568.0 / 374.0).abs() < 1e-6, "{plain:?}");
    let packed = full(true, 366.0);
    assert!(
        (packed.events - 25_600.0 / 56.73).abs() < 1e-6,
        "{packed:?}"
    );
    says(&format!(
        "(25,600 − 32) / (366 + 8) = {:.1} events",
        plain.events
    ));
    says(&format!(
        "25,600 / (366 × 0.155) = {:.0} events",
        packed.events
    ));
    says(&format!(
        "1,000,000 / {:.0} × $0.014 / 1,000,000 = ${:.5}",
        packed.events,
        1e6 / packed.events * prices::PUT_UNIT.each()
    ));
}

/// 1,000 events a second, step by step.
#[test]
fn a_thousand_a_second_by_hand() {
    let estimate = Estimate::of(&Workload::new(DAY)).unwrap();
    // 1 + 1,000 / 32 × 1 s events, and their share after compression.
    let events: f64 = 32.25;
    let fraction = (events / 18.37).ln() / (35.48_f64 / 18.37).ln();
    let share = 0.237 + (0.207 - 0.237) * fraction;
    let bytes = events * 366.0 * share;
    assert!((estimate.records.events - events).abs() < 1e-9);
    assert!((estimate.records.bytes - bytes).abs() < 1e-6);
    says(&format!("1 + 1,000 / 32 × 1 s = {events} events"));
    says(&format!("32.25 × 366 × {share:.4} = {bytes:.0} bytes"));

    let per_second = 1_000.0 / events;
    let units = per_second * 2_628_000.0;
    says(&format!(
        "{per_second:.2} records/s × 2,628,000 s = {:.2} M PUT units = ${:.2}",
        units / 1e6,
        units * 0.014 / 1e6
    ));
    assert!((of(&estimate, "PUT units").0 - units).abs() < 1.0);

    let payload = bytes * 4.0 / 3.0 + 520.0;
    let records = (6.0 * 1_048_576.0 / payload).floor();
    let batches = per_second * 2_628_000.0 / records;
    says(&format!(
        "{bytes:.0} × 4/3 + 520 = {payload:.0} bytes of payload"
    ));
    says(&format!("6 MiB hold {records:.0} records"));
    says(&format!("{batches:.0} batches"));
    assert!((estimate.batches - batches).abs() < 1.0);
    assert!(
        (of(&estimate, "objects and receipts written").1 - batches * 4.0 * 0.005 / 1e3).abs()
            < 1e-3
    );

    let seconds = 2_628e6 / batches * 1_063e-9 * 1.5 + 4.0 * 0.025;
    let duration = batches * seconds * 1_769.0 / 1_024.0 * 0.000_016_666_7;
    says(&format!("{seconds:.3} s a batch"));
    says(&format!("= ${duration:.2} of duration"));
    assert!((of(&estimate, "duration").1 - duration).abs() < 1e-6);

    let curated = DAY * 366.0 * 0.110 * 0.998 * 400.0 / 1_073_741_824.0;
    says(&format!(
        "{curated:.0} GB of curated tables, × $0.023 = ${:.2}",
        curated * 0.023
    ));
    assert!((of(&estimate, "curated").0 - curated).abs() < 1e-6);

    // The previous day is split, which reads and writes it. Three later runs read their
    // dates once, and each searches the arrivals of the day.
    let rows = DAY * 0.998;
    let kernel = rows * 640e-9 * 1.5;
    let divide = rows * 490e-9 * 1.5;
    let io = |share: f64| rows * 366.0 * share / 75e6;
    let first = divide + kernel + 3.0 * io(0.144) + io(0.110);
    let late = divide + io(0.144);
    let again = kernel + 2.0 * io(0.110) + late;
    says(&format!("that run takes {:.0} s more", io(0.110)));
    let dollars = prices::DAYS * (first + 3.0 * again) * 3_008.0 / 1_024.0 * 0.000_016_666_7;
    says(&format!(
        "first run {first:.0} s, each later one {again:.0} s"
    ));
    says(&format!("spends {late:.0} s on the batches"));
    says(&format!("${dollars:.2} of compaction"));
    assert!((of(&estimate, "duration, compaction").1 - dollars).abs() < 1e-6);

    // 66 chunks of 1.3 M rows; three times 5 chunks of 1 GiB.
    assert_eq!((rows / 1_310_720.0).ceil(), 66.0);
    assert_eq!((rows * 366.0 * 0.144 / 1_073_741_824.0).ceil(), 5.0);
    let splits = prices::DAYS * (66.0 + 3.0 * 5.0) * 16.0;
    let (written, dollars) = of(&estimate, "split objects written");
    assert!((written - splits).abs() < 1e-6);
    says(&format!(
        "(66 + 3 × 5) × 16 × 30.4 = {splits:.0} objects, ${dollars:.2}"
    ));

    // 10.8 buckets of eight million rows, rounded up to a power of two; 66 chunks in parts
    // of sixteen.
    says(&format!("{:.1} M rows are 16 buckets", rows / 1e6));
    let transitions = prices::DAYS * (4.0 * (16.0 + 2.0 * 16.0) + 2.0 * (5.0 + 3.0) + 10.0);
    says(&format!(
        "(4 × (16 + 2 × 16) + 2 × (5 + 3) + 10) × 30.4 = {transitions:.0} transitions"
    ));
    assert!((of(&estimate, "state transitions").0 - transitions).abs() < 1e-6);
}

/// The fixed part.
#[test]
fn the_fixed_part_by_hand() {
    let estimate = Estimate::of(&Workload::new(DAY)).unwrap();
    let large: f64 = 730.0 * (0.015 + 0.020) + 40.0 * 0.30 + 79.0 * 0.10 + 3.0 + 1.0;
    says(&format!("= ${large:.2}"));
    says(&format!("${:.2} a month without any event", estimate.fixed));
    assert!(estimate.fixed > large && estimate.fixed - large < 1.0);
}

/// The cost of the earlier dates that the newest date's marts read, which is left out.
#[test]
fn the_cost_of_look_back_windows_is_on_the_page() {
    // CPU seconds at four million events a date, docs/adr/0007-marts.md: a month of the
    // three later marts and of the others; and a single date.
    let month = (11.0 + 0.35 + 20.0) + (10.3 - 5.9 + 3.3);
    let one: f64 = 1.45 + 0.65;
    let more = (month - one) / 4.0;
    says(&format!("took {month:.0} CPU s instead of {one:.0}"));
    says(&format!("about {more:.1} µs more per event of a date"));
    let rows = DAY * 0.998;
    let seconds = |us: f64| rows * us * 1e-6 * 1.5 / measured::MARTS_BUSY * 1_769.0 / 3_008.0;
    let dollars = seconds(more) * 3_008.0 / 1_024.0 * 0.000_016_666_7 * prices::DAYS;
    says(&format!("${dollars:.2} a month"));
    says(&format!(
        "${:.4} a million",
        dollars / (DAY * prices::DAYS / 1e6)
    ));
    let fits = DAY * 900.0 / seconds(more + measured::MARTS_NS / 1e3);
    says(&format!("about {:.0} M events of a date", fits / 1e6));
    says(&format!("some {:.0}0 a second", fits / 864_000.0));
}

/// The page lists every assumption.
#[test]
fn the_assumptions_are_on_the_page() {
    for (name, value) in [
        ("slowdown of a Lambda CPU", measured::CPU_SLOWDOWN),
        ("seconds per S3 call", measured::S3_SECONDS),
        ("bytes per second of I/O", measured::LAMBDA_IO),
        ("seconds of overhead per step", measured::STEP_SECONDS),
        ("nanoseconds of the checks per event", measured::CHECKS_NS),
        ("CPU utilization of the marts", measured::MARTS_BUSY),
        (
            "earlier dates with late events per day",
            measured::LATE_DATES,
        ),
        ("bytes of logs per call", measured::LOG_BYTES),
        ("share of S3 requests that call KMS", measured::KMS_SHARE),
    ] {
        says(&format!("| {name} | {value} |"));
    }
}

/// The lowest rate at which the target is met.
#[test]
fn the_rate_that_meets_the_target_is_on_the_page() {
    let is_met = |rate: f64| {
        let estimate = Estimate::of(&Workload::new(rate * 86_400.0)).unwrap();
        estimate.processing_per_million < 0.03
    };
    let tens = (1..200)
        .find(|tens| is_met(f64::from(*tens) * 10.0))
        .unwrap();
    says(&format!(
        "holds from about {} events a second on",
        tens * 10
    ));
}

/// The cost per million events, and whether it meets the target.
#[test]
fn the_result_is_that_of_the_model() {
    let verdict = |workload: &Workload| {
        let dollars = Estimate::of(workload).unwrap().processing_per_million;
        let verb = if dollars < 0.03 {
            "is met"
        } else {
            "is not met"
        };
        format!("{verb}: ${dollars:.4}")
    };
    says(&format!(
        "As Terraform sets it up, the target of $0.03 {}",
        verdict(&Workload::new(DAY))
    ));
    says(&format!(
        "With `stream_mode = \"ON_DEMAND\"` it {}",
        verdict(&on_demand(DAY))
    ));
}
