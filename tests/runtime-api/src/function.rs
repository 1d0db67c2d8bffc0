//! A function's binary, in an environment like Lambda's.

use std::process::{Child, Command, Output, Stdio};

/// A function that is not running yet.
pub struct Function(Command);

/// A running function; it ends with the test.
pub struct Running(Child);

/// The function in that binary, in an environment that holds nothing but what
/// Lambda sets and these variables.
pub fn function(binary: &str, variables: &[(&str, &str)]) -> Function {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .envs(variables.iter().copied());
    Function(command)
}

impl Function {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no such binary.
    pub fn start(mut self) -> Running {
        Running(self.0.spawn().expect("the function starts"))
    }

    /// Runs it to its end, which comes by itself only when it cannot start, and
    /// gives what it logged.
    ///
    /// # Panics
    /// When there is no such binary.
    pub fn output(mut self) -> Output {
        let output = self.0.stdout(Stdio::piped()).output();
        output.expect("the function starts")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
