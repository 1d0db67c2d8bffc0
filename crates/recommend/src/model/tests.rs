#![allow(clippy::unwrap_used)]
use super::*;
use crate::viewer::Interaction;
use marquee_event::TitleKind;
use proptest::prelude::*;

/// Returns a movie with these genres.
pub(crate) fn movie(title_id: &str, genres: &[&str]) -> Title {
    Title {
        title_id: title_id.into(),
        name: title_id.to_uppercase(),
        kind: TitleKind::Movie,
        series_id: None,
        season: None,
        episode: None,
        genres: genres.iter().map(|&genre| genre.into()).collect(),
        runtime_ms: None,
        runtime_estimated: false,
        release_date: None,
    }
}

/// Returns an episode of this series.
pub(crate) fn episode(title_id: &str, series: &str, season: i32, number: i32) -> Title {
    Title {
        kind: TitleKind::Episode,
        series_id: Some(series.into()),
        season: Some(season),
        episode: Some(number),
        ..movie(title_id, &["Drama"])
    }
}

/// Returns an interaction: one view with this completion rate.
pub(crate) fn seen(title_id: &str, rate: f32) -> Interaction {
    Interaction {
        title_id: title_id.into(),
        views: 1,
        completion_rate: Some(rate),
        completed: rate >= 0.95,
        rating: None,
    }
}

fn near<'t>(work_id: &'t str, neighbour_id: &'t str, similarity: f64) -> Neighbour<'t> {
    Neighbour {
        work_id,
        neighbour_id,
        similarity,
    }
}

fn received(known: &[(&str, u64, Option<f64>)]) -> HashMap<String, Reception> {
    let reception = |&(id, viewers, weighted_rating): &(&str, u64, Option<f64>)| {
        let reception = Reception {
            viewers,
            weighted_rating,
        };
        (id.to_owned(), reception)
    };
    known.iter().map(reception).collect()
}

fn taste(known: &[(&str, f64)]) -> Vec<(String, f64)> {
    let owned = |&(genre, share): &(&str, f64)| (genre.to_owned(), share);
    known.iter().map(owned).collect()
}

fn ids<'m>(recommended: &[RecommendedWork<'m>]) -> Vec<&'m str> {
    let titles = recommended.iter().map(|one| one.title);
    titles.map(|title| title.title_id.as_str()).collect()
}

#[test]
fn taste_decides_among_equals() {
    let titles = vec![movie("a", &["Crime"]), movie("b", &["Comedy"])];
    let known = received(&[("a", 5, None), ("b", 5, None)]);
    let model = Model::new(titles, &known, []);
    let viewer = Viewer {
        taste: taste(&[("Comedy", 0.9), ("Crime", 0.1)]),
        history: vec![],
    };
    let recommended = model.recommend(&viewer, 10);
    assert_eq!(ids(&recommended), ["b", "a"]);
    assert_eq!(recommended[0].genres, ["Comedy"]);
    // The cosine of (0.9, 0.1) with its greater axis.
    let cosine = 0.9 / 0.82_f64.sqrt();
    assert!((recommended[0].taste.unwrap() - cosine).abs() < 1e-12);
    assert_eq!(recommended[0].popularity, 1.0);
    // Nobody has rated anything.
    assert_eq!(recommended[0].rating, 0.5);
    // No work is near: the score is the weighted mean of the other components.
    assert_eq!(recommended[0].nearness, None);
    let score = (0.15 * cosine + 0.25 + 0.2 * 0.5) / 0.6;
    assert!((recommended[0].score - score).abs() < 1e-12);
}

#[test]
fn an_unknown_viewer_gets_the_popular_titles() {
    let titles = vec![
        movie("a", &[]),
        movie("b", &["Crime"]),
        movie("c", &["Crime"]),
    ];
    let known = received(&[("b", 100, Some(5.0)), ("c", 10, Some(2.75))]);
    let model = Model::new(titles, &known, []);
    let nobody = Viewer::default();
    let recommended = model.recommend(&nobody, 10);
    assert_eq!(ids(&recommended), ["b", "c", "a"]);
    assert_eq!(recommended[0].score, 1.0);
    assert!(!model.can_personalize(&nobody));
    for one in &recommended {
        assert_eq!((one.taste, one.nearness, one.because), (None, None, None));
    }
    // An unrated title has the mean of the others, 1 and 0.5.
    assert_eq!(recommended[2].rating, 0.75);
    assert_eq!(recommended[2].popularity, 0.0);
}

#[test]
fn a_series_is_one_work_and_its_first_episode_represents_it() {
    let titles = vec![
        episode("e3", "s", 2, 1),
        episode("e2", "s", 1, 2),
        episode("e1", "s", 1, 1),
        movie("m", &["Drama"]),
    ];
    let known = received(&[("e2", 7, None), ("m", 3, None)]);
    let model = Model::new(titles, &known, []);
    assert_eq!(ids(&model.recommend(&Viewer::default(), 9)), ["e1", "m"]);
    let begun = Viewer {
        taste: vec![],
        history: vec![seen("e3", 0.5)],
    };
    assert_eq!(ids(&model.recommend(&begun, 9)), ["m"]);
}

#[test]
fn neighbours_of_liked_works_come_first() {
    let titles = vec![
        movie("a", &[]),
        movie("b", &[]),
        movie("c", &[]),
        movie("liked", &[]),
        movie("left", &[]),
    ];
    let neighbours = [
        near("liked", "c", 0.4),
        near("left", "c", 0.2),
        near("left", "b", 0.2),
        near("c", "a", 0.9),
        near("liked", "left", 0.9),
        near("liked", "unheard of", 0.9),
    ];
    let model = Model::new(titles, &HashMap::new(), neighbours);
    let viewer = Viewer {
        taste: vec![],
        history: vec![seen("left", 0.5), seen("liked", 1.0)],
    };
    let recommended = model.recommend(&viewer, 9);
    assert_eq!(ids(&recommended), ["c", "b", "a"]);
    // The sums are 0.4 + 0.5 * 0.2, 0.5 * 0.2, and 0.
    let nearness: Vec<f64> = recommended.iter().filter_map(|one| one.nearness).collect();
    assert_eq!(nearness, [1.0, 0.1 / 0.5, 0.0]);
    let because = recommended
        .iter()
        .map(|one| one.because.map(|title| &*title.title_id));
    assert_eq!(Vec::from_iter(because), [Some("liked"), Some("left"), None]);
    let score = (0.4 * 1.0 + 0.25 * 0.0 + 0.2 * 0.5) / 0.85;
    assert!((recommended[0].score - score).abs() < 1e-12);
    // Disliked titles and titles below the minimum completion do not contribute.
    let disliked = |mut interaction: Interaction| {
        interaction.rating = Some(2.0);
        interaction
    };
    let viewer = Viewer {
        taste: vec![],
        history: vec![disliked(seen("liked", 1.0)), seen("left", 0.01)],
    };
    assert!(
        model
            .recommend(&viewer, 9)
            .iter()
            .all(|one| one.nearness.is_none())
    );
}

#[test]
fn equal_scores_are_in_the_order_of_work_ids() {
    let titles = vec![movie("c", &[]), movie("a", &[]), movie("b", &[])];
    let model = Model::new(titles, &HashMap::new(), []);
    assert_eq!(
        ids(&model.recommend(&Viewer::default(), 2)),
        ["a", "b"],
        "the limit applies in the same order"
    );
    assert_eq!(model.title("b").unwrap().name, "B");
    assert_eq!(model.title("z"), None);
}

prop_compose! {
    fn titles()(shapes in prop::collection::vec((0..3_u8, 0..4_u8, 0..6_u8, 0..4_i32), 0..24))
        -> Vec<Title> {
        let genres = ["Crime", "Drama", "Comedy", "Horror", "Kids", "News"];
        shapes.iter().enumerate().map(|(index, &(kind, series, genre, number))| {
            let id = format!("t{index}");
            let genres = &genres[..usize::from(genre)];
            match kind {
                0 => movie(&id, genres),
                _ => Title {
                    genres: genres.iter().map(|&genre| genre.into()).collect(),
                    ..episode(&id, &format!("s{series}"), number, number)
                },
            }
        }).collect()
    }
}

prop_compose! {
    fn viewer()(
        shares in prop::collection::vec(0.0..1.0_f64, 0..7),
        history in prop::collection::vec((0..30_usize, 0.0..1.0_f32), 0..8),
    ) -> Viewer {
        let genres = ["Crime", "Drama", "Comedy", "Horror", "Kids", "News", "Other"];
        Viewer {
            taste: genres.iter().zip(shares).map(|(&genre, share)| (genre.into(), share)).collect(),
            history: history.iter().map(|&(index, rate)| seen(&format!("t{index}"), rate)).collect(),
        }
    }
}

proptest! {
    #[test]
    fn invariants_of_a_ranking(
        titles in titles(),
        viewers in prop::collection::vec((0..1000_u64, prop::option::of(0.0..6.0_f64)), 24),
        pairs in prop::collection::vec((0..24_usize, 0..24_usize, 0.0..1.0_f64), 0..60),
        viewer in viewer(),
        limit in 0..30_usize,
    ) {
        let reception = titles.iter().zip(&viewers).map(|(title, &(viewers, weighted_rating))| {
            (title.title_id.clone(), Reception { viewers, weighted_rating })
        }).collect();
        let works: Vec<String> = titles.iter()
            .map(|title| title.series_id.as_ref().unwrap_or(&title.title_id).clone())
            .collect();
        let neighbours: Vec<Neighbour<'_>> = pairs.iter()
            .filter_map(|&(one, other, similarity)| {
                Some(near(works.get(one)?, works.get(other)?, similarity))
            })
            .collect();
        let model = Model::new(titles.clone(), &reception, neighbours.clone());
        let all = model.recommend(&viewer, usize::MAX);

        // A shorter list is a prefix of a longer one.
        let fewer = model.recommend(&viewer, limit);
        prop_assert_eq!(&fewer[..], &all[..limit.min(all.len())]);
        // The order of the catalog's rows does not matter.
        let mut reversed = titles;
        reversed.reverse();
        let reversed = Model::new(reversed, &reception, neighbours);
        let reversed = reversed.recommend(&viewer, usize::MAX);
        prop_assert_eq!(ids(&reversed), ids(&all));
        let reasons = |all: &[RecommendedWork<'_>]| -> Vec<Option<String>> {
            all.iter().map(|one| one.because.map(|title| title.title_id.clone())).collect()
        };
        prop_assert_eq!(reasons(&reversed), reasons(&all));

        prop_assert!(all.is_sorted_by(|one, other| one.score >= other.score));
        for one in &all {
            for part in [one.score, one.popularity, one.rating] {
                prop_assert!((0.0..=1.0).contains(&part), "{one:?}");
            }
            for part in [one.taste, one.nearness].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&part), "{one:?}");
            }
            // A component is known for all works or for none.
            prop_assert_eq!(one.taste.is_some(), all[0].taste.is_some());
            prop_assert_eq!(one.nearness.is_some(), all[0].nearness.is_some());
            let is_known = one.taste.is_some() || one.nearness.is_some();
            prop_assert_eq!(is_known, model.can_personalize(&viewer));
            prop_assert_eq!(one.because.is_some(), one.nearness.is_some_and(|near| near > 0.0));
        }
        // Each work occurs once, except those that the viewer has interacted with.
        let works: Vec<usize> = all.iter()
            .map(|one| model.work_of[model.title_index[&one.title.title_id]])
            .collect();
        let distinct: HashSet<usize> = works.iter().copied().collect();
        prop_assert_eq!(distinct.len(), works.len());
        let excluded: HashSet<usize> = viewer.history.iter()
            .filter_map(|interaction| model.title_index.get(&interaction.title_id))
            .map(|&title| model.work_of[title])
            .collect();
        prop_assert!(distinct.is_disjoint(&excluded));
        prop_assert_eq!(distinct.len() + excluded.len(), model.works.len());

        // Titles to continue belong to these excluded works, at most one per work.
        let continued: Vec<usize> = model.continue_watching(&viewer).iter()
            .map(|one| model.work_of[model.title_index[&one.title.title_id]])
            .collect();
        let distinct: HashSet<usize> = continued.iter().copied().collect();
        prop_assert_eq!(distinct.len(), continued.len());
        prop_assert!(distinct.is_subset(&excluded));
    }
}
