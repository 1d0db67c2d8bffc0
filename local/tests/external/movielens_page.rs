//! The commands of docs/INPUTS.md for MovieLens, over a small sample of the same form.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PAGE: &str = include_str!("../../../docs/INPUTS.md");
/// The beginnings of the page's commands; the rest are arguments.
const PRODUCER: &str = "cargo run -p marquee-producer --no-default-features -- ";
const MARQUEE: &str = "cargo run -p marquee -- ";
/// The server's address on the page.
const ADDRESS: &str = "127.0.0.1:8080";

/// Returns the producer's program, which cargo builds beside `marquee` for its own tests.
pub(crate) fn producer() -> Result<PathBuf, String> {
    let program = Path::new(env!("CARGO_BIN_EXE_marquee")).with_file_name("marquee-producer");
    match program.is_file() {
        true => Ok(program),
        false => Err("needs marquee-producer: test the workspace".to_owned()),
    }
}

/// Returns the commands of the page's section, each with its continuation lines.
fn commands() -> Vec<String> {
    let (_, section) = PAGE.split_once("\n## MovieLens\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut commands: Vec<String> = Vec::new();
    for block in section.split("```console\n").skip(1) {
        let mut is_open = false;
        for line in block.split("\n```").next().unwrap().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push(command.to_owned()),
                None if is_open => *commands.last_mut().unwrap() += &format!("\n{line}"),
                None => continue,
            }
            let command = commands.last().unwrap();
            let is_quoted = command.matches(['"', '\'']).count() % 2 == 1;
            is_open = is_quoted || command.ends_with('\\');
        }
    }
    commands
}

/// Writes four users' ratings of five films, as MovieLens does.
fn write_sample(directory: &Path) {
    let films = [
        "1,Toy Story (1995),Adventure|Animation|Children",
        "50,\"Usual Suspects, The (1995)\",Crime|Mystery|Thriller",
        "318,\"Shawshank Redemption, The (1994)\",Crime|Drama",
        "356,Forrest Gump (1994),Comedy|Drama|Romance|War",
        "2571,\"Matrix, The (1999)\",Action|Sci-Fi|Thriller",
    ];
    let ratings = [
        (1, 1, "4.0", 964_982_703),
        (1, 50, "5.0", 964_982_931),
        (1, 356, "4.5", 1_000_000_000),
        (2, 318, "3.0", 964_982_703),
        (2, 50, "4.0", 1_000_000_000),
        (2, 2571, "4.5", 1_000_000_060),
        (3, 1, "0.5", 1_000_000_120),
        (3, 318, "5.0", 1_000_000_180),
        (3, 356, "4.0", 1_000_000_240),
        (4, 50, "4.5", 1_000_000_300),
        (4, 318, "5.0", 1_000_000_360),
    ];
    fs::create_dir(directory).unwrap();
    let movies = format!("movieId,title,genres\n{}\n", films.join("\n"));
    fs::write(directory.join("movies.csv"), movies).unwrap();
    let mut lines = "userId,movieId,rating,timestamp\n".to_owned();
    for (user, film, rating, time) in ratings {
        lines += &format!("{user},{film},{rating},{time}\n");
    }
    fs::write(directory.join("ratings.csv"), lines).unwrap();
}

/// Returns a shell that runs the page's command with the programs of this build.
fn shell(dir: &Path, command: &str, producer: &Path) -> Command {
    let quoted = |program: &Path| format!("exec '{}' ", program.display());
    let line = match (
        command.strip_prefix(PRODUCER),
        command.strip_prefix(MARQUEE),
    ) {
        (Some(arguments), _) => quoted(producer) + arguments,
        (_, Some(arguments)) => quoted(Path::new(env!("CARGO_BIN_EXE_marquee"))) + arguments,
        _ => panic!("{command:?} is neither the producer nor marquee"),
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(dir);
    shell
}

fn output_of(dir: &Path, command: &str, producer: &Path) -> String {
    let output = shell(dir, command, producer).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{command}: {out}{err}");
    out
}

/// A running server. Dropping it ends the process.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the page's `serve` on a free port and returns the address.
fn serve(dir: &Path, command: &str, producer: &Path) -> (Server, String) {
    let free_port = format!("{command} --listen 127.0.0.1:0");
    let mut shell = shell(dir, &free_port, producer);
    let mut server = Server(shell.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    let out = server.0.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let address = line
        .strip_prefix("Serving movielens on http://")
        .and_then(|rest| rest.split_once(';'));
    let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
    (server, address.0.to_owned())
}

/// Sends the request of the page's `curl` to the address and returns the answer.
fn request(curl: &str, address: &str) -> String {
    let path = curl
        .strip_prefix(&format!("curl 'http://{ADDRESS}"))
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or_else(|| panic!("{curl:?} is no request to {ADDRESS}"));
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn the_commands_of_the_page_end_in_recommendations(producer: PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    write_sample(&dir.path().join("ml-latest-small"));
    let commands = commands();
    let [send, run, query, day, server, curl] = &commands[..] else {
        panic!("the page has other commands: {commands:#?}");
    };
    let output = |command: &str| output_of(dir.path(), command, &producer);
    let sent = output(send);
    assert!(
        sent.contains("events acknowledged              11\n"),
        "{sent}"
    );
    let processed = output(run);
    assert!(processed.contains("processed    11\n"), "{processed}");
    let ratings = output(query);
    assert!(ratings.contains("Shawshank Redemption, The"), "{ratings}");
    assert!(ratings.contains("(3 rows)"), "{ratings}");
    let published = output(day);
    assert!(published.contains("\n2 dates in "), "{published}");
    let (_server, address) = serve(dir.path(), server, &producer);
    let answer = request(curl, &address);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for expected in [
        "\"user_id\":\"ml-1\"",
        "\"basis\":\"history\"",
        "\"name\":\"Shawshank Redemption, The\"",
    ] {
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
}
