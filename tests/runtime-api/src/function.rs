//! A function's binary, in an environment like Lambda's.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

/// A function that is not running yet.
pub struct Function(Command);

/// A running function; it ends with the test.
pub struct Running {
    process: Child,
    log: Option<JoinHandle<Vec<String>>>,
}

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
        let mut process = self
            .0
            .stdout(Stdio::piped())
            .spawn()
            .expect("the function starts");
        let output = process.stdout.take().expect("its output is ours");
        let log = thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // Shown with a test that fails.
            lines.inspect(|line| println!("{line}")).collect()
        });
        Running {
            process,
            log: Some(log),
        }
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

impl Running {
    /// Ends it. The lines of its log: all that it wrote before its last answer.
    ///
    /// # Panics
    /// When nobody reads its log any more.
    pub fn end(mut self) -> Vec<String> {
        let _ = self.process.kill();
        let log = self.log.take().expect("it was not ended before");
        log.join().expect("its log is read")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
