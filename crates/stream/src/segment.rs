//! The segment files of a shard: their names and their tails.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::IoContext as _;
use crate::frame::{DecodedFrame, contains_whole_frame, decode};
use crate::{ShardId, StreamError};

/// The highest ordinal in a segment's name; far beyond the size of a real shard.
const MAX_ORDINAL: u64 = u64::MAX / 2;

/// Returns the directory of `shard` in the stream in `dir`.
pub(crate) fn shard_dir(dir: &Path, shard: ShardId) -> PathBuf {
    dir.join(shard.to_string())
}

/// Returns the path of the segment whose first record is `first_ordinal`.
pub(crate) fn segment_path(shard_dir: &Path, first_ordinal: u64) -> PathBuf {
    shard_dir.join(format!("{first_ordinal:020}.log"))
}

/// Lists the first ordinals of the segments in `shard_dir`, ascending.
pub(crate) fn segments(shard_dir: &Path) -> Result<Vec<u64>, StreamError> {
    let mut ordinals = Vec::new();
    for entry in fs::read_dir(shard_dir).on("list", shard_dir)? {
        let name = entry.on("list", shard_dir)?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".log"));
        if let Some(digits) = digits.filter(|digits| digits.len() == 20)
            && let Ok(ordinal @ 1..=MAX_ORDINAL) = digits.parse()
        {
            ordinals.push(ordinal);
        }
    }
    ordinals.sort_unstable();
    Ok(ordinals)
}

/// Syncs the directory entries of `dir`, so that new files survive a power loss.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StreamError> {
    // Only Unix can open and sync a directory.
    if cfg!(unix) {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .on("sync", dir)?;
    }
    Ok(())
}

/// The end of the whole records in a shard's last segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SegmentTail {
    /// The size of the whole records in bytes.
    pub(crate) length: u64,
    /// The ordinal of the next record to append.
    pub(crate) next_ordinal: u64,
    /// True if a torn tail follows the whole records.
    pub(crate) torn: bool,
}

/// Finds the tail of the segment at `path`, the last one of its shard.
///
/// # Errors
/// [`StreamError::Corrupt`] if whole frames follow an invalid one.
pub(crate) fn find_tail(path: &Path, first_ordinal: u64) -> Result<SegmentTail, StreamError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).on("read", path),
    };
    let mut at = 0;
    let mut next_ordinal = first_ordinal;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let problem = match decode(rest) {
            DecodedFrame::Whole(frame, length) if frame.ordinal == next_ordinal => {
                at += length;
                next_ordinal += 1;
                continue;
            }
            DecodedFrame::Whole(..) => "the record is not the next one",
            DecodedFrame::Incomplete(_) => "the record is cut short",
            DecodedFrame::Invalid(problem) => problem,
        };
        reject_corruption(path, at as u64, problem, rest)?;
        break;
    }
    Ok(SegmentTail {
        length: at as u64,
        next_ordinal,
        torn: at < bytes.len(),
    })
}

/// Distinguishes corruption from a torn tail.
///
/// `rest` is the segment from `offset` to its end, and no valid next frame starts
/// at `offset`. A whole frame anywhere in `rest` proves that the writer had
/// completed the frame at `offset`.
///
/// # Errors
/// [`StreamError::Corrupt`] if `rest` contains a whole frame.
pub(crate) fn reject_corruption(
    path: &Path,
    offset: u64,
    problem: &'static str,
    rest: &[u8],
) -> Result<(), StreamError> {
    if contains_whole_frame(rest) {
        return Err(StreamError::Corrupt {
            path: path.to_owned(),
            offset,
            problem,
        });
    }
    Ok(())
}
