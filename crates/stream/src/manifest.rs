//! `stream.json`: what a directory must say of itself to be a stream.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::IoContext as _;
use crate::segment::sync_dir;
use crate::{MAX_SHARDS, ShardId, StreamError};

const FILE: &str = "stream.json";
const FORMAT: u32 = 1;

/// The stream's fixed properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// The index of the first shard: streams whose records meet in one lake have
    /// different ones, so that no two records have one identity.
    #[serde(default)]
    pub(crate) first_shard: u32,
    pub(crate) shards: u32,
}

impl Manifest {
    pub(crate) fn new(first_shard: u32, shards: u32) -> Result<Self, StreamError> {
        if shards > MAX_SHARDS {
            return Err(StreamError::TooManyShards { asked: shards });
        }
        Ok(Self {
            format: FORMAT,
            first_shard,
            shards,
        })
    }

    /// The stream's shards, in order.
    pub(crate) fn shard_ids(&self) -> impl Iterator<Item = ShardId> + Clone + use<> {
        (self.first_shard..self.first_shard.saturating_add(self.shards)).map(ShardId::new)
    }

    /// Reads the manifest in `dir`; `None` if there is none.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, StreamError> {
        let path = dir.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).on("read", &path),
        };
        let unusable = |problem: String| StreamError::Manifest {
            path: path.clone(),
            problem,
        };
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(unusable(format!(
                "it has format {}, and this version reads format {FORMAT}",
                manifest.format
            )));
        }
        if !(1..=MAX_SHARDS).contains(&manifest.shards) {
            return Err(unusable(format!(
                "it has {} shards; 1 to {MAX_SHARDS} are possible",
                manifest.shards
            )));
        }
        Ok(Some(manifest))
    }

    /// Writes the manifest into `dir`, whole or not at all.
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
