//! Point lookups in a table that is sorted by user.
//!
//! The table's footers stay in memory. Their statistics give the range of users of each
//! row group and, in a file with a page index, of each page. A lookup reads only the
//! pages whose range contains the user, whatever the size of the file.

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

use crate::object::ParquetObject;
use crate::table::malformed;

/// The column that the table is sorted by.
const USER: &str = "user_id";

/// A table that is sorted by user.
#[derive(Debug)]
pub(crate) struct UserTable(Vec<UserFile>);

#[derive(Debug)]
struct UserFile {
    key: Arc<str>,
    object: ParquetObject,
    metadata: ArrowReaderMetadata,
    /// The index of the user column in the file.
    user_column: usize,
    /// The columns to read.
    projection: ProjectionMask,
}

impl UserTable {
    /// Opens a table by reading the footers of its files. Lookups return the named
    /// columns and the user.
    pub(crate) async fn open(
        store: &Arc<dyn ObjectStore>,
        files: &[FileEntry],
        columns: &[&str],
    ) -> Result<Self, LakeError> {
        let files = files
            .iter()
            .map(|file| guarded(&file.key, UserFile::open(store, file, columns)));
        Ok(Self(try_join_all(files).await?))
    }

    /// Returns the prefix of all user ids, if they have one: letters and a separator, such
    /// as `ml-` of `ml-1` and `ml-2`. The ids of a single user do not define a prefix.
    pub(crate) fn user_prefix(&self) -> Option<String> {
        let mut bounds = self.0.iter().flat_map(UserFile::user_bounds);
        let (mut min, mut max) = bounds.next()??;
        for bound in bounds {
            let (first, last) = bound?;
            min = min.min(first);
            max = max.max(last);
        }
        common_prefix(min, max)
    }

    /// Reads the user's rows, in table order.
    pub(crate) async fn rows_of(&self, user_id: &str) -> Result<Vec<RowBatch>, LakeError> {
        let files = self
            .0
            .iter()
            .map(|file| guarded(&file.key, file.rows_of(user_id)));
        Ok(try_join_all(files).await?.into_iter().flatten().collect())
    }
}

/// Reads from the file at `key` and converts a panic of the Parquet reader into an error
/// with this key.
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
        columns: &[&str],
    ) -> Result<Self, LakeError> {
        let key: Arc<str> = file.key.as_str().into();
        let mut object = ParquetObject {
            store: Arc::clone(store),
            path: Path::from(&*key),
            bytes: file.bytes,
        };
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load_async(&mut object, options)
            .await
            .map_err(|cause| read_error(&key, cause))?;
        let schema = metadata.metadata().file_metadata().schema_descr();
        let user_column = schema.columns().iter().position(|c| c.name() == USER);
        let user_column =
            user_column.ok_or_else(|| malformed(&key, format!("no column {USER}")))?;
        let columns = columns.iter().copied().chain([USER]);
        let projection = ProjectionMask::columns(schema, columns);
        Ok(Self {
            key,
            object,
            metadata,
            user_column,
            projection,
        })
    }

    /// Returns the first and the last user of each row group; `None` for a row group
    /// without statistics.
    fn user_bounds(&self) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
        let groups = self.metadata.metadata().row_groups().iter();
        groups.map(|group| {
            let bounds = group.column(self.user_column).statistics()?;
            Some((bounds.min_bytes_opt()?, bounds.max_bytes_opt()?))
        })
    }

    async fn rows_of(&self, user_id: &str) -> Result<Vec<RowBatch>, LakeError> {
        let user = user_id.as_bytes();
        let (groups, selection) = find(self.metadata.metadata(), self.user_column, user)
            .map_err(|cause| malformed(&self.key, cause))?;
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let metadata = self.metadata.clone();
        let batches =
            ParquetRecordBatchStreamBuilder::new_with_metadata(self.object.clone(), metadata)
                .with_projection(self.projection.clone())
                .with_row_groups(groups)
                .with_row_selection(selection)
                .build()
                .map_err(|cause| read_error(&self.key, cause))?;
        batches
            .map_err(|cause| read_error(&self.key, cause))
            .try_filter_map(|batch| async move {
                let rows = self.slice_user(user_id, &batch)?;
                Ok((rows.num_rows() > 0).then(|| RowBatch::new(Arc::clone(&self.key), rows)))
            })
            .try_collect()
            .await
    }

    /// Slices the user's rows, which are contiguous, from a batch.
    fn slice_user(&self, user_id: &str, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let users = batch.column_by_name(USER);
        let users = users.and_then(|users| users.as_string_opt::<i32>());
        let users =
            users.ok_or_else(|| malformed(&self.key, format!("column {USER} is not text")))?;
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

/// Returns the common prefix of two ids that ends with a separator and has only letters
/// before it.
fn common_prefix(one: &[u8], other: &[u8]) -> Option<String> {
    let letters = one.iter().take_while(|byte| byte.is_ascii_alphabetic());
    let length = letters.count();
    let is_separator = matches!(one.get(length)?, b'-' | b'_' | b':');
    let prefix = one.get(..=length)?;
    let is_prefix = length > 0 && is_separator && one != other && other.starts_with(prefix);
    is_prefix.then(|| String::from_utf8(prefix.to_vec()).ok())?
}

/// Returns the row groups that may contain the user, and the rows to read from them.
///
/// # Errors
/// Returns the fault of a corrupt footer.
fn find(
    file: &ParquetMetaData,
    column: usize,
    user: &[u8],
) -> Result<(Vec<usize>, RowSelection), String> {
    let mut groups = Vec::new();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    // The number of rows in the selected groups so far.
    let mut taken = 0;
    for (index, group) in file.row_groups().iter().enumerate() {
        let rows = group.num_rows();
        let rows = usize::try_from(rows)
            .map_err(|_| format!("its footer gives row group {index} {rows} rows"))?;
        let bounds = group.column(column).statistics();
        let min = bounds.and_then(|bounds| bounds.min_bytes_opt());
        let max = bounds.and_then(|bounds| bounds.max_bytes_opt());
        if !may_contain(min, max, user) {
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
    Ok((groups, selection))
}

/// Returns the row ranges of the group's pages that may contain the user; `None` if the
/// file has no page index.
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
    let locations = file
        .offset_index()?
        .get(group)?
        .get(column)?
        .page_locations();
    let first_row = |page: usize| {
        let location = locations.get(page)?;
        usize::try_from(location.first_row_index).ok()
    };
    (0..locations.len())
        .filter(|&page| may_contain(bounds.min_value(page), bounds.max_value(page), user))
        .map(|page| Some(first_row(page)?..first_row(page + 1).unwrap_or(rows)))
        .collect()
}

/// Returns `false` if the user is outside the bounds. An unknown bound excludes nobody.
fn may_contain(min: Option<&[u8]>, max: Option<&[u8]>, user: &[u8]) -> bool {
    min.is_none_or(|min| min <= user) && max.is_none_or(|max| user <= max)
}

/// Converts an error of the Parquet reader: an error of the store stays one, any other
/// means a malformed object.
fn read_error(key: &str, cause: ParquetError) -> LakeError {
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
