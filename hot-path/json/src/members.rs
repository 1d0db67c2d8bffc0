//! Members of an object with expected keys.

use crate::keys::{KeyPosition, Keys};
use crate::{Scanner, SyntaxError};

/// A consumed key.
struct Key {
    /// The index among the expected keys; `None` for an unknown key.
    index: Option<usize>,
    /// The offset of the opening quote.
    start: usize,
}

impl Scanner<'_> {
    /// Iterates over the members of an object with expected keys.
    ///
    /// The cursor must be on the object's `{`. For each member, calls `each`
    /// with the key's index (`None` for an unknown key) and the offset of its
    /// opening quote. The cursor is then on the value or on white space before
    /// it, and `each` must consume the value.
    ///
    /// # Errors
    /// Returns the first error of `each`, or a syntax error between the members.
    #[inline(always)]
    pub fn known_members<const N: usize, E: From<SyntaxError>>(
        &mut self,
        keys: &mut Keys<N>,
        mut each: impl FnMut(&mut Self, Option<usize>, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open()?;
        let mut next = match keys.guess_first(self.rest) {
            Some((index, length)) => {
                let start = self.position();
                self.advance(length);
                let index = Some(index);
                Some(Key { index, start })
            }
            None => self.unexpected_first(keys)?,
        };
        while let Some(Key { index, start }) = next {
            each(self, index, start)?;
            next = match index.and_then(|index| keys.guess_after(index, self.rest)) {
                Some((index, length)) => {
                    let start = self.position() + 1;
                    self.advance(length);
                    let index = Some(index);
                    Some(Key { index, start })
                }
                None if self.peek() == b'}' => None,
                None => self.unexpected_next(keys, index)?,
            };
        }
        self.close();
        Ok(())
    }

    /// Consumes an object's first key after a failed prediction.
    ///
    /// Returns `None`, with the cursor on the `}`, if the object is empty.
    #[inline(never)]
    fn unexpected_first<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
    ) -> Result<Option<Key>, SyntaxError> {
        self.skip_space();
        match self.peek() {
            b'}' => Ok(None),
            _ => self.unexpected_key(keys, KeyPosition::First).map(Some),
        }
    }

    /// Consumes the comma and the key after key `last`, after a failed prediction.
    ///
    /// Returns `None`, with the cursor on the `}`, if no member follows.
    #[inline(never)]
    fn unexpected_next<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
        last: Option<usize>,
    ) -> Result<Option<Key>, SyntaxError> {
        self.skip_space();
        match self.peek() {
            b'}' => Ok(None),
            b',' => {
                self.bump();
                self.skip_space();
                self.unexpected_key(keys, KeyPosition::after(last))
                    .map(Some)
            }
            _ => self.fault("`,` or `}` after a member"),
        }
    }

    /// Consumes a key and updates the prediction for its position.
    fn unexpected_key<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
        position: KeyPosition,
    ) -> Result<Key, SyntaxError> {
        let start = self.position();
        let key = self.key()?;
        let index = keys.find(&key.unescaped(), position);
        Ok(Key { index, start })
    }
}
