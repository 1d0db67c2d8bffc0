//! Bounds on the size of a statement, checked before it is parsed.
//!
//! The parser, the planner and the evaluation of expressions recurse over the statement's
//! tree. The parser bounds the nesting of parentheses and subqueries itself. Chains such as
//! `1 + 1 + 1 …` and `SELECT … UNION ALL SELECT …` make trees as deep as they are long, so
//! the number of tokens bounds the depth.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::MartsError;

/// The maximum size of a statement, in bytes.
pub const MAX_STATEMENT_BYTES: usize = 1 << 20;
/// The maximum number of tokens of a statement, without the literals of lists. The chain with
/// the fewest tokens for each level of the tree has two: `1 + 1 + 1`.
pub const MAX_TOKENS: usize = 3_000;
/// The stack that a thread needs for planning or running a statement within the bounds: the
/// deepest chain needs about 50 KiB for each level without optimization.
pub const STACK_BYTES: usize = 256 << 20;

/// Checks the size of a statement.
///
/// # Errors
/// Returns [`MartsError::TooLong`] for a statement beyond a bound.
pub(crate) fn check(sql: &str) -> Result<(), MartsError> {
    if sql.len() > MAX_STATEMENT_BYTES {
        return Err(MartsError::TooLong {
            size: sql.len(),
            unit: "bytes",
            limit: MAX_STATEMENT_BYTES,
        });
    }
    // The parser starts with the tokens too, and reports an error in them.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else {
        return Ok(());
    };
    match count(&tokens) {
        0..=MAX_TOKENS => Ok(()),
        size => Err(MartsError::TooLong {
            size,
            unit: "words and symbols",
            limit: MAX_TOKENS,
        }),
    }
}

/// Counts the tokens, without white space and without the literals of lists: lists such as
/// `IN (1, -2, 3)` and `VALUES (1, 'a'), (2, 'b')` make no tree deeper.
fn count(tokens: &[Token]) -> usize {
    let tokens: Vec<&Token> = tokens
        .iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let mut rest = tokens.as_slice();
    let mut count = 0;
    let mut is_item = false;
    while let Some((token, others)) = rest.split_first() {
        if is_item && let Some(after) = after_literal(rest) {
            (rest, is_item) = match after {
                [Token::Comma, after @ ..] => (after, true),
                // The next row of literals.
                [Token::RParen, Token::Comma, Token::LParen, after @ ..] => (after, true),
                after => (after, false),
            };
            continue;
        }
        count += 1;
        is_item = matches!(token, Token::Comma | Token::LParen);
        rest = others;
    }
    count
}

/// Returns the tokens after a literal with an optional sign, if it is the whole item of a
/// list.
fn after_literal<'t, 's>(tokens: &'t [&'s Token]) -> Option<&'t [&'s Token]> {
    let unsigned = match tokens {
        [Token::Minus | Token::Plus, unsigned @ ..] => unsigned,
        unsigned => unsigned,
    };
    let (literal, after) = unsigned.split_first()?;
    let is_whole_item = matches!(after, [Token::Comma | Token::RParen, ..]);
    (is_literal(literal) && is_whole_item).then_some(after)
}

fn is_literal(token: &Token) -> bool {
    match token {
        Token::Number(..) | Token::SingleQuotedString(_) => true,
        Token::Word(word) => matches!(word.keyword, Keyword::NULL | Keyword::TRUE | Keyword::FALSE),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn counted(sql: &str) -> usize {
        count(&Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap())
    }

    #[test]
    fn literals_of_a_list_do_not_count() {
        assert_eq!(counted("SELECT 1 + 1"), 4);
        assert_eq!(counted("x IN (1, 'a', 3)"), counted("x IN ()"));
        assert_eq!(counted("f(1, a + 1, 2)"), counted("f(a + 1,)"));
        assert_eq!(counted("f(1 + 1, 2)"), counted("f(1 + 1,)"));
        assert_eq!(counted("x IN (-1, NULL, +3)"), counted("x IN ()"));
        assert_eq!(counted("VALUES (1, 'a'), (-2, 'b')"), counted("VALUES ()"));
        assert_eq!(counted("VALUES (1), (a + 1)"), counted("VALUES (a + 1)"));
        let list = vec!["'u'"; 100_000].join(",");
        assert!(check(&format!("SELECT x IN ({list})")).is_ok());
    }

    #[test]
    fn a_long_chain_and_a_long_text_are_errors() {
        for link in ["+1", " UNION ALL SELECT 1", "::int", ", t", " IS NULL"] {
            let sql = format!("SELECT 1{}", link.repeat(MAX_TOKENS));
            let error = check(&sql).unwrap_err().to_string();
            assert!(error.contains("words and symbols"), "{error}");
        }
        let long = " ".repeat(MAX_STATEMENT_BYTES + 1);
        let error = check(&long).unwrap_err().to_string();
        assert_eq!(
            error,
            "the statement has 1048577 bytes, at most 1048576 are allowed; split it, or read \
             values from a table"
        );
        // The parser reports this one.
        assert!(check("SELECT 'open").is_ok());
    }
}
