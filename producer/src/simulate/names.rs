//! What the titles of an invented service are called.

use std::collections::BTreeMap;

use super::dice::Dice;

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

/// Titles of other tongues and scripts.
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

/// Calls one work after another, never two alike.
#[derive(Debug, Default)]
pub(super) struct Namer {
    given: BTreeMap<String, u32>,
}

impl Namer {
    /// A name that was not given before; one that comes again is a sequel.
    pub(super) fn name(&mut self, dice: &mut Dice) -> String {
        let name = invent(dice);
        let part = self.given.entry(name.clone()).or_insert(0);
        *part += 1;
        if *part == 1 {
            name
        } else {
            format!("{name} {part}")
        }
    }
}

fn invent(dice: &mut Dice) -> String {
    let adjective = dice.word(ADJECTIVES);
    let noun = dice.word(NOUNS);
    match dice.below(25) {
        0 => dice.word(FOREIGN).to_owned(),
        1..=7 => format!("The {adjective} {noun}"),
        8..=12 => format!("{adjective} {noun}"),
        13..=15 => format!("The {noun} of {}", dice.word(PLACES)),
        16..=17 => format!("{}'s {noun}", dice.word(PEOPLE)),
        18..=19 => format!("{} in {}", dice.word(PEOPLE), dice.word(PLACES)),
        20..=21 => format!("Beyond the {noun}"),
        22 => format!("{} & {}", dice.word(PEOPLE), dice.word(PEOPLE)),
        23 => format!("A {adjective} {noun} in {}", dice.word(PLACES)),
        _ => format!("{noun}, {noun}!"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::simulate::dice::Purpose;

    #[test]
    fn no_two_works_are_called_alike() {
        let mut dice = Dice::new(1, Purpose::Catalogue, 0, 0);
        let mut namer = Namer::default();
        let names: Vec<_> = (0..20_000).map(|_| namer.name(&mut dice)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().any(|name| !name.is_ascii()));
    }
}
