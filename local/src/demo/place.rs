//! The directory a demo goes to.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use marquee_event::Title;

use super::Settings;
use crate::bad_input::BadInput;

/// What says that a directory is a demo's, and with which settings it was made.
const SETTINGS: &str = "demo.json";
const REPORT: &str = "report.json";
/// Beside the zones, none of which has that name.
const STREAM: &str = "stream";
/// What a demo writes beside its settings.
const WRITTEN: [&str; 8] = [
    "raw",
    "quarantine",
    "processed",
    "failed",
    "ledger",
    "reference",
    STREAM,
    REPORT,
];

/// A directory that is one demo's, and nobody else's as long as this lives.
///
/// It holds the lake; the stream, in `stream/`; the report, `report.json`; and
/// the settings, `demo.json`, whose lock keeps a second demo out.
#[derive(Debug)]
pub(super) struct Place {
    dir: PathBuf,
    /// Its lock goes with it, however the process ends.
    _settings: File,
}

impl Place {
    /// Takes `dir` for a demo with `settings`: a directory that is not there
    /// yet, that holds nothing a demo would write, or that holds this very demo,
    /// finished or broken off.
    ///
    /// # Errors
    /// [`BadInput`] if it holds something else; then it is left as it is.
    pub(super) fn claim(dir: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let path = dir.join(SETTINGS);
        let shown = dir.display();
        if !path.exists() {
            if let Some(name) = WRITTEN.iter().find(|name| dir.join(name).exists()) {
                return Err(BadInput(format!(
                    "{shown} holds {name} of something that is no demo; name another directory with --lake"
                ))
                .into());
            }
            fs::create_dir_all(dir).map_err(|error| {
                BadInput(format!("{shown} cannot be a lake's directory: {error}"))
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
                    "a demo is at work in {shown}; wait for it, or name another directory with --lake"
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
            compare(dir, &found, settings)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            _settings: file,
        })
    }

    /// Makes the stream's directory anew, with the catalogue that a producer
    /// leaves there, and says where it is.
    ///
    /// What an earlier demo of the same settings left is taken away: it is a
    /// beginning of the same stream, whose batches, if they are done, have their
    /// receipts in the lake.
    pub(super) fn new_stream(&self, titles: &[Title]) -> anyhow::Result<PathBuf> {
        let stream = self.dir.join(STREAM);
        if stream.exists() {
            fs::remove_dir_all(&stream)
                .with_context(|| format!("cannot remove {}", stream.display()))?;
        }
        // An old report would speak of a run that is being done again.
        let report = self.dir.join(REPORT);
        if report.exists() {
            fs::remove_file(&report)
                .with_context(|| format!("cannot remove {}", report.display()))?;
        }
        fs::create_dir(&stream).with_context(|| format!("cannot make {}", stream.display()))?;
        marquee_producer::title_catalog::write(&stream.join("titles.ndjson"), titles)
            .with_context(|| format!("cannot write the catalogue to {}", stream.display()))?;
        Ok(stream)
    }

    /// Keeps the report: whoever looks finds a whole one or none.
    pub(super) fn keep_report(&self, json: &[u8]) -> anyhow::Result<()> {
        let path = self.dir.join(REPORT);
        let draft = path.with_extension("json.draft");
        fs::write(&draft, json)
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Refuses a directory whose demo is another one.
fn compare(dir: &Path, found: &str, wanted: &Settings) -> Result<(), BadInput> {
    let shown = dir.display();
    let what = match serde_json::from_str::<Settings>(found) {
        Ok(found) if found == *wanted => return Ok(()),
        Ok(found) if found.to_string() == wanted.to_string() => {
            "this demo, made by another version".to_owned()
        }
        Ok(found) => format!("another demo ({found})"),
        Err(error) => format!("a {SETTINGS} that cannot be read ({error})"),
    };
    Err(BadInput(format!(
        "{shown} holds {what}; name another directory with --lake, or delete it"
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::demo::settings::tests::settings;

    fn refusal(dir: &Path, settings: &Settings) -> String {
        let error = Place::claim(dir, settings).unwrap_err();
        assert!(error.is::<BadInput>(), "{error:#}");
        error.to_string().replace(dir.to_str().unwrap(), "DIR")
    }

    #[test]
    fn is_taken_again_by_the_same_demo_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Place::claim(dir.path(), &settings(100)).unwrap();
        assert!(refusal(dir.path(), &settings(100)).starts_with("a demo is at work in DIR"));
        drop(first);
        Place::claim(dir.path(), &settings(100)).unwrap();
        assert_eq!(
            refusal(dir.path(), &settings(200)),
            "DIR holds another demo (--events 100 --users 50 --days 1 --seed 7); \
             name another directory with --lake, or delete it"
        );
        let mut other_version = settings(100);
        other_version.window_s = 60;
        assert!(refusal(dir.path(), &other_version).contains("made by another version"));
    }

    #[test]
    fn what_is_no_demo_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ledger")).unwrap();
        assert_eq!(
            refusal(dir.path(), &settings(100)),
            "DIR holds ledger of something that is no demo; name another directory with --lake"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join(SETTINGS), "{").unwrap();
        assert!(refusal(dir.path(), &settings(100)).contains("demo.json that cannot be read"));
        let file = dir.path().join(SETTINGS);
        assert!(refusal(&file, &settings(100)).contains("cannot be a lake's directory"));
    }

    #[test]
    fn the_stream_is_made_anew_and_the_report_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::claim(dir.path(), &settings(100)).unwrap();
        let stream = place.new_stream(&[]).unwrap();
        fs::write(stream.join("stream.json"), "half").unwrap();
        place.keep_report(b"{}").unwrap();
        assert!(dir.path().join(REPORT).exists());
        place.new_stream(&[]).unwrap();
        assert!(!dir.path().join(REPORT).exists());
        let left: Vec<_> = fs::read_dir(&stream)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["titles.ndjson"]);
    }
}
