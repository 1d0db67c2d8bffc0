//! Names of simulated titles.

use std::collections::BTreeMap;

use super::rng::SeededRng;

const ADJECTIVES: &[&str] = &[
    "Silent",
    "Crimson",
    "Hidden",
    "Last",
    "Golden",
    "Broken",
    "Distant",
    "Electric",
    "Frozen",
    "Gentle",
    "Hollow",
    "Infinite",
    "Jade",
    "Little",
    "Lost",
    "Lucky",
    "Midnight",
    "Northern",
    "Paper",
    "Perfect",
    "Quiet",
    "Restless",
    "Salt",
    "Secret",
    "Seventh",
    "Sleepless",
    "Stolen",
    "Sunken",
    "Velvet",
    "Wandering",
    "Wicked",
    "Wild",
    "Winter",
    "Burning",
    "Crooked",
    "Ordinary",
];

const NOUNS: &[&str] = &[
    "Harbour",
    "Garden",
    "Protocol",
    "Orchard",
    "Letters",
    "Detective",
    "Lighthouse",
    "Kingdom",
    "Summer",
    "Horizon",
    "Machine",
    "Neighbours",
    "Island",
    "Witness",
    "Carnival",
    "Mountain",
    "Orchestra",
    "Bakery",
    "Archive",
    "Bridge",
    "Comet",
    "Daughter",
    "Empire",
    "Fortune",
    "Ghost",
    "Highway",
    "Inheritance",
    "Journey",
    "Kitchen",
    "Labyrinth",
    "Mirror",
    "Night Train",
    "Oath",
    "Parade",
    "Question",
    "River",
    "Signal",
    "Tailor",
    "Umbrella",
    "Verdict",
    "Weekend",
    "Wolves",
    "Astronaut",
    "Ballroom",
    "Cartographer",
    "Diary",
    "Engine",
    "Festival",
    "Guardian",
    "Hunters",
];

const PLACES: &[&str] = &[
    "Lisbon",
    "Marrakesh",
    "Kyoto",
    "Bergen",
    "Montréal",
    "São Paulo",
    "Buenos Aires",
    "Kraków",
    "Nairobi",
    "Reykjavík",
    "Naples",
    "Jaipur",
    "Busan",
    "Seville",
    "Tromsø",
    "Oaxaca",
    "Hobart",
    "Zürich",
    "Vilnius",
    "Cape Town",
    "Galway",
    "Havana",
    "Saturn",
    "the Old Town",
    "Gate Nine",
];

const PEOPLE: &[&str] = &[
    "Amara", "Bruno", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Inês", "Jonas",
    "Kaia", "Leila", "Mateo", "Noor", "Oscar", "Priya", "Quentin", "Rosa", "Sofía", "Tomasz",
    "Uma", "Victor", "Wen", "Zoë",
];

/// Names in other languages and scripts.
const FOREIGN: &[&str] = &[
    "El último faro",
    "La ciudad sin sueño",
    "Die stille Küste",
    "Über den Dächern",
    "Le café des étoiles",
    "Nuit blanche à Lyon",
    "Noite sem fim",
    "Coração de papel",
    "Żółty dom",
    "Il treno di notte",
    "雨の東京",
    "静かな湖",
    "서울의 밤",
    "달빛 정원",
    "Последний вокзал",
    "चाँदनी रात",
    "ليالي القاهرة",
    "Η θάλασσα",
    "Kışın sonu",
    "Den tysta ön",
];

/// A generator of distinct names.
#[derive(Debug, Default)]
pub(super) struct Namer {
    used: BTreeMap<String, u32>,
}

impl Namer {
    /// Returns a new name. A repeated name gets a number, like a sequel.
    pub(super) fn name(&mut self, rng: &mut SeededRng) -> String {
        let name = invent(rng);
        let part = self.used.entry(name.clone()).or_insert(0);
        *part += 1;
        if *part == 1 {
            name
        } else {
            format!("{name} {part}")
        }
    }
}

fn invent(rng: &mut SeededRng) -> String {
    let adjective = rng.pick_word(ADJECTIVES);
    let noun = rng.pick_word(NOUNS);
    match rng.below(25) {
        0 => rng.pick_word(FOREIGN).to_owned(),
        1..=7 => format!("The {adjective} {noun}"),
        8..=12 => format!("{adjective} {noun}"),
        13..=15 => format!("The {noun} of {}", rng.pick_word(PLACES)),
        16..=17 => format!("{}'s {noun}", rng.pick_word(PEOPLE)),
        18..=19 => format!("{} in {}", rng.pick_word(PEOPLE), rng.pick_word(PLACES)),
        20..=21 => format!("Beyond the {noun}"),
        22 => format!("{} & {}", rng.pick_word(PEOPLE), rng.pick_word(PEOPLE)),
        23 => format!("A {adjective} {noun} in {}", rng.pick_word(PLACES)),
        _ => format!("{noun}, {noun}!"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::simulate::rng::RngPurpose;

    #[test]
    fn names_are_distinct() {
        let mut rng = SeededRng::new(1, RngPurpose::TitleCatalog, 0, 0);
        let mut namer = Namer::default();
        let names: Vec<_> = (0..20_000).map(|_| namer.name(&mut rng)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().any(|name| !name.is_ascii()));
    }
}
