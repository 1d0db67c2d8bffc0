//! Compatibility with the Kinesis Producer Library: its test vectors decode to
//! the expected records, and its de-aggregator reads the codec's aggregates.
//!
//! The codec's property tests are in its source files;
//! `PROPTEST_CASES=100000 cargo test -p marquee-codec` runs them with more cases.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use marquee_codec::{Limits, Unit, Unpacker, kpl};
use marquee_conditional_tests::{python, python_script, run, shared_data, tests};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// A user record: partition key, explicit hash key, data.
type User = (String, Option<String>, Vec<u8>);

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Decodes base64 data, which some files hold as the Python literal `b'…'`.
fn data(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let bare = text
        .strip_prefix("b'")
        .and_then(|text| text.strip_suffix('\''));
    base64_simd::STANDARD
        .decode_to_vec(bare.unwrap_or(text))
        .unwrap()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Returns the user records of an aggregate, or any other record as one.
fn users(record: &[u8], partition_key: &str) -> Vec<User> {
    if !kpl::is_aggregate(record) {
        return vec![(partition_key.to_owned(), None, record.to_vec())];
    }
    let owned = |user: kpl::UserRecord<'_>| {
        (
            user.partition_key.to_owned(),
            user.explicit_hash_key.map(str::to_owned),
            user.data.to_vec(),
        )
    };
    kpl::decode(record)
        .unwrap()
        .into_iter()
        .map(owned)
        .collect()
}

fn lines(record: &[u8]) -> Vec<(Vec<u8>, Option<String>)> {
    let mut lines = Vec::new();
    let load = |_, out: &mut Vec<u8>| {
        out.clear();
        out.extend_from_slice(record);
        Ok(())
    };
    let each = |_, unit: Unit<'_>| match unit {
        Unit::Line {
            bytes,
            partition_key,
        } => {
            lines.push((bytes.to_vec(), partition_key.map(str::to_owned)));
            Ok::<_, Infallible>(())
        }
        Unit::Broken { error, .. } => panic!("{error}"),
    };
    Unpacker::new(Limits::default())
        .unpack(1, load, each)
        .unwrap();
    lines
}

fn main() -> ExitCode {
    run([
        tests!(shared_data("kpl") => [the_librarys_records_decode_to_the_expected_records]),
        tests!(python => [the_reference_deaggregator_reads_the_aggregates]),
    ])
}

fn the_librarys_records_decode_to_the_expected_records(folder: PathBuf) {
    let mut seen = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("kpl_") {
            continue;
        }
        let record = json(&folder.join(&name));
        // The envelope of Lambda, or that of Kinesis Analytics.
        let (bytes, key) = match record.get("kinesis") {
            Some(kinesis) => (data(&kinesis["data"]), &kinesis["partitionKey"]),
            None => (
                data(&record["data"]),
                &record["kinesisStreamRecordMetadata"]["partitionKey"],
            ),
        };
        let got = users(&bytes, key.as_str().unwrap());

        let expected = json(&folder.join(format!("expected_{name}")));
        let expected = expected.as_array().unwrap();
        let wanted: Vec<User> = expected
            .iter()
            .enumerate()
            .map(|(index, user)| {
                let user = user.get("kinesis").unwrap_or(user);
                if let Some(number) = user.get("subSequenceNumber") {
                    assert_eq!(number, index, "{name}");
                }
                let hash_key = user.get("explicitHashKey").and_then(text);
                (
                    text(&user["partitionKey"]).unwrap(),
                    hash_key,
                    data(&user["data"]),
                )
            })
            .collect();
        assert_eq!(got, wanted, "{name}");

        // Each of these user records is one line.
        let aggregated = kpl::is_aggregate(&bytes);
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(key, _, data)| (data.trim_ascii_end().to_vec(), aggregated.then_some(key)))
            .collect();
        assert_eq!(lines(&bytes), wanted, "{name}");
        seen.push(got.len());
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 4, 4, 8]);
}

fn the_reference_deaggregator_reads_the_aggregates(python: PathBuf) {
    // All user records have a hash key, or none has. In an aggregate that mixes
    // both, the reference gives the first hash key to the records without one.
    let user = || {
        (
            prop_oneof![Just("b-001".to_owned()), ".{0,20}"],
            "[0-9]{1,39}",
            proptest::collection::vec(any::<u8>(), 0..400),
        )
    };
    let users = (proptest::collection::vec(user(), 1..40), any::<bool>()).prop_map(
        |(users, hashed)| -> Vec<User> {
            let users = users.into_iter();
            users
                .map(|(key, hash_key, data)| (key, hashed.then_some(hash_key), data))
                .collect()
        },
    );
    let strategy = proptest::collection::vec(users, 200);
    let given: Vec<Vec<User>> = strategy
        .new_tree(&mut TestRunner::deterministic())
        .unwrap()
        .current();

    let mut input = String::new();
    for users in &given {
        let mut aggregate = kpl::Aggregate::new();
        for (key, hash_key, data) in users {
            aggregate.push(key, hash_key.as_deref(), data);
        }
        base64_simd::STANDARD.encode_append(aggregate.finish(), &mut input);
        input.push('\n');
    }
    let mut child = Command::new(python)
        .arg(python_script("deaggregate.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());

    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.lines().count(), given.len());
    for (line, users) in output.lines().zip(given) {
        let theirs: Vec<Value> = serde_json::from_str(line).unwrap();
        let theirs: Vec<(User, u64)> = theirs
            .iter()
            .map(|user| {
                let [key, hash_key, index, bytes] = &user.as_array().unwrap()[..] else {
                    panic!("{user}");
                };
                let user = (text(key).unwrap(), text(hash_key), data(bytes));
                (user, index.as_u64().unwrap())
            })
            .collect();
        let ours: Vec<(User, u64)> = users.into_iter().zip(0..).collect();
        assert_eq!(theirs, ours);
    }
}
