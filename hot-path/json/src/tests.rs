#![allow(clippy::unwrap_used)]

use crate::string::plain_length;
use crate::*;
use proptest::prelude::*;

#[test]
fn a_long_string_is_found_whole_and_escapes_take_the_slow_way() {
    for (text, kind, expected) in [
        (r#""QUJD" ,"#, ValueKind::Plain, "QUJD"),
        (r#""QU\/D" ,"#, ValueKind::Escaped, "QU/D"),
        (r#"17 ,"#, ValueKind::Number, "17"),
    ] {
        let mut scanner = Scanner::new(text);
        let token = scanner.long_string().unwrap();
        assert_eq!((token.kind, &*token.unescaped()), (kind, expected));
        scanner.skip_space();
        assert_eq!(scanner.peek(), b',');
    }
    assert!(Scanner::new("\"abc").long_string().is_err());
}

#[test]
fn short_integers_are_read_with_their_value() {
    let texts = [
        "0",
        "7",
        "42",
        "12345678",
        "123456789",
        "9007199254740991",
        "1234567890123456",
    ];
    for text in texts {
        for following in [",", "}", ",\"row\":3}", "}}}}}}}}}}}}}}}}"] {
            // The tail is read as the last word of the whole text; the prefix must not matter.
            let whole = format!("\"12345678901234567890\"{text}{following}");
            let mut scanner = Scanner::new(&whole);
            scanner.value().unwrap();
            assert_eq!(scanner.short_integer(), text.parse().ok(), "{whole}");
            assert_eq!(scanner.position(), whole.len() - following.len());
        }
    }
    for text in [
        "",
        "00,",
        "01,",
        "-1,",
        "1.0,",
        "1e3,",
        "12345678.5,",
        "12345678 ,",
        "1",
        "x,",
        "12345678901234567,",
    ] {
        let whole = format!("\"12345678901234567890\"{text}");
        let mut scanner = Scanner::new(&whole);
        scanner.value().unwrap();
        assert_eq!(scanner.short_integer(), None, "{text}");
        assert_eq!(scanner.position(), whole.len() - text.len());
    }
}

proptest! {
    #[test]
    fn thousandths_are_read_as_doubles_are(text in "(0|[1-9][0-9]{0,13})(\\.[0-9]{1,4})?", following in "[,}ex ].{0,9}") {
        let whole = format!("\"12345678901234567890\"{text}{following}");
        let mut scanner = Scanner::new(&whole);
        scanner.value().unwrap();
        let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let ends = following.starts_with([',', '}']);
        let expected = (seconds.len() <= 12 && fraction.len() <= 3 && ends)
            .then(|| (text.parse::<f64>().unwrap() * 1000.0).round() as i64);
        prop_assert_eq!(scanner.thousandths(), expected, "{}", whole);
        let passed = if expected.is_some() { following.len() } else { whole.len() - 22 };
        prop_assert_eq!(scanner.position(), whole.len() - passed);
    }
}

fn accepts(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    scanner.value().is_ok() && scanner.end().is_ok()
}

fn string_of(text: &str) -> String {
    let mut scanner = Scanner::new(text);
    scanner.value().unwrap().unescaped().into_owned()
}

#[test]
fn finds_the_end_of_plain_text_wherever_it_lies() {
    for following in 0..40 {
        for length in 0..80 {
            for stop in [b'"', b'\\', 0x00, 0x1f] {
                let mut bytes = vec![b'x'; length];
                assert_eq!(plain_length(&bytes, &bytes), length);
                bytes.push(stop);
                bytes.resize(length + 1 + following, b' ');
                for from in 0..=length {
                    let found = from + plain_length(&bytes[from..], &bytes);
                    assert_eq!(found, length, "before {stop:#x}");
                }
                assert_eq!(plain_length(&bytes[length + 1..], &bytes), following);
            }
        }
    }
    let text = "äöü€😀 \u{7f}\u{80}".repeat(4);
    assert_eq!(plain_length(text.as_bytes(), text.as_bytes()), text.len());
}

#[test]
fn undoes_every_escape() {
    assert_eq!(string_of(r#""\"\\\/\b\f\n\r\t""#), "\"\\/\u{8}\u{c}\n\r\t");
    assert_eq!(string_of(r#""a\u0041\u00e9\uD83D\uDE00z""#), "aAé😀z");
}

#[test]
fn refuses_lone_surrogates_and_deep_nesting() {
    assert!(!accepts(r#""\uD83D""#));
    assert!(!accepts(r#""\uDE00""#));
    assert!(!accepts(r#""\uD83D\u0041""#));
    assert!(accepts(&format!("{}{}", "[".repeat(127), "]".repeat(127))));
    assert!(!accepts(&format!("{}{}", "[".repeat(128), "]".repeat(128))));
    assert!(!accepts(&"[".repeat(200_000)));
}

/// Generates tokens of the grammar in random order, so that many texts are
/// almost valid.
fn almost_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just(" ".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0.5e+3".to_owned()),
        Just("\"a\"".to_owned()),
        Just("\"\\u00e9\\n\"".to_owned()),
        Just("\\".to_owned()),
        Just("\"".to_owned()),
        "[0-9.eE+-]{1,5}",
        "\"[^\"\\\\]{0,12}\"",
        "\\PC{0,3}",
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(serde_json::Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::hash_map(".*", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn accepts_what_serde_json_accepts(text in almost_json()) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // serde_json also rejects numbers too large for a double; the grammar allows them.
        let too_large = theirs.as_ref().is_err_and(|e| e.to_string().contains("number out of range"));
        prop_assume!(!too_large);
        prop_assert_eq!(accepts(&text), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn accepts_all_json(value in any_json()) {
        prop_assert!(accepts(&value.to_string()));
        prop_assert!(accepts(&serde_json::to_string_pretty(&value).unwrap()));
    }

    #[test]
    fn strings_come_back(text in ".*") {
        prop_assert_eq!(string_of(&serde_json::to_string(&text).unwrap()), text);
    }
}
