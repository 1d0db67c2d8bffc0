//! Expected object keys, with a prediction of their order.
//!
//! One program writes all objects of a kind, so its keys come in the same order
//! and without white space. For each key, the scanner first tries the key that
//! followed it last time: it compares the comma, quotes, name and colon in one
//! vector operation. Only if that prediction fails does it parse the key.

use wide::u8x32;

/// The length of the longest literal that fits in one vector comparison, in bytes.
const LITERAL_BYTES: usize = 32;

/// The expected keys of one kind of object.
#[derive(Debug, Clone)]
pub struct Keys<const N: usize> {
    /// The names by index; `None` for an index without a key.
    names: [Option<&'static str>; N],
    /// `,"key":` for each key.
    literals: [Literal; N],
    /// `"key":` for each key.
    first_literals: [Literal; N],
    /// The key that came first in the last object.
    first: usize,
    /// For each key, the key that last followed it; `N` if none has.
    successors: [usize; N],
}

impl<const N: usize> Keys<N> {
    /// Creates a set of expected keys, initially predicted in the given order.
    ///
    /// No name may need escapes in JSON.
    pub fn new(names: [&'static str; N]) -> Self {
        Self::some_of(names.map(Some))
    }

    /// Creates a set of expected keys, initially predicted in the given order, in which
    /// some indices have no key.
    ///
    /// The other keys keep their indices. No name may need escapes in JSON.
    pub fn some_of(names: [Option<&'static str>; N]) -> Self {
        let literal = |before: &str, name: Option<&str>| match name {
            Some(name) => Literal::new(&format!("{before}\"{name}\":")),
            None => Literal::NEVER,
        };
        Self {
            names,
            literals: names.map(|name| literal(",", name)),
            first_literals: names.map(|name| literal("", name)),
            first: 0,
            successors: std::array::from_fn(|index| index + 1),
        }
    }

    /// Tests the prediction for an object's first key.
    ///
    /// `bytes` start after the object's `{`. Returns the key's index and the
    /// length of its literal if the prediction holds.
    #[inline(always)]
    pub(crate) fn guess_first(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let literal = self.first_literals.get(self.first)?;
        literal
            .starts(bytes)
            .then_some((self.first, literal.length))
    }

    /// Tests the prediction for the key that follows key `last`.
    ///
    /// `bytes` start after the value of key `last`. Returns the key's index and
    /// the length of its literal, comma included, if the prediction holds.
    #[inline(always)]
    pub(crate) fn guess_after(&self, last: usize, bytes: &[u8]) -> Option<(usize, usize)> {
        let index = *self.successors.get(last)?;
        let literal = self.literals.get(index)?;
        literal.starts(bytes).then_some((index, literal.length))
    }

    /// Returns the index of the named key and predicts the key at this position
    /// for the next object. Returns `None` for an unknown name.
    pub(crate) fn find(&mut self, name: &str, position: KeyPosition) -> Option<usize> {
        let index = self.names.iter().position(|known| *known == Some(name))?;
        match position {
            KeyPosition::First => self.first = index,
            KeyPosition::After(last) => {
                if let Some(successor) = self.successors.get_mut(last) {
                    *successor = index;
                }
            }
            KeyPosition::AfterUnknown => {}
        }
        Some(index)
    }
}

/// The position of a key in its object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyPosition {
    /// The first key of the object.
    First,
    /// The key after the expected key with this index.
    After(usize),
    /// The key after one that is not expected.
    AfterUnknown,
}

impl KeyPosition {
    pub(crate) fn after(last: Option<usize>) -> Self {
        last.map_or(Self::AfterUnknown, Self::After)
    }
}

/// A literal to compare, padded to a vector.
#[derive(Debug, Clone, Copy)]
struct Literal {
    text: [u8; LITERAL_BYTES],
    /// One bit for each byte of the literal: the bytes that must be equal.
    mask: u32,
    length: usize,
}

impl Literal {
    /// A literal that never matches.
    const NEVER: Self = Self {
        text: [0; LITERAL_BYTES],
        mask: 0,
        length: usize::MAX,
    };

    fn new(literal: &str) -> Self {
        let mut text = [0; LITERAL_BYTES];
        for (slot, byte) in text.iter_mut().zip(literal.bytes()) {
            *slot = byte;
        }
        // `starts` never holds for this length, so a longer key is never predicted.
        let length = match literal.len() {
            0..=LITERAL_BYTES => literal.len(),
            _ => usize::MAX,
        };
        Self {
            text,
            mask: ((1u64 << length.min(LITERAL_BYTES)) - 1) as u32,
            length,
        }
    }

    /// Returns `true` if `bytes` start with this literal.
    #[inline(always)]
    fn starts(&self, bytes: &[u8]) -> bool {
        match bytes.first_chunk::<LITERAL_BYTES>() {
            Some(chunk) if self.length <= LITERAL_BYTES => {
                let equal = u8x32::new(*chunk).simd_eq(u8x32::new(self.text));
                self.mask & !equal.to_bitmask() == 0
            }
            _ => self.starts_tail(bytes),
        }
    }

    /// Implements [`Literal::starts`] for less than a vector of bytes.
    #[inline(always)]
    fn starts_tail(&self, bytes: &[u8]) -> bool {
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

/// Returns the first and the last `N` bytes, which may overlap.
#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
}
