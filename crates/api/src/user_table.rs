//! A table that is sorted by user, of which one user's rows are wanted.
//!
//! The footers are kept. They say which users each row group has, and where the file
//! has a page index, which users each page has, so that of a file of any size only the
//! pages are read that may hold the user.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray};
use futures::TryStreamExt;
use futures::future::try_join_all;
use marquee_lake::LakeError;
use marquee_lake::generation::FileEntry;
use marquee_lake::rows::{RowBatch, catch_parquet_panic_async};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use crate::object::Object;
use crate::table::malformed;

/// By what the table is sorted.
const USER: &str = "user_id";

/// A table that is sorted by user.
#[derive(Debug)]
pub(crate) struct UserTable(Vec<UserFile>);

#[derive(Debug)]
struct UserFile {
    key: Arc<str>,
    object: Object,
    metadata: ArrowReaderMetadata,
    /// Which of the file's columns the user is.
    user: usize,
    /// Which columns are read.
    wanted: ProjectionMask,
}

impl UserTable {
    /// Reads the footers of these files.
    /// The rows are to have these columns, and the user.
    pub(crate) async fn open(
        store: &Arc<dyn ObjectStore>,
        files: &[FileEntry],
        wanted: &[&str],
    ) -> Result<Self, LakeError> {
        let files = files.iter().map(|file| {
            let opening = UserFile::open(store, file, wanted);
            guarded(&file.key, opening)
        });
        Ok(Self(try_join_all(files).await?))
    }

    /// The user's rows, in their order.
    pub(crate) async fn rows_of(&self, user_id: &str) -> Result<Vec<RowBatch>, LakeError> {
        let files = self
            .0
            .iter()
            .map(|file| guarded(&file.key, file.rows_of(user_id)));
        Ok(try_join_all(files).await?.into_iter().flatten().collect())
    }
}

/// Reads from the file at `key`; a panic of its decoder names it.
async fn guarded<T>(
    key: &str,
    reading: impl Future<Output = Result<T, LakeError>>,
) -> Result<T, LakeError> {
    let read = catch_parquet_panic_async(reading).await;
    read.unwrap_or_else(|panic| Err(LakeError::parquet(key, panic)))
}

impl UserFile {
    async fn open(
        store: &Arc<dyn ObjectStore>,
        file: &FileEntry,
        wanted: &[&str],
    ) -> Result<Self, LakeError> {
        let key: Arc<str> = file.key.as_str().into();
        let mut object = Object {
            store: Arc::clone(store),
            path: Path::from(&*key),
            bytes: file.bytes,
        };
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load_async(&mut object, options)
            .await
            .map_err(|cause| failure(&key, cause))?;
        let columns = metadata.metadata().file_metadata().schema_descr();
        let user = columns.columns().iter().position(|c| c.name() == USER);
        let user = user.ok_or_else(|| malformed(&key, format!("it has no column {USER}")))?;
        let wanted = wanted.iter().copied().chain([USER]);
        let wanted = ProjectionMask::columns(columns, wanted);
        Ok(Self {
            key,
            object,
            metadata,
            user,
            wanted,
        })
    }

    async fn rows_of(&self, user_id: &str) -> Result<Vec<RowBatch>, LakeError> {
        let (groups, selection) = find(self.metadata.metadata(), self.user, user_id.as_bytes());
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let metadata = self.metadata.clone();
        let batches =
            ParquetRecordBatchStreamBuilder::new_with_metadata(self.object.clone(), metadata)
                .with_projection(self.wanted.clone())
                .with_row_groups(groups)
                .with_row_selection(selection)
                .build()
                .map_err(|cause| failure(&self.key, cause))?;
        batches
            .map_err(|cause| failure(&self.key, cause))
            .try_filter_map(|batch| async move {
                let rows = self.only(user_id, &batch)?;
                Ok((rows.num_rows() > 0).then(|| RowBatch::new(Arc::clone(&self.key), rows)))
            })
            .try_collect()
            .await
    }

    /// The rows of a batch that are the user's: they are together.
    fn only(&self, user_id: &str, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let users = batch.column_by_name(USER);
        let users = users.and_then(|users| users.as_string_opt::<i32>());
        let users = users.ok_or_else(|| malformed(&self.key, format!("{USER} is no text")))?;
        let is_user = BooleanArray::from_unary(users, |user| user == user_id);
        let first = is_user.iter().position(|is_user| is_user == Some(true));
        let first = first.unwrap_or(users.len());
        let count = is_user
            .iter()
            .skip(first)
            .take_while(|is_user| *is_user == Some(true));
        Ok(batch.slice(first, count.count()))
    }
}

/// Which row groups may hold the user, and which of their rows.
fn find(file: &ParquetMetaData, column: usize, user: &[u8]) -> (Vec<usize>, RowSelection) {
    let mut groups = Vec::new();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    // How many rows the groups before have that were taken.
    let mut taken = 0;
    for (index, group) in file.row_groups().iter().enumerate() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let bounds = group.column(column).statistics();
        let least = bounds.and_then(|bounds| bounds.min_bytes_opt());
        let most = bounds.and_then(|bounds| bounds.max_bytes_opt());
        if !may_hold(least, most, user) {
            continue;
        }
        let pages = pages(file, index, column, user, rows);
        let pages = pages.unwrap_or_else(|| std::iter::once(0..rows).collect());
        if pages.is_empty() {
            continue;
        }
        groups.push(index);
        ranges.extend(
            pages
                .iter()
                .map(|page| page.start + taken..page.end + taken),
        );
        taken += rows;
    }
    let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), taken);
    (groups, selection)
}

/// The rows of the group's pages that may hold the user; `None` where the file does
/// not say.
fn pages(
    file: &ParquetMetaData,
    group: usize,
    column: usize,
    user: &[u8],
    rows: usize,
) -> Option<Vec<Range<usize>>> {
    let bounds = file.column_index()?.get(group)?.get(column)?;
    let ColumnIndexMetaData::BYTE_ARRAY(bounds) = bounds else {
        return None;
    };
    let places = file
        .offset_index()?
        .get(group)?
        .get(column)?
        .page_locations();
    let first_row = |page: usize| {
        let place = places.get(page)?;
        usize::try_from(place.first_row_index).ok()
    };
    (0..places.len())
        .filter(|&page| may_hold(bounds.min_value(page), bounds.max_value(page), user))
        .map(|page| Some(first_row(page)?..first_row(page + 1).unwrap_or(rows)))
        .collect()
}

/// Whether the user can be between these two; what is not known does not rule it out.
fn may_hold(least: Option<&[u8]>, most: Option<&[u8]>, user: &[u8]) -> bool {
    least.is_none_or(|least| least <= user) && most.is_none_or(|most| user <= most)
}

/// A file that cannot be read, because of the store or because of itself.
fn failure(key: &str, cause: ParquetError) -> LakeError {
    match cause {
        ParquetError::External(cause) => match cause.downcast::<object_store::Error>() {
            Ok(store) => LakeError::Store(*store),
            Err(cause) => malformed(key, cause),
        },
        cause => malformed(key, cause),
    }
}

#[cfg(test)]
mod tests;
