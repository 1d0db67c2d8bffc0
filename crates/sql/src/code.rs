//! Normalisation of SQL: comments and formatting removed.

/// Returns the SQL without comments, and with each run of white space outside quotes
/// as one blank.
///
/// Files with equal code are equivalent, so a reworded comment makes no date due.
pub fn code(sql: &str) -> String {
    let mut code = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => comment(&mut code, rest, "\n"),
            '/' if rest.starts_with("/*") => comment(&mut code, rest, "*/"),
            '\'' | '"' => {
                let closing = rest.get(1..).and_then(|rest| rest.find(first));
                let length = closing.map_or(rest.len(), |at| at + 2);
                code.push_str(rest.get(..length).unwrap_or(rest));
                length
            }
            blank if blank.is_whitespace() => {
                separate(&mut code);
                blank.len_utf8()
            }
            other => {
                code.push(other);
                other.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    code.truncate(code.trim_end().len());
    code
}

/// Replaces the comment at the start of `text` with a blank, and returns the comment's
/// length up to and including `end`.
fn comment(code: &mut String, text: &str, end: &str) -> usize {
    separate(code);
    text.find(end).map_or(text.len(), |at| at + end.len())
}

/// Appends a blank, unless the code is empty or ends with one.
fn separate(code: &mut String) {
    if !code.is_empty() && !code.ends_with(' ') {
        code.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn comments_and_extra_blanks_are_removed() {
        let text = "-- A head.\n-- looks back: 1 day\nSELECT\n    a, -- why\n    b /* also\n */ FROM t\n;\n";
        assert_eq!(code(text), "SELECT a, b FROM t ;");
        assert_eq!(code("-- only\n"), "");
        assert_eq!(code("a--b\nc"), "a c");
    }

    #[test]
    fn quoted_text_is_unchanged() {
        let text = "SELECT '--  no ''comment''', \"a  /* b */\" , 'open";
        assert_eq!(code(text), text);
        // Different statements have different code.
        assert_ne!(code("SELECT 'a  b'"), code("SELECT 'a b'"));
        assert_ne!(code("SELECT a"), code("SELECT b"));
    }
}
