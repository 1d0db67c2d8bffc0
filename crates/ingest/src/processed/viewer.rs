//! The columns of the viewer: account, session, country and device.
//!
//! These words seldom change within a session. Therefore only the session is looked up; the
//! other words are compared with those of the session's previous event.

use marquee_encode::{Chunk, EncodeError, TextColumn, Zstd};
use marquee_event::Event;

use super::bytes;

/// The columns of the viewer, from `user_id` to `app_version`.
pub(super) struct ViewerColumns {
    user_ids: TextColumn,
    session_ids: TextColumn,
    profile_ids: TextColumn,
    countries: TextColumn,
    device_types: TextColumn,
    device_oses: TextColumn,
    app_versions: TextColumn,
    /// The words of each session's last event, by the session's number in the dictionary of
    /// its column.
    sessions: Vec<Words>,
}

/// The numbers of a session's words in the dictionaries of their columns. The number of an
/// absent word is arbitrary.
#[derive(Debug, Clone, Copy, Default)]
struct Words {
    user: u32,
    profile: u32,
    country: u32,
    device_type: u32,
    device_os: u32,
    app_version: u32,
}

impl ViewerColumns {
    pub(super) fn new() -> Self {
        Self {
            user_ids: TextColumn::new(false),
            session_ids: TextColumn::new(false),
            profile_ids: TextColumn::new(true),
            countries: TextColumn::new(true),
            device_types: TextColumn::new(true),
            device_oses: TextColumn::new(true),
            app_versions: TextColumn::new(true),
            sessions: Vec::new(),
        }
    }

    /// Reserves capacity for `rows` more rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        let columns = [
            &mut self.user_ids,
            &mut self.session_ids,
            &mut self.profile_ids,
            &mut self.countries,
            &mut self.device_types,
            &mut self.device_oses,
            &mut self.app_versions,
        ];
        columns.into_iter().for_each(|column| column.reserve(rows));
    }

    /// Appends the viewer of an event. Returns the session's number; `None` if the dictionary
    /// of sessions is full.
    #[inline]
    pub(super) fn push(
        &mut self,
        event: &Event<'_>,
        zstd: &mut Zstd,
    ) -> Result<Option<u32>, EncodeError> {
        let session = self.session_ids.push(event.session_id.as_bytes(), zstd)?;
        let session = session.map(|(number, _)| number);
        let mut unnumbered = Words::default();
        let words = match session {
            Some(number) => {
                let number = number as usize;
                if number == self.sessions.len() {
                    self.sessions.push(Words::default());
                }
                self.sessions.get_mut(number)
            }
            None => None,
        };
        let words = words.unwrap_or(&mut unnumbered);
        let user_id = Some(event.user_id.as_bytes());
        near(&mut self.user_ids, user_id, &mut words.user, zstd)?;
        let profile_id = bytes(&event.profile_id);
        near(&mut self.profile_ids, profile_id, &mut words.profile, zstd)?;
        let country = event.country.as_ref().map(|code| &code.as_bytes()[..]);
        near(&mut self.countries, country, &mut words.country, zstd)?;
        let kind = bytes(&event.device.kind);
        near(&mut self.device_types, kind, &mut words.device_type, zstd)?;
        let os = bytes(&event.device.os);
        near(&mut self.device_oses, os, &mut words.device_os, zstd)?;
        let version = bytes(&event.device.app_version);
        near(
            &mut self.app_versions,
            version,
            &mut words.app_version,
            zstd,
        )?;
        Ok(session)
    }

    /// Returns the columns in the order of the table.
    pub(super) fn finish(self, zstd: &mut Zstd) -> Result<[Chunk; 7], EncodeError> {
        Ok([
            self.user_ids.finish(zstd)?,
            self.session_ids.finish(zstd)?,
            self.profile_ids.finish(zstd)?,
            self.countries.finish(zstd)?,
            self.device_types.finish(zstd)?,
            self.device_oses.finish(zstd)?,
            self.app_versions.finish(zstd)?,
        ])
    }
}

/// Appends a word that probably has `number`, and stores its actual number.
#[inline(always)]
fn near(
    column: &mut TextColumn,
    word: Option<&[u8]>,
    number: &mut u32,
    zstd: &mut Zstd,
) -> Result<(), EncodeError> {
    match word {
        Some(word) => {
            if let Some(found) = column.push_near(word, *number, zstd)? {
                *number = found;
            }
            Ok(())
        }
        None => column.push_null(zstd),
    }
}
