//! Tests with AWS's published examples of the events that Lambda delivers.

use std::fs;
use std::path::PathBuf;

use marquee_codec::envelope::records;
use serde_json::Value;

pub(crate) fn published_events_are_read(folder: PathBuf) {
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let read = records(&bytes).unwrap();
        assert_eq!(read.len(), 2);
        let theirs: Value = serde_json::from_slice(&bytes).unwrap();
        for (ours, theirs) in read.iter().zip(theirs["Records"].as_array().unwrap()) {
            let kinesis = &theirs["kinesis"];
            assert_eq!(
                ours.sequence_number,
                kinesis["sequenceNumber"].as_str().unwrap()
            );
            assert_eq!(ours.data, kinesis["data"].as_str().unwrap());
            let seconds = kinesis["approximateArrivalTimestamp"].as_f64().unwrap();
            assert!((ours.arrived_at as f64 / 1e6 - seconds).abs() < 1e-3);
            assert_eq!(
                theirs["eventID"],
                format!("{}:{}", ours.shard_id, ours.sequence_number)
            );
        }
        seen += 1;
    }
    assert!(seen >= 4);
}
