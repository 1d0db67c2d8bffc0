//! Translation of Redshift's SQL to PostgreSQL's.
//!
//! The translation works on tokens, without a grammar: it removes, substitutes or
//! rejects sequences of words. PostgreSQL checks the rest.

use std::collections::{BTreeMap, BTreeSet};

/// A statement after translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TranslatedStatement {
    /// SQL for PostgreSQL.
    Sql(String),
    /// A COPY, which [`copy`](crate::copy) runs.
    Copy(CopyStatement),
}

/// A COPY from a manifest of Parquet files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyStatement {
    /// The target table.
    pub table: String,
    /// The manifest's URL.
    pub manifest: String,
    /// The ARN of the role that reads the files.
    pub role: String,
}

/// A token of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word, a quoted identifier or a number.
    Word(String),
    /// A text literal with its quotes.
    Literal(String),
    /// `:name`.
    Parameter(String),
    /// Any other character.
    Symbol(char),
    /// White space or a comment.
    Whitespace,
}

/// Syntax that PostgreSQL accepts and Redshift does not. The list is not complete.
const UNSUPPORTED_BY_REDSHIFT: [&[&str]; 11] = [
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

/// Translates a statement and substitutes its parameters.
///
/// # Errors
/// The message of Redshift's error, or of syntax that the local warehouse does not
/// support.
pub fn translate(
    sql: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<TranslatedStatement, String> {
    let mut tokens = tokens(sql);
    if !is_single(&tokens) {
        return Err("ERROR: cannot insert multiple commands into a prepared statement".to_owned());
    }
    let words = words(&tokens);
    for unknown in UNSUPPORTED_BY_REDSHIFT {
        if contains(&words, unknown) {
            return Err(format!(
                "ERROR: syntax error at or near \"{}\", which Redshift does not have",
                unknown.join(" ")
            ));
        }
    }
    substitute_parameters(&mut tokens, parameters)?;
    let first: Vec<&str> = words.iter().take(2).map(String::as_str).collect();
    match first[..] {
        ["TRUNCATE", ..] => Err(
            "ERROR: TRUNCATE commits the transaction in Redshift, which the local warehouse does \
             not emulate: use DELETE"
                .to_owned(),
        ),
        ["COPY", ..] => copy(&tokens).map(TranslatedStatement::Copy),
        ["CREATE", "VIEW" | "OR"] => {
            remove(&mut tokens, &["WITH", "NO", "SCHEMA", "BINDING"], 0);
            Ok(TranslatedStatement::Sql(text(&tokens)))
        }
        ["CREATE", _] | ["ALTER", "TABLE"] => {
            if words.iter().filter(|word| *word == "ADD").count() > 1 {
                return Err("ERROR: Redshift adds one column at a time".to_owned());
            }
            remove_redshift_clauses(&mut tokens);
            Ok(TranslatedStatement::Sql(text(&tokens)))
        }
        _ => Ok(TranslatedStatement::Sql(text(&tokens))),
    }
}

/// Returns whether the text is a single statement.
fn is_single(tokens: &[Token]) -> bool {
    let after = tokens
        .iter()
        .skip_while(|t| **t != Token::Symbol(';'))
        .skip(1);
    after.into_iter().all(|token| *token == Token::Whitespace)
}

/// Returns the names of the parameters that the statement uses.
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
            ('-', Some('-')) => (Token::Whitespace, rest.find('\n').unwrap_or(rest.len())),
            ('/', Some('*')) => (
                Token::Whitespace,
                rest.find("*/").map_or(rest.len(), |at| at + 2),
            ),
            ('\'', _) => {
                let length = quoted(rest, '\'');
                (Token::Literal(cut(rest, length)), length)
            }
            ('"', _) => {
                let length = quoted(rest, '"');
                (Token::Word(cut(rest, length)), length)
            }
            (':', Some(':')) => {
                tokens.push(Token::Symbol(':'));
                (Token::Symbol(':'), 2)
            }
            (':', Some(next)) if is_word(next) => {
                let length = 1 + word_length(rest.get(1..).unwrap_or_default());
                (Token::Parameter(cut(rest, length).split_off(1)), length)
            }
            (first, _) if first.is_whitespace() => {
                let length = rest
                    .find(|letter: char| !letter.is_whitespace())
                    .unwrap_or(rest.len());
                (Token::Whitespace, length)
            }
            (first, _) if is_word(first) => {
                let length = word_length(rest);
                (Token::Word(cut(rest, length)), length)
            }
            (first, _) => (Token::Symbol(first), first.len_utf8()),
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

/// Returns the length of a quoted text, in which a doubled quote stands for one.
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

/// Returns the words in upper case and the symbols, without white space. A literal
/// or parameter becomes an empty word, which matches nothing.
fn words(tokens: &[Token]) -> Vec<String> {
    let words = tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.to_uppercase()),
        Token::Symbol(sign) => Some(sign.to_string()),
        Token::Literal(_) | Token::Parameter(_) => Some(String::new()),
        Token::Whitespace => None,
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
            Token::Symbol(sign) => text.push(*sign),
            Token::Whitespace => text.push(' '),
        }
    }
    text.trim().to_owned()
}

/// Substitutes parameters by literals. As in the Data API, the context determines
/// the literal's type.
fn substitute_parameters(
    tokens: &mut [Token],
    parameters: &BTreeMap<String, String>,
) -> Result<(), String> {
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

/// Removes the clauses of CREATE TABLE and ALTER TABLE that only Redshift has, and
/// translates IDENTITY.
fn remove_redshift_clauses(tokens: &mut Vec<Token>) {
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
        // One token, so that the loop does not find IDENTITY in it again.
        tokens.splice(at..end, [Token::Literal(spelled)]);
    }
}

/// Returns the position of the first occurrence of consecutive words.
fn find(tokens: &[Token], sought: &[&str]) -> Option<usize> {
    (0..tokens.len()).find(|at| matches_at(tokens, *at, sought).is_some())
}

/// Returns the end of these words if they occur at `at`.
fn matches_at(tokens: &[Token], at: usize, sought: &[&str]) -> Option<usize> {
    let mut position = at;
    for (number, word) in sought.iter().enumerate() {
        if number > 0 {
            position += whitespace(tokens, position);
        }
        match tokens.get(position) {
            Some(Token::Word(found)) if found.eq_ignore_ascii_case(word) => position += 1,
            _ => return None,
        }
    }
    Some(position)
}

/// Counts the white space tokens at `at`.
fn whitespace(tokens: &[Token], at: usize) -> usize {
    let rest = tokens.iter().skip(at);
    rest.take_while(|token| **token == Token::Whitespace)
        .count()
}

/// Returns the end of the parentheses that start at `at` or after white space.
fn parentheses(tokens: &[Token], at: usize) -> Option<usize> {
    let mut position = at + whitespace(tokens, at);
    let mut depth = 0usize;
    loop {
        match tokens.get(position)? {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
        position += 1;
        if depth == 0 {
            return Some(position);
        }
    }
}

/// Removes every occurrence of these words, with the `more` tokens that follow.
fn remove(tokens: &mut Vec<Token>, sought: &[&str], more: usize) {
    while let Some(at) = find(tokens, sought) {
        let mut end = matches_at(tokens, at, sought).unwrap_or(at + 1);
        for _ in 0..more {
            end = (end + whitespace(tokens, end) + 1).min(tokens.len());
        }
        tokens.drain(at..end);
    }
}

fn copy(tokens: &[Token]) -> Result<CopyStatement, String> {
    let usage = "the local warehouse supports: COPY table FROM 's3://…' IAM_ROLE 'arn' FORMAT AS \
                 PARQUET MANIFEST";
    let mut rest = tokens.iter().filter(|token| **token != Token::Whitespace);
    let error = |problem: &str| format!("ERROR: {problem}; {usage}");
    rest.next();
    let mut table = String::new();
    let mut literals = Vec::new();
    let mut words = Vec::new();
    for token in rest {
        match token {
            Token::Literal(text) => {
                let inner = text.trim_matches('\'').replace("''", "'");
                literals.push(inner);
            }
            Token::Word(word) if words.is_empty() && !word.eq_ignore_ascii_case("FROM") => {
                table.push_str(word);
            }
            Token::Symbol('.') if words.is_empty() => table.push('.'),
            Token::Word(word) => words.push(word.to_uppercase()),
            other => return Err(error(&format!("unexpected {other:?}"))),
        }
    }
    words.retain(|word| word != "AS");
    let [manifest, role] = &literals[..] else {
        return Err(error("the manifest or the role is missing"));
    };
    if words != ["FROM", "IAM_ROLE", "FORMAT", "PARQUET", "MANIFEST"] {
        return Err(error(&format!("unsupported options {words:?}")));
    }
    Ok(CopyStatement {
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
            TranslatedStatement::Sql(sql) => sql.split_whitespace().collect::<Vec<_>>().join(" "),
            TranslatedStatement::Copy(copy) => panic!("{copy:?}"),
        }
    }

    #[test]
    fn redshift_clauses_are_removed_from_ddl() {
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
    fn parameters_become_literals() {
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
    fn a_copy_is_parsed() {
        let text = "COPY staged FROM 's3://lake/it''s.json' IAM_ROLE 'arn:aws:iam::1:role/copy' \
                    FORMAT AS PARQUET MANIFEST";
        assert_eq!(
            translate(text, &BTreeMap::new()).unwrap(),
            TranslatedStatement::Copy(CopyStatement {
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
    fn syntax_that_redshift_lacks_is_rejected() {
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
