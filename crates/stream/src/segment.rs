//! The files of a shard: what they are called, and what their tails are.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::IoContext as _;
use crate::frame::{Decoded, decode, holds_record};
use crate::{ShardId, StreamError};

/// Far more records than a shard can get.
const MAX_ORDINAL: u64 = u64::MAX / 2;

/// The directory of `shard` in the stream in `dir`.
pub(crate) fn shard_dir(dir: &Path, shard: ShardId) -> PathBuf {
    dir.join(shard.to_string())
}

/// The segment that begins with the record `first_ordinal`.
pub(crate) fn segment_path(shard_dir: &Path, first_ordinal: u64) -> PathBuf {
    shard_dir.join(format!("{first_ordinal:020}.log"))
}

/// The first ordinals of the segments in `shard_dir`, ascending.
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

/// Makes the names in `dir` as durable as the files they stand for.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StreamError> {
    // Only Unix lets a directory be opened and synced.
    if cfg!(unix) {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .on("sync", dir)?;
    }
    Ok(())
}

/// Where the whole records of a shard's last segment end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Bytes of whole records; what lies behind them is torn.
    pub(crate) length: u64,
    /// The ordinal that the next record gets.
    pub(crate) next_ordinal: u64,
    /// Whether there is anything behind the whole records.
    pub(crate) torn: bool,
}

/// Looks for the tail of the segment at `path`, the last of its shard.
///
/// # Errors
/// [`StreamError::Corrupt`] when whole records follow a broken one.
pub(crate) fn find_tail(path: &Path, first_ordinal: u64) -> Result<Tail, StreamError> {
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
            Decoded::Whole(frame, length) if frame.ordinal == next_ordinal => {
                at += length;
                next_ordinal += 1;
                continue;
            }
            Decoded::Whole(..) => "the record is not the next one",
            Decoded::Unfinished(_) => "the record is cut short",
            Decoded::Broken(problem) => problem,
        };
        refuse_damage(path, at as u64, problem, rest)?;
        break;
    }
    Ok(Tail {
        length: at as u64,
        next_ordinal,
        torn: at < bytes.len(),
    })
}

/// Tells damage from a torn tail. `rest` goes from a place where the next record
/// should lie and does not, at `offset`, to the segment's end; if it holds any
/// whole record, the writer got beyond that place.
pub(crate) fn refuse_damage(
    path: &Path,
    offset: u64,
    problem: &'static str,
    rest: &[u8],
) -> Result<(), StreamError> {
    if holds_record(rest) {
        return Err(StreamError::Corrupt {
            path: path.to_owned(),
            offset,
            problem,
        });
    }
    Ok(())
}
