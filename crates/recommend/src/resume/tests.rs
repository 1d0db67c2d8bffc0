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

/// Formats the titles that a viewer with this history can continue.
fn continued(history: Vec<Interaction>) -> Vec<String> {
    let model = model();
    let viewer = Viewer {
        history,
        ..Viewer::default()
    };
    let words = |one: &ContinuedTitle<'_>| match one.reason {
        ContinueReason::Resume { completion_rate } => {
            format!("{} at {completion_rate}", one.title.title_id)
        }
        ContinueReason::NextEpisode { after } => format!("{} after {after}", one.title.title_id),
    };
    model.continue_watching(&viewer).iter().map(words).collect()
}

#[test]
fn an_unfinished_title_resumes_and_a_finished_episode_leads_to_the_next() {
    assert_eq!(
        continued(vec![seen("m", 0.4), seen("e1", 1.0), seen("n", 1.0)]),
        ["m at 0.4", "e2 after e1"]
    );
}

#[test]
fn the_latest_view_of_a_series_tells_the_viewers_position() {
    assert_eq!(
        continued(vec![seen("e2", 0.3), seen("e1", 1.0), seen("e3", 0.5)]),
        ["e2 at 0.3"]
    );
    // The next episode skips completed ones.
    assert_eq!(
        continued(vec![seen("e1", 1.0), seen("e2", 1.0)]),
        ["e3 after e1"]
    );
    // The last episode has no next.
    assert!(continued(vec![seen("e3", 1.0), seen("e1", 0.5)]).is_empty());
}

#[test]
fn barely_begun_disliked_and_only_rated_titles_are_not_continued() {
    let rated = |mut interaction: Interaction, stars, views| {
        interaction.rating = Some(stars);
        interaction.views = views;
        interaction
    };
    let unknown = Interaction {
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
        assert!(continued(vec![left.clone()]).is_empty(), "{left:?}");
    }
    assert_eq!(continued(vec![rated(seen("m", 0.5), 2.5, 1)]), ["m at 0.5"]);
}

#[test]
fn at_most_ten_titles_are_continued() {
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
    assert_eq!(continued.len(), MAX_CONTINUED);
    assert_eq!(continued[0].title.title_id, "m00");
}
