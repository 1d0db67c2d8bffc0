//! The directory of a demo.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use marquee_event::Title;

use super::DemoSettings;
use crate::bad_input::BadInput;

/// Marks the directory of a demo and stores its settings.
const SETTINGS_FILE: &str = "demo.json";
const REPORT_FILE: &str = "report.json";
/// The stream is beside the zones; no zone has this name.
const STREAM_DIR: &str = "stream";
/// The files and directories of a demo besides its settings.
const DEMO_ENTRIES: [&str; 8] = [
    "raw",
    "quarantine",
    "processed",
    "failed",
    "ledger",
    "reference",
    STREAM_DIR,
    REPORT_FILE,
];

/// The locked directory of one demo.
///
/// It contains the lake, the stream (`stream/`), the report (`report.json`) and the
/// settings (`demo.json`). The lock on the settings keeps a second demo out.
#[derive(Debug)]
pub(super) struct DemoLakeDir {
    dir: PathBuf,
    /// Holds the lock, which is released when the process ends.
    _settings: File,
}

impl DemoLakeDir {
    /// Claims `dir` for a demo with `settings`. The directory must be missing,
    /// contain nothing that a demo writes, or contain this demo, complete or
    /// interrupted.
    ///
    /// # Errors
    /// [`BadInput`] if it contains anything else. The directory is then unchanged.
    pub(super) fn claim(dir: &Path, settings: &DemoSettings) -> anyhow::Result<Self> {
        let path = dir.join(SETTINGS_FILE);
        let shown = dir.display();
        if !path.exists() {
            if let Some(name) = DEMO_ENTRIES.iter().find(|name| dir.join(name).exists()) {
                return Err(BadInput(format!(
                    "{shown} contains {name}, but no demo; name another directory with --lake"
                ))
                .into());
            }
            fs::create_dir_all(dir).map_err(|error| {
                BadInput(format!(
                    "cannot create the lake's directory {shown}: {error}"
                ))
            })?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| BadInput(format!("cannot open {}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BadInput(format!(
                    "another demo is running in {shown}; wait for it, or name another directory with --lake"
                ))
                .into());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).context(format!("cannot lock {}", path.display()));
            }
        }
        let mut found = String::new();
        file.read_to_string(&mut found)
            .with_context(|| format!("cannot read {}", path.display()))?;
        if found.is_empty() {
            let mut text = serde_json::to_vec_pretty(settings)?;
            text.push(b'\n');
            file.write_all(&text)
                .and_then(|()| file.sync_all())
                .with_context(|| format!("cannot write {}", path.display()))?;
        } else {
            check_settings(dir, &found, settings)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            _settings: file,
        })
    }

    /// Recreates the stream's directory with the title catalog that a producer
    /// writes, and returns its path.
    ///
    /// An earlier stream of the same settings is deleted. It is a prefix of the same
    /// stream, and the lake has the receipts of its processed batches.
    pub(super) fn new_stream(&self, titles: &[Title]) -> anyhow::Result<PathBuf> {
        let stream = self.dir.join(STREAM_DIR);
        if stream.exists() {
            fs::remove_dir_all(&stream)
                .with_context(|| format!("cannot remove {}", stream.display()))?;
        }
        // An old report would describe an earlier run.
        let report = self.dir.join(REPORT_FILE);
        if report.exists() {
            fs::remove_file(&report)
                .with_context(|| format!("cannot remove {}", report.display()))?;
        }
        fs::create_dir(&stream).with_context(|| format!("cannot create {}", stream.display()))?;
        marquee_producer::title_catalog::write(&stream.join("titles.ndjson"), titles)
            .with_context(|| format!("cannot write the title catalog to {}", stream.display()))?;
        Ok(stream)
    }

    /// Writes the report atomically.
    pub(super) fn write_report(&self, json: &[u8]) -> anyhow::Result<()> {
        let path = self.dir.join(REPORT_FILE);
        let draft = path.with_extension("json.draft");
        fs::write(&draft, json)
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Returns an error if the directory belongs to another demo.
fn check_settings(dir: &Path, found: &str, wanted: &DemoSettings) -> Result<(), BadInput> {
    let shown = dir.display();
    let contents = match serde_json::from_str::<DemoSettings>(found) {
        Ok(found) if found == *wanted => return Ok(()),
        Ok(found) if found.to_string() == wanted.to_string() => {
            "this demo of another version".to_owned()
        }
        Ok(found) => format!("another demo ({found})"),
        Err(error) => format!("an invalid {SETTINGS_FILE} ({error})"),
    };
    Err(BadInput(format!(
        "{shown} contains {contents}; name another directory with --lake, or delete it"
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::demo::settings::tests::settings;

    fn claim_error(dir: &Path, settings: &DemoSettings) -> String {
        let error = DemoLakeDir::claim(dir, settings).unwrap_err();
        assert!(error.is::<BadInput>(), "{error:#}");
        error.to_string().replace(dir.to_str().unwrap(), "DIR")
    }

    #[test]
    fn only_the_same_demo_claims_a_directory_again() {
        let dir = tempfile::tempdir().unwrap();
        let first = DemoLakeDir::claim(dir.path(), &settings(100)).unwrap();
        assert!(
            claim_error(dir.path(), &settings(100)).starts_with("another demo is running in DIR")
        );
        drop(first);
        DemoLakeDir::claim(dir.path(), &settings(100)).unwrap();
        assert_eq!(
            claim_error(dir.path(), &settings(200)),
            "DIR contains another demo (--events 100 --users 50 --days 1 --seed 7); \
             name another directory with --lake, or delete it"
        );
        let mut other_version = settings(100);
        other_version.window_s = 60;
        assert!(claim_error(dir.path(), &other_version).contains("of another version"));
    }

    #[test]
    fn a_directory_without_a_demo_is_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ledger")).unwrap();
        assert_eq!(
            claim_error(dir.path(), &settings(100)),
            "DIR contains ledger, but no demo; name another directory with --lake"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join(SETTINGS_FILE), "{").unwrap();
        assert!(claim_error(dir.path(), &settings(100)).contains("an invalid demo.json"));
        let file = dir.path().join(SETTINGS_FILE);
        assert!(claim_error(&file, &settings(100)).contains("cannot create the lake's directory"));
    }

    #[test]
    fn a_new_stream_replaces_the_old_one_and_its_report() {
        let dir = tempfile::tempdir().unwrap();
        let lake_dir = DemoLakeDir::claim(dir.path(), &settings(100)).unwrap();
        let stream = lake_dir.new_stream(&[]).unwrap();
        fs::write(stream.join("stream.json"), "half").unwrap();
        lake_dir.write_report(b"{}").unwrap();
        assert!(dir.path().join(REPORT_FILE).exists());
        lake_dir.new_stream(&[]).unwrap();
        assert!(!dir.path().join(REPORT_FILE).exists());
        let left: Vec<_> = fs::read_dir(&stream)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["titles.ndjson"]);
    }
}
