//! KPL aggregates: their digests, eight in parallel and by the `md-5` crate one after the
//! other; and their protobuf messages.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use marquee_bench::input::Input;
use marquee_codec::compression::Decompressor;
use marquee_codec::envelope;
use marquee_codec::{CodecError, Compression, Limits, Unit, Unpacker, kpl};
use md5::{Digest, Md5};
use prost::Message;

use crate::Comparison;

#[derive(Message)]
struct AggregatedRecord {
    #[prost(string, repeated, tag = "1")]
    partition_keys: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    hash_keys: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<UserRecord>,
}

#[derive(Message)]
struct UserRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key: u64,
    #[prost(uint64, optional, tag = "2")]
    hash_key: Option<u64>,
    #[prost(bytes = "bytes", required, tag = "3")]
    data: Bytes,
}

/// Compares the parsers of the message of an aggregate. Both compute its digest one by one.
pub(crate) fn compare_messages(input: &Input) -> Result<Comparison<'_>> {
    let mut contents = Vec::new();
    let mut decompressor = Decompressor::default();
    for record in &records(input)? {
        let mut content = Vec::new();
        let limit = Limits::default().record_bytes;
        decompressor.decompress(Compression::of(record), record, limit, &mut content)?;
        contents.push(Bytes::from(content));
    }
    for content in &contents {
        let ours = kpl::decode(content)?;
        let theirs = by_prost(content)?;
        ensure!(ours.len() == theirs.records.len(), "user records differ");
        for (ours, record) in ours.iter().zip(&theirs.records) {
            let key = theirs.partition_keys.get(record.partition_key as usize);
            ensure!(ours.data == record.data && key.is_some_and(|key| key == ours.partition_key));
        }
    }
    let their_contents = contents.clone();
    let comparison = Comparison::new("protobuf of aggregates", input.events as usize, move || {
        for content in &contents {
            black_box(kpl::decode(content)?);
        }
        Ok(())
    })
    .library("prost", move || {
        for content in &their_contents {
            black_box(by_prost(content)?);
        }
        Ok(())
    });
    Ok(Comparison {
        plain: false,
        ..comparison
    })
}

fn by_prost(content: &Bytes) -> Result<AggregatedRecord> {
    let end = content
        .len()
        .checked_sub(16)
        .context("a record is too short")?;
    ensure!(content.starts_with(&kpl::MAGIC), "no magic bytes");
    let message = content.slice(kpl::MAGIC.len()..end);
    ensure!(
        Md5::digest(&message).as_slice() == &content[end..],
        "the MD5 does not match"
    );
    Ok(AggregatedRecord::decode(message)?)
}

pub(crate) fn compare(input: &Input) -> Result<Comparison<'_>> {
    let records = records(input)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    in_lanes(&mut Unpacker::new(Limits::default()), &records, |line| {
        ours.push(line.to_vec());
    })?;
    one_by_one(&mut Decompressor::default(), &records, |line| {
        theirs.push(line.to_vec());
    })?;
    ensure!(ours == theirs, "the libraries find other lines");
    ensure!(ours.len() as u64 == input.events, "lines are missing");
    let events = ours.len();
    let mut unpacker = Unpacker::new(Limits::default());
    let mut decompressor = Decompressor::default();
    let library_records = records.clone();
    let comparison = Comparison::new("MD5 of aggregates", events, move || {
        in_lanes(&mut unpacker, &records, |line| {
            black_box(line);
        })
    })
    .library("md-5", move || {
        one_by_one(&mut decompressor, &library_records, |line| {
            black_box(line);
        })
    });
    Ok(Comparison {
        plain: false,
        ..comparison
    })
}

fn records(input: &Input) -> Result<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    for payload in &input.payloads {
        for record in envelope::records(payload)? {
            let mut data = Vec::new();
            ensure!(record.decode_data(&mut data), "a record is not base64");
            records.push(data);
        }
    }
    Ok(records)
}

fn in_lanes(
    unpacker: &mut Unpacker,
    records: &[Vec<u8>],
    mut each: impl FnMut(&[u8]),
) -> Result<()> {
    let mut rest = records;
    while !rest.is_empty() {
        let load = |index: usize, out: &mut Vec<u8>| {
            let record = rest.get(index).ok_or(CodecError::NotBase64)?;
            out.clear();
            out.extend_from_slice(record);
            Ok(())
        };
        let unpacked = unpacker.unpack(rest.len(), load, |_, unit| match unit {
            Unit::Line { bytes, .. } => {
                each(bytes);
                Ok::<(), anyhow::Error>(())
            }
            Unit::Broken { error, .. } => Err(error.into()),
        })?;
        rest = rest.get(unpacked..).unwrap_or_default();
    }
    Ok(())
}

/// Unpacks as [`Unpacker`] does, for aggregates in zstd of events without compression.
fn one_by_one(
    decompressor: &mut Decompressor,
    records: &[Vec<u8>],
    mut each: impl FnMut(&[u8]),
) -> Result<()> {
    let (mut loaded, mut content) = (Vec::new(), Vec::new());
    for record in records {
        loaded.clear();
        loaded.extend_from_slice(record);
        let compression = Compression::of(&loaded);
        let limit = Limits::default().record_bytes;
        decompressor.decompress(compression, &loaded, limit, &mut content)?;
        let users = kpl::decode(&content).context("a record is no aggregate")?;
        for user in users {
            ensure!(
                Compression::of(user.data) == Compression::None,
                "a compressed user record"
            );
            for line in user.data.split(|byte| *byte == b'\n') {
                if !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
                    each(line);
                }
            }
        }
    }
    Ok(())
}
