//! The transform up to a given stage. The difference between two successive cuts is
//! the cost of a stage.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, ensure};
use marquee_codec::envelope;
use marquee_codec::{CodecError, Limits, Unit, Unpacker};
use marquee_event::{Parser, TimeWindow};
use marquee_ingest::titles::Titles;
use marquee_ingest::{BatchReport, Transform, TransformSettings, Transformer};
use marquee_lake::title_catalog;
use object_store::memory::InMemory;
use tokio::runtime::Runtime;

use crate::input::Input;

/// The last stage of a measurement. Each cut includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Parse the payload's envelope into records.
    Envelope,
    /// … decode base64, decompress and de-aggregate the records into units.
    Unpack,
    /// … parse and validate the events.
    Parse,
    /// … encode processed and quarantine files.
    Processed,
    /// … encode raw files.
    Raw,
    /// … digest the files, put them and the receipt into an in-memory store: the
    /// whole handler.
    Handler,
    /// The whole handler, without raw files.
    HandlerNoRaw,
}

/// Runs the cuts over one input.
pub struct Stages {
    runtime: Runtime,
    input: Input,
}

impl Stages {
    /// Creates the runner for an input.
    ///
    /// # Errors
    /// When the async runtime cannot be created.
    pub fn new(input: Input) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { runtime, input })
    }

    /// Returns the input.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Runs all payloads up to a cut. Only the handler's cuts fill the report.
    ///
    /// # Errors
    /// When a payload is invalid or a batch fails.
    pub fn run(&self, cut: Cut) -> Result<BatchReport> {
        let mut parser = Parser::new();
        match cut {
            Cut::Envelope => self.each(|payload| {
                black_box(envelope::records(payload)?);
                Ok(())
            }),
            Cut::Unpack => self.units(|unit, _| {
                black_box(unit);
                Ok(())
            }),
            Cut::Parse => self.units(|unit, arrived_at| {
                if let Unit::Line { bytes, .. } = unit
                    && let Ok(event) = parser.parse(bytes)
                {
                    black_box(event.admit(arrived_at, TimeWindow::default()).is_ok());
                    black_box(event);
                }
                Ok(())
            }),
            Cut::Processed => self.transform(false),
            Cut::Raw => self.transform(true),
            Cut::Handler => self.handle(true),
            Cut::HandlerNoRaw => self.handle(false),
        }
    }

    fn each(&self, mut work: impl FnMut(&[u8]) -> Result<()>) -> Result<BatchReport> {
        for payload in &self.input.payloads {
            work(payload)?;
        }
        Ok(BatchReport::default())
    }

    fn units(&self, mut work: impl FnMut(Unit<'_>, i64) -> Result<()>) -> Result<BatchReport> {
        let mut unpacker = Unpacker::new(Limits::default());
        self.each(|payload| {
            let records = envelope::records(payload)?;
            let load = |index: usize, out: &mut Vec<u8>| match records[index].decode_data(out) {
                true => Ok(()),
                false => Err(CodecError::NotBase64),
            };
            let unpacked = unpacker.unpack(records.len(), load, |index, unit| {
                work(unit, records[index].arrived_at)
            })?;
            ensure!(unpacked == records.len(), "a payload exceeds one batch");
            Ok(())
        })
    }

    fn transform(&self, raw: bool) -> Result<BatchReport> {
        let titles = Titles::new(None, self.input.titles.clone());
        let mut transformer = Transformer::new(TransformSettings {
            raw,
            ..TransformSettings::default()
        })?;
        self.each(|payload| {
            black_box(transformer.transform(&envelope::records(payload)?, &titles)?);
            Ok(())
        })
    }

    fn handle(&self, raw: bool) -> Result<BatchReport> {
        let store = Arc::new(InMemory::new());
        let transform = Transform::new(
            store.clone(),
            TransformSettings {
                raw,
                ..TransformSettings::default()
            },
        );
        self.runtime.block_on(async {
            title_catalog::publish(&*store, &self.input.titles).await?;
            let mut total = BatchReport::default();
            for payload in &self.input.payloads {
                let response = transform.handle(payload).await?;
                ensure!(response.failures.is_empty(), "a batch failed");
                total.received += response.report.received;
                total.processed += response.report.processed;
                total.received_bytes += response.report.received_bytes;
                total.written_bytes += response.report.written_bytes;
            }
            Ok(total)
        })
    }
}
