//! The files of the tables, row group by row group.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use marquee_event::Date;
use marquee_kernels::{GroupSink, Table};
use marquee_lake::generation::{FileEntry, TableFiles};
use marquee_lake::zone::curated_directory;
use marquee_tables::encode::{Chunk, EncodeError, FileLayout, FileWriter};
use parquet::errors::ParquetError;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::Xxh3;

use crate::bucket_files;
use crate::task::BucketTask;
use crate::upload::Part;

const BLOCK_BYTES: usize = 256 << 10;

/// Where row groups become files, and files leave for the store.
pub(crate) struct Files {
    event_date: Date,
    run: String,
    bucket: u32,
    file_bytes: u64,
    to: mpsc::Sender<Part>,
    tables: BTreeMap<Table, Series>,
}

/// The files of one table.
struct Series {
    layout: FileLayout,
    open: Option<OpenFile>,
    done: TableFiles,
}

struct OpenFile {
    writer: FileWriter<Blocks>,
    rows: u64,
    sent: Sent,
}

/// Bytes in blocks, which neither move nor take twice their room as they grow.
#[derive(Debug, Default)]
struct Blocks(Vec<Vec<u8>>);

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let block = match self.0.last_mut() {
            Some(block) if block.len() < block.capacity() => block,
            _ => {
                self.0.push(Vec::with_capacity(BLOCK_BYTES));
                return self.write(bytes);
            }
        };
        let room = block.capacity() - block.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        block.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What of a file is on its way.
struct Sent {
    key: String,
    bytes: u64,
    digest: Xxh3,
}

impl Files {
    /// Files of a task, closed from `file_bytes` on, that are sent away.
    pub(crate) fn new(
        task: &BucketTask,
        file_bytes: u64,
        to: mpsc::Sender<Part>,
    ) -> Result<Self, EncodeError> {
        let series = |table: Table| {
            let series = Series {
                layout: FileLayout::new(&table.schema())?,
                open: None,
                done: TableFiles::default(),
            };
            Ok((table, series))
        };
        Ok(Self {
            event_date: task.event_date,
            run: task.run.clone(),
            bucket: task.bucket,
            file_bytes,
            to,
            tables: Table::ALL
                .into_iter()
                .map(series)
                .collect::<Result<_, EncodeError>>()?,
        })
    }

    /// Closes the open files; what there is of each table.
    pub(crate) fn finish(mut self) -> Result<BTreeMap<String, TableFiles>, EncodeError> {
        for series in self.tables.values_mut() {
            if let Some(open) = series.open.take() {
                series.done.files.push(open.close(&self.to)?);
            }
        }
        let named = |(table, series): (Table, Series)| (table.name().to_owned(), series.done);
        Ok(self.tables.into_iter().map(named).collect())
    }
}

impl GroupSink for Files {
    fn take(&mut self, table: Table, rows: u64, chunks: Vec<Chunk>) -> Result<(), EncodeError> {
        let series = self.tables.get_mut(&table);
        let series = series.ok_or(EncodeError::Row("its table is not written here"))?;
        let mut open = match series.open.take() {
            Some(open) => open,
            None => {
                let directory = curated_directory(table.name(), Some(self.event_date), &self.run);
                let (bucket, index) = (self.bucket, series.done.files.len());
                OpenFile {
                    writer: FileWriter::new(&series.layout, Blocks::default())?,
                    rows: 0,
                    sent: Sent {
                        key: bucket_files::key(&directory, bucket, index),
                        bytes: 0,
                        digest: Xxh3::new(),
                    },
                }
            }
        };
        open.writer.write_group(chunks)?;
        open.rows += rows;
        let written = std::mem::take(open.writer.flushed()?);
        open.sent.send(written, false, &self.to)?;
        match open.sent.bytes >= self.file_bytes {
            true => series.done.files.push(open.close(&self.to)?),
            false => series.open = Some(open),
        }
        Ok(())
    }
}

impl OpenFile {
    fn close(mut self, to: &mpsc::Sender<Part>) -> Result<FileEntry, EncodeError> {
        let rest = self.writer.finish()?;
        self.sent.send(rest, true, to)?;
        Ok(FileEntry {
            digest: format!("{:032x}", self.sent.digest.digest128()),
            key: self.sent.key,
            rows: self.rows,
            bytes: self.sent.bytes,
        })
    }
}

impl Sent {
    fn send(
        &mut self,
        blocks: Blocks,
        is_last: bool,
        to: &mpsc::Sender<Part>,
    ) -> Result<(), EncodeError> {
        for block in &blocks.0 {
            self.bytes += block.len() as u64;
            self.digest.update(block);
        }
        let part = Part {
            key: self.key.clone(),
            bytes: blocks.0.into_iter().map(Bytes::from).collect(),
            is_last,
        };
        let refused = |_| ParquetError::General("the store takes no more".to_owned());
        Ok(to.blocking_send(part).map_err(refused)?)
    }
}
