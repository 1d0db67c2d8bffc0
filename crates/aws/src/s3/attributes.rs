//! Object attributes and the HTTP headers that carry them.

use std::collections::HashMap;

use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::types::StorageClass;
use object_store::{Attribute, Attributes, Error, Result};

/// The headers that S3 stores with an object.
#[derive(Default)]
pub(super) struct Headers {
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    content_type: Option<String>,
    storage_class: Option<StorageClass>,
    metadata: Option<HashMap<String, String>>,
}

impl TryFrom<&Attributes> for Headers {
    type Error = Error;

    fn try_from(attributes: &Attributes) -> Result<Self> {
        let mut headers = Self::default();
        for (attribute, value) in attributes {
            let value = value.to_string();
            match attribute {
                Attribute::CacheControl => headers.cache_control = Some(value),
                Attribute::ContentDisposition => headers.content_disposition = Some(value),
                Attribute::ContentEncoding => headers.content_encoding = Some(value),
                Attribute::ContentLanguage => headers.content_language = Some(value),
                Attribute::ContentType => headers.content_type = Some(value),
                Attribute::StorageClass => headers.storage_class = Some(value.as_str().into()),
                Attribute::Metadata(name) => {
                    let metadata = headers.metadata.get_or_insert_default();
                    metadata.insert(name.to_string(), value);
                }
                unknown => {
                    return Err(Error::NotSupported {
                        source: format!("S3Store cannot store the attribute {unknown:?}").into(),
                    });
                }
            }
        }
        Ok(headers)
    }
}

impl From<Headers> for Attributes {
    fn from(headers: Headers) -> Self {
        let single = [
            (Attribute::CacheControl, headers.cache_control),
            (Attribute::ContentDisposition, headers.content_disposition),
            (Attribute::ContentEncoding, headers.content_encoding),
            (Attribute::ContentLanguage, headers.content_language),
            (Attribute::ContentType, headers.content_type),
            (
                Attribute::StorageClass,
                headers.storage_class.map(|class| class.as_str().to_owned()),
            ),
        ];
        let named = headers.metadata.into_iter().flatten();
        let mut attributes = Self::new();
        for (attribute, value) in single {
            if let Some(value) = value {
                attributes.insert(attribute, value.into());
            }
        }
        for (name, value) in named {
            attributes.insert(Attribute::Metadata(name.into()), value.into());
        }
        attributes
    }
}

/// The requests have the same setters, but no trait for them.
macro_rules! apply_headers {
    ($name:ident, $request:ty) => {
        pub(super) fn $name(self, request: $request) -> $request {
            request
                .set_cache_control(self.cache_control)
                .set_content_disposition(self.content_disposition)
                .set_content_encoding(self.content_encoding)
                .set_content_language(self.content_language)
                .set_content_type(self.content_type)
                .set_storage_class(self.storage_class)
                .set_metadata(self.metadata)
        }
    };
}

macro_rules! take_headers {
    ($name:ident, $answer:ty) => {
        pub(super) fn $name(answer: &mut $answer) -> Self {
            Self {
                cache_control: answer.cache_control.take(),
                content_disposition: answer.content_disposition.take(),
                content_encoding: answer.content_encoding.take(),
                content_language: answer.content_language.take(),
                content_type: answer.content_type.take(),
                storage_class: answer.storage_class.take(),
                metadata: answer.metadata.take(),
            }
        }
    };
}

impl Headers {
    apply_headers!(apply_to_put, PutObjectFluentBuilder);
    apply_headers!(apply_to_upload, CreateMultipartUploadFluentBuilder);
    take_headers!(take_from_get, GetObjectOutput);
    take_headers!(take_from_head, HeadObjectOutput);
}
