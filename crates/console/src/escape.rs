//! Escapes for text from outside, so that it cannot control the terminal.

/// Escapes control characters, and characters that change the direction of text:
/// U+001B becomes `\u{1b}`. A text in a table or a line stays in its line.
pub fn escape_control(text: &str) -> String {
    escape(text, |_| false)
}

/// Escapes as [`escape_control`], and keeps line breaks.
pub fn escape_control_in_lines(text: &str) -> String {
    escape(text, |c| c == '\n')
}

/// Escapes control characters in JSON lines as `\u001b`, which keeps their values. The JSON
/// has no control characters outside of strings.
pub fn escape_control_in_json(lines: &str) -> String {
    let mut escaped = String::with_capacity(lines.len());
    for c in lines.chars() {
        if is_active(c) && c != '\n' {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn escape(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_active(c) && !is_kept(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Returns whether a terminal acts on the character instead of showing it. All of them are
/// in the Basic Multilingual Plane.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31m\r\n\u{7f}\u{9b}2J\u{202e}é";

    #[test]
    fn control_characters_are_escaped() {
        let escaped = "a\\u{1b}[31m\\r\\n\\u{7f}\\u{9b}2J\\u{202e}é";
        assert_eq!(escape_control(HOSTILE), escaped);
        let lines = escaped.replace("\\n", "\n");
        assert_eq!(escape_control_in_lines(HOSTILE), lines);
    }

    #[test]
    fn json_keeps_its_values() {
        let json = "{\"a\":\"\u{7f}\u{9b}\u{202e}é\"}\n";
        let escaped = "{\"a\":\"\\u007f\\u009b\\u202eé\"}\n";
        assert_eq!(escape_control_in_json(json), escaped);
    }
}
