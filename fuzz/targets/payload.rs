//! Fuzzes the transform with arbitrary bytes as a Lambda payload: it returns an error
//! or accounts for every unit.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use marquee_codec::Limits;
use marquee_ingest::titles::Titles;
use marquee_codec::envelope;
use marquee_ingest::{TransformSettings, Transformer};

thread_local! {
    static TRANSFORMER: RefCell<Transformer> = RefCell::new(
        Transformer::new(TransformSettings {
            limits: Limits { record_bytes: 64 << 10, batch_bytes: 128 << 10 },
            ..TransformSettings::default()
        })
        .expect("valid settings"),
    );
}

fuzz_target!(|payload: &[u8]| {
    let Ok(records) = envelope::records(payload) else {
        return;
    };
    let titles = Titles::new(None, Vec::new());
    TRANSFORMER.with_borrow_mut(|transformer| {
        if let Ok(done) = transformer.transform(&records, &titles) {
            assert_eq!(done.received, done.processed + done.rejected.values().sum::<u64>());
        }
    });
});
