//! A simple model of compaction, written from the definitions in `docs/DATA_MODEL.md`. It
//! shares no code with the implementation.

use std::collections::{BTreeMap, BTreeSet};

use marquee_event::{EventType, Title};

use crate::rows::Cells;
use crate::units::{Unit, title_catalog};

/// The expected result of compaction.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) events: Vec<Cells>,
    /// Without `content_digest`.
    pub(crate) dropped: Vec<Cells>,
    pub(crate) sessions: Vec<Cells>,
    pub(crate) views: Vec<Cells>,
    pub(crate) receipt_rows: u64,
    pub(crate) conflicts: u64,
    pub(crate) redelivered: u64,
}

type Identity = (&'static str, u64, i32);

fn identity(unit: &Unit) -> Identity {
    (unit.shard, unit.sequence, unit.sub_sequence)
}

/// Returns the expected result for delivered units. A unit that is listed twice was
/// delivered twice.
pub(crate) fn expected<'u>(delivered: impl IntoIterator<Item = &'u Unit>) -> Expected {
    let of_date: Vec<&Unit> = delivered
        .into_iter()
        .filter(|unit| unit.is_of_date())
        .collect();
    let mut expected = Expected {
        receipt_rows: of_date.len() as u64,
        ..Expected::default()
    };
    let mut distinct: BTreeMap<Identity, &Unit> = BTreeMap::new();
    for unit in of_date {
        if distinct.insert(identity(unit), unit).is_some() {
            expected.redelivered += 1;
        }
    }
    let mut claims: BTreeMap<(&str, u128), Vec<&Unit>> = BTreeMap::new();
    for unit in distinct.into_values() {
        claims
            .entry((&unit.user, unit.event_id))
            .or_default()
            .push(unit);
    }
    let mut users: BTreeMap<&str, Vec<&Unit>> = BTreeMap::new();
    for ((user, _), mut units) in claims {
        units.sort_by_key(|unit| (unit.arrived_at, identity(unit)));
        let kept = units[0];
        users.entry(user).or_default().push(kept);
        for unit in &units[1..] {
            let is_conflict = unit.content != kept.content;
            expected.conflicts += u64::from(is_conflict);
            expected.dropped.push(dropped_row(unit, is_conflict));
        }
    }
    for mut units in users.into_values() {
        units.sort_by_key(|unit| (unit.content.time, unit.arrived_at, identity(unit)));
        expected
            .events
            .extend(units.iter().map(|unit| event_row(unit)));
        let mut sessions: Vec<&str> = Vec::new();
        for unit in &units {
            if !sessions.contains(&unit.content.session.as_str()) {
                sessions.push(&unit.content.session);
            }
        }
        for session in sessions {
            let of_session = |unit: &&&Unit| unit.content.session == session;
            let units: Vec<&Unit> = units.iter().filter(of_session).copied().collect();
            add_session(&units, &mut expected);
        }
    }
    expected
}

fn title(id: Option<&str>) -> Option<Title> {
    let id = id?;
    title_catalog()
        .into_iter()
        .find(|title| title.title_id == id)
}

fn some(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

fn event_row(unit: &Unit) -> Cells {
    let content = &unit.content;
    let title = title(content.title);
    let runtime = title.as_ref().and_then(|title| title.runtime_ms);
    let rate = match (
        content.event_type.is_playback(),
        content.position_ms,
        runtime,
    ) {
        (true, Some(position), Some(runtime)) => {
            some((position as f64 / runtime as f64).min(1.0) as f32)
        }
        _ => None,
    };
    vec![
        some(uuid::Uuid::from_u128(unit.event_id)),
        some(content.event_type),
        some(content.time),
        some(&unit.user),
        some(&content.session),
        text(&content.profile),
        text(&content.country),
        text(&content.device_type),
        content.device_type.map(|_| "os".to_owned()),
        None,
        text(&content.title),
        text(&content.position_ms),
        text(&content.from_position_ms),
        text(&content.query),
        text(&content.results),
        text(&content.row),
        content
            .halves
            .map(|halves| (f32::from(halves) / 2.0).to_string()),
        title.as_ref().and_then(|title| title.series_id.clone()),
        title.as_ref().and_then(Title::joined_genres),
        text(&runtime),
        rate,
        text(&content.extra),
        unit.producer.map(|(id, _)| id.to_owned()),
        unit.producer.map(|(_, seq)| seq.to_string()),
        some(unit.shard),
        some(unit.sequence),
        some(unit.sub_sequence),
        some(unit.arrived_at),
        text(&content.network_type),
    ]
}

fn dropped_row(unit: &Unit, is_conflict: bool) -> Cells {
    vec![
        some(&unit.user),
        some(uuid::Uuid::from_u128(unit.event_id)),
        some(unit.shard),
        some(unit.sequence),
        some(unit.sub_sequence),
        some(unit.arrived_at),
        some(is_conflict),
    ]
}

fn add_session(units: &[&Unit], expected: &mut Expected) {
    let watched = |unit: &&&Unit| {
        let content = &unit.content;
        let of_view = content.event_type.is_playback() || content.event_type == EventType::Rate;
        of_view && content.title.is_some()
    };
    let mut titles: Vec<&str> = Vec::new();
    for id in units
        .iter()
        .filter(watched)
        .filter_map(|unit| unit.content.title)
    {
        if !titles.contains(&id) {
            titles.push(id);
        }
    }
    let (mut watch_ms, mut played) = (0, 0);
    let mut binged: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for id in titles {
        let of_title = |unit: &&&Unit| unit.content.title == Some(id);
        let units: Vec<&Unit> = units
            .iter()
            .filter(watched)
            .filter(of_title)
            .copied()
            .collect();
        let view = view(id, &units);
        watch_ms += view.watch_ms;
        played += u32::from(
            units
                .iter()
                .any(|unit| unit.content.event_type.is_playback()),
        );
        if let Some(series) = title(Some(id)).and_then(|title| title.series_id)
            && view.completion_rate.is_some_and(|rate| rate >= 0.7)
        {
            binged.entry(series).or_default().insert(id);
        }
        expected.views.push(view.cells);
    }
    let searches = units
        .iter()
        .filter(|unit| unit.content.event_type == EventType::Search);
    let (first, last) = (units[0], units[units.len() - 1]);
    expected.sessions.push(vec![
        some(&first.user),
        some(&first.content.session),
        some(first.content.time),
        some(last.content.time),
        some(units.len()),
        some(watch_ms),
        some(played),
        some(searches.count()),
        text(&units.iter().find_map(|unit| unit.content.device_type)),
        text(&units.iter().find_map(|unit| unit.content.country)),
        some(binged.values().any(|titles| titles.len() >= 3)),
    ]);
}

struct View {
    watch_ms: i64,
    completion_rate: Option<f32>,
    cells: Cells,
}

fn view(id: &str, units: &[&Unit]) -> View {
    let known = title(Some(id));
    let runtime = known.as_ref().and_then(|title| title.runtime_ms);
    let playback: Vec<&Unit> = units
        .iter()
        .filter(|unit| unit.content.event_type.is_playback())
        .copied()
        .collect();
    let is_playing_after = |upto: usize| {
        playback[..=upto]
            .iter()
            .rev()
            .find(|unit| unit.content.event_type != EventType::Seek)
            .is_some_and(|unit| {
                use EventType::{Heartbeat, Play, Resume};
                matches!(unit.content.event_type, Play | Resume | Heartbeat)
            })
    };
    let mut watch_ms = 0;
    for (at, pair) in playback.windows(2).enumerate() {
        if is_playing_after(at) {
            let [first, second] = [&pair[0].content, &pair[1].content];
            let gap = (second.time - first.time) / 1000;
            let reached = match second.event_type {
                EventType::Seek => second.from_position_ms.or(second.position_ms),
                _ => second.position_ms,
            };
            let advance = reached.unwrap() - first.position_ms.unwrap();
            watch_ms += gap.min(advance.max(300_000));
        }
    }
    let count = |event_type| {
        let of_type = playback
            .iter()
            .filter(|unit| unit.content.event_type == event_type);
        of_type.count()
    };
    let has_complete = count(EventType::Complete) > 0;
    let furthest = playback
        .iter()
        .filter(|unit| unit.content.event_type != EventType::Seek)
        .filter_map(|unit| unit.content.position_ms)
        .max()
        .unwrap_or(0);
    let completion_rate = match has_complete {
        true => Some(1.0f32),
        false => runtime.map(|runtime| (furthest as f64 / runtime as f64).min(1.0) as f32),
    };
    let rating = units
        .iter()
        .rev()
        .find_map(|unit| unit.content.halves)
        .map(|halves| f32::from(halves) / 2.0);
    let breaks = (count(EventType::Pause) + count(EventType::Seek)).min(10) as f64;
    let watched = (watch_ms as f64 / runtime.unwrap_or(1_800_000) as f64).min(1.0);
    let completed = f64::from(completion_rate.unwrap_or(0.0));
    let base = (0.6 * watched + 0.4 * completed) * (1.0 - 0.02 * breaks);
    let score = match rating {
        Some(rating) => 0.8 * base + 0.2 * (f64::from(rating) - 0.5) / 4.5,
        None => base,
    };
    let is_completed = has_complete || completion_rate.is_some_and(|rate| rate >= 0.95);
    let cells = vec![
        some(&units[0].user),
        some(&units[0].content.session),
        some(id),
        known.as_ref().and_then(|title| title.series_id.clone()),
        known.as_ref().and_then(Title::joined_genres),
        text(&runtime),
        some(units[0].content.time),
        some(units[units.len() - 1].content.time),
        some(units.len()),
        some(watch_ms),
        text(&completion_rate),
        some(count(EventType::Pause)),
        some(count(EventType::Seek)),
        some(is_completed),
        text(&rating),
        some(score as f32),
        text(&units.iter().find_map(|unit| unit.content.device_type)),
        text(&units.iter().find_map(|unit| unit.content.country)),
    ];
    View {
        watch_ms,
        completion_rate,
        cells,
    }
}
