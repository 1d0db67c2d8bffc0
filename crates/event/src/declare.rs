//! The macros that generate the code of the declared fields.
//!
//! Each field's code is that of its rule, inlined. Nothing is looked up at run time.

/// Selects code by the need of a field: `required`, `optional`, or `object`, which is
/// present even if it is empty.
macro_rules! by_need {
    (blank required $rule:ty) => {
        <$rule as crate::rules::Blank>::BLANK
    };
    (blank object $rule:ty) => {
        <$rule as crate::rules::Blank>::BLANK
    };
    (blank optional $rule:ty) => {
        None
    };
    (found optional $value:expr) => {
        Some($value)
    };
    (found $need:ident $value:expr) => {
        $value
    };
    (read optional $name:expr, $value:expr) => {
        $value
    };
    (read $need:ident $name:expr, $value:expr) => {
        crate::field::needed($name, $value)?
    };
    (write optional $value:expr, $write:expr) => {
        if let Some(value) = $value {
            ($write)(value)?;
        }
    };
    (write $need:ident $value:expr, $write:expr) => {
        ($write)($value)?
    };
    (types required) => {
        crate::event::TypeSet::ALL
    };
    (types optional $types:expr) => {
        $types
    };
    (types $need:ident) => {
        crate::event::TypeSet::NONE
    };
    (column) => {
        None
    };
    (column $column:ident) => {
        Some(stringify!($column))
    };
}

/// Declares the fields of an event. [`crate::fields`] describes the syntax.
macro_rules! event_fields {
    (
        $(#[$struct_doc:meta])*
        pub struct Event<$life:lifetime> {
            first { $(
                $(#[$doc:meta])*
                $need:ident $name:ident: $type:ty = $rule:ty
                    $(=> $column:ident $(, needed by $types:expr)?)?;
            )* }
            added { $(
                $(#[$added_doc:meta])*
                optional $added:ident: $added_type:ty = $added_rule:ty
                    => $added_column:ident, since $since:literal;
            )* }
        }
    ) => {
        $(#[$struct_doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Event<$life> {
            $( $(#[$doc])* pub $name: $type, )*
            $( $(#[$added_doc])* pub $added: $added_type, )*
            /// The unknown fields, as one JSON object.
            pub extra: Option<Cow<$life, str>>,
        }

        /// The fields of an event and `schema_version`, in the order of the checks. Nested
        /// fields are within their objects.
        pub const FIELDS: [Field; at::COUNT] = [
            Field {
                path: "schema_version",
                kind: FieldKind::SchemaVersion,
                needed_by: TypeSet::NONE,
                column: None,
                since: FormatVersion::FIRST,
            },
            $( Field {
                path: stringify!($name),
                kind: <$rule as Rule<'static>>::KIND,
                needed_by: by_need!(types $need $($($types)?)?),
                column: by_need!(column $($column)?),
                since: FormatVersion::FIRST,
            }, )*
            $( Field {
                path: stringify!($added),
                kind: <$added_rule as Rule<'static>>::KIND,
                needed_by: TypeSet::NONE,
                column: Some(stringify!($added_column)),
                since: FormatVersion::declared($since),
            }, )*
        ];

        /// The fields that were added after the first format version, in the order of their
        /// columns, which follow all other columns.
        pub const ADDED_FIELDS: [Field; at::ADDED] = [
            $( FIELDS[at::$added], )*
        ];

        /// The index of each field in [`FIELDS`].
        #[allow(non_upper_case_globals, dead_code)]
        pub(crate) mod at {
            #[allow(non_camel_case_types)]
            enum Place { schema_version, $($name,)* $($added,)* behind }
            pub(crate) const schema_version: usize = Place::schema_version as usize;
            $( pub(crate) const $name: usize = Place::$name as usize; )*
            $( pub(crate) const $added: usize = Place::$added as usize; )*
            pub(crate) const COUNT: usize = Place::behind as usize;
            pub(crate) const ADDED: usize = [$(stringify!($added),)* ""].len() - 1;
        }

        impl Event<'_> {
            /// Returns an event without values, for [`crate::Parser::parse_into`].
            #[inline]
            pub const fn blank() -> Self {
                Self {
                    $( $name: by_need!(blank $need $rule), )*
                    $( $added: None, )*
                    extra: None,
                }
            }

            /// Returns the values of [`ADDED_FIELDS`], in their order.
            #[inline(always)]
            pub fn added(&self) -> [Option<crate::rules::Value<'_>>; at::ADDED] {
                [$(
                    self.$added
                        .as_ref()
                        .map(<$added_rule as crate::rules::AddedRule<'_>>::value),
                )*]
            }

            /// Appends `,"name":value` for each field that is present.
            pub(crate) fn write_fields(
                &self,
                out: &mut Vec<u8>,
                unknown: &crate::write::Unknown<'_>,
            ) -> Result<(), crate::WriteError> {
                $( by_need!(write $need &self.$name, |value| {
                    let key = concat!(",\"", stringify!($name), "\":");
                    <$rule as Rule<'_>>::write(out, key, value, unknown)
                }); )*
                $( by_need!(write optional &self.$added, |value| {
                    let key = concat!(",\"", stringify!($added), "\":");
                    <$added_rule as Rule<'_>>::write(out, key, value, unknown)
                }); )*
                Ok(())
            }
        }

        impl<$life> Event<$life> {
            /// Reads the value at the cursor into the field at `place`, if the fast path
            /// applies.
            #[inline(always)]
            pub(crate) fn read_fast(
                &mut self,
                place: usize,
                scanner: &mut marquee_json::Scanner<$life>,
                nested: &mut crate::parse::NestedKeys,
            ) -> Result<(), crate::one_pass::NeedsSlowPath> {
                match place {
                    at::schema_version => crate::one_pass::schema_version(scanner)?,
                    $( at::$name => {
                        let value = <$rule as Rule<$life>>::read_fast(scanner, nested)?;
                        self.$name = by_need!(found $need value);
                    } )*
                    $( at::$added => {
                        self.$added = Some(<$added_rule as Rule<$life>>::read_fast(scanner, nested)?);
                    } )*
                    _ => return Err(crate::one_pass::NeedsSlowPath),
                }
                Ok(())
            }
        }

        impl<$life> crate::parse::Fields<$life> {
            /// Reads the fields, each by its own rules.
            pub(crate) fn read_fields(&self) -> Result<Event<$life>, crate::Rejection> {
                Ok(Event {
                    $( $name: by_need!(read $need stringify!($name),
                        <$rule as Rule<$life>>::read(stringify!($name), self.token(at::$name), self)?), )*
                    $( $added: <$added_rule as Rule<$life>>::read(
                        stringify!($added), self.token(at::$added), self)?, )*
                    extra: None,
                })
            }
        }

        impl Event<'_> {
            /// Returns the first absent field that the event's type needs.
            pub(crate) fn missing_for_type(&self) -> Option<&'static str> {
                $( $( $(
                    if ($types).has(self.event_type) && self.$name.is_none() {
                        return Some(stringify!($name));
                    }
                )? )? )*
                None
            }
        }
    };
}

/// Declares the fields of an object within an event.
macro_rules! object_fields {
    (
        $(#[$struct_doc:meta])*
        pub struct $object:ident<$life:lifetime> in $path:literal { $(
            $(#[$doc:meta])*
            $need:ident $key:literal as $name:ident: $type:ty = $rule:ty => $column:ident;
        )* }
    ) => {
        $(#[$struct_doc])*
        pub struct $object<$life> {
            $( $(#[$doc])* pub $name: $type, )*
        }

        impl $object<'_> {
            /// The fields of the object, in the order of the checks.
            pub(crate) const FIELDS: [Field; [$($key),*].len()] = [
                $( Field {
                    path: concat!($path, ".", $key),
                    kind: <$rule as Scalar<'static>>::KIND,
                    needed_by: by_need!(types $need),
                    column: Some(stringify!($column)),
                    since: FormatVersion::FIRST,
                }, )*
            ];
            /// The keys of its members.
            pub(crate) const KEYS: [&'static str; [$($key),*].len()] = [$($key),*];
            /// The object before its members are read.
            pub(crate) const BLANK: Self = Self { $( $name: by_need!(blank $need $rule), )* };
        }

        impl<$life> $object<$life> {
            /// Reads the object at the cursor if the fast path applies.
            #[inline(always)]
            pub(crate) fn read_fast(
                scanner: &mut marquee_json::Scanner<$life>,
                keys: &mut marquee_json::Keys<{ $object::KEYS.len() }>,
            ) -> Result<Self, crate::one_pass::NeedsSlowPath> {
                #[allow(non_camel_case_types)]
                enum Place { $($name,)* }
                /// The members that the object needs, one bit for each.
                const NEEDED: crate::one_pass::Set = crate::one_pass::needed_of(&$object::FIELDS);
                let mut object = Self::BLANK;
                let seen = crate::one_pass::members(scanner, keys, |scanner, place| {
                    $( if place == Place::$name as usize {
                        let value = <$rule as Scalar<$life>>::read_fast(scanner)?;
                        object.$name = by_need!(found $need value);
                        return Ok(());
                    } )*
                    Err(crate::one_pass::NeedsSlowPath)
                })?;
                match crate::one_pass::has_all(seen, NEEDED) {
                    true => Ok(object),
                    false => Err(crate::one_pass::NeedsSlowPath),
                }
            }

            /// Reads the members on the slow path.
            pub(crate) fn read(
                found: &crate::parse::Object<$life, { $object::KEYS.len() }>,
            ) -> Result<Self, crate::Rejection> {
                let [$($name),*] = found.members;
                Ok(Self {
                    $( $name: by_need!(read $need concat!($path, ".", $key),
                        <$rule as Scalar<$life>>::read(concat!($path, ".", $key), $name)?), )*
                })
            }

            /// Appends `,"key":value` for each member that is present.
            pub(crate) fn write_members(&self, out: &mut Vec<u8>) -> Result<(), crate::WriteError> {
                $( by_need!(write $need &self.$name, |value| {
                    <$rule as Scalar<'_>>::write(out, concat!(",\"", $key, "\":"), value)
                }); )*
                Ok(())
            }
        }
    };
}
