//! The guard around code that decodes Parquet.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use thiserror::Error;

/// A panic of the `parquet` crate.
///
/// Some damage to a file makes that crate panic where it should return an error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ParquetPanic {
    message: String,
}

impl ParquetPanic {
    fn new(panic: &(dyn Any + Send)) -> Self {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        Self {
            message: message
                .unwrap_or("the parquet crate panicked without a message")
                .to_owned(),
        }
    }
}

/// Calls `read`, which decodes Parquet, and returns its panic as an error.
///
/// After an error, do not use state that `read` may have been changing.
///
/// # Errors
/// [`ParquetPanic`] with the panic's message.
pub fn catch_parquet_panic<T>(read: impl FnOnce() -> T) -> Result<T, ParquetPanic> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|panic| ParquetPanic::new(&*panic))
}

/// Awaits `reading` as [`catch_parquet_panic`] calls a function.
///
/// # Errors
/// As [`catch_parquet_panic`].
pub async fn catch_parquet_panic_async<T>(
    reading: impl Future<Output = T>,
) -> Result<T, ParquetPanic> {
    let mut reading = pin!(reading);
    poll_fn(
        |context| match catch_parquet_panic(|| reading.as_mut().poll(context)) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(catch_parquet_panic(|| 1), Ok(1));
        let index = 3;
        let panic = catch_parquet_panic(|| panic!("index {index} is out of bounds")).unwrap_err();
        assert_eq!(panic.to_string(), "index 3 is out of bounds");
        let panic = catch_parquet_panic(|| std::panic::panic_any(1)).unwrap_err();
        assert_eq!(
            panic.to_string(),
            "the parquet crate panicked without a message"
        );
    }

    #[tokio::test]
    async fn a_panic_of_a_future_is_an_error_too() {
        assert_eq!(catch_parquet_panic_async(async { 1 }).await, Ok(1));
        let reading = async {
            std::future::ready(()).await;
            panic!("no page")
        };
        let panic: Result<(), ParquetPanic> = catch_parquet_panic_async(reading).await;
        assert_eq!(panic.unwrap_err().to_string(), "no page");
    }
}
