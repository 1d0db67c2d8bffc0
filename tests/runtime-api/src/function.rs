//! A function's binary, run in an environment like Lambda's.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

/// A function that was not started yet.
pub struct Function(Command);

/// A running function. Dropping it ends the process.
pub struct RunningFunction {
    process: Child,
    log: Option<JoinHandle<Vec<String>>>,
}

/// Returns the function in `binary`. Its environment holds only `variables` and the
/// variables that Lambda sets.
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
    /// Starts the function.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn start(mut self) -> RunningFunction {
        let mut process = self
            .0
            .stdout(Stdio::piped())
            .spawn()
            .expect("the function starts");
        let output = process.stdout.take().expect("stdout is piped");
        let log = thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // The test harness shows these lines if the test fails.
            lines.inspect(|line| println!("{line}")).collect()
        });
        RunningFunction {
            process,
            log: Some(log),
        }
    }

    /// Runs a function that ends by itself because it cannot start, and returns its
    /// output.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn output(mut self) -> Output {
        let output = self.0.stdout(Stdio::piped()).output();
        output.expect("the function starts")
    }
}

impl RunningFunction {
    /// Ends the function and returns the lines that it logged before its last
    /// response.
    ///
    /// # Panics
    /// When the thread that reads the log panicked.
    pub fn end(mut self) -> Vec<String> {
        let _ = self.process.kill();
        let log = self.log.take().expect("`end` consumes the function");
        log.join().expect("the log can be read")
    }
}

impl Drop for RunningFunction {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
