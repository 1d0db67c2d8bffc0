//! The rules of the fields that are objects.

use super::*;

/// The object `device`, which has no members if it is absent.
pub(crate) struct DeviceObject;

impl<'a> Rule<'a> for DeviceObject {
    type Value = Device<'a>;
    const KIND: FieldKind = FieldKind::Object(&Device::FIELDS);

    #[inline(always)]
    fn read_fast(
        scanner: &mut Scanner<'a>,
        nested: &mut NestedKeys,
    ) -> Result<Device<'a>, NeedsSlowPath> {
        Device::read_fast(scanner, &mut nested.device)
    }

    fn read(
        path: &'static str,
        _: Token<'a>,
        fields: &Fields<'a>,
    ) -> Result<Option<Device<'a>>, Rejection> {
        match fields.device.is_present(path)? {
            true => Device::read(&fields.device).map(Some),
            false => Ok(Some(Device::default())),
        }
    }

    fn write(
        out: &mut Vec<u8>,
        key: &str,
        value: &Device<'a>,
        unknown: &Unknown<'_>,
    ) -> Result<(), WriteError> {
        object(out, key, unknown.of_device, |out| value.write_members(out))
    }
}

impl<'a> Blank<'a> for DeviceObject {
    const BLANK: Device<'a> = Device::BLANK;
}

/// The object `producer`.
pub(crate) struct ProducerObject;

impl<'a> Rule<'a> for ProducerObject {
    type Value = Producer<'a>;
    const KIND: FieldKind = FieldKind::Object(&Producer::FIELDS);

    #[inline(always)]
    fn read_fast(
        scanner: &mut Scanner<'a>,
        nested: &mut NestedKeys,
    ) -> Result<Producer<'a>, NeedsSlowPath> {
        Producer::read_fast(scanner, &mut nested.producer)
    }

    fn read(
        path: &'static str,
        _: Token<'a>,
        fields: &Fields<'a>,
    ) -> Result<Option<Producer<'a>>, Rejection> {
        match fields.producer.is_present(path)? {
            true => Producer::read(&fields.producer).map(Some),
            false => Ok(None),
        }
    }

    fn write(
        out: &mut Vec<u8>,
        key: &str,
        value: &Producer<'a>,
        unknown: &Unknown<'_>,
    ) -> Result<(), WriteError> {
        object(out, key, unknown.of_producer, |out| {
            value.write_members(out)
        })
    }
}
