//! The members of an object whose keys are known beforehand.

use crate::keys::{Keys, Place};
use crate::{Scanner, SyntaxError};

/// A key that was passed.
struct Key {
    /// Which it is; `None` for an unknown one.
    index: Option<usize>,
    /// Where its opening quote lies.
    start: usize,
}

impl Scanner<'_> {
    /// Walks the members of the object whose `{` is under the cursor, where its
    /// keys are known beforehand. `each` gets the key's index, or `None` for an
    /// unknown one, and where its opening quote lies, with the cursor on the
    /// value or on space before it, and must pass the value.
    ///
    /// # Errors
    /// What `each` answers, and faults between the members.
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
                self.pass_bytes(length);
                let index = Some(index);
                Some(Key { index, start })
            }
            None => self.unexpected_first(keys)?,
        };
        while let Some(Key { index, start }) = next {
            each(self, index, start)?;
            next = match index.and_then(|index| keys.guess_behind(index, self.rest)) {
                Some((index, length)) => {
                    let start = self.position() + 1;
                    self.pass_bytes(length);
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

    /// Passes the first key, which is not the one that was expected; `None`
    /// where there is no member, with the cursor on the brace.
    #[inline(never)]
    fn unexpected_first<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
    ) -> Result<Option<Key>, SyntaxError> {
        self.skip_space();
        match self.peek() {
            b'}' => Ok(None),
            _ => self.unexpected_key(keys, Place::First).map(Some),
        }
    }

    /// Passes the comma and a key that is not the one expected behind `last`;
    /// `None` where no member follows, with the cursor on the brace.
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
                self.unexpected_key(keys, Place::behind(last)).map(Some)
            }
            _ => self.fault("`,` or `}` after a member"),
        }
    }

    /// Passes a key, and remembers its place.
    fn unexpected_key<const N: usize>(
        &mut self,
        keys: &mut Keys<N>,
        place: Place,
    ) -> Result<Key, SyntaxError> {
        let start = self.position();
        let key = self.key()?;
        let index = keys.find(&key.unescaped(), place);
        Ok(Key { index, start })
    }
}
