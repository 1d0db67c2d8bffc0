//! Frozen output: the exact bytes of the objects of a fixed batch.
//!
//! `marquee rebuild` restores an object only if the transform writes its exact bytes again. A
//! digest that changes here makes every batch in every lake impossible to rebuild. Never
//! update the digest of a released format version; add a format version for the change.

use std::collections::BTreeMap;

use marquee_codec::envelope;
use marquee_codec::{Compression, compress};
use marquee_event::FormatVersion;
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformed, Transformer};
use marquee_lake::digest;

use crate::laws::title_catalog;
use crate::payload::{Sent, payload};

/// The common members of the batch's events; `{n}` is the event's number.
const EVENT: &str = r#""event_id":"01936f2e-5c00-7000-8000-0000000000{n}","event_time":"2026-03-01T11:{n}:00.5Z","user_id":"u-{n}","session_id":"s-1""#;

/// The other members of each event. Together they have every type and optional field.
const EVENTS: [&str; 12] = [
    r#""event_type":"play","title_id":"t-film","position_ms":0,"profile_id":"kids","country":"DE","device":{"type":"tv","os":"webos","app_version":"7.1"},"producer":{"id":"p-1","seq":1}"#,
    r#""event_type":"seek","title_id":"t-part","position_ms":5,"from_position_ms":7,"producer":{"id":"p-1","seq":2}"#,
    r#""event_type":"search","query":"space \"pirates\"","results":12"#,
    r#""event_type":"browse","row":2,"title_id":"t-unknown""#,
    r#""event_type":"rate","title_id":"t-next","rating":4.5"#,
    r#""event_type":"pause","title_id":"t-bare","position_ms":300000,"mood":"merry","device":{"os":"é","hdr":true}"#,
    r#""event_type":"stop","title_id":"t-film","position_ms":80000,"network_type":"wifi""#,
    r#""event_type":"browse","network_type":7,"country":null"#,
    r#""event_type":"browse","zoom":1,"network_type":"a network type of more than thirty-two bytes""#,
    r#""event_type":"complete","title_id":"t-film","position_ms":90000,"schema_version":1"#,
    r#""event_type":"add_to_list","title_id":"t-film""#,
    r#""event_type":"heartbeat","title_id":"t-film","position_ms":2e3,"producer":{"id":"p-2","seq":1,"host":"h"}"#,
];

/// Returns rejected units, one for each wording of a rejection's detail.
fn rejected() -> Vec<Vec<u8>> {
    let of_browse = |members: &str| {
        let event = EVENT.replace("{n}", "50");
        format!(r#"{{{event},"event_type":"browse",{members}}}"#)
    };
    let mut units: Vec<String> = [
        "{",
        "[1]",
        r#"{"event_type":"browse"}"#,
        r#"{"event_id":"1"}"#,
    ]
    .map(str::to_owned)
    .into();
    units.extend(
        [
            r#""user_id":7"#,
            r#""user_id":"""#,
            r#""country":"de""#,
            r#""device":1"#,
            r#""row":1.5"#,
            r#""row":10001"#,
            r#""rating":"5""#,
            r#""rating":6"#,
            r#""event_time":"now""#,
            r#""event_time":"2030-01-01T00:00:00Z""#,
            r#""event_time":"1999-01-01T00:00:00Z""#,
            r#""event_type":"teleport""#,
            r#""schema_version":2"#,
            r#""profile_id":"a\u0000b""#,
        ]
        .map(of_browse),
    );
    units.push(of_browse(&format!(r#""query":"{}""#, "q".repeat(513))));
    units.push(of_browse(&format!(r#""blob":"{}""#, "x".repeat(9000))));
    let mut units: Vec<Vec<u8>> = units.into_iter().map(String::into_bytes).collect();
    units.push(b"\"\xff\"".to_vec());
    units
}

/// Returns a batch with these events and rejected units, and with broken records.
fn batch() -> Vec<Sent> {
    let mut data: Vec<Vec<u8>> = Vec::new();
    for (members, number) in EVENTS.iter().zip(10..) {
        let event = EVENT.replace("{n}", &number.to_string());
        data.push(format!("{{{event},{members}}}").into_bytes());
    }
    data.extend(rejected());
    // A record that cannot be decompressed.
    let mut broken = compress(Compression::Gzip, b"{}").unwrap();
    broken.truncate(broken.len() - 4);
    data.push(broken);
    let mut sent: Vec<Sent> = (1..)
        .zip(&data)
        .map(|(sequence, data)| Sent::new(sequence, data))
        .collect();
    let mut not_base64 = Sent::new(90, b"");
    not_base64.data = "not base64!".to_owned();
    sent.push(not_base64);
    sent
}

fn transform(format: FormatVersion) -> Transformed {
    let payload = payload(&batch());
    let records = envelope::records(&payload).unwrap();
    let mut transformer = Transformer::of(TransformSettings::default(), format).unwrap();
    let titles = Titles::new(None, title_catalog());
    transformer.transform(&records, &titles).unwrap()
}

fn digests(done: &Transformed) -> BTreeMap<String, String> {
    let digest =
        |file: &marquee_ingest::batch::File| (file.zone.to_string(), digest::of(&file.content));
    done.files.iter().map(digest).collect()
}

/// The digests of the objects of each format version: processed, quarantine, raw.
const FROZEN: [[&str; 3]; FormatVersion::CURRENT.number() as usize] = [
    [
        "35fd2da8f04cef11f067de861a52141d",
        "4fae3a4bee7ae4869fbf849572e6cd61",
        "cebd6e40bd753c1fe7527cdac889f85c",
    ],
    [
        "3e44814a17f36e56d39f3023ae944d57",
        "507b5c8173e889a033b3037f5a967bfd",
        "cebd6e40bd753c1fe7527cdac889f85c",
    ],
];

#[test]
fn each_format_version_always_writes_the_same_bytes() {
    for (number, frozen) in (1..).zip(FROZEN) {
        let format = FormatVersion::from_number(number).unwrap();
        let done = transform(format);
        assert_eq!(done.received, 35);
        let expected = ["processed", "quarantine", "raw"].map(str::to_owned);
        let expected = expected.into_iter().zip(frozen.map(str::to_owned));
        assert_eq!(digests(&done), expected.collect(), "version {number}");
    }
    // By default, a transformer writes the current version.
    let current = transform(FormatVersion::CURRENT);
    let payload = payload(&batch());
    let records = envelope::records(&payload).unwrap();
    let mut transformer = Transformer::new(TransformSettings::default()).unwrap();
    let titles = Titles::new(None, title_catalog());
    assert_eq!(transformer.transform(&records, &titles).unwrap(), current);
}
