//! The figures of a published date that are searched for anomalies.
//!
//! The figures of a date come from two small documents, its generation and its audit, and
//! from the files of two marts. A search reads at most [`WEEKS`] earlier dates, regardless of
//! the size of the lake.

use std::collections::BTreeMap;

use arrow_array::Array as _;
use marquee_event::Date;
use marquee_lake::generation::{self, Generation};
use marquee_lake::rows::RowReader;
use marquee_lake::zone::run_artifact_key;
use marquee_lake::{LakeError, document};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Deserialize;

use crate::anomaly::{Anomaly, AnomalySettings, DayFigures, WEEKS, find_anomalies};
use crate::audit::Audit;
use crate::write::BOOKS;

/// The part of an audit that is compared.
#[derive(Deserialize)]
struct AuditedArrivals {
    ingest: Arrivals,
}

#[derive(Clone, Copy, Deserialize)]
struct Arrivals {
    received: u64,
    quarantined: u64,
}

/// Finds the anomalies of an audited date. The date must be over, because the figures of a
/// part of a day are too small.
///
/// Skips an earlier date that cannot be read, with a warning, because it must not fail the
/// audits of four later dates.
///
/// # Errors
/// Returns [`LakeError`] if the date itself cannot be read.
pub async fn anomalies(
    store: &dyn ObjectStore,
    audit: &Audit,
    settings: &AnomalySettings,
) -> Result<Vec<Anomaly>, LakeError> {
    if !settings.enabled {
        return Ok(Vec::new());
    }
    let arrivals = Arrivals {
        received: audit.ingest.received,
        quarantined: audit.ingest.quarantined,
    };
    let Some(day) = figures(store, audit.date, Some(arrivals)).await? else {
        return Ok(Vec::new());
    };
    let mut earlier = Vec::new();
    for week in 1..=WEEKS {
        let date = audit.date.before(7 * week);
        match figures(store, date, None).await {
            Ok(figures) => earlier.extend(figures),
            Err(error) => tracing::warn!(
                event.date = %audit.date,
                "cannot read the figures of {date}, so the search for anomalies skips it: {error}"
            ),
        }
    }
    Ok(find_anomalies(&day, &earlier, settings))
}

/// Returns the figures of a date, or `None` if it is not published. `arrivals` are the counts
/// of the date's audit. If it is `None`, reads them from the written audit, if there is one.
async fn figures(
    store: &dyn ObjectStore,
    date: Date,
    arrivals: Option<Arrivals>,
) -> Result<Option<DayFigures>, LakeError> {
    let Some(generation) = generation::current_of(store, date).await? else {
        return Ok(None);
    };
    let arrivals = match arrivals {
        Some(arrivals) => Some(arrivals),
        None => audited_arrivals(store, date).await?,
    };
    Ok(Some(DayFigures {
        events: generation.counts.curated,
        received: arrivals.map_or(0, |arrivals| arrivals.received),
        rejected: arrivals.map_or(0, |arrivals| arrivals.quarantined),
        countries: sums(
            store,
            &generation,
            "country_device_daily",
            "country",
            "events",
        )
        .await?,
        titles: sums(store, &generation, "title_daily", "title_id", "views").await?,
    }))
}

async fn audited_arrivals(
    store: &dyn ObjectStore,
    date: Date,
) -> Result<Option<Arrivals>, LakeError> {
    let key = run_artifact_key(date, "audit", BOOKS);
    match document::read::<AuditedArrivals>(store, &key).await {
        Ok(audited) => Ok(Some(audited.ingest)),
        Err(LakeError::Store(object_store::Error::NotFound { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sums the column `value` of a table by the column `name`. Skips rows in which either is
/// null. Returns no sums if the generation lacks the table.
async fn sums(
    store: &dyn ObjectStore,
    generation: &Generation,
    table: &str,
    name: &str,
    value: &str,
) -> Result<BTreeMap<String, u64>, LakeError> {
    let mut sums = BTreeMap::new();
    for file in generation.tables.get(table).iter().flat_map(|t| &t.files) {
        let content = store
            .get(&Path::from(file.key.as_str()))
            .await?
            .bytes()
            .await?;
        for batch in RowReader::open(&file.key, content, &[name, value])? {
            let batch = batch?;
            let (names, values) = (batch.text(name)?, batch.long(value)?);
            for row in 0..batch.num_rows() {
                if names.is_valid(row) && values.is_valid(row) {
                    let sum: &mut u64 = sums.entry(names.value(row).to_owned()).or_default();
                    let count = values.value(row);
                    *sum += u64::try_from(count).map_err(|_| LakeError::Malformed {
                        key: file.key.clone(),
                        cause: format!("{value} is negative: {count}"),
                    })?;
                }
            }
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests;
