//! Redshift's SQL in PostgreSQL's words.
//!
//! Words are set aside, put in or refused by place; nothing is understood.
//! Whatever is left is PostgreSQL's to judge.

use std::collections::{BTreeMap, BTreeSet};

/// A statement as it is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Translated {
    /// By PostgreSQL.
    Sql(String),
    /// By [`copy`](crate::copy).
    Copy(Copy),
}

/// A COPY from a manifest of Parquet files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The table.
    pub table: String,
    /// Where the manifest is.
    pub manifest: String,
    /// The role by which it is read.
    pub role: String,
}

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word or a number.
    Word(String),
    /// `'…'`, as it is written.
    Literal(String),
    /// `:name`.
    Parameter(String),
    /// Anything else but white space: a letter each.
    Sign(char),
    /// White space and comments.
    Gap,
}

/// What PostgreSQL takes and Redshift does not, as far as this knows.
const UNKNOWN_TO_REDSHIFT: [&[&str]; 11] = [
    &["ON", "CONFLICT"],
    &["RETURNING"],
    &["FILTER", "("],
    &["DISTINCT", "FROM"],
    &["DISTINCT", "ON"],
    &["LATERAL"],
    &["GENERATE_SERIES", "("],
    &["UNLOGGED"],
    &["JSONB"],
    &["CREATE", "INDEX"],
    &["WITH", "ORDINALITY"],
];

/// Translates a statement.
///
/// # Errors
/// The words with which Redshift, or this stand-in, refuses it.
pub fn translate(sql: &str, parameters: &BTreeMap<String, String>) -> Result<Translated, String> {
    let mut tokens = tokens(sql);
    if !is_single(&tokens) {
        return Err("ERROR: cannot insert multiple commands into a prepared statement".to_owned());
    }
    let words = words(&tokens);
    for unknown in UNKNOWN_TO_REDSHIFT {
        if contains(&words, unknown) {
            return Err(format!(
                "ERROR: syntax error at or near \"{}\", which Redshift does not have",
                unknown.join(" ")
            ));
        }
    }
    put_in(&mut tokens, parameters)?;
    let first: Vec<&str> = words.iter().take(2).map(String::as_str).collect();
    match first[..] {
        ["TRUNCATE", ..] => Err(
            "ERROR: TRUNCATE commits the transaction in Redshift, which this stand-in does not \
             imitate: use DELETE"
                .to_owned(),
        ),
        ["COPY", ..] => copy(&tokens).map(Translated::Copy),
        ["CREATE", "VIEW" | "OR"] => {
            remove(&mut tokens, &["WITH", "NO", "SCHEMA", "BINDING"], 0);
            Ok(Translated::Sql(text(&tokens)))
        }
        ["CREATE", _] | ["ALTER", "TABLE"] => {
            if words.iter().filter(|word| *word == "ADD").count() > 1 {
                return Err("ERROR: Redshift adds one column at a time".to_owned());
            }
            set_aside(&mut tokens);
            Ok(Translated::Sql(text(&tokens)))
        }
        _ => Ok(Translated::Sql(text(&tokens))),
    }
}

/// Whether nothing comes after the statement's end.
fn is_single(tokens: &[Token]) -> bool {
    let after = tokens
        .iter()
        .skip_while(|t| **t != Token::Sign(';'))
        .skip(1);
    after.into_iter().all(|token| *token == Token::Gap)
}

/// The names of the parameters that the statement uses.
pub fn parameters(sql: &str) -> BTreeSet<String> {
    let names = tokens(sql).into_iter().filter_map(|token| match token {
        Token::Parameter(name) => Some(name),
        _ => None,
    });
    names.collect()
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let second = rest.get(first.len_utf8()..).and_then(|r| r.chars().next());
        let (token, length) = match (first, second) {
            ('-', Some('-')) => (Token::Gap, rest.find('\n').unwrap_or(rest.len())),
            ('/', Some('*')) => (Token::Gap, rest.find("*/").map_or(rest.len(), |at| at + 2)),
            ('\'', _) => {
                let length = quoted(rest, '\'');
                (Token::Literal(cut(rest, length)), length)
            }
            ('"', _) => {
                let length = quoted(rest, '"');
                (Token::Word(cut(rest, length)), length)
            }
            (':', Some(':')) => {
                tokens.push(Token::Sign(':'));
                (Token::Sign(':'), 2)
            }
            (':', Some(next)) if is_word(next) => {
                let length = 1 + word_length(rest.get(1..).unwrap_or_default());
                (Token::Parameter(cut(rest, length).split_off(1)), length)
            }
            (first, _) if first.is_whitespace() => {
                let length = rest
                    .find(|letter: char| !letter.is_whitespace())
                    .unwrap_or(rest.len());
                (Token::Gap, length)
            }
            (first, _) if is_word(first) => {
                let length = word_length(rest);
                (Token::Word(cut(rest, length)), length)
            }
            (first, _) => (Token::Sign(first), first.len_utf8()),
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn cut(text: &str, length: usize) -> String {
    text.get(..length).unwrap_or(text).to_owned()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn word_length(text: &str) -> usize {
    text.find(|letter| !is_word(letter)).unwrap_or(text.len())
}

/// The length of what is quoted, a doubled quote being one of its letters.
fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            match letters.peek() {
                Some((_, next)) if *next == quote => {
                    letters.next();
                }
                _ => return at + 1,
            }
        }
    }
    text.len()
}

/// The words and signs in capitals, without gaps.
fn words(tokens: &[Token]) -> Vec<String> {
    let words = tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.to_uppercase()),
        Token::Sign(sign) => Some(sign.to_string()),
        Token::Literal(_) | Token::Parameter(_) => Some(String::new()),
        Token::Gap => None,
    });
    words.collect()
}

fn contains(words: &[String], sought: &[&str]) -> bool {
    words.windows(sought.len()).any(|window| {
        window
            .iter()
            .zip(sought)
            .all(|(word, sought)| word == sought)
    })
}

fn text(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        match token {
            Token::Word(piece) | Token::Literal(piece) => text.push_str(piece),
            Token::Parameter(name) => text.push_str(&format!(":{name}")),
            Token::Sign(sign) => text.push(*sign),
            Token::Gap => text.push(' '),
        }
    }
    text.trim().to_owned()
}

/// The parameters as literals whose type follows from where they stand, as the
/// Data API has it.
fn put_in(tokens: &mut [Token], parameters: &BTreeMap<String, String>) -> Result<(), String> {
    for token in tokens {
        if let Token::Parameter(name) = token {
            let value = parameters
                .get(name)
                .ok_or_else(|| format!("ERROR: parameter {name} is used, but was not given"))?;
            *token = Token::Literal(format!("'{}'", value.replace('\'', "''")));
        }
    }
    Ok(())
}

/// Takes out what Redshift's CREATE TABLE and ALTER TABLE have more.
fn set_aside(tokens: &mut Vec<Token>) {
    for word in ["DISTSTYLE", "BACKUP", "ENCODE"] {
        remove(tokens, &[word], 1);
    }
    for word in ["COMPOUND", "INTERLEAVED"] {
        remove(tokens, &[word], 0);
    }
    for word in ["DISTKEY", "SORTKEY"] {
        while let Some(at) = find(tokens, &[word]) {
            let end = parentheses(tokens, at + 1).unwrap_or(at + 1);
            tokens.drain(at..end);
        }
    }
    // IDENTITY(seed, step).
    while let Some(at) = find(tokens, &["IDENTITY"]) {
        let Some(end) = parentheses(tokens, at + 1) else {
            break;
        };
        let numbers: Vec<String> = tokens[at + 1..end]
            .iter()
            .filter_map(|token| match token {
                Token::Word(number) => Some(number.clone()),
                _ => None,
            })
            .collect();
        let [seed, step] = &numbers[..] else { break };
        let spelled =
            format!("GENERATED BY DEFAULT AS IDENTITY (START WITH {seed} INCREMENT BY {step})");
        // As one piece, so that its own words are not looked at again.
        tokens.splice(at..end, [Token::Literal(spelled)]);
    }
}

/// Where these words stand, one after the other.
fn find(tokens: &[Token], sought: &[&str]) -> Option<usize> {
    (0..tokens.len()).find(|at| matches_at(tokens, *at, sought).is_some())
}

/// The end of these words, if they stand at `at`.
fn matches_at(tokens: &[Token], at: usize, sought: &[&str]) -> Option<usize> {
    let mut place = at;
    for (number, word) in sought.iter().enumerate() {
        if number > 0 {
            place += gap(tokens, place);
        }
        match tokens.get(place) {
            Some(Token::Word(found)) if found.eq_ignore_ascii_case(word) => place += 1,
            _ => return None,
        }
    }
    Some(place)
}

fn gap(tokens: &[Token], at: usize) -> usize {
    let gaps = tokens.iter().skip(at);
    gaps.take_while(|token| **token == Token::Gap).count()
}

/// The end of the parentheses that begin after `at`, if some do.
fn parentheses(tokens: &[Token], at: usize) -> Option<usize> {
    let mut place = at + gap(tokens, at);
    let mut depth = 0usize;
    loop {
        match tokens.get(place)? {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
        place += 1;
        if depth == 0 {
            return Some(place);
        }
    }
}

/// Takes out every place with these words, and so many after them.
fn remove(tokens: &mut Vec<Token>, sought: &[&str], more: usize) {
    while let Some(at) = find(tokens, sought) {
        let mut end = matches_at(tokens, at, sought).unwrap_or(at + 1);
        for _ in 0..more {
            end = (end + gap(tokens, end) + 1).min(tokens.len());
        }
        tokens.drain(at..end);
    }
}

fn copy(tokens: &[Token]) -> Result<Copy, String> {
    let usage = "this stand-in copies by: COPY table FROM 's3://…' IAM_ROLE 'arn' FORMAT AS PARQUET \
                 MANIFEST";
    let mut pieces = tokens.iter().filter(|token| **token != Token::Gap);
    let refused = |what: &str| format!("ERROR: {what}; {usage}");
    pieces.next();
    let mut table = String::new();
    let mut literals = Vec::new();
    let mut words = Vec::new();
    for piece in pieces {
        match piece {
            Token::Literal(text) => {
                let inner = text.trim_matches('\'').replace("''", "'");
                literals.push(inner);
            }
            Token::Word(word) if words.is_empty() && !word.eq_ignore_ascii_case("FROM") => {
                table.push_str(word);
            }
            Token::Sign('.') if words.is_empty() => table.push('.'),
            Token::Word(word) => words.push(word.to_uppercase()),
            other => return Err(refused(&format!("unexpected {other:?}"))),
        }
    }
    words.retain(|word| word != "AS");
    let [manifest, role] = &literals[..] else {
        return Err(refused("a manifest and a role are needed"));
    };
    if words != ["FROM", "IAM_ROLE", "FORMAT", "PARQUET", "MANIFEST"] {
        return Err(refused(&format!("options {words:?}")));
    }
    Ok(Copy {
        table,
        manifest: manifest.clone(),
        role: role.clone(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sql(text: &str) -> String {
        let parameters = BTreeMap::from([
            ("day".to_owned(), "2026-03-01".to_owned()),
            ("who".to_owned(), "O'Neil".to_owned()),
        ]);
        match translate(text, &parameters).unwrap() {
            Translated::Sql(sql) => sql.split_whitespace().collect::<Vec<_>>().join(" "),
            Translated::Copy(copy) => panic!("{copy:?}"),
        }
    }

    #[test]
    fn ddl_words_are_set_aside() {
        assert_eq!(
            sql(
                "CREATE TABLE IF NOT EXISTS m.t ( -- why\n  a INTEGER NOT NULL ENCODE az64,\n  \
                 distkey_like VARCHAR(9) DISTKEY\n)\nBACKUP NO\nDISTSTYLE KEY\nDISTKEY (a)\n\
                 COMPOUND SORTKEY (a, b);"
            ),
            "CREATE TABLE IF NOT EXISTS m.t ( a INTEGER NOT NULL , distkey_like VARCHAR(9) ) ;"
        );
        assert_eq!(
            sql("CREATE TABLE t (a BIGINT IDENTITY(0, 1))"),
            "CREATE TABLE t (a BIGINT GENERATED BY DEFAULT AS IDENTITY (START WITH 0 INCREMENT BY 1))"
        );
        assert_eq!(
            sql("CREATE OR REPLACE VIEW v AS SELECT 'DISTKEY (a)' AS a WITH NO SCHEMA BINDING"),
            "CREATE OR REPLACE VIEW v AS SELECT 'DISTKEY (a)' AS a"
        );
    }

    #[test]
    fn parameters_are_literals() {
        assert_eq!(
            sql("SELECT a::date, ':day', :who /* :no */ FROM t WHERE d = CAST(:day AS DATE)"),
            "SELECT a::date, ':day', 'O''Neil' FROM t WHERE d = CAST('2026-03-01' AS DATE)"
        );
        let missing = translate("SELECT :none", &BTreeMap::new()).unwrap_err();
        assert_eq!(missing, "ERROR: parameter none is used, but was not given");
        assert_eq!(
            parameters("SELECT :a, ':b', c::d -- :e"),
            BTreeSet::from(["a".to_owned()])
        );
    }

    #[test]
    fn a_copy_is_read() {
        let text = "COPY staged FROM 's3://lake/it''s.json' IAM_ROLE 'arn:aws:iam::1:role/copy' \
                    FORMAT AS PARQUET MANIFEST";
        assert_eq!(
            translate(text, &BTreeMap::new()).unwrap(),
            Translated::Copy(Copy {
                table: "staged".into(),
                manifest: "s3://lake/it's.json".into(),
                role: "arn:aws:iam::1:role/copy".into(),
            })
        );
        for wrong in [
            "COPY t FROM 's3://a' IAM_ROLE 'b' FORMAT AS PARQUET",
            "COPY t FROM 's3://a' FORMAT AS PARQUET MANIFEST",
            "COPY t FROM 's3://a' IAM_ROLE 'b' FORMAT AS PARQUET MANIFEST TRUNCATECOLUMNS",
        ] {
            assert!(translate(wrong, &BTreeMap::new()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_redshift_lacks_is_refused() {
        for wrong in [
            "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
            "SELECT count(*) FILTER (WHERE a) FROM t",
            "SELECT 1 WHERE a IS DISTINCT FROM b",
            "DELETE FROM t RETURNING a",
            "TRUNCATE t",
            "ALTER TABLE t ADD COLUMN a DATE, ADD COLUMN b DATE",
        ] {
            assert!(translate(wrong, &BTreeMap::new()).is_err(), "{wrong}");
        }
    }
}
