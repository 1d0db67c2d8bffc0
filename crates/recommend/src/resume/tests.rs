use std::collections::HashMap;

use super::*;
use crate::model::tests::{episode, movie, seen};

fn model() -> Model {
    let mut titles: Vec<Title> = (1..=3)
        .map(|n| episode(&format!("e{n}"), "s", 1, n))
        .collect();
    titles.extend([movie("m", &[]), movie("n", &[])]);
    Model::new(titles, &HashMap::new(), [])
}

/// What a viewer with that history goes on with, in words.
fn going_on(history: Vec<Seen>) -> Vec<String> {
    let model = model();
    let viewer = Viewer {
        history,
        ..Viewer::default()
    };
    let words = |one: &Continued<'_>| match one.reason {
        Reason::Resume { completion_rate } => {
            format!("{} at {completion_rate}", one.title.title_id)
        }
        Reason::NextEpisode { after } => format!("{} after {after}", one.title.title_id),
    };
    model.continue_watching(&viewer).iter().map(words).collect()
}

#[test]
fn what_was_left_is_resumed_and_what_ended_is_followed() {
    assert_eq!(
        going_on(vec![seen("m", 0.4), seen("e1", 1.0), seen("n", 1.0)]),
        ["m at 0.4", "e2 after e1"]
    );
}

#[test]
fn only_the_last_of_a_series_says_where_a_viewer_is() {
    assert_eq!(
        going_on(vec![seen("e2", 0.3), seen("e1", 1.0), seen("e3", 0.5)]),
        ["e2 at 0.3"]
    );
    // The next one that was not seen to its end.
    assert_eq!(
        going_on(vec![seen("e1", 1.0), seen("e2", 1.0)]),
        ["e3 after e1"]
    );
    // After the last there is none.
    assert!(going_on(vec![seen("e3", 1.0), seen("e1", 0.5)]).is_empty());
}

#[test]
fn what_was_hardly_begun_not_liked_or_only_rated_is_left_alone() {
    let rated = |mut seen: Seen, stars, views| {
        seen.rating = Some(stars);
        seen.views = views;
        seen
    };
    let unknown = Seen {
        completion_rate: None,
        ..seen("m", 0.5)
    };
    for left in [
        seen("m", 0.01),
        unknown,
        rated(seen("m", 0.5), 2.0, 1),
        rated(seen("m", 0.5), 5.0, 0),
        rated(seen("e1", 1.0), 1.0, 1),
        seen("unheard of", 0.5),
    ] {
        assert!(going_on(vec![left.clone()]).is_empty(), "{left:?}");
    }
    assert_eq!(going_on(vec![rated(seen("m", 0.5), 2.5, 1)]), ["m at 0.5"]);
}

#[test]
fn there_are_at_most_ten() {
    let titles: Vec<Title> = (0..20).map(|n| movie(&format!("m{n:02}"), &[])).collect();
    let history = titles
        .iter()
        .map(|title| seen(&title.title_id, 0.5))
        .collect();
    let viewer = Viewer {
        history,
        ..Viewer::default()
    };
    let model = Model::new(titles, &HashMap::new(), []);
    let continued = model.continue_watching(&viewer);
    assert_eq!(continued.len(), CONTINUED);
    assert_eq!(continued[0].title.title_id, "m00");
}
