#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use prost::Message;

/// The same messages in `prost`.
#[derive(Clone, PartialEq, Message)]
struct ProstAggregate {
    #[prost(string, repeated, tag = "1")]
    partition_key_table: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_key_table: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<ProstRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct ProstRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key_index: u64,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key_index: Option<u64>,
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    tags: Vec<ProstTag>,
}

#[derive(Clone, PartialEq, Message)]
struct ProstTag {
    #[prost(string, required, tag = "1")]
    key: String,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

type Given = (String, Option<String>, Vec<u8>);

fn given() -> impl Strategy<Value = Vec<Given>> {
    let record = (
        prop_oneof![Just("b-001".to_owned()), ".{0,20}"],
        proptest::option::of("[0-9]{1,39}"),
        proptest::collection::vec(any::<u8>(), 0..300),
    );
    proptest::collection::vec(record, 0..40)
}

proptest! {
    #[test]
    fn aggregation_round_trips(given in given()) {
        let mut aggregate = Aggregate::new();
        for (key, hash, data) in &given {
            let predicted = aggregate.encoded_len_with(key, hash.as_deref(), data);
            aggregate.push(key, hash.as_deref(), data);
            prop_assert_eq!(aggregate.encoded_len(), predicted);
        }
        prop_assert_eq!(aggregate.len(), given.len());
        let length = aggregate.encoded_len();
        let bytes = aggregate.finish();
        prop_assert_eq!(bytes.len(), length);
        prop_assert!(aggregate.is_empty());
        let back: Vec<Given> = decode(&bytes).unwrap().into_iter()
            .map(|r| (r.partition_key.to_owned(), r.explicit_hash_key.map(str::to_owned), r.data.to_vec()))
            .collect();
        prop_assert_eq!(&back, &given);

        let theirs = ProstAggregate::decode(&bytes[4..bytes.len() - 16]).unwrap();
        prop_assert_eq!(theirs.records.len(), given.len());
        for (record, (key, hash, data)) in theirs.records.iter().zip(&given) {
            prop_assert_eq!(&theirs.partition_key_table[record.partition_key_index as usize], key);
            let their_hash = record.explicit_hash_key_index.map(|i| &theirs.explicit_hash_key_table[i as usize]);
            prop_assert_eq!(their_hash, hash.as_ref());
            prop_assert_eq!(&record.data, data);
        }
    }

    #[test]
    fn messages_of_prost_are_decoded(given in given(), tags in proptest::collection::vec((".{0,5}", proptest::option::of(".{0,5}")), 0..3)) {
        let message = ProstAggregate {
            partition_key_table: given.iter().map(|(key, ..)| key.clone()).collect(),
            explicit_hash_key_table: given.iter().map(|(_, hash, _)| hash.clone().unwrap_or_default()).collect(),
            records: given.iter().enumerate().map(|(i, (_, hash, data))| ProstRecord {
                partition_key_index: i as u64,
                explicit_hash_key_index: hash.as_ref().map(|_| i as u64),
                data: data.clone(),
                tags: tags.iter().map(|(key, value)| ProstTag { key: key.clone(), value: value.clone() }).collect(),
            }).collect(),
        }.encode_to_vec();
        let back = parse(&message, usize::MAX).unwrap();
        prop_assert_eq!(back.len(), given.len());
        for (record, (key, hash, data)) in back.iter().zip(&given) {
            prop_assert_eq!(record.partition_key, key);
            prop_assert_eq!(record.explicit_hash_key, hash.as_deref());
            prop_assert_eq!(record.data, data);
        }
    }

    #[test]
    fn any_message_is_decoded_or_rejected(message in proptest::collection::vec(any::<u8>(), 0..200)) {
        let ours = parse(&message, usize::MAX);
        // `prost` reads the same number of records from any message that both accept.
        if let (Ok(ours), Ok(theirs)) = (&ours, ProstAggregate::decode(&*message)) {
            prop_assert_eq!(ours.len(), theirs.records.len());
        }
    }

    #[test]
    fn a_flipped_bit_breaks_the_digest(given in given(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut aggregate = Aggregate::new();
        given.iter().for_each(|(key, hash, data)| aggregate.push(key, hash.as_deref(), data));
        let mut bytes = aggregate.finish();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(decode(&bytes).is_err());
    }
}
