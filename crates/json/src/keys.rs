//! The keys that an object is expected to have, and the order they came in.
//!
//! Objects of one kind come from one program, and that writes its keys in the
//! same order and without space. So of each key the one that followed it last
//! time is tried first, with its quotes, comma and colon, as one comparison of
//! whole words; only where that fails is the key read letter by letter.

/// Bytes of the longest literal that is compared by words.
const LITERAL_BYTES: usize = 24;

/// The keys of one kind of object.
#[derive(Debug, Clone)]
pub struct Keys<const N: usize> {
    names: [&'static str; N],
    /// `,"key":` of each, and `"key":`.
    literals: [Literal; N],
    firsts: [Literal; N],
    /// Which key came first last time, and which behind each.
    first: usize,
    behind: [usize; N],
}

impl<const N: usize> Keys<N> {
    /// These keys, in any order; none needs escapes.
    pub fn new(names: [&'static str; N]) -> Self {
        Self {
            names,
            literals: names.map(|name| Literal::new(&format!(",\"{name}\":"))),
            firsts: names.map(|name| Literal::new(&format!("\"{name}\":"))),
            first: 0,
            behind: std::array::from_fn(|index| index + 1),
        }
    }

    /// The key that is likely to come first, if it does: its index, and the
    /// length of its text. `bytes` begin behind the object's `{`.
    #[inline]
    pub(crate) fn guess_first(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let literal = self.firsts.get(self.first)?;
        literal
            .begins(bytes)
            .then_some((self.first, literal.length))
    }

    /// The key that is likely to follow the one at `last`, if it does: its
    /// index, and the length of its text, comma included. `bytes` begin behind
    /// the value of that key.
    #[inline]
    pub(crate) fn guess_behind(&self, last: usize, bytes: &[u8]) -> Option<(usize, usize)> {
        let index = *self.behind.get(last)?;
        let literal = self.literals.get(index)?;
        literal.begins(bytes).then_some((index, literal.length))
    }

    /// The key of that name, whose place is remembered.
    pub(crate) fn find(&mut self, name: &str, place: Place) -> Option<usize> {
        let index = self.names.iter().position(|known| *known == name)?;
        match place {
            Place::First => self.first = index,
            Place::Behind(last) => {
                if let Some(behind) = self.behind.get_mut(last) {
                    *behind = index;
                }
            }
            Place::BehindUnknown => {}
        }
        Some(index)
    }
}

/// Where in its object a key came.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    First,
    Behind(usize),
    BehindUnknown,
}

impl Place {
    pub(crate) fn behind(last: Option<usize>) -> Self {
        last.map_or(Self::BehindUnknown, Self::Behind)
    }
}

/// A text as words and the masks of those bytes that count.
#[derive(Debug, Clone, Copy)]
struct Literal {
    text: [u8; LITERAL_BYTES],
    words: [u64; 3],
    masks: [u64; 3],
    length: usize,
}

impl Literal {
    fn new(literal: &str) -> Self {
        let mut text = [0; LITERAL_BYTES];
        let mut mask = [0; LITERAL_BYTES];
        for ((place, mask), byte) in text.iter_mut().zip(&mut mask).zip(literal.bytes()) {
            *place = byte;
            *mask = 0xFF;
        }
        Self {
            text,
            words: words(&text),
            masks: words(&mask),
            // A longer key is never guessed: no text begins with its length.
            length: if literal.len() <= LITERAL_BYTES {
                literal.len()
            } else {
                usize::MAX
            },
        }
    }

    #[inline]
    fn begins(&self, bytes: &[u8]) -> bool {
        match bytes.first_chunk::<LITERAL_BYTES>() {
            Some(chunk) if self.length <= LITERAL_BYTES => {
                let [a, b, c] = words(chunk);
                let [x, y, z] = self.words;
                let [p, q, r] = self.masks;
                ((a ^ x) & p) | ((b ^ y) & q) | ((c ^ z) & r) == 0
            }
            _ => {
                let text = self.text.get(..self.length);
                text.is_some() && bytes.get(..self.length) == text
            }
        }
    }
}

#[inline]
fn words(bytes: &[u8; LITERAL_BYTES]) -> [u64; 3] {
    let mut words = [0; 3];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    words
}
