//! SQL without what no engine reads.

/// Returns the SQL without comments, and with one blank for each run of white
/// space outside of quotes.
///
/// Two files with the same code do the same, so that rewording a comment makes
/// nothing due.
pub fn code(sql: &str) -> String {
    let mut code = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => comment(&mut code, rest, "\n"),
            '/' if rest.starts_with("/*") => comment(&mut code, rest, "*/"),
            '\'' | '"' => {
                let behind = rest.get(1..).and_then(|rest| rest.find(first));
                let length = behind.map_or(rest.len(), |at| at + 2);
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

/// Stands for a comment that ends with `end`; how long it is.
fn comment(code: &mut String, text: &str, end: &str) -> usize {
    separate(code);
    text.find(end).map_or(text.len(), |at| at + end.len())
}

/// Appends a blank, unless there is one or nothing yet.
fn separate(code: &mut String) {
    if !code.is_empty() && !code.ends_with(' ') {
        code.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn comments_and_blanks_are_left_out() {
        let text = "-- A head.\n-- looks back: 1 day\nSELECT\n    a, -- why\n    b /* also\n */ FROM t\n;\n";
        assert_eq!(code(text), "SELECT a, b FROM t ;");
        assert_eq!(code("-- only\n"), "");
        assert_eq!(code("a--b\nc"), "a c");
    }

    #[test]
    fn what_stands_in_quotes_stays() {
        let text = "SELECT '--  no ''comment''', \"a  /* b */\" , 'open";
        assert_eq!(code(text), text);
        // Other code is other code.
        assert_ne!(code("SELECT 'a  b'"), code("SELECT 'a b'"));
        assert_ne!(code("SELECT a"), code("SELECT b"));
    }
}
