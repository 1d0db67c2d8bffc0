//! The second step of the slow path: reads the values of the fields in the order of the
//! checks.

use std::borrow::Cow;

use marquee_json::Token;

use crate::event::{SCHEMA_VERSION, bounds};
use crate::field::{integer, missing};
use crate::fields::{Event, at};
use crate::parse::Fields;
use crate::rejection::{Detail, Reason, Rejection};

impl<'a> Fields<'a> {
    /// Reads the fields in the order of the checks.
    pub(crate) fn read(&self) -> Result<Event<'a>, Rejection> {
        version(self.token(at::schema_version))?;
        let mut event = self.read_fields()?;
        if let Some(field) = event.missing_for_type() {
            return Err(missing(field));
        }
        event.extra = extra_of(&self.extra, &self.device.extra, &self.producer.extra)?;
        Ok(event)
    }
}

/// Joins the unknown members verbatim into one object. Those of `device` and `producer`
/// go into objects of these names.
pub(crate) fn extra_of<'a>(
    event: &[&str],
    device: &[&str],
    producer: &[&str],
) -> Result<Option<Cow<'a, str>>, Rejection> {
    if event.is_empty() && device.is_empty() && producer.is_empty() {
        return Ok(None);
    }
    let nested = [("device", device), ("producer", producer)]
        .into_iter()
        .filter(|(_, members)| !members.is_empty())
        .map(|(name, members)| format!("\"{name}\":{{{}}}", members.join(",")));
    let members = event.iter().map(|member| (*member).to_owned());
    let text = format!(
        "{{{}}}",
        members.chain(nested).collect::<Vec<_>>().join(",")
    );
    if text.len() > bounds::EXTRA_BYTES {
        return Err(Rejection::of_field(
            Reason::TooLong,
            "extra",
            Some(text.as_bytes()),
            Detail::ExtraTooLong { bytes: text.len() },
        ));
    }
    Ok(Some(Cow::Owned(text)))
}

fn version(token: Token<'_>) -> Result<(), Rejection> {
    match integer("schema_version", token, i64::MIN, i64::MAX) {
        Ok(None) => Ok(()),
        Ok(Some(version)) if version == i64::from(SCHEMA_VERSION) => Ok(()),
        Err(rejection) if rejection.reason == Reason::WrongType => Err(rejection),
        // This includes a number that is too large for an integer.
        Ok(Some(_)) | Err(_) => Err(Rejection::of_field(
            Reason::UnsupportedSchemaVersion,
            "schema_version",
            Some(token.text.as_bytes()),
            Detail::UnsupportedVersion,
        )),
    }
}
