//! `stream.json`: the file that marks a directory as a stream and holds its
//! format version and shards.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::IoContext as _;
use crate::segment::sync_dir;
use crate::{MAX_SHARDS, ShardId, StreamError};

const FILE: &str = "stream.json";
const FORMAT: u32 = 1;

/// The fixed properties of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamManifest {
    format: u32,
    /// The index of the first shard. Streams that feed the same lake use disjoint
    /// ranges, because a record's identity in the lake is its sequence number.
    #[serde(default)]
    pub(crate) first_shard: u32,
    pub(crate) shards: u32,
}

impl StreamManifest {
    pub(crate) fn new(first_shard: u32, shards: u32) -> Result<Self, StreamError> {
        if shards > MAX_SHARDS {
            return Err(StreamError::TooManyShards { requested: shards });
        }
        Ok(Self {
            format: FORMAT,
            first_shard,
            shards,
        })
    }

    /// Returns the stream's shards in order.
    pub(crate) fn shard_ids(&self) -> impl Iterator<Item = ShardId> + Clone + use<> {
        (self.first_shard..self.first_shard.saturating_add(self.shards)).map(ShardId::new)
    }

    /// Reads the manifest in `dir`; `None` if the file does not exist.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, StreamError> {
        let path = dir.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).on("read", &path),
        };
        let manifest: Self = match serde_json::from_slice(&bytes) {
            Ok(manifest) => manifest,
            Err(source) => return Err(StreamError::UnreadableManifest { path, source }),
        };
        let invalid = |problem| Err(StreamError::InvalidManifest { path, problem });
        if manifest.format != FORMAT {
            return invalid(format!(
                "it has format {}, and this version reads format {FORMAT}",
                manifest.format
            ));
        }
        if !(1..=MAX_SHARDS).contains(&manifest.shards) {
            return invalid(format!(
                "it has {} shards; the limits are 1 and {MAX_SHARDS}",
                manifest.shards
            ));
        }
        Ok(Some(manifest))
    }

    /// Writes the manifest into `dir` atomically.
    pub(crate) fn create(&self, dir: &Path) -> Result<(), StreamError> {
        let path = dir.join(FILE);
        let draft = dir.join("stream.json.draft");
        let text = format!(
            "{{\"format\":{},\"first_shard\":{},\"shards\":{}}}\n",
            self.format, self.first_shard, self.shards
        );
        let mut file = File::create(&draft).on("create", &draft)?;
        file.write_all(text.as_bytes()).on("write", &draft)?;
        file.sync_all().on("sync", &draft)?;
        fs::rename(&draft, &path).on("create", &path)?;
        sync_dir(dir)
    }
}
