//! The keys that an object is expected to have, and the order they came in.
//!
//! Objects of one kind come from one program, and that writes its keys in the
//! same order and without space. So of each key the one that followed it last
//! time is tried first, with its quotes, comma and colon, as one comparison;
//! only where that fails is the key read letter by letter.

use wide::u8x32;

/// Bytes of the longest literal that is compared as one vector.
const LITERAL_BYTES: usize = 32;

/// The keys of one kind of object.
#[derive(Debug, Clone)]
pub struct Keys<const N: usize> {
    /// `None` for a key that is not looked for.
    names: [Option<&'static str>; N],
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
        Self::some_of(names.map(Some))
    }

    /// As [`Keys::new`], without the keys that are `None`: an object's member of
    /// such a name is an unknown one.
    pub fn some_of(names: [Option<&'static str>; N]) -> Self {
        let literal = |before: &str, name: Option<&str>| match name {
            Some(name) => Literal::new(&format!("{before}\"{name}\":")),
            None => Literal::NEVER,
        };
        Self {
            names,
            literals: names.map(|name| literal(",", name)),
            firsts: names.map(|name| literal("", name)),
            first: 0,
            behind: std::array::from_fn(|index| index + 1),
        }
    }

    /// The key that is likely to come first, if it does: its index, and the
    /// length of its text. `bytes` begin behind the object's `{`.
    #[inline(always)]
    pub(crate) fn guess_first(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let literal = self.firsts.get(self.first)?;
        literal
            .begins(bytes)
            .then_some((self.first, literal.length))
    }

    /// The key that is likely to follow the one at `last`, if it does: its
    /// index, and the length of its text, comma included. `bytes` begin behind
    /// the value of that key.
    #[inline(always)]
    pub(crate) fn guess_behind(&self, last: usize, bytes: &[u8]) -> Option<(usize, usize)> {
        let index = *self.behind.get(last)?;
        let literal = self.literals.get(index)?;
        literal.begins(bytes).then_some((index, literal.length))
    }

    /// The key of that name, whose place is remembered.
    pub(crate) fn find(&mut self, name: &str, place: Place) -> Option<usize> {
        let index = self.names.iter().position(|known| *known == Some(name))?;
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

/// A text, and a bit for each of its bytes.
#[derive(Debug, Clone, Copy)]
struct Literal {
    text: [u8; LITERAL_BYTES],
    bits: u32,
    length: usize,
}

impl Literal {
    /// A literal that no text begins with.
    const NEVER: Self = Self {
        text: [0; LITERAL_BYTES],
        bits: 0,
        length: usize::MAX,
    };

    fn new(literal: &str) -> Self {
        let mut text = [0; LITERAL_BYTES];
        for (place, byte) in text.iter_mut().zip(literal.bytes()) {
            *place = byte;
        }
        // A longer key is never guessed: no text begins with its length.
        let length = match literal.len() {
            0..=LITERAL_BYTES => literal.len(),
            _ => usize::MAX,
        };
        Self {
            text,
            bits: ((1u64 << length.min(LITERAL_BYTES)) - 1) as u32,
            length,
        }
    }

    #[inline(always)]
    fn begins(&self, bytes: &[u8]) -> bool {
        match bytes.first_chunk::<LITERAL_BYTES>() {
            Some(chunk) if self.length <= LITERAL_BYTES => {
                let equal = u8x32::new(*chunk).simd_eq(u8x32::new(self.text));
                self.bits & !equal.to_bitmask() == 0
            }
            _ => self.begins_tail(bytes),
        }
    }

    /// As [`Literal::begins`], where the bytes are few.
    #[inline(always)]
    fn begins_tail(&self, bytes: &[u8]) -> bool {
        let (Some(bytes), Some(text)) = (bytes.get(..self.length), self.text.get(..self.length))
        else {
            return false;
        };
        match self.length {
            16.. => ends::<16>(bytes) == ends::<16>(text),
            8.. => ends::<8>(bytes) == ends::<8>(text),
            _ => bytes == text,
        }
    }
}

/// The first and the last `N` bytes, which may overlap.
#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
}
