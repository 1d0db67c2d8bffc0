//! The shows of a sample.

/// A show, and the length of an episode.
#[derive(Debug, Clone, Copy)]
pub(super) struct Show {
    pub(super) name: &'static str,
    /// At most 62, so that the last viewing of a binge begins before midnight.
    pub(super) runtime_minutes: u32,
}

const fn show(name: &'static str, runtime_minutes: u32) -> Show {
    Show {
        name,
        runtime_minutes,
    }
}

/// The shows, the most popular one first. Some names need quoting or are not ASCII.
pub(super) const SHOWS: [Show; 20] = [
    show("The Long Orbit", 51),
    show("Harbour Nine", 42),
    show("Salt, Smoke and Ashes", 58),
    show("Quiet Protocol", 47),
    show("Neighbours of the Moon", 24),
    show("The \"Perfect\" Alibi", 44),
    show("Die weiße Küste", 55),
    show("Paper Kingdom", 31),
    show("Midnight Bakery", 22),
    show("Crooked Letters", 48),
    show("Las Horas Lentas", 53),
    show("The Lighthouse Files", 45),
    show("Velvet Machine", 50),
    show("Second Summer", 28),
    show("夜の電車", 25),
    show("Restless Island", 41),
    show("Wild Garden", 52),
    show("Orchard Street", 30),
    show("The Frozen Witness", 62),
    show("Lucky Detective", 43),
];
