//! The title catalog: immutable versions, and a pointer to the current one.

use std::collections::HashSet;

use arrow_array::Array;
use bytes::Bytes;
use marquee_encode::{
    BooleanColumn, EncodeError, FileLayout, IntColumn, TextColumn, Width, Zstd, write_file,
};
use marquee_event::{Date, Title, TitleKind};
use marquee_tables::schema;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::error::LakeError;
use crate::rows::{RowBatch, RowReader};
use crate::zone::TITLES;

/// A pointer to one version of the title catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleCatalogPointer {
    /// The version: the digest of the file's content.
    pub version: String,
    /// The key of the version's file.
    pub key: String,
    /// The number of titles.
    pub titles: u64,
}

fn pointer_key() -> Path {
    Path::from(format!("{TITLES}/current.json"))
}

/// Writes the titles as a version of the title catalog, then moves the pointer to that
/// version. Equal titles give the same version.
///
/// # Errors
/// [`LakeError::TitleCatalog`] or [`LakeError::DuplicateTitle`] for an invalid row, before
/// anything is written; [`LakeError::Store`].
pub async fn publish(
    store: &dyn ObjectStore,
    titles: &[Title],
) -> Result<TitleCatalogPointer, LakeError> {
    let file = encode(titles)?;
    let version = digest::of(&file);
    let pointer = TitleCatalogPointer {
        key: version_key(&version),
        version,
        titles: titles.len() as u64,
    };
    let text = serde_json::to_vec_pretty(&pointer).map_err(|cause| LakeError::Malformed {
        key: pointer_key().to_string(),
        cause: cause.to_string(),
    })?;
    store
        .put(&Path::from(pointer.key.as_str()), file.into())
        .await?;
    store.put(&pointer_key(), Bytes::from(text).into()).await?;
    Ok(pointer)
}

/// Returns the pointer to the current version; `None` if no version was ever published.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if the object is not a pointer.
pub async fn current(store: &dyn ObjectStore) -> Result<Option<TitleCatalogPointer>, LakeError> {
    let bytes = match store.get(&pointer_key()).await {
        Ok(found) => found.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let pointer = serde_json::from_slice(&bytes).map_err(|cause| LakeError::Malformed {
        key: pointer_key().to_string(),
        cause: cause.to_string(),
    })?;
    Ok(Some(pointer))
}

/// Reads the titles of the version that the pointer names.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if the object is not a title catalog.
pub async fn load(
    store: &dyn ObjectStore,
    pointer: &TitleCatalogPointer,
) -> Result<Vec<Title>, LakeError> {
    read(store, &pointer.key).await
}

/// Reads the titles of a version.
///
/// # Errors
/// As [`load`].
pub async fn load_version(store: &dyn ObjectStore, version: &str) -> Result<Vec<Title>, LakeError> {
    read(store, &version_key(version)).await
}

fn version_key(version: &str) -> String {
    format!("{TITLES}/{version}.parquet")
}

async fn read(store: &dyn ObjectStore, key: &str) -> Result<Vec<Title>, LakeError> {
    let bytes = store.get(&Path::from(key)).await?.bytes().await?;
    let mut titles = Vec::new();
    for batch in RowReader::open(key, bytes, &COLUMNS)? {
        read_rows(key, &batch?, &mut titles)?;
    }
    Ok(titles)
}

fn encode(titles: &[Title]) -> Result<Bytes, LakeError> {
    let mut zstd = Zstd::new()?;
    let needed = || TextColumn::new(false);
    let optional = || TextColumn::new(true);
    let (mut ids, mut names, mut kinds) = (needed(), needed(), needed());
    let (mut series, mut genres) = (optional(), optional());
    let int = |width| IntColumn::new(width, true);
    let (mut seasons, mut episodes) = (int(Width::W32), int(Width::W32));
    let (mut runtimes, mut releases) = (int(Width::W64), int(Width::W32));
    let mut estimates = BooleanColumn::default();
    let mut seen = HashSet::new();
    for (index, title) in titles.iter().enumerate() {
        let row = index + 1;
        title
            .validate()
            .map_err(|cause| LakeError::TitleCatalog { row, cause })?;
        if !seen.insert(title.title_id.as_str()) {
            let title_id = title.title_id.clone();
            return Err(LakeError::DuplicateTitle { row, title_id });
        }
        ids.push(title.title_id.as_bytes(), &mut zstd)?;
        names.push(title.name.as_bytes(), &mut zstd)?;
        kinds.push(title.kind.name().as_bytes(), &mut zstd)?;
        series.push_optional(title.series_id.as_deref().map(str::as_bytes), &mut zstd)?;
        seasons.push_optional(title.season.map(i64::from), &mut zstd)?;
        episodes.push_optional(title.episode.map(i64::from), &mut zstd)?;
        genres.push_optional(
            title.joined_genres().as_deref().map(str::as_bytes),
            &mut zstd,
        )?;
        runtimes.push_optional(title.runtime_ms, &mut zstd)?;
        let release = title.release_date.as_deref().map(str::parse::<Date>);
        // `validate` accepts valid dates only.
        let release = release.transpose().map_err(|_| {
            LakeError::Encode(EncodeError::Row(
                "a validated title has a release date that is not a date",
            ))
        })?;
        releases.push_optional(release.map(|date| date.days().into()), &mut zstd)?;
        estimates.push(title.runtime_estimated, &mut zstd)?;
    }
    let mut chunks = vec![
        ids.finish(&mut zstd)?,
        names.finish(&mut zstd)?,
        kinds.finish(&mut zstd)?,
        series.finish(&mut zstd)?,
        seasons.finish(&mut zstd)?,
        episodes.finish(&mut zstd)?,
        genres.finish(&mut zstd)?,
        runtimes.finish(&mut zstd)?,
        releases.finish(&mut zstd)?,
    ];
    // A catalog without estimates has no such column: its bytes, and so its version,
    // stay those of older releases.
    let schema = if titles.iter().any(|title| title.runtime_estimated) {
        chunks.push(estimates.finish(&mut zstd)?);
        schema::titles_with_estimates()
    } else {
        schema::titles()
    };
    Ok(write_file(&FileLayout::new(&schema)?, chunks)?)
}

/// The column of a catalog with estimated runtimes.
const ESTIMATED: &str = "runtime_estimated";

/// The columns of the table `titles`.
const COLUMNS: [&str; 10] = [
    "title_id",
    "name",
    "kind",
    "series_id",
    "season",
    "episode",
    "genres",
    "runtime_ms",
    "release_date",
    ESTIMATED,
];

/// Appends the batch's rows to `titles`.
fn read_rows(key: &str, batch: &RowBatch, titles: &mut Vec<Title>) -> Result<(), LakeError> {
    let (ids, names, kinds) = (
        batch.text("title_id")?,
        batch.text("name")?,
        batch.text("kind")?,
    );
    let (series, genres) = (batch.text("series_id")?, batch.text("genres")?);
    let (seasons, episodes) = (batch.int("season")?, batch.int("episode")?);
    let (runtimes, releases) = (batch.long("runtime_ms")?, batch.date("release_date")?);
    let estimates = match batch.has_column(ESTIMATED) {
        true => Some(batch.boolean(ESTIMATED)?),
        false => None,
    };
    for row in 0..batch.num_rows() {
        titles.push(Title {
            title_id: ids.value(row).to_owned(),
            name: names.value(row).to_owned(),
            kind: TitleKind::from_name(kinds.value(row)).ok_or_else(|| LakeError::Malformed {
                key: key.to_owned(),
                cause: format!("row {row}: {:?} is not a kind of title", kinds.value(row)),
            })?,
            series_id: series.is_valid(row).then(|| series.value(row).to_owned()),
            season: seasons.is_valid(row).then(|| seasons.value(row)),
            episode: episodes.is_valid(row).then(|| episodes.value(row)),
            genres: match genres.is_valid(row) {
                true => genres.value(row).split('|').map(str::to_owned).collect(),
                false => Vec::new(),
            },
            runtime_ms: runtimes.is_valid(row).then(|| runtimes.value(row)),
            runtime_estimated: estimates.is_some_and(|column| column.value(row)),
            release_date: releases
                .is_valid(row)
                .then(|| Date::from_days(releases.value(row)).to_string()),
        });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    fn titles() -> Vec<Title> {
        vec![
            Title {
                title_id: "t1".into(),
                name: "The First".into(),
                kind: TitleKind::Episode,
                series_id: Some("s1".into()),
                season: Some(1),
                episode: Some(2),
                genres: vec!["Drama".into(), "Crime".into()],
                runtime_ms: Some(2_700_000),
                runtime_estimated: false,
                release_date: Some("1969-07-20".into()),
            },
            Title {
                title_id: "t2".into(),
                name: "Bare".into(),
                kind: TitleKind::Movie,
                series_id: None,
                season: None,
                episode: None,
                genres: vec![],
                runtime_ms: None,
                runtime_estimated: false,
                release_date: None,
            },
        ]
    }

    #[tokio::test]
    async fn published_titles_are_loaded() {
        let store = InMemory::new();
        assert_eq!(current(&store).await.unwrap(), None);
        let first = publish(&store, &titles()[..1]).await.unwrap();
        let pointer = publish(&store, &titles()).await.unwrap();
        assert_ne!(first.version, pointer.version);
        assert_eq!(current(&store).await.unwrap().as_ref(), Some(&pointer));
        assert_eq!(load(&store, &pointer).await.unwrap(), titles());
        assert_eq!(load(&store, &first).await.unwrap(), titles()[..1]);
        let second = load_version(&store, &pointer.version).await.unwrap();
        assert_eq!(second, titles());
        assert_eq!(publish(&store, &titles()).await.unwrap(), pointer);
        let empty = publish(&store, &[]).await.unwrap();
        assert_eq!(load(&store, &empty).await.unwrap(), vec![]);
    }

    #[tokio::test]
    async fn an_estimated_runtime_is_marked_and_changes_no_other_catalog() {
        let store = InMemory::new();
        let plain = publish(&store, &titles()).await.unwrap();
        let mut estimated = titles();
        estimated[0].runtime_estimated = true;
        let pointer = publish(&store, &estimated).await.unwrap();
        assert_ne!(plain.version, pointer.version);
        assert_eq!(load(&store, &pointer).await.unwrap(), estimated);
        let columns = |key: String| {
            let store = &store;
            async move {
                let bytes = store.get(&Path::from(key)).await.unwrap();
                let bytes = bytes.bytes().await.unwrap();
                RowReader::open("titles", bytes, &COLUMNS)
                    .unwrap()
                    .schema()
                    .fields()
                    .len()
            }
        };
        assert_eq!(columns(plain.key).await, 9);
        assert_eq!(columns(pointer.key).await, 10);
        estimated[1].runtime_estimated = true;
        assert_eq!(
            publish(&store, &estimated).await.unwrap_err().to_string(),
            "row 2 of the title catalog: title \"t2\": runtime_estimated must be absent where \
             runtime_ms is absent"
        );
    }

    #[tokio::test]
    async fn an_invalid_row_publishes_nothing() {
        let store = InMemory::new();
        let mut twice = titles();
        twice[1].title_id = "t1".into();
        assert_eq!(
            publish(&store, &twice).await.unwrap_err().to_string(),
            "row 2 of the title catalog: title \"t1\" occurs twice; remove one of its rows"
        );
        let mut wrong = titles();
        wrong[1].release_date = Some("1999-02-30".into());
        assert_eq!(
            publish(&store, &wrong).await.unwrap_err().to_string(),
            "row 2 of the title catalog: title \"t2\": release_date must be a date, YYYY-MM-DD"
        );
        assert_eq!(current(&store).await.unwrap(), None);
    }
}
