//! The history of titles: versions with their dates, for loads in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use marquee_lake::generation::TableFiles;
use marquee_tables::schema;

use crate::lake::{Postgresql, World};

const DAYS: [&str; 4] = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"];

/// Title ids with their names; an empty name stands for null.
type Titles = &'static [(&'static str, &'static str)];

async fn publish(world: &World, date: &str, number: u32, titles: Titles) {
    let rows = titles.len();
    let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
    let batch = RecordBatch::try_new(
        schema::titles(),
        vec![
            text(titles.iter().map(|(id, _)| Some(*id)).collect()),
            text(titles.iter().map(|(_, name)| Some(*name)).collect()),
            text(vec![Some("movie"); rows]),
            text(vec![None; rows]),
            Arc::new(Int32Array::from(vec![None; rows])),
            Arc::new(Int32Array::from(vec![None; rows])),
            text(
                titles
                    .iter()
                    .map(|(_, name)| (!name.is_empty()).then_some(*name))
                    .collect(),
            ),
            Arc::new(Int64Array::from(vec![None; rows])),
            Arc::new(Date32Array::from(vec![None; rows])),
        ],
    )
    .unwrap();
    let key = format!("curated/dim_title/run={date}-{number}/part-0000.parquet");
    let files = vec![world.put(key, &batch).await];
    let tables = BTreeMap::from([("dim_title".to_owned(), TableFiles { files })]);
    world.commit(date, number, tables).await;
    world.load(date, number).await;
}

/// Returns every version as `id name from to current`.
async fn versions(world: &World) -> Vec<String> {
    let session = world.data_api.engine().session().await.unwrap();
    let sql = "SELECT title_id, name, valid_from, valid_to, is_current FROM marquee.dim_title \
               ORDER BY title_id, valid_from, valid_to";
    let answer = session.run(sql, &BTreeMap::new()).await.unwrap();
    answer
        .rows
        .iter()
        .map(|row| {
            let values: Vec<&str> = row.iter().map(|v| v.as_deref().unwrap_or("-")).collect();
            values.join(" ")
        })
        .collect()
}

pub(crate) async fn a_title_has_a_version_for_each_period_of_its_attributes(
    postgresql: Postgresql,
) {
    let world = postgresql.world().await;
    publish(&world, DAYS[0], 1, &[("a", "One"), ("b", "Two"), ("c", "")]).await;
    publish(&world, DAYS[1], 1, &[("a", "One"), ("b", "Two"), ("c", "")]).await;
    // One title is renamed, one is removed, one is added.
    publish(
        &world,
        DAYS[2],
        1,
        &[("a", "Uno"), ("c", ""), ("d", "Four")],
    )
    .await;
    let expected = [
        "a One 2026-03-01 2026-03-03 f",
        "a Uno 2026-03-03 - t",
        "b Two 2026-03-01 2026-03-03 f",
        "c  2026-03-01 - t",
        "d Four 2026-03-03 - t",
    ];
    assert_eq!(versions(&world).await, expected);

    // Loading the date again, from a later generation, replaces the effect of the
    // first load.
    publish(
        &world,
        DAYS[2],
        2,
        &[("a", "One"), ("b", "Zwei"), ("c", "")],
    )
    .await;
    let expected = [
        "a One 2026-03-01 - t",
        "b Two 2026-03-01 2026-03-03 f",
        "b Zwei 2026-03-03 - t",
        "c  2026-03-01 - t",
    ];
    assert_eq!(versions(&world).await, expected);
    // An earlier date does not change later versions.
    publish(&world, DAYS[1], 2, &[("z", "Late")]).await;
    assert_eq!(versions(&world).await, expected);
    // A title that is removed and added again has a gap.
    publish(&world, DAYS[3], 1, &[("b", "Zwei")]).await;
    publish(&world, "2026-03-06", 1, &[("a", "One"), ("b", "Zwei")]).await;
    let expected = [
        "a One 2026-03-01 2026-03-04 f",
        "a One 2026-03-06 - t",
        "b Two 2026-03-01 2026-03-03 f",
        "b Zwei 2026-03-03 - t",
        "c  2026-03-01 2026-03-04 f",
    ];
    assert_eq!(versions(&world).await, expected);
}
