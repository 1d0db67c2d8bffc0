//! The files of the compacted tables: row groups go in, pieces for upload come out.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use marquee_encode::{Chunk, EncodeError, FileLayout, FileWriter};
use marquee_event::Date;
use marquee_kernels::{CompactedTable, RowGroupSink};
use marquee_lake::generation::{FileEntry, TableFiles};
use marquee_lake::zone::curated_directory;
use parquet::errors::ParquetError;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::Xxh3;

use crate::bucket_files;
use crate::task::BucketTask;
use crate::upload::FilePiece;

/// The capacity of a block of [`Blocks`].
const BLOCK_BYTES: usize = 256 << 10;

/// Writes row groups to files and sends the files' pieces to the upload.
pub(crate) struct TableFileWriter {
    event_date: Date,
    run: String,
    bucket: u32,
    file_bytes: u64,
    to: mpsc::Sender<FilePiece>,
    tables: BTreeMap<CompactedTable, TableOutput>,
}

/// The files of one table.
struct TableOutput {
    layout: FileLayout,
    open: Option<OpenFile>,
    done: TableFiles,
}

struct OpenFile {
    writer: FileWriter<Blocks>,
    rows: u64,
    sent: SentBytes,
}

/// A buffer of blocks. Unlike a `Vec`, it neither moves its bytes nor doubles its memory
/// when it grows.
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

/// The key of a file, and the size and hash of the bytes that were sent.
struct SentBytes {
    key: String,
    bytes: u64,
    digest: Xxh3,
}

impl TableFileWriter {
    /// Creates a writer for the files of a task. It closes a file that has `file_bytes` bytes.
    pub(crate) fn new(
        task: &BucketTask,
        file_bytes: u64,
        to: mpsc::Sender<FilePiece>,
    ) -> Result<Self, EncodeError> {
        let output = |table: CompactedTable| {
            let output = TableOutput {
                layout: FileLayout::new(&table.schema())?,
                open: None,
                done: TableFiles::default(),
            };
            Ok((table, output))
        };
        Ok(Self {
            event_date: task.event_date,
            run: task.run.clone(),
            bucket: task.bucket,
            file_bytes,
            to,
            tables: CompactedTable::ALL
                .into_iter()
                .map(output)
                .collect::<Result<_, EncodeError>>()?,
        })
    }

    /// Closes the open files; returns the files of each table.
    pub(crate) fn finish(mut self) -> Result<BTreeMap<String, TableFiles>, EncodeError> {
        for output in self.tables.values_mut() {
            if let Some(open) = output.open.take() {
                output.done.files.push(open.close(&self.to)?);
            }
        }
        let named =
            |(table, output): (CompactedTable, TableOutput)| (table.name().to_owned(), output.done);
        Ok(self.tables.into_iter().map(named).collect())
    }
}

impl RowGroupSink for TableFileWriter {
    fn write(
        &mut self,
        table: CompactedTable,
        rows: u64,
        chunks: Vec<Chunk>,
    ) -> Result<(), EncodeError> {
        let output = self.tables.get_mut(&table);
        let output = output.ok_or(EncodeError::Row("its table has no writer"))?;
        let mut open = match output.open.take() {
            Some(open) => open,
            None => {
                let directory = curated_directory(table.name(), Some(self.event_date), &self.run);
                let (bucket, index) = (self.bucket, output.done.files.len());
                OpenFile {
                    writer: FileWriter::new(&output.layout, Blocks::default())?,
                    rows: 0,
                    sent: SentBytes {
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
            true => output.done.files.push(open.close(&self.to)?),
            false => output.open = Some(open),
        }
        Ok(())
    }
}

impl OpenFile {
    fn close(mut self, to: &mpsc::Sender<FilePiece>) -> Result<FileEntry, EncodeError> {
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

impl SentBytes {
    fn send(
        &mut self,
        blocks: Blocks,
        is_last: bool,
        to: &mpsc::Sender<FilePiece>,
    ) -> Result<(), EncodeError> {
        for block in &blocks.0 {
            self.bytes += block.len() as u64;
            self.digest.update(block);
        }
        let piece = FilePiece {
            key: self.key.clone(),
            bytes: blocks.0.into_iter().map(Bytes::from).collect(),
            is_last,
        };
        let closed = |_| ParquetError::General("the upload ended early".to_owned());
        Ok(to.blocking_send(piece).map_err(closed)?)
    }
}
